"""Work in spans of lines: a worker reads the lines of a span itself, so that a task is three numbers and memory stays flat."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .ledger import Place


class Span(NamedTuple):
    """`lines_in` lines of the file from the byte `start` on; `first`: the position of the first one."""

    first: int
    start: int
    lines_in: int

    def lines(self, path: Path) -> list[bytes]:
        with path.open("rb") as file:
            file.seek(self.start)
            return [file.readline() for _ in range(self.lines_in)]


def grouped(places: Iterable[Place], least: int, most: int) -> Iterator[list[Place]]:
    """Groups of `least` places, or of up to `most` where they share a medium: a long video is opened once for all of its
    frames."""
    group: list[Place] = []
    for place in places:
        if len(group) >= most or (len(group) >= least and place.fresh):
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def span(group: list[Place]) -> Span:
    return Span(group[0].position, group[0].start, len(group))
