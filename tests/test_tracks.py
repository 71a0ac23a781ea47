"""Made-up faces on made-up paths, in seconds and IOD: the same people keep the same ids at 10, 30 and 200 frames a second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facewise.model.perception.faces import DetectedFace
from facewise.model.perception.tracks import LOST_S, Tracker

IOD_PX = 50.0
RATES = pytest.mark.parametrize("fps", [10, 30, 200])


def face(x: float, y: float, size: float = 1.0) -> DetectedFace:
    """A face without landmarks at (x, y), in units of the standard IOD; `size` is its own."""
    half = size * IOD_PX / 0.62 / 2
    return DetectedFace(0, (x * IOD_PX - half, y * IOD_PX - half, x * IOD_PX + half, y * IOD_PX + half), 0.9, None)


def followed(paths: list, fps: float, duration_s: float) -> list[dict[int, int]]:
    """Id -> person for each frame; a path gives a DetectedFace or None for a second. Faces come largest first, as from the detector."""
    tracker, seen = Tracker(), []
    for index in range(round(duration_s * fps) + 1):
        there = [(person, found) for person, path in enumerate(paths) if (found := path(index / fps)) is not None]
        there.sort(key=lambda pair: -(pair[1].box[2] - pair[1].box[0]))
        by_box = {found.box: person for person, found in there}
        tracks = tracker.update([found for _, found in there], index / fps)
        assert len(tracks) == len(there) and all(found.id == number for number, found in tracks.items())
        seen.append({number: by_box[found.box] for number, found in tracks.items()})
    return seen


def people(seen: list[dict[int, int]]) -> set[tuple[int, int]]:
    """Every pair of id and person that came up."""
    return {pair for frame in seen for pair in frame.items()}


def is_faithful(seen: list[dict[int, int]]) -> bool:
    """One id a person and one person an id, all the time."""
    pairs = people(seen)
    return len({number for number, _ in pairs}) == len({person for _, person in pairs}) == len(pairs)


@RATES
def test_faces_that_stay_keep_the_ids_that_their_sizes_gave(fps):
    paths = [lambda t: face(5, 5, 0.8), lambda t: face(10, 5, 1.2), lambda t: face(15, 5)]
    assert people(followed(paths, fps, 2)) == {(0, 1), (1, 2), (2, 0)}


def test_ids_go_by_size_in_whatever_order_the_faces_come():
    tracks = Tracker().update([face(5, 5, 0.8), face(10, 5, 1.2), face(15, 5)], 0.0)
    assert [found.box for found in tracks.values()] == [face(10, 5, 1.2).box, face(15, 5).box, face(5, 5, 0.8).box]
    assert list(tracks) == [0, 1, 2]


@pytest.mark.parametrize("fps", [5, 10, 30, 200])
def test_a_head_thrown_aside_is_followed_at_every_rate(fps):
    """One IOD in a tenth of a second from rest: at 5 fps its boxes do not touch from frame to frame."""
    paths = [lambda t: face(5 + 10 * max(0.0, t - 0.4), 5)]
    assert people(followed(paths, fps, 1.2)) == {(0, 0)}


@RATES
def test_a_head_that_shakes_is_followed(fps):
    paths = [lambda t: face(5 + 0.6 * np.sin(2 * np.pi * 2.5 * t), 5 + 0.3 * np.cos(2 * np.pi * 2.5 * t))]
    assert people(followed(paths, fps, 3)) == {(0, 0)}


@RATES
def test_somebody_who_walks_up_to_the_camera_stays_the_same(fps):
    paths = [lambda t: face(10, 8, np.exp(t)), lambda t: face(25, 8)]
    assert is_faithful(followed(paths, fps, 1.5))


@RATES
def test_a_trembling_detector_loses_nobody(fps):
    rng = np.random.default_rng(3)
    paths = [lambda t, x=x: face(*(np.array([x, 5]) + rng.normal(0, 0.08, 2)), rng.uniform(0.9, 1.1)) for x in (5, 7.2, 9.4)]
    assert is_faithful(followed(paths, fps, 3))


@RATES
@pytest.mark.parametrize("away_s", [0.3, 1.0, 1.8])
def test_a_lost_face_is_found_again_under_its_id(fps, away_s):
    paths = [lambda t: face(5 + (t > 1) * 0.8, 5) if not 1 < t < 1 + away_s else None, lambda t: face(12, 5)]
    assert is_faithful(followed(paths, fps, 4))


@RATES
def test_a_face_that_was_moving_when_lost_is_found_where_it_went_and_where_it_was(fps):
    for back in (7.4, 5.5):
        paths = [lambda t, back=back: face(3 + 5 * min(t, 0.5), 5) if t <= 0.5 else face(back, 5) if t > 0.9 else None]
        assert people(followed(paths, fps, 1.5)) == {(0, 0)}


@RATES
def test_a_face_that_comes_back_too_late_or_too_far_off_is_somebody_new(fps):
    late = [lambda t: face(5, 5) if not 1 < t < 1.1 + LOST_S else None]
    far = [lambda t: face(5, 5) if t <= 1 else face(9, 5) if t > 1.5 else None]
    for paths in (late, far):
        assert people(followed(paths, fps, 4)) == {(0, 0), (1, 0)}


@RATES
def test_somebody_much_smaller_where_a_face_was_is_somebody_new(fps):
    paths = [lambda t: face(5, 5, 2) if t <= 1 else None, lambda t: face(6.6, 5, 0.8) if t > 1 else None]
    assert people(followed(paths, fps, 2)) == {(0, 0), (1, 1)}


@RATES
def test_an_id_is_never_given_twice(fps):
    paths = [lambda t: face(5, 5) if t < 1 else None, lambda t: face(15, 5) if t > 1.5 else None]
    assert people(followed(paths, fps, 5)) == {(0, 0), (1, 1)}


@RATES
def test_faces_that_swap_sides_without_touching_keep_their_ids(fps):
    paths = [lambda t: face(5 + 4 * t, 5), lambda t: face(13 - 4 * t, 7.2)]
    assert is_faithful(followed(paths, fps, 2))


@RATES
def test_faces_that_cross_one_behind_the_other_keep_their_ids(fps):
    """While the boxes cover each other by half the detector sees the front one only."""
    paths = [
        lambda t: face(5 + 4 * t, 5, 1.1),
        lambda t: face(13 - 4 * t, 5.2) if abs(8 - 8 * t) > 0.9 else None,
    ]
    assert is_faithful(followed(paths, fps, 2))


@RATES
def test_faces_that_cross_while_neither_is_seen_keep_their_ids(fps):
    """Only the way that each was going tells them apart."""
    paths = [lambda t, x=x: None if abs(t - 1) < 0.15 else face(11 + x * 6 * (t - 1), 5) for x in (1, -1)]
    assert is_faithful(followed(paths, fps, 2))


@RATES
def test_a_passer_by_does_not_take_the_id_of_somebody_lost(fps):
    paths = [lambda t: face(10, 5) if t < 0.7 or t > 2 else None, lambda t: face(2 + 6 * t, 5.3)]
    assert is_faithful(followed(paths, fps, 2.4))


@RATES
def test_a_swing_of_the_camera_along_a_row_does_not_shift_the_ids(fps):
    """At 10 fps everybody lands nearer to a neighbour's old place than to the own."""
    paths = [lambda t, seat=seat: face(20 + 2.1 * seat - 11.5 * max(0.0, t - 0.5), 5) for seat in range(5)]
    assert is_faithful(followed(paths, fps, 1))


def test_landmarks_that_fail_for_a_frame_change_no_id():
    """The landmarks' box is smaller and lower than the detector's, and the IOD of a turned head larger than its box tells."""
    points = np.zeros((68, 3), np.float32)
    points[36], points[45] = (225, 250, -20), (262, 250, 20)
    meshed = DetectedFace(0, (205.0, 215.0, 275.0, 310.0), 0.9, points)
    plain = DetectedFace(0, (200.0, 200.0, 280.0, 290.0), 0.9, None)
    tracker = Tracker()
    for index, found in enumerate([meshed, plain, meshed, plain, plain, meshed]):
        assert list(tracker.update([found], index / 200)) == [0]


def test_a_frame_without_faces_is_an_answer():
    tracker = Tracker()
    assert tracker.update([], 0.0) == {} and list(tracker.update([face(5, 5)], 0.1)) == [0]
    assert tracker.update([], 0.2) == {} and list(tracker.update([face(5, 5)], 0.3)) == [0]


def test_time_that_does_not_grow_is_refused():
    tracker = Tracker()
    tracker.update([face(5, 5)], 1.0)
    with pytest.raises(ValueError, match="a frame at 1.0 s follows one at 1.0 s"):
        tracker.update([face(5, 5)], 1.0)


def test_what_is_remembered_does_not_grow_with_the_clip():
    tracker, most = Tracker(), 0
    for index in range(500):
        tracker.update([face(4 * (index % 50), 5), face(4 * (index % 50), 15)], index / 5)
        most = max(most, len(tracker._tracks))
    assert most <= 2 * (LOST_S * 5 + 1)


walks = st.lists(
    st.tuples(
        st.floats(0.2, 1.2), st.floats(0.2, 1.2), st.floats(0, 6.3), st.floats(0.3, 2.0), st.floats(0, 3), st.floats(0, 1.5)
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=25)
@given(walks, st.sampled_from([10, 25, 60, 200]))
def test_wanderers_who_keep_apart_and_are_lost_now_and_then_keep_their_ids(walkers, fps):
    """Ellipses of at most 1.2 IOD round seats 5 IOD apart, each hidden for up to 1.5 s: never nearer to another's place than to the own."""

    def path(seat, wide, high, phase, turns, hidden_from, hidden_s):
        def at(t):
            if hidden_from < t < hidden_from + hidden_s:
                return None
            angle = phase + turns * t
            return face(5 * seat + wide * np.cos(angle), 5 + high * np.sin(angle))

        return at

    assert is_faithful(followed([path(seat, *walker) for seat, walker in enumerate(walkers)], fps, 3))
