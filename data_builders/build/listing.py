"""First stage: the records of all origins, a line each, with absolute paths. What a source told once is not asked again, and a
source whose label files have changed since is refused: the set would be of both.

Readers open label files and no media, so this stage is short, and a run that was stopped in it starts it anew.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..readers.faults import Faults
from ..readers.source import once
from ..readers.sources import SOURCES
from ..records import SPLITS, Record, checked, json_line, record_of
from .ledger import Ledger
from .report import worst
from .settings import Origin, Settings, changed

LISTED = "listed.jsonl"
LABELS = (".csv", ".tsv", ".txt", ".xls", ".xlsx", ".json", ".jsonl", ".npy")
LABEL_FILES, ENTRIES = 20_000, 1_000_000  # that are asked for their state, and that are gone through, below a root


def list_records(ledger: Ledger, settings: Settings, out: Path) -> None:
    """Fills LISTED. Raises FacewiseError where a source cannot be read, has no record or has changed since it was listed."""
    states = [label_state(origin.path) if origin.name else None for origin in settings.origins]
    if ledger.told(LISTED) is not None:
        _compare(out, settings, ledger.told("labels") or states, states)
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
    ledger.tell("labels", states)
    ledger.finish(LISTED, True)


def label_state(root: Path) -> str | None:
    """Of the names, sizes and times of its label files, those nearest to the root first; None where the folder is gone, which a
    set does not need any more when it has its own media."""
    if not root.is_dir():
        return None
    state = hashlib.sha256()
    for path in islice(_label_files(root), LABEL_FILES):
        about = path.stat()
        state.update(f"{str(path.relative_to(root))!a} {about.st_size} {about.st_mtime_ns}\n".encode())
    return state.hexdigest()


def _label_files(root: Path) -> Iterator[Path]:
    """Each folder once: a link may lead back to one that holds it, or to itself."""
    folders, seen, entered = deque([root]), 0, set()
    while folders and seen < ENTRIES:
        folder = folders.popleft()
        if (real := os.path.realpath(folder)) in entered:
            continue
        entered.add(real)
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
        seen += len(found)
        folders.extend(Path(entry.path) for entry in found if _is_folder(entry))
        yield from (Path(entry.path) for entry in found if entry.name.lower().endswith(LABELS) and os.path.isfile(entry.path))


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _compare(out: Path, settings: Settings, before: list[str | None], now: list[str | None]) -> None:
    for origin, old, new in zip(settings.origins, before, now, strict=True):
        if new is not None and new != old:
            raise changed(out, origin.path)


def origin_records(origin: Origin, faults: Faults, ledger: Ledger) -> Iterator[Record]:
    """Those of one origin whose id comes for the first time in the set."""
    if origin.name:
        records, folder = SOURCES[origin.name].records(origin.path, origin.options, faults, ledger.is_new), origin.path
    else:
        records, folder = once(_filed(origin.path, faults), faults, ledger.is_new), origin.path.parent
    root = str(folder.resolve())
    for record in records:
        places: dict[str, Any] = {
            name: os.path.join(root, path) for name in ("media", "mask", "regions") if (path := getattr(record, name))
        }
        yield replace(record, **places)


def _filed(path: Path, faults: Faults) -> Iterator[Record]:
    with path.open(encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = checked(record_of(json.loads(line)))
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
