"""`facewise eval score` and `compare`: rows of numbers of whole runs, from their predictions. Loads no model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..answers.out import Answered, answered, read_run, unanswered
from ..answers.table import Table
from .marks import compared_marks, mark_rows, marked
from .rows import ComparedRow, Row, compare, score

LABELS_ALONE = "accuracy"  # the metric of a verdict that needs no score


@dataclass(frozen=True)
class Scored:
    """A benchmark of a run with its numbers; `marks` by judge, whose rows stand last."""

    answered: Answered
    rows: tuple[Row, ...]
    marks: Mapping[str, Table] = field(default_factory=dict)


def scored(out: Path, names: Sequence[str] = ()) -> list[Scored]:
    return [_with_marks(_scored(each)) for each in answered(out, names)]


def _with_marks(each: Scored) -> Scored:
    """They change no other number."""
    marks = marked(each.answered)
    return replace(each, rows=(*each.rows, *mark_rows(each.answered, marks)), marks=marks)


def _scored(each: Answered) -> Scored:
    """Where the dev part settles no threshold (no scores, or one class only, as with --limit) the benchmark's own stands, and the
    protocol says so."""
    if each.dev is not None:
        try:
            return Scored(each, tuple(score(each.table, each.benchmark, each.dev)))
        except FacewiseError as error:
            if "threshold" not in str(error):
                raise
            told = f"{each.benchmark.protocol}; the dev part settles no threshold"
            each = replace(each, benchmark=replace(each.benchmark, protocol=told), dev=None)
    return Scored(each, tuple(score(each.table, each.benchmark)))


def compared(first: Path, second: Path, names: Sequence[str] = ()) -> tuple[list[tuple[ComparedRow, ...]], list[str]]:
    """(rows of each benchmark that both runs have, one line for each that cannot be compared). FacewiseError where they have none."""
    there = [[name for name in read_run(out)["benchmarks"] if name not in unanswered(out)] for out in (first, second)]
    both = [name for name in there[0] if name in there[1]]
    both = [name for name in both if not names or name in names]
    if not both:
        raise FacewiseError(f"{first} and {second} have no benchmark in common{f' among {chr(44).join(names)}' if names else ''}")
    found, faults = [], []
    for one, other in zip(answered(first, both), answered(second, both), strict=True):
        try:
            found.append((*_compared(one, other), *compared_marks(one, other)))
        except FacewiseError as error:
            faults.append(f"{one.benchmark.name}: {error}")
    return found, faults


def _compared(one: Answered, other: Answered) -> tuple[ComparedRow, ...]:
    """Where one of the two has no scores, what their labels alone tell."""
    try:
        return tuple(compare(one.table, other.table, one.benchmark))
    except FacewiseError as error:
        if "labels without scores" not in str(error) or LABELS_ALONE not in one.benchmark.metrics:
            raise
    told = f"{one.benchmark.protocol}; one of the two gave no scores: their labels alone are compared"
    return tuple(compare(one.table, other.table, replace(one.benchmark, metrics=(LABELS_ALONE,), protocol=told)))


def about(out: Path) -> dict[str, Any]:
    """Who was asked, for the head of a report."""
    run = read_run(out)
    told = {name: run[name] for name in ("model", "asked", "strategy", "limit", "facewise")}
    return told | {"not answered": unanswered(out)}
