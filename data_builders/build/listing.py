"""First stage: the records of all origins, a line each, with absolute paths. What a source told once is not asked again.

Readers open label files and no media, so this stage is short, and a run that was stopped in it starts it anew.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ...model.errors import FacewiseError
from ..readers.faults import Faults
from ..readers.source import once
from ..readers.sources import SOURCES
from ..records import SPLITS, Record, json_line, record_of
from .ledger import Ledger
from .report import worst
from .settings import Origin, Settings

LISTED = "listed.jsonl"


def list_records(ledger: Ledger, settings: Settings) -> None:
    """Fills LISTED. Raises FacewiseError where a source cannot be read or has no record."""
    if ledger.told(LISTED) is not None:
        return
    ledger.forget()
    ledger.open(LISTED)
    faults, before = Faults(), ""
    for origin in settings.origins:
        for record in islice(origin_records(origin, faults, ledger), settings.limit):
            start = ledger.append(LISTED, json_line(record).encode())
            ledger.listed(record, start, fresh=record.media != before)
            before = record.media
            ledger.settle(at_once=False)
    if not ledger.count():
        raise FacewiseError(f"{settings.origins[0].path}: not one record can be used; {worst(faults) or 'nothing is told there'}")
    tell_faults(ledger, faults)
    ledger.finish(LISTED, True)


def origin_records(origin: Origin, faults: Faults, ledger: Ledger) -> Iterator[Record]:
    """Those of one origin whose id comes for the first time in the set."""
    if origin.name:
        records, folder = SOURCES[origin.name].records(origin.path, origin.options, faults, ledger.is_new), origin.path
    else:
        records, folder = once(_filed(origin.path, faults), faults, ledger.is_new), origin.path.parent
    root = str(folder.resolve())
    for record in records:
        places = {name: os.path.join(root, path) for name in ("media", "mask", "regions") if (path := getattr(record, name))}
        yield replace(record, **places)


def _filed(path: Path, faults: Faults) -> Iterator[Record]:
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = record_of(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                faults.add("unreadable label", f"{path.name}:{number}", f"not a record ({error})")
                continue
            if record.split in SPLITS:
                yield record
            else:
                faults.add("unreadable label", f"{path.name}:{number}", f"split {record.split!r}, not {', '.join(SPLITS)}")


# Faults lie in the ledger between the stages


def told_faults(ledger: Ledger) -> Faults:
    found, told = Faults(), ledger.told("faults") or {}
    found.counts.update(told.get("counts", {}))
    found.examples.update(told.get("examples", {}))
    found.left_out.update(told.get("left_out", {}))
    return found


def tell_faults(ledger: Ledger, faults: Faults) -> None:
    ledger.tell("faults", {"counts": faults.counts, "examples": faults.examples, "left_out": faults.left_out})
