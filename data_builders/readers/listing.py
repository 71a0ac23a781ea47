"""What lies in a dataset's folder: a child whatever the case of its name, the media of a folder, the lines of a list. Nothing is opened but lists."""

import re
from pathlib import Path

from ...model.errors import FacewiseError
from .text_file import text

PICTURES = {".png", ".jpg", ".jpeg", ".bmp"}
VIDEOS = {".mp4", ".mov", ".avi", ".mkv", ".m4v", ".flv"}


def child(folder: Path, *names: str) -> Path | None:
    """The entry of `folder` that bears one of `names`, upper and lower case alike; one of the exact name goes first."""
    wanted = {name.lower() for name in names}
    found = sorted(path for path in folder.iterdir() if path.name.lower() in wanted) if folder.is_dir() else []
    return next((path for path in found if path.name in names), found[0] if found else None)


def needed(folder: Path, *names: str, hint: str) -> Path:
    """As `child`; FacewiseError with what to do where there is none."""
    if (found := child(folder, *names)) is None:
        raise FacewiseError(f"{folder / names[0]}: no such file or folder; {hint}")
    return found


def unpacked(folder: Path, *names: str, hint: str) -> Path:
    """As `needed`; an archive that was unpacked into a folder of its own name has it twice."""
    found = needed(folder, *names, hint=hint)
    return child(found, *names) or found


def media(folder: Path, suffixes: set[str]) -> list[Path]:
    """The files of `folder` with one of `suffixes`, by the numbers in their names."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith("."))
    return sorted(found, key=lambda path: ([int(digits) for digits in re.findall(r"\d+", path.stem)], path.name))


def lines(path: Path) -> list[tuple[str, str]]:
    """(file:line, the line stripped) of those that hold something."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file")
    told = enumerate(text(path).splitlines(), start=1)
    return [(f"{path.name}:{number}", line.strip()) for number, line in told if line.strip()]


def within(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
