"""IoU, hits and average precision by hand; the corners turn round, empty boxes, ties, no boxes."""

import numpy as np
import pytest
from metric_values import counts, numbers

from facewise.eval.metrics.boxes import Detections, hits, iou, tally
from facewise.eval.metrics.statistic import Subjects

A, B, FAR = [0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]
NO_BOX = np.empty((0, 4))


def found(said, scores, truth, least=0.5):
    boxes = [np.array(each, float).reshape(-1, 4) for each in said], scores, [np.array(t, float).reshape(-1, 4) for t in truth]
    return Detections(*boxes, Subjects.each(len(said)), least)


def test_iou_by_hand():
    assert iou([A], [B, FAR, [5, 5, 15, 15]])[0] == pytest.approx([50 / 100, 0, 25 / 175])
    assert iou([[3, 3, 3, 3]], [[3, 3, 3, 3]])[0, 0] == 0 and iou([[10, 10, 0, 0]], [A])[0, 0] == 0


def test_the_surest_box_takes_the_true_one():
    assert hits(np.array([A, A]), np.array([0.2, 0.9]), np.array([A]), 0.5).tolist() == [False, True]
    assert hits(np.array([A]), np.array([1.0]), NO_BOX, 0.5).tolist() == [False]


def test_ap_by_hand():
    """Four true boxes; by score right, wrong, right, right: precision 1, 1/2, 2/3, 3/4 at recall 1/4, 1/4, 1/2, 3/4; made monotone
    1, 3/4, 3/4, 3/4. AP = 1/4 * 1 + 1/4 * 3/4 + 1/4 * 3/4."""
    said = [[A, FAR], [A], [A], []]
    got = numbers(found(said, [[0.9, 0.8], [0.7], [0.6], []], [[A]] * 4))
    assert got["AP@50"] == pytest.approx(1 / 4 + 3 / 16 + 3 / 16)


def test_boxes_without_scores_come_in_together():
    """Two of three right, four wanted: precision 2/3 x recall 1/2, in whatever order they lie."""
    said = [[A], [FAR], [A], []]
    for order in ([0, 1, 2, 3], [1, 0, 2, 3]):
        got = numbers(found([said[i] for i in order], [[1.0] * len(said[i]) for i in order], [[A]] * 4))
        assert got["AP@50"] == pytest.approx(2 / 3 * 1 / 2)


def test_the_wanted_overlap_decides():
    truth, said = [[[0, 0, 10, 10]]], [[[0, 0, 10, 4.5]]]
    assert numbers(found(said, [[1.0]], truth, 0.4)) == {"AP@40": 1} and numbers(found(said, [[1.0]], truth, 0.5)) == {"AP@50": 0}


def test_without_true_boxes_there_is_nothing_to_find():
    assert numbers(found([[A]], [[1.0]], [[]])) == {"AP@50": None}
    assert numbers(found([[]], [[]], [[A]])) == {"AP@50": 0}
    assert numbers(found([], [], [])) == {"AP@50": None}


def test_one_true_box_an_item():
    said = [np.array([A]), NO_BOX, np.array([B]), np.array([A])]
    truth = [np.array([A]), np.array([A]), np.array([A]), np.array([A, FAR])]
    got = tally(said, truth, Subjects.each(4))
    assert numbers(got) == {"IoU, mean": pytest.approx((1 + 0 + 0.5) / 3), "share at IoU 0.4": 2 / 3, "share at IoU 0.5": 2 / 3}
    assert counts(got)["IoU, mean"] == 3
