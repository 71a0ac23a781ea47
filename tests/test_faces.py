"""Faces, landmarks and views on a picture of nobody: found where they are, pose taken out, no face no crash, whoever finds them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.feature import hog

from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import BACKEND, DetectedFace, find_faces
from facewise.model.perception.landmarks import canonical, iod, mean_face
from facewise.model.perception.picture import read_picture
from facewise.model.perception.shipped_points import ShippedPoints, read_points
from facewise.model.perception.views import FILL, crop, drawn_hog, face_views, spoof_view
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


def test_every_face_of_a_group_photo_is_found(pixels):
    corners = ((0, 0, 300), (310, 20, 200), (320, 250, 160), (490, 330, 130), (520, 160, 120))  # x, y, side; largest first
    group = np.full((480, 640, 3), 90, np.uint8)
    for x, y, side in corners:
        group[y : y + side, x : x + side] = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    faces = find_faces(group)
    assert [face.id for face in faces] == [0, 1, 2, 3, 4]
    for (x, y, side), face in zip(corners, faces, strict=True):
        assert np.hypot(*(face.ibug68[30, :2] - (x + side / 2, y + side / 2))) < 0.1 * side


def test_small_faces_of_a_crowd_are_found_and_a_wall_has_none(pixels):
    crowd = np.full((854, 1280, 3), 90, np.uint8)
    places = [(40 + 300 * column, 40 + 260 * row, side) for row, side in enumerate((110, 130, 150)) for column in range(4)]
    for x, y, side in places:
        crowd[y : y + side, x : x + side] = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    middles = np.array([(x + side / 2, y + side / 2) for x, y, side in places])
    found = np.array([face.ibug68[30, :2] for face in find_faces(crowd)])
    assert len(found) == len(places)
    assert (np.linalg.norm(found[:, None] - middles[None], axis=2).min(1) < 20).all()
    assert find_faces(np.full((854, 1280, 3), 90, np.uint8)) == []


@dataclass(frozen=True)
class Told:
    """A backend that finds what it was told."""

    faces: tuple[DetectedFace, ...]
    name: str = "told"

    def find(self, pixels: np.ndarray) -> list[DetectedFace]:
        return list(self.faces)


def test_faces_of_any_backend_get_ids_by_size_and_lose_their_duplicates(pixels):
    small, large = (10.0, 10.0, 40.0, 40.0), (100.0, 100.0, 200.0, 200.0)
    inside_large, beside_large = (110.0, 110.0, 150.0, 150.0), (180.0, 100.0, 240.0, 160.0)
    backend = Told(tuple(DetectedFace(0, box, 0.9, None, "told") for box in (small, inside_large, large, beside_large)))
    assert [(face.id, face.box, face.backend) for face in find_faces(pixels, backend)] == [
        (0, large, "told"),
        (1, beside_large, "told"),
        (2, small, "told"),
    ]


def test_a_face_keeps_the_blendshapes_of_its_backend_and_the_default_has_none(pixels, face):
    told = DetectedFace(0, face.box, 0.9, face.points, "told", {"jawOpen": 0.5})
    assert find_faces(pixels, Told((told,)))[0].blendshapes == {"jawOpen": 0.5}
    assert face.blendshapes is None and face.backend == BACKEND


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
    assert views.images.shape == (2, 224, 224, 3) and views.images.dtype == np.uint8
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


@pytest.mark.parametrize("size", [112, 96, 61])
def test_hog_is_drawn_as_scikit_image_draws_it(size):
    grey = np.random.default_rng(0).integers(0, 256, (size, size)).astype(np.uint8)
    grey[: size // 2] = cv2.GaussianBlur(grey[: size // 2], (0, 0), 3)
    _, reference = hog(grey.astype(float), 9, (8, 8), (1, 1), visualize=True)
    assert np.abs(drawn_hog(grey) - reference).max() <= 1e-3


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (8, 8)])
def test_a_picture_too_small_for_a_face_has_none(size):
    assert find_faces(np.zeros((*size, 3), np.uint8)) == []


# Points that a dataset ships


@pytest.mark.parametrize("pose", [(0, 0, 0), (0.2, -0.4, 0.3), (-0.3, 0.6, 0), (0, 1.0, 0)])
def test_shipped_flat_points_get_their_depth_and_pose_from_the_mean_face(pose):
    flat = (80 * mean_face() @ rotation(*pose).T + [200, 150, 0])[:, :2]
    (face,) = find_faces(np.zeros((300, 400, 3), np.uint8), ShippedPoints(flat, (400, 300), "drawn"))
    assert face.backend == "shipped:drawn" and face.ibug68.shape == (68, 3)
    assert np.allclose(face.ibug68[:, :2], flat, atol=1e-3)
    shape, found = canonical(face.ibug68)
    assert np.degrees(np.abs(found - pose)).max() < 2
    assert np.abs(shape - mean_face())[:, :2].max() < 0.02


def test_shipped_flat_points_of_a_real_detection_give_back_its_pose_and_shape(pixels, face):
    height, width = pixels.shape[:2]
    (shipped,) = find_faces(pixels, ShippedPoints(face.ibug68[:, :2], (width, height), "detected"))
    (shape, pose), (there, posed) = canonical(shipped.ibug68), canonical(face.ibug68)
    assert np.degrees(np.abs(pose - posed)).max() < 5  # pitch: a flat face cannot tell a long nose from a raised chin
    assert np.linalg.norm((shape - there)[:, :2], axis=1).mean() < 0.02
    assert face_views(pixels, shipped).has_landmarks


def test_shipped_points_with_depth_are_taken_as_they_are(pixels, face):
    height, width = pixels.shape[:2]
    (shipped,) = find_faces(pixels, ShippedPoints(face.ibug68, (width, height), "deep"))
    assert np.array_equal(shipped.ibug68, face.ibug68)


def test_points_shipped_for_another_crop_size_are_refused_with_both_sizes(pixels, face):
    with pytest.raises(FacewiseError, match=r"640 x 360 pixels.*480 x 480"):
        find_faces(pixels, ShippedPoints(face.ibug68, (640, 360), "other"))


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        (np.ones((51, 2)), "51 points, 68 are wanted"),
        (np.ones((68, 4)), r"\[68, 4\]"),
        (np.full((68, 2), np.nan), "68 of the points are no numbers"),
        (mean_face()[:, :2] / 4 + 0.5, "shares of the picture"),
    ],
)
def test_points_that_cannot_be_a_face_are_refused(points, fault):
    with pytest.raises(FacewiseError, match=fault):
        ShippedPoints(points, (400, 300), "odd")


def test_points_are_read_from_every_format(tmp_path):
    points = np.round(60 * mean_face()[:, :2] + 150, 3)
    rows = [f"{x:.3f} {y:.3f}" for x, y in points]
    np.save(tmp_path / "a.npy", points)
    (tmp_path / "bare.pts").write_text("\n".join(rows) + "\n\n")
    from_one = [f"{x + 1:.3f} {y + 1:.3f}" for x, y in points]
    (tmp_path / "300w.pts").write_text("\n".join(["version: 1", "n_points:  68", "{", *from_one, "}"]))
    (tmp_path / "b.csv").write_text("\n".join(row.replace(" ", ",") for row in rows))
    (tmp_path / "headed.csv").write_text("\n".join(["x,y", *(row.replace(" ", ", ") for row in rows)]))
    for path in sorted(tmp_path.iterdir()):
        assert np.allclose(read_points(path), points), path.name


def test_a_file_with_another_count_of_points_is_refused_with_both_counts(tmp_path):
    path = tmp_path / "young-adults.pts"
    path.write_text("\n".join(["12.5 80.25"] * 189))
    with pytest.raises(FacewiseError, match=r"young-adults.pts: 189 points, 68 are wanted"):
        read_points(path)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.pts", b"", "0 points, 68 are wanted"),
        ("a.npy", b"", "not a file of points"),
        ("a.npy", b"no array", "not a file of points"),
        ("a.csv", b"x,y\n1,2\n3", "not a file of points"),
        ("a.csv", b"1,2\nleft eye,3", "not a file of points"),
        ("a.pts", b"\xff\xfe\x00\x81", "not a file of points"),
        ("a.mat", b"", r"\.npy, \.pts and \.csv are read"),
    ],
)
def test_a_file_that_holds_no_points_is_one_line(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FacewiseError, match=fault) as told:
        read_points(tmp_path / name)
    assert "\n" not in str(told.value) and name in str(told.value)


def test_a_file_of_points_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FacewiseError, match=r"gone\.npy: cannot be read \(No such file"):
        read_points(tmp_path / "gone.npy")
