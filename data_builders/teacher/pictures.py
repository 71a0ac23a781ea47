"""The pictures of a row as parts of a message: files as their own bytes, clips as a few frames; encoded once for all rows that follow on.

A clip is shown by onset, apex and offset of its labelled movements; where there are more than fit by the apexes alone, and where none is
labelled by frames at equal distances. Clips are decoded in threads; a picture's file is read at once, in .15 ms, of which a thread would make .4.
"""

import asyncio
import base64
import io
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...model.engines.chat_shapes import data_uri, is_plain
from ...model.errors import FacewiseError
from ...model.perception.picture import FORMATS, read_picture
from ...model.perception.video import open_clip
from ..readers.frame_folder import frame_files
from ..records import Record
from ..rows import Row

KEPT_BYTES = 48_000_000
MOST_BYTES = 20_000_000  # of a picture as it is sent
MOMENTS = ("onset", "apex", "offset")
JPEG_QUALITY = 92


@dataclass(frozen=True)
class Shown:
    """What each picture is where it is one of a clip, else "", and the pictures as parts of a message: JSON, each with the comma before the next part."""

    names: tuple[str, ...]
    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


class Pictures:
    """Of rows whose paths are relative to `folder`, or absolute; at most `frames` of a clip."""

    def __init__(self, folder: Path, frames: int):
        self._folder = folder
        self._frames = frames
        self._kept: OrderedDict[Hashable, Shown] = OrderedDict()
        self._read: dict[Hashable, asyncio.Task[Shown]] = {}
        self._size = 0

    async def shown(self, row: Row, record: Record) -> Shown:
        """Raises FacewiseError for what cannot be read."""
        found = [await self._picture(path) for path in row.images]
        section = tuple(row.meta.get("frames") or record.frames or ())
        for path in row.videos:
            read = partial(_clip, self._folder / path, record.clip or {}, section, self._frames)
            found.append(await self._once((path, section, record.id), read))
        if len(found) == 1:
            return found[0]
        return Shown(tuple(name for one in found for name in one.names), tuple(part for one in found for part in one.parts))

    async def _picture(self, path: str) -> Shown:
        if (shown := self._of_the_kept(path)) is not None:
            return shown
        file = self._folder / path
        if (part := _plain_part(file)) is None:
            return await self._once(path, partial(_redrawn, file))
        return self._keep(path, Shown(("",), (part,)))

    async def _once(self, key: Hashable, read: Callable[[], Shown]) -> Shown:
        """In a thread. Whoever asks for something while it is being read waits for the same reading."""
        if (shown := self._of_the_kept(key)) is not None:
            return shown
        if key not in self._read:
            self._read[key] = asyncio.ensure_future(self._in_thread(key, read))
        return await asyncio.shield(self._read[key])

    async def _in_thread(self, key: Hashable, read: Callable[[], Shown]) -> Shown:
        try:
            return self._keep(key, await asyncio.to_thread(read))
        finally:
            del self._read[key]

    def _of_the_kept(self, key: Hashable) -> Shown | None:
        if (shown := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return shown

    def _keep(self, key: Hashable, shown: Shown) -> Shown:
        self._kept[key] = shown
        self._size += shown.size
        while self._size > KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].size
        return shown


def _plain_part(path: Path) -> bytes | None:
    """The file's own bytes; None where not every decoder sees the same in them."""
    try:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if not is_plain(image):
                return None
            kind = image.get_format_mimetype() or "image/png"
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FacewiseError(f"{path}: cannot be sent ({error})") from None
    return _part(path, b"data:%s;base64,%s" % (kind.encode(), base64.b64encode(data)))


def _redrawn(path: Path) -> Shown:
    return Shown(("",), (_part(path, data_uri(read_picture(path), own_decoder=False).encode()),))


def _part(path: Path, uri: bytes) -> bytes:
    """No character of a data URI needs escaping in JSON."""
    if len(uri) > MOST_BYTES:
        raise FacewiseError(f"{path}: {len(uri) // 10**6} MB as it is sent; servers take {MOST_BYTES // 10**6}, make it smaller")
    return b'{"type": "image_url", "image_url": {"url": "%s"}}, ' % uri


# Clips


def _clip(path: Path, labels: dict[str, Any], section: tuple[int, ...], most: int) -> Shown:
    frames = frame_files(path) if path.is_dir() else None
    first, last = section or (0, _last(path, frames, labels))
    chosen = moments(labels.get("events") or [], first, last if frames is None else min(last, len(frames) - 1), most)
    if frames is not None:
        parts = [_plain_part(frames[at]) or _redrawn(frames[at]).parts[0] for at in chosen]
    else:
        parts = list(_frame_parts(path, list(chosen)))
    if len(parts) < len(chosen):
        raise FacewiseError(f"{path}: frame {list(chosen)[len(parts)]} cannot be read")
    return Shown(tuple(f"frame {at}{what}" for at, what in chosen.items()), tuple(parts))


def _last(path: Path, frames: list[Path] | None, labels: dict[str, Any]) -> int:
    count = len(frames) if frames is not None else labels.get("frames") or open_clip(path).frames_told
    if not count:
        raise FacewiseError(f"{path}: holds no frames, or does not tell how many; give the first and last in the record's frames")
    return count - 1


def moments(events: Sequence[dict[str, Any]], first: int, last: int, most: int) -> dict[int, str]:
    """Frame -> what it is of, in the clip's order, at most `most` of them."""
    triples = [_triple(event) for event in events if event["onset"] <= last and event["offset"] >= first]
    if not triples:
        return {int(at): "" for at in np.unique(np.linspace(first, max(first, last), most).round())}
    named = [
        (at, f", {moment} of movement {number}")
        for number, triple in enumerate(triples, start=1)
        for moment, at in zip(MOMENTS, triple, strict=True)
        if 3 * len(triples) <= most or moment == "apex"
    ]
    kept = [named[int(i)] for i in np.unique(np.linspace(0, len(named) - 1, most).round())] if len(named) > most else named
    chosen: dict[int, str] = {}
    for at, what in sorted(kept):
        inside = min(max(at, first), last)
        chosen[inside] = chosen.get(inside, "") + what
    return chosen


def _triple(event: dict[str, Any]) -> tuple[int, int, int]:
    """An apex that was not labelled is looked for half-way, as the protocols of such sets do."""
    onset, offset = event["onset"], event["offset"]
    return onset, event["apex"] if event.get("apex") is not None else (onset + offset) // 2, offset


def _frame_parts(path: Path, wanted: list[int]) -> Iterator[bytes]:
    """Of a video, which is decoded up to the last of them."""
    left = iter(wanted)
    at = next(left, None)
    for frame in open_clip(path).frames():
        while at is not None and frame.index >= at:  # a damaged frame is left out; the next one stands for it
            yield _jpeg_part(path, frame.pixels)
            at = next(left, None)
        if at is None:
            return


def _jpeg_part(path: Path, pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=JPEG_QUALITY)
    return _part(path, b"data:image/jpeg;base64,%s" % base64.b64encode(data.getvalue()))
