"""The default backend, in every install: MediaPipe 0.10.21's bundled models, no download and no system library.

Two stages, the full-range detector on the picture, then the landmarker on each crop, because FaceMesh alone looks at close range: it
found 1 of 5 faces of a group photo, the two together 41 of 41 on eight; smaller ones show in tiles. A face of the whole picture whose landmarks
fail is kept without them: the network has a learned token for that, and the answer says so.
"""

import threading

import numpy as np

from ..errors import INSTALL_BESIDE, FacewiseError
from .faces import BACKEND, DUPLICATE_OVERLAP, Box, DetectedFace, bounds, overlap, surroundings
from .tiles import tiles

# The detector misses most faces under .07 of the short side; of 320 on composed group pictures it found 127, with half-size tiles 312.
TILES_A_SIDE = (1, 2)
NEAR = 0.3  # of the short side

_models = threading.local()  # MediaPipe graphs belong to the thread that made them


class BundledModels:
    """The backend; its models are made once per thread, when the first picture comes. `thorough` looks into the tiles of a picture, too,
    if no face fills it: what a photo is worth is not what each frame of a film is worth."""

    name = BACKEND

    def __init__(self, thorough: bool = True):
        self.thorough = thorough

    def find(self, pixels: np.ndarray) -> list[DetectedFace]:
        """Raises FacewiseError where mediapipe 0.10.21 is missing."""
        found = [_landmarked(pixels, box, confidence) for box, confidence in _detections(pixels)]
        if self.thorough and not _filled(found, pixels.shape):
            found += _smaller(pixels, found)
        return found


def _filled(found: list[DetectedFace], shape: tuple[int, ...]) -> bool:
    """Whether somebody is so near that a crowd is not to be expected."""
    return any(max(x2 - x1, y2 - y1) > NEAR * min(shape[:2]) for x1, y1, x2, y2 in (face.box for face in found))


def _smaller(pixels: np.ndarray, found: list[DetectedFace]) -> list[DetectedFace]:
    """Faces that show only in tiles; the landmarker confirms each, because a tile's edge can look like a face."""
    height, width = pixels.shape[:2]
    more: list[DetectedFace] = []
    for x1, y1, x2, y2 in tiles(height, width, TILES_A_SIDE):
        for (left, top, right, bottom), confidence in _detections(np.ascontiguousarray(pixels[y1:y2, x1:x2])):
            box = (x1 + left, y1 + top, x1 + right, y1 + bottom)
            if all(overlap(box, other.box) < DUPLICATE_OVERLAP for other in (*found, *more)):
                face = _landmarked(pixels, box, confidence)
                more += [face] if face.points is not None else []
    return more


def _detections(pixels: np.ndarray) -> list[tuple[Box, float]]:
    height, width = pixels.shape[:2]
    result = _mediapipe().detector.process(pixels)
    boxes = []
    for detection in result.detections or ():
        relative = detection.location_data.relative_bounding_box
        x, y = relative.xmin * width, relative.ymin * height
        boxes.append(((x, y, x + relative.width * width, y + relative.height * height), float(detection.score[0])))
    return boxes


def _landmarked(pixels: np.ndarray, box: Box, confidence: float) -> DetectedFace:
    x1, y1, x2, y2 = surroundings(box, pixels.shape)
    points = _mesh(np.ascontiguousarray(pixels[y1:y2, x1:x2]))
    if points is None:
        return DetectedFace(0, box, confidence, None, BACKEND)
    points = points + np.array([x1, y1, 0], dtype=np.float32)
    return DetectedFace(0, bounds(points), confidence, points, BACKEND)


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


def _mediapipe() -> threading.local:
    if not hasattr(_models, "mesh"):
        try:
            from mediapipe.python.solutions import face_detection, face_mesh
        except ImportError as error:
            raise FacewiseError(f"the face detector is missing ({error}); {INSTALL_BESIDE}") from None
        _models.detector = face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
        _models.mesh = face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )
    return _models
