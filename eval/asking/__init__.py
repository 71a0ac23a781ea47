"""Which items are asked about, what they show, how the question is put, and the runs that ask."""
