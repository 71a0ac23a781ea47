"""Spotting: curves of known movements give their intervals; blinks, talk, turns and noise give none. And on a real (drawn) clip."""

import json
from dataclasses import replace

import numpy as np
import pytest
from known_curves import curves

from facewise.model.perception.clip import fetch, watch
from facewise.model.perception.curves import Recorder
from facewise.model.perception.displacement import NAMES, calm_moments
from facewise.model.perception.patches import BROWS
from facewise.model.perception.spotting import Spotted, spot, told_movement
from facewise.model.perception.video import open_clip


def expressions(found: Spotted) -> list:
    return [s for s in found.spots if s.kind != "blink"]


@pytest.mark.parametrize("fps", [30, 60, 200])
def test_a_short_movement_is_found_with_its_times_region_and_direction_at_any_frame_rate(fps):
    found = expressions(spot(curves(fps, 6, ("left lip corner", 2.0, 2.4, (0.012, -0.016)))))
    assert [s.kind for s in found] == ["micro"]
    (one,) = found
    assert one.onset_s == pytest.approx(2.0, abs=0.1) and one.offset_s == pytest.approx(2.4, abs=0.1)
    assert one.apex_s == pytest.approx(2.2, abs=0.067)
    assert next(iter(one.regions)) == "left lip corner"
    x, y = one.regions["left lip corner"]
    assert x > 0.006 and y < -0.008


def test_a_long_movement_is_macro():
    found = expressions(spot(curves(30, 12, ("right inner brow", 4.0, 6.5, (0.0, -0.03)))))
    assert [s.kind for s in found] == ["macro"]
    assert found[0].onset_s == pytest.approx(4.0, abs=0.4) and found[0].offset_s == pytest.approx(6.5, abs=0.4)


def test_regions_that_move_together_are_one_interval():
    both = [(name, 2.0, 2.5, (0.0, -0.02)) for name in ("left outer brow", "right outer brow", "left inner brow")]
    (one,) = expressions(spot(curves(30, 6, *both)))
    assert set(one.regions) >= {"left outer brow", "right outer brow"}


def test_a_still_face_has_no_interval():
    assert [expressions(spot(curves(30, 20, seed=seed))) for seed in range(3)] == [[], [], []]


def test_frames_are_those_of_the_file_where_the_face_came_late():
    late = curves(30, 6, ("chin", 2.0, 2.5, (0.0, -0.03)))
    late.frames[:] += 1000
    (one,) = expressions(spot(late))
    assert 1055 <= one.onset <= 1070 and one.onset_s == pytest.approx(2.0, abs=0.15)


def test_a_blink_is_a_blink_and_takes_the_brows_with_it():
    blinking = curves(30, 6, ("left inner brow", 2.0, 2.3, (0.0, 0.02)), ("right inner brow", 2.0, 2.3, (0.0, 0.02)))
    shut = (blinking.times >= 2.0) & (blinking.times <= 2.27)
    blinking.lids[shut] = 0.02
    found = spot(blinking)
    assert [s.kind for s in found.spots] == ["blink"]


def test_talk_is_told_apart():
    cycles = [(name, t, t + 0.25, (0.0, 0.04)) for t in np.arange(1, 4, 0.25) for name in ("lower lip", "chin")]
    found = spot(curves(30, 6, *cycles))
    assert expressions(found) == []
    assert any(span.kind == "speech" and span.end_s - span.start_s > 2 for span in found.distractors)


def test_a_gaze_shift_takes_the_lids_with_it():
    looking = curves(30, 6, ("left upper lid", 2.0, 2.4, (0.0, 0.02)), ("right upper lid", 2.0, 2.4, (0.0, 0.012)))
    looking.gaze[looking.times >= 2.1, 1] -= 0.5
    found = spot(looking)
    assert expressions(found) == [] and any(span.kind == "gaze" for span in found.distractors)


def test_a_turning_head_raises_the_floors_and_is_told():
    turned = curves(30, 8)
    turned.pose[:, 1] += np.interp(turned.times, [3, 3.5], [0, 0.5])
    found = spot(turned)
    assert any(span.kind == "head" for span in found.distractors)
    assert found.floors.max() > 1.5 * found.floors.min()


def test_nothing_is_claimed_that_the_frame_rate_cannot_show():
    found = spot(curves(30, 6, ("left lip corner", 2.0, 2.09, (0.0, -0.03))))
    assert all(s.offset - s.onset + 1 >= 5 for s in expressions(found))
    assert found.shortest_s == pytest.approx(5 / 30)


@pytest.mark.parametrize("count", [1, 4])
def test_a_clip_of_a_few_frames_has_no_interval_and_is_no_crash(count):
    short = curves(30, count / 30)
    assert spot(short).spots == () and spot(short).displacement.shape == (count, len(NAMES), 2)


@pytest.mark.parametrize("fps", [30, 200])
def test_a_glance_in_a_short_sight_of_a_face_is_no_crash(fps):
    brief = curves(fps, 8 / fps)
    brief.gaze[4:] += 0.6
    assert spot(brief).displacement.shape[0] == 8


@pytest.mark.parametrize("apex", [None, 66])
def test_a_movement_that_is_told_is_read_from_its_onset_on_and_not_looked_for(apex):
    smile, frown = ("left lip corner", 2.0, 2.4, (0.005, -0.007)), ("right inner brow", 0.5, 1.5, (0.02, 0.02))
    found = told_movement(curves(30, 4, smile, frown), 60, 72, apex)
    (one,) = found.spots
    assert (one.onset, one.offset, one.kind) == (60, 72, "micro") and abs(one.apex - 66) <= 2
    assert next(iter(one.regions)) == "left lip corner" and "right inner brow" not in one.regions
    assert found.displacement[one.apex, NAMES.index("left lip corner"), 1] == pytest.approx(-0.006, abs=0.0015)
    assert np.flatnonzero(found.calm).max() == 60


def test_a_movement_that_is_told_while_the_face_was_away_is_none():
    late = replace(curves(30, 4), frames=np.arange(120) + 500)
    assert not told_movement(late, 60, 72).spots and not told_movement(late, 700, 720, 705).spots
    assert told_movement(late, 510, 522).spots[0].onset == 510


def test_calm_moments_avoid_movement():
    moving = curves(30, 10, *[(name, 4.0, 5.0, (0.0, -0.05)) for name in NAMES])
    calm = calm_moments(moving)
    busy = (moving.times > 4.1) & (moving.times < 4.9)
    assert calm.any() and not calm[busy].any()


def test_time_grows_with_the_clip_and_not_with_its_square():
    """Counted in solved unknowns: the matrices are banded, so a clip ten times as long has ten times the entries."""
    from facewise.model.perception.displacement import _prior

    short, long = (_prior(curves(30, seconds)).nnz for seconds in (10, 100))
    assert long < 11 * short


# The real thing: film, flow and landmarks


@pytest.fixture(scope="module")
def watched(examples):
    return watch(open_clip(examples / "invented-clip.mp4"))


@pytest.fixture(scope="module")
def truth(examples) -> dict:
    return json.loads((examples / "invented-clip.json").read_text())


def test_the_example_clip_shows_what_it_was_drawn_with(watched, truth):
    (face,) = watched.faces
    found, events = face.spotted.spots, truth["events"]
    assert [s.kind == "blink" for s in found] == [e["kind"] == "blink" for e in events]
    for got, drawn in zip(found, events, strict=True):
        shared = min(got.offset, drawn["offset"]) - max(got.onset, drawn["onset"]) + 1
        assert shared / (max(got.offset, drawn["offset"]) - min(got.onset, drawn["onset"]) + 1) >= 0.5
        assert abs(got.apex_s - drawn["apex_s"]) <= 0.067
    brows, _, smile, _ = found
    assert set(list(brows.regions)[: len(BROWS)]) == set(BROWS) and next(iter(smile.regions)) == "left lip corner"


def test_the_example_clip_was_watched_whole(watched):
    assert (watched.frames, watched.size, len(watched.faces)) == (210, (480, 360), 1)
    face = watched.faces[0]
    assert len(face.frames) == 210 and face.seen.all() and face.points68.shape == (210, 68, 3)
    assert face.within(100).ibug68.shape == (68, 3) and face.within(1000) is None
    assert face.quality and face.backend


def test_frames_are_fetched_by_number(examples):
    got = list(fetch(open_clip(examples / "invented-clip.mp4"), [17, 3]))
    assert [frame.index for frame in got] == [3, 17] and got[1].pixels.shape == (360, 480, 3)


def test_a_frozen_clip_shows_nothing(examples):
    """A clip of a still picture: the same frame again and again."""
    frame = next(open_clip(examples / "invented-clip.mp4").frames())
    face = watch_frames([frame.pixels] * 45)
    assert face.spots == ()


def watch_frames(pictures: list[np.ndarray], fps: float = 30.0) -> Spotted:
    from facewise.model.perception.faces import find_faces

    recorder = Recorder()
    for index, pixels in enumerate(pictures):
        recorder.push(pixels, find_faces(pixels)[0].points, index, index / fps)
    return spot(recorder.curves())
