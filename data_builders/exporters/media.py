"""The media of a row as other tools take them: absolute paths, the files of a folder of frames, the size of a picture.

A folder of frames is a list of its files in the order of their numbers, for the formats that hold one, cut to the row's `frames`. A part of a
video file cannot be named in any of the formats: `facewise build --media copy` cuts it out.
"""

import os
from functools import lru_cache
from pathlib import Path

from ..readers.frame_folder import frame_files, positions
from ..rows import Row
from .exporter import NotHeldError

ORIENTATION = 0x0112  # the tag of EXIF
UPRIGHT, LYING, LAST = 1, 5, 8  # its values: from LYING on width and height change places
REMEMBERED = 64  # folders and pictures: the rows of a record follow each other


def forget() -> None:
    """Before an export: files may have changed since the last one."""
    for remembered in (_there, _frames, header):
        remembered.cache_clear()


def pictures(row: Row, folder: Path) -> list[str]:
    return [_there(folder, name) for name in row.images]


def clips(row: Row, folder: Path) -> list[str | list[str]]:
    """Of each clip its file, or the files of its frames."""
    return [_clip(row, _there(folder, name)) for name in row.videos]


def video_files(row: Row, folder: Path) -> list[str]:
    """For formats whose clips are files."""
    found = clips(row, folder)
    if not all(isinstance(clip, str) for clip in found):
        raise NotHeldError("a folder of frames, where the format takes a video file")
    return [clip for clip in found if isinstance(clip, str)]


def stem(row: Row, shown: list[str | list[str]]) -> str:
    """The name of the file for a row whose clips are `shown`: a column of a JSON file holds files or lists of frames, not both."""
    frames = any(not isinstance(clip, str) for clip in shown)
    return f"{row.meta['split']}_frames" if frames else row.meta["split"]


@lru_cache(REMEMBERED)
def _there(folder: Path, name: str) -> str:
    path = os.path.abspath(folder / name)
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise NotHeldError("a file name that is no text")
    if not os.path.exists(path):
        raise NotHeldError("a medium that is not there")
    return path


def _clip(row: Row, path: str) -> str | list[str]:
    part = row.meta.get("frames")
    if os.path.isdir(path):
        files = _frames(path)
        found = files[part[0] : part[1] + 1] if part else files
        if part and len(found) <= part[1] - part[0]:
            raise NotHeldError("a part that its folder of frames does not have")
        return list(found)
    if part:
        raise NotHeldError("a part of a longer video (facewise build --media copy cuts it out)")
    return path


@lru_cache(REMEMBERED)
def _frames(folder: str) -> tuple[str, ...]:
    if not positions(Path(folder)):
        raise NotHeldError("a folder that holds no frames with numbers of their own")
    return tuple(map(str, frame_files(Path(folder))))


def upright_size(path: str) -> tuple[int, int]:
    """Width and height of a picture as the user sees it, which is what boxes are in."""
    width, height, orientation = header(path)
    return (height, width) if orientation >= LYING else (width, height)


def refuse_turned(row: Row, folder: Path) -> None:
    """For tools that show a model the picture as it is stored."""
    if any(header(path)[2] != UPRIGHT for path in pictures(row, folder)):
        raise NotHeldError("a picture that EXIF turns and the tool does not (facewise build --media crop writes upright ones)")


@lru_cache(REMEMBERED)
def header(path: str) -> tuple[int, int, int]:
    """Width and height of a picture as the file stores them, and EXIF's orientation."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            told = image.getexif().get(ORIENTATION, UPRIGHT)
            return *image.size, told if told in range(UPRIGHT, LAST + 1) else UPRIGHT
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise NotHeldError("a picture that cannot be read") from None
