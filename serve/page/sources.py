"""From uploaded files to items of a conversation: pictures with their faces, clips with their movements.

An upload is deleted as soon as it is read; of a clip small JPEGs of its frames stay for the scrubber, in memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...model.errors import FacewiseError
from ...model.perception.picture import Picture, read_picture
from ...model.perception.video import Clip, Frame, is_clip, open_clip
from .conversation import Item
from .drawn import jpeg
from .stopping import StoppedError

if TYPE_CHECKING:
    from .models import Models

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
LONGEST_CLIP_S = 60.0
FILM_PX = 480
POLL_S = 0.2


def read(path: str, models: Models, keep: bool = False) -> Generator[str, None, Item]:
    """Lines of progress, then the item. The file is deleted unless it is to be kept. Raises FacewiseError for what cannot be read."""
    file = Path(path)
    try:
        if is_clip(file):
            return (yield from _clip(file, models))
        return _picture(file, models)
    finally:
        if not keep:
            file.unlink(missing_ok=True)


def forget(paths: Iterable[str]) -> None:
    """Uploads that nobody reads any more are deleted."""
    for path in paths:
        Path(path).unlink(missing_ok=True)


def picture_item(picture: Picture, models: Models) -> Item:
    return Item(picture.name, picture=picture, found=models.look(picture))


def _picture(file: Path, models: Models) -> Item:
    with file.open("rb") as stream:
        data = stream.read()
    return picture_item(read_picture(data, name=file.name), models)


def _clip(file: Path, models: Models) -> Generator[str, None, Item]:
    clip = short_clip(file.read_bytes(), file.name)  # in memory, so that the file can go
    item = Item(file.name)
    film = _Film(clip)
    watching = models.watch(clip, film.take)
    try:
        while not watching.done():
            yield film.told()
            time.sleep(POLL_S)
    finally:
        film.is_stopped.set()
    item.seen, item.film = watching.result(), film.frames
    return item


def short_clip(data: bytes, name: str) -> Clip:
    """Raises FacewiseError for what is no clip, and for one that says itself that it is too long."""
    clip = open_clip(data, name=name)
    seconds = (clip.frames_told or 0) / clip.fps
    if seconds > LONGEST_CLIP_S:
        raise FacewiseError(f"{name}: {seconds:.0f} s; the page watches at most {LONGEST_CLIP_S:.0f} s, cut the clip")
    return clip


def check_length(clip: Clip, frame: Frame) -> None:
    """Raises FacewiseError once a clip is longer than it may be."""
    if frame.time_s > LONGEST_CLIP_S:
        raise FacewiseError(f"{clip.name}: longer than {LONGEST_CLIP_S:.0f} s; cut the clip")


class _Film:
    """Small JPEGs of the frames that are watched; `take` is called in the thread that watches."""

    def __init__(self, clip: Clip):
        self.clip, self.is_stopped = clip, threading.Event()
        self.frames: list[bytes] = []

    def take(self, frame: Frame) -> None:
        if self.is_stopped.is_set():
            raise StoppedError(f"{self.clip.name}: stopped")
        check_length(self.clip, frame)
        self.frames.append(jpeg(frame.pixels, FILM_PX))

    def told(self) -> str:
        of = f" of {self.clip.frames_told}" if self.clip.frames_told else ""
        return f"Watching {self.clip.name}: frame {len(self.frames)}{of}"
