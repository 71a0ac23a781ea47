"""MediaPipe Tasks (mediapipe 1.x) with a face_landmarker.task file of the user's: 478 points and ARKit's 52 blendshapes.

Two stages like the default. The file's own detector sees at close range only (40 of 320 faces on composed group pictures), so it looks
at overlapping tiles, too, and the landmarker confirms each find, because a tile's edge can look like a face. Two backends are two models:
the measured difference to the bundled points is taken out, for the file that it was measured with. A single face's points still differ by
.014 IOD, as much as the bundled model's own on the mirrored photo: never mix the two in one clip.
"""

import hashlib
import json
import threading
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakSet, ref

import cv2
import numpy as np

from ..errors import FacewiseError
from .faces import DUPLICATE_OVERLAP, DetectedFace, bounds, distinct, overlap, surroundings
from .landmarks import IBUG68_IN_478, RIGID, canonical, iod
from .tiles import tiles

PINNED = "mediapipe==1.2.2"
LIBRARIES = "apt-get install libegl1 libgles2"
DETECTOR = "face_detector.tflite"  # in the .task file, which is a zip
PARTS = (DETECTOR, "face_landmarks_detector.tflite", "face_blendshapes.tflite")

# The detector's input is 128 px wide and it finds faces from an eighth of its picture on. Tiles of a half and a quarter of the short side
# leave no gap down to a thirtieth; in a tile under 128 px there is nothing more to see. 313 of 320 composed faces, the rest under 26 px.
TILES_A_SIDE = (1, 2, 4)
SEEN_PX = 256  # tiles are shrunk to this first: twice the detector's input, and a large picture costs no more than a small one
FOUND, PRESENT = 0.5, 0.3  # confidences as in the default: of the detector, and of the landmarker on its crop
FACES_A_CROP = 4  # neighbours in a crop; the one that covers the detector's box is taken


class LandmarkerTask:
    """The backend. Models belong to the thread that made them and end with it, with `close`, a `with` block or the program.

    Raises FacewiseError at once where the file, mediapipe 1.x or the system's OpenGL ES libraries are missing.
    """

    def __init__(self, path: str | Path):
        self._path = _checked(Path(path))
        measured_with = hashlib.sha256(self._path.read_bytes()).hexdigest() == _difference().task_sha256
        self._offset = _difference() if measured_with else None
        self.name = f"mediapipe-tasks-{_tasks_version()}" + ("" if measured_with else "-unaligned")
        self._mine = threading.local()
        self._opened: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()
        self._models()
        # MediaPipe ends its models on threads that are gone when atexit runs: only this hook is early enough. Left open, they end in a
        # traceback on stderr.
        threading._register_atexit(_close, ref(self))  # type: ignore[attr-defined]

    def __enter__(self) -> "LandmarkerTask":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the models of every thread; the next `find` would make new ones."""
        self._mine = threading.local()
        with self._lock:
            opened = list(self._opened)
        for model in opened:
            model.close()

    def find(self, pixels: np.ndarray) -> list[DetectedFace]:
        """Faces with points and blendshapes; what the landmarker does not confirm is left out."""
        height, width = pixels.shape[:2]
        looks = [self._detections(pixels, tile) for tile in ((0, 0, width, height), *tiles(height, width, TILES_A_SIDE))]
        detections = sorted((face for look in looks for face in look), key=lambda face: -face.confidence)
        faces = [self._landmarked(pixels, detection) for detection in distinct(detections)]
        return [face for face in faces if face is not None]

    def _detections(self, pixels: np.ndarray, tile: tuple[int, int, int, int]) -> list[DetectedFace]:
        x1, y1, x2, y2 = tile
        seen, scale = _shrunk(pixels[y1:y2, x1:x2])
        found = []
        for detection in self._models().detector.detect(_image(seen)).detections:
            box = detection.bounding_box
            left, top = x1 + box.origin_x * scale, y1 + box.origin_y * scale
            corners = (left, top, left + box.width * scale, top + box.height * scale)
            found.append(DetectedFace(0, corners, float(detection.categories[0].score), None, self.name))
        return found

    def _landmarked(self, pixels: np.ndarray, detection: DetectedFace) -> DetectedFace | None:
        x1, y1, x2, y2 = surroundings(detection.box, pixels.shape)
        if min(x2 - x1, y2 - y1) < 8:
            return None
        result = self._models().landmarker.detect(_image(pixels[y1:y2, x1:x2]))
        size, corner = np.array([x2 - x1, y2 - y1, x2 - x1]), np.array([x1, y1, 0])  # z is in units of the width, like x
        meshes = [np.array([(p.x, p.y, p.z) for p in mesh]) * size + corner for mesh in result.face_landmarks]
        shares = [overlap(bounds(points), detection.box) for points in meshes]
        if max(shares, default=0.0) < DUPLICATE_OVERLAP:
            return None
        best = int(np.argmax(shares))
        points = (meshes[best] if self._offset is None else aligned(meshes[best], self._offset)).astype(np.float32)
        blendshapes = {shape.category_name: float(shape.score) for shape in result.face_blendshapes[best]}
        return DetectedFace(0, bounds(points), detection.confidence, points, self.name, blendshapes)

    def _models(self) -> threading.local:
        mine = self._mine
        if not hasattr(mine, "landmarker"):
            mine.detector, mine.landmarker = _opened(self._path)
            with self._lock:
                self._opened.update((mine.detector, mine.landmarker))
        return mine


def _close(backend: "ref[LandmarkerTask]") -> None:
    if (left_open := backend()) is not None:
        left_open.close()


# The difference between the two models


@dataclass(frozen=True, eq=False)
class Difference:
    """Bundled minus Tasks points, in the head's own frame and IOD: a mean and what goes along with the face's shape.

    `mean_shape` [204] and `directions` [k, 204] span canonical iBUG points, `largest` [k] is the largest score measured, `offsets`
    [1 + k, 478, 3] the mean difference and its change per unit of each score.
    """

    task_sha256: str
    mean_shape: np.ndarray
    directions: np.ndarray
    largest: np.ndarray
    offsets: np.ndarray


@cache
def _difference() -> Difference:
    held = json.loads(files(__package__).joinpath("tasks_difference.json").read_text())
    numbers = {name: np.array(held[name]) for name in ("mean_shape", "directions", "largest", "offsets")}
    return Difference(held["task_sha256"], **numbers)


def aligned(points: np.ndarray, difference: Difference) -> np.ndarray:
    """Tasks' points [478, 3] where the bundled model would put them on average; beyond what was measured the difference is held."""
    points68 = points[list(IBUG68_IN_478)]
    shape, frame = head_frame(points68)
    scores = difference.directions @ (shape.ravel() - difference.mean_shape)
    scores = np.clip(scores, -difference.largest, difference.largest)
    offset = difference.offsets[0] + np.tensordot(scores, difference.offsets[1:], axes=1)
    return points + iod(points68) * offset @ frame.T


def head_frame(points68: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical points [68, 3] and the rotation [3, 3] that `canonical` took out: centred points in IOD @ rotation = canonical points."""
    shape, _ = canonical(points68)
    centred = (points68 - points68[list(RIGID)].mean(0)) / iod(points68)
    return shape, np.linalg.lstsq(centred, shape, rcond=None)[0]


# The file and the library


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file; give the path of MediaPipe's face_landmarker.task")
    try:
        with zipfile.ZipFile(path) as bundle:
            missing = sorted(set(PARTS) - set(bundle.namelist()))
    except (OSError, zipfile.BadZipFile) as error:
        raise FacewiseError(f"{path}: not a .task file ({error}); give MediaPipe's face_landmarker.task") from None
    if missing:
        raise FacewiseError(f"{path}: a .task file without {', '.join(missing)}; give MediaPipe's face_landmarker.task")
    return path


def _tasks_version() -> str:
    try:
        found = version("mediapipe")
    except PackageNotFoundError:
        found = "none"
    if not found[0].isdigit() or int(found.split(".")[0]) < 1:
        raise FacewiseError(
            f"face_landmarker.task needs mediapipe 1.x, installed is {found}; pip install {PINNED}, in an environment of its own, because "
            "the default backend needs 0.10.21"
        )
    return found


def _opened(path: Path) -> tuple[Any, Any]:
    """A detector and a landmarker, in image mode: with one face the video mode smooths over time, which blunts micro-expressions."""
    try:
        from mediapipe.tasks.python import BaseOptions, vision

        with zipfile.ZipFile(path) as bundle:
            short_range = BaseOptions(model_asset_buffer=bundle.read(DETECTOR))
        detector = vision.FaceDetector.create_from_options(
            vision.FaceDetectorOptions(base_options=short_range, min_detection_confidence=FOUND)
        )
        landmarker = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(path)),
                num_faces=FACES_A_CROP,
                min_face_detection_confidence=PRESENT,
                min_face_presence_confidence=PRESENT,
                output_face_blendshapes=True,
            )
        )
    except ImportError as error:
        raise FacewiseError(f"mediapipe cannot be imported ({error}); pip install {PINNED}") from None
    except OSError as error:  # ctypes: a shared library that is not there
        raise FacewiseError(f"MediaPipe Tasks lacks a system library ({error}); {LIBRARIES}") from None
    except (RuntimeError, ValueError) as error:
        raise FacewiseError(f"{path}: MediaPipe refuses it ({error}); give MediaPipe's face_landmarker.task") from None
    return detector, landmarker


def _shrunk(tile: np.ndarray) -> tuple[np.ndarray, float]:
    """The tile with its longer side at most SEEN_PX, and the pixels of the picture in one of it."""
    scale = max(1.0, max(tile.shape[:2]) / SEEN_PX)
    if scale == 1.0:
        return tile, 1.0
    size = max(1, round(tile.shape[1] / scale)), max(1, round(tile.shape[0] / scale))
    return cv2.resize(tile, size, interpolation=cv2.INTER_AREA), scale


def _image(pixels: np.ndarray) -> Any:
    from mediapipe import Image, ImageFormat

    return Image(image_format=ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
