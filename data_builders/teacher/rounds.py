"""Rows through a model, many at once, into a journal: what teacher and judge share. Finished rows are passed over, each answer is on disk at once.

A round ends early when the budget is used up, which is no fault, and when row after row fails, which is one: a server that answers a million rows with
nonsense would be paid for each.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..records import Record
from ..rows import Row
from .client import Asked, Client, Endpoint, Limits
from .journal import Journal
from .pace import Clock, Pace
from .pictures import Pictures, Shown
from .prompts import Prompt
from .settings import TeacherSettings
from .spending import Exhausted, Spending

FAILED_IN_SUCCESSION = 20
EXAMPLES = 5
Item = tuple[Row, Record]


@dataclass
class Report:
    """How far a round is, and in the end what came of it: rows `answered` and `failed` by this run, answered `before`, and `left_out` by reason.

    `cost` and `tokens` are those of all runs and rounds into the folder; the cost is 0 where no prices were given. `notes`: what is to be known of the
    server; `errors`: the first of them.
    """

    answered: int = 0
    failed: int = 0
    before: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    cost: Decimal = Decimal(0)
    tokens: int = 0
    is_over_budget: bool = False
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def is_silent(self) -> bool:
        """All that were asked about in this run failed."""
        return self.failed > 0 and self.answered == 0


Progress = Callable[[Report], None]


@dataclass(frozen=True)
class Task:
    """`prompt` puts a row to the model; `read` makes the fields of its line from the values of a reply, or raises ValueError; `omits` tells why a row
    is not asked about, or None. `spent` elsewhere counts against the same budget."""

    journal: Path
    endpoint: Endpoint
    prompt: Callable[[Row, Record, Shown], Prompt]
    read: Callable[[Any, Row], dict[str, Any]]
    omits: Callable[[Row], str | None]
    spent: tuple[Decimal, int] = (Decimal(0), 0)


def asked_of_all(
    task: Task,
    items: Iterable[Item],
    settings: TeacherSettings,
    folder: Path,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Report:
    """Asks about each row that the journal does not hold. Raises FacewiseError when nothing more can come; what has come is kept."""
    with Journal(task.journal) as journal:
        return asyncio.run(_Round(task, journal, items, settings, folder, progress, clock or Clock()).all())


class _Round:
    def __init__(
        self,
        task: Task,
        journal: Journal,
        items: Iterable[Item],
        settings: TeacherSettings,
        folder: Path,
        progress: Progress | None,
        clock: Clock,
    ):
        cost, tokens = task.spent
        self._task, self._journal, self._progress = task, journal, progress
        self._workers = settings.concurrency
        self._most_failures = max(FAILED_IN_SUCCESSION, 2 * self._workers)
        self._failures = 0
        self._pictures = Pictures(folder, settings.clip_pictures)
        self._spending = Spending(settings.budget, settings.budget_tokens, journal.cost + cost, journal.tokens + tokens)
        pace = Pace(settings.requests_per_minute, settings.tokens_per_minute, clock)
        limits = Limits(settings.concurrency, settings.tries, settings.answer_timeout_s, settings.max_tokens)
        self._client = Client(task.endpoint, limits, pace, self._spending, clock)
        self._report = Report(notes=self._client.notes)
        self._waiting = self._unfinished(items)

    async def all(self) -> Report:
        async with self._client:
            workers = [asyncio.ensure_future(self._work()) for _ in range(self._workers)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
        self._report.is_over_budget = self._spending.is_over
        if self._report.is_silent:
            self._report.notes.append(f"NOT ONE ROW WAS ANSWERED: all {self._report.failed} that were asked failed")
        self._tell()
        return self._report

    def _unfinished(self, items: Iterable[Item]) -> Iterator[Item]:
        for row, record in items:
            if (reason := self._task.omits(row)) is not None:
                self._report.left_out[reason] += 1
            elif row.id in self._journal:
                self._report.before += 1
            else:
                yield row, record

    async def _work(self) -> None:
        """One of the many: the next row, until there is none or no more can be paid."""
        for row, record in self._waiting:
            if self._spending.is_over:
                return
            try:
                await self._one(row, record)
            except Exhausted:
                return

    async def _one(self, row: Row, record: Record) -> None:
        try:
            shown = await self._pictures.shown(row, record)
        except FacewiseError as fault:
            self._failed(row, Asked(error=str(fault)))
            return
        asked = await self._client.ask(self._task.prompt(row, record, shown), lambda values: self._task.read(values, row))
        if asked.values is None:
            self._failures += 1
            self._failed(row, asked)
            self._check_failures(asked)
            return
        self._failures = 0
        self._report.answered += 1
        self._journal.append({"id": row.id, **asked.values, **self._told(asked)})
        self._tell()

    def _failed(self, row: Row, asked: Asked[Any]) -> None:
        self._report.failed += 1
        if len(self._report.errors) < EXAMPLES:
            self._report.errors.append(f"{row.id}: {asked.error}")
        self._journal.append({"id": row.id, "error": asked.error, **self._told(asked)})
        self._tell()

    def _told(self, asked: Asked[Any]) -> dict[str, Any]:
        """What an answer took. No cost where nobody told the prices."""
        usage = {"prompt_tokens": asked.usage.prompt_tokens, "completion_tokens": asked.usage.completion_tokens}
        cost = {"cost": float(self._client.prices.cost(asked.usage))} if self._task.endpoint.prices else {}
        return {"model": self._client.model, "usage": usage, **cost, "tries": asked.tries}

    def _check_failures(self, asked: Asked[Any]) -> None:
        if self._failures >= self._most_failures:
            raise FacewiseError(
                f"{self._client.url}: {self._failures} rows failed one after the other, the last because {asked.error}; what was "
                f"answered is kept, run the same command again when it is mended"
            )

    def _tell(self) -> None:
        self._report.cost, self._report.tokens = self._spending.cost, self._spending.tokens
        if self._progress is not None:
            self._progress(self._report)
