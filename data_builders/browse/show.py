"""`facewise data show`: wanted rows printed, or written as a page."""

import shutil
import sys
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import write_whole
from .cards import Wanted, cards
from .page import page
from .shots import shots
from .terminal import lines

__all__ = ["Wanted", "print_rows", "write_page"]

PAGE_SIDE, TERMINAL_SIDE = 420, 160  # px


def print_rows(folder: Path, wanted: Wanted, pictures: bool) -> None:
    """Raises FacewiseError where pictures are wanted and nobody could see them."""
    is_terminal = sys.stdout.isatty()
    if pictures and not is_terminal:
        raise FacewiseError(
            "--pictures draws in the colours of a terminal, and standard output is none; leave it out, or write a page with "
            "--html"
        )
    columns = shutil.get_terminal_size().columns
    for card in cards(folder, wanted):
        drawn = list(shots(folder, card, TERMINAL_SIDE)) if pictures else []
        print("\n".join(lines(card, drawn, columns, is_terminal)), flush=True)


def write_page(folder: Path, wanted: Wanted, target: Path) -> str:
    """What was written, in words."""
    found = cards(folder, wanted)
    text = page(folder.absolute().name, ((card, list(shots(folder, card, PAGE_SIDE))) for card in found), wanted.rejects)
    try:
        write_whole(target, text.encode())
    except OSError as error:
        raise FacewiseError(f"--html: {target}: the page cannot be written ({error.strerror})") from None
    return f"{len(found)} {'rejects' if wanted.rejects else 'rows'} of {folder}"
