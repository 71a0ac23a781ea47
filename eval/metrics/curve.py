"""Scores against two classes, at every threshold: AUC, EER, BPCER at an APCER, TPR at an FPR.

A score is that of an attack; what scores at least the threshold is called one. So APCER(t) is the share of attacks under t
and BPCER(t) that of live items at t or over it. Equal scores pass a threshold together. For action units read "active" for
attack.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .statistic import Column, Subjects

OPERATING_POINTS = {"BPCER10": 0.10, "BPCER20": 0.05, "BPCER100": 0.01}
FPRS = (0.01, 0.005, 0.001)
_ROOM = 1e-9  # a share that is .05 but for rounding is .05


@dataclass(frozen=True)
class Ranking:
    """`scores` [n] in any unit, `attack` [n] bool; `species` [n] names the kind of each attack (counted from 0), or None for
    one kind.

    AUC in 0 to 1 (ties half). EER = mean of APCER and BPCER where they lie closest, which is the HTER at the set's own EER
    threshold. BPCER10, 20, 100: BPCER at the highest threshold at which no species' APCER exceeds 10, 5, 1 % (ISO/IEC
    30107-3). TPR@FPR: with spoof as the positive class (CelebA-Spoof): attacks found while at most so many live items are
    called attacks; with live as the positive one (MCIO papers) live items let through while at most so many attacks of all
    species are. Without attacks or without live items all are None.
    """

    scores: np.ndarray
    attack: np.ndarray
    subjects: Subjects
    species: np.ndarray | None = None
    only_auc: bool = False
    auc_name: str = "AUC"

    @property
    def people(self) -> int:
        return self.subjects.people

    @property
    def columns(self) -> tuple[Column, ...]:
        n = len(self.scores)
        auc = Column(self.auc_name, n, 0.5)
        if self.only_auc:
            return (auc,)
        points = (Column(name, n, 1 - share) for name, share in OPERATING_POINTS.items())
        rates = (Column(f"TPR@FPR={fpr:.1%} ({who} positive)", n, fpr) for who in ("spoof", "live") for fpr in FPRS)
        return (auc, Column("EER", n, 0.5), *points, *rates)

    def under(self, weights: np.ndarray) -> np.ndarray:
        return np.stack([self._numbers(row) for row in weights])

    def threshold(self) -> float:
        """Of the set's own EER; NaN without both classes. Halfway between two scores; outside of them at an end."""
        sums = self._sums(np.ones(self.people))
        if not sums.both:
            return float("nan")
        best, levels = self._balance(sums)[0], self._levels[0]
        if best == 0:
            return float(levels[0])
        if best == len(levels):
            return float(np.nextafter(levels[-1], np.inf))
        middle = float((levels[best - 1] + levels[best]) / 2)
        return middle if middle > levels[best - 1] else float(levels[best])

    @cached_property
    def _attacks(self) -> "_Sorted":
        return _Sorted.of(self.scores, self.subjects.place, self.attack)

    @cached_property
    def _live(self) -> "_Sorted":
        return _Sorted.of(self.scores, self.subjects.place, ~self.attack)

    @cached_property
    def _passed(self) -> tuple[np.ndarray, np.ndarray]:
        """How many live items lie under each attack, and how many under it or level with it."""
        live, attacks = self._live.scores, self._attacks.scores
        under, level = np.searchsorted(live, attacks, "left"), np.searchsorted(live, attacks, "right")
        return under, under if np.array_equal(under, level) else level

    @cached_property
    def _levels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(the scores that occur; how many attacks, and how many live items, lie under each of them and under a threshold
        over all)."""
        levels = np.unique(self.scores)
        attacks, live = (
            np.append(np.searchsorted(each, levels), len(each)) for each in (self._attacks.scores, self._live.scores)
        )
        return levels, attacks, live

    @cached_property
    def _of_species(self) -> list[np.ndarray]:
        """Places among the sorted attacks, a species each; one kind is all of them."""
        if self.species is None:
            return []
        kinds = self.species[self.attack][self._attacks.order]
        return [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]

    def _sums(self, weight: np.ndarray) -> "_Sums":
        each = weight[self._attacks.place]
        return _Sums(each, _from_zero(each), _from_zero(weight[self._live.place]))

    def _numbers(self, weight: np.ndarray) -> np.ndarray:
        sums = self._sums(weight)
        if not sums.both:
            return np.full(len(self.columns), np.nan)
        auc = self._auc(sums)
        if self.only_auc:
            return np.array([auc])
        found = [self._found_at(sums, fpr) for fpr in FPRS]
        passed = [1 - self._bpcer_under(sums, _at_most(sums.attacks, fpr)) for fpr in FPRS]
        return np.array([auc, self._balance(sums)[1], *self._bpcers(sums), *found, *passed])

    def _auc(self, sums: "_Sums") -> float:
        under, level = self._passed
        beaten = sums.live[under] + (sums.live[under] if under is level else sums.live[level])
        return float(sums.each @ beaten / (2 * sums.attacks[-1] * sums.live[-1]))

    def _balance(self, sums: "_Sums") -> tuple[int, float]:
        """(level, mean of APCER and BPCER) where the two lie closest. One rises and the other falls, so it is bisected."""
        _, attacks, live = self._levels

        def errors(level: int) -> tuple[float, float]:
            return sums.attacks[attacks[level]] / sums.attacks[-1], 1 - sums.live[live[level]] / sums.live[-1]

        def less(level: int) -> float:
            missed, raised = errors(level)
            return missed - raised

        crossing = bisect_left(range(len(attacks)), 0.0, key=less)
        best = min((level for level in (crossing - 1, crossing) if 0 <= level < len(attacks)), key=lambda i: abs(less(i)))
        return best, sum(errors(best)) / 2

    def _bpcers(self, sums: "_Sums") -> list[float]:
        """At each operating point: the highest threshold at which no species is missed more often than it allows."""
        kinds = [(rows, _from_zero(sums.each[rows])) for rows in self._of_species]
        kinds = [(rows, missed) for rows, missed in kinds if missed[-1]] or [(np.arange(len(sums.each)), sums.attacks)]
        found = []
        for share in OPERATING_POINTS.values():
            allowed = [(rows, _at_most(missed, share)) for rows, missed in kinds]
            first = min((int(rows[count]) for rows, count in allowed if count < len(rows)), default=len(sums.each))
            found.append(self._bpcer_under(sums, first))
        return found

    def _bpcer_under(self, sums: "_Sums", attack: int) -> float:
        """At the score of an attack, by number: it and what is surer is found."""
        under = self._passed[0]
        return 1 - sums.live[under[attack] if attack < len(under) else -1] / sums.live[-1]

    def _found_at(self, sums: "_Sums", fpr: float) -> float:
        """Attacks over the lowest threshold at which at most `fpr` of the live items are called attacks."""
        must_pass = int(np.searchsorted(sums.live, sums.live[-1] * (1 - fpr * (1 + _ROOM)) - _ROOM))
        if must_pass == 0:
            return 1.0
        missed = np.searchsorted(self._attacks.scores, self._live.scores[must_pass - 1], "right")
        return 1 - sums.attacks[missed] / sums.attacks[-1]


class _Sorted(NamedTuple):
    """The items of one class by score: `order` among them, `place` of their subjects."""

    scores: np.ndarray
    place: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, place: np.ndarray, chosen: np.ndarray) -> "_Sorted":
        order = np.argsort(scores[chosen], kind="stable")
        return cls(scores[chosen][order], place[chosen][order].astype(np.intp), order)


class _Sums(NamedTuple):
    """Of a resample: the weight of each sorted attack; and of how many attacks, and live items, the first 0, 1, 2 ... stand
    for."""

    each: np.ndarray
    attacks: np.ndarray
    live: np.ndarray

    @property
    def both(self) -> bool:
        return bool(self.attacks[-1] > 0 and self.live[-1] > 0)


def _from_zero(weights: np.ndarray) -> np.ndarray:
    sums = np.zeros(len(weights) + 1)
    np.cumsum(weights, out=sums[1:])
    return sums


def _at_most(sums: np.ndarray, share: float) -> int:
    """How many of the first items are no more than `share` of all."""
    return int(np.searchsorted(sums, share * sums[-1] * (1 + _ROOM) + _ROOM, side="right")) - 1
