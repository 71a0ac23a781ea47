"""The training door: recipes, the evidence encoder, the language model. Imports model and data_builders."""
