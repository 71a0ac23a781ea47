"""Which action units a simulated face shows, and the emotion word that the configuration resembles.

Prototypes are those of docs/science.md §5, full or with one unit missing, and two of them blended. Singles, speech, closed eyes,
squints and random combinations are "no clear prototype"; whatever merely comes near a prototype, and a blend without a leader, carry
no emotion label at all: `resembled` tells what they hold.
"""

from itertools import combinations

import numpy as np

from ...model.errors import FacewiseError
from ...model.taxonomy import AU_CODES, NO_PROTOTYPE, PROTOTYPES
from .movements import MIDLINE

# What a partial prototype must keep to stay the one that it is: brows alone with 15 are displeasure, lips alone are speech.
CORE = {"happiness": {"AU12"}, "sadness": {"AU1"}, "disgust": {"AU9"}, "contempt": {"AU12", "AU14"}, "anger": {"AU4"}}
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
    ("AU14",),
    ("AU17",),
)
SQUINTS = (("AU4", "AU6", "AU7"), ("AU6", "AU7"), ("AU4", "AU7"), ("AU4", "AU6", "AU7", "AU25"))
CLOSED = ((), (), ("AU20",), ("AU10",), ("AU14",), ("AU24",), ("AU26",), ("AU28",), ("AU4", "AU6", "AU25"))
# `incompatibilities` in the rig's vertex_indices.json is an empty list; these fold the mesh or contradict each other.
INCOMPATIBLE = frozenset(
    frozenset(pair)
    for pair in (
        *(("AU43", other) for other in ("AU5", "AU7")),
        *(("AU24", other) for other in ("AU9", "AU10", "AU16", "AU18", "AU20", "AU22", "AU25", "AU26", "AU27", "AU28")),
        *(("AU28", other) for other in ("AU9", "AU10", "AU16", "AU17", "AU18", "AU22", "AU25", "AU26", "AU27")),
        *(("AU18", other) for other in ("AU12", "AU14", "AU20", "AU22", "AU27")),
        *(("AU22", other) for other in ("AU12", "AU14", "AU20", "AU27")),
        *(("AU27", other) for other in ("AU26", "AU25", "AU17", "AU14")),
        ("AU25", "AU26"),
        ("AU12", "AU15"),
        ("AU15", "AU20"),
    )
)
KINDS = {
    "neutral": 0.13,
    "single": 0.2,
    "prototype": 0.31,
    "blend": 0.08,
    "random": 0.1,
    "speech": 0.08,
    "closed": 0.06,
    "squint": 0.04,
}
PARTIAL = 0.35  # of the prototypes
LEVEL_ODDS = (0.14, 0.2, 0.25, 0.25, 0.16)
LEADS_BY = 2  # levels by which one prototype of a blend must be the stronger to name it

Aus = dict[str, tuple[float, float]]


def sample_expression(rng: np.random.Generator) -> tuple[Aus, str | None]:
    """({code: (left, right) levels}, emotion or None when the word would be arguable)."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "neutral":
        return {}, "neutral"
    if kind in ("prototype", "blend"):
        return _prototype(rng) if kind == "prototype" else _blend(rng)
    codes = {"single": _single, "random": _random, "speech": _speech, "closed": _closed, "squint": _squint}[kind](rng)
    aus = {code: _sides(code, rng) for code in codes}
    return aus, None if near_prototype(codes) else NO_PROTOTYPE


def check_aus(aus: Aus) -> None:
    """FacewiseError, one line, for a unit or level that does not exist, for sides of a unit without, and for an impossible pair."""
    for code, sides in aus.items():
        if code not in AU_CODES:
            raise FacewiseError(f"{code!r} is no action unit that the rig can move; choose from {', '.join(AU_CODES)}")
        if len(sides) != 2 or not all(0 <= level <= 5 for level in sides):
            raise FacewiseError(
                f"{code} has the levels {tuple(sides)}; two are wanted, left and right, each from 0 to 5 (A is 1, E is 5)"
            )
        if code in MIDLINE and sides[0] != sides[1]:
            raise FacewiseError(f"{code} has no sides, but {tuple(sides)} was asked; give it the same level twice")
    shown = [code for code, sides in aus.items() if max(sides) > 0]
    for one, other in combinations(shown, 2):
        if frozenset((one, other)) in INCOMPATIBLE:
            raise FacewiseError(f"{one} and {other} exclude each other on a face; leave one of them out")


def resembled(aus: Aus) -> tuple[str, ...]:
    """The emotions whose full prototype `aus` holds, the strongest first; a blend holds two."""
    levels = {code: max(sides) for code, sides in aus.items() if max(sides) > 0}
    held = [(emotion, set(full)) for emotion, variants in PROTOTYPES.items() for full in variants if set(full) <= set(levels)]
    if min(aus.get("AU14", (0.0, 0.0))) > 0:
        held = [each for each in held if each[0] != "contempt"]
    whole = [each for each in held if not any(each[1] < other for _, other in held)]  # fear holds surprise
    whole.sort(key=lambda each: -min(levels[code] for code in each[1]))
    return tuple(dict.fromkeys(emotion for emotion, _ in whole))


def near_prototype(codes: tuple[str, ...]) -> bool:
    """True if the units hold a prototype, or one with a unit missing."""
    shown = set(codes)
    return any(
        set(wanted) <= shown
        for emotion, variants in PROTOTYPES.items()
        for full in variants
        for wanted in (full, *_partials(emotion, full))
    )


def _prototype(rng: np.random.Generator) -> tuple[Aus, str]:
    emotion = str(rng.choice(list(PROTOTYPES)))
    variants = PROTOTYPES[emotion]
    codes = variants[rng.integers(len(variants))]
    if emotion == "contempt":
        level, left = float(rng.integers(1, 4)), rng.random() < 0.5
        return dict.fromkeys(codes, (level, 0.0) if left else (0.0, level)), emotion
    partial = _partials(emotion, codes)
    if partial and rng.random() < PARTIAL:
        codes = partial[rng.integers(len(partial))]
    return _shown(codes, int(rng.integers(2, 6)), rng), emotion


def _blend(rng: np.random.Generator) -> tuple[Aus, str | None]:
    """Two whole prototypes at once; the word is the one that is clearly stronger, or none."""
    while True:
        first, second = (
            str(emotion) for emotion in rng.choice([name for name in PROTOTYPES if name != "contempt"], 2, replace=False)
        )
        variants = [PROTOTYPES[emotion] for emotion in (first, second)]
        one, other = (each[rng.integers(len(each))] for each in variants)
        shared = any(set(one) >= set(full) for full in PROTOTYPES[second]) or any(
            set(other) >= set(full) for full in PROTOTYPES[first]
        )
        if not shared and not any(frozenset(pair) in INCOMPATIBLE for pair in combinations(sorted({*one, *other}), 2)):
            break
    strong, weak = (int(strength) for strength in rng.integers(2, 6, 2))
    weaker = _shown(other, weak, rng)
    aus = {code: max(sides, weaker.get(code, sides)) for code, sides in (weaker | _shown(one, strong, rng)).items()}
    if abs(strong - weak) < LEADS_BY:
        return aus, None
    return aus, first if strong > weak else second


def _shown(codes: tuple[str, ...], strength: int, rng: np.random.Generator) -> Aus:
    """At level B and above: a trace of a unit is no prototype."""
    levels = {code: float(np.clip(strength + rng.integers(-1, 2), 2, 5)) for code in codes}
    return {code: (level, level) for code, level in levels.items()}


def _partials(emotion: str, codes: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """With one unit missing and still told from the others; of a pair its core alone is left."""
    fewer = (tuple(code for code in codes if code != missing) for missing in codes)
    return tuple(each for each in fewer if CORE.get(emotion, set()) <= set(each))


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


def _squint(rng: np.random.Generator) -> tuple[str, ...]:
    """Against the sun; near anger and near a smile, and neither."""
    return SQUINTS[rng.integers(len(SQUINTS))]


def _closed(rng: np.random.Generator) -> tuple[str, ...]:
    """Closed eyes, alone or with a wide mouth: the hard negatives of a smile."""
    return ("AU43", *CLOSED[rng.integers(len(CLOSED))])


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
