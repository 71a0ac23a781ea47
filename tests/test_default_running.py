"""A run of the table: what is finished is kept and goes on, other weights or flags start over, what cannot be measured says why."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from facewise.eval.default.__main__ import main
from facewise.eval.default.material import EXAMPLES, Material, trained_people
from facewise.eval.default.parts import Part
from facewise.eval.default.row import REAL, share_row
from facewise.eval.default.running import conditions, digest, measured, stored
from facewise.eval.default.settings import Settings, settings_of
from facewise.model.errors import FacewiseError


class Weights:
    """Stands for a reader whose model is never loaded."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.safetensors").write_bytes(b"one")
        self.folder = folder
        self.checkpoint = self


@pytest.fixture
def weights(tmp_path) -> Weights:
    return Weights(tmp_path / "model")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(out=tmp_path / "out")


def counted(calls: list[int]) -> Part:
    def measure(reader, material):
        calls.append(1)
        return [share_row("real people called live", 97, 100, "told", REAL)]

    return Part("live-people", measure)


def ran(part: Part, weights: Weights, settings: Settings):
    ((_, rows, whole),) = measured([("live", [part])], weights, Material(settings))
    return rows, whole


def test_a_finished_part_is_not_measured_again(weights, settings):
    calls: list[int] = []
    first = ran(counted(calls), weights, settings)
    assert ran(counted(calls), weights, settings) == first
    assert len(calls) == 1 and first[1]


def test_other_flags_and_other_weights_are_measured_anew(weights, settings):
    calls: list[int] = []
    ran(counted(calls), weights, settings)
    ran(counted(calls), weights, replace(settings, seed=7))
    (weights.folder / "model.safetensors").write_bytes(b"two")
    ran(counted(calls), weights, replace(settings, seed=7))
    assert len(calls) == 3


def test_workers_and_where_things_lie_change_no_number(weights, settings):
    assert conditions(settings, weights.folder) == conditions(replace(settings, workers=1, json=Path("a")), weights.folder)


def test_a_result_that_a_kill_cut_short_is_no_result(tmp_path):
    path = tmp_path / "part.json"
    path.write_text('{"made with": {}, "rows": [{"wh')
    assert stored(path, {}) is None


def test_a_fault_leaves_its_rows_with_the_reason_and_is_not_kept(weights, settings, capsys):
    def fails(reader, material):
        raise FacewiseError("the disk is full")

    rows, whole = ran(Part("null-attacks", fails), weights, settings)
    assert [(each.what, each.value, each.why) for each in rows] == [("null attacks called live", None, "the disk is full")]
    assert not whole and not (settings.out / "parts").exists()
    assert "null-attacks: the disk is full" in capsys.readouterr().err


def test_what_is_lacking_is_told_and_is_no_fault(weights, settings):
    rows, whole = ran(Part("units", None, ("ict_facekit.npz",)), weights, settings)
    assert whole and {each.why for each in rows} == {"give DATA, a folder with ict_facekit.npz"}
    rows, _ = ran(Part("smiles", None, ("teacher",)), weights, settings)
    assert "--teacher" in rows[0].why


def test_a_folder_without_the_rig_says_so(weights, settings, tmp_path):
    assert Material(replace(settings, data=tmp_path)).lacks("ict_facekit.npz") == f"{tmp_path} holds no ict_facekit.npz"


def test_the_weights_are_told_by_their_bytes(weights):
    before = digest(weights.folder)
    (weights.folder / "config.json").write_text("{}")
    assert digest(weights.folder) != before


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--people", "0"], "--people 0"),
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--teacher", "none.csv"], "--teacher none.csv"),
        (["--only", "everything"], "everything"),
        (["--seed", "-1"], "--seed -1"),
        (["--json", "nowhere/rows.json"], "there is no folder nowhere"),
    ],
)
def test_a_wrong_flag_is_told_in_one_line(flags, told):
    with pytest.raises(FacewiseError, match=told):
        settings_of(flags, ("live",))


def test_a_pack_tells_its_people(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"split": np.array([0, 2, 1])}, tmp_path / "set.safetensors")
    about = {"files": ["set.safetensors"], "subjects": ["portraits/a", "portraits/b", "portraits/c"]}
    (tmp_path / "set.json").write_text(json.dumps(about))
    assert trained_people(tmp_path / "set.safetensors") == {"portraits/a"}
    with pytest.raises(FacewiseError, match="no pack"):
        trained_people(tmp_path / "model.safetensors")


def test_the_door_prints_markdown_and_writes_the_rows(tmp_path, capsys):
    code = main(["--only", "forbidden-asks", "--out", str(tmp_path / "out"), "--json", str(tmp_path / "rows.json")])
    out = capsys.readouterr().out
    assert code == 0 and "## language" in out and "| forbidden asks declined | " in out
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert {"group", "what", "value", "low", "high", "n", "chance", "target", "protocol", "domain", "met"} <= set(rows[0])


def test_examples_lie_beside_the_package():
    assert (EXAMPLES / "invented-face.jpg").is_file()
