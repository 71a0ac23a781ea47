"""The clips of a server: each is watched and spotted while it is decoded, and remembered, whoever serves."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock

from ..model.errors import FacewiseError
from ..model.perception.moments import Moments, moments_of
from ..model.perception.video import open_clip

CLIPS_REMEMBERED = 32
FRAMES_A_SECOND = 120  # of the longest clip: a frame costs the same however short it is


def _nobody_left() -> bool:
    return False


def clip_moments(
    data: bytes,
    max_faces: int,
    image_size: int,
    views: tuple[str, ...],
    max_seconds: float,
    has_left: Callable[[], bool] = _nobody_left,
) -> Moments:
    """The moments of a video file. A clip that came lately is not watched again; one clip at a time is, since it keeps every core busy, and
    not a frame longer than until `has_left` says that nobody waits for it. Raises FacewiseError then, and for what is no clip or too long."""
    key = hashlib.sha256(repr((max_faces, image_size, views)).encode() + data).hexdigest()
    if (known := _memory().get(key)) is None:
        known = _watcher().submit(_watched, data, max_faces, image_size, views, max_seconds, has_left).result()
        _memory().put(key, known)
    return known


def _watched(
    data: bytes, max_faces: int, image_size: int, views: tuple[str, ...], max_seconds: float, has_left: Callable[[], bool]
) -> Moments:
    most = max_seconds * FRAMES_A_SECOND

    def look_on(frames: float, seconds: float) -> None:
        if has_left():
            raise FacewiseError("the clip is watched no more: the one who asked has left")
        if seconds > max_seconds:
            raise FacewiseError(f"the clip is longer than {max_seconds:g} s, which is all that this server watches; cut it")
        if frames > most:
            raise FacewiseError(
                f"the clip has more than {most:.0f} frames, which is all that this server watches; send fewer a second"
            )

    look_on(0, 0)
    clip = open_clip(data)
    look_on(clip.frames_told or 0, 0)
    return moments_of(clip, max_faces, None, image_size, views, lambda frame: look_on(frame.index + 1, frame.time_s)).light()


class _Memory:
    """The last few clips by their key, for any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Moments] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Moments | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, moments: Moments) -> None:
        with self._lock:
            self._kept[key] = moments
            while len(self._kept) > CLIPS_REMEMBERED:
                self._kept.popitem(last=False)


@cache
def _memory() -> _Memory:
    return _Memory()


@cache
def _watcher() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "facewise-watch")
