"""What the language model is shown and what it is to say: rows, faces of packs, kept skills, in which order."""
