"""Clips without pixels for the tests of answers: faces that were watched, movements that were spotted, evidence that was read."""

from dataclasses import replace

import numpy as np
import torch
from test_assistant import CALIBRATION, Eyes, evidence

from facewise.model.assistant import Assistant
from facewise.model.clips import Filmed
from facewise.model.engines.fake import FakeEngine
from facewise.model.network.evidence import Evidence
from facewise.model.network.seen_clip import SeenClip
from facewise.model.perception.clip import Watched, WatchedFace
from facewise.model.perception.curves import Curves
from facewise.model.perception.displacement import NAMES
from facewise.model.perception.distractors import Distractor
from facewise.model.perception.moments import Moments
from facewise.model.perception.spotting import Spot, Spotted
from facewise.model.perception.video import Clip, Frame

FPS = 30
LIP = {"left lip corner": (0.01, -0.02), "left cheek": (0.0, -0.01)}


def still(**aus: tuple[float, float, float]) -> Evidence:
    """A neutral face, live, nothing of it active but what is named."""
    calm = dict.fromkeys(evidence().emotion, 0.01) | {"neutral": 0.92}
    return replace(evidence(-3.0, **(aus or {"AU4": (0.2, 0.2, 0.1)})), emotion=calm)


def smiling(happy: float = 0.7, **aus: tuple[float, float, float]) -> Evidence:
    calm = dict.fromkeys(evidence().emotion, 0.01) | {"neutral": 0.92 - happy, "happiness": happy}
    return replace(still(**(aus or {"AU12": (2.2, 0.3, 0.95)})), emotion=calm)


def spot(apex: int, kind: str = "micro", ratio: float = 4.0, regions: dict | None = None) -> Spot:
    """A movement of eleven frames."""
    onset, offset = apex - 3, apex + 7
    seconds = (round(frame / FPS, 4) for frame in (onset, apex, offset))
    return Spot(onset, apex, offset, *seconds, kind, 0.9, LIP if regions is None else regions, ratio)


def watched(*spots: Spot, number: int = 0, frames: int = 90, explained: tuple[str, ...] = ()) -> WatchedFace:
    numbers = np.arange(frames)
    nothing = np.zeros((frames, 2))
    curves = Curves(numbers, numbers / FPS, nothing, numbers, nothing, numbers, nothing, nothing)
    spans = tuple(Distractor(kind, 0.1, 0.2) for kind in explained)
    unmoved = np.zeros((frames, len(NAMES), 2))
    spotted = Spotted(curves, unmoved, nothing, nothing, numbers < 20, spots, spans, 5 / FPS)
    box = np.tile(np.float32([10 + 40 * number, 10, 40 + 40 * number, 50]), (frames, 1))
    points = np.zeros((frames, 68, 3), np.float32)
    return WatchedFace(number, "told", numbers, numbers / FPS, box, points, np.ones(frames), (), spotted)


def filmed(*faces: WatchedFace, moved: dict[int, Evidence] | None = None, rest: Evidence | None = None) -> Filmed:
    """`moved`: by frame, what was read there; every calm frame reads `rest`."""
    frames = max((len(face.frames) for face in faces), default=10)
    pixels = np.zeros((100, 120, 3), np.uint8)
    clip = Clip("clip.mp4", (120, 100), FPS, frames, lambda _: (Frame(n, n / FPS, pixels + np.uint8(n)) for n in range(frames)))
    seen = {(face.id, n): rest or still() for face in faces for n in range(min(20, len(face.frames)))}
    seen |= {(face.id, n): numbers for face in faces for n, numbers in (moved or {}).items()}
    told = Watched("clip.mp4", (120, 100), FPS, frames, frames / FPS, faces, ())
    features = {place: torch.zeros(42, 8) for place in seen}
    return Filmed(clip, SeenClip(Moments(clip, told, {}, {}, {}), seen, features, torch.ones(42, dtype=torch.long)))


class Perceives(Eyes):
    """Finds the same faces in every picture; `perceived` counts them."""

    max_faces = 8

    def __init__(self, *found: Evidence):
        super().__init__()
        self.found, self.perceived = list(found), 0

    def perceive(self, picture):
        self.faces[picture.name] = self.found
        self.perceived += 1
        return super().perceive(picture)


def asking(engine: FakeEngine | None = None, *found: Evidence) -> Assistant:
    return Assistant(Perceives(*found), engine or FakeEngine(), CALIBRATION, "tiny")


def whole(stream):
    """What a stream ends with."""
    while True:
        try:
            next(stream)
        except StopIteration as ended:
            return ended.value
