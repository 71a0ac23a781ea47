"""Ages: mean absolute error in years, and the cumulative score CS@k."""

import numpy as np

from .statistic import Column, Subjects, Tally, ratio


def tally(truth: np.ndarray, said: np.ndarray, subjects: Subjects, within: tuple[int, ...] = (5,)) -> Tally:
    """`truth`, `said` [n] in years, NaN for no answer. MAE is over those that answered, CS@k = share of all items at most k
    years off (Geng et al. 2007), where no answer is a miss. Chance is that of always saying the median age."""
    answered = ~np.isnan(said)
    off = np.where(answered, np.abs(said - truth), 0.0)
    hits = [answered & (off <= k) for k in within]
    counts = subjects.sums(np.stack([np.ones(len(truth)), answered, off, *hits], axis=1))
    blind = np.abs(truth - np.median(truth)) if len(truth) else truth
    columns = (
        Column("MAE", int(answered.sum()), float(blind.mean()) if len(blind) else None),
        *(Column(f"CS@{k}", len(truth), float((blind <= k).mean()) if len(blind) else None) for k in within),
    )
    return Tally(columns, counts, _numbers)


def _numbers(sums: np.ndarray) -> np.ndarray:
    n, answered, off, hits = sums[..., 0], sums[..., 1], sums[..., 2], sums[..., 3:]
    return np.concatenate([ratio(off, answered)[..., None], ratio(hits, n[..., None])], axis=-1)
