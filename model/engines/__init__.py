"""Engines run a language model behind one protocol; each is imported where it is asked for."""
