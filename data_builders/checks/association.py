"""How strongly a label depends on a group: Cramér's V, its interval and the pairs that are most out of proportion.

V is bias-corrected (Bergsma 2013); the interval inverts the non-central chi-square. Pictures of one person are no independent
draws: the chi-square is divided by the mean design effect (Rao and Scott 1984), whose variances come from a Poisson bootstrap
over subjects that needs no subject to be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from scipy.special import chdtr, chdtrc, chndtrinc

DRAWS = 200
CONFIDENCE = 0.95
FEWEST_EXPECTED = 1.0  # in every cell, else chi-square means little; Cochran's rule of five is for a fifth of the cells
AT_ONCE = 4096  # items whose weights are drawn together


@dataclass(frozen=True)
class Skew:
    """A pair that occurs `observed` times where independence expects `expected`; `residual` in standard deviations."""

    label: str
    group: str
    observed: int
    expected: float
    residual: float


@dataclass(frozen=True)
class Association:
    """`v` 0 to 1 with `low` and `high`; `p` of independence; `n` items, worth `effective` independent ones; `is_thin`: some
    cells expect too few."""

    v: float
    low: float
    high: float
    p: float
    n: int
    effective: float
    is_thin: bool


class Crosstab:
    """Items counted by label and group, one after the other; memory grows with the cells and not with the items."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], int] = {}
        self._counts: list[int] = []
        self._waiting: list[tuple[int, int]] = []
        self._drawn = np.zeros((0, DRAWS))

    def add(self, label: str, group: str, subject: str) -> None:
        """`subject`: who or what the item is of; items of one subject are drawn together."""
        cell = self._cells.setdefault((label, group), len(self._cells))
        if cell == len(self._counts):
            self._counts.append(0)
        self._counts[cell] += 1
        self._waiting.append((cell, int.from_bytes(blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=8).digest())))
        if len(self._waiting) >= AT_ONCE:
            self._draw()

    @property
    def n(self) -> int:
        return sum(self._counts)

    @property
    def labels(self) -> list[str]:
        return sorted({label for label, _ in self._cells})

    @property
    def groups(self) -> list[str]:
        return sorted({group for _, group in self._cells})

    def counts(self) -> np.ndarray:
        """int [labels, groups]"""
        return self._table(np.array(self._counts, np.int64)[:, None])[..., 0]

    def association(self) -> Association | None:
        """None where there are not two labels and two groups."""
        table = self.counts().astype(float)
        if min(table.shape, default=0) < 2:
            return None
        self._draw()
        expected = _expected(table)
        chi2 = float(((table - expected) ** 2 / expected).sum())
        effect = _design_effect(table, self._table(self._drawn))
        v, low, high, p = _cramer(chi2 / effect, table.sum() / effect, table.shape)
        return Association(v, low, high, p, int(table.sum()), float(table.sum() / effect), bool(expected.min() < FEWEST_EXPECTED))

    def skewed(self, most: int) -> list[Skew]:
        """The pairs that are furthest from their share, by adjusted residual."""
        table = self.counts().astype(float)
        if min(table.shape, default=0) < 2:
            return []
        expected, n = _expected(table), table.sum()
        spread = np.sqrt(expected * np.outer(1 - table.sum(1) / n, 1 - table.sum(0) / n))
        residuals = (table - expected) / np.maximum(spread, 1e-9)
        rows, columns = np.unravel_index(np.argsort(-np.abs(residuals), axis=None)[:most], table.shape)
        return [
            Skew(label, group, int(table[at]), round(float(expected[at]), 1), round(float(residuals[at]), 1))
            for at in zip(rows.tolist(), columns.tolist(), strict=True)
            for label, group in [(self.labels[at[0]], self.groups[at[1]])]
        ]

    def _table(self, by_cell: np.ndarray) -> np.ndarray:
        """[cells, k] -> [labels, groups, k]"""
        rows, columns = ({name: at for at, name in enumerate(names)} for names in (self.labels, self.groups))
        table = np.zeros((len(rows), len(columns), by_cell.shape[1]), by_cell.dtype)
        for (label, group), cell in self._cells.items():
            table[rows[label], columns[group]] = by_cell[cell]
        return table

    def _draw(self) -> None:
        if len(self._drawn) < len(self._counts):
            self._drawn = np.vstack([self._drawn, np.zeros((len(self._counts) - len(self._drawn), DRAWS))])
        if self._waiting:
            cells, marks = (np.array(values, kind) for values, kind in zip(zip(*self._waiting), (np.int64, np.uint64)))
            subjects, owner = np.unique(marks, return_inverse=True)
            counted = np.bincount(cells * len(subjects) + owner, minlength=len(self._counts) * len(subjects))
            self._drawn += counted.reshape(len(self._counts), -1).astype(float) @ poisson_weights(subjects)
            self._waiting.clear()


def holm(values: Sequence[float]) -> list[float]:
    """p-values of several tests such that one in twenty of the whole families has one below .05 by chance (Holm 1979)."""
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, at in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = largest
    return adjusted


def poisson_weights(marks: np.ndarray) -> np.ndarray:
    """How often each subject, uint64 [n], is drawn in each of DRAWS samples: Poisson(1), the same for one mark whenever it
    comes; uint8 [n, DRAWS]."""
    state = marks[:, None] + np.arange(1, DRAWS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    uniform = (state ^ (state >> np.uint64(31))) >> np.uint64(11)
    steps = np.exp(-1.0) * np.cumsum(1 / np.array([1, 1, 2, 6, 24, 120, 720, 5040, 40320], float))
    return np.searchsorted((steps * 2**53).astype(np.uint64), uniform, side="right").astype(np.uint8)


def _expected(table: np.ndarray) -> np.ndarray:
    return np.outer(table.sum(1), table.sum(0)) / table.sum()


def _design_effect(table: np.ndarray, drawn: np.ndarray) -> float:
    """Mean generalised design effect of a test of independence, at least 1; `drawn` [labels, groups, DRAWS]."""
    totals = drawn.sum((0, 1))
    shares = drawn[..., totals > 0] / totals[totals > 0]
    n = table.sum()

    def spread(parts: np.ndarray, of: np.ndarray) -> float:
        told = of > 0
        return float((parts.var(axis=-1)[told] / (of[told] / n)).sum())

    effects = spread(shares, table) - spread(shares.sum(1), table.sum(1)) - spread(shares.sum(0), table.sum(0))
    return max(1.0, n * effects / ((table.shape[0] - 1) * (table.shape[1] - 1)))


def _cramer(chi2: float, n: float, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """(V, low, high, p)"""
    rows, columns = shape
    freedom = (rows - 1) * (columns - 1)
    phi2 = max(0.0, chi2 / n - freedom / max(n - 1, 1))
    corrected = min(size - (size - 1) ** 2 / max(n - 1, 1) for size in (rows, columns)) - 1
    v = min(1.0, float(phi2 / corrected) ** 0.5) if corrected > 0 else 0.0
    tail = (1 - CONFIDENCE) / 2
    low, high = (min(1.0, (_shift(chi2, freedom, share) / (n * (min(shape) - 1))) ** 0.5) for share in (1 - tail, tail))
    return v, min(low, v), max(high, v), float(chdtrc(freedom, chi2))


def _shift(chi2: float, freedom: int, share: float) -> float:
    """The non-centrality under which a chi-square lies below the found one in this `share` of cases; 0 where none does."""
    return 0.0 if chdtr(freedom, chi2) <= share else float(chndtrinc(chi2, freedom, share))
