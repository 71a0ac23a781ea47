"""What happens in a clip: which movements, when, beside which distractors, and before which camera.

Whether anything is expressed is drawn apart from everything else: length, rate, size, camera, blinks and distractors are the same with and
without an expression, so that none of them tells. Only places in time give way: what moves the same skin does not happen at once,
because nobody could then see what the label says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.davison import CLASSES, OTHER
from ...model.errors import FacewiseError
from ..rig.rig import MIDLINE, SHAPES, Sides
from .camcorder import Camcorder, sample_camcorder
from .distractors import DISTRACTORS, Span, sample_spans
from .events import DURATION_S, GAP_S, JAW, Event, apart, blink, started, timed

BLINKS_PER_S, MOST_BLINKS_PER_S = 0.25, 0.8
NOTHING = 0.35  # of the clips hold no expression
EVENTS_PER_S = 0.15  # beyond the first, in clips that hold one
MICRO = 0.65
DISTRACTED = {"drift": 0.9} | dict.fromkeys(("turn", "gaze", "speech", "swallow", "flicker", "exposure", "shadow"), 0.35)
ANOTHER_S = 15.0  # of a long clip for each further span of a distractor that there may be
RATES = {30: 0.45, 60: 0.2, 90: 0.08, 100: 0.07, 120: 0.1, 200: 0.1}  # frames a second, how often
LONG = 0.15  # of the clips
SHORT_S, LONG_S, MOST_FRAMES = (3.0, 8.0), (10.0, 60.0), 1800
SIZES = ((256, 256), (320, 240), (288, 352), (400, 300), (480, 360), (640, 360))  # (width, height)
LARGEST_IOD = 0.28  # of the shorter side: chin and forehead stay in the picture
EVENT_SHARE = 0.25  # of a short clip: a longer one would leave no room beside speech
# Combinations of class VII that faces make: single units, and smiles that are held back.
OTHERS = (
    ("AU14",),
    ("AU17",),
    ("AU24",),
    ("AU7",),
    ("AU2",),
    ("AU16",),
    ("AU18",),
    ("AU22",),
    ("AU28",),
    ("AU26",),
    ("AU12", "AU14"),
    ("AU12", "AU17"),
    ("AU12", "AU24"),
    ("AU14", "AU17"),
    ("AU10", "AU17"),
    ("AU4", "AU12"),
    ("AU4", "AU14"),
)
ONE_SIDED = ("AU2", "AU6", "AU7", "AU10", "AU12", "AU14", "AU15", "AU16", "AU20")  # those that people move on one side
# A trace (A) of these moves less than .008 IOD on weak movers, and nobody would see it; of the jaw even a B is no trifle.
FAINT = ("AU1", "AU2", "AU4", "AU5", "AU7", "AU10", "AU14", "AU15", "AU16", "AU20", "AU24")
LEVELS = {"micro": (1.0, 2.4), "macro": (1.5, 4.5)}  # A is about 1, E is 5
# What moves the same skin: units beside which these are not seen.
LIDS = frozenset({"AU5", "AU7", "AU43"})
MOUTH = frozenset(code for code in (*SHAPES, "AU25", *JAW) if code not in ("AU1", "AU2", "AU4", "AU6", "AU9", *LIDS))
HIDDEN_BY = {"blink": LIDS, "gaze": LIDS, "speech": MOUTH, "swallow": MOUTH}


@dataclass(frozen=True)
class ClipPlan:
    """All that happens in a clip of `count` frames; `seed` is the sensor noise's."""

    fps: float
    count: int
    events: tuple[Event, ...]
    distractors: tuple[Span, ...]
    seed: int


@dataclass(frozen=True)
class Script:
    """A plan, and how it is filmed: `size` (width, height) px, the person's `iod_px` seen from the front, the camera."""

    plan: ClipPlan
    size: tuple[int, int]
    iod_px: float
    camcorder: Camcorder


def sample_plan(
    rng: np.random.Generator,
    fps: float,
    duration_s: float,
    events: Sequence[tuple[str, dict[str, Sides], float | None]] = (),
    distractors: Sequence[str] = ("drift",),
    blinks_per_s: float = BLINKS_PER_S,
) -> ClipPlan:
    """`events` (kind, aus, peak_iod) at random free times, blinks where there is room between them, distractors anywhere;
    FacewiseError when the clip is too short for what is asked."""
    if unknown := {kind for kind, *_ in events} - set(DURATION_S):
        raise FacewiseError(f"{min(unknown)!r} is no kind of event; choose from {', '.join(DURATION_S)}")
    count, gap = round(fps * duration_s), round(GAP_S * fps)
    blinks = int(rng.poisson(blinks_per_s * duration_s))
    for _ in range(200):
        placed = _placed(rng, [timed(rng, fps, *each) for each in events], count, gap)
        if placed is not None:
            break
    else:
        raise FacewiseError(
            f"{len(events)} events do not fit into {count} frames at {fps:g} fps; ask for fewer or for a longer clip"
        )
    for _ in range(blinks):
        placed = _placed(rng, [blink(rng, fps)], count, gap, placed) or placed
    return ClipPlan(fps, count, _sorted(placed), sample_spans(rng, distractors, fps, count), int(rng.integers(2**31)))


def sample_script(rng: np.random.Generator, family: str) -> Script:
    """A clip of a camera `family` (camera.FAMILIES)."""
    fps = int(rng.choice(list(RATES), p=list(RATES.values())))
    duration_s = float(np.exp(rng.uniform(*np.log(LONG_S if rng.random() < LONG else SHORT_S))))
    count = min(round(fps * duration_s), MOST_FRAMES)
    size = SIZES[rng.integers(len(SIZES))]
    iod_px = LARGEST_IOD * min(size) * float(rng.uniform(0.7, 1))
    kinds = _distractors(rng, count / fps)
    blinks = min(int(rng.poisson(BLINKS_PER_S * count / fps)), int(MOST_BLINKS_PER_S * count / fps))
    wanted = _wanted(rng, count / fps)
    plan = _timetable(rng, fps, count, wanted, kinds, blinks)
    return Script(plan, size, iod_px, sample_camcorder(rng, family, fps))


def _distractors(rng: np.random.Generator, duration_s: float) -> list[str]:
    kinds: list[str] = []
    for kind in DISTRACTORS:
        if rng.random() < DISTRACTED[kind]:
            kinds += [kind] * (1 if kind == "drift" else 1 + int(rng.integers(1 + int(duration_s / ANOTHER_S))))
    return kinds


def _wanted(rng: np.random.Generator, duration_s: float) -> list[tuple[str, dict[str, Sides]]]:
    """(kind, aus) of the expressions; whether there are any does not depend on the duration, how many does."""
    if rng.random() < NOTHING:
        return []
    number = 1 + int(rng.poisson(EVENTS_PER_S * max(0.0, duration_s - SHORT_S[1])))
    kinds = ["micro" if rng.random() < MICRO else "macro" for _ in range(number)]
    return [(kind, sample_units(rng, kind)) for kind in kinds]


def sample_units(rng: np.random.Generator, kind: str, name: str | None = None) -> dict[str, Sides]:
    """{code: (left, right)} of one event of the class `name`, else of each of the seven equally often; on one side where people can."""
    sets = DRAWABLE[name or str(rng.choice(list(DRAWABLE)))]
    codes = sets[rng.integers(len(sets))]
    low, high = LEVELS[kind]
    strength = rng.uniform(low, high)
    levels = {code: float(np.clip(strength + rng.uniform(-0.4, 0.4), low, high)) for code in codes}
    if kind == "micro":
        levels = {code: max(level, 1.8) if code in FAINT else 1.0 if code in JAW else level for code, level in levels.items()}
    left, right = _weights(rng, codes)
    return {code: (level, level) if code in MIDLINE else (level * left, level * right) for code, level in levels.items()}


def _weights(rng: np.random.Generator, codes: Iterable[str]) -> Sides:
    """Of the two sides: even, uneven, or one alone."""
    if not set(codes) <= {*ONE_SIDED, *MIDLINE}:
        return 1.0, 1.0
    draw, weaker = rng.random(), float(rng.uniform(0.5, 0.85))
    other = 0.0 if draw < 0.3 else weaker if draw < 0.55 else 1.0
    return (1.0, other) if rng.random() < 0.5 else (other, 1.0)


DRAWABLE = {
    name: tuple(codes for codes in sets if set(codes) <= {*SHAPES, "AU25", *JAW})
    for name, sets in (*CLASSES.items(), (OTHER, OTHERS))
}


# When it happens


def _timetable(
    rng: np.random.Generator,
    fps: float,
    count: int,
    wanted: Sequence[tuple[str, dict[str, Sides]]],
    kinds: Sequence[str],
    blinks: int,
) -> ClipPlan:
    """Everything asked for, at times that let each be seen; drawn anew, never left out, until it fits."""
    gap, most_s = round(GAP_S * fps), max(EVENT_SHARE * count / fps, 0.5)
    for _ in range(500):
        spans = sample_spans(rng, kinds, fps, count)
        if any(_overlap(a, b) for a in spans for b in spans if (a.kind, b.kind) == ("speech", "swallow")):
            continue
        winks = _placed(rng, [blink(rng, fps) for _ in range(blinks)], count, gap)
        if winks is None:
            continue
        drawn = [timed(rng, fps, kind, aus, None, most_s) for kind, aus in wanted]
        events = _placed(rng, drawn, count, gap, hiding=(*spans, *winks))
        if events is not None:
            return ClipPlan(fps, count, _sorted([*events, *winks]), spans, int(rng.integers(2**31)))
    raise FacewiseError(f"{len(wanted)} events do not fit into {count} frames at {fps:g} fps beside {', '.join(kinds)}")


def _placed(
    rng: np.random.Generator,
    wanted: Sequence[Event],
    count: int,
    gap: int,
    beside: Sequence[Event] = (),
    hiding: Sequence[Event | Span] = (),
) -> list[Event] | None:
    """`beside` and each of those wanted, apart from one another and not at a time when they would be hidden; None if one finds no place."""
    placed = list(beside)
    for event in wanted:

        def is_free(one: Event) -> bool:
            return all(apart(one, other, gap) for other in placed) and not any(_is_hidden(one, other) for other in hiding)

        at = started(rng, event, count, gap, is_free)
        if at is None:
            return None
        placed.append(at)
    return placed


def _is_hidden(event: Event, other: Event | Span) -> bool:
    return bool(HIDDEN_BY.get(other.kind, frozenset()) & set(event.aus)) and _overlap(event, other)


def _overlap(one: Event | Span, other: Event | Span) -> bool:
    (start, end), (others_start, others_end) = _ends(one), _ends(other)
    return start <= others_end and others_start <= end


def _ends(one: Event | Span) -> tuple[int, int]:
    return (one.onset, one.offset) if isinstance(one, Event) else (one.start, one.end)


def _sorted(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.onset))
