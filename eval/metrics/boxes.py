"""Boxes (x1, y1, x2, y2; any unit): IoU, the share of items found, and average precision at an IoU."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .statistic import Column, Subjects, Tally, ratio

Boxes = np.ndarray  # [k, 4]


def iou(first: Boxes, second: Boxes) -> np.ndarray:
    """[a, b] of boxes [a, 4] and [b, 4]: shared area / joint area, 0 where a box has none."""
    first, second = np.asarray(first, float).reshape(-1, 4), np.asarray(second, float).reshape(-1, 4)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    joint = _area(first)[:, None] + _area(second)[None] - shared
    return np.nan_to_num(ratio(shared, joint))


def _area(boxes: Boxes) -> np.ndarray:
    return np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=-1)


def hits(said: Boxes, scores: np.ndarray, truth: Boxes, least: float) -> np.ndarray:
    """Which said boxes are right: the surest first, each takes the free true box that it overlaps most, if by `least` IoU
    (PASCAL VOC)."""
    overlap, right = iou(said, truth), np.zeros(len(said), bool)
    for number in np.argsort(-np.asarray(scores, float), kind="stable"):
        if overlap.shape[1] and overlap[number].max() >= least:
            right[number] = True
            overlap[:, overlap[number].argmax()] = -1.0
    return right


@dataclass(frozen=True)
class Detections:
    """AP@`least`: the area under precision over recall, precision taken as the best at that recall or beyond (PASCAL VOC
    2010).

    `said`, `scores`, `truth`: one entry an item. Equally sure boxes come in together, so boxes without scores make one step:
    their AP is then precision x recall. None where no item has a box.
    """

    said: Sequence[Boxes]
    scores: Sequence[np.ndarray]
    truth: Sequence[Boxes]
    subjects: Subjects
    least: float

    @property
    def people(self) -> int:
        return self.subjects.people

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(f"AP@{100 * self.least:.0f}", len(self.truth)),)

    @cached_property
    def _ranked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(right, whose, ends of equal scores) of all boxes, the surest first."""
        right = [hits(s, c, t, self.least) for s, c, t in zip(self.said, self.scores, self.truth, strict=True)]
        counts = [len(each) for each in right]
        scores = np.concatenate([np.asarray(each, float) for each in self.scores]) if counts else np.empty(0)
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) if len(order) else np.empty(0, int)
        return np.concatenate(right)[order] if counts else np.empty(0, bool), np.repeat(self.subjects.place, counts)[order], ends

    @cached_property
    def _wanted(self) -> np.ndarray:
        """How many boxes are there to be found, by subject."""
        return self.subjects.sums(np.array([[len(boxes)] for boxes in self.truth]).reshape(-1, 1))[:, 0]

    def under(self, weights: np.ndarray) -> np.ndarray:
        right, whose, ends = self._ranked
        each = weights[:, whose]
        found, claimed = np.cumsum(each * right, axis=1)[:, ends], np.cumsum(each, axis=1)[:, ends]
        wanted = (weights @ self._wanted)[:, None]
        recall, precision = ratio(found, wanted), np.nan_to_num(ratio(found, claimed))
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(recall, axis=1, prepend=0.0)
        area = (np.nan_to_num(steps) * best).sum(1)
        return np.where(wanted[:, 0] > 0, area, np.nan)[:, None]


def tally(said: Sequence[Boxes], truth: Sequence[Boxes], subjects: Subjects, leasts: Sequence[float] = (0.4, 0.5)) -> Tally:
    """Of items that have one true box: mean IoU of the first said box (none: 0), and the share at `leasts` IoU. Others take
    no part."""
    rows, n = [], 0
    for boxes, true in zip(said, truth, strict=True):
        overlap = float(iou(boxes[:1], true).max(initial=0.0)) if len(true) == 1 else 0.0
        rows.append([len(true) == 1, overlap, *(len(true) == 1 and overlap >= least for least in leasts)])
        n += len(true) == 1
    names = ("IoU, mean", *(f"share at IoU {least:g}" for least in leasts))
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), 2 + len(leasts)))
    return Tally(tuple(Column(name, n) for name in names), counts, lambda sums: ratio(sums[..., 1:], sums[..., :1]))
