"""Muscles by how the skin moved: sides turn with the mirror, plain movements are told, and what learns them learns from the rig's own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from facewise.data_builders.clips.moves import moves
from facewise.data_builders.rig.rig import load_rig
from facewise.finetune import kinematics as learning
from facewise.model.checkpoint import load_checkpoint
from facewise.model.network.evidence import Evidence
from facewise.model.network.kinematics import CODES, NAMES, SWAPPED, kinematics, of_movement, resembled
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
    mirrored = kinematics()(vectors[:, SWAPPED] * torch.tensor([-1.0, 1.0]))
    for one, other in ((active, mirrored[0]), (levels, mirrored[1].flip(-1))):
        assert torch.allclose(one, other, atol=1e-4)
    assert not torch.allclose(levels[..., 0], levels[..., 1], atol=0.1)


def test_raised_brows_are_a_surprise_and_a_corner_pulled_up_is_a_smile_of_its_side():
    brows = moved(
        left_inner_brow=(0.006, -0.026),
        right_inner_brow=(-0.006, -0.026),
        left_outer_brow=(0.004, -0.018),
        right_outer_brow=(-0.004, -0.018),
        glabella=(0.0, -0.014),
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


@pytest.mark.shared
def test_movements_of_the_rig_go_where_muscles_pull_and_a_little_training_tells_them(shared: Path, tmp_path, capsys, monkeypatch):
    rig = shared / "data" / "ict_facekit.npz"
    smiles = [
        move.moved
        for who in range(6)
        for move in moves(load_rig(rig), np.random.default_rng(who), 30)
        if set(move.levels) == {"AU12"}
    ]
    assert smiles
    for vectors in smiles:
        assert vectors[NAMES.index("left lip corner"), 1] < 0 or vectors[NAMES.index("right lip corner"), 1] < 0
        assert np.abs(vectors[NAMES.index("glabella")]).max() < 0.01
    for name, value in (("PEOPLE", 24), ("OTHERS", 8), ("BATCH", 32)):
        monkeypatch.setattr(learning, name, value)
    assert learning.main(["--rig", str(rig), "--out", str(tmp_path / "k.safetensors")]) == 0
    lines = {line.split(",")[0]: float(line.split()[2]) for line in capsys.readouterr().out.splitlines() if ", F1" in line}
    assert set(lines) == set(CODES) and lines["AU12"] > 0.6 and lines["AU4"] > 0.6
    assert learning.main(["--rig", str(tmp_path / "none.npz"), "--out", str(tmp_path / "l.safetensors")]) == 2
