"""Where a picture is cut to its face: the square of four inter-ocular distances that the widest view shows, cut by the picture.

Cues are told as visible in that view, so a narrower crop would make them untrue. Nothing is scaled: pixels stay, boxes and points
move.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ...model.perception.faces import DetectedFace, find_faces
from ...model.perception.video import Frame
from ...model.perception.views import wide_square
from ..records import Record

OUTSIDE = "outside the picture"  # in `source`: which boxes were
LOOKED_AT = 8  # frames of a clip in which its face is looked for

Box = tuple[float, float, float, float]


class Rectangle(NamedTuple):
    """Whole pixels of a picture, the ends not included."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, pixels: np.ndarray) -> np.ndarray:
        return pixels[self.top : self.bottom, self.left : self.right]


def face_rectangle(record: Record, pixels: np.ndarray) -> Rectangle | None:
    """About the face that the source tells, else about the largest that perception finds; None where it finds none."""
    square = _square(record, pixels)
    return None if square is None else _rectangle([square], pixels.shape)


def clip_rectangle(record: Record, section: Callable[[], Iterator[Frame]]) -> Rectangle | None:
    """About the face in all frames: one that moved with the head would show as motion. The sides are even, as H.264 wants
    them."""
    shape: tuple[int, ...] = ()
    squares = []
    for frame in _spread(section):
        shape = frame.pixels.shape
        if (square := _square(record, frame.pixels)) is not None:
            squares.append(square)
    if not squares:
        return None
    if (about := _rectangle(squares, shape)) is None:
        return None
    left, top, right, bottom = about
    return Rectangle(left, top, right - (right - left) % 2, bottom - (bottom - top) % 2)


def _spread(section: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    """Some frames from the first to the last."""
    count = sum(1 for _ in section())
    wanted = set(np.linspace(0, count - 1, LOOKED_AT).round().astype(int).tolist())
    for number, frame in enumerate(section()):
        if number in wanted:
            yield frame


def _square(record: Record, pixels: np.ndarray) -> Box | None:
    if record.face is not None:
        return wide_square(DetectedFace(0, record.face, 1.0, None))
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    faces = find_faces(rgb)
    return wide_square(faces[0]) if faces else None


def _rectangle(squares: Iterable[Box], shape: tuple[int, ...]) -> Rectangle | None:
    left, top, right, bottom = np.array(list(squares)).T
    height, width = shape[:2]
    found = Rectangle(
        max(0, int(np.floor(left.min()))),
        max(0, int(np.floor(top.min()))),
        min(width, int(np.ceil(right.max()))),
        min(height, int(np.ceil(bottom.max()))),
    )
    return found if found.right - found.left > 1 and found.bottom - found.top > 1 else None


def moved(record: Record, rectangle: Rectangle) -> Record:
    """The record of the crop: what lies on the picture in the crop's pixels; a box of which nothing is left is gone."""
    width, height = rectangle.right - rectangle.left, rectangle.bottom - rectangle.top
    points = record.points and [[x - rectangle.left, y - rectangle.top] for x, y in record.points]
    clip = record.clip and record.clip | {
        key: value for key, value in (("width", width), ("height", height)) if key in record.clip
    }
    told = {"crop": " ".join(map(str, rectangle))}
    return replace(
        record,
        box=_box(record.box, rectangle),
        face=_box(record.face, rectangle),
        points=points,
        clip=clip,
        source=record.source | told,
    )


def clipped(record: Record, width: int, height: int) -> Record:
    """With boxes that end where the picture does; one that lies outside of it is gone, and `source` says so."""
    whole = Rectangle(0, 0, width, height)
    boxes = {name: box for name in ("box", "face") if (box := getattr(record, name)) is not None}
    left = {name: _box(box, whole) for name, box in boxes.items()}
    if left == boxes:
        return record
    gone = ", ".join(name for name, box in left.items() if box is None)
    source = record.source | {OUTSIDE: gone} if gone else record.source
    return replace(record, box=left.get("box"), face=left.get("face"), source=source)


def _box(box: Box | None, rectangle: Rectangle) -> Box | None:
    if box is None:
        return None
    left, top = max(box[0], rectangle.left) - rectangle.left, max(box[1], rectangle.top) - rectangle.top
    right, bottom = min(box[2], rectangle.right) - rectangle.left, min(box[3], rectangle.bottom) - rectangle.top
    return (left, top, right, bottom) if left < right and top < bottom else None
