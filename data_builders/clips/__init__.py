"""Clips of the rig: what happens in them, filmed, with labels exact to the frame."""
