"""The evidence encoder: its lessons on packs, its losses, its stage."""
