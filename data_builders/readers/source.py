"""A dataset as a value: its name, its terms, what it can be asked for, and the function that reads it.

A reader turns polarity, frame numbers, sides and classes into ours and keeps the source's own words beside them in
`Record.source`. It opens label files and lists folders, no media: those are looked at when rows are built. What it cannot use it
tells `Faults`. What makes the whole unreadable, such as a missing label file or a column that is not there, raises FacewiseError
with one line.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults

Read = Callable[[Path, dict[str, str], Faults], Iterator[Record]]
IsNew = Callable[[str], bool]  # whether an id comes for the first time


@dataclass(frozen=True)
class Source:
    """`options` {name: its choices, the default first}; `unverified`: which parts of the layout nobody here has seen, in a
    sentence; the reader raises FacewiseError at the first file that differs from what is known."""

    name: str
    title: str
    terms: str
    read: Read
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unverified: str = ""

    def records(self, root: Path, options: dict[str, str], faults: Faults, is_new: IsNew | None = None) -> Iterator[Record]:
        """Each usable item once: an id that comes again is a fault. Whoever reads millions brings an `is_new` that remembers them
        on disk."""
        if not root.is_dir():
            raise FacewiseError(f"{root}: no such folder; {self.title} is read from its folder as it was handed out")
        yield from once(self.read(root, self.settled(options), faults), faults, is_new or remembering())

    def settled(self, options: dict[str, str]) -> dict[str, str]:
        """All options with their values; FacewiseError for one that the source does not have."""
        for name, value in options.items():
            if name not in self.options:
                raise FacewiseError(f"{self.name} has no option {name!r}; it has {', '.join(self.options) or 'none'}")
            if value not in self.options[name]:
                raise FacewiseError(f"{self.name}: {name}={value}: choose from {', '.join(self.options[name])}")
        return {name: choices[0] for name, choices in self.options.items()} | options


def once(records: Iterable[Record], faults: Faults, is_new: IsNew) -> Iterator[Record]:
    """The records without those whose id came before."""
    for record in records:
        if is_new(record.id):
            yield record
        else:
            faults.add("duplicate id", record.media, record.id)


def remembering() -> IsNew:
    """In memory: for sets that fit there."""
    seen: set[str] = set()

    def is_new(name: str) -> bool:
        before = len(seen)
        seen.add(name)
        return len(seen) > before

    return is_new
