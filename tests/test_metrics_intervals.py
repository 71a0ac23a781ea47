"""Intervals: subjects are drawn whole, seeds repeat, coverage is about what it says; Wilson, McNemar and paired tests by hand."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from facewise.eval.metrics.classes import tally
from facewise.eval.metrics.curve import Ranking
from facewise.eval.metrics.intervals import bootstrap, draws, mcnemar, paired, share, wilson
from facewise.eval.metrics.statistic import Subjects
from facewise.model.errors import FacewiseError

AB = ("a", "b")


def accuracy(right: np.ndarray, subjects: Subjects):
    return tally(np.zeros(len(right), int), np.where(right, 0, 1), AB, subjects, each=False)


def test_weights_are_draws_of_all_subjects_with_replacement():
    (weights,) = draws(7, 50, 0)
    assert weights.shape == (50, 7) and (weights.sum(1) == 7).all() and weights.max() > 1
    assert (np.concatenate(list(draws(7, 50, 0))) == weights).all()


def test_chunks_do_not_change_the_draws(monkeypatch):
    whole = np.concatenate(list(draws(9, 40, 3)))
    monkeypatch.setattr("facewise.eval.metrics.intervals._CELLS", 50)
    parts = list(draws(9, 40, 3))
    assert len(parts) > 1 and (np.concatenate(parts) == whole).all()


def test_pictures_of_one_person_are_drawn_together():
    """A hundred pictures each of ten people, all right or all wrong: as uncertain as ten, not as a thousand."""
    right = np.repeat(np.arange(10) < 6, 100)
    by_person = bootstrap([accuracy(right, Subjects(np.repeat(np.arange(10), 100), 10))])[0]
    by_picture = bootstrap([accuracy(right, Subjects.each(1000))])[0]
    assert by_person.value == by_picture.value == 0.6
    assert by_person.high - by_person.low > 0.5 > 0.1 > by_picture.high - by_picture.low


def test_a_resample_equals_the_items_taken_again():
    """The product of weights and counts is the metric of the repeated items, for sums and for ranks."""
    rng = np.random.default_rng(1)
    place, truth = rng.integers(6, size=80), rng.integers(2, size=80)
    said, scores = rng.integers(-1, 2, size=80), rng.normal(size=80).round(1) + truth
    subjects, species = Subjects(place, 6), rng.integers(3, size=80)
    for weights in next(draws(6, 20, 0)):
        again = np.repeat(np.arange(80), weights[place].astype(int))
        each = Subjects.each(len(again))
        pairs = (
            (tally(truth, said, AB, subjects), tally(truth[again], said[again], AB, each)),
            (
                Ranking(scores, truth == 1, subjects, species),
                Ranking(scores[again], truth[again] == 1, each, species[again]),
            ),
        )
        for weighted, repeated in pairs:
            np.testing.assert_allclose(weighted.under(weights[None]), repeated.under(np.ones((1, len(again)))), atol=1e-12)


def test_ninety_five_in_a_hundred_intervals_hold_the_truth():
    rng, held = np.random.default_rng(0), 0
    for trial in range(200):
        p = rng.beta(7, 3, size=40)  # people differ
        right = rng.random((40, 5)) < p[:, None]
        value = bootstrap([accuracy(right.ravel(), Subjects(np.repeat(np.arange(40), 5), 40))], 300, trial)[0]
        held += value.low <= 0.7 <= value.high
    assert 180 <= held <= 198


def test_the_same_seed_gives_the_same_interval():
    statistic = accuracy(np.arange(30) % 3 > 0, Subjects.each(30))
    assert bootstrap([statistic], 20) == bootstrap([statistic], 20) != bootstrap([statistic], 20, seed=1)


def test_one_subject_has_no_interval_and_no_subject_no_value():
    (one, *_) = bootstrap([accuracy(np.array([True, False]), Subjects(np.zeros(2, int), 1))])
    assert one.value == 0.5 and one.low is None and one.high is None
    (none, *_) = bootstrap([accuracy(np.empty(0, bool), Subjects.each(0))])
    assert none.value is None and none.low is None and none.n == 0


def test_statistics_of_different_sets_are_refused():
    with pytest.raises(FacewiseError, match="2, 3"):
        bootstrap([accuracy(np.ones(2, bool), Subjects.each(2)), accuracy(np.ones(3, bool), Subjects.each(3))])


def test_wilson_by_hand():
    """8 of 10: z2 = 3.8415; middle (.8 + .19207) / 1.38415 = .71674; half 1.95996 / 1.38415 * sqrt(.016 + .0096036) = .22658."""
    assert wilson(8, 10) == pytest.approx((0.49016, 0.94332), abs=1e-4)
    found = binomtest(8, 10).proportion_ci(method="wilson")
    assert wilson(8, 10) == pytest.approx((found.low, found.high))
    assert wilson(0, 0) is None and wilson(0, 5)[0] == 0 and wilson(5, 5)[1] == 1
    assert share("unparsed", 0, 0).value is None


def test_mcnemar_by_hand():
    """They differ on five items, one of them the first's: 2 * (1 + 5) / 32."""
    first = np.array([1, 0, 0, 0, 0, 1, 1, 0], bool)
    second = np.array([0, 1, 1, 1, 1, 1, 1, 0], bool)
    assert mcnemar(first, second) == mcnemar(second, first) == pytest.approx(12 / 32)
    assert mcnemar(first, first) == 1
    assert mcnemar(first, second) == pytest.approx(binomtest(1, 5).pvalue)


def test_mcnemar_of_many_takes_the_corrected_chi_square():
    """700 against 800: (100 - 1)^2 / 1500 = 6.534, p = .01058."""
    first = np.repeat([True, False], [700, 800])
    assert mcnemar(first, ~first) == pytest.approx(math.erfc(math.sqrt(6.534 / 2)))
    assert mcnemar(first, ~first) == pytest.approx(binomtest(700, 1500).pvalue, abs=1e-3)


def test_paired_models_are_told_apart_where_lone_intervals_overlap():
    rng = np.random.default_rng(0)
    hard = rng.random(400) < 0.5
    first, second = ~hard, ~hard | (rng.random(400) < 0.05)
    found = paired(accuracy(first, Subjects.each(400)), accuracy(second, Subjects.each(400)))[0]
    assert found.value == pytest.approx(second.mean() - first.mean()) and found.low > 0 and found.p < 0.01
    a, b = (bootstrap([accuracy(right, Subjects.each(400))])[0] for right in (first, second))
    assert a.high > b.low


def test_a_model_against_itself_does_not_differ():
    one = accuracy(np.arange(50) % 2 > 0, Subjects.each(50))
    found = paired(one, one)[0]
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_paired_p_is_even_under_no_difference():
    rng, small = np.random.default_rng(0), 0
    for trial in range(200):
        first, second = rng.random((2, 60)) < 0.7
        found = paired(accuracy(first, Subjects.each(60)), accuracy(second, Subjects.each(60)), 300, trial)[0]
        small += found.p < 0.05
    assert small <= 22


def test_a_class_that_vanishes_from_resamples_leaves_a_sound_interval():
    """One attack of one person among nine: the resamples without it say nothing about AUC."""
    ranking = Ranking(np.arange(10.0), np.arange(10) == 9, Subjects.each(10))
    auc = bootstrap([ranking])[0]
    assert auc.value == auc.low == auc.high == 1
