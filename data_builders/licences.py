"""Under which terms the pictures of a folder may be used, from the licence file beside them."""

from pathlib import Path


def licence_of(folder: Path) -> str:
    """The first line of the folder's licence file; without one, whose it is to ask."""
    for path in sorted(folder.glob("LICEN[CS]E*")):
        lines = path.read_text(errors="replace").strip().splitlines() if path.is_file() else []
        if lines:
            return lines[0].strip()
    return f"that of the photos in {folder.name}"
