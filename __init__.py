"""Facewise: a multimodal assistant that reasons about faces. `facewise.load().ask("photo.jpg", "Is this face real?")`.

Nothing heavy is imported until `load` is used.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["load"]


def __getattr__(name: str) -> Any:
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .model.assistant import load

    return load
