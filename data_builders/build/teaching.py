"""The seam to the teacher: what it wrote comes right behind the rows that it rewrote, if labels and judge allow it.

The templates' rows stay in the workshop, so that a later run, with a larger budget or a server that is well again, adds to the
set what had failed.
"""

from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import Any

from ..checks.texts import text_faults
from ..records import Record, record_of
from ..rows import Row, row_line
from ..teacher.journal import JUDGED, TAUGHT
from ..teacher.judge import judge, with_marks
from ..teacher.progress import shown
from ..teacher.rounds import Report
from ..teacher.settings import TeacherSettings
from ..teacher.teach import teach, with_taught
from .ledger import WORKSHOP, Ledger
from .record_rows import REJECTS, ROWS, record_rows
from .writing import reject_line

MERGED = "merged.jsonl"

Version = tuple[Record, Row, list[str]]  # a row and the reasons why it may not stay


def teach_rows(ledger: Ledger, settings: TeacherSettings, out: Path) -> dict[str, Any]:
    """Fills MERGED, anew where answers have come since; what came of it by now. Raises FacewiseError where no more can come."""
    workshop, told = out / WORKSHOP, {}
    with (workshop / ROWS).open("rb") as lines:
        total = sum(1 for _ in lines)
    if settings.teacher:
        with shown("teacher", total) as progress:
            report = teach(_items(workshop), out, settings, out, progress)
        told["teacher"], total = _told(report), report.answered + report.before
    if settings.judge_model:
        with shown("judge", total) as progress:
            report, marks = judge(_to_judge(workshop, settings, out), out, settings, out, progress)
        told["judge"] = _told(report) | {"marks": {name: dict(sorted(counts.items())) for name, counts in marks.counts.items()}}
    grown = [(out / name).stat().st_size if (out / name).exists() else 0 for name in (TAUGHT, JUDGED)]
    before = ledger.told(MERGED)
    if before is None or before["grown"] != grown:
        _merge(ledger, settings, out)
        ledger.finish(MERGED, {"grown": grown, "told": told})
    return ledger.told(MERGED)["told"]


def _told(report: Report) -> dict[str, Any]:
    cost = {"cost": float(report.cost)} if report.cost else {}
    return {
        "answered": report.answered + report.before,
        "failed": report.failed,
        "silent": report.is_silent,
        "left out": dict(report.left_out),
        "tokens": report.tokens,
        **cost,
        "over budget": report.is_over_budget,
        "notes": report.notes,
        "errors": report.errors,
    }


def _merge(ledger: Ledger, settings: TeacherSettings, out: Path) -> None:
    """REJECTS begins with what the templates' rows left there; the rest is written anew."""
    ledger.open(MERGED, 0)
    ledger.open(REJECTS, ledger.told(ROWS)["rejects"])
    for _, row, faults in _marked(_versions(out / WORKSHOP, settings, out), settings, out):
        if faults:
            ledger.append(REJECTS, reject_line(row, faults))
        else:
            ledger.append(MERGED, row_line(row).encode())


def _items(folder: Path) -> Iterator[tuple[Row, Record]]:
    for values, rows in record_rows(folder):
        record = record_of(values)
        yield from ((row, record) for row in rows)


def _versions(folder: Path, settings: TeacherSettings, out: Path) -> Iterator[Version]:
    """Each row of the templates and, right behind it, the teacher's of it."""
    if not settings.teacher:
        yield from ((record, row, []) for row, record in _items(folder))
        return
    items, again = tee(_items(folder))
    for (row, record), (_, taught) in zip(items, with_taught((row for row, _ in again), out), strict=True):
        yield record, row, []
        if taught is not None:
            yield record, taught, text_faults(taught, record)


def _is_judged(version: Version, settings: TeacherSettings) -> bool:
    """The teacher's rows; without a teacher the templates'."""
    _, row, faults = version
    return not faults and (not settings.teacher or row.meta["writer"] == settings.teacher_model)


def _to_judge(folder: Path, settings: TeacherSettings, out: Path) -> Iterator[tuple[Row, Record]]:
    for version in _versions(folder, settings, out):
        if _is_judged(version, settings):
            yield version[1], version[0]


def _marked(versions: Iterable[Version], settings: TeacherSettings, out: Path) -> Iterator[Version]:
    """With the judge's marks, and its reason where they are too low."""
    if not settings.judge_model:
        yield from versions
        return
    versions, again = tee(versions)
    marks = with_marks((version[1] for version in again if _is_judged(version, settings)), out, settings.min_mark)
    for version in versions:
        record, row, faults = version
        if _is_judged(version, settings):
            row, fault = next(marks)
            faults = [] if fault is None else [fault]
        yield record, row, faults
