"""Pictures that software altered: swaps, morphs, reenactments."""
