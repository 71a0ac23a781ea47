"""From predictions to rows of numbers, each with its interval, n, chance level, protocol and version. Never loads a model.

What was refused and what no label could be read from stand first in every table, apart. Compared are two models on the same
items, and nothing else.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ..answers.table import ANSWERED, DECLINED, NO_LABEL, Table
from ..benchmark import Benchmark
from ..metrics.intervals import RESAMPLES, Difference, bootstrap, mcnemar, paired, share
from ..metrics.statistic import Statistic, Value
from .measures import Threshold, eer_threshold, statistics


@dataclass(frozen=True)
class Row:
    """`value` None: nothing to measure; `domain` is "simulated" or "real"."""

    benchmark: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None
    protocol: str
    version: str
    domain: str
    model: str


@dataclass(frozen=True)
class ComparedRow:
    """Second less first model; `p` two-sided, from subjects drawn for both at once (McNemar's where `test` says so)."""

    benchmark: str
    metric: str
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    test: str
    n: int
    protocol: str
    version: str
    domain: str
    models: tuple[str, str]


def score(table: Table, benchmark: Benchmark, dev: Table | None = None, resamples: int = RESAMPLES, seed: int = 0) -> list[Row]:
    """`dev`: predictions of the same model on the protocol's dev set, whose EER settles the threshold; without it the
    benchmark's own stands.

    Raises FacewiseError for predictions of several models or another version, and for a dev set of another model.
    """
    model = _checked(table, benchmark)
    if dev is not None and _checked(dev, benchmark) != model:
        raise FacewiseError(f"the dev set was answered by {dev.models[0]}, the test set by {model}; give one model's predictions")
    found = statistics(table, benchmark, _threshold(benchmark, dev))
    values = bootstrap(found, resamples, seed) if found else []
    return [_row(value, benchmark, model) for value in (*_shares(table), *values)]


def compare(first: Table, second: Table, benchmark: Benchmark, resamples: int = RESAMPLES, seed: int = 0) -> list[ComparedRow]:
    """Raises FacewiseError where the two did not answer the same items."""
    models = (_checked(first, benchmark), _checked(second, benchmark))
    second = _aligned(first, second)
    threshold = _threshold(benchmark, None)
    rows = []
    for a, b in zip(statistics(first, benchmark, threshold), statistics(second, benchmark, threshold), strict=True):
        _check_alike(a, b, models)
        whole = np.ones((1, a.people))
        numbers = zip(paired(a, b, resamples, seed), a.under(whole)[0], b.under(whole)[0], strict=True)
        rows += [_compared(found, benchmark, models, float(x), float(y)) for found, x, y in numbers]
    return _with_mcnemar(rows, first, second, benchmark)


def _check_alike(first: Statistic, second: Statistic, models: tuple[str, str]) -> None:
    names = [{column.name for column in each.columns} for each in (first, second)]
    if names[0] != names[1]:
        only = " against ".join(", ".join(sorted(mine - other)) for mine, other in (names, reversed(names)))
        raise FacewiseError(
            f"{models[0]} and {models[1]} have no numbers of one kind ({only}): one of them gave labels without scores"
        )


def _threshold(benchmark: Benchmark, dev: Table | None) -> Threshold:
    if dev is not None:
        return Threshold(eer_threshold(dev, benchmark), " at the dev set's EER")
    return Threshold(benchmark.threshold, f" at {benchmark.threshold:g}")


def _checked(table: Table, benchmark: Benchmark) -> str:
    """The one model of a table that is of this version."""
    if not len(table):
        raise FacewiseError(f"benchmark {benchmark.name}: no predictions to score")
    if table.versions != (benchmark.version,):
        told = ", ".join(table.versions)
        raise FacewiseError(
            f"the predictions are of version {told} of {benchmark.name}; version {benchmark.version} is scored here"
        )
    if len(table.models) > 1:
        raise FacewiseError(f"the predictions are of {' and '.join(table.models)}; score each model's file alone")
    return table.models[0]


def _shares(table: Table) -> list[Value]:
    states = (("answered", ANSWERED), ("unparsed", NO_LABEL), ("refused", DECLINED))
    return [share(name, int((table.state == state).sum()), len(table)) for name, state in states]


def _row(value: Value, benchmark: Benchmark, model: str) -> Row:
    return Row(
        benchmark.name,
        value.name,
        value.value,
        value.low,
        value.high,
        value.n,
        benchmark.chance.get(value.name, value.chance),
        benchmark.protocol,
        benchmark.version,
        _domain(benchmark),
        model,
    )


def _domain(benchmark: Benchmark) -> str:
    return "simulated" if benchmark.simulated else "real"


def _aligned(first: Table, second: Table) -> Table:
    """The second in the first one's order."""
    here, there = np.argsort(first.keys), np.argsort(second.keys)
    if not np.array_equal(first.keys[here], second.keys[there]):
        lone = len(np.setxor1d(first.keys, second.keys))
        raise FacewiseError(
            f"{lone} items were answered by one of the two models only; let both answer the same ones, then compare"
        )
    order = np.empty(len(first), np.int64)
    order[here] = there
    taken = second.take(order)
    if not _same(first.truth, taken.truth):
        raise FacewiseError("the two models' files hold different truths for the same items; predict one of them again")
    return replace(taken, truth=first.truth, subject=first.subject, clip=first.clip, groups=first.groups)


def _same(first: Any, second: Any) -> bool:
    if not isinstance(first, np.ndarray):
        return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def _compared(found: Difference, benchmark: Benchmark, models: tuple[str, str], first: float, second: float) -> ComparedRow:
    return ComparedRow(
        benchmark.name,
        found.name,
        None if math.isnan(first) else first,
        None if math.isnan(second) else second,
        found.value,
        found.low,
        found.high,
        found.p,
        "paired bootstrap",
        found.n,
        benchmark.protocol,
        benchmark.version,
        _domain(benchmark),
        models,
    )


def _with_mcnemar(rows: list[ComparedRow], first: Table, second: Table, benchmark: Benchmark) -> list[ComparedRow]:
    """A second row for WAR where every item is its own subject: only then are items independent."""
    war = next((row for row in rows if row.metric == "WAR"), None)
    if war is None or first.subjects.people != len(first):
        return rows
    p = mcnemar(first.label == first.truth, second.label == second.truth)
    place = rows.index(war) + 1
    return [*rows[:place], replace(war, p=p, low=None, high=None, test="McNemar"), *rows[place:]]


# Rows as text


def as_json(rows: Sequence[Row] | Sequence[ComparedRow]) -> str:
    """One list of objects; what is not known is null, never NaN."""
    return json.dumps([asdict(row) for row in rows], indent=1, allow_nan=False)


def as_text(rows: Sequence[Row]) -> str:
    """A table of one benchmark and model under a line that says which, with protocol, version and domain."""
    if not rows:
        return ""
    head = rows[0]
    told = f"{head.benchmark} {head.version}, protocol {head.protocol}, {head.domain}, model {head.model}"
    cells = [("metric", "value", "95 %", "n", "chance")]
    cells += [(r.metric, number(r.value), interval(r.low, r.high), f"{r.n:,}", number(r.chance, "")) for r in rows]
    return "\n".join((told, *_laid_out(cells)))


def compared_text(rows: Sequence[ComparedRow]) -> str:
    if not rows:
        return ""
    head = rows[0]
    told = f"{head.benchmark} {head.version}, protocol {head.protocol}, {head.domain}: {head.models[1]} less {head.models[0]}"
    cells = [("metric", "first", "second", "difference", "95 %", "p", "test", "n")]
    for r in rows:
        numbers = (number(r.first), number(r.second), number(r.difference), interval(r.low, r.high), number(r.p, ""))
        cells.append((r.metric, *numbers, r.test, f"{r.n:,}"))
    return "\n".join((told, *_laid_out(cells)))


def number(value: float | None, missing: str = "none") -> str:
    return missing if value is None else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def _laid_out(cells: Sequence[tuple[str, ...]]) -> list[str]:
    """First column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]
