"""Simulated clips: labels exact to the frame, sides that are the person's own, the same bytes from the same seed."""

import json
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from facewise.data_builders.synthesis.clips import DURATION_S, curve, frames, sample_plan, write_labelled_clip
from facewise.data_builders.synthesis.distractors import DISTRACTORS
from facewise.data_builders.synthesis.look import painting, sample_look
from facewise.data_builders.synthesis.render import View, draw
from facewise.data_builders.synthesis.rig import load_rig, sample_person
from facewise.model.errors import FacewiseError

SIZE, IOD_PX = (160, 96), 24.0
LEFT_SMILE = {"AU12": (5.0, 0.0)}
BROWS = {"AU1": (5.0, 5.0), "AU2": (5.0, 5.0)}
MOUTH_CORNERS = {"left": 54, "right": 48}  # iBUG: the person's own sides


@cache
def actor(shared: Path):
    """(rig, painting, person, look)."""
    rig = load_rig(shared / "data" / "ict_facekit.npz")
    rng = np.random.default_rng(1)
    paint, person = painting(rig), sample_person(rig, rng)
    return rig, paint, person, sample_look(rig, paint, rng, SIZE)


def still_plan(
    fps: float = 30, duration_s: float = 4, events=(("micro", LEFT_SMILE, 0.04), ("macro", BROWS, 0.05)), seed: int = 0
):
    return sample_plan(np.random.default_rng(seed), fps, duration_s, events, distractors=(), blinks_per_s=0)


def displacements(shared: Path, plan) -> np.ndarray:
    """How far each of the 68 points lies from where it was in the first frame, in IOD [frames, 68]; no head motion in the plan."""
    told = [truth.points for _, truth in frames(*actor(shared), plan, IOD_PX, supersample=1)]
    eyes = np.linalg.norm(told[0][45] - told[0][36])
    return np.linalg.norm(np.stack(told) - told[0], axis=2) / eyes


@pytest.mark.parametrize("fps", [30, 60, 200])
@pytest.mark.parametrize("kind", ["micro", "macro", "blink"])
def test_an_event_lasts_as_long_as_its_kind_may(kind, fps):
    shortest, longest = DURATION_S[kind]
    for seed in range(40):
        (event,) = still_plan(fps, 6, [(kind, LEFT_SMILE, 0.02)], seed).events
        assert event.onset < event.apex < event.offset
        assert shortest - 1e-6 <= (event.offset - event.onset) / fps <= longest + 1e-6
        assert event.apex - event.onset <= event.offset - event.apex  # faces rise faster than they fall


def test_a_curve_is_nothing_outside_its_event_and_highest_at_the_apex_alone():
    for seed in range(40):
        plan = still_plan(seed=seed)
        at = np.arange(plan.count)
        for event in plan.events:
            height = curve(event, at)
            assert (height[: event.onset + 1] == 0).all() and (height[event.offset :] == 0).all()
            assert height[event.apex] == 1 and (np.delete(height, event.apex) < 1).all()


def test_events_keep_apart_and_too_many_are_refused():
    plan = sample_plan(np.random.default_rng(0), 30, 12, [("micro", BROWS, 0.02)] * 6, DISTRACTORS, blinks_per_s=1)
    ends = [event.offset for event in plan.events]
    assert all(later.onset > end for later, end in zip(plan.events[1:], ends, strict=False))
    with pytest.raises(FacewiseError, match="20 events do not fit into 60 frames"):
        sample_plan(np.random.default_rng(0), 30, 2, [("macro", BROWS, 0.02)] * 20)
    with pytest.raises(FacewiseError, match="'nod' is no distractor"):
        sample_plan(np.random.default_rng(0), 30, 2, distractors=["nod"])


@pytest.mark.shared
@pytest.mark.parametrize("fps", [30, 60])
def test_the_points_move_between_onset_and_offset_only_and_most_at_the_apex(shared, fps):
    plan = still_plan(fps, 2.5)
    height = displacements(shared, plan).max(1)
    quiet = np.ones(plan.count, bool)
    for event in plan.events:
        during = slice(event.onset, event.offset + 1)
        quiet[during] = False
        assert event.onset + height[during].argmax() == event.apex
        assert height[event.apex] == pytest.approx(event.peak_iod, rel=0.25)  # seen flat: what moves in depth shrinks
    assert height[quiet].max() < 0.05 * min(event.peak_iod for event in plan.events)


@pytest.mark.shared
def test_a_smile_of_the_left_side_moves_the_corner_on_the_right_of_the_picture(shared):
    plan = still_plan(events=[("micro", LEFT_SMILE, 0.04)], duration_s=1.5)
    told = [truth for _, truth in frames(*actor(shared), plan, IOD_PX, supersample=1)]
    left, right = (MOUTH_CORNERS[side] for side in ("left", "right"))
    assert told[0].points[left, 0] > told[0].points[right, 0]
    assert np.linalg.norm(told[0].points[45] - told[0].points[36]) == pytest.approx(IOD_PX, rel=1e-3)
    (event,) = plan.events
    moved = displacements(shared, plan)[event.apex]
    assert moved[left] > 0.03 > 0.01 > moved[right]
    assert told[event.apex].points[left, 1] < told[0].points[left, 1]  # y runs down: the corner rises
    assert told[event.apex].levels["AU12"][0] > 0 == told[event.apex].levels["AU12"][1]


@pytest.mark.shared
def test_a_plan_gives_the_same_frames_twice_and_its_truth_tells_the_file(shared, tmp_path):
    stage, files = actor(shared), []
    for name in ("one.mp4", "two.mp4"):
        plan = sample_plan(np.random.default_rng(3), 60, 2, [("micro", LEFT_SMILE, 0.02)], DISTRACTORS)
        truth = write_labelled_clip(tmp_path / name, *stage, plan, crf=23, iod_px=IOD_PX)
        files.append((tmp_path / name).read_bytes())
        assert json.loads((tmp_path / name).with_suffix(".json").read_text()) == truth
    assert files[0] == files[1]
    with av.open(str(tmp_path / "one.mp4")) as container:
        rate, decoded = container.streams.video[0].average_rate, list(container.decode(video=0))
    assert (len(decoded), rate) == (truth["frames"], truth["fps"]) == (120, 60)
    assert len(truth["pose"]["yaw"]) == 120 and {span["kind"] for span in truth["distractors"]} == set(DISTRACTORS)
    smile = next(event for event in truth["events"] if event["kind"] == "micro")
    assert smile["peak_iod"] == pytest.approx(0.02, abs=1e-4) and smile["levels"]["AU12"][1] == 0 < smile["levels"]["AU12"][0]


@pytest.mark.shared
def test_drawing_has_no_chance_of_its_own_and_a_turned_head_keeps_its_look(shared):
    rig, paint, person, look = actor(shared)
    front = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=80.0, iod_px=IOD_PX, place=(0.5, 0.5))
    turned = View(yaw=0.1, pitch=0.0, roll=0.0, distance_cm=80.0, iod_px=IOD_PX, place=(0.5, 0.5))
    one, same, other = (draw(rig, paint, person.neutral, {}, look, view) for view in (front, front, turned))
    assert np.array_equal(one.pixels, same.pixels) and not np.array_equal(one.pixels, other.pixels)
    assert other.points[30, 0] > one.points[30, 0] + 1  # the nose goes to the person's left
    beyond = (one.covered == 0) & (other.covered == 0)
    assert np.array_equal(one.pixels[beyond], other.pixels[beyond])
