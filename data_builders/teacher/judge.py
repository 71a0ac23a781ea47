"""The judge: a model marks answers from 1 to 10 for agreement with the labels, with the media, and overall. OUT/judged.jsonl holds the marks.

Three criteria as in Face-LLaVA's filter. A judge that gives everything the same mark has judged nothing, and the report says so: small models praise
whatever they are shown.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..rows import Row
from .client import Endpoint
from .facts import Facts
from .journal import JUDGED, TAUGHT, Journal
from .pace import Clock
from .prompts import CRITERIA, judging, marks_of
from .rounds import Item, Progress, Report, Task, asked_of_all
from .settings import TeacherSettings

ENOUGH = 20  # answers before a judge is judged
SAME = 0.98  # of all marks of a criterion


@dataclass
class Marks:
    """How often each mark was given, by criterion, earlier runs included; `rejected` have one below the least."""

    counts: dict[str, Counter[int]] = field(default_factory=lambda: {name: Counter() for name in CRITERIA})
    rejected: int = 0

    def warnings(self) -> list[str]:
        """Criteria on which the judge does not tell answers apart."""
        lines = []
        for name, counts in self.counts.items():
            mark, most = counts.most_common(1)[0] if counts else (0, 0)
            if counts.total() >= ENOUGH and most >= SAME * counts.total():
                lines.append(
                    f"the judge gave {mark} for {name} to {most} of {counts.total()} answers: it tells nothing apart there"
                )
        return lines


def judge(
    rows: Iterable[Item],
    out: Path,
    settings: TeacherSettings,
    folder: Path,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> tuple[Report, Marks]:
    """Appends to OUT/judged.jsonl a line for each row that it does not hold: {"id", "marks", "reason", "model", "usage", "cost", "tries"}, or `error`.
    The rows may be of any writer. Raises FacewiseError when nothing more can come."""
    url = settings.judge or settings.teacher
    if url is None or settings.judge_model is None:
        raise FacewiseError("no judge was named: give --judge-model M, and --judge URL where it is not the teacher's server")
    with Journal(out / TAUGHT) as taught:
        spent = taught.cost, taught.tokens
    facts = Facts()
    task = Task(
        out / JUDGED,
        Endpoint(url, settings.judge_model, settings.judge_prices),
        lambda row, record, shown: judging(row, facts(row, record), shown.names, shown.parts),
        _fields,
        lambda row: None,
        spent,
    )
    report = asked_of_all(task, rows, settings, folder, progress, clock)
    marks = marks_given(out, settings.min_mark)
    report.notes += marks.warnings()
    return report, marks


def _fields(values: Any, row: Row) -> dict[str, Any]:
    marks, reason = marks_of(values)
    return {"marks": marks, "reason": reason}


def marks_given(out: Path, least: int) -> Marks:
    """Of all answers that OUT/judged.jsonl holds."""
    marks = Marks()
    with Journal(out / JUDGED) as journal:
        for line in journal.finished():
            for name, mark in line["marks"].items():
                marks.counts[name][mark] += 1
            marks.rejected += min(line["marks"].values()) < least
    return marks


def with_marks(rows: Iterable[Row], out: Path, least: int) -> Iterator[tuple[Row, str | None]]:
    """Each row with its marks in meta["judged"], and why it may not stay, or None; in their order."""
    with Journal(out / JUDGED) as journal:
        for row in rows:
            line = journal.get(row.id)
            if line is None:
                yield row, "not judged"
                continue
            judged = {**line["marks"], "model": line["model"]}
            yield dataclasses.replace(row, meta={**row.meta, "judged": judged}), _fault(line, least)


def _fault(line: dict[str, Any], least: int) -> str | None:
    low = [f"{name} {mark}" for name, mark in line["marks"].items() if mark < least]
    return f"judged {', '.join(low)} of 10, {least} is the least: {line['reason']}" if low else None
