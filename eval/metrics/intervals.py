"""How sure a number is: bootstrap by subject, paired comparison, Wilson's interval, McNemar's test.

Pictures of one person are not independent, so subjects are drawn, with all that is theirs. The same seed draws the same
subjects for every statistic, and a comparison draws them for both models at once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.errors import FacewiseError
from .statistic import Statistic, Value, known, values_of

RESAMPLES = 1000
Z95 = 1.959963984540054
FEW = 1000  # discordant pairs up to which McNemar's test is exact
_CELLS = 2**22  # weights drawn at once: 32 MB


@dataclass(frozen=True)
class Difference:
    """Second less first model, 95 % interval, and two-sided p that there is none; None where one of them has no value."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int


def bootstrap(statistics: Sequence[Statistic], resamples: int = RESAMPLES, seed: int = 0) -> list[Value]:
    """Percentile intervals of all statistics of one set, from one drawing of its subjects (Efron 1979; clustered).

    A resample without one class is left out for the numbers that need it. No interval for fewer than two subjects.
    """
    people = _people(statistics)
    found = [value for statistic in statistics for value in values_of(statistic)]
    if people < 2 or not resamples:
        return found
    drawn = np.concatenate(
        [np.concatenate([s.under(weights) for s in statistics], axis=1) for weights in draws(people, resamples, seed)]
    )
    return [_with_interval(value, column) for value, column in zip(found, drawn.T, strict=True)]


def paired(first: Statistic, second: Statistic, resamples: int = RESAMPLES, seed: int = 0) -> list[Difference]:
    """Two models on the same items. p = 2 min(P(d* <= 0), P(d* >= 0)) over resampled differences, each with one added
    (Davison and Hinkley 1997)."""
    people = _people((first, second))
    names = [column.name for column in first.columns]
    if names != [column.name for column in second.columns]:
        raise FacewiseError("the two statistics hold different numbers; compare the same metrics of the same items")
    whole = np.ones((1, people))
    values = (second.under(whole) - first.under(whole))[0]
    drawn = [second.under(weights) - first.under(weights) for weights in draws(people, resamples, seed)] if people > 1 else []
    columns = np.concatenate(drawn).T if drawn else np.empty((len(names), 0))
    return [
        _difference(name, value, column[~np.isnan(column)], c.n)
        for name, value, column, c in zip(names, values, columns, first.columns, strict=True)
    ]


def _difference(name: str, value: float, drawn: np.ndarray, n: int) -> Difference:
    if np.isnan(value) or not len(drawn):
        return Difference(name, known(value), None, None, None, n)
    low, high = np.percentile(drawn, [2.5, 97.5])
    tail = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return Difference(name, float(value), float(low), float(high), float(min(1.0, 2 * (tail + 1) / (len(drawn) + 1))), n)


def draws(people: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Weights [some, people], `resamples` rows in all: how often each subject was drawn. The chunks do not change the
    numbers."""
    rng = np.random.default_rng(seed)
    rows = max(1, min(resamples, _CELLS // people))
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = rng.integers(people, size=(count, people))
        drawn += people * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * people).reshape(count, people).astype(float)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """95 % interval of a share (Wilson 1927); None of nothing."""
    if n == 0:
        return None
    share, z2 = hits / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(name: str, hits: int, n: int) -> Value:
    low, high = wilson(hits, n) or (None, None)
    return Value(name, hits / n if n else None, n, low, high)


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Two-sided p that two models are right equally often on the same, independent items (McNemar 1947): exact up to a
    thousand items on which they differ, then with Edwards' correction. 1 where they never differ."""
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differ, fewer = only_first + only_second, min(only_first, only_second)
    if differ == 0:
        return 1.0
    if differ <= FEW:
        return min(1.0, 2 * sum(math.comb(differ, k) for k in range(fewer + 1)) / 2**differ)
    chi2 = max(0, abs(only_first - only_second) - 1) ** 2 / differ
    return math.erfc(math.sqrt(chi2 / 2))


def _people(statistics: Sequence[Statistic]) -> int:
    counts = {statistic.people for statistic in statistics}
    if len(counts) != 1:
        raise FacewiseError(f"statistics of {sorted(counts)} subjects cannot be resampled together; give those of one set")
    return counts.pop()


def _with_interval(value: Value, drawn: np.ndarray) -> Value:
    drawn = drawn[~np.isnan(drawn)]
    if value.value is None or not len(drawn):
        return value
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Value(value.name, value.value, value.n, float(low), float(high), value.chance)
