"""Second stage: every record's medium is looked at, and the record gets the medium that its rows are to name."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..records import json_line, record_of
from .engines import Engine
from .ledger import WORKSHOP, Ledger
from .listing import LISTED, tell_faults, told_faults
from .media import settled
from .media_state import State, check_media, state_of
from .report import printable
from .settings import Settings
from .spans import Span, grouped, span
from .stills import Handling, MediaError

LOOKED = "looked.jsonl"
LEAST, MOST = 32, 1024  # records of a task


class Looked(NamedTuple):
    """`line`: the record that goes on, or as it was where it is lost; `mark`: its perceptual hash; `fault`: kind, medium and
    reason; `state`: of a medium that stays where it is, when it was opened."""

    line: bytes
    mark: int | None = None
    fault: tuple[str, str, str] | None = None
    state: State | None = None


def look_at_media(ledger: Ledger, settings: Settings, out: Path, engine: Engine, progress: Callable[[int], None]) -> None:
    """Fills LOOKED, a line for each of LISTED, and goes on where it was stopped. Raises FacewiseError where media that were looked
    at before have changed."""
    check_media(ledger, out)
    if ledger.told(LOOKED) is not None:
        return
    ledger.open(LOOKED)
    done, faults = ledger.told("looked") or 0, told_faults(ledger)
    progress(done)
    tasks = (span(group) for group in grouped(ledger.places(done, "listed_at"), LEAST, MOST))
    look = partial(looked, Handling(out.resolve(), settings.media, settings.look))
    for batch in engine.map(look, tasks):
        for position, found in enumerate(batch, start=done + 1):
            if found.fault:
                faults.add(*found.fault)
            start = ledger.append(LOOKED, found.line)
            ledger.looked_at(position, start, found.mark, f"{found.fault[0]}: {found.fault[2]}" if found.fault else None)
            if found.state:
                ledger.named(position, *found.state)
        done += len(batch)
        progress(len(batch))
        ledger.tell("looked", done)
        tell_faults(ledger, faults)
        ledger.settle(at_once=False)
    ledger.finish(LOOKED, {"usable": ledger.count() - ledger.count_lost()})


def looked(handling: Handling, task: Span) -> list[Looked]:
    """What a worker does with a span of LISTED."""
    return list(_each(handling, task.lines(handling.out / WORKSHOP / LISTED)))


def _each(handling: Handling, lines: list[bytes]) -> Iterator[Looked]:
    for line in lines:
        record = record_of(json.loads(line))
        state = state_of(record.media) if handling.look else None
        try:
            found, mark = settled(record, handling)
        except MediaError as fault:
            where = printable(record.media or record.id)
            yield Looked(line, fault=(fault.kind, where, str(fault).removeprefix(f"{record.media}: ")))
            continue
        told = line if found == record else json_line(found).encode()
        yield Looked(told, mark, state=state if found.media == record.media else None)
