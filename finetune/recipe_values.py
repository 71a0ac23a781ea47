"""One value of a recipe as its field wants it, from YAML or from a flag, which is nothing but text.

A field's default shows its type: text, a number, true or false, or several words.
"""

import math
from typing import Any

from ..model.errors import FacewiseError

MAY_BE_ZERO = (
    *("seed", "limit", "encoder_weight_decay", "landmark_jitter", "verdict_weight", "encoder_patience"),
    *(
        "encoder_epochs",
        "authenticity_epochs",
        "pack_rows",
        "align_epochs",
        "lora_alpha",
        "lora_dropout",
        "pvtm_keep",
        "pvtm_drop",
    ),
    *("kept_skills", "declines", "val_share", "consistency", "flips"),
)
SWITCH = {"true": True, "false": False}


def fitting(name: str, value: Any, default: Any, where: str) -> Any:
    """The value in the type of the field's default. Raises FacewiseError with what was expected."""
    typed: Any
    if isinstance(default, bool):
        typed = SWITCH.get(str(value).lower())
        expected = "true or false"
    elif isinstance(default, tuple):
        typed, expected = _words(value), "words, separated by commas"
    elif isinstance(default, str):
        typed, expected = value if isinstance(value, str) else None, "str"
    else:
        typed = _number(value, type(default), name in MAY_BE_ZERO)
        expected = f"{type(default).__name__}, {'0 or more' if name in MAY_BE_ZERO else 'above 0'}"
    if typed is None:
        raise FacewiseError(f"{where}: {name} is {value!r}, expected {expected}")
    return typed


def _number(value: Any, kind: type, may_be_zero: bool) -> Any:
    """YAML 1.1 takes 6e-4 for text."""
    try:
        typed = kind(value) if type(value) in (kind, str) or (kind, type(value)) == (float, int) else None
    except ValueError:
        return None
    return typed if typed is not None and (0 < typed < math.inf or (typed == 0 and may_be_zero)) else None


def _words(value: Any) -> tuple[str, ...] | None:
    """A YAML list of words, or text with commas."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return tuple(word.strip() for word in words if word.strip())


def shares(text: str, field: str) -> dict[str, float]:
    """ "spoof=2,chat=0.5" by name. Raises FacewiseError naming the field."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, number = part.partition("=")
        value = _number(number.strip(), float, may_be_zero=True) if sign else None
        if value is None:
            raise FacewiseError(f"{field} is {text!r}: {part!r} is no NAME=NUMBER, as in spoof=2,chat=0.5")
        found[name.strip()] = value
    return found
