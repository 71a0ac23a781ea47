"""A dataset as a value: its name, its terms, what it can be asked for, and the function that reads it.

A reader turns polarity, frame numbers, sides and classes into ours and keeps the source's own words beside them in `Record.source`. It opens label
files and lists folders, no media: those are looked at when rows are built. What it cannot use it tells `Faults`. What makes the whole
unreadable, such as a missing label file or a column that is not there, raises FacewiseError with one line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults

Read = Callable[[Path, dict[str, str], Faults], Iterator[Record]]


@dataclass(frozen=True)
class Source:
    """`options` {name: its choices, the default first}; `unverified`: which parts of the layout nobody here has seen, in a sentence; the
    reader raises FacewiseError at the first file that differs from what is known."""

    name: str
    title: str
    terms: str
    read: Read
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unverified: str = ""

    def records(self, root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
        """Each usable item once: an id that comes again is a fault."""
        if not root.is_dir():
            raise FacewiseError(f"{root}: no such folder; {self.title} is read from its folder as it was handed out")
        seen: set[str] = set()
        for record in self.read(root, self._settled(options), faults):
            if record.id in seen:
                faults.add("duplicate id", record.media, record.id)
                continue
            seen.add(record.id)
            yield record

    def _settled(self, options: dict[str, str]) -> dict[str, str]:
        for name, value in options.items():
            if name not in self.options:
                raise FacewiseError(f"{self.name} has no option {name!r}; it has {', '.join(self.options) or 'none'}")
            if value not in self.options[name]:
                raise FacewiseError(f"{self.name}: {name}={value}: choose from {', '.join(self.options[name])}")
        return {name: choices[0] for name, choices in self.options.items()} | options
