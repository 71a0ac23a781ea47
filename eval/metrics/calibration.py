"""Whether probabilities mean what they say: ECE, the reliability curve, and what is risked when a band of answers is left
open."""

from typing import NamedTuple

import numpy as np

from .intervals import wilson
from .statistic import Column, Subjects, Tally, ratio

BINS = 15


class Bin(NamedTuple):
    """Mean probability said, share that came true with its Wilson interval, and how many."""

    said: float
    true: float
    low: float
    high: float
    n: int


class Risk(NamedTuple):
    """The surest answers: their share of all, and the share of errors among them."""

    coverage: float
    risk: float


def places(p: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each probability, counted from 0, with equal mass in each; equal probabilities share a bin, so there may be
    fewer."""
    if not len(p):
        return np.empty(0, int)
    edges = np.unique(np.quantile(p, np.arange(1, bins) / bins, method="lower"))
    found = np.searchsorted(edges, p, side="left")
    return np.unique(found, return_inverse=True)[1]


def tally(p: np.ndarray, true: np.ndarray, subjects: Subjects, bins: int = BINS) -> Tally:
    """Expected calibration error = sum over bins of n_b / n |mean p - share true| (Naeini et al. 2015; equal mass: Nguyen and
    O'Connor 2015), and the Brier score = mean (p - true)^2; both in 0 to 1, 0 is best. `p`, `true` [n]. Chance is .5 for
    everything. Resamples keep the bins of the whole set; ECE of few items is biased upwards (some .02 at n = 1,000)."""
    place = places(p, bins)
    count = int(place.max(initial=-1)) + 1
    n_b = subjects.cells(place, count)
    p_b = _weighted(subjects, place, count, p)
    true_b = _weighted(subjects, place, count, true.astype(float))
    brier = subjects.sums(np.stack([(p - true) ** 2], axis=1))
    base = abs(0.5 - float(true.mean())) if len(true) else None
    columns = (Column("ECE", len(p), base), Column("Brier", len(p), 0.25 if len(p) else None))
    return Tally(columns, np.concatenate([n_b, p_b, true_b, brier], axis=1), lambda sums: _numbers(sums, count))


def reliability(p: np.ndarray, true: np.ndarray, bins: int = BINS) -> list[Bin]:
    """One a bin, from the lowest probability on."""
    found, place = [], places(p, bins)
    for number in range(int(place.max(initial=-1)) + 1):
        chosen = place == number
        n, hits = int(chosen.sum()), int(true[chosen].sum())
        low, high = wilson(hits, n) or (0.0, 1.0)
        found.append(Bin(float(p[chosen].mean()), hits / n, low, high, n))
    return found


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> list[Risk]:
    """Errors among the surest answers as more and more are taken in (El-Yaniv and Wiener 2010); equally sure ones together."""
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], np.cumsum(~right[order].astype(bool))
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) if len(sure) else np.empty(0, int)
    return [Risk(float(end + 1) / len(sure), float(wrong[end]) / float(end + 1)) for end in ends]


def area_under_risk(curve: list[Risk]) -> float | None:
    """AURC: mean risk over all coverages, each step as wide as what it takes in. None of nothing."""
    if not curve:
        return None
    steps = np.diff([0.0, *(point.coverage for point in curve)])
    return float(steps @ np.array([point.risk for point in curve]))


def band(p: np.ndarray, true: np.ndarray, low: float, high: float, subjects: Subjects) -> Tally:
    """With `low` <= p <= `high` called uncertain: the share that is, of each class, and the errors among what is left (live
    under `low`, spoof over `high`); where the band leaves nothing the errors are None."""
    open_, spoof = (p >= low) & (p <= high), true.astype(bool)
    wrong = ~open_ & ((p > high) != spoof)
    parts = (~spoof, ~spoof & open_, ~spoof & wrong, spoof, spoof & open_, spoof & wrong)
    live_n, spoof_n = int((~spoof).sum()), int(spoof.sum())
    columns = (
        Column("uncertain", len(p)),
        Column("uncertain, live", live_n),
        Column("uncertain, spoof", spoof_n),
        Column("errors outside the band", int((~open_).sum())),
        Column("live called spoof", live_n),
        Column("spoof called live", spoof_n),
    )
    return Tally(columns, subjects.sums(np.stack(parts, axis=1)), _band_numbers)


def _band_numbers(sums: np.ndarray) -> np.ndarray:
    live, live_open, live_wrong, spoof, spoof_open, spoof_wrong = np.moveaxis(sums, -1, 0)
    all_, open_ = live + spoof, live_open + spoof_open
    numbers = (
        ratio(open_, all_),
        ratio(live_open, live),
        ratio(spoof_open, spoof),
        ratio(live_wrong + spoof_wrong, all_ - open_),
        ratio(live_wrong, live),
        ratio(spoof_wrong, spoof),
    )
    return np.stack(numbers, -1)


def _weighted(subjects: Subjects, place: np.ndarray, count: int, values: np.ndarray) -> np.ndarray:
    flat = subjects.place.astype(np.int64) * count + place
    return np.bincount(flat, values, subjects.people * count).reshape(subjects.people, count)


def _numbers(sums: np.ndarray, count: int) -> np.ndarray:
    n_b, p_b, true_b = (sums[..., k * count : (k + 1) * count] for k in range(3))
    n = n_b.sum(-1)
    return np.stack([ratio(np.abs(p_b - true_b).sum(-1), n), ratio(sums[..., -1], n)], -1)
