"""Clips of a photo whose face moves, filmed out of the hand: real skin, bent by units at known levels over time. Nobody blinks or turns the head there."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ...model.davison import COARSE, davison_class
from ..driving.driven import driven
from ..driving.fitting import Fit, fitted
from ..driving.puppet import Puppet
from ..rig.rig import Sides
from ..synthesis.photo import Photo, read_photo, resized
from .camcorder import Sensor, sample_camcorder, write_clip
from .events import Event, curve
from .scripts import ClipPlan, sample_plan

# Units that bend a photo alone or together, at the apex beyond what it shows.
CHANGES: tuple[tuple[str, ...], ...] = (("AU12",), ("AU1", "AU2"), ("AU4",), ("AU15",), ("AU9",), ("AU20",), ("AU6", "AU12"))
ONE_SIDED = ("AU12",)
LEVEL, ONE_SIDE = (1.5, 3.0), 0.25
FPS, SECONDS, FAMILY, IOD_PX = 30.0, 8.0, "phone", (60.0, 110.0)
HEIGHTS = 15  # steps of a movement that are bent, the others are like the nearest
# A hand's shake: what is left of it after a frame, and what comes to it in px, px, radians, share of the size.
STEADY, SHAKE = 0.97, (0.25, 0.25, 0.0006, 0.0004)


def write_photo_clip(path: Path, portrait: Path, doll: Puppet, rng: np.random.Generator) -> dict:
    """A clip at `path` (.mp4) of a micro- and a macro-expression, and its labels beside it (.json); FacewiseError for a photo without a face."""
    photo = _even(resized(whole := read_photo(portrait), float(rng.uniform(*IOD_PX)) / whole.iod))
    plan = sample_plan(rng, FPS, SECONDS, [(kind, _aus(rng), None) for kind in ("micro", "macro")], (), blinks_per_s=0)
    camcorder = sample_camcorder(rng, FAMILY, FPS)
    height, width = photo.pixels.shape[:2]
    sensor = Sensor(camcorder.camera, (width, height), 1.0, np.random.default_rng(plan.seed))
    lights = _held(_moving(photo, fitted(photo, doll.model), plan, doll), rng)
    write_clip(path, (sensor.developed(light) for light in lights), FPS, camcorder)
    labels = {"fps": FPS, "frames": plan.count, "width": width, "height": height, "crf": camcorder.crf}
    labels |= {"iod_px": round(photo.iod, 2), "events": [_label(event) for event in plan.events], "distractors": []}
    path.with_suffix(".json").write_text(json.dumps(labels, indent=1))
    return labels


def _aus(rng: np.random.Generator) -> dict[str, Sides]:
    codes, level = CHANGES[rng.integers(len(CHANGES))], float(rng.uniform(*LEVEL))
    if codes == ONE_SIDED and rng.random() < ONE_SIDE:
        return {codes[0]: (level, 0.0) if rng.random() < 0.5 else (0.0, level)}
    return dict.fromkeys(codes, (level, level))


def _moving(photo: Photo, fit: Fit, plan: ClipPlan, doll: Puppet) -> Iterator[np.ndarray]:
    """Linear light [h, w, 3] of every frame."""
    bent: dict[tuple[int, int], np.ndarray] = {}
    for i in range(plan.count):
        steps = [round(HEIGHTS * float(curve(event, np.array([float(i)]))[0])) for event in plan.events]
        number = int(np.argmax(steps))
        key = (number, steps[number]) if steps[number] else (0, 0)
        if key not in bent:
            share, aus = key[1] / HEIGHTS, plan.events[key[0]].aus
            change = {code: (share * left, share * right) for code, (left, right) in aus.items()} if share else {}
            bent[key] = driven(photo, fit, change, doll, np.random.default_rng(plan.seed)).pixels.astype(np.float32)
        yield bent[key]


def _held(lights: Iterator[np.ndarray], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The same out of a hand."""
    shake = np.zeros(4)
    for light in lights:
        shake = STEADY * shake + rng.normal(size=4) * SHAKE
        height, width = light.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), np.degrees(shake[2]), 1 + shake[3])
        turn[:, 2] += shake[:2]
        yield cv2.warpAffine(light, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT).clip(0, 1)


def _even(photo: Photo) -> Photo:
    """The codec wants even sides."""
    height, width = (side // 2 * 2 for side in photo.pixels.shape[:2])
    return Photo(photo.pixels[:height, :width], photo.points)


def _label(event: Event) -> dict:
    name = davison_class(event.aus)
    moments = {moment: getattr(event, moment) for moment in ("onset", "apex", "offset")}
    seconds = {f"{moment}_s": round(frame / FPS, 4) for moment, frame in moments.items()}
    return {"kind": event.kind, "aus": event.aus, "class": name, "coarse": COARSE[name], **moments, **seconds}
