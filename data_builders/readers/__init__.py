"""Datasets of the field as they lie on a user's disk, each read into records by one file; sources.py lists them."""
