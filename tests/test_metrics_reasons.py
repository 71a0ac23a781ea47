"""Reasons by hand: cue precision and recall; BLEU-4 and ROUGE-L as their own libraries give them, and from a count on paper."""

import math

import numpy as np
import pytest
from metric_values import counts, numbers
from sacrebleu.metrics import BLEU

from facewise.eval.metrics.intervals import bootstrap
from facewise.eval.metrics.reasons import bleu, cues, marks, rouge_l
from facewise.eval.metrics.statistic import Subjects

SAID = ["the lip corners are pulled up", "brows are drawn down and the lids are tight", "a neutral face"]
WRITTEN = ["the lip corners are clearly pulled up", "the brows are drawn down", "lips are parted here"]


def test_cues_by_hand():
    """Named 3, visible 4, both 2; the second item names one that is not there, the third nothing."""
    got = cues([["bezel", "moire"], ["edge"], []], [["bezel", "moire", "glare"], [], ["edge"]], Subjects.each(3))
    assert numbers(got) == {"cue precision": 2 / 3, "cue recall": 2 / 4, "cue F1": pytest.approx(4 / 7)}
    assert counts(got) == {"cue precision": 3, "cue recall": 4, "cue F1": 3}


def test_no_cues_at_all_are_none():
    assert set(numbers(cues([[]], [[]], Subjects.each(1))).values()) == {None}


def test_bleu_on_paper():
    """5 of 6 words... the lip corners are pulled up / the lip corners are clearly pulled up: 6/6, 4/5, 2/4, 1/3; brevity e^(1 - 7/6)."""
    got = numbers(bleu(SAID[:1], WRITTEN[:1], Subjects.each(1)))["BLEU-4"]
    assert got == pytest.approx(100 * math.exp(1 - 7 / 6) * (1 * 4 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_bleu_is_sacrebleus():
    got = numbers(bleu(SAID, WRITTEN, Subjects.each(3)))["BLEU-4"]
    assert got == pytest.approx(BLEU().corpus_score(SAID, [WRITTEN]).score)
    smoothed = numbers(bleu(SAID[1:], WRITTEN[1:], Subjects.each(2)))["BLEU-4"]
    assert smoothed == pytest.approx(BLEU().corpus_score(SAID[1:], [WRITTEN[1:]]).score)
    assert numbers(bleu(["", "zebra"], ["a face", "a face"], Subjects.each(2)))["BLEU-4"] == 0
    assert numbers(bleu([], [], Subjects.each(0)))["BLEU-4"] is None


def test_rouge_on_paper():
    """Longest common subsequence 6 of 6 said and 7 written words: F = 2 * 1 * 6/7 / (1 + 6/7) = 12/13."""
    assert numbers(rouge_l(SAID[:1], WRITTEN[:1], Subjects.each(1)))["ROUGE-L"] == pytest.approx(12 / 13)
    assert numbers(rouge_l(["x"], ["y"], Subjects.each(1)))["ROUGE-L"] == 0


def test_marks_by_hand():
    """Means of 9 and 4, and of 2 alone; the third item has none."""
    given = np.array([[9, 2], [4, np.nan], [np.nan, np.nan]])
    found = marks(given, ("picture", "truth"), Subjects.each(3))
    assert numbers(found) == {"picture": 6.5, "truth": 2} and counts(found) == {"picture": 2, "truth": 1}
    assert numbers(marks(np.empty((0, 1)), ("picture",), Subjects.each(0))) == {"picture": None}


def test_texts_are_resampled_by_subject():
    value = bootstrap([bleu(SAID, WRITTEN, Subjects(np.array([0, 0, 1]), 2))])[0]
    assert value.low <= value.value <= value.high
