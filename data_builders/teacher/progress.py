"""How far teacher or judge are, for whoever waits: a bar on a terminal, a line a minute in a log; what it cost, and what it will have cost."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from .rounds import Progress, Report

EVERY_S = 60.0


@contextmanager
def shown(what: str, total: int | None, to: TextIO | None = None) -> Iterator[Progress]:
    """Yields what a round tells its standing. `total` rows are there, left-out ones included; None: nobody counted."""
    to = to or sys.stderr
    with (_bar if to.isatty() else _lines)(what, total, to) as (tell, say):
        notes = 0

        def told(report: Report) -> None:
            nonlocal notes
            for note in report.notes[notes:]:
                say(note)
            notes = len(report.notes)
            tell(report)

        yield told


_Doors = tuple[Progress, Callable[[str], None]]


@contextmanager
def _bar(what: str, total: int | None, to: TextIO) -> Iterator[_Doors]:
    from tqdm import tqdm

    with tqdm(total=total, desc=what, file=to, mininterval=0.5, unit=" rows") as bar:

        def tell(report: Report) -> None:
            bar.set_postfix_str(standing(report, total), refresh=False)
            bar.update(_done(report) - bar.n)

        yield tell, lambda line: bar.write(line, file=to)


@contextmanager
def _lines(what: str, total: int | None, to: TextIO) -> Iterator[_Doors]:
    started = told = time.monotonic()

    def tell(report: Report) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= EVERY_S:
            told = now
            asked = report.answered + report.failed
            left = f", {(total - _done(report)) * (now - started) / asked / 60:.0f} min left" if total and asked else ""
            say(f"{what}: {asked} rows in {(now - started) / 60:.0f} min{left}; {standing(report, total)}")

    def say(line: str) -> None:
        print(line, file=to, flush=True)

    yield tell, say


def standing(report: Report, total: int | None) -> str:
    """ "2 failed, 1.3 M tokens, 0.84 spent, about 8.40 in all"."""
    parts = [f"{report.failed} failed"] * (report.failed > 0)
    parts.append(f"{report.tokens / 1e6:.1f} M tokens" if report.tokens >= 1e5 else f"{report.tokens} tokens")
    if report.cost:
        parts.append(f"{report.cost:.2f} spent")
        if total and (paid := report.before + report.answered + report.failed):
            parts.append(f"about {float(report.cost) / paid * (paid + total - _done(report)):.2f} in all")
    return ", ".join(parts)


def _done(report: Report) -> int:
    return report.before + report.left_out.total() + report.answered + report.failed
