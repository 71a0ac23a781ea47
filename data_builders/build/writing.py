"""Fourth stage: records become instruction rows, and rows whose texts do not hold are rejected with the reason.

Everything is written in the records' order by the one process that asked for it, so the number of workers and the engine leave no
trace.
"""

import dataclasses
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..checks.texts import text_faults
from ..instructions import rows_of
from ..records import Record, record_of
from ..rows import Row, row_line
from .engines import Engine
from .ledger import WORKSHOP, Ledger, Place
from .looking import LOOKED
from .record_rows import RECORDS, REJECTS, ROWS, RecordRows, paired, record_rows
from .settings import Settings
from .spans import Span, grouped, span

FILES = (RECORDS, ROWS, REJECTS)
A_TASK = 128  # records


class Batch(NamedTuple):
    """A span of LOOKED; `lost` {its place in the span: why no rows are wanted}; `partners` {record that shows a change: where the
    line of its pair begins}."""

    span: Span
    lost: dict[int, str]
    partners: dict[int, int]


class Written(NamedTuple):
    """Lines for FILES, in that order."""

    records: bytes
    rows: bytes
    rejects: bytes


def write_rows(ledger: Ledger, settings: Settings, out: Path, engine: Engine) -> Iterator[RecordRows]:
    """Fills FILES in the workshop, and goes on where it was stopped. Gives all records as they come, those of earlier runs first,
    so that what counts and packs them works beside the processes that make them."""
    is_done = ledger.told(ROWS) is not None
    for name in () if is_done else FILES:
        ledger.open(name)
    yield from record_rows(out / WORKSHOP)
    if is_done:
        return
    done = ledger.told("written") or 0
    tasks = (_batch(ledger, group) for group in grouped(ledger.places(done, "looked_at"), A_TASK, A_TASK))
    write = partial(written, out / WORKSHOP / LOOKED, settings.wording, settings.seed)
    for count, found in engine.map(write, tasks):
        for name, lines in zip(FILES, found, strict=True):
            ledger.append(name, lines)
        done += count
        ledger.tell("written", done)
        ledger.settle(at_once=False)
        yield from paired(*(map(json.loads, lines.splitlines()) for lines in (found.records, found.rows)))
    ledger.finish(ROWS, {"rejects": ledger.append(REJECTS, b"")})


def _batch(ledger: Ledger, group: list[Place]) -> Batch:
    lost = {number: place.lost for number, place in enumerate(group) if place.lost is not None}
    pairs = ((number, ledger.start_of(place.pair)) for number, place in enumerate(group) if place.pair is not None)
    return Batch(span(group), lost, {number: start for number, start in pairs if start is not None})


def written(path: Path, wording: str, seed: int, batch: Batch) -> tuple[int, Written]:
    """What a worker does with a batch: how many records it had, and the lines."""
    records, rows, rejects = [], [], []
    for number, line in enumerate(batch.span.lines(path)):
        record = record_of(json.loads(line))
        if number in batch.lost:
            rejects.append(lost_line(record, batch.lost[number]))
            continue
        records.append(line)
        partner = _record_at(path, batch.partners[number]) if number in batch.partners else None
        for row, faults in checked(rows_of(record, wording, seed, partner), record):
            if faults:
                rejects.append(reject_line(row, faults))
            else:
                rows.append(row_line(row).encode())
    return batch.span.lines_in, Written(b"".join(records), b"".join(rows), b"".join(rejects))


def _record_at(path: Path, start: int) -> Record:
    (line,) = Span(0, start, 1).lines(path)
    return record_of(json.loads(line))


def checked(rows: list[Row], record: Record) -> Iterator[tuple[Row, list[str]]]:
    for row in rows:
        yield row, text_faults(row, record)


def lost_line(record: Record, reason: str) -> bytes:
    """Of a record that gives no rows."""
    told = {"id": record.id, "reason": reason, "dataset": record.dataset, "split": record.split, "media": record.media}
    return _line(told)


def reject_line(row: Row, faults: list[str]) -> bytes:
    """Of a row, with all of it."""
    return _line({"id": row.id, "reason": "; ".join(faults), "row": dataclasses.asdict(row)})


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"
