"""A statistic: numbers of a set of items that can be taken again for any resample of its subjects.

Whatever a metric needs is added up per subject once; a resample is then a weight for each subject, and a thousand of them one
product of matrices. Inside formulas NaN means that there was nothing to measure (an empty class); it leaves as None, with its
n.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np


class Column(NamedTuple):
    """One number of a statistic: its name, how many items it is of, and what knowing nothing would give (None: no such
    level)."""

    name: str
    n: int
    chance: float | None = None


@dataclass(frozen=True)
class Value:
    """A number beside what it is worth. `value` is None where there was nothing to measure, `low` and `high` (95 %) where
    nothing to resample."""

    name: str
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    chance: float | None = None


class Statistic(Protocol):
    """What a metric hands to intervals.py."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    @property
    def people(self) -> int: ...

    def under(self, weights: np.ndarray) -> np.ndarray:
        """[R, columns] for `weights` [R, people]: how often each subject was drawn."""
        ...


@dataclass(frozen=True)
class Subjects:
    """Who each item is of: `place` [n] counts from 0 to `people` - 1. Items of one subject are resampled together."""

    place: np.ndarray
    people: int

    @classmethod
    def named(cls, names: Sequence[str]) -> "Subjects":
        known, place = np.unique(np.asarray(names, dtype=str), return_inverse=True)
        return cls(place.reshape(-1), len(known))

    @classmethod
    def each(cls, n: int) -> "Subjects":
        """Every item is its own."""
        return cls(np.arange(n), n)

    def of(self, chosen: np.ndarray) -> "Subjects":
        """Those of some items; nobody's place changes."""
        return Subjects(self.place[chosen], self.people)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """[people, k] of `values` [n, k]."""
        return np.stack([np.bincount(self.place, column, self.people) for column in np.asarray(values, float).T], axis=1)

    def cells(self, cell: np.ndarray, count: int) -> np.ndarray:
        """[people, count]: how many items of each subject lie in each cell; `cell` [n] counts from 0."""
        flat = self.place.astype(np.int64) * count + cell
        return np.bincount(flat, minlength=self.people * count).reshape(self.people, count).astype(float)


@dataclass(frozen=True)
class Tally:
    """A statistic of sums: `counts` [people, k], and `formula` from sums [..., k] to numbers [..., columns]."""

    columns: tuple[Column, ...]
    counts: np.ndarray
    formula: Callable[[np.ndarray], np.ndarray]

    @property
    def people(self) -> int:
        return len(self.counts)

    def under(self, weights: np.ndarray) -> np.ndarray:
        return self.formula(weights @ self.counts)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """NaN where the whole is nothing."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def mean_of_known(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """The mean without NaN; NaN where all are."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0).sum(axis), known.sum(axis))


def values_of(statistic: Statistic) -> list[Value]:
    """The numbers of the whole set, without intervals."""
    numbers = statistic.under(np.ones((1, statistic.people)))[0]
    return [Value(c.name, known(number), c.n, chance=c.chance) for c, number in zip(statistic.columns, numbers, strict=True)]


def known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
