"""The rig and its pictures: units on the person's own side, eyes that turn and shut, regions exact to the pixel."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from facewise.data_builders.rig import texture
from facewise.data_builders.rig.expressions import sample_expression
from facewise.data_builders.rig.folds import shaded
from facewise.data_builders.rig.look import painting, sample_look
from facewise.data_builders.rig.raster import rasterise
from facewise.data_builders.rig.regions import NUMBER, REGION_NAMES
from facewise.data_builders.rig.render import View, draw, project, render
from facewise.data_builders.rig.rig import (
    GAZE_RAD,
    JAW_DROP,
    JAW_STRETCH,
    expressed,
    gaze_weights,
    lip_parting,
    load_rig,
    moved,
    sample_person,
)
from facewise.data_builders.synthesis.camera import srgb
from facewise.data_builders.synthesis.production import random_of
from facewise.model.errors import FacewiseError
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarks import canonical

FRONT = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=100.0, iod_px=60.0, place=(0.5, 0.5))
SIZE = (224, 224)


@cache
def actor(shared: Path):
    """(rig, painting, person, look)."""
    rig = load_rig(shared / "data" / "ict_facekit.npz")
    rng = np.random.default_rng(1)
    paint, person = painting(rig), sample_person(rig, rng)
    return rig, paint, person, sample_look(rig, paint, rng, SIZE)


# Units and eyes


@pytest.mark.shared
def test_a_unit_of_one_side_moves_the_persons_own_side_and_more_with_its_level(shared):
    rig, _, person, _ = actor(shared)
    for code, left, right in (("AU1", 22, 21), ("AU4", 22, 21), ("AU10", 52, 50), ("AU12", 54, 48), ("AU43", 43, 38)):
        levels = [expressed(rig, person, {code: (float(level), 0.0)}, np.random.default_rng(0)) for level in (1, 2, 3, 4, 5)]
        told = np.array([np.linalg.norm((mesh - person.neutral)[rig.landmark68[[left, right]]], axis=1) for mesh in levels])
        assert (np.diff(told[:, 0]) > 0).all(), code
        assert told[-1, 0] > 2 * told[-1, 1], code


@pytest.mark.shared
def test_the_jaw_drops_and_stretches_by_ranges_that_do_not_overlap(shared):
    rig, _, person, _ = actor(shared)
    chin = rig.landmark68[8]

    def opening(code: str, level: float) -> float:
        mesh = expressed(rig, person, {code: (level, level)}, np.random.default_rng(0))
        return float((person.neutral - mesh)[chin, 1] / -rig.shapes["jawOpen"][chin, 1])

    assert [opening("AU26", level) for level in (1, 5)] == pytest.approx([JAW_DROP[1], JAW_DROP[5]], abs=1e-3)
    assert opening("AU27", 1) == pytest.approx(JAW_STRETCH[1], abs=1e-3) and JAW_STRETCH[1] > 0.6 > JAW_DROP[5]
    assert 0 < opening("AU25", 1) < opening("AU25", 5) < JAW_DROP[1]


@pytest.mark.shared
@pytest.mark.parametrize("gaze", [(0.8, 0.0), (-0.8, 0.0), (0.0, 0.5), (0.0, -0.5)], ids=str)
def test_both_eyeballs_turn_where_the_person_looks_and_stay_in_place(shared, gaze):
    rig, _, person, _ = actor(shared)
    mesh = moved(rig, person.neutral, gaze_weights(gaze))
    for ball in rig.balls.values():
        before, after = person.neutral[ball], mesh[ball]
        pupil = before[:, 2].argmax()
        to_the_front = before[pupil, 2] - before[:, 2].min() - np.ptp(before[:, 1]) / 2
        assert (after - before)[pupil, :2] == pytest.approx(np.sin(np.array(gaze) * GAZE_RAD) * to_the_front, abs=0.03)
        for end in (np.min, np.max):  # but for the cornea it is a ball
            assert np.abs(end(after, 0) - end(before, 0)).max() < 0.25
    lids = rig.landmark68[[37, 38, 43, 44]]
    assert np.sign((mesh - person.neutral)[lids, 1].mean()) == np.sign(gaze[1]) or not gaze[1]


@pytest.mark.shared
def test_level_e_shuts_every_eye_and_no_lid_sinks_into_the_ball(shared):
    rig, *_ = actor(shared)
    for seed in range(8):
        person = sample_person(rig, np.random.default_rng(seed))
        marks = rig.landmark68
        for level in (2.0, 3.0, 4.0, 5.0):
            mesh = expressed(rig, person, {"AU43": (level, level)}, np.random.default_rng(0))
            for side, ball in rig.balls.items():
                middle = (mesh[ball].min(0) + mesh[ball].max(0)) / 2
                radius = (mesh[ball][:, 1].max() - mesh[ball][:, 1].min()) / 2
                middle[2] = mesh[ball][:, 2].min() + radius
                front = mesh[rig.lids[side]] - middle
                assert np.linalg.norm(front[front[:, 2] > 0], axis=1).min() > radius
        assert (mesh[marks[[37, 38, 43, 44]], 1] - mesh[marks[[41, 40, 47, 46]], 1]).max() < 0.08


@pytest.mark.shared
def test_everybody_rests_with_lips_that_touch(shared):
    rig, *_ = actor(shared)
    for seed in range(20):
        marks = sample_person(rig, np.random.default_rng(seed)).neutral[rig.landmark68]
        apart = (marks[[61, 62, 63], 1] - marks[[67, 66, 65], 1]).max() / np.linalg.norm(marks[45] - marks[36])
        assert 0 < apart < 0.008


@pytest.mark.shared
def test_lips_are_labelled_as_parted_where_a_picture_shows_them_open(shared):
    rig, paint, *_ = actor(shared)
    near = replace(FRONT, iod_px=120.0)
    shut = dict.fromkeys(("AU9", "AU12", "AU14", "AU15", "AU17", "AU18", "AU20", "AU24", "AU28"), 5.0)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        person, look = sample_person(rig, rng), sample_look(rig, paint, rng, SIZE)
        for code, level in (shut | dict.fromkeys(("AU25", "AU26", "AU27", "AU10", "AU16", "AU22"), 3.0)).items():
            aus = {code: (level, level)}
            mesh = expressed(rig, person, aus, np.random.default_rng(0))
            within = (draw(rig, paint, mesh, aus, look, near).regions == NUMBER["inner mouth"]).sum()
            parted = lip_parting(rig, person, mesh)
            assert (parted == 0 and within < 20) if code in shut else (parted >= 1 and within > 60), (code, seed)


@pytest.mark.shared
def test_no_sampled_expression_parts_lips_that_press_or_roll_in(shared):
    rig, *_ = actor(shared)
    rng = np.random.default_rng(3)
    drawn = [aus for aus, _ in (sample_expression(rng) for _ in range(600)) if {"AU24", "AU28"} & set(aus)]
    people = [sample_person(rig, np.random.default_rng(seed)) for seed in range(5)]
    for number, aus in enumerate(drawn):
        person = people[number % len(people)]
        assert lip_parting(rig, person, expressed(rig, person, aus, np.random.default_rng(0))) == 0, aus
    assert len(drawn) > 40


@pytest.mark.shared
def test_parted_lips_open_as_far_as_their_level_says(shared):
    rig, *_ = actor(shared)
    for seed in range(8):
        person = sample_person(rig, np.random.default_rng(seed))
        for level in (1.0, 2.0, 3.0, 4.0):
            mesh = expressed(rig, person, {"AU25": (level, level)}, np.random.default_rng(0))
            assert lip_parting(rig, person, mesh) == level


@pytest.mark.shared
def test_what_lies_in_the_mouth_shows_between_the_lips_alone(shared):
    """An open jaw draws the cheeks in, and heads differ in how much room there is behind them: the first's has little."""
    rig, paint, _, look = actor(shared)
    for who in range(6):
        person = sample_person(rig, random_of(who, "units"))
        for code in ("AU15", "AU26", "AU27", "AU28"):
            mesh = expressed(rig, person, {code: (5.0, 5.0)}, np.random.default_rng(0))
            drawn = draw(rig, paint, mesh, {}, look, replace(FRONT, iod_px=90.0, yaw=0.3 * (who % 3)))
            lips = np.zeros(SIZE, np.uint8)
            cv2.fillConvexPoly(lips, cv2.convexHull(np.rint(drawn.points[48:60]).astype(np.int32)), 1)
            outside = cv2.dilate(lips, np.ones((7, 7), np.uint8)) == 0
            assert not ((drawn.regions == NUMBER["inner mouth"]) & outside).any(), (code, who)


@pytest.mark.shared
def test_a_tightened_lid_narrows_the_eye_and_knit_brows_come_down_and_together(shared):
    rig, *_ = actor(shared)
    marks = rig.landmark68

    def aperture(points: np.ndarray) -> float:
        return float((points[[37, 38, 43, 44], 1] - points[[41, 40, 47, 46], 1]).mean())

    for seed in range(8):
        person = sample_person(rig, np.random.default_rng(seed))
        rest = person.neutral[marks]
        iod = np.linalg.norm(rest[45] - rest[36])
        for level, narrower, lower in ((1.0, 0.02, 0.002), (3.0, 0.12, 0.015), (5.0, 0.25, 0.03)):
            lids, brows = (
                expressed(rig, person, {code: (level, level)}, np.random.default_rng(0))[marks] for code in ("AU7", "AU4")
            )
            assert narrower < 1 - aperture(lids) / aperture(rest) < 0.75
            assert (rest - brows)[[20, 21, 22, 23], 1].mean() / iod > lower
            assert (rest[22] - rest[21] - brows[22] + brows[21])[0] / iod > lower


@pytest.mark.shared
def test_the_detector_sees_what_a_render_is_labelled_with_on_its_own_side(shared):
    """iBUG 42-47 and 54 are the person's left, the first of a pair of levels."""
    rig, paint, *_ = actor(shared)
    person = sample_person(rig, np.random.default_rng(0))

    def seen(aus: dict[str, tuple[float, float]]) -> np.ndarray:
        linear = render(rig, paint, person, aus, replace(FRONT, iod_px=110.0), np.random.default_rng(0), size=432).pixels
        return canonical(find_faces(np.rint(255 * srgb(linear)).astype(np.uint8))[0].ibug68)[0][:, :2]

    def opening(points: np.ndarray, upper: list[int], lower: list[int]) -> float:
        return float(np.linalg.norm(points[upper].mean(0) - points[lower].mean(0)))

    rest, wink, smile, jaw = (seen(aus) for aus in ({}, {"AU43": (5, 0)}, {"AU12": (5, 0)}, {"AU26": (5, 5)}))
    left, right = ([43, 44], [46, 47]), ([37, 38], [40, 41])
    assert opening(rest, *left) - opening(wink, *left) > 0.03 > abs(opening(rest, *right) - opening(wink, *right))
    rise = rest[[54, 48], 1] - smile[[54, 48], 1]  # y runs down
    assert rise[0] > 0.03 and rise[0] > rise[1] + 0.02
    assert opening(jaw, [62], [66]) > opening(rest, [62], [66]) + 0.05


# Pictures


@pytest.mark.shared
def test_a_seed_gives_the_same_picture_whatever_was_drawn_before(shared):
    rig, paint, person, _ = actor(shared)
    first, other, again = (render(rig, paint, person, {"AU9": (4, 4)}, FRONT, np.random.default_rng(s), 160) for s in (3, 4, 3))
    texture._noise.cache_clear()
    afresh = render(rig, paint, person, {"AU9": (4, 4)}, FRONT, np.random.default_rng(3), 160)
    for picture in (again, afresh):
        assert np.array_equal(first.pixels, picture.pixels) and np.array_equal(first.regions, picture.regions)
    assert not np.array_equal(first.pixels, other.pixels)
    with pytest.raises(FacewiseError, match="AU24 and AU27 exclude each other"):
        render(rig, paint, person, {"AU24": (3, 3), "AU27": (3, 3)}, FRONT, np.random.default_rng(3), 160)


@pytest.mark.shared
@pytest.mark.parametrize("yaw", [-0.5, 0.0, 0.5])
def test_regions_are_those_of_the_triangles_that_the_z_buffer_shows(shared, yaw):
    rig, paint, person, look = actor(shared)
    bare = replace(look, hair=np.zeros_like(look.hair), clothes=None)
    view = replace(FRONT, yaw=yaw)
    mesh = expressed(rig, person, {"AU26": (5, 5)}, np.random.default_rng(0))
    drawn = draw(rig, paint, mesh, {}, bare, view, supersample=1)
    points, turned = project(mesh, paint.turn, view, SIZE)
    owner, *_ = rasterise(points, turned[:, 2] - paint.sunk, rig.triangles, *SIZE)
    assert np.array_equal(drawn.regions, np.where(owner >= 0, paint.regions[owner], 0))
    finer = draw(rig, paint, mesh, {}, bare, view).regions
    assert (finer == drawn.regions).mean() > 0.97 and (finer[drawn.covered == 0] == 0).mean() > 0.99


@pytest.mark.shared
def test_regions_lie_at_their_landmarks_on_the_persons_own_side(shared):
    rig, paint, person, look = actor(shared)
    look = replace(look, clothes=(0.1, 0.2, 0.3), hair=np.where(rig.vertices[:, 1] > 9, 2, 0).astype(np.float32))
    drawn = draw(rig, paint, person.neutral, {}, look, FRONT)
    named = {19: "right brow", 24: "left brow", 30: "nose", 57: "lips", 8: "chin", 46: "left lids"}
    assert drawn.points[24, 0] > drawn.points[19, 0]  # an unmirrored picture
    for point, name in named.items():
        x, y = np.rint(drawn.points[point]).astype(int)
        assert NUMBER[name] in drawn.regions[y - 2 : y + 3, x - 2 : x + 3], name
    for side, eye in (("right", slice(36, 42)), ("left", slice(42, 48))):
        x, y = np.rint(drawn.points[eye].mean(0)).astype(int)
        assert REGION_NAMES[drawn.regions[y, x]] == f"{side} eye"
    shown = {REGION_NAMES[label] for label in np.unique(drawn.regions)}
    assert shown >= {"hair", "clothes", "forehead", "neck", "left cheek", "right cheek", "left ear", "upper lip", "none"}
    wink = expressed(rig, person, {"AU43": (5, 0)}, np.random.default_rng(0))
    shut = draw(rig, paint, wink, {}, look, FRONT).regions
    eyes = [(shut == NUMBER[f"{side} eye"]).sum() for side in ("left", "right")]
    assert eyes[0] < 0.2 * eyes[1]


@pytest.mark.shared
def test_a_furrow_darkens_its_own_side_and_a_skin_without_folds_stays_smooth(shared):
    _, paint, *_ = actor(shared)
    key = (0.0, 0.5, 0.8)
    left = shaded(paint.folds, {"AU6": (5.0, 0.0)}, 0.6, 0.0, key)[..., 0]
    right = shaded(paint.folds, {"AU6": (0.0, 5.0)}, 0.6, 0.0, key)[..., 0]
    middle = left.shape[1] // 2
    assert left[:, middle:].min() < 0.8 and (left[:, :middle] == 1).all()
    assert np.allclose(left, right[:, ::-1], atol=1e-6)
    assert (shaded(paint.folds, {"AU6": (5.0, 5.0)}, 0.0, 0.0, key) == 1).all()
