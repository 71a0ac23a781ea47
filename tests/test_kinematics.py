"""Muscles by how the skin moved: sides turn with the mirror, plain movements are told, and what learns them learns from the rig's own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from facewise.data_builders.clips.filmed_moves import FilmedMoves, filmed_moves
from facewise.data_builders.clips.films import films
from facewise.data_builders.clips.moves import moves
from facewise.data_builders.rig.rig import load_rig
from facewise.finetune import kinematics as learning
from facewise.model.checkpoint import load_checkpoint
from facewise.model.clips import ToldMovement
from facewise.model.errors import FacewiseError
from facewise.model.network.evidence import Evidence
from facewise.model.network.kinematics import CODES, NAMES, kinematics, mirrored, of_movement, resembled, shared_out
from facewise.model.network.seen_clip import at_apex, look_at, rest_of
from facewise.model.perception.moments import expressions
from facewise.model.perception.video import open_clip
from facewise.model.readings import action_units, beyond_rest, emotion, is_active
from facewise.model.taxonomy import AU_CODES, EMOTIONS, NO_PROTOTYPE


@pytest.fixture(scope="module")
def perceiver():
    return load_checkpoint("default").perceiver


def moved(**regions: tuple[float, float]) -> np.ndarray:
    """In IOD, x right and y down in the picture; the person's left is on its right."""
    whole = np.zeros((len(NAMES), 2), np.float32)
    for name, vector in regions.items():
        whole[NAMES.index(name.replace("_", " "))] = vector
    return whole


def at_rest() -> Evidence:
    labels = (*EMOTIONS, NO_PROTOTYPE)
    return Evidence(dict.fromkeys(AU_CODES, (0.0, 0.0, 0.01)), dict.fromkeys(labels, 1 / 9), -1.0, {}, {}, np.zeros((1, 1)))


def told(vectors: np.ndarray) -> tuple[dict[str, str | None], str]:
    """({code: side} of the active units, the emotion)."""
    numbers = of_movement(at_rest(), vectors)
    return {code: unit.side for code, unit in action_units(numbers).items() if is_active(unit)}, emotion(numbers).label


def test_the_mirror_image_of_a_movement_has_its_sides_exchanged():
    vectors = torch.from_numpy(np.random.default_rng(0).normal(0, 0.02, (3, len(NAMES), 2)).astype(np.float32))
    active, levels = kinematics()(vectors)
    turned, turned_levels = kinematics()(mirrored(vectors))
    for one, other in ((active, turned), (levels, turned_levels.flip(-1))):
        assert torch.allclose(one, other, atol=1e-4)
    assert not torch.allclose(levels[..., 0], levels[..., 1], atol=0.1)


def test_raised_brows_are_a_surprise_and_a_corner_pulled_up_is_a_smile_of_its_side():
    brows = moved(
        left_inner_brow=(0.003, -0.026),
        right_inner_brow=(-0.003, -0.026),
        left_outer_brow=(0.002, -0.018),
        right_outer_brow=(-0.002, -0.018),
        glabella=(0.0, -0.022),
    )
    units, word = told(brows)
    assert units == {"AU1": "both", "AU2": "both"} and word == "surprise"
    left = {"left_lip_corner": (0.042, -0.054), "left_cheek": (0.02, -0.027), "left_nose_wing": (0.009, -0.007)}
    assert told(moved(**left))[0]["AU12"] == "left"
    right = {name.replace("left", "right"): (-x, y) for name, (x, y) in left.items()}
    units, word = told(moved(**left, **right, lower_lip=(0.0, -0.007), upper_lip=(0.0, -0.006)))
    assert units["AU12"] == "both" and word == "happiness"
    units, _ = told(moved(right_inner_brow=(0.02, 0.025), left_inner_brow=(-0.02, 0.025), glabella=(0.0, 0.012)))
    assert "AU4" in units and not {"AU1", "AU2"} & set(units)
    assert told(moved())[0] == {}


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ("AU12", "happiness"),
        ("AU6 AU12 AU25", "happiness"),
        ("AU1 AU2", "surprise"),
        ("AU1 AU2 AU5 AU25 AU26", "surprise"),
        ("AU1 AU2 AU4", "fear"),
        ("AU15", "sadness"),
        ("AU12 AU14", NO_PROTOTYPE),
        ("AU4 AU12", NO_PROTOTYPE),
        ("AU26", NO_PROTOTYPE),
        ("", NO_PROTOTYPE),
    ],
)
def test_a_movement_is_called_by_the_units_that_it_shows(shown, word):
    assert resembled(dict.fromkeys(shown.split(), 0.8)) == (word, 1.0 if word == NO_PROTOTYPE else pytest.approx(0.8))


def test_the_word_that_was_told_leads_and_the_others_follow_by_how_likely_they_are():
    units = dict.fromkeys(CODES, 0.02)
    assert shared_out("happiness", 0.8, units | {"AU12": 0.8})["happiness"] == 0.8
    faint = shared_out(NO_PROTOTYPE, 1.0, units | {"AU12": 0.3, "AU4": 0.1})
    assert sorted(faint, key=faint.__getitem__)[-3:] == ["anger", "happiness", NO_PROTOTYPE] and faint[NO_PROTOTYPE] > 0.5
    for shares in (
        faint,
        shared_out("fear", 0.6, units | {"AU20": 0.6}),
        shared_out(NO_PROTOTYPE, 1.0, dict.fromkeys(CODES, 0.0)),
    ):
        assert sum(shares.values()) == pytest.approx(1)


def test_a_movement_that_is_told_is_read_in_its_part_of_the_clip(perceiver, examples):
    clip = open_clip(examples / "invented-clip.mp4")
    filmed = ToldMovement(clip, 160, 167, 163).filmed(perceiver)
    watched = filmed.seen.moments.watched
    assert watched.faces[0].frames[[0, -1]].tolist() == [130, 197]
    (spot,) = watched.faces[0].spotted.spots
    assert (spot.onset, spot.apex, spot.offset) == (160, 163, 167)
    pulled = at_apex(spot, watched.faces[0], filmed.seen)
    assert pulled and is_active(action_units(pulled)["AU12"]) and action_units(pulled)["AU12"].side == "left"


def test_what_the_skin_cannot_tell_is_told_by_the_look():
    shut = at_rest()
    shut.aus["AU43"] = (4.0, 4.0, 0.9)
    numbers = of_movement(shut, moved())
    assert numbers.aus["AU43"] == (4.0, 4.0, 0.9) and set(numbers.aus) == set(AU_CODES)
    assert numbers.emotion["neutral"] == 0 and sum(numbers.emotion.values()) == pytest.approx(1)


def test_a_clip_is_told_by_its_movements_and_against_a_given_neutral_by_its_look(perceiver, examples):
    seen = look_at(open_clip(examples / "invented-clip.mp4"), perceiver)
    (face,) = seen.moments.watched.faces
    brows, corner = (at_apex(spot, face, seen) for spot in expressions(face))
    assert brows and corner
    # As its .json says; a brow that is seen to go up evenly may be lowered by a muscle, too.
    assert {"AU1", "AU2"} <= {code for code, unit in action_units(brows).items() if is_active(unit)} <= {"AU1", "AU2", "AU4"}
    pulled = {code: unit.side for code, unit in action_units(corner).items() if is_active(unit)}
    assert pulled["AU12"] == "left" and set(pulled) <= {"AU12", "AU14"}
    assert "neutral" not in (emotion(brows).label, emotion(corner).label)
    rest, spot = rest_of(face, seen), expressions(face)[0]
    assert rest and at_apex(spot, face, seen, rest) == beyond_rest(seen.evidence[face.id, spot.apex], rest)


def seen_in_part(moved: np.ndarray, levels: np.ndarray, clip: np.ndarray) -> FilmedMoves:
    """As if a clip showed six tenths of every movement, of the glabella that of the brows beside it."""
    kept = 0.6 * moved
    kept[:, NAMES.index("glabella")] = 0.3 * (
        moved[:, NAMES.index("left inner brow")] + moved[:, NAMES.index("right inner brow")]
    )
    return FilmedMoves(kept + np.random.default_rng(1).normal(0, 0.001, moved.shape), moved, levels, clip)


def test_what_measuring_leaves_of_a_movement_is_learned_from_clips():
    moved = np.random.default_rng(0).normal(0, 0.02, (400, len(NAMES), 2))
    filmed = seen_in_part(moved, np.zeros((400, len(AU_CODES), 2)), np.arange(400) // 4)
    brow, beside, cheek = (NAMES.index(name) for name in ("left inner brow", "glabella", "left cheek"))
    raised = torch.zeros(2000, len(NAMES), 2)
    raised[:, brow, 1] = -0.05
    seen = learning.Measuring(filmed)(raised, torch.Generator().manual_seed(0)).mean(0)
    middle = 0.5 * sum(learning.REACHED) * np.exp(learning.UNEVEN**2 / 2)  # of a log-normal share
    assert seen[brow, 1] == pytest.approx(-0.03 * middle, rel=0.1) and seen[beside, 1] == pytest.approx(-0.015 * middle, rel=0.15)
    assert abs(seen[cheek, 1]) < 0.001 and abs(seen[brow, 0]) < 0.001


@pytest.mark.shared
def test_movements_of_the_rig_go_where_muscles_pull_and_a_little_training_tells_them(shared: Path, tmp_path, capsys, monkeypatch):
    rig = shared / "data" / "ict_facekit.npz"
    found = [(who, move) for who in range(12) for move in moves(load_rig(rig), np.random.default_rng(who), 30)]
    smiles = [move.moved for _, move in found if set(move.levels) == {"AU12"}]
    assert smiles
    for vectors in smiles:
        assert vectors[NAMES.index("left lip corner"), 1] < 0 or vectors[NAMES.index("right lip corner"), 1] < 0
        assert np.abs(vectors[NAMES.index("glabella")]).max() < 0.01
    levels = np.array([[move.levels.get(code, (0.0, 0.0)) for code in AU_CODES] for _, move in found])
    filmed = seen_in_part(np.array([move.moved for _, move in found]), levels, np.array([who for who, _ in found]))
    monkeypatch.setattr(learning, "films", lambda *_: [])
    monkeypatch.setattr(learning, "filmed_moves", lambda _: filmed)
    monkeypatch.setattr(learning, "PEOPLE", 24)
    asked = ["--rig", str(rig), "--clips", str(tmp_path), "--out", str(tmp_path / "k.safetensors")]
    assert learning.main(asked) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "]" in line]
    told = {line.partition("  ")[0].strip(): float(line.split("[")[0].split()[-1]) for line in lines}
    assert told["AU12, F1"] > 0.6 and told["AU4, F1"] > 0.6 and told["calm moments with a unit"] < 0.3


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], "no such rig"),
        (["--workers", "0"], "from 1 on"),
        (["--out", "none/k.safetensors"], "there is no folder none"),
        (["--clips", __file__], "is no folder"),
    ],
)
def test_what_cannot_be_trained_with_is_told_before_an_hour_of_clips(flags, told, tmp_path):
    with pytest.raises(FacewiseError, match=told):
        learning.main(["--rig", str(tmp_path / "none.npz"), "--clips", str(tmp_path), *flags])


@pytest.mark.slow
@pytest.mark.shared
def test_a_drawn_clip_tells_what_was_measured_beside_what_moved_and_is_drawn_once(shared: Path, tmp_path):
    rig = shared / "data" / "ict_facekit.npz"
    filmed = filmed_moves(films(tmp_path, rig, "moves", range(1)))
    moving = np.abs(filmed.moved).max((1, 2)) > 0
    assert len(filmed.clip) == 8 and moving.tolist() == [True] * 4 + [False] * 4
    assert (filmed.levels.max((1, 2)) > 0).tolist() == moving.tolist()
    strongest = np.linalg.norm(filmed.moved, axis=2).max(1)
    clear = moving & (strongest > 0.02)
    shares = [(m * t).sum() / (t * t).sum() for m, t in zip(filmed.measured[clear], filmed.moved[clear], strict=True)]
    assert clear.any() and 0.1 < np.median(shares) < 1.2
    again = filmed_moves(films(tmp_path, tmp_path / "no rig.npz", "moves", range(1)))  # nothing is drawn
    assert np.array_equal(again.measured, filmed.measured)
