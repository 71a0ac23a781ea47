"""Spotting and STRS by hand: both ends counted, one-to-one, kinds apart and together, others excluded, counts pooled over clips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_values import counts, numbers, unhurried
from sklearn.metrics import precision_score, recall_score

from facewise.eval.metrics.intervals import bootstrap
from facewise.eval.metrics.spotting import Movement, iou, matched, strs, tally
from facewise.eval.metrics.statistic import Subjects

LABELS = ("negative", "positive", "surprise", "others")


def micro(onset, offset, score=1.0, emotion=""):
    return Movement(onset, offset, "micro", score, emotion)


def macro(onset, offset, score=1.0):
    return Movement(onset, offset, "macro", score)


def test_overlap_counts_both_ends():
    assert iou((10, 19), (15, 24)) == pytest.approx(5 / 15)
    assert iou((10, 19), (20, 29)) == 0 and iou((5, 5), (5, 5)) == 1


def test_half_is_enough_and_less_is_not():
    """10-19 and 10-14 share 5 of 10; 10-19 and 10-13 share 4 of 10."""
    assert matched([micro(10, 19)], [micro(10, 14)]) == [(0, 0)]
    assert matched([micro(10, 19)], [micro(10, 13)]) == []


def test_an_event_is_found_once_by_the_surest_claim_and_a_claim_finds_one():
    assert matched([micro(10, 20, 0.6), micro(11, 20, 0.9)], [micro(10, 20)]) == [(1, 0)]
    assert matched([micro(10, 29)], [micro(10, 19), micro(20, 29)]) == [(0, 0)]


def test_a_table_worked_by_hand():
    """Clip 1: micro found, micro missed, micro false; macro found. Clip 2: a macro claimed where a micro is; a macro missed."""
    claims = [[micro(10, 20), micro(200, 210), macro(300, 400)], [macro(50, 60)]]
    events = [[micro(11, 20), micro(100, 112), macro(310, 400)], [micro(50, 60), macro(500, 560)]]
    got = numbers(tally(claims, events, Subjects.each(2)))
    assert got["F1 micro"] == pytest.approx(2 * 1 / (2 + 1 + 2))  # 1 hit, 1 false, 2 missed
    assert got["F1 macro"] == pytest.approx(2 * 1 / (2 + 1 + 1))  # 1 hit, 1 false, 1 missed
    assert got["F1 overall"] == pytest.approx(2 * 2 / (4 + 2 + 3))
    assert got["F1 any kind"] == pytest.approx(2 * 3 / (6 + 1 + 2))  # the macro on a micro is a hit here
    assert got["precision micro"] == 1 / 2 and got["recall micro"] == 1 / 3
    assert counts(tally(claims, events, Subjects.each(2)))["F1 overall"] == 5


def test_neither_claims_nor_events_is_none_and_only_claims_is_zero():
    assert numbers(tally([[]], [[]], Subjects.each(1)))["F1 overall"] is None
    got = numbers(tally([[micro(1, 5)]], [[]], Subjects.each(1)))
    assert got["F1 micro"] == 0 and got["recall micro"] is None and got["F1 macro"] is None


def test_strs_by_hand():
    """Five micro events, four of them spotted, one false claim: F1 = 8/10. Of the spotted, one is `others` and left out; the rest:
    negative as negative, negative as positive, surprise as surprise. Precision: negative 1, positive 0, surprise 1, so P = 2/3;
    recall: negative 1/2, positive 0, surprise 1, so R = 1/2. F1 recognition = 2 * 2/3 * 1/2 / (2/3 + 1/2) = 4/7."""
    truth = ("negative", "negative", "surprise", "others", "positive")
    said = ("negative", "positive", "surprise", "negative")
    events = [[micro(100 * i, 100 * i + 10, emotion=name) for i, name in enumerate(truth)]]
    claims = [[micro(100 * i, 100 * i + 10, emotion=name) for i, name in enumerate(said)] + [micro(900, 910)]]
    got = numbers(strs(claims, events, LABELS, Subjects.each(1)))
    assert got["F1 spotting"] == pytest.approx(0.8)
    assert got["F1 recognition"] == pytest.approx(4 / 7)
    assert got["STRS"] == pytest.approx(0.8 * 4 / 7)
    kept = (truth[:3], said[:3])
    p, r = (f(*kept, average="macro", zero_division=0) for f in (precision_score, recall_score))
    assert got["F1 recognition"] == pytest.approx(2 * p * r / (p + r))


def test_strs_where_nothing_is_spotted_is_zero_and_without_events_none():
    assert numbers(strs([[]], [[micro(1, 9, emotion="negative")]], LABELS, Subjects.each(1)))["STRS"] == 0
    assert numbers(strs([[]], [[]], LABELS, Subjects.each(1)))["STRS"] is None


def test_others_said_of_a_spotted_class_is_a_miss():
    one = [[micro(0, 9, emotion="surprise"), micro(50, 59, emotion="negative")]]
    said = [[micro(0, 9, emotion="others"), micro(50, 59, emotion="negative")]]
    got = numbers(strs(said, one, LABELS, Subjects.each(1)))
    assert got["F1 recognition"] == pytest.approx(1 / 2)  # negative: P 1, R 1; surprise: P 0, R 0


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 15)), max_size=6).map(
    lambda pairs: [micro(start, start + length) for start, length in pairs]
)


@unhurried
@given(spans, spans)
def test_matches_are_one_to_one_and_overlap_by_half(claims, events):
    pairs = matched(claims, events)
    assert len({c for c, _ in pairs}) == len({e for _, e in pairs}) == len(pairs)
    assert all(iou((claims[c].onset, claims[c].offset), (events[e].onset, events[e].offset)) >= 0.5 for c, e in pairs)


@unhurried
@given(spans)
def test_what_claims_the_truth_is_perfect(events):
    got = numbers(tally([events], [events], Subjects.each(1)))["F1 micro"]
    assert got in (1, None) and (got == 1) == bool(events)


def test_clips_are_resampled():
    clips = [([micro(0, 9)], [micro(0, 9)]), ([], [micro(5, 20)]), ([micro(40, 50)], [micro(5, 20)])]
    claims, events = zip(*clips, strict=True)
    first = bootstrap([tally(claims, events, Subjects.each(3))])[0]
    assert first.low <= first.value <= first.high and first.low == 0 and first.high == 1
