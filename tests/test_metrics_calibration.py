"""Calibration by hand: ECE over bins of equal mass, Brier, reliability, risk over coverage, what the uncertain band costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import chances, counts, numbers, unhurried
from sklearn.metrics import brier_score_loss

from facewise.eval.metrics.calibration import area_under_risk, band, places, reliability, risk_coverage, tally
from facewise.eval.metrics.statistic import Subjects


def of(p, true, bins=15):
    return tally(np.array(p, float), np.array(true), Subjects.each(len(p)), bins)


def test_ece_by_hand():
    """Two bins of two: means .15 and .85, true 1/2 and 1: 2/4 * .35 + 2/4 * .15."""
    got = numbers(of([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], 2))
    assert got["ECE"] == pytest.approx(0.5 * 0.35 + 0.5 * 0.15)
    assert got["Brier"] == pytest.approx((0.01 + 0.64 + 0.04 + 0.01) / 4)
    assert chances(of([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], 2))["ECE"] == 0.25


def test_bins_hold_equal_mass_and_equal_probabilities_stay_together():
    assert np.bincount(places(np.linspace(0, 1, 150))).tolist() == [10] * 15
    assert places(np.full(40, 0.3)).tolist() == [0] * 40
    assert numbers(of([0.5] * 40, [0, 1] * 20))["ECE"] == 0


def test_nothing_is_none():
    assert numbers(of([], [])) == {"ECE": None, "Brier": None}


def test_honest_probabilities_are_calibrated_and_overconfident_ones_are_not():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    true = rng.random(20_000) < p
    assert numbers(of(p, true))["ECE"] < 0.015
    assert numbers(of(np.round(p), true))["ECE"] > 0.2


def test_the_reliability_curve_shows_its_n():
    low, high = reliability(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 1, 1, 1]), 2)
    assert (low.said, low.true, low.n) == (pytest.approx(0.15), 0.5, 2) and low.low < 0.5 < low.high
    assert high.true == 1 and high.high == 1


def test_risk_over_coverage_by_hand():
    """Surest first: right, wrong, right and right (equally sure): risks 0, 1/2, 1/4; area 1/4 * 0 + 1/4 * 1/2 + 2/4 * 1/4."""
    curve = risk_coverage(np.array([0.9, 0.8, 0.5, 0.5]), np.array([True, False, True, True]))
    assert curve == [(0.25, 0), (0.5, 0.5), (1, 0.25)]
    assert area_under_risk(curve) == pytest.approx(1 / 8 + 1 / 8)
    assert risk_coverage(np.empty(0), np.empty(0, bool)) == [] and area_under_risk([]) is None


def test_the_band_by_hand():
    """Live .1 .5 .9, spoof .1 .5 .9 .9; open between .4 and .6, ends included."""
    got = band(np.array([0.1, 0.5, 0.9, 0.1, 0.5, 0.9, 0.9]), np.array([0, 0, 0, 1, 1, 1, 1]), 0.4, 0.5, Subjects.each(7))
    assert numbers(got) == {
        "uncertain": 2 / 7,
        "uncertain, live": 1 / 3,
        "uncertain, spoof": 1 / 4,
        "errors outside the band": 2 / 5,
        "live called spoof": 1 / 3,
        "spoof called live": 1 / 4,
    }
    assert counts(got)["errors outside the band"] == 5


def test_a_band_over_everything_leaves_no_error_to_measure():
    assert numbers(band(np.array([0.2, 0.8]), np.array([0, 1]), 0, 1, Subjects.each(2)))["errors outside the band"] is None


@unhurried
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_ece_is_a_share_and_brier_is_scikit_learns(rows):
    p, true = map(np.array, zip(*rows, strict=True))
    got = numbers(of(p, true))
    assert -1e-12 <= got["ECE"] <= 1 + 1e-12
    if 0 < true.sum() < len(true):
        assert got["Brier"] == pytest.approx(brier_score_loss(true, p))
