"""Backgrounds, mattes and hands: what they show differs, they say nothing about live or spoof, and labels follow the pixels."""

import cv2
import numpy as np
import pytest

from facewise.data_builders.attacks.hand import HELD, IOD_CM, Face, hand_at, look_of
from facewise.data_builders.attacks.head import light
from facewise.data_builders.attacks.limb import Pose, posed
from facewise.data_builders.attacks.limb import drawn as limb_drawn
from facewise.data_builders.attacks.print import print_attack
from facewise.data_builders.scenery.company import accompanied
from facewise.data_builders.scenery.hands import gesturing, held, outline
from facewise.data_builders.scenery.matting import cut_out, matte_flaw, matted, person_matte, rematted
from facewise.data_builders.scenery.scenes import SCENES, contact_shadow, scene
from facewise.data_builders.synthesis.camera import srgb
from facewise.data_builders.synthesis.photo import Attack, Photo, read_photo
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarks import IBUG68_IN_478

SIZE = (300, 380)
SHEET = np.array([[70, 80], [230, 90], [225, 300], [75, 290]], np.float32)


@pytest.fixture(scope="module")
def photo(examples) -> Photo:
    return read_photo(examples / "invented-face.jpg")


@pytest.fixture
def sheet() -> tuple[np.ndarray, np.ndarray]:
    """(frame, mask) of a grey sheet before a darker wall."""
    mask = cv2.fillConvexPoly(np.zeros(SIZE[::-1], np.float32), SHEET.astype(np.int32), 1.0)
    return np.repeat((0.15 + 0.4 * mask)[..., None], 3, 2), mask


def drawn(kind: str | None, seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    return scene(size, np.random.default_rng(seed), kind).pixels


def inner_points(photo: Photo) -> np.ndarray:
    """The 68 points, an eighth of the way to the middle: the jaw's lie on the outline of the head. [68, 2] int."""
    points = photo.points[list(IBUG68_IN_478), :2]
    return np.rint(points + (points.mean(0) - points) / 8).astype(int)


def assert_covers(matte: np.ndarray, photo: Photo) -> None:
    x, y = inner_points(photo).T
    assert matte[y, x].min() > 0.5


def tones(photo: Photo) -> np.ndarray:
    return np.rint(255 * srgb(photo.pixels)).astype(np.uint8)


# Scenes


@pytest.mark.parametrize("kind", SCENES)
def test_a_scene_is_light_of_the_size_asked_for(kind):
    for seed, size in enumerate([SIZE, (451, 333), (90, 113)]):
        pixels = drawn(kind, seed, size)
        assert pixels.shape == (size[1], size[0], 3) and pixels.dtype == np.float32
        assert np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1
        assert pixels.mean() > 0.003


@pytest.mark.parametrize("kind", SCENES)
def test_the_same_seed_draws_the_same_scene_and_another_seed_another(kind):
    assert drawn(kind, 3).tobytes() == drawn(kind, 3).tobytes() != drawn(kind, 4).tobytes()


def test_every_kind_of_scene_is_drawn_its_own_way():
    small = {kind: cv2.resize(np.sqrt(drawn(kind)), (30, 38), interpolation=cv2.INTER_AREA).ravel() for kind in SCENES}
    kinds = list(small)
    apart = [np.abs(small[a] - small[b]).mean() for i, a in enumerate(kinds) for b in kinds[:i]]
    assert min(apart) > 0.02


def test_a_scene_without_a_kind_may_be_any():
    assert {scene((40, 50), np.random.default_rng(seed)).kind for seed in range(150)} == set(SCENES)


def test_a_contact_shadow_darkens_the_desk_about_the_sheet_and_not_the_sheet(sheet):
    frame, mask = sheet
    shaded = contact_shadow(frame, mask, np.random.default_rng(0))
    assert np.allclose(shaded[mask == 1], frame[mask == 1], atol=1e-6)
    ring = (cv2.dilate(mask, np.ones((5, 5))) - mask) > 0
    assert shaded[ring].mean() < 0.95 * frame[ring].mean()
    assert shaded[:8, :8].mean() > 0.98 * frame[:8, :8].mean()
    assert (shaded <= frame + 1e-6).all()


# Mattes


def test_the_matte_covers_the_points_of_a_face_and_leaves_the_corners(photo):
    matte = person_matte(tones(photo))
    assert matte.shape == photo.pixels.shape[:2] and matte.dtype == np.float32 and 0 <= matte.min() <= matte.max() <= 1
    assert_covers(matte, photo)
    assert matte[:20, :20].max() < 0.05 and matte[:20, -20:].max() < 0.05
    assert cut_out(photo).flaw is None


def test_a_person_keeps_the_face_and_gets_another_background(photo):
    behind = scene(photo.pixels.shape[1::-1], np.random.default_rng(1), "bookshelf")
    made = matted(photo, behind, np.random.default_rng(1))
    x, y = inner_points(photo).T
    assert made.pixels.dtype == np.float32 and np.array_equal(made.points, photo.points)
    difference = np.abs(np.sqrt(made.pixels[y, x]) - np.sqrt(photo.pixels[y, x]))
    assert difference.mean() < 0.04 and np.quantile(difference, 0.95) < 0.1
    assert np.abs(np.sqrt(made.pixels[:40, :40]) - np.sqrt(photo.pixels[:40, :40])).mean() > 0.05


def test_the_null_matte_shows_the_photo_as_it_was(photo):
    made = rematted(photo, np.random.default_rng(2))
    matte = cut_out(photo).matte
    assert np.abs(np.sqrt(made.pixels) - np.sqrt(photo.pixels))[matte > 0.5].mean() < 0.02
    plain = made.pixels[:60].mean((0, 1)) / photo.pixels[:60].mean((0, 1))
    assert plain.max() / plain.min() < 1.05  # lighter or darker, of the same colour


def test_the_same_seed_gives_the_same_matted_photo(photo):
    behind = scene(photo.pixels.shape[1::-1], np.random.default_rng(1))
    cut_out.cache_clear()
    first = matted(photo, behind, np.random.default_rng(5)).pixels.tobytes()
    cut_out.cache_clear()
    assert matted(photo, behind, np.random.default_rng(5)).pixels.tobytes() == first


def test_bad_mattes_are_named(photo):
    good = cut_out(photo).matte
    x, y = (int(value) for value in photo.centre)
    iod, rows = photo.iod, np.arange(len(good))[:, None]
    assert matte_flaw(photo, good) is None
    hole = cv2.circle(good.copy(), (x, y), int(0.3 * iod), 0.0, -1)
    assert "hole in the face" in matte_flaw(photo, hole)
    assert "cut head" in matte_flaw(photo, np.where(rows < y - iod, 0, good))
    one_side = np.arange(good.shape[1]) < x - 0.2 * iod
    assert "cut hair" in matte_flaw(photo, np.where(one_side, cv2.erode(good, np.ones((9, 9))), good))
    somebody = good.copy()
    somebody[:150, :120] = 1
    assert "beside the person" in matte_flaw(photo, somebody)
    assert "nowhere sure" in matte_flaw(photo, np.maximum(good, 0.3))


def test_a_photo_that_cannot_be_cut_out_is_refused_in_one_line(photo):
    turned = Photo(photo.pixels, photo.points + np.array([0.4 * photo.pixels.shape[1], 0, 0], np.float32))
    behind = scene(photo.pixels.shape[1::-1], np.random.default_rng(1))
    with pytest.raises(FacewiseError, match="cannot be cut out of the photo: .*; take another photo"):
        matted(turned, behind, np.random.default_rng(1))


def test_others_stand_beside_a_face_and_smaller_and_who_cannot_be_cut_out_stays_away(photo):
    size = (900, 700)
    behind = scene(size, np.random.default_rng(0), "wall")
    beside = accompanied(behind, [photo], (450.0, 350.0), 90.0, np.random.default_rng(1)).pixels
    changed = np.abs(beside - behind.pixels).mean(2) > 0.02
    columns = changed.mean(0)
    assert beside.shape == behind.pixels.shape and 0 <= beside.min() <= beside.max() <= 1
    assert min(columns[:300].mean(), columns[600:].mean()) == 0 < max(columns[:300].mean(), columns[600:].mean()), "on one side"
    assert changed[-1].any(), "nobody ends in the air"
    found = find_faces(np.rint(255 * srgb(beside)).astype(np.uint8))
    assert len(found) == 1 and found[0].iod_px < 90
    uncut = Photo(photo.pixels[:, : int(photo.centre[0])], photo.points)
    assert np.array_equal(accompanied(behind, [uncut], (450.0, 350.0), 90.0, np.random.default_rng(1)).pixels, behind.pixels)


@pytest.mark.shared
@pytest.mark.slow
def test_most_portraits_can_be_cut_out(shared):
    flaws = []
    for path in sorted((shared / "data" / "portraits").iterdir())[::14]:
        try:
            portrait = read_photo(path)
        except FacewiseError:
            continue  # a face too small
        cut = cut_out(portrait)
        flaws.append(cut.flaw)
        if cut.flaw is None:
            assert_covers(cut.matte, portrait)
    assert len(flaws) > 25 and sum(flaw is None for flaw in flaws) > 0.8 * len(flaws)


# Hands


def test_fingers_leave_the_mask_and_stay_near_the_border(sheet):
    frame, mask = sheet
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    for seed in range(25):
        after, left = held(frame, mask, SHEET, np.random.default_rng(seed))
        gone = mask - left
        assert after.dtype == left.dtype == np.float32
        assert gone.min() >= 0 and 0.002 < gone.sum() / mask.sum() < 0.25
        assert depth[gone > 0.5].max() < 0.45 * depth.max()
        changed = np.abs(after - frame).mean(2) > 0.02
        assert changed[gone > 0.9].mean() > 0.9
        assert (changed & (gone < 0.01) & (depth > 0.6 * depth.max())).sum() == 0


def test_the_same_seed_gives_the_same_fingers(sheet):
    first, again, other = (held(*sheet, SHEET, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_an_instrument_that_fills_the_frame_is_not_held(sheet):
    frame, _ = sheet
    mask = np.ones(frame.shape[:2], np.float32)
    after, left = held(frame, mask, outline(mask), np.random.default_rng(0))
    assert after is frame and left is mask
    assert len(outline(0 * mask)) == 0


def test_the_outline_of_a_mask_has_the_sheets_corners(sheet):
    corners = outline(sheet[1])
    assert len(corners) == 4
    assert max(np.linalg.norm(SHEET - corner, axis=1).min() for corner in corners) < 2


def test_a_print_can_be_held_before_a_scene(photo):
    tried = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        made = print_attack(photo, rng, "a", behind=drawn("curtain", seed, (450, 570)))
        frame, mask = held(made.frame, made.mask, outline(made.mask), rng)
        tried += frame is not made.frame
        assert frame.shape == made.frame.shape and mask.min() >= 0 and (mask <= made.mask).all()
    assert tried >= 3


def test_a_gesture_changes_the_picture_and_not_the_eyes_and_takes_what_it_covers_from_the_mask(photo):
    whole = Attack(photo.pixels, np.ones(photo.pixels.shape[:2], np.float32), {"edge": 1.0})
    for seed in range(8):
        made = gesturing(whole, photo, np.random.default_rng(seed))
        changed = np.abs(made.frame - photo.pixels).mean(2) > 0.02
        assert 0.001 < changed.mean() < 0.4 and 0 <= made.frame.min() <= made.frame.max() <= 1
        assert 0.001 < (made.mask < 0.5).mean() <= 0.4 and changed[made.mask < 0.5].mean() > 0.5  # some skin is like the wall
        assert whole.mask.all() and made.cues == whole.cues
        x, y = np.rint(photo.points[list(IBUG68_IN_478)[36:48], :2]).astype(int).T
        assert not changed[y, x].any()


@pytest.mark.parametrize("kind", HELD)
def test_an_arm_leaves_the_picture_and_is_never_cut_off_in_the_air(photo, kind):
    height, width = photo.pixels.shape[:2]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        limb = hand_at(Face(photo.points[:, :2], photo.iod), kind, side := 1 - 2 * (seed % 2), rng)
        look = look_of(photo, light(photo), side, rng)
        colour, cover = limb_drawn(limb, photo.iod / IOD_CM, (width, height), look, rng)
        assert colour.dtype == cover.dtype == np.float32 and 0 <= cover.min() <= cover.max() <= 1 and colour.min() >= 0
        assert max(cover[-1].max(), cover[:, 0].max(), cover[:, -1].max()) > 0.9
        assert not cover[0].any(), "from above it is nobody's own hand"


def test_fingers_bend_to_the_palm_and_the_other_hand_is_a_mirror_image():
    straight, bent = (
        posed(Pose(np.full((5, 3), angle), np.zeros(5), (0.0, 0.0), 4.0), np.random.default_rng(0)) for angle in (0, 0.9)
    )
    reach = [np.linalg.norm(limb.tips[1:] - limb.knuckles[1:], axis=1) for limb in (straight, bent)]
    assert (reach[1] < 0.85 * reach[0]).all() and (bent.tips[1:, 2] > straight.tips[1:, 2] + 2).all()
    other = straight.turned(np.eye(3), True)
    assert np.allclose(other.tips, straight.tips * [-1, 1, 1]) and straight.tips[0, 0] > 5 > -5 > other.tips[0, 0]
