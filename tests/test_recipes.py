"""The recipes that are shipped: each is read and holds together, the larger ones dry on the meta device at their public shapes."""

import importlib.util
from pathlib import Path

import pytest
import torch

from facewise.cli import main
from facewise.finetune.outline import outline, table
from facewise.finetune.recipe import Recipe, read_recipe
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.dry_run import dry_run
from facewise.model.presets import preset, preset_config

RECIPES = sorted((Path(__file__).parent.parent / "finetune" / "recipes").glob("*.yaml"))


@pytest.fixture
def gpu(monkeypatch):
    """Where recipes are read as on a machine that has a GPU and bitsandbytes."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_every_preset_has_one_and_there_is_a_tiny_one():
    assert {path.stem for path in RECIPES} == {
        "facewise-135m",
        "facewise-135m-further",
        "facewise-135m-places",
        "facewise-135m-fourth",
        "facewise-135m-snapshots",
        "facewise-135m-grain",
        "ablations",
        "facewise-2b",
        "facewise-8b",
        "tiny",
    }


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_is_read_and_is_of_its_preset(path, gpu):
    recipe = read_recipe([str(path)])
    assert recipe.preset == ("facewise-135m" if path.stem in ("tiny", "ablations") else "-".join(path.stem.split("-")[:2]))
    assert recipe.output_dir in (f"runs/{path.stem}", Recipe.output_dir) and (*recipe.rows, recipe.pack) != ("",)
    if "instruct" in recipe.stages:
        assert (recipe.kept_skills, recipe.declines) == (0.1, 0.05)  # docs/science.md §7


@pytest.mark.parametrize(("name", "lora"), [("facewise-2b", 16 * 28 * 38_912), ("facewise-8b", 16 * 36 * 75_776)])
def test_a_larger_one_runs_dry_on_the_meta_device_at_its_public_shapes(name, lora, gpu):
    """LoRA of rank 16 by hand: in every layer, inputs + outputs of q, k, v, o, gate, up and down. A step is of 64 rows on either."""
    recipe = read_recipe([str(next(path for path in RECIPES if path.stem == name))])
    config = preset_config(name)
    rows = outline(recipe, FaceEncoderConfig(), config.text_config, config.vision_config)
    assert [row["stage"] for row in rows] == ["align", "instruct"]
    assert all("guidance" in row["learns"] and "projector" in row["learns"] for row in rows) and "LoRA" in rows[1]["learns"]
    counts = dry_run(name, length=512).parameters
    assert int(rows[1]["parameters"].replace(",", "")) == lora + counts["projector"] + counts["guidance"]
    assert recipe.language_batch * recipe.accumulate == 64
    assert "LoRA, projector, guidance" in table(rows).replace("projector, guidance, LoRA", "LoRA, projector, guidance")


def test_the_names_that_are_to_be_filled_in_are_told_in_one_line(capsys):
    path = str(next(path for path in RECIPES if path.stem == "facewise-2b"))
    assert main(("train", path)) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "PACK.safetensors: no such pack" in told


def test_the_embedded_one_is_one_command_on_the_base_that_is_shipped():
    recipe = read_recipe([str(next(path for path in RECIPES if path.stem == "facewise-135m"))])
    assert recipe.base_llm == Recipe().base_llm and recipe.base_llm["package"] == preset("facewise-135m").llm
    assert recipe.stages == ("encoder", "align", "instruct") and recipe.rows == ("runs/clips/records.jsonl",)
