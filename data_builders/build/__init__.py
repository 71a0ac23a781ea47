"""Labelled sources in, a checked and documented instruction set out: `facewise build`."""
