"""Faces, landmarks and views on a picture of nobody: found where they are, pose taken out, no face no crash."""

from pathlib import Path

import numpy as np
import pytest

from facewise.model.perception.faces import DetectedFace, find_faces
from facewise.model.perception.landmarks import canonical, iod, mean_face
from facewise.model.perception.picture import read_picture
from facewise.model.perception.views import FILL, crop, face_views, spoof_view
from facewise.model.taxonomy import MIRROR

EXAMPLE = Path(__file__).parent.parent / "examples" / "invented-face.jpg"


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return read_picture(EXAMPLE).pixels


@pytest.fixture(scope="module")
def face(pixels) -> DetectedFace:
    (found,) = find_faces(pixels)
    return found


def rotation(pitch: float, yaw: float, roll: float) -> np.ndarray:
    cx, sx, cy, sy, cz, sz = (f(a) for a in (pitch, yaw, roll) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def test_one_face_is_found_with_all_its_points(face):
    assert face.id == 0 and face.points.shape == (478, 3) and face.ibug68.shape == (68, 3)
    x1, y1, x2, y2 = face.box
    assert x1 < face.ibug68[30, 0] < x2 and y1 < face.ibug68[30, 1] < y2


def test_the_points_are_in_ibug_order_with_the_persons_right_eye_first(face):
    points = face.ibug68
    assert points[36, 0] < points[45, 0] and points[19, 1] < points[37, 1] < points[51, 1] < points[8, 1]


def test_several_faces_get_ids_by_size(pixels):
    half = pixels[::2, ::2]
    both = np.full((pixels.shape[0], pixels.shape[1] + half.shape[1], 3), 90, np.uint8)
    both[: half.shape[0], : half.shape[1]] = half
    both[:, half.shape[1] :] = pixels
    faces = find_faces(both)
    assert [face.id for face in faces] == [0, 1]
    assert faces[0].iod_px > 1.5 * faces[1].iod_px and faces[0].box[0] > faces[1].box[0]


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (240, 320)])
def test_a_picture_without_a_face_gives_none(size):
    assert find_faces(np.full((*size, 3), 128, np.uint8)) == []


def test_canonical_points_do_not_know_pose_place_or_size():
    turned = 80 * mean_face() @ rotation(0.2, -0.4, 0.3).T + [300, 200, 10]
    shape, pose = canonical(turned)
    assert np.abs(shape - mean_face()).max() < 1e-5
    assert np.allclose(pose, [0.2, -0.4, 0.3], atol=1e-5)


def test_a_raised_lip_corner_stays_in_the_canonical_points():
    moved = mean_face().copy()
    moved[54, 1] -= 0.1
    shape, _ = canonical(50 * moved @ rotation(0, 0.3, 0).T)
    assert (shape - mean_face())[54, 1] == pytest.approx(-0.1, abs=1e-4)


def test_the_mean_face_is_frontal_symmetric_and_one_iod_wide():
    mean = mean_face()
    assert iod(mean) == pytest.approx(1, abs=1e-3)
    assert np.abs(mean[list(MIRROR)] * [-1, 1, 1] - mean).max() < 1e-3


def test_a_mirrored_picture_gives_mirrored_canonical_points(pixels, face):
    (mirrored,) = find_faces(np.ascontiguousarray(pixels[:, ::-1]))
    there, back = canonical(face.ibug68)[0], canonical(mirrored.ibug68)[0]
    assert np.abs(back[list(MIRROR)] * [-1, 1, 1] - there).mean() < 0.02


def test_views_carry_their_own_coordinates(pixels, face):
    views = face_views(pixels, face)
    assert views.images.shape == (2, 112, 112, 3) and views.images.dtype == np.uint8
    assert views.has_landmarks and ((views.points > 0) & (views.points < 1)).all()
    tight, wide = np.ptp(views.points[0][:, 0]), np.ptp(views.points[1][:, 0])
    assert tight > wide
    for points, square in zip(views.points, (None, views.wide_box), strict=True):
        if square:
            assert np.allclose(points * (square[2] - square[0]) + square[:2], face.ibug68[:, :2], atol=0.01)


def test_a_face_without_landmarks_has_views_and_says_so(pixels, face):
    views = face_views(pixels, DetectedFace(0, face.box, 0.9, None))
    assert not views.has_landmarks and views.images.any() and not views.points.any()


def test_what_lies_outside_the_picture_is_the_neutral_fill():
    white = np.full((40, 40, 3), 255, np.uint8)
    cut = crop(white, (-40, 0, 40, 80), 80)
    assert (cut[:, :40] == FILL).all() and (cut[:40, 40:] == 255).all() and (cut[40:] == FILL).all()


def test_a_crop_wholly_outside_is_only_fill():
    assert (crop(np.zeros((20, 20, 3), np.uint8), (100, 100, 140, 140), 32) == FILL).all()


def test_an_even_wall_leaves_the_spoof_view_silent():
    lbp, high, hog = np.moveaxis(spoof_view(np.full((112, 112, 3), 140, np.uint8)), 2, 0)
    assert np.ptp(lbp) == 0 and np.abs(high.astype(int) - 127).max() <= 1 and hog.max() == 0


def test_a_fine_grating_shows_in_the_high_pass_and_a_slow_ramp_does_not():
    x = np.arange(112)
    fine, slow = 128 + 20 * np.sin(np.pi * x / 1.5), 100 + x / 2
    energy = [
        np.std(spoof_view(np.repeat(np.tile(row, (112, 1))[..., None], 3, 2).astype(np.uint8))[..., 1]) for row in (fine, slow)
    ]
    assert energy[0] > 10 * energy[1]


def test_hog_strokes_run_along_the_edge():
    step = np.zeros((112, 112, 3), np.uint8)
    step[:, 60:] = 200  # an upright edge inside the cell of columns 56..63
    hog = spoof_view(step)[..., 2].astype(int)
    assert hog[40:72, 56:64].sum(0).argmax() in (3, 4) and hog[:, :40].sum() == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (8, 8)])
def test_a_picture_too_small_for_a_face_has_none(size):
    assert find_faces(np.zeros((*size, 3), np.uint8)) == []
