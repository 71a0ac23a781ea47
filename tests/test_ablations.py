"""The ablation table: one change a variant, differences paired by seed, nothing trained twice."""

import json

import numpy as np
import pytest
import torch
from noise_pack import noise, written
from safetensors.torch import load_file
from tiny_assistant import tiny_language

from facewise.finetune import ablations, measure
from facewise.finetune.ablations import WHOLE, chosen, compared, difference, main, run_folder, table
from facewise.finetune.baselines import points_alone
from facewise.finetune.encoder.packed import Packed
from facewise.finetune.recipe import Recipe
from facewise.model import base_llm
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import ATTACKS, AU_CODES

AUC = "spoof AUC, unseen simulators"


def told(auc: float, f1: float) -> list[dict]:
    rows = {"spoof head, AUC, simulators never trained on": auc, "AU1 F1 at level A": f1, "AU2 F1 at level A": f1 / 2}
    return [{"what": what, "value": value, "domain": "simulated attacks, real live"} for what, value in rows.items()]


def test_a_difference_is_paired_by_seed_and_its_interval_is_students():
    found = difference(np.array([0.5, 0.6, 0.8]), np.array([0.6, 0.7, 0.8]))
    assert found["difference"] == pytest.approx(-0.0667, abs=1e-4)
    assert (found["low"], found["high"]) == pytest.approx((-0.2101, 0.0768), abs=1e-4)  # 4.3027 * 0.05774 / sqrt(3)
    assert difference(np.array([0.5]), np.array([0.6]))["low"] is None


def test_every_metric_that_all_runs_tell_has_a_row():
    rows = compared("without FRGCA", [told(0.7, 0.4), told(0.8, 0.4)], [told(0.9, 0.4), told(0.9, 0.6)])
    assert [row["metric"] for row in rows] == [AUC, "action units, mean F1"]
    assert rows[0]["value"] == pytest.approx(0.75) and rows[0]["difference"] == pytest.approx(-0.15)
    assert rows[1]["value"] == pytest.approx(0.3) and rows[1]["difference"] == pytest.approx(-0.075)
    text = table([*compared(WHOLE, [told(0.9, 0.4)] * 2, [told(0.9, 0.4)] * 2), *rows], 2)
    assert "| whole | 0.900 | 0.300 |" in text and "(-0.150 [" in text and "2 trainings each" in text


def test_only_what_the_recipe_trains_and_the_pack_holds_is_left_out():
    heads, pack = Recipe(pack="p", stages=("encoder",)), Packed(noise(8), {"views": ["rgb", "spoof"]})
    names = [variant.name for variant in chosen(heads, pack)]
    assert "without the view spoof" in names and "without the view motion" not in names and "with PVTM" not in names
    assert "with PVTM" in [variant.name for variant in chosen(Recipe(pack="p", pack_rows=4), pack)]
    assert all(variant.of_words for variant in chosen(Recipe(stages=("align", "instruct"), encoder_from="default"), pack))
    assert [variant.name for variant in chosen(heads, pack, ["without FRGCA"])] == ["without FRGCA"]
    with pytest.raises(FacewiseError, match="--only 'FRGCA': this recipe and its pack have the variants without FRGCA; "):
        chosen(heads, pack, ["FRGCA"])


def test_an_attack_is_left_out_where_others_stay_and_the_encoder_has_not_learned_it_before():
    parts = {"split": torch.arange(96) // 32, "subject": torch.arange(96) // 8}
    pack = Packed({**noise(96), **parts}, {"views": ["rgb", "spoof"]})
    heads, name = Recipe(pack="p", stages=("encoder",)), "no replay to learn from"
    assert name not in [variant.name for variant in chosen(heads, pack)]  # there is nothing but replays
    pack.tensors["attack"][4::8] = ATTACKS.index("print")
    names = [variant.name for variant in chosen(heads, pack)]
    assert name in names and "no print to learn from" in names and "no paper mask to learn from" not in names
    further = [variant.name for variant in chosen(Recipe(pack="p", stages=("encoder",), encoder_from="default"), pack)]
    assert not {name, "without places of the skin"} & {*further} and "without FRGCA" in further
    without = [variant.name for variant in chosen(Recipe(pack="p", stages=("encoder",), places=False), pack)]
    assert "without places of the skin" not in without


def test_points_tell_what_they_know():
    tensors = noise(240) | {"split": torch.arange(240) % 3, "subject": torch.arange(240)}
    level = torch.arange(240) // 3 % 2 * 3.0
    tensors["au"][:] = torch.nan
    tensors["au"][:, AU_CODES.index("AU12")] = level[:, None]
    tensors["canonical"][:, 48:68, 0] += level[:, None]  # the mouth follows the unit
    tensors |= {"photo": torch.zeros(240, dtype=torch.long), "held_out": torch.ones(240, dtype=torch.long)}
    rows = {row["what"]: row for row in points_alone(Packed(tensors, {}))}
    assert rows["AU12 F1 at level A"]["value"] > 0.9 and rows["AU12 F1 at level A"]["n"] == 80
    assert "AU12 AUC, smile or none" not in rows  # that is of photos


def test_the_table_of_a_recipe_and_nothing_is_trained_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "RESAMPLES", 5)
    parts = {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    pack = written({**noise(24), **parts}, tmp_path / "noise.safetensors")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"pack: {pack}\nstages: [encoder]\nhidden_size: 16\nnum_layers: 1\nencoder_epochs: 1\nencoder_batch: 4\n"
        "encoder_weights: contrast=0\n"
    )
    words = [str(recipe), "--out", str(tmp_path / "runs"), "--seeds", "2", "--only", "without FRGCA"]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "| whole |" in first and "| without FRGCA |" in first
    rows = json.loads((tmp_path / "runs" / ablations.TOLD).read_text())
    assert {row["variant"] for row in rows} >= {WHOLE, "without FRGCA"}
    weights = run_folder(tmp_path / "runs", "without FRGCA", 1) / "evidence" / "model.safetensors"
    made = weights.stat().st_mtime_ns
    assert main(words) == 0 and capsys.readouterr().out == first and weights.stat().st_mtime_ns == made
    with pytest.raises(FacewiseError, match="--seeds 0"):
        main([*words, "--seeds", "0"])


def test_variants_of_words_keep_the_encoder_of_the_whole_model(tmp_path, monkeypatch, capsys):
    (tmp_path / "base").mkdir()
    base = tiny_language(tmp_path / "base")
    monkeypatch.setattr(base_llm, "prepared", lambda **_: base)
    monkeypatch.setattr(measure, "RESAMPLES", 5)
    parts = {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    pack = written({**noise(24), **parts}, tmp_path / "noise.safetensors")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"pack: {pack}\nhidden_size: 16\nnum_layers: 1\nencoder_epochs: 1\nencoder_batch: 4\npack_rows: 6\nanswers: evidence\n"
        "language_batch: 2\nlora_rank: 2\n"
    )
    name = "visual tokens alone"
    assert main([str(recipe), "--out", str(tmp_path / "runs"), "--seeds", "1", "--only", name]) == 0
    told = capsys.readouterr().out
    assert "verdict AUC, language model alone" in told and f"| {name} |" in told
    whole, words = (run_folder(tmp_path / "runs", each, 0) for each in (WHOLE, name))
    encoders = [load_file(folder / "evidence" / "model.safetensors") for folder in (whole, words)]
    assert all(torch.equal(value, encoders[1][key]) for key, value in encoders[0].items())
    assert "tokens=1" in (words / "recipe.yaml").read_text()
