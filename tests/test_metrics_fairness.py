"""Gaps between groups by hand: odds over all cells, opportunity over recalls, parity over answers; small and unknown groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import counts, numbers, unhurried

from facewise.eval.metrics.fairness import tally
from facewise.eval.metrics.statistic import Subjects

# Two classes; rows are truth.  group x: [[3, 1], [1, 3]]   group y: [[2, 2], [0, 4]]
TRUTH = np.array([0] * 4 + [1] * 4 + [0] * 4 + [1] * 4)
SAID = np.array([0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1])
GROUPS = np.repeat([0, 1], 8)


def of(truth, said, groups, names=("x", "y"), classes=2):
    return tally(truth, said, classes, groups, names, Subjects.each(len(truth)), "sex")


def test_two_groups_by_hand():
    """Cells: |3/4 - 2/4|, |1/4 - 2/4|, |1/4 - 0|, |3/4 - 1|, all 1/4. Answers: 0 in 4/8 and 2/8, 1 in 4/8 and 6/8."""
    got = numbers(of(TRUTH, SAID, GROUPS))
    assert got["equalised odds gap, sex"] == got["equal opportunity gap, sex"] == got["demographic parity gap, sex"] == 1 / 4
    assert got["WAR, sex x"] == got["WAR, sex y"] == 6 / 8


def test_three_groups_are_measured_at_their_widest():
    """A third group with class 0 alone, always right: class 0 gaps 1/2 (recall) and 1/2 (its error), class 1 as before."""
    truth, said = np.append(TRUTH, [0, 0]), np.append(SAID, [0, 0])
    got = numbers(of(truth, said, np.append(GROUPS, [2, 2]), ("x", "y", "z")))
    assert got["equal opportunity gap, sex"] == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert got["equalised odds gap, sex"] == pytest.approx((1 / 2 + 1 / 2 + 1 / 4 + 1 / 4) / 4)
    assert got["demographic parity gap, sex"] == pytest.approx(((1 - 2 / 8) + 6 / 8) / 2)


def test_one_group_has_no_gap_to_measure():
    got = numbers(of(TRUTH[:8], SAID[:8], GROUPS[:8]))
    assert got["equalised odds gap, sex"] is None and got["WAR, sex y"] is None


def test_items_of_no_known_group_take_no_part():
    groups = np.where(np.arange(16) % 8 == 3, -1, GROUPS)
    got = of(TRUTH, SAID, groups)
    assert counts(got)["equalised odds gap, sex"] == 14
    assert numbers(got)["WAR, sex x"] == pytest.approx(6 / 7)


def test_no_answer_lowers_the_recall_of_the_group_that_gets_none():
    got = numbers(of(TRUTH, np.where((GROUPS == 1) & (TRUTH == 1), -1, SAID), GROUPS))
    assert got["equal opportunity gap, sex"] == pytest.approx((1 / 4 + 3 / 4) / 2)


@unhurried
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_equal_groups_have_no_gap(pairs):
    truth, said = (np.tile(column, 2) for column in map(np.array, zip(*pairs, strict=True)))
    got = numbers(of(truth, said, np.repeat([0, 1], len(pairs)), classes=3))
    assert all(
        got[f"{gap} gap, sex"] == pytest.approx(0) for gap in ("equalised odds", "equal opportunity", "demographic parity")
    )
