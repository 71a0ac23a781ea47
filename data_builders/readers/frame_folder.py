"""Folders of numbered frames: img46.jpg, reg_img46.jpg, 006_05562.jpg, 116.jpg. The last integer of a name is the frame's number.

A frame's position is its place from 0 among the folder's pictures sorted by that number, which is not the order of their names.
"""

import re
from pathlib import Path

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"}


def frame_files(folder: Path) -> list[Path]:
    """The pictures that bear a number, in the order of their positions."""
    return [path for _, path in sorted(_numbered(_pictures(folder)))]


def positions(folder: Path) -> dict[int, int]:
    """{number: position}, in their order; nothing where two pictures share a number, or one has none."""
    pictures = _pictures(folder)
    numbers = sorted({number for number, _ in _numbered(pictures)})
    return {number: i for i, number in enumerate(numbers)} if len(numbers) == len(pictures) else {}


def _pictures(folder: Path) -> list[Path]:
    """Hidden files, such as macOS's ._img46.jpg, are none."""
    return [path for path in folder.iterdir() if path.suffix.lower() in PICTURES and not path.name.startswith(".")]


def _numbered(pictures: list[Path]) -> list[tuple[int, Path]]:
    return [(int(found[-1]), path) for path in pictures if (found := re.findall(r"\d+", path.stem))]


def inside(folder: Path, *names: str) -> Path | None:
    """The folder below `folder` that is reached by these names, whatever their letter case; None where there is none, or an empty cell is no name."""
    for name in names:
        if not name or name in (".", "..") or "/" in name:
            return None
        if (folder / name).is_dir():
            folder = folder / name
            continue
        below = folder.iterdir() if folder.is_dir() else ()
        if (there := next((path for path in below if path.name.lower() == name.lower() and path.is_dir()), None)) is None:
            return None
        folder = there
    return folder


def leaves(folder: Path, depth: int) -> list[Path]:
    """The folders that lie `depth` below, in the order of their names."""
    below = [folder]
    for _ in range(depth):
        below = [path for parent in below for path in sorted(parent.iterdir()) if path.is_dir()]
    return below
