"""Rows to look at: which ones are wanted, what their record says, and why they were rejected.

Of a large set the rows with the smallest hash of their id are shown: an even draw, the same every time, in one pass and little
memory.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.readings import ACTIVE_INTENSITY, ONE_SIDED, VISIBLE_CUE
from ...model.wording import level
from ..checks.labels import Shown, events, units
from ..records import Record, record_of
from ..rows import Row
from .built import RECORDS, built_rejects, built_rows


@dataclass(frozen=True)
class Wanted:
    """`id`: of a row, or of a record whose rows are wanted; then all of them are shown, whatever `n`."""

    n: int
    task: str | None = None
    dataset: str | None = None
    split: str | None = None
    id: str | None = None
    rejects: bool = False


@dataclass(frozen=True)
class Card:
    """`row` None: a whole record was rejected. `record` None: the set does not hold it (any more). `reasons`: why it was
    rejected."""

    id: str
    row: Row | None
    meta: dict[str, Any]
    record: Record | None = None
    reasons: tuple[str, ...] = ()

    @property
    def media(self) -> tuple[str, ...]:
        if self.row is None:
            return tuple(filter(None, (self.meta.get("media"),)))
        return (*self.row.images, *self.row.videos)


def cards(folder: Path, wanted: Wanted) -> list[Card]:
    """In the set's order, each with its record. Raises FacewiseError where nothing is what is wanted."""
    found = _chosen(_rejected(folder) if wanted.rejects else _written(folder), wanted)
    if not found:
        raise FacewiseError(f"{folder}: {'nothing was rejected' if wanted.rejects else 'no row is'}{_said(wanted)}")
    records = _records(folder, {str(card.meta.get("record", card.id)) for card in found})
    return [
        Card(card.id, card.row, card.meta, records.get(str(card.meta.get("record", card.id))), card.reasons) for card in found
    ]


def _said(wanted: Wanted) -> str:
    asked = {"task": wanted.task, "dataset": wanted.dataset, "split": wanted.split, "id": wanted.id}
    told = ", ".join(f"{name} {value!r}" for name, value in asked.items() if value)
    return f" of {told}; `facewise data stats` tells what is here" if told else ""


def _written(folder: Path) -> Iterator[Card]:
    return (Card(row.id, row, row.meta) for row in built_rows(folder))


def _rejected(folder: Path) -> Iterator[Card]:
    for reject in built_rejects(folder):
        row = Row(**reject["row"]) if reject.get("row") else None
        yield Card(reject["id"], row, row.meta if row else reject, reasons=tuple(reject["reason"].split("; ")))


def _chosen(found: Iterable[Card], wanted: Wanted) -> list[Card]:
    fitting = ((number, card) for number, card in enumerate(found) if _fits(card, wanted))
    if wanted.id is not None:
        return [card for _, card in fitting]
    drawn = heapq.nsmallest(wanted.n, fitting, key=lambda pair: (_chance(pair[1].id), pair[0]))
    return [card for _, card in sorted(drawn, key=lambda pair: pair[0])]


def _chance(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _fits(card: Card, wanted: Wanted) -> bool:
    asked = {"task": wanted.task, "dataset": wanted.dataset, "split": wanted.split}
    if any(value is not None and card.meta.get(name) != value for name, value in asked.items()):
        return False
    return wanted.id is None or wanted.id in (card.id, card.meta.get("record"))


def _records(folder: Path, names: set[str]) -> dict[str, Record]:
    """Only the lines that are wanted are read whole: a record's id stands first in it."""
    path, found, decoder = folder / RECORDS, {}, json.JSONDecoder()
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                name = decoder.raw_decode(line, 7)[0] if line.startswith('{"id": ') else json.loads(line)["id"]
                if name in names:
                    found[name] = record_of(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise FacewiseError(f"{path}:{number}: not a record ({error})") from None
    return found


def labels(record: Record) -> list[tuple[str, str]]:
    """(name, what is told) of a record, for people."""
    found = [("verdict", {True: "live", False: "spoof", None: ""}[record.live])]
    found += [(name, str(getattr(record, name) or "")) for name in ("attack", "digital", "emotion")]
    found.append(("action units", _units(units(record, change=False).items()) if record.clip is None else ""))
    found.append(("change", _change(record)))
    found.append(
        ("cues", ", ".join(f"{name} {value:.1f}" for name, value in (record.cues or {}).items() if value >= VISIBLE_CUE))
    )
    found.append(("age", f"{record.age:g}" if record.age is not None else ""))
    found.append(("attributes", ", ".join(_attributes(record))))
    found += [(str(event.get("kind", "movement")), _event(event)) for event in events(record)]
    return [(name, value) for name, value in found if value]


def _units(known: Iterable[tuple[str, Sequence[Shown]]]) -> str:
    told = [f"{code}{_extent(codings[0])}" for code, codings in known if codings[0].is_active]
    return ", ".join(told)


def _extent(shown: Shown) -> str:
    """Of an uneven unit the levels of both sides, if they are told."""
    side = "" if shown.side == "both" else f" {shown.side}"
    if side and shown.left is not None and shown.right is not None:
        return f" left {_level(shown.left)} right {_level(shown.right)}"
    told = shown.level(None)
    return side + ("" if told is None else f" level {level(told)}")


def _level(told: float) -> int:
    return level(told) if told >= ACTIVE_INTENSITY else 0


def _change(record: Record) -> str:
    moved = {code: sides for code, sides in (record.change or {}).items() if max(map(abs, sides)) >= ACTIVE_INTENSITY}
    return ", ".join(f"{code} {_moved(*sides)}" for code, sides in moved.items())


def _moved(left: float, right: float) -> str:
    if abs(left - right) < ONE_SIDED:
        return f"{max(left, right, key=abs):+.1f}"
    return f"left {left:+.1f} right {right:+.1f}"


def _attributes(record: Record) -> Iterator[str]:
    for name, value in (record.attributes or {}).items():
        if value is True:
            yield name.replace("_", " ").lower()
        elif isinstance(value, str):
            yield f"{name} {value}"


def _event(event: dict[str, Any]) -> str:
    moments = " ".join(f"{name} {event[name]}" for name in ("onset", "apex", "offset") if event.get(name) is not None)
    codes = " ".join((*(event.get("aus") or {}), *(event.get("shown") or {})))
    more = ", ".join(part for part in (codes, str(event.get("emotion") or ""), str(event.get("coarse") or "")) if part)
    return f"{moments}; {more}" if more else moments
