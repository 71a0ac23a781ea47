"""Points go with the pixels: what the detector finds on a turned head is where the head was turned to."""

import numpy as np
import pytest

from facewise.data_builders.attacks.head import head
from facewise.data_builders.scenery.snapshots import FARTHEST, SHARES, lit_from, shaded, snapped, tilted, turned
from facewise.data_builders.synthesis.camera import srgb
from facewise.data_builders.synthesis.photo import Photo, read_photo
from facewise.model.perception.faces import find_faces


@pytest.fixture(scope="module")
def photo(examples) -> Photo:
    return read_photo(examples / "invented-face.jpg")


def detected(photo: Photo) -> Photo:
    face = find_faces(np.rint(255 * srgb(photo.pixels)).astype(np.uint8))[0]
    return Photo(photo.pixels, np.asarray(face.points, np.float32))


def off(one: Photo, other: Photo) -> float:
    """Mean distance of their points in IOD."""
    return float(np.linalg.norm((one.points - other.points)[:, :2], axis=1).mean()) / one.iod


@pytest.mark.parametrize("turn", [(0.0, 0.3, 0.0), (0.2, 0.0, 0.0), (0.1, -0.25, 0.1)])
def test_a_turned_head_is_found_where_it_was_turned_to(photo, turn):
    made = turned(photo, np.array(turn))
    found = detected(made)
    assert off(found, made) < 0.5 * off(found, photo) and off(made, photo) > 0.05
    assert np.abs(made.pixels - photo.pixels)[:10].max() == 0, "what stands behind it stays"


def test_a_head_is_turned_no_farther_than_it_has_pixels(photo):
    made = turned(photo, np.array([0.0, 2.0, 0.0]))
    between = head(made).rotation @ head(photo).rotation.T
    assert np.degrees(np.arccos((np.trace(between) - 1) / 2)) == pytest.approx(np.degrees(FARTHEST), abs=6)


def test_a_head_that_is_not_turned_stays_as_it_is(photo):
    assert np.abs(turned(photo, np.zeros(3)).pixels - photo.pixels).max() < 0.02


@pytest.mark.parametrize("degrees", [-20.0, 12.0])
def test_a_tilted_camera_takes_the_points_along(photo, degrees):
    made = tilted(photo, degrees)
    assert off(detected(made), made) < 0.04 < off(made, photo) and made.pixels.shape == photo.pixels.shape


def test_light_from_a_side_is_on_that_side(photo):
    towards_right, towards_left = (lit_from(photo, angle, 1.6).pixels for angle in (0.0, np.pi))
    x, y = np.rint(photo.points[[50, 280], :2]).astype(int).T  # cheeks
    left, right = sorted(zip(x.tolist(), y.tolist(), strict=True))
    assert towards_right[right[1], right[0]].mean() > 1.3 * towards_left[right[1], right[0]].mean()
    assert towards_left[left[1], left[0]].mean() > 1.3 * towards_right[left[1], left[0]].mean()


def test_a_shadow_takes_light_from_a_part(photo):
    factor = shaded(photo, np.random.default_rng(2)).pixels.sum(2) / np.maximum(photo.pixels.sum(2), 1e-3)
    assert factor.max() <= 1.001 and factor.min() < 0.85 < factor.max()


def test_a_seed_settles_a_snapshot_and_its_values_are_light(photo):
    seen = set()
    for seed in range(12):
        (one, done), (same, _) = (snapped(photo, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(one.pixels, same.pixels) and np.array_equal(one.points, same.points)
        assert one.pixels.dtype == np.float32 and 0 <= one.pixels.min() <= one.pixels.max() <= 1
        assert np.array_equal(one.pixels, photo.pixels) == (not done)
        seen |= {*done}
    assert seen == {*SHARES}
