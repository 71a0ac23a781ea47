"""What an exporter is: a function from a row to the objects of another tool's file, and the kind of file that holds them.

What a format cannot hold is left out and counted by reason, never dropped in silence and never bent until it fits. Paths in the files are
absolute, because every tool takes those without a flag of its own; a set that moved is exported again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..rows import Row

Item = tuple[str, dict[str, Any]]  # the name of a file, without its suffix, and an object of it
Convert = Callable[[Row], Iterable[Item]]


class NotHeldError(Exception):
    """The format cannot hold this row; the message is a reason that many rows may share."""


def nothing_beside(stems: Sequence[str]) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Exporter:
    """`start` gives the converter of one export of a built folder; `suffix` is a key of files.WRITERS; `beside` {name: text} are further files
    for the stems that were written; `use` says in a line how the tool is told of the folder {out} and of one of its files, {stem}."""

    name: str
    title: str
    start: Callable[[Path], Convert]
    suffix: str
    use: str
    beside: Callable[[Sequence[str]], dict[str, str]] = nothing_beside


@dataclass(frozen=True)
class ExportReport:
    """`written`: rows that are in the files, as how many `objects`; `left_out`: the others by reason; `files`: what lies in the folder; `stems`: of those with rows."""

    written: int
    left_out: Counter[str] = field(default_factory=Counter)
    files: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    objects: int = 0
