"""Pictures of a set: hashed, and left where they are, copied, or cropped to the face.

A file in OUT/media is named by the medium that it was made of, the frames and the crop, and has its name once it is whole: two
records of one picture share it, and a stopped run finds it again.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.picture import read_picture
from ..checks.near_duplicates import perceptual_hash
from ..records import Record
from .crops import Rectangle, clipped, face_rectangle, moved
from .files import copied_file, encoded, written

MEDIA = "media"
WHOLE = "no face was found; the picture is whole"
NO_DECODER = {
    **dict.fromkeys((".h5", ".hdf5"), "HDF5 is not decoded; export its colour channel as a video or as a folder of frames"),
    **dict.fromkeys((".wmv", ".mpg", ".mpeg", ".vob"), "this video format is not decoded; convert it to MP4 (ffmpeg -i)"),
    **dict.fromkeys((".heic", ".heif", ".dng", ".psd"), "this picture format is not decoded; convert it to PNG"),
}


class MediaError(Exception):
    """A medium that no row can be made of; `kind` is one of readers.faults.KINDS."""

    def __init__(self, kind: str, reason: str):
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class Handling:
    """What becomes of media in the set `out`: `media` of settings.MEDIA; `look` False: what can stay where it is is not
    opened."""

    out: Path
    media: str
    look: bool


@contextmanager
def unreadable() -> Iterator[None]:
    """Around reading only: a disk that takes no more is no fault of an item."""
    try:
        yield
    except (FacewiseError, OSError) as error:
        raise MediaError("unreadable media", str(error)) from None


def picture(record: Record, path: Path, handling: Handling) -> tuple[Record, int | None]:
    """Of a file: the record as it goes on, and the picture's perceptual hash."""
    if remedy := NO_DECODER.get(path.suffix.lower()):
        raise MediaError("unreadable media", remedy)
    with unreadable():
        opened = read_picture(path)
        digest = hashlib.sha256(opened.file or path.read_bytes()).hexdigest()
    check_same(record, digest)
    record = clipped(record, opened.pixels.shape[1], opened.pixels.shape[0])
    found, mark = replace(record, sha256=digest), perceptual_hash(opened.pixels)
    if handling.media == "reference":
        return found, mark
    rectangle = face_rectangle(record, opened.pixels) if handling.media == "crop" else None
    if rectangle is not None:  # lossy pictures stay JPEG
        suffix = ".jpg" if path.suffix.lower() in (".jpg", ".jpeg") else ".png"
        return _written(record, opened.pixels, suffix, handling, rectangle), mark
    name = named(record.media, record, path.suffix.lower(), handling)
    copied_file(path, handling.out / name)
    copied = replace(found, media=name, **_parts(record, handling, None))
    return whole(copied) if handling.media == "crop" else copied, mark


def drawn(record: Record, pixels: np.ndarray, handling: Handling) -> tuple[Record, int | None]:
    """Of pixels that no file holds: they are written, cropped if that is asked for."""
    record = clipped(record, pixels.shape[1], pixels.shape[0])
    rectangle = face_rectangle(record, pixels) if handling.media == "crop" else None
    made = _written(record, pixels, ".png", handling, rectangle)
    return whole(made) if handling.media == "crop" and rectangle is None else made, perceptual_hash(pixels)


def check_same(record: Record, digest: str) -> None:
    if record.sha256 and record.sha256 != digest:
        raise MediaError("unreadable media", "its sha256 is not the record's: the file has changed since")


def whole(record: Record) -> Record:
    return replace(record, source={**record.source, "crop": WHOLE})


def _written(record: Record, pixels: np.ndarray, suffix: str, handling: Handling, rectangle: Rectangle | None) -> Record:
    name = named(record.media, record, suffix, handling, rectangle)
    data = encoded(pixels if rectangle is None else rectangle.of(pixels), suffix)
    written(handling.out / name, data)
    parts = _parts(record, handling, rectangle)
    found = replace(record, media=name, sha256=hashlib.sha256(data).hexdigest(), frames=None, **parts)
    return found if rectangle is None else moved(found, rectangle)


def named(media: str, record: Record, suffix: str, handling: Handling, rectangle: Rectangle | None = None) -> str:
    """The path, relative to the set, of what is made of a medium, or a mask, of the record."""
    told = json.dumps([media, record.frames, handling.media, rectangle])
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    words = re.sub(r"[^A-Za-z0-9]+", "-", "/".join(Path(media).parts[-3:]).removesuffix(Path(media).suffix))
    return f"{MEDIA}/{digest[:2]}/{words[-60:].strip('-')}-{digest}{suffix}"


def _parts(record: Record, handling: Handling, rectangle: Rectangle | None) -> dict[str, Any]:
    return {kind: part(record, kind, handling, rectangle) for kind in ("mask", "regions")}


def part(record: Record, kind: str, handling: Handling, rectangle: Rectangle | None) -> str | None:
    """The mask or the regions of a picture, made as the picture itself was. Where media stay they stay, too."""
    path = getattr(record, kind)
    if path is None or handling.media == "reference":
        return path
    if not Path(path).is_file():
        raise MediaError("no media", f"{path}: no such {kind} of it")
    name = named(path, record, ".png" if rectangle else Path(path).suffix.lower(), handling, rectangle)
    if rectangle is None:
        copied_file(Path(path), handling.out / name)
        return name
    with unreadable():
        pixels = read_picture(path).pixels[..., 0]
    written(handling.out / name, encoded(rectangle.of(pixels), ".png"))
    return name
