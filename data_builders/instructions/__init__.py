"""Records as conversations that a model is taught by: question pools, and answers that say what the labels say and nothing
else.
"""

from .record_rows import rows_of

__all__ = ["rows_of"]
