"""Accuracy of attributes by hand: CelebA's mean, chance of the commoner answer, and what is not told."""

import numpy as np
import pytest
from metric_values import chances, counts, numbers

from facewise.eval.metrics import units
from facewise.eval.metrics.statistic import Subjects

NAN = np.nan
# Smiling: right 3 of 4 (one is not told); Hat: never there, right 4 of 5: no answer says that it is not
TRUTH = np.array([[1, 0], [1, 0], [0, 0], [1, 0], [NAN, 0]])
SAID = np.array([[1, 0], [0, 1], [0, 0], [1, NAN], [1, 0]])


def test_each_attribute_is_a_share_of_what_is_told():
    found = units.accuracy(TRUTH, SAID, ("Smiling", "Hat"), Subjects.each(5))
    assert numbers(found) == {
        "accuracy, mean": pytest.approx((3 / 4 + 4 / 5) / 2),
        "accuracy Smiling": 3 / 4,
        "accuracy Hat": pytest.approx(4 / 5),
    }
    assert counts(found) == {"accuracy, mean": 5, "accuracy Smiling": 4, "accuracy Hat": 5}
    assert chances(found) == {"accuracy, mean": pytest.approx((3 / 4 + 1) / 2), "accuracy Smiling": 3 / 4, "accuracy Hat": 1}


def test_what_nobody_tells_is_none():
    found = units.accuracy(np.full((2, 1), NAN), np.zeros((2, 1)), ("Hat",), Subjects.each(2))
    assert numbers(found) == {"accuracy, mean": None, "accuracy Hat": None} and chances(found)["accuracy, mean"] is None
