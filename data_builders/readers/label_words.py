"""What people call the classes: everyday words of folders and cells to the house's, upper and lower case, blanks, _ and - alike.

Numbers are no words: 0 is neutral in AffectNet and anger in FER2013, live in CelebA-Spoof and a spoof in FLIP's lists.
"""

import re
from functools import cache, lru_cache

from ...model.taxonomy import ATTACKS, DIGITAL_TYPES
from ..records import GENUINE

LIVE = {
    "live": True,
    "real": True,
    "genuine": True,
    "bonafide": True,
    "bona fide": True,
    "spoof": False,
    "fake": False,
    "attack": False,
}
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "eval": "test",
}
FAKE = "fake"  # the one word that speaks of a presentation attack here and of a generated or altered picture there

_ATTACKS = {name: name for name in ATTACKS} | {
    "printed photo": "print",
    "photo": "print",
    "poster": "print",
    "video replay": "replay",
    "screen": "replay",
    "display": "replay",
    "silicone mask": "flexible mask",
    "latex mask": "flexible mask",
    "resin mask": "rigid mask",
    "mannequin": "fake head",
}
_DIGITAL = {name: name for name in DIGITAL_TYPES} | {
    "faceswap": "face swap",
    "generated": "synthetic",
    "gan": "synthetic",
    "morphed": "morph",
    "none": GENUINE,
    "real": GENUINE,
    "genuine": GENUINE,
}


@lru_cache(4096)
def plain(word: str) -> str:
    return " ".join(part for part in re.split(r"[\s_-]+", word.lower()) if part)


def emotion_of(word: str) -> str | None:
    return _emotions().get(plain(word))


def attack_of(word: str) -> str | None:
    return _ATTACKS.get(plain(word))


def digital_of(word: str) -> str | None:
    """A type, or GENUINE for "none", "real" and "genuine"."""
    return _DIGITAL.get(plain(word))


@cache
def _emotions() -> dict[str, str]:
    from ...model.wording import EMOTION_FORMS  # needs numpy, which a list of the sources does not

    return {form: label for label, forms in EMOTION_FORMS.items() for form in forms}


def class_of(word: str, fake: str) -> dict[str, str | bool]:
    """What a class's name tells, as fields of a record; empty for a word that is none. `fake`: "spoof", or the digital type that the word means.

    Attacks are not among them: glasses or makeup are an attack only where something else says so.
    """
    if emotion := emotion_of(word):
        return {"emotion": emotion}
    if plain(word) == FAKE and fake != "spoof":
        return {"digital": fake}
    if (live := LIVE.get(plain(word))) is not None:
        return {"live": live} | ({"digital": GENUINE} if live and fake != "spoof" else {})
    return {"digital": kind} if (kind := digital_of(word)) in DIGITAL_TYPES else {}


def settled(told: dict) -> dict:
    """The fields, with `live` False where an attack is named. ValueError where live, attack and digital contradict each other."""
    live, attack = told.get("live"), told.get("attack")
    altered = told.get("digital") if told.get("digital") in DIGITAL_TYPES else None
    if live and (attack or altered):
        raise ValueError(f"live and {attack or altered} at once")
    if altered and live is False and not attack:
        raise ValueError(
            f"{altered} is no presentation attack: leave `live` empty, or name the attack that was shown to the camera"
        )
    return told | ({"live": False} if attack else {})
