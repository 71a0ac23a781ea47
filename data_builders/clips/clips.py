"""Clips with frame-exact labels: neutral, onset, apex, offset; among head drift, blinks, gaze, speech and unsteady light.

A clip is three files: NAME.mp4, NAME.json with its labels (of each frame too) and NAME.npz with the flow of each expression. The video gets
its name last, so what has a name is whole. All chance lies in the script and the generators given.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np

from ...model.davison import COARSE, davison_class
from ..rig.look import Look, Painting, sample_look
from ..rig.render import Render, View, draw
from ..rig.rig import Person, Rig, Sides
from .camcorder import Camcorder, Sensor, write_clip
from .events import peak_iod
from .flow_truth import SPARSE, expression_flow, packed
from .scripts import Script
from .takes import Take

FACE_TONE = 0.25  # linear light; sRGB 137
INTENSITIES = "-ABCDE"


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


def frames(take: Take, look: Look, camcorder: Camcorder) -> Iterator[tuple[np.ndarray, FrameTruth]]:
    """uint8 [h, w, 3] RGB of the take's size, which is the look's, each with its truth."""
    sensor: Sensor | None = None
    for i in range(take.plan.count):
        posed, levels = take.posed(i), take.levels(i)
        drawn = draw(take.rig, take.paint, posed.mesh, levels, look, posed.view)
        if sensor is None:
            sensor = Sensor(camcorder.camera, take.size, _exposure(drawn), np.random.default_rng(take.plan.seed))
        lit = drawn.pixels * take.course.light(i, *drawn.pixels.shape[:2])
        yield sensor.developed(lit), _truth(take, i, posed.view, levels, drawn.points)


def _truth(take: Take, i: int, view: View, levels: dict[str, Sides], points: np.ndarray) -> FrameTruth:
    x, y = view.place
    yaw, pitch, roll, *_, zoom = take.course.pose[i].tolist()
    place_px = (x * take.size[0], y * take.size[1])
    return FrameTruth(i, i / take.plan.fps, yaw, pitch, roll, place_px, take.iod_px * zoom, levels, points)


def _exposure(first: Render) -> float:
    """The gain that brings the face half-way to a mid tone; a camera that meters once."""
    face = first.pixels[first.covered > 0.5].mean() if (first.covered > 0.5).any() else FACE_TONE
    return float((FACE_TONE / max(face, 0.01)) ** 0.5)


# Labels


def clip_labels(take: Take, camcorder: Camcorder) -> dict:
    """What is true of a clip, ready for JSON: events with their levels at the apex and their class, distractors, camera and codec."""
    plan, camera, (width, height) = take.plan, camcorder.camera, take.size
    spans = [{"kind": span.kind, "start": span.start, "end": span.end} for span in plan.distractors]
    keyframes = list(range(0, plan.count, camcorder.gop))
    pulses = [{"kind": "pulse", "start": at, "end": at} for at in keyframes[1:] if camcorder.pulses]
    return {
        "fps": plan.fps,
        "frames": plan.count,
        "width": width,
        "height": height,
        "iod_px": round(take.iod_px, 2),
        "events": [_event_label(take, number) for number in range(len(plan.events))],
        "distractors": spans + pulses,
        "camera": {name: value for name, value in asdict(camera).items() if name != "quality"}
        | {"balance": list(camera.balance)},
        "crf": camcorder.crf,
        "gop": camcorder.gop,
    }


def _event_label(take: Take, number: int) -> dict:
    event, moved = take.plan.events[number], take.movements[number]
    levels = {code: [round(level, 2) for level in sides] for code, sides in moved.levels().items()}
    label = {
        "kind": event.kind,
        "aus": levels,
        "intensity": {code: INTENSITIES[min(5, max(1, round(max(sides))))] for code, sides in levels.items()},
        "peak_iod": round(peak_iod(take.rig, take.person, moved.delta), 5),
    }
    if event.kind != "blink":
        name = davison_class(event.aus)
        label |= {"class": name, "coarse": COARSE[name], "flow": f"event{number}"}
    for moment in ("onset", "apex", "offset"):
        frame = getattr(event, moment)
        label |= {moment: frame, f"{moment}_s": round(frame / take.plan.fps, 4)}
    return label


def frame_labels(take: Take, truths: Iterable[FrameTruth]) -> dict:
    """By frame: `pose` {name: [N]} and `levels` {code: [[left, right] x N]} of the units that occur."""
    told = list(truths)
    names = ("yaw", "pitch", "roll", "place_px", "iod_px")
    codes = sorted({code for event in take.plan.events for code in event.aus})
    levels = {code: [[round(level, 2) for level in one.levels.get(code, (0.0, 0.0))] for one in told] for code in codes}
    return {"pose": {name: [np.round(getattr(one, name), 3).tolist() for one in told] for name in names}, "levels": levels}


# Files


def labelled_clip(path: Path, rig: Rig, paint: Painting, person: Person, script: Script, rng: np.random.Generator) -> dict:
    """The clip at `path` (.mp4) and what belongs to it; the look is drawn from `rng`. Returns its labels, those by frame left out."""
    look = sample_look(rig, paint, rng, script.size)
    take = Take(rig, paint, person, script.plan, script.size, script.iod_px)
    return write_labelled_clip(path, take, look, script.camcorder)


def write_labelled_clip(path: Path, take: Take, look: Look, camcorder: Camcorder) -> dict:
    """Raises OSError when a file cannot be written; then, and when the run is killed, no video has its name."""
    told: list[FrameTruth] = []

    def pictures() -> Iterator[np.ndarray]:
        for pixels, truth in frames(take, look, camcorder):
            told.append(truth)
            yield pixels

    parts = {suffix: path.with_name(f".{path.stem}.part{suffix}") for suffix in (".npz", ".json", ".mp4")}
    try:
        write_clip(parts[".mp4"], pictures(), take.plan.fps, camcorder)
        labels = clip_labels(take, camcorder)
        parts[".json"].write_text(json.dumps(labels | frame_labels(take, told)))
        parts[".npz"].write_bytes(packed(_flows(take)))
        for suffix, part in parts.items():
            part.replace(path.with_suffix(suffix))
    except av.FFmpegError as error:  # not every one of them is an OSError, nor comes whole out of a worker
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return labels


def _flows(take: Take) -> dict:
    """The flow of each expression, not of blinks, under the name that its label tells."""
    events = take.plan.events
    return {f"event{n}": expression_flow(take, event, SPARSE) for n, event in enumerate(events) if event.kind != "blink"}
