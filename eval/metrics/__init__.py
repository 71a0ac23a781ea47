"""Formulas of the field on numpy arrays, each a statistic that can be resampled by subject. Loads no model and reads no file."""
