"""Whether the media that a set names are those that were looked at, by size and time; a folder of frames by its own time, so that
a frame written anew in its place is not seen."""

import os
from pathlib import Path
from typing import NamedTuple

from .ledger import Ledger
from .settings import changed


class State(NamedTuple):
    path: str
    size: int
    changed_ns: int


def state_of(path: str) -> State | None:
    """None where there is none."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return State(path, about.st_size, about.st_mtime_ns)


def check_media(ledger: Ledger, out: Path) -> None:
    """Raises FacewiseError for media that have changed since they were looked at. Those that are gone are not asked for here: a
    disk may be away while only counts are wanted."""
    found = [was.path for was in map(State._make, ledger.media()) if state_of(was.path) not in (None, was)]
    if found:
        raise changed(out, found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1:,} more)")
