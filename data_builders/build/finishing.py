"""Last stage: what was written is counted, audited and put into Parquet as it goes by; then everything gets its place.

A file that lies in OUT is whole. Until then it lies in the workshop, and a run that was stopped in this stage starts it anew.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..checks.demographics import demographic_audit
from ..records import SPLITS, write_whole
from ..rows import Row
from .card import card
from .counts import Counts
from .ledger import WORKSHOP, Ledger
from .listing import LISTED, told_faults
from .looking import LOOKED
from .record_rows import RECORDS, REJECTS, ROWS, RecordRows, lines
from .report import REPORT, report_of
from .settings import Settings
from .shards import Shards

CARD, DATA = "README.md", "data"


def finish(
    ledger: Ledger, settings: Settings, out: Path, checks: dict[str, Any], found: Iterable[RecordRows], rows_file: str
) -> dict[str, Any]:
    """The report, with every file in its place. `checks`: what came of the others; `found`: all that is to be in the set, and in
    the end in the workshop's `rows_file`, too."""
    before, checks = ledger.told(REPORT), json.loads(json.dumps(checks))
    if before is None or before["checks"] != checks:
        report = _finished(ledger, settings, out, checks, found)
        packed = {path.name: path.stat().st_size for path in (out / WORKSHOP / DATA).iterdir()}
        ledger.finish(REPORT, {"checks": checks, "report": report, "data": packed})
    _place(out, rows_file)
    told = ledger.told(REPORT)
    sizes: dict[str, int | None] = {ROWS: ledger.size(rows_file), RECORDS: ledger.size(RECORDS), REJECTS: ledger.size(REJECTS)}
    _check(out, sizes | {f"{DATA}/{name}": size for name, size in told.get("data", {}).items()})
    return told["report"]


def _check(out: Path, sizes: dict[str, int | None]) -> None:
    """Raises FacewiseError for a file that is not as it was when the set was complete."""
    for name, size in sizes.items():
        path = out / name
        now = path.stat().st_size if path.is_file() else None
        if now is None or now != size:
            what = "is gone, which was there" if now is None else f"has {now:,} bytes and had {size or 0:,}"
            raise FacewiseError(
                f"{path} {what} when the set was complete; delete {out / WORKSHOP} and run again to build it anew"
            )


def _finished(
    ledger: Ledger, settings: Settings, out: Path, checks: dict[str, Any], found: Iterable[RecordRows]
) -> dict[str, Any]:
    workshop, counts = out / WORKSHOP, Counts()
    shutil.rmtree(workshop / DATA, ignore_errors=True)
    (workshop / DATA).mkdir()
    shards = {split: Shards(workshop / DATA, split, out.resolve(), settings.embed) for split in SPLITS}
    audit = demographic_audit(_passing(found, counts, shards))
    if not counts.tasks:
        raise FacewiseError(
            f"{out}: not one row came of {ledger.count():,} records; --wording {settings.wording} may ask about nothing that is labelled in them"
        )
    files = {split: number for split, shard in shards.items() if (number := shard.finish())}
    for line in lines(workshop / REJECTS):
        counts.add_reject(line)
    checks = {**checks, "demographics": audit}
    report = report_of(ledger.told(LOOKED)["usable"], told_faults(ledger), counts.told(), checks, files)
    write_whole(workshop / REPORT, json.dumps(report, indent=1, ensure_ascii=False).encode())
    write_whole(workshop / CARD, card(report, settings).encode())
    return report


def _passing(found: Iterable[RecordRows], counts: Counts, shards: dict[str, Shards]) -> Iterator[Row]:
    for record, rows in found:
        counts.add_record(record)
        for row in rows:
            counts.add_row(row)
            shards[row.meta["split"]].add(row)
            yield row


def _place(out: Path, rows_file: str) -> None:
    """Does what is left of it: a file that was moved before is not there any more. What a teacher may add to later is copied."""
    workshop, is_taught = out / WORKSHOP, rows_file != ROWS
    for name in (RECORDS, REJECTS):
        if is_taught:
            write_copy(workshop / name, out / name)
    moves = {DATA: DATA, rows_file: ROWS, REPORT: REPORT, CARD: CARD} | (
        {} if is_taught else {RECORDS: RECORDS, REJECTS: REJECTS}
    )
    for name, place in moves.items():
        if (made := workshop / name).exists():
            if made.is_dir():
                shutil.rmtree(out / place, ignore_errors=True)
            made.replace(out / place)
    for name in (LISTED, LOOKED):
        (workshop / name).unlink(missing_ok=True)


def write_copy(source: Path, target: Path) -> None:
    """Whole or not at all."""
    part = target.with_name(f".{target.name}")
    shutil.copyfile(source, part)
    part.replace(target)
