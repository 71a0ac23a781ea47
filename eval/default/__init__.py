"""What the shipped weights are worth: the table of issue 8, a file a group of rows. `python -m facewise.eval.default`."""
