"""Changes of pictures: of the same kind, as strong as they say, and where they say."""

import numpy as np
import pytest

from facewise.eval.default.changes import BAD, HARMLESS, exposed, half_size, mirror, scaled
from facewise.eval.default.fairness import ita, tone
from facewise.eval.default.invariance import changed
from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import Picture, read_picture

ALL = {name: change for kinds in (*HARMLESS.values(), BAD) for name, change in kinds.items()}


@pytest.fixture(scope="module")
def face() -> Picture:
    from facewise.eval.default.material import EXAMPLES

    return read_picture(EXAMPLES / "invented-face.jpg")


@pytest.mark.parametrize("name", ALL)
def test_a_change_gives_a_picture_of_its_own(face, name):
    got = ALL[name](face.pixels, np.random.default_rng(0))
    assert got.dtype == np.uint8 and got.ndim == 3 and got.shape[2] == 3
    assert got.shape != face.pixels.shape or not np.array_equal(got, face.pixels)
    assert "low" in name or "half" in name or got.shape == face.pixels.shape


def test_the_same_picture_is_changed_alike(face):
    one, other = (changed([face], "noise", BAD["noise"])[0] for _ in range(2))
    assert np.array_equal(one.pixels, other.pixels)


def test_two_mirrors_are_none(face):
    assert np.array_equal(mirror(mirror(face.pixels, None), None), face.pixels)


def test_half_the_size_is_half():
    assert half_size(np.zeros((100, 60, 3), np.uint8), None).shape == (50, 30, 3)
    assert scaled(np.zeros((20, 20, 3), np.uint8), 0.1).shape == (16, 16, 3)  # what a detector takes at least


def test_a_low_resolution_is_one_of_the_face(face):
    small = BAD["low resolution"](face.pixels, np.random.default_rng(0))
    share = small.shape[0] / face.pixels.shape[0]
    assert share * find_faces(face.pixels)[0].iod_px == pytest.approx(20, abs=1)


def test_darkness_is_in_linear_light():
    grey = np.full((20, 20, 3), 188, np.uint8)  # half of the light
    assert exposed(0.5)(grey, None)[0, 0, 0] == pytest.approx(137, abs=1)  # a quarter


def test_a_covered_mouth_leaves_the_eyes(face):
    got = BAD["mouth covered"](face.pixels, np.random.default_rng(0))
    points = np.rint(find_faces(face.pixels)[0].ibug68[:, :2]).astype(int)
    differs = (got != face.pixels).any(2)
    assert differs[tuple(points[62][::-1])] and not differs[tuple(points[37][::-1])] and not differs[tuple(points[44][::-1])]


def test_no_face_is_left_as_it_is():
    plain = np.full((64, 64, 3), 90, np.uint8)
    assert np.array_equal(BAD["eye covered"](plain, np.random.default_rng(0)), plain)
    assert ita(plain) is None and tone(Picture(plain)) == -1


def test_a_darker_photo_of_a_face_has_a_darker_tone(face):
    darker = exposed(0.3)(face.pixels, None)
    assert ita(darker) < ita(face.pixels)
