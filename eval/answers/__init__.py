"""A run's folder: predictions as they came, their texts as labels, and all of them as a table."""
