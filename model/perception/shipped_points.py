"""Points that a dataset ships, as a backend: they stand for the detector's on the one picture that they were made for.

Shipped points are mostly flat; their depth is the mean face's under the pose that fits them best, so that canonical coordinates mean the
same as elsewhere. On 523 photos that gives back a detector's own canonical x and y within .007 IOD and its pose within a degree. Yet they
are another annotator's points: the backend's name says whose, and they are not to be mixed with detected ones.
"""

from pathlib import Path

import numpy as np

from ..errors import FacewiseError
from .faces import DetectedFace, bounds
from .landmarks import RIGID, iod, mean_face

POINTS = 68
READ = ".npy, .pts and .csv are read"


class ShippedPoints:
    """The backend: `points` [68, 2] or [68, 3] in pixels of a picture of `size` (w, h), iBUG order; `name` is the dataset's.

    Raises FacewiseError for points of another shape, that are no numbers, or that lie all in one place.
    """

    def __init__(self, points: np.ndarray, size: tuple[int, int], name: str):
        self.name = f"shipped:{name}"
        self.points = _in_depth(_checked(np.asarray(points, dtype=np.float64), self.name)).astype(np.float32)
        self.size = size

    def find(self, pixels: np.ndarray) -> list[DetectedFace]:
        """The one face, confidence 1; FacewiseError for a picture of another size."""
        (wide, high), (height, width) = self.size, pixels.shape[:2]
        if (width, height) != (wide, high):
            raise FacewiseError(
                f"{self.name}: the points were made for a picture of {wide} x {high} pixels, this one has {width} x {height}; "
                "give the picture that they were made for"
            )
        return [DetectedFace(0, bounds(self.points), 1.0, self.points, self.name)]


def read_points(path: str | Path) -> np.ndarray:
    """iBUG points [68, 2 or 3] float64 of a file: .npy; .csv of x,y; .pts, bare `x y` lines or 300-W's with a header.

    300-W's count pixels from 1 (menpo takes 1 off, too), ours from 0. Raises FacewiseError with the file and the fault.
    """
    path = Path(path)
    readers = {".npy": _npy, ".pts": _pts, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise FacewiseError(f"{path}: not a file of points; {READ}")
    try:
        points = readers[path.suffix.lower()](path)
    except OSError as error:
        raise FacewiseError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # numpy's word for a ragged row, a word among numbers, bytes that are no text
        raise FacewiseError(f"{path}: not a file of points ({str(error).splitlines()[0]}); {READ}") from None
    return _checked(points, str(path))


def _npy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except EOFError:
        raise ValueError("it is empty") from None


def _pts(path: Path) -> np.ndarray:
    lines = _lines(path)
    if not any(line.startswith("{") for line in lines):
        return _table([line.split() for line in lines])
    start, end = (next((i for i, line in enumerate(lines) if line.startswith(brace)), len(lines)) for brace in "{}")
    return _table([line.split() for line in lines[start + 1 : end]]) - 1


def _csv(path: Path) -> np.ndarray:
    rows = [line.split(",") for line in _lines(path)]
    has_header = bool(rows) and not _is_number(rows[0][0])
    return _table(rows[has_header:])


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]


def _table(rows: list[list[str]]) -> np.ndarray:
    return np.array([[float(cell) for cell in row] for row in rows], dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked(points: np.ndarray, name: str) -> np.ndarray:
    if len(np.atleast_1d(points)) != POINTS:
        raise FacewiseError(f"{name}: {len(np.atleast_1d(points))} points, {POINTS} are wanted, in iBUG order")
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise FacewiseError(f"{name}: the points have the shape {list(points.shape)}, [{POINTS}, 2] or [{POINTS}, 3] is wanted")
    if not np.isfinite(points).all():
        raise FacewiseError(
            f"{name}: {int((~np.isfinite(points)).any(1).sum())} of the points are no numbers; leave such a picture out"
        )
    if iod(points) < 1:
        raise FacewiseError(f"{name}: the outer eye corners lie within a pixel; pixels are wanted, not shares of the picture")
    return points


def _in_depth(points: np.ndarray) -> np.ndarray:
    """[68, 3] of [68, 2 or 3]: weak perspective, least squares of the rigid points on the mean face's; x and y stay as they are."""
    if points.shape[1] == 3:
        return points
    rigid = list(RIGID)
    model = np.column_stack([mean_face()[rigid], np.ones(len(rigid))])
    projection = np.linalg.lstsq(model, points[rigid], rcond=None)[0][:3].T  # [2, 3]
    left, scales, right = np.linalg.svd(projection, full_matrices=False)
    across, down = left @ right  # the nearest orthonormal rows
    depth = scales.mean() * (mean_face() @ np.cross(across, down))
    return np.column_stack([points, depth])
