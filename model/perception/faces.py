"""Where the faces of a picture are, whoever found them: one protocol for every landmark backend.

`bundled` is the default, `landmarker_task` and `shipped_points` are the others. Each names itself in every face that it gives, because
two backends are two models: their points differ by about one AU level.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from .landmarks import IBUG68_IN_478, iod

BACKEND = "mediapipe-0.10.21-bundled"  # the default's name
CROP_OVER_BOX = 2.0  # a landmarker's own detector wants some surroundings
DUPLICATE_OVERLAP = 0.5  # of the smaller box (SoVTP's rule)
SMALLEST_PICTURE_PX = 16

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face: `id` (0 is the largest), `box` (x1, y1, x2, y2) in pixels, detector `confidence` 0..1, `points` in pixels or None.

    `points` are MediaPipe's [478, 3]; a dataset that ships points has only the iBUG ones, [68, 3]. `blendshapes` are ARKit's 52 by name,
    0..1, where the backend has them.
    """

    id: int
    box: Box
    confidence: float
    points: np.ndarray | None
    backend: str = BACKEND
    blendshapes: dict[str, float] | None = None

    @cached_property
    def ibug68(self) -> np.ndarray | None:
        """[68, 3] in pixels, whatever the backend; None without points."""
        if self.points is None or len(self.points) == 68:
            return self.points
        return self.points[list(IBUG68_IN_478)]

    @cached_property
    def iod_px(self) -> float:
        """3-D inter-ocular distance in pixels; without landmarks .62 of the detector's box width, its mean on portraits."""
        return iod(self.ibug68) if self.ibug68 is not None else 0.62 * (self.box[2] - self.box[0])


class FaceBackend(Protocol):
    """Finds faces in RGB pixels [h, w, 3] uint8: in any order, duplicates allowed, ids still 0. `name` is what the faces carry."""

    @property
    def name(self) -> str: ...

    def find(self, pixels: np.ndarray) -> list[DetectedFace]: ...


def find_faces(pixels: np.ndarray, backend: FaceBackend | None = None) -> list[DetectedFace]:
    """Every face of an RGB picture [h, w, 3] uint8, largest first, duplicates dropped. Without a backend the default one looks."""
    from .bundled import BundledModels  # which needs this file

    if min(pixels.shape[:2]) < SMALLEST_PICTURE_PX:
        return []
    found = (backend or BundledModels()).find(pixels)
    kept = distinct(sorted(found, key=lambda face: -_area(face.box)))
    return [replace(face, id=number) for number, face in enumerate(kept)]


def distinct(faces: Iterable[DetectedFace]) -> list[DetectedFace]:
    """The faces in their order, without those that cover an earlier one by half of the smaller box."""
    kept: list[DetectedFace] = []
    for face in faces:
        if all(overlap(face.box, other.box) < DUPLICATE_OVERLAP for other in kept):
            kept.append(face)
    return kept


def surroundings(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The square about a detector's box that a landmarker is given: x1, y1, x2, y2, cut by a picture of `shape` (h, w, ...)."""
    height, width = shape[:2]
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = CROP_OVER_BOX * max(box[2] - box[0], box[3] - box[1]) / 2
    return max(0, int(cx - half)), max(0, int(cy - half)), min(width, int(cx + half) + 1), min(height, int(cy + half) + 1)


def bounds(points: np.ndarray) -> Box:
    """The upright box about points [n, 2 or 3]."""
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def overlap(a: Box, b: Box) -> float:
    """Intersection over the smaller of the two boxes, 0..1."""
    shared = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    if shared[2] <= shared[0] or shared[3] <= shared[1]:
        return 0.0
    return _area(shared) / max(1e-6, min(_area(a), _area(b)))


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
