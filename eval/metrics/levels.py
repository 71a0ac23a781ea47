"""Numbers against numbers, column by column: ICC(3,1), PCC, MAE for intensities of action units, CCC for valence and arousal.

All from sums of two variables, so that they can be resampled. Items without truth or without an answer take no part; how many
answered stands in n. A column that never varies has no correlation: None.
"""

from collections.abc import Sequence

import numpy as np

from .statistic import Column, Subjects, Tally, mean_of_known, ratio

FORMULAS = ("ICC(3,1)", "PCC", "CCC", "MAE")
_SUMS = 7
_FLAT = 1e-12  # of the second moment: what is under it is rounding


def tally(
    truth: np.ndarray,
    said: np.ndarray,
    names: Sequence[str],
    subjects: Subjects,
    formulas: Sequence[str] = ("ICC(3,1)", "PCC", "MAE"),
) -> Tally:
    """`truth`, `said` [n, columns], NaN for what is not there; `formulas` of FORMULAS. Mean over columns first, then each.

    With two raters ICC(3,1), consistency (Shrout and Fleiss 1979), is (MSR - MSE) / (MSR + MSE) = 2 cov / (var x + var y), in
    -1 to 1: an offset is forgiven, a scale not. PCC = Pearson's r. CCC (Lin 1989) = 2 cov / (var x + var y + (mean x - mean
    y)^2). MAE in the unit of the truth; its chance level is that of always saying the median.
    """
    use = ~np.isnan(truth) & ~np.isnan(said)
    middle = np.array([column[chosen].mean() if chosen.any() else 0.0 for column, chosen in zip(truth.T, use.T, strict=True)])
    x, y = np.where(use, truth - middle, 0.0), np.where(use, said - middle, 0.0)  # centred: the sums of squares stay small
    parts = (use.astype(float), x, y, x * x, y * y, x * y, np.abs(x - y))
    counts = subjects.sums(np.concatenate(parts, axis=1))
    n_each = use.sum(0).astype(int)
    columns = []
    for formula in formulas:
        chance = [_chance(formula, truth[chosen, i]) for i, chosen in enumerate(use.T)]
        known = [level for level in chance if level is not None]
        if len(names) > 1:
            columns.append(Column(f"{formula}, mean", int(use.any(1).sum()), sum(known) / len(known) if known else None))
        columns += [Column(f"{formula} {name}", int(n), c) for name, n, c in zip(names, n_each, chance, strict=True)]
    return Tally(tuple(columns), counts, lambda sums: _numbers(sums, len(names), formulas))


def _chance(formula: str, truth: np.ndarray) -> float | None:
    if not len(truth):
        return None
    return float(np.abs(truth - np.median(truth)).mean()) if formula == "MAE" else 0.0


def _numbers(sums: np.ndarray, columns: int, formulas: Sequence[str]) -> np.ndarray:
    n, x, y, xx, yy, xy, off = np.moveaxis(sums.reshape(*sums.shape[:-1], _SUMS, columns), -2, 0)
    mean_x, mean_y = ratio(x, n), ratio(y, n)
    var_x, var_y = _moment(xx, x, x, n), _moment(yy, y, y, n)
    cov = np.where(n > 0, ratio(xy, n) - mean_x * mean_y, np.nan)
    values = {
        "ICC(3,1)": ratio(2 * cov, var_x + var_y),
        "PCC": ratio(cov, np.sqrt(var_x * var_y)),
        "CCC": ratio(2 * cov, var_x + var_y + (mean_x - mean_y) ** 2),
        "MAE": ratio(off, n),
    }
    parts = []
    for formula in formulas:
        if columns > 1:
            parts.append(mean_of_known(values[formula])[..., None])
        parts.append(values[formula])
    return np.concatenate(parts, axis=-1)


def _moment(squares: np.ndarray, x: np.ndarray, y: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The variance; exactly 0 where nothing varies but rounding."""
    second = ratio(squares, n)
    variance = second - ratio(x, n) * ratio(y, n)
    return np.where(variance > _FLAT * np.maximum(second, 1e-300), variance, np.where(np.isnan(variance), np.nan, 0.0))
