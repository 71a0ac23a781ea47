"""How paper stands off a face and what of it can be seen: curl, arms and elastics, rims, patterns."""

import numpy as np
import pytest

from facewise.data_builders.attacks.head import head, over
from facewise.data_builders.attacks.outlines import bands
from facewise.data_builders.attacks.paper import Sheet
from facewise.data_builders.attacks.traces import pattern_visibility, rim_added
from facewise.data_builders.synthesis.photo import Photo, framed, read_photo


@pytest.fixture(scope="module")
def photo(examples) -> Photo:
    return framed(read_photo(examples / "invented-face.jpg"), np.random.default_rng(0))


def test_a_curled_side_comes_off_the_face_and_stays_as_long():
    flat, curled = Sheet(-0.4, 0.2), Sheet(-0.4, 0.2, curl=1.0, lifted=-0.2)
    x = np.linspace(-0.6, 0.6, 25, dtype=np.float32)
    lift = flat.z(x, 0 * x) - curled.z(x, 0 * x)
    assert (lift[x < -0.25] > 0).all() and not lift[x >= -0.2].any()
    on_paper = np.column_stack([x, 0 * x])
    assert np.abs(curled.flattened(curled.placed(on_paper)) - on_paper).max() < 0.005


def test_arms_run_outwards_from_the_frame_to_the_ears(photo):
    wearer = head(photo)
    frame = np.array([[-0.7, -0.2], [0.7, -0.2], [0.7, 0.2], [-0.7, 0.2]], np.float32)
    strips = bands(Sheet(-0.3, 0.1), frame, wearer, 0.05)
    ears = wearer.projected(wearer.points[[234, 454]])
    assert strips
    for strip in strips:
        end = strip[1:3].mean(0)
        assert np.linalg.norm(ears - end, axis=1).min() < 0.35 * photo.iod
        assert abs(end[0] - wearer.origin[0]) > abs(strip[[0, 3], 0].mean() - wearer.origin[0])


def test_a_rim_is_a_step_along_the_cut_and_no_texture_and_no_edge_of_the_face():
    iod_px, mask = 90.0, np.zeros((180, 180), np.float32)
    mask[60:120, 50:130] = 1
    skin = np.full((180, 180, 3), 0.25, np.float32)
    stepped = over(skin, skin * 1.6, mask)
    rough = skin * (1 + 0.3 * np.random.default_rng(0).standard_normal((180, 180, 1), np.float32))
    assert rim_added(stepped, skin, mask, iod_px) > 0.8
    assert rim_added(skin, skin, mask, iod_px) == rim_added(stepped, stepped, mask, iod_px) == 0
    assert rim_added(rough, skin, mask, iod_px) < 0.25


def test_a_pattern_is_measured_apart_from_a_change_of_tone():
    plain, where = np.full((120, 120, 3), 0.3, np.float32), np.ones((120, 120), np.float32)
    dotted = plain * (1 + 0.2 * np.sin(np.arange(120, dtype=np.float32) * 1.3))[None, :, None]
    assert pattern_visibility(dotted, plain, where, 60.0) > 0.5
    assert pattern_visibility(plain * 1.3, plain, where, 60.0) < 0.02
