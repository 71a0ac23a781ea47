"""The teacher: a model adds its version of the templates' answers, its eyes on the picture and the labels before it. OUT/taught.jsonl holds what it wrote.

All answers of a conversation are written anew in one request, not the last alone: a later answer presupposes the earlier ones, and a conversation that
changes its voice half-way would teach a model to do so. Only the shape of what comes back is checked here; whether it says what the labels say,
data_builders/checks tells of any text.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..rows import Row, texts
from .client import Endpoint
from .facts import Facts
from .journal import JUDGED, TAUGHT, Journal
from .pace import Clock
from .prompts import answers_of, teaching
from .rounds import Item, Progress, Report, Task, asked_of_all
from .settings import TeacherSettings

VERBATIM = "megc"  # a wording whose answers are fixed by a benchmark


def teach(
    rows: Iterable[Item],
    out: Path,
    settings: TeacherSettings,
    folder: Path,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Report:
    """Appends to OUT/taught.jsonl a line for each row that it does not hold: {"id", "texts" (one an answer), "model", "usage", "cost", "tries"}, or
    `error` in place of the texts. Paths of pictures are absolute or relative to `folder`. Raises FacewiseError when nothing more can come."""
    if settings.teacher is None or settings.teacher_model is None:
        raise FacewiseError("no teacher was named: give --teacher URL and --teacher-model M")
    with Journal(out / JUDGED) as judged:
        spent = judged.cost, judged.tokens
    facts = Facts()
    task = Task(
        out / TAUGHT,
        Endpoint(settings.teacher, settings.teacher_model, settings.prices),
        lambda row, record, shown: teaching(row, facts(row, record), shown.names, shown.parts),
        lambda values, row: {"texts": answers_of(values, row)},
        lambda row: _omitted(row, settings),
        spent,
    )
    return asked_of_all(task, rows, settings, folder, progress, clock)


def _omitted(row: Row, settings: TeacherSettings) -> str | None:
    if row.meta["task"] not in settings.teacher_tasks:
        return f"task {row.meta['task']} is not asked for"
    return f"wording {VERBATIM} is kept verbatim" if row.meta.get("wording") == VERBATIM else None


def with_taught(rows: Iterable[Row], out: Path) -> Iterator[tuple[Row, Row | None]]:
    """Each row, and the teacher's version of it where there is one that says it otherwise, in their order."""
    with Journal(out / TAUGHT) as journal:
        for row in rows:
            line = journal.get(row.id)
            yield row, None if line is None or line["texts"] == _plain(row) else taught_row(row, line)


def _plain(row: Row) -> list[str]:
    """The row's answers, blanks single as a teacher's are."""
    return [" ".join(text.split()) for text in texts(row)]


def taught_row(row: Row, line: dict[str, Any]) -> Row:
    """The row with a teacher's answers in place of its own; `writer` is the model."""
    left = iter(line["texts"])
    messages = [_said(message, next(left)) if message["role"] == "assistant" else message for message in row.messages]
    return dataclasses.replace(row, id=f"{row.id}/taught", messages=messages, meta={**row.meta, "writer": line["model"]})


def _said(message: dict[str, Any], text: str) -> dict[str, Any]:
    return {**message, "content": [{"type": "text", "text": text}]}
