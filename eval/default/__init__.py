"""What the shipped weights are worth: a table of targets, a file a group of rows. `python -m facewise.eval.default`."""
