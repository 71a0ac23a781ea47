"""Simulators: faces with known action units, and print and replay attacks with known masks and cues."""
