"""Presentation attacks at one threshold, as ISO/IEC 30107-3 counts them: APCER by species and at its worst, BPCER, ACER,
HTER, non-response.

A score is that of an attack; at the threshold or over it an item is called one. The threshold comes from elsewhere (the dev
set's EER); at the set's own EER threshold the HTER is the EER of curve.py, and is marked as such.
"""

from collections.abc import Sequence

import numpy as np

from .statistic import Column, Subjects, Tally, ratio


def tally(
    scores: np.ndarray, species: np.ndarray, names: Sequence[str], threshold: float, subjects: Subjects, title: str = ""
) -> Tally:
    """`species` [n] counts from 0 in `names`; below 0 is live. A score of NaN is no response. All in 0 to 1.

    APCER of a species = its attacks called live / its attacks with a response; "APCER max" the worst of them; BPCER = live
    items called attacks / live ones with a response. ACER = mean of APCER max and BPCER; HTER = mean of BPCER and the share
    of all attacks called live. APNRR and BPNRR: shares without a response. "ACER, no response wrong": the same when each of
    these counts as an error. A species without an attack, or live without an item, is None; so is what needs it.
    """
    kinds = len(names)
    silent = np.isnan(scores)
    wrong = np.where(species < 0, scores >= threshold, scores < threshold) & ~silent
    outcome = np.where(silent, 2, wrong)
    cells = np.where(species < 0, kinds, species) * 3 + outcome
    counts = subjects.cells(cells, 3 * (kinds + 1))
    n = counts.sum(0).reshape(kinds + 1, 3)
    heard, asked = n[:, :2].sum(1).astype(int), n.sum(1).astype(int)
    attacks, live = int(heard[:-1].sum()), int(heard[-1])
    columns = (
        *(Column(f"APCER {name}", int(k)) for name, k in zip(names, heard[:-1], strict=True)),
        Column("APCER max", attacks),
        Column("BPCER", live),
        Column("ACER", attacks + live, 0.5),
        Column(f"HTER{title}", attacks + live, 0.5),
        Column("APNRR", int(asked[:-1].sum())),
        Column("BPNRR", int(asked[-1])),
        Column("ACER, no response wrong", int(asked.sum()), 0.5),
    )
    return Tally(columns, counts, lambda sums: _numbers(sums, kinds))


def _numbers(sums: np.ndarray, kinds: int) -> np.ndarray:
    right, wrong, silent = np.moveaxis(sums.reshape(*sums.shape[:-1], kinds + 1, 3), -1, 0)
    rate = ratio(wrong, right + wrong)
    strict = ratio(wrong + silent, right + wrong + silent)
    worst, bpcer = _worst(rate[..., :-1]), rate[..., -1]
    all_attacks = ratio(wrong[..., :-1].sum(-1), (right + wrong)[..., :-1].sum(-1))
    quiet = ratio(silent[..., :-1].sum(-1), (right + wrong + silent)[..., :-1].sum(-1))
    rest = (
        worst,
        bpcer,
        (worst + bpcer) / 2,
        (all_attacks + bpcer) / 2,
        quiet,
        ratio(silent, right + wrong + silent)[..., -1],
        (_worst(strict[..., :-1]) + strict[..., -1]) / 2,
    )
    return np.concatenate([rate[..., :-1], np.stack(rest, -1)], axis=-1)


def _worst(rates: np.ndarray) -> np.ndarray:
    """The largest known one."""
    worst = np.max(np.where(np.isnan(rates), -1.0, rates), axis=-1, initial=-1.0)
    return np.where(worst < 0, np.nan, worst)


def clip_means(scores: np.ndarray, clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(first item of each clip, mean score of its frames that have one), clips in their order by name or number.

    Scores of frames are averaged before any threshold (science.md §8); a clip none of whose frames has a score gets NaN.
    """
    _, first, clip = np.unique(clips, return_index=True, return_inverse=True)
    heard = ~np.isnan(scores)
    total = np.bincount(clip, np.where(heard, scores, 0.0), len(first))
    return first, ratio(total, np.bincount(clip, heard, len(first)))
