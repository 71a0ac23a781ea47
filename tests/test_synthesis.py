"""Simulated pictures: labels that the pixels bear out, null attacks that stay live, splits that keep people apart."""

import cv2
import numpy as np
import pytest

from facewise.data_builders.portraits import SPLIT_SHARES, same_subjects, split_of, teacher_aus
from facewise.data_builders.records import SPLITS, read_records, write_records
from facewise.data_builders.synthesis.camera import FAMILIES, HELD_OUT, linear_light, sample_camera, shoot, srgb
from facewise.data_builders.synthesis.expressions import PROTOTYPES, near_prototype, sample_expression
from facewise.data_builders.synthesis.first_set import main as first_set
from facewise.data_builders.synthesis.look import painting
from facewise.data_builders.synthesis.print import VARIANTS, print_attack
from facewise.data_builders.synthesis.render import View, render
from facewise.data_builders.synthesis.replay import replay_attack
from facewise.data_builders.synthesis.rig import load_rig, sample_person
from facewise.data_builders.synthesis.staging import Content, instrument_mask, seen_flat, stage
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarks import canonical
from facewise.model.perception.picture import read_picture
from facewise.model.taxonomy import AU_CODES, CUES, EMOTIONS, NO_PROTOTYPE


@pytest.fixture(scope="module")
def content(examples) -> Content:
    pixels = read_picture(examples / "invented-face.jpg").pixels
    face = find_faces(pixels)[0]
    x1, y1, x2, y2 = face.box
    return Content(linear_light(pixels), ((x1 + x2) / 2, (y1 + y2) / 2), face.iod_px)


def tones(linear: np.ndarray) -> np.ndarray:
    return np.rint(255 * srgb(linear)).astype(np.uint8)


def test_linear_light_and_tones_are_inverse():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(tones(linear_light(every)), every)


@pytest.mark.parametrize("attack", [print_attack, replay_attack])
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_attack_keeps_its_face_and_lists_known_cues(content, attack, variant):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        made = attack(content, rng, variant)
        jpeg = shoot(made.frame, sample_camera(rng, "dslr"), rng)
        pixels = read_picture(jpeg).pixels
        mask = instrument_mask(made.stage, (pixels.shape[1], pixels.shape[0]))
        assert set(made.cues) <= set(CUES) and mask.shape == pixels.shape[:2] and (mask == 255).mean() > 0.2
        if faces := find_faces(pixels):
            x1, y1, x2, y2 = (int(value) for value in faces[0].box)
            assert (mask[max(0, y1) : y2, max(0, x1) : x2] == 255).mean() > 0.9


def test_the_same_seed_gives_the_same_file(content):
    files = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        files.append(shoot(print_attack(content, rng, "a").frame, sample_camera(rng, "phone"), rng))
    assert files[0] == files[1]


def test_a_null_attack_shows_the_photo_unchanged(content):
    """Warped and framed like an attack, it differs from the photo by no more than resampling."""
    placed = stage(content, np.random.default_rng(0), edge=False)
    warped = cv2.warpPerspective(content.pixels, placed.inverse, placed.size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert (instrument_mask(placed, placed.size) == 255).all()
    assert np.abs(seen_flat(placed) - warped).mean() < 0.01


@pytest.mark.parametrize("attack", [print_attack, replay_attack])
@pytest.mark.parametrize("variant", VARIANTS)
def test_an_attack_changes_nothing_beyond_its_mask(content, attack, variant):
    made = [attack(content, np.random.default_rng(seed), variant) for seed in range(6)]
    edged = [each for each in made if {"edge", "bezel"} & set(each.cues)]
    assert edged
    for each in edged:
        mask = instrument_mask(each.stage, each.stage.size)
        beyond = cv2.dilate(mask, np.ones((9, 9), np.uint8)) == 0  # a pixel at the rim holds both
        changed = np.abs(each.frame - each.stage.background).mean(2)
        assert beyond.any() and changed[beyond].mean() < 0.01 < changed[mask == 255].mean()


def test_expressions_name_known_units_and_hold_their_prototype():
    rng = np.random.default_rng(0)
    drawn = [sample_expression(rng) for _ in range(400)]
    for aus, emotion in drawn:
        assert set(aus) <= set(AU_CODES) and emotion in (*EMOTIONS, NO_PROTOTYPE, None)
        assert all(0 <= level <= 5 for sides in aus.values() for level in sides)
        if emotion == NO_PROTOTYPE:
            assert not near_prototype(tuple(aus))
    assert {emotion for _, emotion in drawn} >= {*EMOTIONS, NO_PROTOTYPE}
    assert sum(emotion == NO_PROTOTYPE for _, emotion in drawn) > 0.2 * len(drawn)


def test_contempt_is_one_sided():
    rng = np.random.default_rng(1)
    sneers = [aus for aus, emotion in (sample_expression(rng) for _ in range(600)) if emotion == "contempt"]
    assert sneers and all(min(aus[code]) == 0 < max(aus[code]) for aus in sneers for code in PROTOTYPES["contempt"][0])


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


@pytest.mark.shared
def test_the_detector_sees_what_a_render_is_labelled_with_on_its_own_side(shared):
    """iBUG 42-47 and 54 are the person's left, the first of a pair of levels."""
    rig = load_rig(shared / "data" / "ict_facekit.npz")
    paint, person = painting(rig), sample_person(rig, np.random.default_rng(0))
    view = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=100.0, iod_px=110.0, place=(0.5, 0.5))

    def seen(aus: dict[str, tuple[float, float]]) -> np.ndarray:
        linear = render(rig, paint, person, aus, view, np.random.default_rng(0), size=432).pixels
        return canonical(find_faces(tones(linear))[0].ibug68)[0][:, :2]

    def opening(points: np.ndarray, upper: list[int], lower: list[int]) -> float:
        return float(np.linalg.norm(points[upper].mean(0) - points[lower].mean(0)))

    rest, wink, smile, jaw = (seen(aus) for aus in ({}, {"AU43": (5, 0)}, {"AU12": (5, 0)}, {"AU26": (5, 5)}))
    left, right = ([43, 44], [46, 47]), ([37, 38], [40, 41])
    assert opening(rest, *left) - opening(wink, *left) > 0.03 > abs(opening(rest, *right) - opening(wink, *right))
    rise = rest[[54, 48], 1] - smile[[54, 48], 1]  # y runs down
    assert rise[0] > 0.03 and rise[0] > rise[1] + 0.02
    assert opening(jaw, [62], [66]) > opening(rest, [62], [66]) + 0.05


@pytest.mark.shared
@pytest.mark.slow
def test_a_small_set_is_made_resumed_and_keeps_its_promises(shared, tmp_path):
    folder, out = tmp_path / "portraits", tmp_path / "set"
    folder.mkdir()
    teacher = tmp_path / "teacher.csv"
    teacher.write_text("media,flipped\n")
    for picture in sorted((shared / "data" / "portraits").iterdir())[:6]:
        (folder / picture.name).write_bytes(picture.read_bytes())
    words = ["--rig", shared / "data" / "ict_facekit.npz", "--portraits", folder, "--teacher", teacher, "--out", out]
    command = [str(word) for word in (*words, "--n-renders", 8, "--each", 1)]
    assert first_set(command) == 0
    records = read_records(out / "records.jsonl")
    times = {path: path.stat().st_mtime_ns for path in (out / "media").glob("*.jpg")}
    assert first_set(command) == 0
    assert times == {path: path.stat().st_mtime_ns for path in (out / "media").glob("*.jpg")}
    write_records(tmp_path / "again.jsonl", records)
    assert read_records(tmp_path / "again.jsonl") == records
    for record in records:
        is_attack = record.attack is not None
        assert record.live is (None if record.dataset == "render" else not is_attack)
        assert (record.mask is not None) == is_attack and (out / record.media).is_file()
        if record.split == "train":
            assert record.source["camera"] != HELD_OUT and record.source.get("variant") != "b"
        assert record.source["camera"] in FAMILIES
    splits = {(record.subject, record.split) for record in records}
    assert len(splits) == len({subject for subject, _ in splits})
