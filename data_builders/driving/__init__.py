"""Photos of people with other action units: the rig fitted to them and moved."""
