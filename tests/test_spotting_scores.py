"""Scores of spotting drawn clips by hand: blinks and what is too short left out, F1 pooled, an interval that holds it."""

import pytest

from facewise.eval.spotting import Scored, f1, report, scored
from facewise.model.perception.spotting import Spot


def spot(onset: int, offset: int, score: float = 0.5, kind: str = "micro") -> Spot:
    apex = (onset + offset) // 2
    return Spot(onset, apex, offset, onset / 30, apex / 30, offset / 30, kind, score, {}, 2.0)


def event(onset: int, offset: int, kind: str = "micro") -> dict:
    apex = (onset + offset) // 2
    return {"kind": kind, "onset": onset, "apex": apex, "offset": offset, "apex_s": apex / 30}


def test_an_event_is_found_once_by_the_surest_interval():
    got = scored([spot(10, 20, 0.6), spot(11, 20, 0.9)], [event(10, 20)])
    assert (got.hits, got.false, got.missed) == (1, 1, 0)


def test_the_apex_is_held_against_the_matched_event():
    got = scored([spot(40, 60), spot(10, 20)], [event(10, 20), event(44, 60)])
    assert got.hits == 2 and sorted(got.apex_s) == pytest.approx([0, 2 / 30])


def test_blinks_and_events_under_five_frames_do_not_count():
    got = scored([spot(40, 46, kind="blink")], [event(40, 46, "blink"), event(10, 13), event(20, 24)])
    assert (got.hits, got.false, got.missed) == (0, 0, 1)


def test_f1_pools_the_clips():
    got = f1([Scored(3, 1, 0, ()), Scored(1, 0, 2, ())])
    assert got.value == pytest.approx(8 / 11) and got.n == 6
    assert f1([Scored(0, 0, 0, ())]).value is None


def test_the_interval_holds_the_value():
    got = f1([Scored(3, 1, 1, ()), Scored(1, 0, 2, ()), Scored(4, 0, 0, ()), Scored(2, 2, 1, ())])
    assert got.low <= got.value <= got.high


def test_the_report_says_simulated_and_n(capsys):
    report({"00-events-30fps-crf18-010": (Scored(3, 1, 1, (0.01,)), 10.0), "24-nothing-gaze": (Scored(0, 2, 0, ()), 60.0)})
    told = capsys.readouterr().out
    assert "spotting F1, simulated, all      0.75 n = 4 events in 1 clips" in told
    assert "2.0 over 1.0 minutes" in told
