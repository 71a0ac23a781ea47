"""What moves in a clip without being an expression: head drift and turns, gaze, speech, swallowing, unsteady light.

Each is a span with its own seed that adds to one course over all frames; whoever tests a spotter asks for those that it must
survive. Sizes are in degrees and inter-ocular distances, rates in Hz.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.errors import FacewiseError

# How long a span lasts, in s; drift goes on all the time.
SPAN_S = {
    "turn": (1.5, 4),
    "gaze": (0.6, 3),
    "speech": (0.8, 4),
    "swallow": (0.7, 1.1),
    "flicker": (2, 6),
    "exposure": (0.5, 3),
    "shadow": (0.8, 3),
}
MOST = {"gaze": 0.3, "speech": 0.3, "swallow": 0.3}  # of a clip: beside what moves the face there is room for an expression


@dataclass(frozen=True)
class Span:
    """A distractor over the frames start..end, its own chance in `seed`."""

    kind: str
    start: int
    end: int
    seed: int


@dataclass(frozen=True, eq=False)
class Course:
    """By frame: `pose` [N, 6] (yaw, pitch, roll in degrees, x and y in IOD, zoom), `gaze` [N, 2] (to the person's left, up, -1..1),
    `shapes` {name: [N]}, gains and shadows."""

    pose: np.ndarray
    gaze: np.ndarray
    shapes: dict[str, np.ndarray]
    gain: np.ndarray
    flicker: np.ndarray  # [N, 2]: amplitude, phase
    shadow: np.ndarray  # [N, 4]: depth, place of the edge in shares of the width, slope, softness

    def light(self, i: int, height: int, width: int) -> np.ndarray | np.float32:
        """The factor on the light of frame i, one number or [h, w or 1, 1]."""
        out = np.float32(self.gain[i])
        if self.flicker[i, 0]:  # a rolling shutter draws bands
            rows = np.arange(height, dtype=np.float32)[:, None, None] / height
            out = out * (1 + self.flicker[i, 0] * np.sin(self.flicker[i, 1] + 4 * rows)).astype(np.float32)
        depth, edge, slope, soft = self.shadow[i]
        if depth:
            x = np.arange(width, dtype=np.float32)[None, :, None] / width
            y = np.arange(height, dtype=np.float32)[:, None, None] / height
            out = out * (1 - depth * np.clip(0.5 + (edge - x + slope * (y - 0.5)) / soft, 0, 1)).astype(np.float32)
        return out


def sample_spans(rng: np.random.Generator, kinds: Sequence[str], fps: float, count: int) -> tuple[Span, ...]:
    """One span for each kind named, apart from others of its kind; FacewiseError for an unknown kind or when there is no room."""
    if unknown := set(kinds) - set(DISTRACTORS):
        raise FacewiseError(f"{min(unknown)!r} is no distractor; choose from {', '.join(DISTRACTORS)}")
    for _ in range(50):
        spans = _apart(rng, kinds, fps, count)
        if len(spans) == len(kinds):
            return spans
    most = max(kinds, key=kinds.count)
    raise FacewiseError(f"{kinds.count(most)} spans of {most} do not fit into {count} frames at {fps:g} fps; ask for fewer")


def _apart(rng: np.random.Generator, kinds: Sequence[str], fps: float, count: int) -> tuple[Span, ...]:
    """The spans that found a place apart from others of their kind."""
    spans: list[Span] = []
    for kind in kinds:
        others = [span for span in spans if span.kind == kind]
        most = round(min(MOST.get(kind, 1), 0.8 / kinds.count(kind)) * count)
        tries = (_span(rng, kind, fps, count, most) for _ in range(200))
        spans += itertools.islice((one for one in tries if all(one.start > o.end or one.end < o.start for o in others)), 1)
    return tuple(spans)


def _span(rng: np.random.Generator, kind: str, fps: float, count: int, most: int) -> Span:
    seed = int(rng.integers(2**31))
    if kind == "drift":
        return Span(kind, 0, count - 1, seed)
    length = min(count - 2, most, round(fps * rng.uniform(*SPAN_S[kind])))
    start = int(rng.integers(1, count - length))
    return Span(kind, start, start + length, seed)


def course_of(spans: Sequence[Span], count: int, fps: float) -> Course:
    """What the spans do to a clip of `count` frames, together."""
    course = Course(np.zeros((count, 6)), np.zeros((count, 2)), {}, np.ones(count), np.zeros((count, 2)), np.zeros((count, 4)))
    course.pose[:, 5] = 1
    for span in spans:
        _COURSES[span.kind](course, np.random.default_rng(span.seed), slice(span.start, span.end + 1), fps)
    return course


def eased(share: np.ndarray) -> np.ndarray:
    """Minimum jerk (Flash and Hogan 1985): how limbs and faces go from one rest to another."""
    share = np.clip(share, 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)


def _wander(rng: np.random.Generator, count: int, fps: float, period_s: float) -> np.ndarray:
    """A smooth random walk of deviation about 1: sines slower than a period of this length."""
    time = np.arange(count) / fps
    rates, phases = 2 * np.pi / (period_s * rng.uniform(1, 4, 5)), rng.uniform(0, 2 * np.pi, 5)
    return np.sin(time[:, None] * rates + phases).sum(1) / np.sqrt(2.5)


def _drift(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    count = part.stop - part.start
    for column, size in enumerate((1.5, 1.2, 0.8, 0.04, 0.03, 0.008)):
        course.pose[part, column] += size * rng.uniform(0.5, 1.3) * _wander(rng, count, fps, 2.0)


def _bell(count: int, edge: float) -> np.ndarray:
    """0 at both ends, 1 between, the edges this share of the whole each."""
    share = np.linspace(0, 1, count)
    return eased(share / edge) * eased((1 - share) / edge)


def _turn(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    bell = _bell(part.stop - part.start, 0.35)
    size = rng.uniform(0.5, 1, 3) * (18, 9, 8) * rng.choice((-1, 1), 3)
    size[rng.integers(3)] *= 0.2
    course.pose[part, :3] += bell[:, None] * size


def _add(course: Course, name: str, part: slice, weights: np.ndarray) -> None:
    course.shapes.setdefault(name, np.zeros(len(course.gain)))[part] += weights


def _gaze(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    """Fixations of .2-.9 s joined by saccades of about 40 ms, back to the camera at the end."""
    count = part.stop - part.start
    gaze = np.zeros((count, 2))
    at = 0
    while at < count:
        gaze[at:] = rng.uniform(-0.7, 0.7), rng.uniform(-0.5, 0.4)
        at += round(fps * rng.uniform(0.2, 0.9)) + 1
    gaze[[0, -1]] = 0
    width = max(1, round(0.04 * fps))
    for column in range(2):
        padded = np.pad(gaze[:, column], width, "edge")
        course.gaze[part, column] += np.convolve(padded, np.ones(width) / width, "same")[width:-width]


def _speech(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    """Syllables at 3-6 Hz, each its own vowel, in phrases with pauses."""
    count = part.stop - part.start
    time = np.arange(count) / fps
    at = 0.05
    while at < count / fps - 0.3:
        length = 1 / rng.uniform(3, 6)
        if rng.random() < 0.85:
            pulse = np.sin(np.pi * np.clip((time - at) / (1.3 * length), 0, 1)) ** 2
            _add(course, "jawOpen", part, pulse * rng.uniform(0.06, 0.3))
            lips = (
                ("mouthFunnel",),
                ("mouthPucker",),
                ("mouthStretch_L", "mouthStretch_R"),
                ("mouthLowerDown_L", "mouthLowerDown_R"),
                (),
            )
            for name in lips[rng.integers(len(lips))]:
                _add(course, name, part, pulse * rng.uniform(0.1, 0.45))
        else:
            at += rng.uniform(0.2, 0.6)
        at += length


def _swallow(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    bell = _bell(part.stop - part.start, 0.5)
    for name, size in {"mouthPress_L": 0.35, "mouthPress_R": 0.35, "mouthShrugLower": 0.3}.items():
        _add(course, name, part, bell * size * rng.uniform(0.6, 1))
    course.pose[part, 1] += bell * rng.uniform(-1.5, 1.5)


def _flicker(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    """Mains light beats against the frame rate."""
    course.flicker[part, 0] = rng.uniform(0.01, 0.06)
    course.flicker[part, 1] = 2 * np.pi * rng.uniform(0.5, 12) * np.arange(part.stop - part.start) / fps


def _exposure(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    course.gain[part] *= 2 ** (rng.choice((-1, 1)) * rng.uniform(0.15, 0.5))


def _shadow(course: Course, rng: np.random.Generator, part: slice, fps: float) -> None:
    """An edge that crosses the picture and stays across it until the span ends behind the other side."""
    count = part.stop - part.start
    edge = np.linspace(-0.3, 1.3, count)[:: int(rng.choice((-1, 1)))]
    course.shadow[part, 0] = rng.uniform(0.2, 0.5) * _bell(count, 0.1)
    course.shadow[part, 1] = edge
    course.shadow[part, 2:] = rng.uniform(-0.4, 0.4), rng.uniform(0.02, 0.15)


_COURSES: dict[str, Callable[[Course, np.random.Generator, slice, float], None]] = {
    "drift": _drift,
    "turn": _turn,
    "gaze": _gaze,
    "speech": _speech,
    "swallow": _swallow,
    "flicker": _flicker,
    "exposure": _exposure,
    "shadow": _shadow,
}
DISTRACTORS = tuple(_COURSES)
