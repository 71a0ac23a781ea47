"""Gaze and lids from detected points: signs, steady under head pose, silent while the eyes are shut."""

from dataclasses import replace

import numpy as np
import pytest

from facewise.data_builders.rig.look import painting, sample_look
from facewise.data_builders.rig.render import View, draw
from facewise.data_builders.rig.rig import GAZE_RAD, expressed, load_rig, sample_person
from facewise.data_builders.synthesis.camera import srgb
from facewise.model.perception.faces import find_faces
from facewise.model.perception.gaze import LIDS, gaze, lid_openings
from facewise.model.perception.landmarks import IBUG68_IN_478, canonical, iod
from facewise.model.perception.picture import read_picture

IRISES = slice(468, 478)
SIZE = (300, 300)


@pytest.fixture(scope="module")
def pixels(examples) -> np.ndarray:
    return read_picture(examples / "invented-face.jpg").pixels


@pytest.fixture(scope="module")
def points(pixels) -> np.ndarray:
    return find_faces(pixels)[0].points


def rotation(pitch: float, yaw: float, roll: float) -> np.ndarray:
    cx, sx, cy, sy, cz, sz = (f(a) for a in (pitch, yaw, roll) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ about_y @ about_x


def glancing(points: np.ndarray, right_px: float = 0, down_px: float = 0) -> np.ndarray:
    moved = points.copy()
    moved[IRISES, :2] += (right_px, down_px)
    return moved


def shut(points: np.ndarray, *sides: str) -> np.ndarray:
    closed = points.copy()
    for upper, lower in (pair for side in sides for pair in LIDS[side]):
        closed[upper] = closed[lower] + (0, -0.01 * iod(points[list(IBUG68_IN_478)]), 0)
    return closed


def test_irises_to_the_right_of_the_picture_look_to_the_persons_left(points):
    """The picture is not mirrored: its right is the person's left."""
    steps = [gaze(glancing(points, right_px))[0] for right_px in (-6, -3, 0, 3, 6)]
    assert all(np.diff(steps) > 0.1) and steps[0] < 0 < steps[-1]
    assert points[473, 0] > points[468, 0]


def test_irises_higher_in_the_picture_look_up(points):
    steps = [gaze(glancing(points, down_px=down_px))[1] for down_px in (3, 0, -3)]
    assert all(np.diff(steps) > 0.1)


@pytest.mark.parametrize("pose", [(0.3, 0, 0), (0, 0.5, 0), (0, 0, 0.4), (-0.2, -0.3, 0.2)])
def test_gaze_and_lids_do_not_know_how_the_head_is_held_or_how_large_it_is(points, pose):
    turned = 2.5 * points @ rotation(*pose).T + (40, -30, 7)
    assert gaze(turned) == pytest.approx(gaze(points), abs=1e-3)
    assert lid_openings(turned) == pytest.approx(lid_openings(points), abs=1e-4)


def test_shut_lids_have_no_gaze_and_a_wink_has_the_other_eyes(points):
    assert gaze(shut(points, "left", "right")) is None
    left, right = lid_openings(shut(points, "left"))
    assert left == pytest.approx(0.01, abs=1e-3) and right == pytest.approx(lid_openings(points)[1])
    wink = gaze(shut(points, "left"))
    only_left_moved = points.copy()
    only_left_moved[473:478, 0] += 5
    assert wink == pytest.approx(gaze(shut(only_left_moved, "left")))


def test_an_iris_that_the_detector_puts_outside_the_eye_gives_a_right_angle_at_most(points):
    assert gaze(glancing(points, 500, 500)) == pytest.approx((np.pi / 2, -np.pi / 2))


def test_a_mirrored_picture_swaps_the_sides(pixels, points):
    mirrored = find_faces(np.ascontiguousarray(pixels[:, ::-1]))[0].points
    (left, up), (there, above) = gaze(points), gaze(mirrored)
    assert there == pytest.approx(-left, abs=np.radians(4)) and above == pytest.approx(up, abs=np.radians(4))
    assert lid_openings(mirrored) == pytest.approx(lid_openings(points)[::-1], abs=0.01)


@pytest.fixture
def seen(shared):
    """Points of a person who looks somewhere, found in a render: seen(left and up in degrees, head's yaw in degrees, action units)."""
    rig = load_rig(shared / "data" / "ict_facekit.npz")
    paint, rng = painting(rig), np.random.default_rng(1)
    person, look = sample_person(rig, rng), sample_look(rig, paint, rng, SIZE)
    straight = View(0, 0, 0, 80, 110, (0.5, 0.5))

    def found(left: float = 0, up: float = 0, yaw: float = 0, aus: dict | None = None) -> np.ndarray:
        mesh = expressed(
            rig, person, aus or {}, np.random.default_rng(0), (np.radians(left) / GAZE_RAD, np.radians(up) / GAZE_RAD)
        )
        drawn = draw(rig, paint, mesh, aus or {}, look, replace(straight, yaw=np.radians(yaw)))
        return find_faces(np.rint(255 * srgb(drawn.pixels)).astype(np.uint8))[0].points

    return found


@pytest.mark.shared
@pytest.mark.parametrize("yaw", [-20, 0, 20])
def test_rendered_eyes_are_followed_sideways_whatever_the_head_does(seen, yaw):
    true = (-24, -12, 0, 12, 24)
    told = np.degrees([gaze(seen(left, yaw=yaw))[0] for left in true])
    assert all(np.diff(told) > 4) and np.abs(told - true).mean() < 9
    assert told[0] < -10 and told[-1] > 10


@pytest.mark.shared
def test_rendered_eyes_are_followed_up_and_down(seen):
    told = np.degrees([gaze(seen(up=up))[1] for up in (-18, -9, 0, 9, 18)])
    assert all(np.diff(told) > 1) and told[-1] - told[0] > 20


@pytest.mark.shared
def test_rendered_lids_are_measured_on_the_persons_own_side(seen):
    open_left, open_right = lid_openings(seen())
    wink_left, wink_right = lid_openings(seen(aus={"AU43": (5.0, 0.0)}))
    assert wink_left < 0.4 * open_left and wink_right > 0.8 * open_right
    assert gaze(seen(aus={"AU43": (5.0, 5.0)})) is None


@pytest.mark.shared
def test_people_who_look_into_the_camera_turn_their_eyes_against_their_heads(shared):
    """Real photographs: who turns the head to the right by an angle, looks to the left by it."""
    yaws, looks = [], []
    for path in sorted((shared / "data" / "portraits").glob("*.jpg"))[::6]:
        for face in find_faces(read_picture(path).pixels)[:1]:
            if face.iod_px > 60:
                yaws.append(canonical(face.ibug68)[1][1])
                looks.append(gaze(face.points)[0])
    assert len(yaws) > 40 and np.corrcoef(yaws, looks)[0, 1] > 0.75
    assert np.degrees(np.std(np.array(looks) - yaws)) < 4.5
