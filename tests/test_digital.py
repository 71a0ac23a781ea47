"""Digital manipulations: exact masks, honest geometry, and genuine pictures that went through the same hands."""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from facewise.data_builders.attacks.head import FACE_OVAL, coverage, head, neutral_mesh
from facewise.data_builders.manipulations.blending import altered
from facewise.data_builders.manipulations.digital import DIGITAL, NULLS
from facewise.data_builders.manipulations.mesh_warp import (
    dense_map,
    face_triangles,
    identity_map,
    mirrored_vertices,
    warp_map,
    warped,
)
from facewise.data_builders.manipulations.morph import morph, similarity
from facewise.data_builders.manipulations.reenactment import reenactment
from facewise.data_builders.manipulations.swaps import face_swap, fitting, self_blend
from facewise.data_builders.synthesis.camera import linear_light, srgb
from facewise.data_builders.synthesis.photo import Photo, framed, read_photo
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarks import IBUG68_IN_478, canonical
from facewise.model.taxonomy import CUES, DIGITAL_TYPES

MADE = {
    "face swap": face_swap,
    "self-blended": lambda photo, rng, donor: self_blend(photo, rng),
    "reenactment": reenactment,
    "morph": morph,
}


@pytest.fixture(scope="module")
def invented(examples) -> Photo:
    return framed(read_photo(examples / "invented-face.jpg"), np.random.default_rng(3))


@pytest.fixture(scope="module")
def donor(examples) -> Photo:
    """Somebody else: the invented face made broader, darker and coarser, and looked at anew."""
    return looked_at(stretched(read_photo(examples / "invented-face.jpg").pixels))


def stretched(pixels: np.ndarray) -> np.ndarray:
    broad = cv2.resize(pixels, None, fx=1.25, fy=1.0, interpolation=cv2.INTER_AREA)
    return broad * np.array([0.5, 0.4, 0.35], np.float32)


def looked_at(pixels: np.ndarray) -> Photo:
    """A frame with the points that the detector sees in it."""
    tones = np.rint(255 * srgb(pixels)).astype(np.uint8)
    return Photo(linear_light(tones), np.asarray(find_faces(tones)[0].points, np.float32))


def portraits(shared, count: int) -> list[Photo]:
    return [read_photo(path) for path in sorted((shared / "data" / "neutral").glob("*.jpg"))[:count]]


def apart(a: Photo, b: Photo) -> float:
    """Mean distance of the iBUG points, in IOD."""
    chosen = list(IBUG68_IN_478)
    return float(np.linalg.norm((a.points - b.points)[chosen, :2], axis=1).mean()) / a.iod


def test_a_face_warped_onto_itself_stays_where_it_is(invented):
    size = invented.pixels.shape[1::-1]
    map_xy, inside = warp_map(invented.points, invented.points, size)
    assert np.abs(map_xy - identity_map(size)).max() < 1e-3
    assert np.abs(dense_map(invented.points, invented.points, size) - identity_map(size)).max() < 1e-3
    x, y = np.rint(invented.points[4, :2]).astype(int)
    assert inside[y, x] == 1 and inside[0, 0] == 0


def test_every_triangle_faces_the_camera_on_a_face_that_looks_at_it():
    a, b, c = (neutral_mesh()[0][face_triangles()[:, k], :2] for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    assert len(area) == 898 and (area < 1e-3).all()  # y runs down; the wings of the nose fold by a hair
    edges = {(int(t[k]), int(t[(k + 1) % 3])) for t in face_triangles() for k in range(3)}
    assert len(edges) == 3 * 898, "two triangles turn against each other"


def test_a_mirror_swaps_the_corners_of_eyes_and_mouth_and_twice_is_once():
    mirror = mirrored_vertices()
    assert (mirror[mirror] == np.arange(478)).all()
    assert mirror[33] == 263 and mirror[61] == 291 and mirror[1] == 1 and mirror[468] == 473


def test_a_warp_finds_each_point_of_the_donor(invented, donor):
    map_xy, inside = warp_map(invented.points, donor.points, invented.pixels.shape[1::-1])
    found = cv2.remap(map_xy, *invented.points[None, :, :2].transpose(2, 0, 1).copy(), cv2.INTER_LINEAR)[0]
    inner = inside[tuple(np.rint(invented.points[:, 1::-1]).astype(int).T)] == 1
    assert np.median(np.linalg.norm(found - donor.points[:, :2], axis=1)[inner]) < 0.5


def test_what_the_donor_hides_is_not_inside(invented):
    own = head(invented)
    away = cv2.Rodrigues(np.array([0.0, np.radians(60), 0.0]))[0]
    turned = (own.points @ away.T * own.iod + own.origin).astype(np.float32)
    size = invented.pixels.shape[1::-1]
    assert warp_map(invented.points, turned, size)[1].sum() < 0.85 * warp_map(invented.points, invented.points, size)[1].sum()


def test_every_type_but_synthetic_is_made_here():
    assert list(DIGITAL) == [name for name in DIGITAL_TYPES if name != "synthetic"]


@pytest.mark.parametrize("name", MADE)
def test_outside_of_its_mask_a_forgery_is_the_photo_bit_for_bit(name, invented, donor):
    for seed in range(4):
        attack = MADE[name](invented, np.random.default_rng(seed), donor)
        untouched = attack.mask == 0
        assert attack.frame.dtype == attack.mask.dtype == np.float32
        assert attack.mask.max() > 0.5 and attack.mask.max() <= 1
        assert np.array_equal(attack.frame[untouched], invented.pixels[untouched])
        assert np.abs(attack.frame - invented.pixels)[attack.mask > 0.5].mean() > 1e-3
        assert attack.cues and set(attack.cues) <= set(CUES) and all(0 < seen <= 1 for seen in attack.cues.values())


@pytest.mark.parametrize("name", ["reenactment", "morph"])
def test_what_moves_with_the_head_is_one_region_without_holes_away_from_the_pictures_border(name, invented, donor):
    for seed in range(4):
        region = (MADE[name](invented, np.random.default_rng(seed), donor).mask > 0.5).astype(np.uint8)
        contours, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        assert len(contours) == 1 and region.mean() < 0.55
        assert not (region[0].any() or region[:, 0].any() or region[:, -1].any())
        hull = cv2.contourArea(cv2.convexHull(contours[0]))
        assert region.sum() > 0.85 * hull, "a notch in what should be a head"


def test_a_flat_wall_that_is_moved_is_not_altered(invented):
    wall = np.full_like(invented.pixels, 0.4)
    moved = wall + np.random.default_rng(0).normal(0, 0.005, wall.shape).astype(np.float32)
    face = coverage(wall.shape, [invented.points[list(FACE_OVAL), :2]])
    assert altered(moved, wall, invented.points, invented.iod)[face == 0].sum() < 0.35 * face.sum()


@pytest.mark.parametrize("name", MADE)
def test_the_same_seed_gives_the_same_bytes(name, invented, donor):
    first, again = (MADE[name](invented, np.random.default_rng(5), donor) for _ in range(2))
    other = MADE[name](invented, np.random.default_rng(6), donor)
    assert first.frame.tobytes() == again.frame.tobytes() and first.mask.tobytes() == again.mask.tobytes()
    assert first.cues == again.cues and first.frame.tobytes() != other.frame.tobytes()


@pytest.mark.parametrize("name", NULLS)
def test_a_genuine_picture_has_an_empty_mask_and_shows_the_same(name, invented):
    for seed in range(3):
        null = NULLS[name](invented, np.random.default_rng(seed))
        assert null.frame.shape == invented.pixels.shape and null.frame.dtype == np.float32
        assert not null.mask.any() and not null.cues
        assert not np.array_equal(null.frame, invented.pixels), "it went through nobody's hands"
        assert apart(looked_at(null.frame), invented) < 0.04


def test_a_warp_there_and_back_moves_nothing(invented):
    null = NULLS["warped there and back"](invented, np.random.default_rng(0))
    assert np.abs(np.sqrt(null.frame.clip(0)) - np.sqrt(invented.pixels)).mean() < 0.01


def test_a_swap_keeps_pose_and_shape_and_changes_the_pixels_within(invented, donor):
    attack = face_swap(invented, np.random.default_rng(1), donor)
    seen = looked_at(attack.frame)
    assert apart(seen, invented) < 0.06
    turned = [canonical(face.points[list(IBUG68_IN_478)])[1] for face in (seen, invented)]
    assert np.abs(np.degrees(turned[0] - turned[1])).max() < 5
    change = np.abs(np.sqrt(attack.frame) - np.sqrt(invented.pixels))
    assert change[attack.mask > 0.9].mean() > 0.02


def test_a_donor_who_looks_the_other_way_is_mirrored(invented, donor):
    own = head(invented)
    turned = {}
    for degrees in (-25, 25):
        turn = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))[0]
        turned[degrees] = Photo(invented.pixels, (own.points @ turn.T * own.iod + own.origin).astype(np.float32))
    yaw = [canonical(x.points[list(IBUG68_IN_478)])[1][1] for x in (fitting(turned[25], turned[-25]), turned[-25], turned[25])]
    assert abs(yaw[0] - yaw[1]) < np.radians(5) < abs(yaw[2] - yaw[1])


def test_a_reenactment_moves_the_features_that_the_detector_finds(invented, donor):
    moved = [apart(looked_at(reenactment(invented, np.random.default_rng(seed), donor).frame), invented) for seed in range(6)]
    assert np.median(moved) > 0.03


def between(attack_frame: np.ndarray, photo: Photo, donor: Photo) -> float:
    """Where the detector sees the forged face on the way from the photo's shape (0) to the donor's (1)."""
    placed = similarity(photo.points, donor.points)
    there = cv2.transform(donor.points[None, :, :2], np.linalg.inv(placed)[:2])[0]
    way, gone = there - photo.points[:, :2], looked_at(attack_frame).points[:, :2] - photo.points[:, :2]
    return float((way * gone).sum() / (way * way).sum())


def test_a_morph_lies_between_two_people(invented, donor):
    theirs = fitting(donor, invented)
    places = [between(morph(invented, np.random.default_rng(seed), donor).frame, invented, theirs) for seed in range(5)]
    assert min(places) > 0.25 and max(places) < 0.75


@pytest.mark.shared
def test_morphs_of_real_people_lie_between_them_and_swaps_stay_at_the_photo(shared):
    people = portraits(shared, 6)
    for number, (person, other) in enumerate(pairwise(people)):
        photo = framed(person, np.random.default_rng(number))
        theirs = fitting(other, photo)
        assert 0.25 < between(morph(photo, np.random.default_rng(number), other).frame, photo, theirs) < 0.75
        swapped = looked_at(face_swap(photo, np.random.default_rng(number), other).frame)
        assert apart(swapped, photo) < 0.06
        assert abs(between(swapped.pixels, photo, theirs)) < 0.3, "the donor's shape came along, not the face"


@cache
def blurred_edge(width: int) -> np.ndarray:
    return cv2.GaussianBlur(np.repeat((np.arange(width) > width // 2).astype(np.float32)[None], width, 0), (0, 0), 2)


def test_pixels_follow_the_map():
    shifted = identity_map((40, 40)) + np.float32([3, 0])
    assert np.allclose(warped(blurred_edge(40), shifted)[:, :30], blurred_edge(40)[:, 3:33], atol=1e-5)
