"""Choices among classes against a table worked by hand and scikit-learn; no answer, empty classes, folds, renamed classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import chances, counts, numbers, unhurried
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from facewise.eval.metrics.classes import confusion, tally
from facewise.eval.metrics.statistic import Subjects

LABELS = ("happiness", "sadness", "anger")
# truth \ said   happiness sadness anger none     recall
# happiness      3         1       0     0        3/4
# sadness        0         2       1     1        2/4
# anger          1         0       1     0        1/2
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
SAID = np.array([0, 0, 0, 1, 1, 1, 2, -1, 0, 2])


def of(truth, said, labels=LABELS, **more):
    return tally(np.asarray(truth), np.asarray(said), labels, Subjects.each(len(truth)), **more)


def test_a_table_worked_by_hand():
    got = numbers(of(TRUTH, SAID))
    assert confusion(TRUTH, SAID, 3).tolist() == [[3, 1, 0, 0], [0, 2, 1, 1], [1, 0, 1, 0]]
    assert got["WAR"] == pytest.approx(6 / 10)
    assert got["UAR"] == pytest.approx((3 / 4 + 2 / 4 + 1 / 2) / 3)
    f1 = (2 * 3 / (4 + 4), 2 * 2 / (4 + 3), 2 * 1 / (2 + 2))  # 2 TP / (truth + said)
    assert [got[f"F1 {label}"] for label in LABELS] == pytest.approx(f1)
    assert got["macro-F1"] == pytest.approx(sum(f1) / 3)
    assert got["recall sadness"] == pytest.approx(0.5)


def test_no_answer_is_wrong_and_nobodys_false_alarm():
    got = numbers(of([0, 0, 1, 1], [0, -1, 1, -2], ("a", "b")))
    assert got["WAR"] == 0.5 and got["UAR"] == 0.5
    assert got["F1 a"] == pytest.approx(2 / 3)  # 2 * 1 / (2 + 1)


def test_chance_is_that_of_always_answering_the_largest_class():
    got = chances(of(TRUTH, SAID))
    assert got["WAR"] == 0.4 and got["UAR"] == pytest.approx(1 / 3)
    assert got["macro-F1"] == pytest.approx(numbers(of(TRUTH, np.zeros(10, int)))["macro-F1"])


def test_a_class_without_truth_is_none_and_left_out_of_the_means():
    got, n = numbers(of([0, 0, 1], [0, 2, 1])), counts(of([0, 0, 1], [0, 2, 1]))
    assert got["recall anger"] is None and got["F1 anger"] is None and n["recall anger"] == 0
    assert got["UAR"] == pytest.approx((1 / 2 + 1) / 2)
    assert got["macro-F1"] == pytest.approx((2 / 3 + 1) / 2)


def test_nothing_at_all_is_none():
    assert set(numbers(of(np.empty(0, int), np.empty(0, int))).values()) == {None}


def test_uf1_pools_the_folds_and_is_no_mean_of_their_f1():
    """Two LOSO folds: in the first only class 0, in the second only class 1."""
    truth, said = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    pooled = numbers(tally(truth, said, ("a", "b"), Subjects.named(["s1", "s1", "s2", "s2"]), f1="UF1", each=False))
    assert pooled == {
        "WAR": pytest.approx(3 / 4),
        "UAR": pytest.approx((1 / 2 + 1) / 2),
        "UF1": pytest.approx((2 / 3 + 4 / 5) / 2),  # 2*1/(2*1+0+1), 2*2/(2*2+1+0)
    }


answers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@unhurried
@given(answers)
def test_agrees_with_scikit_learn(pairs):
    truth, said = map(np.array, zip(*pairs, strict=True))
    present, got = np.unique(truth), numbers(of(truth, said, "abcde"))
    assert got["WAR"] == pytest.approx(accuracy_score(truth, said))
    assert (confusion(truth, said, 5)[:, :5] == confusion_matrix(truth, said, labels=range(5))).all()
    recall = confusion_matrix(truth, said, labels=range(5), normalize="true").diagonal()[present].mean()
    assert got["UAR"] == pytest.approx(recall)
    if set(said) <= set(truth) and len(present) > 1:
        assert got["UAR"] == pytest.approx(balanced_accuracy_score(truth, said))
    assert got["macro-F1"] == pytest.approx(f1_score(truth, said, labels=present, average="macro", zero_division=0))


@unhurried
@given(answers, st.permutations(range(5)))
def test_renaming_the_classes_changes_no_mean(pairs, renamed):
    truth, said = map(np.array, zip(*pairs, strict=True))
    names = np.array(renamed)
    before, after = (numbers(of(t, s, "abcde", each=False)) for t, s in ((truth, said), (names[truth], names[said])))
    assert before == {name: pytest.approx(value) for name, value in after.items()}


@unhurried
@given(answers, st.integers(0, 59))
def test_taking_an_answer_away_never_helps_recall(pairs, which):
    truth, said = map(np.array, zip(*pairs, strict=True))
    silent = said.copy()
    silent[which % len(said)] = -1
    assert numbers(of(truth, silent, "abcde"))["UAR"] <= numbers(of(truth, said, "abcde"))["UAR"] + 1e-12
