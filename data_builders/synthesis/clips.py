"""Clips with frame-exact labels: neutral, onset, apex, offset; among head drift, blinks, gaze, speech and unsteady light.

Blend shapes are linear, so an event's displacement is its curve times one field, scaled until the landmark that moves most
moves by `peak_iod` (3-D, in inter-ocular distances): the label is exact by construction. The curve is 0 at the frames onset
and offset and 1 at apex. All chance lies in the plan, which is drawn from a seed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ...model.errors import FacewiseError
from .camera import srgb
from .distractors import Span, course_of, eased, sample_spans
from .look import Look, Painting
from .render import Render, View, draw, project
from .rig import JAW_DROP, JAW_STRETCH, LEVELS, Person, Rig, Sides, expressed, lip_parting

# Durations in s. Micro: docs/science.md §3; blink: Caffier et al. 2003; the rise is the faster part of each.
DURATION_S = {"micro": (0.1, 0.5), "macro": (0.5, 4.0), "blink": (0.2, 0.35)}
RISE = {"micro": (0.3, 0.45), "macro": (0.15, 0.35), "blink": (0.25, 0.4)}
DISTANCE_CM = 80.0  # of somebody before a laptop
GAP_S = 0.3  # between events, so that one has ended before the next begins
LIMIT = 1.3  # of a rig shape's weight; beyond it the mesh folds
FACE_TONE = 0.25  # linear light; sRGB 137
KEYFRAME_S = 1.0  # cameras send one about every second; the codec's pulses come from there


@dataclass(frozen=True)
class Event:
    """`aus` {code: (left, right)} give the proportions of the units; `peak_iod` (a blink does not use it) how far the landmark
    that moves most goes, as far as the rig can. Frames count from 0; `hold` is the plateau's share of apex to offset."""

    kind: str
    aus: dict[str, Sides]
    peak_iod: float
    onset: int
    apex: int
    offset: int
    hold: float = 0.0


@dataclass(frozen=True)
class ClipPlan:
    """All that happens in a clip of `count` frames; `seed` is the sensor noise's."""

    fps: float
    count: int
    events: tuple[Event, ...]
    distractors: tuple[Span, ...]
    seed: int


@dataclass(frozen=True)
class FrameTruth:
    """Pose in degrees (signs as in `View`), the head's place in px, `levels` {code: (left, right)} 0-5, `points` [68, 2] px."""

    index: int
    time_s: float
    yaw: float
    pitch: float
    roll: float
    place_px: tuple[float, float]
    iod_px: float
    levels: dict[str, Sides]
    points: np.ndarray


def sample_plan(
    rng: np.random.Generator,
    fps: float,
    duration_s: float,
    events: Sequence[tuple[str, dict[str, Sides], float]] = (),
    distractors: Sequence[str] = ("drift",),
    blinks_per_s: float = 0.25,
) -> ClipPlan:
    """`events` (kind, aus, peak_iod) at random free times, blinks where there is room between them, distractors anywhere;
    FacewiseError when the clip is too short for what is asked."""
    if unknown := {kind for kind, *_ in events} - set(DURATION_S):
        raise FacewiseError(f"{min(unknown)!r} is no kind of event; choose from {', '.join(DURATION_S)}")
    count = round(fps * duration_s)
    wanted = [*events, *[("blink", {"AU43": (5.0, 5.0)}, 0.0)] * int(rng.poisson(blinks_per_s * duration_s))]
    placed = _placed(rng, fps, wanted, count, len(events))
    return ClipPlan(fps, count, tuple(placed), sample_spans(rng, distractors, fps, count), int(rng.integers(2**31)))


def curve(event: Event, frames: np.ndarray) -> np.ndarray:
    """0 up to onset, 1 at apex, 0 from offset on; a held apex sinks by a tenth, so that apex stays the one maximum."""
    held = event.apex + event.hold * (event.offset - event.apex)
    rise = eased((frames - event.onset) / (event.apex - event.onset))
    sunk = 1 - 0.1 * np.clip((frames - event.apex) / max(held - event.apex, 1), 0, 1) * (event.hold > 0)
    fall = 1 - eased(np.clip((frames - held) / (event.offset - held), 0, 1) ** 0.8)
    return np.where(frames <= event.apex, rise, sunk * fall)


def frames(
    rig: Rig,
    paint: Painting,
    person: Person,
    look: Look,
    plan: ClipPlan,
    iod_px: float = 70.0,
    supersample: int = 2,
    noise: float = 2.0,
) -> Iterator[tuple[np.ndarray, FrameTruth]]:
    """uint8 [h, w, 3] RGB of the look's size with its truth; `iod_px` of this person seen from the front, `noise` the
    sensor's deviation in 8-bit tones."""
    height, width = look.backdrop.shape[:2]
    fields = [_field(rig, person, event) for event in plan.events]
    index = np.arange(plan.count)
    curves = [curve(event, index) for event in plan.events]
    course = course_of(plan.distractors, plan.count, plan.fps)
    rng = np.random.default_rng(plan.seed)
    asked, exposure = _iod_for(rig, paint, person, iod_px), None
    for i in range(plan.count):
        mesh, levels = person.neutral.copy(), dict[str, Sides]()
        for (delta, shares), values in zip(fields, curves, strict=True):
            if values[i]:
                mesh += np.float32(values[i]) * delta
                levels |= _levels(shares, values[i])
        for name, weights in course.shapes.items():
            if weights[i]:
                mesh += np.float32(weights[i]) * rig.shapes[name]
        view = _view(course.pose[i], iod_px, asked, (width, height))
        drawn = draw(rig, paint, mesh, levels, look, view, supersample)
        exposure = exposure or _exposed(drawn)
        light = drawn.pixels * (exposure * course.light(i, height, width))
        pixels = _developed(light, np.float32(noise) * rng.standard_normal(light.shape, np.float32))
        place_px = (view.place[0] * width, view.place[1] * height)
        yaw, pitch, roll = course.pose[i, :3].tolist()
        yield (
            pixels,
            FrameTruth(i, i / plan.fps, yaw, pitch, roll, place_px, iod_px * float(course.pose[i, 5]), levels, drawn.points),
        )


def _iod_for(rig: Rig, paint: Painting, person: Person, iod_px: float) -> float:
    """What to ask of a `View`, which knows the mean head, so that this person's outer canthi lie `iod_px` apart seen from the front."""
    front = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=DISTANCE_CM, iod_px=iod_px, place=(0.5, 0.5))
    marks = project(person.neutral, paint.turn, front, (1, 1))[0][rig.landmark68]
    return iod_px**2 / float(np.linalg.norm(marks[45] - marks[36]))


def _view(pose: np.ndarray, iod_px: float, asked: float, size: tuple[int, int]) -> View:
    yaw, pitch, roll = np.radians(pose[:3]).tolist()
    place = (0.5 + pose[3] * iod_px / size[0], 0.52 + pose[4] * iod_px / size[1])
    return View(yaw, pitch, roll, DISTANCE_CM, asked * float(pose[5]), place)


def clip_truth(rig: Rig, person: Person, plan: ClipPlan, poses: Iterable[FrameTruth]) -> dict:
    """What is true of a clip, ready for JSON: events with their levels at the apex, distractor spans, the pose of each frame."""
    events = []
    for event in plan.events:
        delta, shares = _field(rig, person, event)
        told = {"aus": {code: list(sides) for code, sides in event.aus.items()}, "peak_iod": round(_peak(rig, person, delta), 5)}
        told["levels"] = {code: [round(level, 2) for level in sides] for code, sides in _levels(shares, 1.0).items()}
        times = {f"{name}_s": round(getattr(event, name) / plan.fps, 4) for name in ("onset", "apex", "offset")}
        events.append(asdict(event) | told | times)
    names = ("yaw", "pitch", "roll", "place_px", "iod_px")
    return {
        "fps": plan.fps,
        "frames": plan.count,
        "events": events,
        "distractors": [{"kind": s.kind, "start": s.start, "end": s.end} for s in plan.distractors],
        "pose": {name: [np.round(getattr(pose, name), 3).tolist() for pose in poses] for name in names},
    }


def write_clip(path: Path, pixels: Iterable[np.ndarray], fps: float, crf: int = 23) -> int:
    """H.264 (libx264, yuv420p) of uint8 [h, w, 3] frames with even sides; returns how many."""
    written = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt, stream.gop_size, stream.options = "yuv420p", round(KEYFRAME_S * fps), {"crf": str(crf)}
        stream.thread_count = 1  # more would change the bytes from machine to machine
        for picture in pixels:
            if not written:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            written += 1
        container.mux(stream.encode())
    return written


def write_labelled_clip(
    path: Path, rig: Rig, paint: Painting, person: Person, look: Look, plan: ClipPlan, crf: int = 23, **drawing
) -> dict:
    """The clip at `path` and its truth as JSON beside it; `drawing` as `frames` takes it. Returns the truth."""
    told: list[FrameTruth] = []

    def pictures() -> Iterator[np.ndarray]:
        for pixels, truth in frames(rig, paint, person, look, plan, **drawing):
            told.append(truth)
            yield pixels

    part = path.with_name(f".{path.name}")  # a killed run leaves no half clip under its name
    write_clip(part, pictures(), plan.fps, crf)
    truth = clip_truth(rig, person, plan, told) | {"crf": crf}
    path.with_suffix(".json").write_text(json.dumps(truth))
    part.replace(path)
    return truth


# Events


def _timed(rng: np.random.Generator, fps: float, kind: str, aus: dict[str, Sides], peak_iod: float) -> Event:
    """An event from frame 0 on; no part is shorter than a frame."""
    shortest, longest = DURATION_S[kind]
    least, most = max(2, int(np.ceil(shortest * fps - 1e-6))), int(longest * fps + 1e-6)
    length = int(np.clip(round(fps * np.exp(rng.uniform(np.log(shortest), np.log(longest)))), least, most))
    rise = int(np.clip(round(length * rng.uniform(*RISE[kind])), 1, length - 1))
    hold = rng.uniform(0.2, 0.6) if kind == "macro" else 0.0
    return Event(kind, aus, peak_iod, 0, rise, length, hold)


def _placed(rng: np.random.Generator, fps: float, wanted: list, count: int, needed: int) -> list[Event]:
    """The first `needed` must find a place, the others where there is room; durations are drawn anew when they do not fit."""
    gap = round(GAP_S * fps)
    for _ in range(200):
        placed: list[Event] = []
        for number, each in enumerate(wanted):
            event = _timed(rng, fps, *each)
            free = [start for start in range(gap, count - event.offset - gap) if _is_free(start, event, placed, gap)]
            if free:
                start = int(rng.choice(free))
                placed.append(replace(event, onset=start, apex=start + event.apex, offset=start + event.offset))
            elif number < needed:
                break
        else:
            return sorted(placed, key=lambda event: event.onset)
    raise FacewiseError(f"{needed} events do not fit into {count} frames at {fps:g} fps; ask for fewer or for a longer clip")


def _is_free(start: int, event: Event, placed: list[Event], gap: int) -> bool:
    return all(start > other.offset + gap or start + event.offset + gap < other.onset for other in placed)


def _field(rig: Rig, person: Person, event: Event) -> tuple[np.ndarray, dict[str, Sides]]:
    """(displacement [V, 3] at the apex, shares of the units' ranges): the event's shapes scaled to its peak within the limit."""
    if event.kind == "blink":
        return rig.shapes["eyeBlink_L"] + rig.shapes["eyeBlink_R"], {"AU43": (1.0, 1.0)}
    full = expressed(rig, person, event.aus, np.random.default_rng(0)) - person.neutral
    shares = {code: (_share(code, left), _share(code, right)) for code, (left, right) in event.aus.items()}
    scale = event.peak_iod / _peak(rig, person, full)
    strongest = max(max(sides) * person.gain.get(code, 1.0) for code, sides in shares.items())
    if tuple(shares) != ("AU25",):  # the jaw that parts the lips is far from its limit
        scale = min(scale, LIMIT / strongest)
    delta = (scale * full).astype(np.float32)
    reached = {code: (left * scale, right * scale) for code, (left, right) in shares.items()}
    if "AU25" in reached:
        parted = _share("AU25", lip_parting(rig, person, person.neutral + delta))
        reached["AU25"] = (parted, parted)
    return delta, reached


def _levels(shares: dict[str, Sides], height: float) -> dict[str, Sides]:
    return {code: (_level(code, height * left), _level(code, height * right)) for code, (left, right) in shares.items()}


def _table(code: str) -> tuple[float, ...]:
    return {"AU26": JAW_DROP, "AU27": JAW_STRETCH}.get(code, LEVELS)


def _share(code: str, level: float) -> float:
    return float(np.interp(level, range(6), _table(code)))


def _level(code: str, share: float) -> float:
    return float(np.interp(share, _table(code), range(6)))


def _peak(rig: Rig, person: Person, delta: np.ndarray) -> float:
    marks = person.neutral[rig.landmark68]
    return float(np.linalg.norm(delta[rig.landmark68], axis=1).max() / np.linalg.norm(marks[45] - marks[36]))


# The camera


def _exposed(first: Render) -> np.float32:
    """The gain that brings the face half-way to a mid tone; a camera that meters once."""
    face = first.pixels[first.covered > 0.5].mean() if (first.covered > 0.5).any() else FACE_TONE
    return np.float32((FACE_TONE / max(face, 0.01)) ** 0.5)


def _developed(light: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Noise in tones: the tone curve makes shot noise about equal everywhere."""
    tones = _TONES[np.minimum(light * np.float32(4095), 4095).astype(np.uint16)]
    return np.clip(tones + noise, 0, 255).astype(np.uint8)


_TONES = (255 * srgb(np.arange(4096) / 4095) + 0.5).astype(np.float32)
