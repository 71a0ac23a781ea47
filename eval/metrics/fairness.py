"""Gaps between groups of people, for any number of classes: equalised odds, equal opportunity, demographic parity.

As in Biased Heritage (2503.03446): the widest distance between two groups, averaged over classes or cells. 0 is fair, 1 the
worst. Gaps of small groups are wide by chance alone, so read them with their intervals.
"""

from collections.abc import Sequence

import numpy as np

from .statistic import Column, Subjects, Tally, mean_of_known, ratio


def tally(
    truth: np.ndarray, said: np.ndarray, classes: int, groups: np.ndarray, names: Sequence[str], subjects: Subjects, title: str
) -> Tally:
    """`truth`, `said`, `groups` [n] count from 0; `said` below 0 is no answer, `groups` below 0 unknown and left out.

    Row-normalised confusion matrices of the groups: equalised odds = mean over all cells of (max - min over groups),
    opportunity = over the diagonal (recall), demographic parity = mean over classes of (max - min) share of answers. A class
    that fewer than two groups have is left out; with fewer than two groups all are None. Then WAR of each group.
    """
    use = groups >= 0
    width = classes + 1
    said = np.where(said < 0, classes, said)
    cell = (groups[use] * classes + truth[use]) * width + said[use]
    counts = subjects.of(use).cells(cell, len(names) * classes * width)
    n_each = counts.sum(0).reshape(len(names), -1).sum(1)
    gaps = ("equalised odds gap", "equal opportunity gap", "demographic parity gap")
    columns = (
        *(Column(f"{gap}, {title}", int(use.sum()), 0.0) for gap in gaps),
        *(Column(f"WAR, {title} {name}", int(n)) for name, n in zip(names, n_each, strict=True)),
    )
    return Tally(columns, counts, lambda sums: _numbers(sums, len(names), classes))


def _numbers(sums: np.ndarray, groups: int, classes: int) -> np.ndarray:
    matrix = sums.reshape(*sums.shape[:-1], groups, classes, classes + 1)
    rows = ratio(matrix, matrix.sum(-1, keepdims=True))[..., :classes]
    odds = _widest(rows)
    recall = np.diagonal(odds, axis1=-2, axis2=-1)
    said = matrix.sum(-2)
    parity = _widest(ratio(said, said.sum(-1, keepdims=True))[..., :classes, None])[..., 0]
    right = np.diagonal(matrix, axis1=-2, axis2=-1).sum(-1)
    gaps = (mean_of_known(odds.reshape(*odds.shape[:-2], -1)), mean_of_known(recall), mean_of_known(parity))
    return np.concatenate([np.stack(gaps, -1), ratio(right, matrix.sum((-2, -1)))], axis=-1)


def _widest(values: np.ndarray) -> np.ndarray:
    """Largest less smallest over the groups (third axis from the end); NaN where fewer than two have it."""
    known = ~np.isnan(values)
    top = np.where(known, values, -np.inf).max(-3)
    bottom = np.where(known, values, np.inf).min(-3)
    with np.errstate(invalid="ignore"):
        return np.where(known.sum(-3) >= 2, top - bottom, np.nan)
