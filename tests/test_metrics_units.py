"""Action units by hand and against scikit-learn and scipy: F1, its skew-normalised form, baselines, ICC, PCC, CCC, MAE; ages."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_values import chances, counts, numbers, unhurried
from scipy.stats import pearsonr
from sklearn.metrics import f1_score, mean_absolute_error, roc_auc_score

from facewise.eval.metrics import age, levels, units
from facewise.eval.metrics.statistic import Subjects

NAN = np.nan
# AU1:  TP 2, FP 1, FN 1, TN 1 (one frame not coded)    AU12: never there, named once
TRUTH = np.array([[1, 0], [1, 0], [1, 0], [0, 0], [0, 0], [NAN, 0]])
SAID = np.array([[1, 0], [1, 1], [NAN, 0], [1, 0], [0, NAN], [1, 0]])


def there(truth, said, codes=("AU1", "AU12")):
    return units.tally(truth, said, codes, Subjects.each(len(truth)))


def graded(truth, said, names=("AU1",), formulas=("ICC(3,1)", "PCC", "CCC", "MAE")):
    truth, said = (np.asarray(each, float).reshape(-1, len(names)) for each in (truth, said))
    return levels.tally(truth, said, names, Subjects.each(len(truth)), formulas)


def test_f1_by_hand_and_no_answer_is_silence():
    got = numbers(there(TRUTH, SAID))
    assert got["F1 AU1"] == pytest.approx(4 / 6)  # 2*2 / (2*2 + 1 + 1)
    assert got["F1 AU12"] is None
    assert got["F1, mean"] == pytest.approx(4 / 6)
    assert got["F1 skew-normalised AU1"] == pytest.approx(2 * (2 / 3) / (1 + 2 / 3 + 1 / 2))  # TPR 2/3, FPR 1/2
    assert counts(there(TRUTH, SAID))["F1 AU1"] == 5


def test_the_baseline_names_every_unit_in_every_frame():
    everything = numbers(there(TRUTH, np.ones_like(TRUTH)))
    assert chances(there(TRUTH, SAID))["F1 AU1"] == pytest.approx(everything["F1 AU1"]) == pytest.approx(0.75)
    assert everything["F1 skew-normalised AU1"] == pytest.approx(2 / 3)


def test_skew_normalised_f1_does_not_move_when_silent_frames_come_again():
    """Frames without the unit ten times over: F1 falls, the normalised one stays."""
    again = np.repeat(np.arange(5), [1, 1, 1, 10, 10])
    one, ten = numbers(there(TRUTH[:5], SAID[:5])), numbers(there(TRUTH[:5][again], SAID[:5][again]))
    assert ten["F1 AU1"] < one["F1 AU1"]
    assert ten["F1 skew-normalised AU1"] == pytest.approx(one["F1 skew-normalised AU1"])


@unhurried
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=2, max_size=60))
def test_f1_and_auc_agree_with_scikit_learn(rows):
    truth, said, scores = (np.array(column, float)[:, None] for column in zip(*rows, strict=True))
    assume(0 < truth.sum() < len(truth))
    assert numbers(there(truth, said, ("AU1",)))["F1 AU1"] == pytest.approx(f1_score(truth, said, zero_division=0))
    (ranking,) = units.rankings(truth, scores, ("AU1",), Subjects.each(len(truth)))
    assert numbers(ranking)["AUC AU1"] == pytest.approx(roc_auc_score(truth[:, 0], scores[:, 0]))


def test_icc_by_hand():
    """x 1 2 3, y 2 3 5. Rows' means 1.5 2.5 4, so MSR = 2 var = 2 * 1.58333 = 3.16667; differences 1 1 2, MSE = var / 2 = .16667;
    ICC = (3.16667 - .16667) / (3.16667 + .16667) = .9. cov 1.5 (n - 1), var 1 and 2.3333: the same 2*1.5/3.3333."""
    got = numbers(graded([1, 2, 3], [2, 3, 5]))
    assert got["ICC(3,1) AU1"] == pytest.approx(0.9)
    assert got["PCC AU1"] == pytest.approx(1.5 / np.sqrt(1 * 7 / 3))
    # CCC: 2 * 1 / (2/3 + 14/9 + (2 - 10/3)^2), moments over n
    assert got["CCC AU1"] == pytest.approx(2 / (2 / 3 + 14 / 9 + 16 / 9))
    assert got["MAE AU1"] == pytest.approx(4 / 3)


def test_icc_is_that_of_the_analysis_of_variance():
    """Shrout and Fleiss 1979, two raters on six targets: mean squares from sums of squares, as a textbook writes them."""
    x, y = np.array([9.0, 6, 8, 7, 10, 6]), np.array([2.0, 1, 4, 1, 5, 2])
    table = np.stack([x, y], 1)
    grand, rows, raters = table.mean(), table.mean(1), table.mean(0)
    ss_rows, ss_raters = 2 * ((rows - grand) ** 2).sum(), 6 * ((raters - grand) ** 2).sum()
    ss_error = ((table - grand) ** 2).sum() - ss_rows - ss_raters
    msr, mse = ss_rows / 5, ss_error / 5
    assert numbers(graded(x, y))["ICC(3,1) AU1"] == pytest.approx((msr - mse) / (msr + mse))


def test_an_offset_costs_ccc_and_mae_and_not_icc():
    got = numbers(graded([0, 1, 2, 5], [1, 2, 3, 6]))
    assert got["ICC(3,1) AU1"] == pytest.approx(1) and got["PCC AU1"] == pytest.approx(1)
    assert got["CCC AU1"] < 1 and got["MAE AU1"] == pytest.approx(1)


def test_a_flat_answer_correlates_with_nothing_and_flat_truth_is_none():
    got = numbers(graded([0.1, 0.2, 0.3], [0.7, 0.7, 0.7]))
    assert got["PCC AU1"] is None and got["ICC(3,1) AU1"] == pytest.approx(0, abs=1e-9)
    assert numbers(graded([0.3, 0.3], [0.3, 0.3]))["ICC(3,1) AU1"] is None
    assert set(numbers(graded([NAN, 1], [1, NAN])).values()) == {None}


def test_columns_and_their_mean():
    """The second column is perfect, the first off by one each time."""
    got = numbers(graded([[0, 0], [1, 1], [2, 2]], [[1, 0], [2, 1], [3, 2]], ("valence", "arousal"), ("CCC", "MAE")))
    assert got["MAE, mean"] == pytest.approx(0.5)
    assert got["CCC arousal"] == pytest.approx(1)
    assert got["CCC, mean"] == pytest.approx((got["CCC valence"] + 1) / 2)


@unhurried
@given(arrays(float, (12, 2), elements=st.floats(-5, 5)), st.floats(-1000, 1000))
def test_levels_agree_with_scipy_and_do_not_care_where_zero_lies(table, shift):
    x, y = table.T
    assume(x.std() > 1e-3 and y.std() > 1e-3)
    got, moved = numbers(graded(x, y)), numbers(graded(x + shift, y + shift))
    assert got["PCC AU1"] == pytest.approx(pearsonr(x, y)[0], abs=1e-9)
    assert got["MAE AU1"] == pytest.approx(mean_absolute_error(x, y))
    assert got == {name: pytest.approx(value, abs=1e-6) for name, value in moved.items()}
    assert abs(got["CCC AU1"]) <= abs(got["PCC AU1"]) + 1e-9


def test_ages_by_hand():
    """20 30 40 50; 22, 30, 48 and no answer: off 2, 0, 8. The median is 35: off 15 5 5 15."""
    got = age.tally(np.array([20.0, 30, 40, 50]), np.array([22.0, 30, 48, NAN]), Subjects.each(4), (0, 5))
    assert numbers(got) == {"MAE": pytest.approx(10 / 3), "CS@0": 1 / 4, "CS@5": 2 / 4}
    assert counts(got) == {"MAE": 3, "CS@0": 4, "CS@5": 4}
    assert chances(got) == {"MAE": 10, "CS@0": 0, "CS@5": 0.5}


def test_no_ages_are_none():
    assert set(numbers(age.tally(np.empty(0), np.empty(0), Subjects.each(0))).values()) == {None}
