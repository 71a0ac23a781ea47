"""Which action units a simulated face shows, and the emotion word that the configuration resembles.

Prototypes are those of docs/science.md §5, full or with one unit missing; singles, speech, closed eyes and random combinations are
"no clear prototype", and whatever merely comes near a prototype carries no emotion label at all.
"""

import numpy as np

from ...model.taxonomy import AU_CODES, NO_PROTOTYPE
from .rig import MIDLINE

PROTOTYPES = {
    "happiness": (("AU6", "AU12"),),
    "sadness": (("AU1", "AU4", "AU15"),),
    "surprise": (("AU1", "AU2", "AU5", "AU26"), ("AU1", "AU2", "AU5", "AU27")),
    "fear": (("AU1", "AU2", "AU4", "AU5", "AU20", "AU26"),),
    "anger": (("AU4", "AU5", "AU7", "AU24"), ("AU4", "AU7", "AU24")),
    "disgust": (("AU9", "AU16"), ("AU9", "AU17"), ("AU10", "AU17"), ("AU9", "AU10", "AU16")),
    "contempt": (("AU12", "AU14"),),
}
CORE = {"happiness": "AU12", "disgust": "AU9"}  # what a pair must keep to stay recognisable when the other unit is missing
SPEECH = (
    ("AU26",),
    ("AU25",),
    ("AU18", "AU25"),
    ("AU22", "AU26"),
    ("AU16", "AU26"),
    ("AU10", "AU26"),
    ("AU20", "AU25"),
    ("AU28",),
    ("AU24",),
)
# The rig's file lists no incompatible shapes; these fold the mesh or contradict each other.
INCOMPATIBLE = tuple(
    frozenset(pair)
    for pair in (
        *(("AU43", other) for other in ("AU5", "AU7")),
        *(("AU24", other) for other in ("AU10", "AU16", "AU18", "AU20", "AU22", "AU25", "AU26", "AU27", "AU28")),
        *(("AU28", other) for other in ("AU10", "AU16", "AU17", "AU18", "AU22", "AU25", "AU26", "AU27")),
        *(("AU18", other) for other in ("AU12", "AU14", "AU20", "AU22", "AU27")),
        *(("AU22", other) for other in ("AU12", "AU14", "AU20", "AU27")),
        *(("AU27", other) for other in ("AU26", "AU25", "AU17", "AU14")),
        ("AU25", "AU26"),
        ("AU12", "AU15"),
        ("AU15", "AU20"),
    )
)
KINDS = {"neutral": 0.15, "single": 0.22, "prototype": 0.36, "random": 0.13, "speech": 0.08, "closed": 0.06}
LEVEL_ODDS = (0.14, 0.2, 0.25, 0.25, 0.16)

Aus = dict[str, tuple[float, float]]


def sample_expression(rng: np.random.Generator) -> tuple[Aus, str | None]:
    """({code: (left, right) levels}, emotion or None when the word would be arguable)."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "neutral":
        return {}, "neutral"
    if kind == "prototype":
        return _prototype(rng)
    codes = {"single": _single, "random": _random, "speech": _speech, "closed": _closed}[kind](rng)
    aus = {code: _sides(code, rng) for code in codes}
    return aus, None if near_prototype(codes) else NO_PROTOTYPE


def near_prototype(codes: tuple[str, ...]) -> bool:
    """True if the units hold a prototype, or one with a unit missing."""
    shown = set(codes)
    return any(
        set(wanted) <= shown for variants in PROTOTYPES.values() for full in variants for wanted in (full, *_partials(full))
    )


def _prototype(rng: np.random.Generator) -> tuple[Aus, str]:
    emotion = str(rng.choice(list(PROTOTYPES)))
    variants = PROTOTYPES[emotion]
    codes = variants[rng.integers(len(variants))]
    if emotion == "contempt":
        level, left = float(rng.integers(1, 4)), rng.random() < 0.5
        return dict.fromkeys(codes, (level, 0.0) if left else (0.0, level)), emotion
    if rng.random() < 0.35 and _partials(codes):
        partial = _partials(codes)
        codes = partial[rng.integers(len(partial))]
    strength = int(rng.integers(2, 6))
    levels = {code: float(np.clip(strength + rng.integers(-1, 2), 1, 5)) for code in codes}
    return {code: (level, level) for code, level in levels.items()}, emotion


def _partials(codes: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    if len(codes) == 2:
        return tuple((code,) for code in codes if code in CORE.values() and "AU14" not in codes)
    return tuple(tuple(code for code in codes if code != missing) for missing in codes)


def _single(rng: np.random.Generator) -> tuple[str, ...]:
    return (str(rng.choice(AU_CODES)),)


def _random(rng: np.random.Generator) -> tuple[str, ...]:
    codes: list[str] = []
    wanted = int(rng.integers(2, 5))
    for code in rng.permutation(AU_CODES):
        if len(codes) < wanted and all(frozenset((str(code), other)) not in INCOMPATIBLE for other in codes):
            codes.append(str(code))
    return tuple(codes)


def _speech(rng: np.random.Generator) -> tuple[str, ...]:
    return SPEECH[rng.integers(len(SPEECH))]


def _closed(rng: np.random.Generator) -> tuple[str, ...]:
    """Closed eyes, alone or with a wide mouth: the hard negatives of a smile."""
    others = ((), (), ("AU20",), ("AU10",), ("AU14",), ("AU24",), ("AU26",))
    return ("AU43", *others[rng.integers(len(others))])


def _sides(code: str, rng: np.random.Generator) -> tuple[float, float]:
    level = float(1 + rng.choice(5, p=LEVEL_ODDS))
    if code in MIDLINE:
        return level, level
    draw = rng.random()
    if draw < 0.09:
        return level, 0.0
    if draw < 0.18:
        return 0.0, level
    if draw < 0.3:
        other = float(np.clip(level + rng.choice((-1, 1)), 1, 5))
        return level, other
    return level, level
