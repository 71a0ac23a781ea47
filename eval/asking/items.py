"""The items of a benchmark: which records of its sources are asked about, with their truths. No medium is opened here.

What the question shows is settled later (pictures.py); the key is that of the bytes of the medium, so that a file which changes
is another item.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ...data_builders.build.table_pictures import table_row
from ...data_builders.readers.faults import Faults
from ...data_builders.readers.sources import SOURCES
from ...data_builders.records import Record
from ...model.errors import FacewiseError
from ...model.perception.video import is_clip
from ..answers.predictions import key_of
from ..benchmark import Benchmark, Chosen
from .truths import groups_of, truth_of

T = TypeVar("T")
SYNTH = "synth"
OWN_QUESTION = "{question}"
_FRAME = re.compile(r"_frame\d+$")


@dataclass(frozen=True)
class Item:
    """One question's subject: `nth` of `of` pictures of a clip, or all of them (`nth` None). `record.media` is absolute."""

    record: Record
    truth: Any
    clip: str = ""
    nth: int | None = None
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.record.id if self.nth is None else f"{self.record.id}#{self.nth}"

    def key(self, benchmark: Benchmark) -> str:
        shown = f"{self.name} {self.record.frames} {benchmark.frames} {content(self.record.media)}"
        return key_of(benchmark.name, shown, asked_of(benchmark, self.record).question)


@dataclass(frozen=True)
class Part:
    """The items of the test or the dev part: how many there were before --limit, and what could not be used."""

    items: tuple[Item, ...]
    of: int
    faults: Faults


def part(benchmark: Benchmark, roots: Mapping[str, Path], chosen: Chosen, limit: int | None = None) -> Part:
    """`roots`: the folder of each reader. With a limit items, or whole clips where their frames are averaged, are taken evenly over
    the list, which goes by class in most sources.

    Raises FacewiseError where a source cannot be read, and where not one record is left.
    """
    faults = Faults()
    found = list(_items(benchmark, records(benchmark, roots, faults), chosen))
    if not found:
        lost = "; ".join(f"{kind} {count:,} ({faults.examples[kind][0]})" for kind, count in faults.counts.most_common(2))
        told = " or ".join(f"{name} {'|'.join(values)}" for name, values in chosen.items())
        raise FacewiseError(
            f"benchmark {benchmark.name}: {', '.join(map(str, roots.values()))} holds not one item of it"
            f"{f' with {told}' if told else ''}{f'; {lost}' if lost else ''}"
        )
    names = list(dict.fromkeys(item.clip or item.name for item in found))
    kept = set(evenly(names, limit))
    return Part(tuple(item for item in found if (item.clip or item.name) in kept), len(found), faults)


def asked_of(benchmark: Benchmark, record: Record) -> Benchmark:
    """With the record's own question, where the data set brings one for each item."""
    told = record.source.get("question", "")
    return (
        replace(benchmark, question=benchmark.question.format(question=told)) if OWN_QUESTION in benchmark.question else benchmark
    )


def readers_of(benchmark: Benchmark) -> list[str]:
    """Those that want a --root."""
    return [name for name in benchmark.reader.split() if name != SYNTH]


def records(benchmark: Benchmark, roots: Mapping[str, Path], faults: Faults) -> Iterator[Record]:
    """Of all its sources, media as absolute paths."""
    for name in benchmark.reader.split():
        root = roots[name].resolve()
        if name == SYNTH:
            from .synth_set import drawn_records

            found: Iterable[Record] = drawn_records(root)
        else:
            found = SOURCES[name].records(root, _options(benchmark, name), faults)
        for record in found:
            yield replace(record, media=os.path.join(root, record.media) if record.media else "")


def _options(benchmark: Benchmark, reader: str) -> dict[str, str]:
    if len(benchmark.reader.split()) == 1:
        return dict(benchmark.options)
    told = (name.partition(".") for name in benchmark.options)
    return {option: benchmark.options[f"{source}.{option}"] for source, _, option in told if source == reader}


def _items(benchmark: Benchmark, found: Iterable[Record], chosen: Chosen) -> Iterator[Item]:
    for record in found:
        if not record.media or not is_chosen(record, chosen) or (truth := truth_of(record, benchmark)) is None:
            continue
        groups = groups_of(record, benchmark)
        if benchmark.per == "item":
            yield Item(record, truth, groups=groups)
        elif moves(record) and benchmark.frames > 1:
            yield from (Item(record, truth, record.id, nth, groups) for nth in range(benchmark.frames))
        else:
            yield Item(record, truth, _FRAME.sub("", record.id), groups=groups)


def is_chosen(record: Record, chosen: Chosen) -> bool:
    return all(_holds(record, path, values) for path, values in chosen.items())


def _holds(record: Record, path: str, values: Sequence[str]) -> bool:
    """A field may hold one value or words: "lists" of a frame that is in two of them is "test train"."""
    name, _, key = path.partition(".")
    held = getattr(record, name)
    told = str(held.get(key, "")) if key and held else "" if key else str(held)
    return bool(told) and (values == ("*",) or told in values or any(word in values for word in told.split()))


def moves(record: Record) -> bool:
    """A clip, and no single picture of one."""
    single = record.frames is not None and record.frames[0] == record.frames[1]
    return not single and table_row(record.media) is None and is_clip(record.media)


def evenly(found: Sequence[T], limit: int | None) -> list[T]:
    if limit is None or limit >= len(found):
        return list(found)
    return [found[number * len(found) // limit] for number in range(limit)]


def content(media: str) -> str:
    """sha256 of the bytes of a file, of all files of a folder, or of a table with the row. FacewiseError for what is not there."""
    cell = table_row(media)
    try:
        return f"{digest(cell[0])} {cell[1]}" if cell else digest(Path(media))
    except OSError as error:
        raise FacewiseError(f"{media}: cannot be read ({error.strerror})") from None


@lru_cache(1024)  # the frames of one video and the rows of one table follow one another
def digest(path: Path) -> str:
    if path.is_dir():
        whole = hashlib.sha256()
        for entry in sorted(each for each in path.iterdir() if each.is_file()):
            whole.update(entry.name.encode() + hashlib.sha256(entry.read_bytes()).digest())
        return whole.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
