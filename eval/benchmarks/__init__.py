"""The protocols of the field, as literals: a benchmark is one value in the file of its family, and benchmarks.py lists them all."""
