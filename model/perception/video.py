"""A clip, read as a stream: exact frame numbers and presentation times, upright 8-bit RGB, from a video file or a folder of frames.

Nothing of a clip but the frame at hand stays in memory, and every reading decodes from the start, so that an hour is as cheap as a second
and two readings agree. What is damaged is left out and said in `notes`, never shown: a smeared frame looks like a moving face.
"""

import math
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import dropwhile, islice, pairwise, takewhile
from pathlib import Path

import av
import numpy as np
from PIL import Image

from ..errors import FacewiseError
from .container import Converter, mean_rate, opened, pictures
from .picture import FORMATS, read_picture

SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".flv")
REORDERED = 16  # pictures that H.264 and HEVC hold back at most: stamps out of order show within one more
TAIL_S = 0.5  # sound may outlast the pictures by this much before a missing end is spoken of
SYSTEM_FILES = ("Thumbs.db",)


@dataclass(frozen=True, eq=False)
class Frame:
    """Picture `index` (from 0) of a clip, shown `time_s` seconds after the first; `pixels` uint8 [h, w, 3], RGB, upright."""

    index: int
    time_s: float
    pixels: np.ndarray


@dataclass(eq=False)
class Clip:
    """A clip that can be read again and again: `size` (w, h) of the upright frames, mean `fps`, `frames_told` by container or folder.

    `notes` grows while frames are read: what was found wrong, in lines for the user. `file`: the path or the bytes of a video that
    is read as it is, with its own timing; None of every other clip.
    """

    name: str
    size: tuple[int, int]
    fps: float
    frames_told: int | None
    read: Callable[["Clip"], Iterator[Frame]]
    notes: list[str] = field(default_factory=list)
    file: str | Path | bytes | None = None

    def frames(self) -> Iterator[Frame]:
        """Every frame from the start. Raises FacewiseError where none can be read or a folder's picture has another size."""
        return self.read(self)

    def note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)


def open_clip(source: str | Path | bytes, fps: float | None = None, name: str | None = None) -> Clip:
    """A video file, the bytes of one, or a folder of frames; `fps` overrides the container's timing, a folder cannot do without.

    Raises FacewiseError with one line: missing, empty, no video, only sound, no frame that decodes, over the pixel limit, no clip.
    """
    name = name or ("clip" if isinstance(source, bytes) else str(source))
    if fps is not None and not 0 < fps < math.inf:
        raise FacewiseError(f"{name}: {fps} frames per second; give a positive number")
    if not isinstance(source, bytes) and os.path.isdir(source):
        return _open_folder(Path(source), fps, name)
    return _open_video(source, fps, name)


def between(clip: Clip, first: int, last: int) -> Clip:
    """The frames from `first` to `last` of a clip, both in it, with their numbers and times; what comes behind is not decoded."""

    def read(part: Clip) -> Iterator[Frame]:
        upto = takewhile(lambda frame: frame.index <= last, clip.read(part))
        return dropwhile(lambda frame: frame.index < first, upto)

    return replace(clip, frames_told=None, read=read, file=None)


def is_clip(path: str | Path) -> bool:
    """Whether a path is read as a clip: a video file by its suffix, a GIF of several pictures, a directory."""
    path = Path(path)
    if path.suffix.lower() != ".gif":
        return path.suffix.lower() in SUFFIXES or os.path.isdir(path)  # which is no error where the name can be nobody's
    try:
        with opened(path, str(path)) as stream:
            return stream.frames > 1
    except FacewiseError:
        return False


def _open_folder(folder: Path, fps: float | None, name: str) -> Clip:
    paths = _frame_paths(folder, name)
    if fps is None:
        raise FacewiseError(f"{name}: a folder of frames has no frame rate; pass it, --fps 200 for CASME II and SAMM")
    return Clip(name, _upright_size(paths, name), fps, len(paths), partial(_folder_frames, paths))


def _frame_paths(folder: Path, name: str) -> list[Path]:
    """The pictures by the last integer of their names; raises FacewiseError for every directory that is no clip."""
    numbered: dict[int, Path] = {}
    sizes: dict[tuple[int, int], Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in SYSTEM_FILES:
            continue
        size, integers = _stored_size(path), re.findall(r"\d+", path.stem)
        if size is None or not integers:
            raise _no_clip(name, f"{path.name} {'is no picture' if size is None else 'has no number'}")
        if path is not (twin := numbered.setdefault(int(integers[-1]), path)):
            raise _no_clip(name, f"{twin.name} and {path.name} have the same number")
        sizes.setdefault(size, path)
    if not numbered:
        raise _no_clip(name, "the directory is empty")
    if len(sizes) > 1:
        raise _no_clip(name, " and ".join(f"{path.name} is {w} x {h}" for (w, h), path in islice(sizes.items(), 2)))
    order = sorted(numbered)
    if (gap := next((n for n in order[:-1] if n + 1 not in numbered), None)) is not None:
        raise _no_clip(name, f"{numbered[gap].name} has no successor with number {gap + 1}")
    return [numbered[number] for number in order]


def _no_clip(name: str, reason: str) -> FacewiseError:
    needs = "a clip needs pictures of one size with consecutive numbers and nothing else"
    return FacewiseError(f"{name}: {reason}; {needs}; for single pictures give the files inside it")


def _stored_size(path: Path) -> tuple[int, int] | None:
    """Width and height by the header alone, before EXIF turns the picture; None where it is no picture."""
    try:
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(path, formats=FORMATS) as image,
        ):
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _upright_size(paths: list[Path], name: str) -> tuple[int, int]:
    for path in paths:
        try:
            height, width = read_picture(path).pixels.shape[:2]
        except FacewiseError as error:
            fault = error
        else:
            return width, height
    raise FacewiseError(f"{name}: not one picture can be decoded ({fault})")


def _folder_frames(paths: list[Path], clip: Clip) -> Iterator[Frame]:
    for index, path in enumerate(paths):
        try:
            pixels = read_picture(path).pixels
        except FacewiseError as error:
            clip.note(f"frame {index} is left out: {error}")
            continue
        if pixels.shape[1::-1] != clip.size:
            raise _no_clip(clip.name, f"{path.name} is upright {pixels.shape[1]} x {pixels.shape[0]}, another is not")
        yield Frame(index, index / clip.fps, pixels)


@dataclass(frozen=True)
class _Timing:
    """How a file's pictures are dated: mean `rate`, sound stamps or none, the user's `fps`, the end that the container promises."""

    rate: Fraction
    has_stamps: bool
    fps: float | None
    promised_s: float
    slack_s: float

    def seconds(self, clock: "_Clock") -> float:
        return clock.index / self.fps if self.fps else float(clock.time_s)


class _Clock:
    """Number and second of the picture at hand, in fractions: an hour of float steps would drift."""

    def __init__(self, rate: Fraction) -> None:
        self.rate = rate
        self.index = -1
        self.time_s = Fraction(0)
        self._stamp: Fraction | None = None

    def tick(self, stamp: Fraction | None, after_damage: bool) -> bool:
        """On to the next picture. False where its stamp is missing or not later than the last: it comes one mean step later then.

        Numbers count the pictures; after damage they follow the clock, which knows how many were lost.
        """
        gap_s = None if stamp is None or self._stamp is None else stamp - self._stamp
        if self.index < 0:
            told, step_s = stamp is not None, Fraction(0)
        elif gap_s is not None and gap_s > 0:
            told, step_s = True, gap_s
        else:
            told, step_s = False, 1 / self.rate
        self.index += max(1, round(step_s * self.rate)) if after_damage else 1
        self.time_s += step_s
        self._stamp = stamp if stamp is not None or self._stamp is None else self._stamp + step_s
        return told


def _open_video(source: str | Path | bytes, fps: float | None, name: str) -> Clip:
    with opened(source, name) as stream:
        if stream.codec_context.name == "gif" and stream.frames == 1:
            raise FacewiseError(f"{name}: a GIF of one picture is no clip; give it as a picture")
        size, has_stamps = _first_pictures(stream, name)
        counted, aspect = stream.frames > 0, stream.sample_aspect_ratio
        told_rate = stream.average_rate if counted else None
        whole_s = (stream.container.duration or 0) / av.time_base
        promised_s = stream.duration * float(stream.time_base) if stream.duration else whole_s
    rate = Fraction(told_rate or mean_rate(source, name) or fps or 0)
    if not rate:
        raise FacewiseError(f"{name}: the file has neither time stamps nor a frame rate; pass one, --fps 30 for instance")
    timing = _Timing(rate, has_stamps, fps, promised_s, float(1.5 / rate) if counted else TAIL_S)
    read = partial(_video_frames, source, timing)
    clip = Clip(name, size, fps or float(rate), round(promised_s * rate) or None, read, file=None if fps else source)
    if not has_stamps and not fps:
        clip.note(f"the time stamps of the file are missing or out of order; its mean rate of {clip.fps:g} fps is used")
    if aspect and aspect != 1:
        clip.note(f"the pixels of the file are not square ({aspect.numerator}:{aspect.denominator}); they are read as stored")
    return clip


def _first_pictures(stream: av.VideoStream, name: str) -> tuple[tuple[int, int], bool]:
    """Upright size, and whether the stamps grow from picture to picture (those of H.264 in AVI do not)."""
    size, stamps = None, []
    for picture in islice((found for found in pictures(stream) if found is not None), REORDERED + 1):
        if size is None:
            height, width = Converter().upright(picture).shape[:2]
            size = (width, height)
        stamps.append(picture.pts)
    if size is None:
        raise FacewiseError(f"{name}: not one frame of the video can be decoded")
    return size, None not in stamps and all(a < b for a, b in pairwise(stamps))


def _video_frames(source: str | Path | bytes, timing: _Timing, clip: Clip) -> Iterator[Frame]:
    clock, converter = _Clock(timing.rate), Converter()
    lost, gap, end_s = 0, "", Fraction(0)
    with opened(source, clip.name) as stream:
        for picture in pictures(stream):
            if picture is None:
                lost += 1
                continue
            stamp = picture.pts * stream.time_base if timing.has_stamps and picture.pts is not None else None
            expected = clock.index + 1
            if not clock.tick(stamp, lost > 0) and timing.has_stamps and not timing.fps:
                clip.note(
                    "some time stamps of the file are missing or jump back; these frames come one mean step after the one before"
                )
            if clock.index > expected:
                gap = gap or f", the first of them frames {expected} to {clock.index - 1}"
            yield Frame(clock.index, timing.seconds(clock), converter.upright(picture))
            if (picture.width, picture.height) != converter.stored:
                clip.note("some frames are stored in another size; they are brought to the size of the first")
            end_s = clock.time_s + (picture.duration * stream.time_base or 1 / timing.rate)
    lines = [f"{lost} pictures could not be decoded{gap}"] * (lost > 0)
    if timing.promised_s - end_s > timing.slack_s:
        lines += [f"the container promises {timing.promised_s:.2f} s"]
    if lines:
        clip.note("; ".join([f"damaged: frames up to {clock.index} ({timing.seconds(clock):.2f} s) are used", *lines]))
