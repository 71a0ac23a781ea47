"""Training: which tokens carry loss, unknown labels that teach nothing, flags over YAML, a calibration that keeps its promises."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facewise.data_builders.instructions import QUESTIONS, answer_text, instruction
from facewise.finetune.encoder_stage import train_encoder
from facewise.finetune.language_stage import UNSCORED, judgement_weighted
from facewise.finetune.losses import head_losses
from facewise.finetune.measure import calibration, row, share
from facewise.finetune.packed import Packed, read_pack
from facewise.finetune.recipe import Recipe, read_recipe
from facewise.model.answer import Answer
from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder, evidence
from facewise.model.wording import CHOICES, contradicts, opening


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Eight rows of noise; half of them without labels."""
    chance = torch.Generator().manual_seed(0)
    known = torch.arange(8) % 2 == 0
    au = torch.randint(0, 6, (8, 22, 2), generator=chance).float()
    au[~known] = math.nan
    tensors = {
        "views": torch.randint(0, 255, (8, 2, 112, 112, 3), generator=chance, dtype=torch.uint8),
        "points": torch.rand(8, 2, 68, 2, generator=chance),
        "canonical": torch.randn(8, 68, 3, generator=chance),
        "pose": torch.zeros(8, 3),
        "au": au,
        "emotion": torch.where(known, torch.arange(8), -1),
        "live": torch.where(known, torch.arange(8) // 4, -1),
        "attack": torch.where(known & (torch.arange(8) >= 4), 1, -1),
        "cues": torch.where(known[:, None], 0, -1).repeat(1, 12),
        "map": torch.where(known[:, None, None], 0, 255).repeat(1, 14, 14).to(torch.uint8),
        "split": torch.zeros(8, dtype=torch.long),
        "subject": torch.arange(8),
    }
    path = tmp_path_factory.mktemp("pack") / "noise.safetensors"
    save_file(tensors, path)
    path.with_suffix(".json").write_text("{}")
    return read_pack(path)


def tiny_encoder() -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(FaceEncoderConfig(hidden_size=16, num_heads=2, num_layers=1, digital=False)).eval()


def losses(pack, rows: list[int]) -> dict[str, torch.Tensor]:
    batch = pack.collate([pack[i] for i in rows])
    inputs = {name: batch.pop(name) for name in ("views", "points", "canonical", "pose", "has_landmarks")}
    return head_losses(tiny_encoder()(**inputs), batch)


def test_unknown_labels_teach_nothing(pack):
    assert all(float(loss) == 0 for loss in losses(pack, [1, 3, 5]).values())


def test_every_head_learns_from_what_is_known(pack):
    assert all(0 < float(loss) < math.inf for loss in losses(pack, [0, 2, 4, 6]).values())


def test_rows_without_labels_do_not_dilute_those_with(pack):
    alone, among = losses(pack, [0, 4]), losses(pack, [0, 4, 1, 3])
    assert all(float(alone[name]) == pytest.approx(float(among[name]), rel=1e-4) for name in alone)


def test_the_encoder_stage_trains_the_tiny_twin(pack, tmp_path):
    recipe = Recipe(hidden_size=16, num_layers=1, encoder_epochs=2, encoder_batch=4)
    before = tiny_encoder().state_dict()
    encoder = train_encoder(recipe, pack, tmp_path)
    moved = [name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])]
    assert len(moved) > 0.9 * len(before) and all(torch.isfinite(value).all() for value in encoder.state_dict().values())
    assert json.loads(encoder.config.to_json_string())["landmark_mean"]


def test_the_first_word_of_a_verdict_carries_its_weight():
    logits = torch.zeros(1, 5, 7)
    labels = torch.tensor([[UNSCORED, UNSCORED, 1, 2, 3]])
    logits[0, 1, 1] = 3.0  # the position before the first scored token
    first = -torch.log_softmax(logits[0, 1], 0)[1]
    rest = math.log(7)
    verdict = judgement_weighted(logits, labels, torch.tensor([True]), 0.7)
    plain = judgement_weighted(logits, labels, torch.tensor([False]), 0.7)
    assert verdict.item() == pytest.approx(0.7 * first.item() + 0.3 * rest, rel=1e-5)
    assert plain.item() == pytest.approx((first.item() + 2 * rest) / 3, rel=1e-5)


def some_face(spoof: float = 3.0):
    output = tiny_encoder()(
        views=torch.zeros(1, 2, 3, 112, 112),
        points=torch.rand(1, 2, 68, 2),
        canonical=torch.randn(1, 68, 3),
        pose=torch.zeros(1, 3),
        has_landmarks=torch.tensor([True]),
    )
    output.spoof[:] = spoof
    return evidence(output)[0]


@pytest.mark.parametrize("live", [True, False, None])
def test_a_verdicts_answer_opens_with_the_label_and_keeps_to_it(live):
    text = answer_text("spoof", some_face(), live)
    label = {True: "live", False: "spoof", None: "uncertain"}[live]
    assert text.startswith(opening(Answer("spoof", "-", label)))
    assert text.split(".")[0] in (*CHOICES, "Uncertain") and not contradicts(
        text.split(". ")[0] + ".", Answer("spoof", "-", label)
    )


@pytest.mark.parametrize("task", list(QUESTIONS))
def test_a_row_is_a_question_about_a_picture_and_one_answer(task):
    made = instruction("a", task, some_face(), True, np.random.default_rng(0))
    question, answer = made["messages"]
    assert [part["type"] for part in question["content"]] == ["image", "text"]
    assert question["content"][1]["text"].startswith("Face 1: ")
    assert answer["role"] == "assistant" and answer["content"][0]["text"].strip()


def test_flags_stand_above_yaml_and_yaml_above_defaults(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 3\nrows: 10\n")
    recipe = read_recipe([str(path), "--rows", "20"])
    assert (recipe.seed, recipe.rows, recipe.lora_rank) == (3, 20, Recipe().lora_rank)


@pytest.mark.parametrize(
    ("text", "words"), [("sed: 1", "unknown field 'sed'"), ("seed: many", "expected int"), ("[", "not a readable recipe")]
)
def test_a_wrong_recipe_is_one_line(tmp_path, text, words):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(FacewiseError, match=words):
        read_recipe([str(path)])


def test_the_band_keeps_its_promises_on_the_split_it_was_fitted_on():
    rng = np.random.default_rng(0)
    spoof = np.repeat([0, 1], 400)
    llm, head = (rng.normal(2.0 * spoof - 1, 1.2) for _ in range(2))
    fitted = calibration(llm, head, spoof)
    score = 1 / (1 + np.exp(-(fitted["llm"] * llm + fitted["head"] * head + fitted["bias"])))
    assert fitted["low"] <= fitted["high"]
    assert (score[spoof == 1] < fitted["low"]).mean() <= 0.051 and (score[spoof == 0] > fitted["high"]).mean() <= 0.011


def test_a_language_model_that_argues_against_itself_has_no_vote():
    rng = np.random.default_rng(0)
    spoof = np.repeat([0, 1], 200)
    head = rng.normal(2.0 * spoof - 1, 1.0)
    fitted = calibration(-head + rng.normal(0, 0.5, 400), head, spoof)
    assert fitted["llm"] == 0 and fitted["head"] > 0


def test_who_teaches_the_language_model_neither_trains_the_encoder_nor_calibrates(pack):
    split = torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])
    whole = Packed({**pack.tensors, "split": split}, {})
    words, calibrates = whole.halves()
    assert words.nonzero().flatten().tolist() == [2, 4] and calibrates.nonzero().flatten().tolist() == [3, 5]


def test_a_number_comes_with_n_chance_and_interval():
    found = row("AUC", "d", lambda t, s: float((t == s).mean()), np.array([0, 1] * 20), np.array([0, 1] * 20), np.arange(40), 0.5)
    assert (found["value"], found["n"], found["chance"]) == (1.0, 40, 0.5) and found["low"] <= 1 <= found["high"]
    wilson = share("share", "d", np.array([True] * 9 + [False]))
    assert (
        wilson["value"] == 0.9
        and wilson["low"] == pytest.approx(0.596, abs=0.001)
        and wilson["high"] == pytest.approx(0.982, abs=0.001)
    )
