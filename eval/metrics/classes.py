"""Choices among classes: WAR, UAR, macro-F1 (UF1 when counts are pooled over folds), recall and F1 of each class.

All from one confusion matrix whose last column holds what gave no answer: it counts as wrong, and is nobody's false alarm.
A class without truth is None and left out of every mean.
"""

from collections.abc import Sequence

import numpy as np

from .statistic import Column, Subjects, Tally, mean_of_known, ratio


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """[classes, classes + 1], rows are truth; `said` below 0 is no answer. `truth` and `said` [n] count from 0."""
    return np.bincount(_cells(truth, said, classes), minlength=classes * (classes + 1)).reshape(classes, classes + 1)


def tally(
    truth: np.ndarray, said: np.ndarray, labels: Sequence[str], subjects: Subjects, f1: str = "macro-F1", each: bool = True
) -> Tally:
    """WAR = right / all (accuracy); UAR = mean recall; macro-F1 = mean of 2 TP / (2 TP + FP + FN). All in 0 to 1.

    Over all LOSO folds together macro-F1 is the UF1 of MEGC2019 (See et al. 2019): name it so by `f1`. Chance is that of
    always answering the largest class. `each`: recall and F1 of every class, too.
    """
    classes = len(labels)
    counts = subjects.cells(_cells(truth, said, classes), classes * (classes + 1))
    n_each = counts.sum(0).reshape(classes, classes + 1).sum(1)
    n, present, most = len(truth), int((n_each > 0).sum()), float(n_each.max(initial=0)) / max(1, len(truth))
    columns = [
        Column("WAR", n, most if n else None),
        Column("UAR", n, 1 / present if present else None),
        Column(f1, n, 2 * most / (1 + most) / present if present else None),
    ]
    if each:
        columns += [
            Column(f"{what} {label}", int(k)) for what in ("recall", "F1") for label, k in zip(labels, n_each, strict=True)
        ]
    return Tally(tuple(columns), counts, lambda sums: _numbers(sums, classes)[..., : len(columns)])


def _cells(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    return truth * (classes + 1) + np.where(said < 0, classes, said)


def _numbers(sums: np.ndarray, classes: int) -> np.ndarray:
    matrix = sums.reshape(*sums.shape[:-1], classes, classes + 1)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    truth, said = matrix.sum(-1), matrix[..., :classes].sum(-2)
    recall = ratio(right, truth)
    f1 = np.where(truth > 0, ratio(2 * right, truth + said), np.nan)
    means = (ratio(right.sum(-1), truth.sum(-1)), mean_of_known(recall), mean_of_known(f1))
    return np.concatenate([np.stack(means, -1), recall, f1], axis=-1)
