"""Simulated pictures: labels that the pixels bear out, null attacks that stay live, splits that keep people apart."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facewise.data_builders.attacks.painted import PAINTED
from facewise.data_builders.attacks.print import VARIANTS, print_attack
from facewise.data_builders.attacks.replay import replay_attack
from facewise.data_builders.attacks.staging import covered_share, seen_flat, stage
from facewise.data_builders.portraits import same_subjects, teacher_aus
from facewise.data_builders.records import SPLITS, read_records
from facewise.data_builders.splits import SPLIT_SHARES, split_of
from facewise.data_builders.synthesis.camera import (
    SENSOR,
    linear_light,
    picture_size,
    sample_camera,
    shoot,
    shot_alike,
    srgb,
    stored_alike,
)
from facewise.data_builders.synthesis.finish import STEPS, UNTOUCHED, Finish, finished, sample_finish
from facewise.data_builders.synthesis.photo import TRACES, Attack, Photo, framed, read_photo, traces
from facewise.data_builders.synthesis.spoofs import _shot
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
from facewise.model.perception.picture import read_picture
from facewise.model.taxonomy import CUES


@pytest.fixture(scope="module")
def photo(examples) -> Photo:
    return read_photo(examples / "invented-face.jpg")


def tones(linear: np.ndarray) -> np.ndarray:
    return np.rint(255 * srgb(linear)).astype(np.uint8)


def test_linear_light_and_tones_are_inverse():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(tones(linear_light(every)), every)


@pytest.mark.parametrize("attack", [print_attack, replay_attack])
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_attack_keeps_its_face_and_lists_known_cues(photo, attack, variant):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        made = attack(photo, rng, variant)
        pixels = read_picture(shoot(made.frame, sample_camera(rng, "dslr"), rng)).pixels
        assert set(made.cues) <= set(CUES) and all(0 < value <= 1 for value in made.cues.values())
        assert made.without and all(bare.shape == made.frame.shape for bare in made.without.values())
        assert made.mask.shape == made.frame.shape[:2] and made.mask.mean() > 0.2
        if faces := find_faces(pixels):
            x1, y1, x2, y2 = (int(value * SENSOR) for value in faces[0].box)
            assert (made.mask[max(0, y1) : y2, max(0, x1) : x2] == 1).mean() > 0.9


def test_the_same_seed_gives_the_same_file(photo):
    files = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        files.append(shoot(print_attack(photo, rng, "a").frame, sample_camera(rng, "phone"), rng))
    assert files[0] == files[1]


def seen_cues(made: Attack, structure: str, **camera: float) -> dict[str, float]:
    """Cues of one structure, seen by a camera that is sharp and clean but for what is given."""
    sharp = {"blur": 0.3, "shot": 0.0, "read": 0.0, "haze": 0.0, "contrast": 0.0, "quality": 95, "finish": UNTOUCHED}
    taken = replace(sample_camera(np.random.default_rng(0), "dslr"), **sharp | camera)
    shots = shot_alike([made.frame, made.without[structure]], taken, np.random.default_rng(0))
    picture, bare = (read_picture(shot).pixels for shot in shots)
    return traces(structure, picture, bare, made.iod / SENSOR)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_camera_swallows_is_no_cue(photo, variant):
    for seed in range(4):
        made = replay_attack(photo, np.random.default_rng(seed), variant)
        sharp, soft = seen_cues(made, "screen"), seen_cues(made, "screen", blur=6.0, quality=50)
        assert set(sharp) == {"moire", "screen grid"} and soft["screen grid"] < max(0.3, sharp["screen grid"])
        made = print_attack(photo, np.random.default_rng(seed), variant)
        structure = next(iter(made.without))
        cue, _ = TRACES[structure]
        assert seen_cues(made, structure)[cue] > 0 and seen_cues(made, structure, blur=12.0)[cue] < 0.5


def test_whatever_is_done_to_a_finished_picture_is_done_to_the_same_shot_without_an_attack_too(photo):
    """Grain and all: else a cue would be seen in the difference of two noises."""
    rng = np.random.default_rng(0)
    taken = [replace(sample_camera(rng, "phone"), finish=sample_finish(rng)) for _ in range(40)]
    assert {step for camera in taken for step in camera.finish.steps} == set(STEPS)
    for camera in [each for each in taken if each.finish != UNTOUCHED][:6]:
        first, second = shot_alike([photo.pixels, photo.pixels], camera, np.random.default_rng(1))
        assert first == second != shoot(photo.pixels, replace(camera, finish=UNTOUCHED), np.random.default_rng(1))


def test_grain_has_the_deviation_that_was_asked_for_and_sharpening_a_halo():
    grey, noise = np.full((128, 128, 3), 0.5, np.float32), np.random.default_rng(0).standard_normal((128, 128, 3), np.float32)
    for finish in (Finish(grain=0.04), Finish(grain=0.04, grain_px=1.0), Finish(grain=0.04, grain_px=1.0, is_coloured=True)):
        grained = finished(grey, finish, noise)
        assert grained.std() == pytest.approx(0.04, rel=0.1)
        assert (np.ptp(grained, axis=2).max() == 0) is not finish.is_coloured
    edge = np.where(np.arange(128) < 64, np.float32(0.3), np.float32(0.6))[None, :, None] * np.ones((128, 1, 3), np.float32)
    halo = finished(edge, Finish(sharpened=1.0, halo_px=2.0), noise)
    assert halo[64, 63, 0] < 0.25 and halo[64, 64, 0] > 0.65 and halo[64, 10, 0] == pytest.approx(0.3, abs=1e-3)
    assert finished(edge, UNTOUCHED, noise) is edge


def test_the_same_shot_without_anything_missing_is_the_same_file(photo):
    camera = sample_camera(np.random.default_rng(1), "webcam")
    first, second = shot_alike([photo.pixels, photo.pixels], camera, np.random.default_rng(1))
    assert first == second == shoot(photo.pixels, camera, np.random.default_rng(1))


def test_what_is_drawn_over_an_attack_hides_its_structures_too(photo):
    made = print_attack(photo, np.random.default_rng(0), "a")
    over = made.overdrawn(np.full_like(made.frame, 0.3), made.mask)
    assert seen_cues(over, "paper") == {"paper texture": 0.0}
    half = made.frame.copy()
    half[:, : half.shape[1] // 2] = 0.3
    assert 0 < seen_cues(made.overdrawn(half, made.mask), "paper")["paper texture"] < seen_cues(made, "paper")["paper texture"]


def test_a_hazy_lens_lifts_the_black_of_any_picture(photo):
    rng = np.random.default_rng(0)
    camera = replace(sample_camera(rng, "phone"), contrast=0.0, finish=UNTOUCHED)
    clear, hazy = (shoot(photo.pixels, replace(camera, haze=haze), np.random.default_rng(0)) for haze in (0.0, 0.25))
    blackest = [np.percentile(read_picture(shot).pixels, 1) for shot in (clear, hazy)]
    assert blackest[1] > blackest[0] + 10


def test_a_null_attack_shows_the_photo_unchanged(photo):
    """Warped and framed like an attack, it differs from the photo by no more than resampling."""
    placed = stage(photo, np.random.default_rng(0), edge=False)
    warped = cv2.warpPerspective(photo.pixels, placed.inverse, placed.size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert (covered_share(placed) == 1).all()
    assert np.abs(seen_flat(placed) - warped).mean() < 0.01


@pytest.mark.parametrize("attack", [print_attack, replay_attack])
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_attack_changes_nothing_beyond_its_mask(photo, attack, variant):
    green = np.full((8, 8, 3), (0.0, 0.7, 0.0), np.float32)
    made = [attack(photo, np.random.default_rng(seed), variant, green) for seed in range(8)]
    edged = [each for each in made if (each.mask == 0).mean() > 0.05]
    assert edged
    for each in edged:
        is_green = np.abs(each.frame - green[0, 0]).max(2) < 1e-3
        assert is_green[each.mask == 0].all()
        assert is_green[each.mask == 1].mean() < 0.01


def test_a_framed_photo_keeps_its_points_on_its_face(photo):
    for seed in range(4):
        cut = framed(photo, np.random.default_rng(seed))
        height, width = cut.pixels.shape[:2]
        assert 42 * SENSOR <= cut.iod <= 84 * SENSOR and 0 < cut.centre[0] < width and 0 < cut.centre[1] < height
        found = find_faces(tones(cut.pixels))[0].points
        assert np.linalg.norm(found - cut.points, axis=1).mean() < 0.05 * cut.iod


def test_a_face_that_is_not_there_or_too_small_is_refused_in_a_line(photo, tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(FacewiseError, match="no face with landmarks"):
        read_photo(tmp_path / "wall.png")
    small = cv2.resize(tones(photo.pixels)[..., ::-1], None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "small.png"), small)
    with pytest.raises(FacewiseError, match="the face is too small"):
        read_photo(tmp_path / "small.png")


LOOK = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.7, "jawOpen": 0.02, "eyeBlinkLeft": 0.1, "eyeBlinkRight": 0.12}
MIRRORED = {"mouthSmileLeft": 0.72, "mouthSmileRight": 0.78, "jawOpen": 0.02, "eyeBlinkLeft": 0.12, "eyeBlinkRight": 0.1}


def test_the_teacher_is_trusted_where_its_mirror_agrees():
    aus = teacher_aus(LOOK, MIRRORED)
    assert aus["AU12"][0] > aus["AU12"][1] > 3 and aus["AU43"] == (0.0, 0.0)
    assert "AU12" not in teacher_aus(LOOK, MIRRORED | {"mouthSmileLeft": 0.2})
    assert teacher_aus({}, {}) == {}


def test_closed_eyes_take_the_teachers_smile_away():
    closed = {"eyeBlinkLeft": 0.7, "eyeBlinkRight": 0.7}
    aus = teacher_aus(LOOK | closed, MIRRORED | closed)
    assert "AU12" not in aus and aus["AU43"] == (4.0, 4.0)


def test_a_portrait_that_comes_twice_is_one_subject(examples, tmp_path):
    picture = (examples / "invented-face.jpg").read_bytes()
    other = (examples / "printed-face.jpg").read_bytes()
    for name, data in {"a.jpg": picture, "b.jpg": picture, "c.jpg": other}.items():
        (tmp_path / name).write_bytes(data)
    first, second, third = same_subjects([tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg")])
    assert first == second != third


def test_splits_follow_the_name_and_their_shares():
    splits = [split_of(f"person {i}") for i in range(2000)]
    assert splits == [split_of(f"person {i}") for i in range(2000)]
    shares = [splits.count(name) / len(splits) for name in SPLITS]
    assert shares == pytest.approx(SPLIT_SHARES, abs=0.03)


def test_a_broken_line_of_records_is_named(tmp_path):
    (tmp_path / "records.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(FacewiseError, match=r"records.jsonl:1: not a record"):
        read_records(tmp_path / "records.jsonl")


def test_cues_are_those_of_the_finished_picture_and_fade_with_haze_and_under_hands(photo):
    worn = framed(photo, np.random.default_rng(0))
    made = PAINTED["makeup"](worn, np.random.default_rng(0)).against(worn)
    clear = replace(sample_camera(np.random.default_rng(1), "dslr"), haze=0.0, finish=UNTOUCHED)
    told = [_shot(made, replace(clear, haze=haze), UNTOUCHED, np.random.default_rng(2))[1]["other"] for haze in (0.0, 0.4, 0.8)]
    assert made.cues["other"] >= told[0] > told[1] > told[2]
    hidden = made.overdrawn(worn.pixels, made.mask)
    assert _shot(hidden, clear, UNTOUCHED, np.random.default_rng(2))[1].get("other", 0.0) < 0.2 * told[0]


def test_some_pictures_have_no_camera_but_that_of_their_photo(photo):
    stored = read_picture(stored_alike([photo.pixels], UNTOUCHED, np.random.default_rng(0))[0]).pixels
    seen = cv2.resize(photo.pixels, picture_size(photo.pixels.shape), interpolation=cv2.INTER_AREA)
    assert np.abs(stored / 255 - srgb(seen)).mean() < 0.02
