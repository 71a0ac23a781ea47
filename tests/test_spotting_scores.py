"""Scores of spotting by hand: one-to-one, half overlap with both ends, blinks and what is too short left out."""

import pytest

from facewise.eval.spotting import Scored, f1, interval, iou, scored
from facewise.model.perception.spotting import Spot


def spot(onset: int, offset: int, score: float = 0.5, kind: str = "micro") -> Spot:
    apex = (onset + offset) // 2
    return Spot(onset, apex, offset, onset / 30, apex / 30, offset / 30, kind, score, {}, 2.0)


def event(onset: int, offset: int, kind: str = "micro") -> dict:
    apex = (onset + offset) // 2
    return {"kind": kind, "onset": onset, "apex": apex, "offset": offset, "apex_s": apex / 30}


def test_overlap_counts_both_ends():
    assert iou(spot(10, 19), event(15, 24)) == pytest.approx(5 / 15)
    assert iou(spot(10, 19), event(20, 29)) == 0


def test_an_event_is_found_once_by_the_surest_interval():
    got = scored([spot(10, 20, 0.6), spot(11, 20, 0.9)], [event(10, 20)])
    assert (got.hits, got.false, got.missed) == (1, 1, 0)


def test_blinks_and_events_under_five_frames_do_not_count():
    got = scored([spot(40, 46, kind="blink")], [event(40, 46, "blink"), event(10, 13), event(20, 24)])
    assert (got.hits, got.false, got.missed) == (0, 0, 1)


def test_f1_pools_the_clips():
    assert f1([Scored(3, 1, 0, ()), Scored(1, 0, 2, ())]) == pytest.approx(8 / 11)
    assert f1([Scored(0, 0, 0, ())]) == 0


def test_the_interval_holds_the_value():
    clips = [Scored(3, 1, 1, ()), Scored(1, 0, 2, ()), Scored(4, 0, 0, ()), Scored(2, 2, 1, ())]
    low, high = interval(clips)
    assert low <= f1(clips) <= high
