"""What a face does once: rest, onset, apex, offset, rest, and the displacement field that this is.

Blend shapes are linear, so an event is its curve times one field: 0 at the frames onset and offset, 1 at apex, exact by construction.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...model.errors import FacewiseError
from ..rig.rig import JAW_DROP, JAW_STRETCH, LEVELS, MIDLINE, SHAPES, Person, Rig, Sides, expressed, lip_parting
from .distractors import eased

# Durations in s. Micro: docs/science.md §3; blink: Caffier et al. 2003; the rise is the faster part of each.
DURATION_S = {"micro": (0.1, 0.5), "macro": (0.5, 4.0), "blink": (0.2, 0.35)}
RISE = {"micro": (0.3, 0.45), "macro": (0.15, 0.35), "blink": (0.25, 0.4)}
GAP_S = 0.3  # between events, so that one has ended before the next begins
LIMIT = 1.3  # of a rig shape's weight; beyond it the mesh folds
JAW = ("AU26", "AU27")
PARTING = np.linspace(0.005, 0.2, 118)  # of the jaw, among which the one is found that parts the lips as far as wanted


@dataclass(frozen=True)
class Event:
    """`aus` {code: (left, right)}: levels 0-5 at the apex; with a `peak_iod` only their proportions, and the landmark that moves most
    goes so far (inter-ocular distances, 3-D), as far as the rig can. Frames count from 0; `hold` is the plateau's share of apex to offset."""

    kind: str
    aus: dict[str, Sides]
    peak_iod: float | None
    onset: int
    apex: int
    offset: int
    hold: float = 0.0


@dataclass(frozen=True, eq=False)
class Movement:
    """An event on one person: `delta` [V, 3] at the apex, and the `shares` of the units' ranges that it takes."""

    delta: np.ndarray
    shares: dict[str, Sides]

    def levels(self, height: float = 1.0) -> dict[str, Sides]:
        """{code: (left, right)} 0-5 at this height of the curve."""
        return {code: (_level(code, height * left), _level(code, height * right)) for code, (left, right) in self.shares.items()}


def curve(event: Event, frames: np.ndarray) -> np.ndarray:
    """0 up to onset, 1 at apex, 0 from offset on; a held apex sinks by a tenth, so that apex stays the one maximum."""
    held = event.apex + event.hold * (event.offset - event.apex)
    rise = eased((frames - event.onset) / (event.apex - event.onset))
    sunk = 1 - 0.1 * np.clip((frames - event.apex) / max(held - event.apex, 1), 0, 1) * (event.hold > 0)
    fall = 1 - eased(np.clip((frames - held) / (event.offset - held), 0, 1) ** 0.8)
    return np.where(frames <= event.apex, rise, sunk * fall)


def timed(
    rng: np.random.Generator, fps: float, kind: str, aus: dict[str, Sides], peak_iod: float | None, most_s: float = 4.0
) -> Event:
    """An event from frame 0 on, of a duration that its kind may have; no part is shorter than a frame."""
    shortest, longest = DURATION_S[kind]
    longest = max(shortest, min(longest, most_s))
    least, most = max(2, int(np.ceil(shortest * fps - 1e-6))), int(longest * fps + 1e-6)
    length = int(np.clip(round(fps * np.exp(rng.uniform(np.log(shortest), np.log(longest)))), least, max(least, most)))
    rise = int(np.clip(round(length * rng.uniform(*RISE[kind])), 1, length - 1))
    hold = rng.uniform(0.2, 0.6) if kind == "macro" else 0.0
    return Event(kind, aus, peak_iod, 0, rise, length, hold)


def blink(rng: np.random.Generator, fps: float) -> Event:
    """From frame 0 on, both eyes shut at its apex."""
    return timed(rng, fps, "blink", {"AU43": (5.0, 5.0)}, None)


def started(rng: np.random.Generator, event: Event, count: int, gap: int, is_free: Callable[[Event], bool]) -> Event | None:
    """The event of frame 0 at a random start among those that are free, at least `gap` from both ends; None without one."""
    for start in gap + rng.permutation(max(0, count - event.offset - 2 * gap)):
        one = replace(event, onset=int(start), apex=int(start) + event.apex, offset=int(start) + event.offset)
        if is_free(one):
            return one
    return None


def apart(event: Event, other: Event, gap: int) -> bool:
    return event.onset > other.offset + gap or event.offset + gap < other.onset


def movement(rig: Rig, person: Person, event: Event) -> Movement:
    """Raises FacewiseError for a unit that the rig cannot move."""
    if event.kind == "blink":
        return Movement(rig.shapes["eyeBlink_L"] + rig.shapes["eyeBlink_R"], {"AU43": (1.0, 1.0)})
    shares = {code: (_share(code, left), _share(code, right)) for code, (left, right) in event.aus.items()}
    full = sum((_unit(rig, person, code, event.aus) for code in event.aus), np.zeros_like(person.neutral))
    scale = 1.0
    if event.peak_iod is not None:
        strongest = max(max(sides) * person.gain.get(code, 1.0) for code, sides in shares.items())
        # The jaw that parts the lips is far from its limit.
        limit = np.inf if tuple(shares) == ("AU25",) else LIMIT / strongest
        scale = min(event.peak_iod / peak_iod(rig, person, full), limit)
    delta = (scale * full).astype(np.float32)
    reached = {code: (left * scale, right * scale) for code, (left, right) in shares.items()}
    if "AU25" in reached:
        parted = _share("AU25", lip_parting(rig, person, person.neutral + delta))
        reached["AU25"] = (parted, parted)
    return Movement(delta, reached)


def peak_iod(rig: Rig, person: Person, delta: np.ndarray) -> float:
    """How far the landmark that moves most goes, in this person's inter-ocular distances."""
    marks = person.neutral[rig.landmark68]
    return float(np.linalg.norm(delta[rig.landmark68], axis=1).max() / np.linalg.norm(marks[45] - marks[36]))


def _unit(rig: Rig, person: Person, code: str, aus: dict[str, Sides]) -> np.ndarray:
    """[V, 3] of one unit: its shapes at full strength times the shares, because a level in between has jitter in stills."""
    levels = aus[code]
    if code not in (*SHAPES, *JAW, "AU25"):
        raise FacewiseError(f"{code} has no shape on the rig; choose from {', '.join((*SHAPES, 'AU25', *JAW))}")
    if code == "AU25":
        return np.zeros_like(person.neutral) if set(JAW) & set(aus) else _parted(rig, person, max(levels))
    if code in MIDLINE:
        return _share(code, max(levels)) / _share(code, 5.0) * _full(rig, person, code, (5.0, 5.0))
    left, right = (_share(code, level) for level in levels)
    return left * _full(rig, person, code, (5.0, 0.0)) + right * _full(rig, person, code, (0.0, 5.0))


def _full(rig: Rig, person: Person, code: str, sides: Sides) -> np.ndarray:
    return expressed(rig, person, {code: sides}, np.random.default_rng(0)) - person.neutral


def _parted(rig: Rig, person: Person, level: float) -> np.ndarray:
    """The least that the jaw must drop."""
    for weight in PARTING:
        delta = weight * rig.shapes["jawOpen"]
        if lip_parting(rig, person, person.neutral + delta) >= round(level):
            return delta
    raise FacewiseError(f"AU25 at level {level:g} takes more of the jaw than {PARTING[-1]:g}; ask for AU26 with it")


def _table(code: str) -> tuple[float, ...]:
    return {"AU26": JAW_DROP, "AU27": JAW_STRETCH}.get(code, LEVELS)


def _share(code: str, level: float) -> float:
    return float(np.interp(level, range(6), _table(code)))


def _level(code: str, share: float) -> float:
    return float(np.interp(share, _table(code), range(6)))
