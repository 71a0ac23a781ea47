"""Clips of a set: opened, hashed, and left where they are, or copied, cut and cropped; videos stay videos, folders folders.

Of a clip that stays where it is the first frame is decoded, and its labels are held against the number of frames that its header
tells.
"""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.video import Clip, Frame, is_clip, open_clip
from ..checks.near_duplicates import perceptual_hash
from ..records import Record
from .crops import Rectangle, clip_rectangle, clipped, moved
from .files import copied_file, copied_folder, cropped_folder, cut_video
from .stills import Handling, MediaError, check_same, drawn, named, part, unreadable, whole

ANY_FPS = 25.0  # of a folder of frames whose rate nobody told; no time is read here


@dataclass(frozen=True)
class _Facts:
    digest: str
    mark: int
    frames: int | None
    size: tuple[int, int]


@lru_cache(8)
def _facts(path: Path) -> _Facts:
    """Of a clip: several records of one follow each other."""
    opened = _opened(path)
    with closing(_every(opened)) as frames:
        first = next(frames, None)
    if first is None:
        raise FacewiseError(f"{path}: not one frame can be decoded")
    return _Facts(_digest(path), perceptual_hash(first.pixels), opened.frames_told, first.pixels.shape[1::-1])


def _opened(path: Path) -> Clip:
    return open_clip(path, ANY_FPS if path.is_dir() else None)


def _every(clip: Clip) -> Generator[Frame, None, None]:
    """Its frames, for those who stop before the end and close the file."""
    yield from clip.frames()


def _digest(path: Path) -> str:
    """Of a file; of a folder's files with their names."""
    if path.is_dir():
        together = hashlib.sha256()
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                together.update(f"{file.name}\0{_digest(file)}\n".encode("utf-8", "surrogateescape"))
        return together.hexdigest()
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def clip(record: Record, path: Path, handling: Handling) -> tuple[Record, int | None]:
    """The record as it goes on, and the perceptual hash of the first frame."""
    with unreadable():
        facts = _facts(path)
    check_same(record, facts.digest)
    last = max([record.frames[1] if record.frames else 0, *_moments(record.clip)])
    if facts.frames is not None and last >= facts.frames:
        raise MediaError(
            "unreadable media", f"it has {facts.frames} frames, and the labels speak of frame {last}, counted from 0"
        )
    if record.frames and is_single(record):  # a row of one frame shows a picture, wherever media stay
        with unreadable():
            pixels = _still(path, record.frames[0])
        return drawn(record, pixels, handling)[0], facts.mark
    record = clipped(record, *facts.size)
    if handling.media == "reference":
        return replace(record, sha256=facts.digest), facts.mark
    return _made(record, path, handling), facts.mark


def is_single(record: Record) -> bool:
    return record.frames is not None and record.frames[0] == record.frames[1]


def _moments(clip: dict[str, Any] | None) -> Iterator[int]:
    for event in (clip or {}).get("events", ()):
        yield from (event[name] for name in ("onset", "apex", "offset") if event.get(name) is not None)


_forwards: dict[Path, Iterator[Frame]] = {}  # of the process: the last clip whose single frames were asked for


def _still(path: Path, number: int) -> np.ndarray:
    """One frame; a clip is decoded once for frames that are asked for in their order."""
    frames = _forwards.pop(path, None) or _opened(path).frames()
    for frame in frames:
        if frame.index == number:
            _forwards.clear()
            _forwards[path] = frames
            return frame.pixels
        if frame.index > number:
            break
    return _found(path, number)


def _found(path: Path, number: int) -> np.ndarray:
    """From the start: the frame lies before the last one that was asked for."""
    with closing(_every(_opened(path))) as frames:
        for frame in frames:
            if frame.index == number:
                return frame.pixels
    raise FacewiseError(f"{path}: frame {number} cannot be decoded")


def _made(record: Record, path: Path, handling: Handling) -> Record:
    """The clip that is written to the set."""
    rectangle = None
    if handling.media == "crop":
        with unreadable():
            rectangle = clip_rectangle(record, lambda: _section(path, record.frames))
    name = _written(path, record, handling, rectangle)
    mask = record.mask
    if mask is not None:  # a clip's mask is a clip, too; a picture is true of all frames
        is_moving = Path(mask).exists() and is_clip(mask)
        mask = _written(Path(mask), record, handling, rectangle) if is_moving else part(record, "mask", handling, rectangle)
    digest, labels = _digest(handling.out / name), _cut(record.clip, record.frames)
    found = replace(record, media=name, sha256=digest, frames=None, mask=mask, clip=labels)
    if rectangle is not None:
        return moved(found, rectangle)
    return whole(found) if handling.media == "crop" else found


def _written(path: Path, record: Record, handling: Handling, rectangle: Rectangle | None) -> str:
    """Under which name it lies in the set."""
    suffix = "" if path.is_dir() else ".mp4" if record.frames or rectangle else path.suffix.lower()
    name = named(str(path), record, suffix, handling, rectangle)
    if not (handling.out / name).exists():
        try:
            _write_clip(path, record.frames, rectangle, handling.out / name)
        except FacewiseError as error:
            raise MediaError("unreadable media", str(error)) from None
    return name


def _write_clip(path: Path, frames: tuple[int, int] | None, rectangle: Rectangle | None, target: Path) -> None:
    if path.is_dir() and rectangle is None:
        copied_folder(path, frames, target)
    elif path.is_dir() and rectangle:
        cropped_folder(path, _section(path, frames), rectangle, target)
    elif frames is None and rectangle is None:
        copied_file(path, target)
    else:
        cut_video(_section(path, frames), open_clip(path).fps, rectangle, target)


def _section(path: Path, frames: tuple[int, int] | None) -> Iterator[Frame]:
    """The frames from the first to the last, or all. Raises FacewiseError where the last one does not come."""
    at = -1
    with closing(_every(_opened(path))) as every:
        for frame in every:
            at = frame.index
            if frames and at > frames[1]:
                return
            if not frames or at >= frames[0]:
                yield frame
    if frames and at < frames[1]:
        raise FacewiseError(f"{path}: it ends after frame {at}, and the labels speak of frame {frames[1]}")


def _cut(clip: dict[str, Any] | None, frames: tuple[int, int] | None) -> dict[str, Any] | None:
    """The labels of a clip of which only these frames are left; what lies outside of them is gone."""
    if clip is None or frames is None:
        return clip
    first, last = frames
    fps = clip.get("fps")
    cut = dict(clip) | {
        "events": [_shifted(event, first, fps) for event in clip.get("events", ()) if _within(event, first, last)]
    }
    if "frames" in clip:
        cut["frames"] = last - first + 1
    if "distractors" in clip:
        cut["distractors"] = [
            span | {"start": span["start"] - first, "end": span["end"] - first}
            for span in clip["distractors"]
            if first <= span["start"] and span["end"] <= last
        ]
    return cut


def _within(event: dict[str, Any], first: int, last: int) -> bool:
    return first <= event["onset"] and event["offset"] <= last


def _shifted(event: dict[str, Any], first: int, fps: float | None) -> dict[str, Any]:
    moments = {name: event[name] - first for name in ("onset", "apex", "offset") if event.get(name) is not None}
    seconds = {f"{name}_s": round(at / fps, 4) for name, at in moments.items() if fps and f"{name}_s" in event}
    return event | moments | seconds
