"""The evaluation door; a later issue fills it. Imports model and data_builders."""
