"""The stages of words: projector, LoRA, adapters, and the verdict's calibration."""
