"""Under which terms the pictures of a folder may be used, from the licence file beside them."""

from pathlib import Path


def licence_of(folder: Path, without: str | None = None) -> str:
    """The first line of the folder's licence file; `without` one that, or else whose it is to ask."""
    for path in sorted(folder.glob("LICEN[CS]E*")):
        lines = path.read_text(errors="replace").strip().splitlines() if path.is_file() else []
        if lines:
            return lines[0].strip()
    return without if without is not None else f"that of the photos in {folder.name}"
