"""The objective classes of facial movements: from a set of action units to one of seven, without asking anybody what was felt.

Davison, Merghani and Yap, "Objective Classes for Micro-Facial Expression Recognition", J. Imaging 4(10), 2018, table 1. The table
lists whole combinations: a set that it does not list is class VII, also when a part of it is listed.
"""

from collections.abc import Iterable

CLASSES: dict[str, tuple[tuple[str, ...], ...]] = {
    "I": (("AU6",), ("AU12",), ("AU6", "AU12"), ("AU6", "AU7", "AU12"), ("AU7", "AU12")),
    "II": (
        ("AU1", "AU2"),
        ("AU5",),
        ("AU25",),
        ("AU1", "AU2", "AU25"),
        ("AU25", "AU26"),
        ("AU5", "AU24"),
    ),
    "III": (
        ("AU23",),
        ("AU4",),
        ("AU4", "AU7"),
        ("AU4", "AU5"),
        ("AU4", "AU5", "AU7"),
        ("AU17", "AU24"),
        ("AU4", "AU6", "AU7"),
        ("AU4", "AU38"),
    ),
    "IV": (
        ("AU10",),
        ("AU9",),
        ("AU4", "AU9"),
        ("AU4", "AU40"),
        ("AU4", "AU5", "AU40"),
        ("AU4", "AU7", "AU9"),
        ("AU4", "AU9", "AU17"),
        ("AU4", "AU7", "AU10"),
        ("AU4", "AU5", "AU7", "AU9"),
        ("AU7", "AU10"),
    ),
    "V": (("AU1",), ("AU15",), ("AU1", "AU4"), ("AU6", "AU15"), ("AU15", "AU17")),
    "VI": (("AU1", "AU2", "AU4"), ("AU20",)),
}
OTHER = "VII"
# The emotions whose action units the classes are.
CLASS_EMOTION = {"I": "happiness", "II": "surprise", "III": "anger", "IV": "disgust", "V": "sadness", "VI": "fear"}
# The coarse words of the cross-database challenges (MEGC 2019), with "other" for what has no emotion.
COARSE = {
    "I": "positive",
    "II": "surprise",
    "III": "negative",
    "IV": "negative",
    "V": "negative",
    "VI": "negative",
    OTHER: "other",
}

_CLASS_OF = {frozenset(units): name for name, sets in CLASSES.items() for units in sets}


def davison_class(aus: Iterable[str]) -> str:
    """ "I" .. "VII" of action units in the house's codes ("AU12"), sides and intensities left out; order and repeats do not matter."""
    return _CLASS_OF.get(frozenset(aus), OTHER)
