"""A whole clip watched once: every face found, followed and read frame by frame, and what it did. Streaming: only numbers are kept.

Faces keep an id, largest first; a face that was lost and found again keeps it, and every face has the list of frames in which it was
seen. What needs pixels afterwards (the views of an interval's onset and apex) fetches its few frames in a second pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from .bundled import BundledModels
from .curves import Curves, Recorder
from .faces import DetectedFace, FaceBackend, find_faces
from .quality import QualityNumbers, quality_numbers
from .spotting import Spotted, spot
from .tracks import Tracker
from .video import Clip, Frame

QUALITY_EVERY_S = 0.5
MESH = 478  # points of which motion is read; shipped ones are 68
Spotting = Callable[[Curves], Spotted]


@dataclass(frozen=True, eq=False)
class WatchedFace:
    """One person of a clip: `id` (0 is the largest), n moments at which the face was seen.

    `frames` [n] count from 0, `times` [n] in s, `boxes` [n, 4] and `points68` [n, 68, 3] (NaN where there are none) in pixels, `confidence`
    [n] of the detector, `quality` twice a second, and what was `spotted` of it (None where it never had its mesh).
    """

    id: int
    backend: str
    frames: np.ndarray
    times: np.ndarray
    boxes: np.ndarray
    points68: np.ndarray
    confidence: np.ndarray
    quality: tuple[QualityNumbers, ...]
    spotted: Spotted | None

    @property
    def seen(self) -> np.ndarray:
        """[last frame + 1] bool: the frames in which this face was found."""
        mask = np.zeros(int(self.frames[-1]) + 1, bool)
        mask[self.frames] = True
        return mask

    def within(self, frame: int) -> DetectedFace | None:
        """The face as it was found in a frame, with its 68 points; None where it was not seen."""
        at = int(np.searchsorted(self.frames, frame))
        if at == len(self.frames) or self.frames[at] != frame:
            return None
        x1, y1, x2, y2 = map(float, self.boxes[at])
        points = self.points68[at]
        return DetectedFace(
            self.id, (x1, y1, x2, y2), float(self.confidence[at]), None if np.isnan(points).any() else points, self.backend
        )


@dataclass(frozen=True, eq=False)
class Watched:
    """A clip and its people, largest first. `frames` and `duration_s` are what was decoded, `notes` what was wrong on the way."""

    name: str
    size: tuple[int, int]
    fps: float
    frames: int
    duration_s: float
    faces: tuple[WatchedFace, ...]
    notes: tuple[str, ...]


@dataclass
class _Person:
    recorder: Recorder = field(default_factory=Recorder)
    rows: list[tuple] = field(default_factory=list)
    quality: list[QualityNumbers] = field(default_factory=list)
    judged_s: float = -np.inf
    backend: str = ""

    def see(self, frame: Frame, face: DetectedFace) -> None:
        self.backend = face.backend
        self.rows.append((frame.index, frame.time_s, face.box, _points68(face), face.confidence))
        if face.points is not None and len(face.points) == MESH:
            self.recorder.push(frame.pixels, face.points, frame.index, frame.time_s)
        if frame.time_s - self.judged_s >= QUALITY_EVERY_S:
            self.quality.append(quality_numbers(frame.pixels, face))
            self.judged_s = frame.time_s

    @property
    def size(self) -> float:
        return float(np.mean([(x2 - x1) * (y2 - y1) for _, _, (x1, y1, x2, y2), _, _ in self.rows])) * len(self.rows)

    def watched(self, number: int, spotting: Spotting) -> WatchedFace:
        frames, times, boxes, points, confidence = zip(*self.rows, strict=True)
        spotted = spotting(self.recorder.curves()) if self.recorder.count else None
        return WatchedFace(
            number,
            self.backend,
            np.array(frames),
            np.array(times),
            np.array(boxes, np.float32),
            np.array(points, np.float32),
            np.array(confidence, np.float32),
            tuple(self.quality),
            spotted,
        )


def watch(
    clip: Clip,
    backend: FaceBackend | None = None,
    progress: Callable[[Frame], None] | None = None,
    spotting: Spotting = spot,
) -> Watched:
    """Everything that perception finds in a clip; in each frame faces down to .07 of its short side. `progress` is told each frame that is done;
    `spotting` tells the movements from a face's curves."""
    backend = backend or BundledModels(thorough=False)
    tracker = Tracker()
    people: dict[int, _Person] = {}
    count, last = 0, 0.0
    for frame in clip.frames():
        for number, face in tracker.update(find_faces(frame.pixels, backend), frame.time_s).items():
            people.setdefault(number, _Person()).see(frame, face)
        count, last = frame.index + 1, frame.time_s
        if progress:
            progress(frame)
    ordered = sorted(people.values(), key=lambda person: -person.size)
    faces = tuple(person.watched(i, spotting) for i, person in enumerate(ordered))
    return Watched(clip.name, clip.size, clip.fps, count, last + (1 / clip.fps if clip.fps else 0.0), faces, tuple(clip.notes))


def fetch(clip: Clip, wanted: Iterable[int]) -> Iterator[Frame]:
    """The frames of these numbers, in one pass that ends with the last of them."""
    missing = set(wanted)
    if not missing:
        return
    for frame in clip.frames():
        if frame.index in missing:
            yield frame
            missing.discard(frame.index)
        if not missing:
            return


def _points68(face: DetectedFace) -> np.ndarray:
    return face.ibug68 if face.ibug68 is not None else np.full((68, 3), np.nan, np.float32)
