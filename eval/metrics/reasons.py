"""What is said of a verdict, held against what is there: precision and recall of cues, BLEU-4 and ROUGE-L of texts, marks of a judge.

Texts are cut into words by sacrebleu (13a) and rouge_score, so that numbers are those of other papers; the counts are added
up here, so that they can be resampled.
"""

import functools
from collections.abc import Collection, Sequence

import numpy as np

from .statistic import Column, Subjects, Tally, ratio

ORDER = 4


def cues(named: Sequence[Collection[str]], visible: Sequence[Collection[str]], subjects: Subjects) -> Tally:
    """Over all items together: precision = named and visible / named, recall = named and visible / visible, F1. None of
    nothing; in 0 to 1. `visible` holds only what is seen in the final crop (science.md §7)."""
    rows = [(len(set(n) & set(v)), len(set(n)), len(set(v))) for n, v in zip(named, visible, strict=True)]
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), 3))
    _, said, there = (int(total) for total in counts.sum(0))
    columns = (Column("cue precision", said), Column("cue recall", there), Column("cue F1", len(rows)))
    return Tally(columns, counts, _cue_numbers)


def _cue_numbers(sums: np.ndarray) -> np.ndarray:
    right, said, there = np.moveaxis(sums, -1, 0)
    return np.stack([ratio(right, said), ratio(right, there), ratio(2 * right, said + there)], -1)


def bleu(said: Sequence[str], written: Sequence[str], subjects: Subjects) -> Tally:
    """BLEU-4 of the corpus in 0 to 100 (Papineni et al. 2002; sacrebleu's 13a words and "exp" smoothing); one reference an
    item."""
    from sacrebleu.metrics import BLEU

    metric = BLEU(effective_order=False)
    rows = []
    for text, reference in zip(said, written, strict=True):
        found = metric.corpus_score([text], [[reference]])
        rows.append([*found.counts, *found.totals, found.sys_len, found.ref_len])
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), 2 * ORDER + 2))
    return Tally((Column("BLEU-4", len(rows)),), counts, _bleu_number)


def _bleu_number(sums: np.ndarray) -> np.ndarray:
    right, total, said, written = sums[..., :ORDER], sums[..., ORDER : 2 * ORDER], sums[..., -2], sums[..., -1]
    none = (right == 0) & (total > 0)
    smoothed = np.where(none, 0.5 ** np.cumsum(none, axis=-1), right)
    precision = np.nan_to_num(ratio(smoothed, total))
    brevity = np.where(said >= written, 1.0, np.exp(1 - np.nan_to_num(ratio(written, said), nan=np.inf)))
    with np.errstate(divide="ignore"):
        score = 100 * brevity * np.exp(np.log(precision).mean(-1))
    score = np.where((right.sum(-1) == 0) | (said == 0), 0.0, score)
    return np.where(written > 0, score, np.nan)[..., None]


def rouge_l(said: Sequence[str], written: Sequence[str], subjects: Subjects) -> Tally:
    """Mean F-measure of the longest common subsequence of words, in 0 to 1 (Lin 2004; rouge_score without stemming)."""
    scorer = _rouge()
    rows = [(1.0, scorer.score(reference, text)["rougeL"].fmeasure) for text, reference in zip(said, written, strict=True)]
    counts = subjects.sums(np.array(rows, float).reshape(len(rows), 2))
    return Tally((Column("ROUGE-L", len(rows)),), counts, lambda sums: ratio(sums[..., 1:], sums[..., :1]))


def marks(given: np.ndarray, names: Sequence[str], subjects: Subjects) -> Tally:
    """Mean mark of each criterion; `given` [n, criteria], NaN where the judge gave none, which takes no part."""
    known = ~np.isnan(given)
    counts = subjects.sums(np.concatenate([np.where(known, given, 0.0), known], axis=1))
    columns = tuple(Column(name, int(count)) for name, count in zip(names, known.sum(0), strict=True))
    return Tally(columns, counts, lambda sums: ratio(sums[..., : len(names)], sums[..., len(names) :]))


@functools.cache
def _rouge():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=False)
