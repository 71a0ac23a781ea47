"""Movements spotted in long clips: one-to-one at IoU >= .5, counts pooled over clips, micro and macro apart and together;
STRS.

Intervals are (onset, offset) in frames, and both ends belong to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .statistic import Column, Subjects, Tally, mean_of_known, ratio

IOU = 0.5
KINDS = ("micro", "macro")
OTHERS = "others"


@dataclass(frozen=True)
class Movement:
    """An interval that is there, or is claimed: `score` orders claims; `emotion` for STRS."""

    onset: int
    offset: int
    kind: str = "micro"
    score: float = 1.0
    emotion: str = ""


def iou(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Of (onset, offset), ends included: 10-19 and 15-24 share 5 of 15 frames."""
    shared = min(first[1], second[1]) - max(first[0], second[0]) + 1
    return max(0, shared) / (max(first[1], second[1]) - min(first[0], second[0]) + 1)


def matched(claims: Sequence[Movement], events: Sequence[Movement], least: float = IOU) -> list[tuple[int, int]]:
    """(claim, event) of one clip, by number: the surest claim first, each takes the free event that it overlaps most, if by
    `least` IoU."""
    free, pairs = set(range(len(events))), []
    for number in sorted(range(len(claims)), key=lambda i: -claims[i].score):
        overlap = {i: iou(_span(claims[number]), _span(events[i])) for i in sorted(free)}
        best = max(overlap, key=overlap.__getitem__, default=None)
        if best is not None and overlap[best] >= least:
            free.remove(best)
            pairs.append((number, best))
    return pairs


def _span(movement: Movement) -> tuple[int, int]:
    return movement.onset, movement.offset


def tally(claims: Sequence[Sequence[Movement]], events: Sequence[Sequence[Movement]], subjects: Subjects) -> Tally:
    """One entry a clip. F1, precision and recall of micro and of macro, each matched within its kind; overall = their counts
    added (MEGC); "any kind" matched whatever its kind is. F1 is None where there is neither a claim nor an event, recall
    without an event. In 0 to 1."""
    rows = [_counts(said, there) for said, there in zip(claims, events, strict=True)]
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), 9))
    found = counts.sum(0).reshape(3, 3)
    n = [int(of_kind[0] + of_kind[2]) for of_kind in (found[0], found[1], found[0] + found[1], found[2])]
    names = (*KINDS, "overall", "any kind")
    columns = tuple(
        Column(f"{what} {name}", k) for what in ("F1", "precision", "recall") for name, k in zip(names, n, strict=True)
    )
    return Tally(columns, counts, _numbers)


def _counts(claims: Sequence[Movement], events: Sequence[Movement]) -> list[int]:
    """(hits, false, missed) of micro, of macro, and whatever the kind."""
    found = []
    for kinds in (("micro",), ("macro",), KINDS):
        said, there = [c for c in claims if c.kind in kinds], [e for e in events if e.kind in kinds]
        hits = len(matched(said, there))
        found += [hits, len(said) - hits, len(there) - hits]
    return found


def _numbers(sums: np.ndarray) -> np.ndarray:
    of_kind = sums.reshape(*sums.shape[:-1], 3, 3)
    four = np.concatenate([of_kind[..., :2, :], of_kind[..., :2, :].sum(-2, keepdims=True), of_kind[..., 2:, :]], axis=-2)
    hits, false, missed = np.moveaxis(four, -1, 0)
    f1 = ratio(2 * hits, 2 * hits + false + missed)
    return np.concatenate([f1, ratio(hits, hits + false), ratio(hits, hits + missed)], axis=-1)


def strs(
    claims: Sequence[Sequence[Movement]], events: Sequence[Sequence[Movement]], labels: Sequence[str], subjects: Subjects
) -> Tally:
    """Spot-then-recognise score (MEGC2022): F1 of spotting micro-expressions x F1 of recognising those that were spotted.

    The latter is 2 P R / (P + R) of macro precision P and macro recall R over true positives whose truth is not `others`,
    over the classes that occur among them as truth or answer; an answer `others` is a miss. Without such a true positive it
    is 0 if there are events, else None.
    """
    names = [label for label in labels if label != OTHERS]
    rows = [_recognised(said, there, names) for said, there in zip(claims, events, strict=True)]
    width = 3 + len(names) * (len(names) + 1)
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), width))
    hits, _, missed, *cells = counts.sum(0)
    wanted = int(hits + missed)
    columns = (Column("STRS", wanted), Column("F1 spotting", wanted), Column("F1 recognition", int(sum(cells))))
    return Tally(columns, counts, lambda sums: _strs_numbers(sums, len(names)))


def _recognised(claims: Sequence[Movement], events: Sequence[Movement], names: list[str]) -> list[int]:
    said, there = [c for c in claims if c.kind == "micro"], [e for e in events if e.kind == "micro"]
    pairs = matched(said, there)
    cells = np.zeros((len(names), len(names) + 1), int)
    for claim, event in pairs:
        truth, answer = there[event].emotion, said[claim].emotion
        if truth in names:
            cells[names.index(truth), names.index(answer) if answer in names else len(names)] += 1
    return [len(pairs), len(said) - len(pairs), len(there) - len(pairs), *cells.ravel()]


def _strs_numbers(sums: np.ndarray, classes: int) -> np.ndarray:
    hits, false, missed = np.moveaxis(sums[..., :3], -1, 0)
    spotting = ratio(2 * hits, 2 * hits + false + missed)
    matrix = sums[..., 3:].reshape(*sums.shape[:-1], classes, classes + 1)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    truth, said = matrix.sum(-1), matrix[..., :classes].sum(-2)
    occurs = truth + said > 0
    macro = [mean_of_known(np.where(occurs, np.nan_to_num(ratio(right, whole)), np.nan)) for whole in (said, truth)]
    nothing = np.isnan(macro[0]) & (hits + missed > 0)
    recognition = np.where(nothing, 0.0, np.nan_to_num(ratio(2 * macro[0] * macro[1], macro[0] + macro[1])))
    recognition = np.where(np.isnan(macro[0]) & ~nothing, np.nan, recognition)
    return np.stack([spotting * recognition, spotting, recognition], -1)
