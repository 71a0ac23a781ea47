"""Action units, there or not: F1 of each and their mean, skew-normalised F1, and AUC where there are scores.

Truth of NaN is not coded and takes no part. No answer is silence: it finds nothing and raises no false alarm. A unit that is
never there is None and left out of the means.
"""

from collections.abc import Sequence

import numpy as np

from .curve import Ranking
from .statistic import Column, Subjects, Tally, mean_of_known, ratio


def tally(truth: np.ndarray, said: np.ndarray, codes: Sequence[str], subjects: Subjects) -> Tally:
    """`truth`, `said` [n, units] of 0, 1 and NaN. All numbers in 0 to 1.

    F1 = 2 TP / (2 TP + FP + FN), its mean over units. Skew-normalised (Jeni, Cohn and De la Torre 2013): false positives
    weigh as if a unit were there half of the time, 2 TPR / (1 + TPR + FPR). Chance is the all-positive baseline: 2 p / (1 +
    p) and 2/3.
    """
    known, there, named = ~np.isnan(truth), truth > 0.5, np.nan_to_num(said) > 0.5
    kinds = (known & there & named, known & ~there & named, known & there & ~named, known & ~there & ~named)
    counts = subjects.sums(np.concatenate(kinds, axis=1))
    units = len(codes)
    tp, fp, fn, tn = counts.sum(0).reshape(4, units)
    coded, share = (tp + fp + fn + tn).astype(int), ratio(tp + fn, tp + fp + fn + tn)
    base = np.where(share > 0, 2 * share / (1 + share), np.nan)
    mean_base = mean_of_known(base)
    columns = (
        Column("F1, mean", int(known.any(1).sum()), None if np.isnan(mean_base) else float(mean_base)),
        Column("F1 skew-normalised, mean", int(known.any(1).sum()), 2 / 3),
        *(Column(f"F1 {c}", int(n), None if np.isnan(b) else float(b)) for c, n, b in zip(codes, coded, base, strict=True)),
        *(Column(f"F1 skew-normalised {c}", int(n), 2 / 3) for c, n in zip(codes, coded, strict=True)),
    )
    return Tally(columns, counts, lambda sums: _numbers(sums, units))


def accuracy(truth: np.ndarray, said: np.ndarray, names: Sequence[str], subjects: Subjects) -> Tally:
    """Attributes: the share that is right of each, and their mean, as CelebA's papers count. No answer says that none is there.
    Chance is that of always saying what is commoner."""
    known, there = ~np.isnan(truth), truth > 0.5
    right = known & (there == (np.nan_to_num(said) > 0.5))
    counts = subjects.sums(np.concatenate([right, known], axis=1))
    asked = known.sum(0)
    share = ratio((known & there).sum(0), asked)
    base = np.maximum(share, 1 - share)
    mean_base = mean_of_known(base)
    columns = (
        Column("accuracy, mean", int(known.any(1).sum()), None if np.isnan(mean_base) else float(mean_base)),
        *(Column(f"accuracy {c}", int(n), None if np.isnan(b) else float(b)) for c, n, b in zip(names, asked, base, strict=True)),
    )
    return Tally(columns, counts, lambda sums: _shares_right(sums, len(names)))


def _shares_right(sums: np.ndarray, names: int) -> np.ndarray:
    each = ratio(sums[..., :names], sums[..., names:])
    return np.concatenate([mean_of_known(each)[..., None], each], axis=-1)


def rankings(truth: np.ndarray, scores: np.ndarray, codes: Sequence[str], subjects: Subjects) -> list[Ranking]:
    """AUC of each unit over the items that have both; `scores` [n, units], NaN where there is none."""
    found = []
    for truth_u, scores_u, code in zip(truth.T, scores.T, codes, strict=True):
        use = ~np.isnan(truth_u) & ~np.isnan(scores_u)
        found.append(Ranking(scores_u[use], truth_u[use] > 0.5, subjects.of(use), only_auc=True, auc_name=f"AUC {code}"))
    return found


def _numbers(sums: np.ndarray, units: int) -> np.ndarray:
    tp, fp, fn, tn = np.moveaxis(sums.reshape(*sums.shape[:-1], 4, units), -2, 0)
    there = tp + fn > 0
    f1 = np.where(there, ratio(2 * tp, 2 * tp + fp + fn), np.nan)
    tpr, fpr = ratio(tp, tp + fn), ratio(fp, fp + tn)
    normalised = np.where(there, ratio(2 * tpr, 1 + tpr + np.nan_to_num(fpr)), np.nan)
    return np.concatenate(
        [np.stack([mean_of_known(f1), mean_of_known(normalised)], -1), f1, normalised],
        axis=-1,
    )
