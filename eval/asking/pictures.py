"""What an item shows: its picture, or some frames of its clip. Frames of one video that are asked for in their order are decoded once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...data_builders.build.table_pictures import table_picture, table_row
from ...data_builders.records import Record
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture, read_picture
from ...model.perception.video import Clip, Frame, open_clip
from ..benchmark import Benchmark
from .items import Item, moves

FOLDER_FPS = 25.0  # of frames in a folder whose rate nobody tells; it dates them and changes none


@dataclass
class _Reel:
    """A clip while it runs: the frames that come next, and the last one that came."""

    media: str
    coming: Iterator[Frame]
    last: Frame | None = None


class Projector:
    """Gives the pictures of items. One for each run: it holds the video that is being read."""

    def __init__(self) -> None:
        self._reel: _Reel | None = None
        self._lengths: dict[str, int] = {}

    def shown(self, item: Item, benchmark: Benchmark) -> tuple[Picture, ...]:
        """Raises FacewiseError for a medium that cannot be read."""
        record = item.record
        if cell := table_row(record.media):
            grey = table_picture(*cell)
            return (Picture(np.repeat(grey[..., None], 3, axis=2), item.name),)
        if not moves(record):
            single = record.frames
            return (read_picture(record.media),) if single is None else (self._frame(record, single[0]),)
        at = self.moments(record, benchmark)
        chosen = at if item.nth is None else [at[min(item.nth, len(at) - 1)]]
        return tuple(self._frame(record, number) for number in chosen)

    def moments(self, record: Record, benchmark: Benchmark) -> list[int]:
        """Numbers of the frames that are shown: evenly over the clip's span, or the moments of its first event."""
        if benchmark.moments and (events := (record.clip or {}).get("events")):
            event = events[0]
            middle = event.get("apex")
            told = (event["onset"], (event["onset"] + event["offset"]) // 2 if middle is None else middle, event["offset"])
            return sorted(set(told))
        first, last = record.frames or (0, self._length(record) - 1)
        count = min(benchmark.frames, last - first + 1)
        return [first + (2 * nth + 1) * (last - first + 1) // (2 * count) for nth in range(count)]

    def moments_told(self, record: Record, benchmark: Benchmark) -> str:
        """For a question about when something happens: "105 frames; the pictures are frames 3, 9 ..." """
        numbers = ", ".join(map(str, self.moments(record, benchmark)))
        return f"{self._length(record)} frames; the pictures are frames {numbers}"

    def _length(self, record: Record) -> int:
        """What the container tells may be wrong, so that frames are counted; once a clip."""
        if record.media not in self._lengths:
            self._lengths = {record.media: sum(1 for _ in opened(record).frames())}
        return self._lengths[record.media]

    def _frame(self, record: Record, number: int) -> Picture:
        """The frame of this number, or the next one where it is damaged."""
        reel = self._reel
        if reel is None or reel.media != record.media or (reel.last and reel.last.index > number):
            reel = self._reel = _Reel(record.media, opened(record).frames())
        while reel.last is None or reel.last.index < number:
            following = next(reel.coming, None)
            if following is None:
                break
            reel.last = following
        if reel.last is None or reel.last.index < number:
            raise FacewiseError(f"{record.media}: it has no frame {number}, counted from 0")
        return Picture(reel.last.pixels, f"{Path(record.media).name}#{reel.last.index}")


def opened(record: Record) -> Clip:
    fps = float((record.clip or {}).get("fps") or FOLDER_FPS) if Path(record.media).is_dir() else None
    return open_clip(record.media, fps)
