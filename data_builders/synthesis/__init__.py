"""`facewise synth`: which pictures and clips a set holds, and how they are made in parallel."""
