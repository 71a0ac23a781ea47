"""A recipe that names records: they are packed and built once, by the commands' own code, and kept."""

import shutil
from pathlib import Path

import pytest

from facewise.data_builders import pack as packing
from facewise.data_builders.build import pipeline
from facewise.finetune import material
from facewise.finetune.lessons.built_rows import folder_and_weight
from facewise.finetune.material import built_records, packed_records
from facewise.model.errors import FacewiseError


@pytest.fixture
def records(examples, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    shutil.copy(examples / "tiny" / "records.jsonl", tmp_path)
    return tmp_path / "records.jsonl"


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """Which makers were asked; each writes a file."""
    asked = []

    def pack(argv):
        asked.append("pack")
        Path(argv[2]).write_bytes(b"")

    def build(folder, settings, engine):
        asked.append(str(settings.origins[0].path))
        (folder / "rows.jsonl").write_text("")

    monkeypatch.setattr(packing, "main", pack)
    monkeypatch.setattr(pipeline, "build_set", build)
    return asked


def quiet(_: str) -> None:
    pass


def test_records_become_a_pack_and_rows_once(records, made):
    for _ in range(2):
        path = packed_records(f"a.safetensors, {records}", quiet).split(",")
        assert path[0] == "a.safetensors" and Path(path[1]).name == "set.safetensors" and Path(path[1]).is_file()
        other, built = built_records(("folder:2", f"{records}:3"), quiet)
        folder, weight = folder_and_weight(built)
        assert other == "folder:2" and weight == 3 and (folder / "rows.jsonl").is_file()
    assert made == ["pack", str(records)]


def test_other_records_are_made_anew(records, made):
    first = packed_records(str(records), quiet)
    records.write_text("".join(records.read_text().splitlines(keepends=True)[:3]))
    assert packed_records(str(records), quiet) != first and made == ["pack", "pack"]


def test_what_was_cut_off_leaves_nothing(records, monkeypatch, tmp_path):
    def cut(argv):
        Path(argv[2]).write_bytes(b"half")
        raise FacewiseError("full")

    monkeypatch.setattr(packing, "main", cut)
    with pytest.raises(FacewiseError, match="full"):
        packed_records(str(records), quiet)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("text", "reason"), [(None, "no such file of records"), ("", "is empty"), ("{}\n", ":1: not a record")])
def test_what_is_no_file_of_records_is_one_line(records, made, text, reason):
    records.unlink() if text is None else records.write_text(text)
    for make in (lambda: packed_records(str(records), quiet), lambda: built_records((str(records),), quiet)):
        with pytest.raises(FacewiseError, match=reason):
            make()
    assert made == []


def test_folders_and_packs_stay_what_they_are():
    assert packed_records("a.safetensors,b.safetensors", quiet) == "a.safetensors,b.safetensors"
    assert built_records(("a", "b:2"), quiet) == ("a", "b:2") and material.packed_records("", quiet) == ""
