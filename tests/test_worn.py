"""What is worn, painted or put over a living face: exact masks, holes that show the wearer, cues that are measured, nulls
without a mask."""

import cv2
import numpy as np
import pytest

from facewise.data_builders.attacks.everyday import NULLS
from facewise.data_builders.attacks.head import (
    BROWS,
    EYES,
    FACE_OVAL,
    OUTER_LIPS,
    coverage,
    head,
    lens_blur,
    light,
    neutral_mesh,
    over,
)
from facewise.data_builders.attacks.inks import area_of
from facewise.data_builders.attacks.masks import MASKS
from facewise.data_builders.attacks.painted import PAINTED
from facewise.data_builders.attacks.paper import Sheet, met
from facewise.data_builders.attacks.scarf import sample_scarf, slope_of
from facewise.data_builders.attacks.shell import shape_of
from facewise.data_builders.attacks.worn import WORN
from facewise.data_builders.synthesis.photo import Attack, Photo, framed, read_photo
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import ATTACKS, CUES

ALL = WORN | MASKS | PAINTED
SEEDS = range(4)
REACH_IOD = 0.5  # as far as a shadow falls
IRISES = (468, 473)


@pytest.fixture(scope="module")
def portrait(examples) -> Photo:
    return read_photo(examples / "invented-face.jpg")


@pytest.fixture(scope="module")
def photo(portrait) -> Photo:
    return framed(portrait, np.random.default_rng(0))


@pytest.fixture(scope="module")
def donor(examples) -> Photo:
    return read_photo(examples / "printed-face.jpg")


def made(name: str, photo: Photo, donor: Photo, seed: int) -> Attack:
    rng = np.random.default_rng(seed)
    return PAINTED[name](photo, rng) if name in PAINTED else ALL[name](photo, rng, donor)


def near(mask: np.ndarray, radius_px: float) -> np.ndarray:
    side = 2 * int(np.ceil(radius_px)) + 1
    return cv2.dilate((mask > 0).astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def marked(photo: Photo) -> tuple[Photo, Photo, np.ndarray]:
    """The photo with a fine pattern on the wearer, with its negative, and that pattern: what shows through carries it, and both
    are as sharp."""
    pattern = np.random.default_rng(9).choice([-0.01, 0.01], photo.pixels.shape[:2]).astype(np.float32)
    return *(Photo(photo.pixels + sign * pattern[..., None], photo.points) for sign in (1, -1)), pattern


def showing(name: str, photo: Photo, donor: Photo, seed: int, where: np.ndarray) -> float:
    """The share of the wearer's own pattern that is left in the attack's frame, 0-1."""
    positive, negative, pattern = marked(photo)
    change = (made(name, positive, donor, seed).frame - made(name, negative, donor, seed).frame).mean(2) / 2
    fine = change - cv2.blur(change, (3, 3))
    reference = pattern - cv2.blur(pattern, (3, 3))
    return float((fine * reference)[where].sum() / (reference**2)[where].sum())


def about(photo: Photo, points: tuple[int, ...], radius_iod: float) -> np.ndarray:
    y, x = np.indices(photo.pixels.shape[:2])
    distance = [np.hypot(x - photo.points[i, 0], y - photo.points[i, 1]) for i in points]
    return np.minimum.reduce(distance) < radius_iod * photo.iod


def test_every_attack_but_print_and_replay_is_made_here():
    assert set(ALL) == set(ATTACKS) - {"print", "replay"}
    assert len(ALL) == len(WORN) + len(MASKS) + len(PAINTED)


@pytest.mark.parametrize("name", ALL)
def test_an_attack_changes_its_mask_and_nothing_beyond_its_shadow(photo, donor, name):
    for seed in SEEDS:
        attack = made(name, photo, donor, seed)
        assert attack.frame.shape == photo.pixels.shape and attack.frame.dtype == attack.mask.dtype == np.float32
        assert np.isfinite(attack.frame).all() and attack.frame.min() >= 0
        assert attack.mask.min() >= 0 and attack.mask.max() <= 1 and attack.mask.max() > 0.9
        changed = np.abs(attack.frame - photo.pixels).max(2)
        assert not changed[~near(attack.mask, REACH_IOD * photo.iod)].any()
        assert (changed[attack.mask > 0.9] > 0.002).mean() > 0.9


@pytest.mark.parametrize("name", [*WORN, "flexible mask", "fake head"])
def test_nothing_of_the_wearer_shows_where_a_mask_is_whole(photo, donor, name):
    for seed in SEEDS:
        face = coverage(photo.pixels.shape, [photo.points[list(FACE_OVAL), :2]]) > 0.99
        whole = (made(name, photo, donor, seed).mask > 0.999) & face
        assert whole.any() and abs(showing(name, photo, donor, seed, whole)) < 0.03


@pytest.mark.parametrize("name", ["paper mask", "flexible mask"])
def test_the_wearers_own_eyes_show_through_eye_holes(photo, donor, name):
    eyes = about(photo, IRISES, 0.03)
    for seed in SEEDS:
        attack = made(name, photo, donor, seed)
        assert attack.mask[eyes].mean() < 0.2 and attack.cues["eye hole"] >= 0.5
        assert showing(name, photo, donor, seed, eyes & (attack.mask < 0.01)) > 0.25  # in the shadow of the mask


@pytest.mark.parametrize("name", ["partial eye", "fake head"])
def test_other_eyes_cover_the_wearers(photo, donor, name):
    for seed in SEEDS:
        assert made(name, photo, donor, seed).mask[about(photo, IRISES, 0.03)].min() > 0.99


def test_a_partial_mouth_covers_the_lips(photo, donor):
    for seed in SEEDS:
        lips = coverage(photo.pixels.shape, [photo.points[list(OUTER_LIPS), :2]]) > 0.99
        assert made("partial mouth", photo, donor, seed).mask[lips].mean() > 0.8


@pytest.mark.parametrize("name", ALL)
def test_cues_are_known_and_the_attack_can_be_seen(photo, donor, name):
    """Nearly always: paper of the skin's own tone is a hard case, and told as one."""
    told = [made(name, photo, donor, seed).cues for seed in SEEDS]
    assert all(set(cues) <= set(CUES) and all(0 < value <= 1 for value in cues.values()) for cues in told)
    clearest = [max(cues.values()) for cues in told]
    assert min(clearest) >= 0.2 and max(clearest) >= 0.5


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_attack(photo, donor, name):
    first, second = (made(name, photo, donor, 3) for _ in range(2))
    assert first.frame.tobytes() == second.frame.tobytes() and first.mask.tobytes() == second.mask.tobytes()
    assert first.cues == second.cues
    assert made(name, photo, donor, 4).frame.tobytes() != first.frame.tobytes()


def test_a_scarf_is_round_and_keeps_off_the_eyes(photo):
    eyes, throat = about(photo, IRISES, 0.1), np.rint(photo.points[152, :2] + [0, 0.35 * photo.iod]).astype(int)
    for seed in range(8):
        changed = np.abs(NULLS["scarf"](photo, np.random.default_rng(seed)).pixels - photo.pixels).max(2) > 0.005
        assert changed[throat[1], throat[0]] and not changed[eyes].any()
    tube = sample_scarf(head(photo), np.random.default_rng(0))
    shade = tube.shading(area_of(tube.ring, 80.0), slope_of(light(photo), head(photo)), np.random.default_rng(0))
    below = shade[shade.shape[0] * 2 // 3 :]
    columns = below.mean(0)
    assert min(columns[8:16].mean(), columns[-16:-8].mean()) < 0.9 * columns[len(columns) // 3 : -len(columns) // 3].mean()
    assert below.std(0).mean() > 0.03, "it is in folds"


@pytest.mark.parametrize("name", NULLS)
def test_a_null_is_a_changed_photo_of_the_same_live_person(photo, name):
    for seed in SEEDS:
        null, again = (NULLS[name](photo, np.random.default_rng(seed)) for _ in range(2))
        assert isinstance(null, Photo) and np.isfinite(null.pixels).all()
        assert null.pixels.shape == photo.pixels.shape and null.pixels.dtype == np.float32
        assert np.array_equal(null.points, photo.points) and null.pixels.tobytes() == again.pixels.tobytes()
        assert np.abs(null.pixels - photo.pixels).max() > 0.02


def test_everyday_makeup_is_weaker_than_an_attack(photo, donor):
    def strength(pixels: np.ndarray) -> float:
        return float(np.abs(np.sqrt(np.clip(pixels, 0, 1)) - np.sqrt(photo.pixels)).mean())

    light_ones = [strength(NULLS["light makeup"](photo, np.random.default_rng(seed)).pixels) for seed in range(12)]
    heavy_ones = [strength(made("makeup", photo, donor, seed).frame) for seed in range(12)]
    assert max(light_ones) < np.median(heavy_ones) and np.median(light_ones) < 0.5 * np.median(heavy_ones)


def test_ink_keeps_to_bare_skin(photo, donor):
    features = [photo.points[list(ring), :2] for ring in (*EYES, *BROWS, OUTER_LIPS)]
    inside = coverage(photo.pixels.shape, features) > 0.5
    for seed in SEEDS:
        assert made("tattoo", photo, donor, seed).mask[inside].max() < 0.5


def test_the_visibility_of_paint_and_ink_is_measured(photo, donor):
    for name in PAINTED:
        seen = [made(name, photo, donor, seed).cues["other"] for seed in range(8)]
        assert np.ptp(seen) > 0.05 and max(seen) < 1


def test_coverage_is_the_area_of_a_polygon():
    square = np.array([[3.5, 4.5], [13.5, 4.5], [13.5, 9.5], [3.5, 9.5]])
    covered = coverage((20, 20), [square])
    assert covered.sum() == pytest.approx(50, rel=0.09) and covered[7, 8] == 1 and covered[15, 8] == 0


def test_a_sheet_is_met_where_it_projects(photo):
    wearer, sheet = head(photo), Sheet(-0.4, 0.3, 0.2, 0.05)
    rows, columns = photo.pixels.shape[:2]
    flat, normals = met(wearer, sheet, (slice(0, rows), slice(0, columns)))
    assert (normals[..., 2] < 0).all()  # towards the camera
    dense = cv2.resize(flat, (columns, rows), interpolation=cv2.INTER_LINEAR)
    on_paper = np.array([[0.3, 0.2], [-0.4, 0.5], [0.5, -0.2], [0.1, 0.9]], np.float32)
    x, y = wearer.projected(sheet.placed(on_paper)).T
    found = cv2.remap(dense, x[None], y[None], cv2.INTER_LINEAR)[0]
    assert np.abs(found - on_paper).max() < 0.01


def test_the_light_comes_from_where_the_face_is_brighter(photo):
    ramp = np.linspace(1.5, 0.5, photo.pixels.shape[1], dtype=np.float32)[None, :, None]
    assert light(Photo(photo.pixels * ramp, photo.points)).slope[0] < light(photo).slope[0] - 0.05


def test_a_softer_photo_is_given_softer_edges(photo):
    blurs = [lens_blur(Photo(cv2.GaussianBlur(photo.pixels, (0, 0), sigma), photo.points)) for sigma in (0.6, 1.2, 2.0)]
    assert blurs == sorted(blurs) and blurs[-1] > blurs[0] + 0.5


def test_a_shell_does_not_smile_with_its_wearer(photo, donor):
    wearer = head(photo)
    stretched = wearer.points.copy()
    stretched[list(OUTER_LIPS), 0] *= 1.3
    smiling = type(wearer)(stretched, wearer.rotation, wearer.origin, wearer.iod)
    shapes = [shape_of(each, head(donor), 0.0, 1.0, 1.0) for each in (wearer, smiling)]
    assert np.array_equal(*shapes)


def test_the_neutral_mesh_is_symmetric_and_faces_the_camera():
    points, triangles = neutral_mesh()
    a, b, c = (points[triangles[:, corner], :2] for corner in range(3))
    turns = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    assert (turns < 0).mean() > 0.99 and triangles.max() < 478
    right, left = (points[list(eye), 0] for eye in EYES)
    assert np.allclose(right, -left, atol=2e-3)


def test_what_is_laid_over_leaves_the_rest_alone():
    behind, front = np.full((4, 4, 3), 0.2, np.float32), np.full((4, 4, 3), 0.8, np.float32)
    share = np.zeros((4, 4), np.float32)
    share[1, 1], share[2, 2] = 1.0, 0.5
    out = over(behind, front, share)
    assert out[1, 1, 0] == pytest.approx(0.8) and out[2, 2, 0] == pytest.approx(0.5) and out[0, 0, 0] == behind[0, 0, 0]


@pytest.mark.shared
@pytest.mark.slow
def test_real_portraits_of_every_pose_take_every_attack_and_null(shared):
    paths = [path for folder in ("portraits", "sfhq") for path in sorted((shared / "data" / folder).iterdir())[::23]]
    people = [read_photo(path) for path in paths if path.suffix in (".jpg", ".png")]
    for i, person in enumerate(people):
        photo, donor = framed(person, np.random.default_rng(i)), people[i - 1]
        for name in ALL:
            try:
                attack = made(name, photo, donor, i)
            except FacewiseError as refused:
                assert name == "fake head" and "cannot be covered whole" in str(refused)
                continue
            assert np.isfinite(attack.frame).all() and attack.mask.sum() > 0.01 * photo.iod**2 and attack.cues, (
                paths[i].name,
                name,
            )
        for name in NULLS:
            assert np.isfinite(NULLS[name](photo, np.random.default_rng(i)).pixels).all(), (paths[i].name, name)
