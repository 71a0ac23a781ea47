"""Built sets in the formats of other trainers and evaluators, and on the hub; exporters.py lists the formats."""
