"""The serving door; a later issue fills it. Imports model only."""
