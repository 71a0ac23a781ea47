"""What happens in drawn clips: durations, classes, sides, and that nothing beside an expression tells that there is one."""

import itertools
from collections import Counter
from functools import cache

import numpy as np
import pytest

from facewise.data_builders.clips.distractors import DISTRACTORS
from facewise.data_builders.clips.events import DURATION_S, curve
from facewise.data_builders.clips.scripts import (
    DRAWABLE,
    HIDDEN_BY,
    MOST_FRAMES,
    Script,
    sample_plan,
    sample_script,
    sample_units,
)
from facewise.data_builders.rig.rig import MIDLINE
from facewise.model.davison import CLASSES, COARSE, davison_class
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import COARSE as COARSE_OF_EMOTION

BROWS = {"AU1": (5.0, 5.0), "AU2": (5.0, 5.0)}
LEFT_SMILE = {"AU12": (5.0, 0.0)}


@cache
def scripts(count: int = 500) -> tuple[Script, ...]:
    return tuple(sample_script(np.random.default_rng([11, i]), "phone") for i in range(count))


def expressions(script: Script) -> list:
    return [event for event in script.plan.events if event.kind != "blink"]


# Davison's table


def test_the_classes_are_those_of_the_paper():
    told = {"I": "12", "II": "1 2", "III": "4 7", "IV": "4 7 9", "V": "15 17", "VI": "1 2 4", "VII": "14"}
    assert {name: davison_class(f"AU{unit}" for unit in units.split()) for name, units in told.items()} == {n: n for n in told}


def test_a_class_takes_a_whole_combination_and_everything_else_is_other():
    assert davison_class(["AU12", "AU6"]) == davison_class(("AU6", "AU12", "AU12")) == "I"
    assert davison_class(["AU12", "AU14"]) == davison_class([]) == "VII"
    assert len({frozenset(units) for sets in CLASSES.values() for units in sets}) == sum(len(sets) for sets in CLASSES.values())


def test_the_coarse_words_are_the_houses():
    assert set(COARSE) == {*CLASSES, "VII"} and set(COARSE.values()) == set(COARSE_OF_EMOTION.values())


# Events


@pytest.mark.parametrize("fps", [30, 60, 200])
@pytest.mark.parametrize("kind", ["micro", "macro", "blink"])
def test_an_event_lasts_as_long_as_its_kind_may(kind, fps):
    shortest, longest = DURATION_S[kind]
    for seed in range(40):
        (event,) = sample_plan(np.random.default_rng(seed), fps, 6, [(kind, LEFT_SMILE, 0.02)], (), 0).events
        assert event.onset < event.apex < event.offset
        assert shortest - 1e-6 <= (event.offset - event.onset) / fps <= longest + 1e-6
        assert event.apex - event.onset <= event.offset - event.apex  # faces rise faster than they fall


def test_a_curve_is_nothing_outside_its_event_and_highest_at_the_apex_alone():
    for script in scripts()[:60]:
        at = np.arange(script.plan.count)
        for event in script.plan.events:
            height = curve(event, at)
            assert (height[: event.onset + 1] == 0).all() and (height[event.offset :] == 0).all()
            assert height[event.apex] == 1 and (np.delete(height, event.apex) < 1).all()
            assert (np.diff(height[event.onset : event.apex + 1]) > 0).all()
            assert (np.diff(height[event.apex : event.offset + 1]) < 0).all()


def test_spans_of_a_kind_keep_apart_also_where_there_is_little_room():
    for seed in range(40):
        plan = sample_plan(np.random.default_rng(seed), 30, 10, distractors=["flicker"] * 4, blinks_per_s=0)
        ends = sorted((span.start, span.end) for span in plan.distractors)
        assert len(ends) == 4 and all(later[0] > sooner[1] for sooner, later in itertools.pairwise(ends))


def test_events_keep_apart_and_too_many_are_refused():
    plan = sample_plan(np.random.default_rng(0), 30, 12, [("micro", BROWS, 0.02)] * 6, DISTRACTORS, blinks_per_s=1)
    ends = [event.offset for event in plan.events]
    assert all(later.onset > end for later, end in zip(plan.events[1:], ends, strict=False))
    with pytest.raises(FacewiseError, match="20 events do not fit into 60 frames"):
        sample_plan(np.random.default_rng(0), 30, 2, [("macro", BROWS, 0.02)] * 20)
    with pytest.raises(FacewiseError, match="'nod' is no distractor"):
        sample_plan(np.random.default_rng(0), 30, 2, distractors=["nod"])
    with pytest.raises(FacewiseError, match="'wink' is no kind of event"):
        sample_plan(np.random.default_rng(0), 30, 2, [("wink", BROWS, 0.02)])


# Scripts


def test_a_script_is_its_seed():
    assert scripts()[3] == sample_script(np.random.default_rng([11, 3]), "phone")


def test_every_class_is_drawn_about_equally_often_and_an_event_shows_what_its_class_says():
    counts = Counter(davison_class(event.aus) for script in scripts() for event in expressions(script))
    assert set(counts) == set(DRAWABLE) and max(counts.values()) < 2 * min(counts.values())
    for name, sets in DRAWABLE.items():
        assert {davison_class(units) for units in sets} == {name}


def test_micro_expressions_are_short_and_faint_and_macro_ones_are_neither_in_long_clips():
    for script in scripts():
        for event in expressions(script):
            seconds = (event.offset - event.onset) / script.plan.fps
            strongest = max(max(sides) for sides in event.aus.values())
            if event.kind == "micro":
                assert 0.1 - 1e-6 <= seconds <= 0.5 + 1e-6 and 1 <= strongest <= 2.4
            else:
                assert 0.5 - 1e-6 <= seconds <= 4 + 1e-6 and 1.5 <= strongest <= 4.5


def test_units_of_the_midline_have_no_side_and_some_others_are_one_sided():
    drawn = [sample_units(np.random.default_rng(i), "micro") for i in range(400)]
    assert all(left == right for aus in drawn for code, (left, right) in aus.items() if code in MIDLINE)
    sides = Counter("both" if left and right else "left" if left else "right" for aus in drawn for left, right in aus.values())
    assert min(sides["left"], sides["right"]) > 20 and sides["both"] > 300
    for aus in drawn:  # one side alone: the same for all units of an event
        shown = {(left > 0, right > 0) for code, (left, right) in aus.items() if code not in MIDLINE}
        assert len(shown) <= 1


def test_clips_are_of_many_rates_sizes_and_lengths_with_several_or_no_expression():
    told = scripts()
    assert {script.plan.fps for script in told} >= {30, 60, 120, 200}
    assert all(width % 2 == height % 2 == 0 for width, height in (script.size for script in told))
    seconds = np.array([script.plan.count / script.plan.fps for script in told])
    assert seconds.min() >= 2.9 and seconds.max() > 20 and max(script.plan.count for script in told) <= MOST_FRAMES
    long = [len(expressions(script)) for script, length in zip(told, seconds, strict=True) if length > 10]
    assert 0 in long and max(long) > 2


def test_what_moves_the_same_skin_does_not_happen_at_once():
    for script in scripts():
        spans = [(span.kind, span.start, span.end) for span in script.plan.distractors]
        spans += [("blink", event.onset, event.offset) for event in script.plan.events if event.kind == "blink"]
        for event in expressions(script):
            hiding = [(start, end) for kind, start, end in spans if HIDDEN_BY.get(kind, frozenset()) & set(event.aus)]
            assert all(end < event.onset or start > event.offset for start, end in hiding)


def presence(script: Script) -> dict[str, bool]:
    """What could give an expression away, as yes or no."""
    kinds = {span.kind for span in script.plan.distractors}
    blinks = sum(event.kind == "blink" for event in script.plan.events)
    seconds = script.plan.count / script.plan.fps
    return {
        **{kind: kind in kinds for kind in DISTRACTORS},
        "pulse": script.camcorder.pulses,
        "blink": blinks > 0,
        "two blinks": blinks > 1,
        "two spans": len(script.plan.distractors) > 3,
        "long": seconds > 6,
        "fast": script.plan.fps > 30,
        "large": script.size[0] > 300,
        "near": script.iod_px > 70,
        "keyframes": script.camcorder.gop < 0.8 * script.plan.fps,
    }


@pytest.mark.parametrize("kinds", [("micro", "macro"), ("micro",)])
def test_nothing_beside_an_expression_predicts_that_there_is_one(kinds):
    told = [presence(script) for script in scripts()]
    expressed = np.array([any(event.kind in kinds for event in script.plan.events) for script in scripts()])
    for name in told[0]:
        present = np.array([each[name] for each in told])
        table = np.array([[np.sum((present == p) & (expressed == e)) for e in (True, False)] for p in (True, False)])
        assert table.min() > 10, f"{name} does not occur both with and without an expression"
        expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
        assert ((table - expected) ** 2 / expected).sum() < 10.8, f"{name} predicts an expression (p < .001)"
        balanced = (table[0, 0] / table[:, 0].sum() + table[1, 1] / table[:, 1].sum()) / 2
        assert abs(balanced - 0.5) < 0.08, name
