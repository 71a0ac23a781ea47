"""The points of ROC and DET by hand and against scikit-learn, thinned and on the normal-deviate scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import unhurried
from scipy.stats import norm
from sklearn.metrics import det_curve

from facewise.eval.metrics.tradeoff import Tradeoff, deviates, tradeoff

# print .9 .4, replay .6; live .1 .4: at .4 a tie
SCORES = np.array([0.9, 0.4, 0.6, 0.1, 0.4])
SPECIES = np.array([0, 0, 1, -1, -1])


def test_errors_by_hand():
    found = tradeoff(SCORES, SPECIES >= 0, SPECIES)
    assert found.threshold.tolist() == [0.1, 0.4, 0.6, 0.9, np.inf]
    assert found.apcer == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert found.bpcer == pytest.approx([1, 1 / 2, 0, 0, 0])
    assert found.worst == pytest.approx([0, 0, 1 / 2, 1, 1])  # at .9 the one replay is missed


scored = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({attack for _, attack in rows}) == 2
)


@unhurried
@given(scored)
def test_the_points_are_those_of_scikit_learn(rows):
    scores, attack = (np.array(column) for column in zip(*rows, strict=True))
    found = tradeoff(scores, attack, np.zeros(len(scores), int))
    ours = {(round(x, 9), round(y, 9)) for x, y in zip(found.bpcer, found.apcer, strict=True)}
    theirs = {(round(x, 9), round(y, 9)) for x, y in zip(*det_curve(attack, scores)[:2], strict=True)}
    assert theirs <= ours and len(ours - theirs) <= 1 + len(set(scores)) - len(theirs)  # it drops points beyond the ends
    assert np.array_equal(found.worst, found.apcer)


def test_a_long_curve_is_thinned_and_keeps_its_ends_and_its_shape():
    rng = np.random.default_rng(0)
    attack = np.arange(200_000) % 2 == 0
    whole = tradeoff(rng.normal(attack * 2.0), attack, np.where(attack, 0, -1))
    thin = whole.thinned()
    assert len(thin.apcer) < 1200 and thin.threshold[[0, -1]].tolist() == whole.threshold[[0, -1]].tolist()
    for name in ("apcer", "bpcer"):
        drawn = np.interp(whole.threshold[:-1], thin.threshold[:-1], getattr(thin, name)[:-1])
        assert np.allclose(drawn, getattr(whole, name)[:-1], atol=0.01)


def test_two_normal_classes_make_a_straight_line_on_the_deviates():
    at = np.linspace(-2, 4, 61)
    line = Tradeoff(at, norm.cdf(at - 2), 1 - norm.cdf(at), norm.cdf(at - 2))
    x, y = deviates(line.apcer), deviates(line.bpcer)
    inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    slopes = np.diff(y[inside]) / np.diff(x[inside])
    assert np.allclose(slopes, -1) and deviates(0.5) == pytest.approx(0.5)
    assert deviates(np.array([0.0, 0.001, 0.999, 1.0])) == pytest.approx([0, 0, 1, 1])
