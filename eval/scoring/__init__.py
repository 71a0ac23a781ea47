"""From tables to numbers with intervals. Never loads a model."""
