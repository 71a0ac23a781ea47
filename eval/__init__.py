"""The evaluation door: what is measured, and how. Imports model and data_builders."""
