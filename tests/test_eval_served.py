"""`facewise eval run synth` gives the same table for the embedded model asked here and behind our own server: slow, the real one is served."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Server

from facewise.cli import main
from facewise.eval.asking import synth_set

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ASKED = ("synth-spoof", "synth-units", "synth-spotting")  # numbers of both log-odds, of the encoder, and of clips; all with words
ITSELF = ("model", "duration_s")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("served"), "--engine", "hf")
    try:
        started.wait()
        yield started
    finally:
        started.process.kill()


@pytest.fixture
def drawn(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(synth_set, "PRESENTATIONS", 4)
    monkeypatch.setattr(synth_set, "CUTS", ((140, 186),))
    return synth_set.draw(tmp_path / "drawn")


def predictions(out: Path) -> list[dict]:
    found = [json.loads(line) for path in sorted(out.glob("*/predictions.jsonl")) for line in path.read_text().splitlines()]
    return sorted(
        ({name: value for name, value in each.items() if name not in ITSELF} for each in found), key=lambda each: each["key"]
    )


def table(out: Path, capsys) -> list[dict]:
    capsys.readouterr()
    assert main(["eval", "score", str(out), "--json"]) == 0
    return [{name: value for name, value in row.items() if name != "model"} for row in json.loads(capsys.readouterr().out)]


def test_a_model_asked_here_and_served_by_us_have_the_same_predictions_and_the_same_table(server, drawn, tmp_path, capsys):
    for name, model in (("here", "default"), ("there", f"{server.base}/v1")):
        shutil.copytree(drawn, tmp_path / name / "synth")
        words = ["--model", model, "--out", str(tmp_path / name), "--limit", "2", "--verbose"]
        assert main(["eval", "run", *ASKED, *words]) == 0
    here, there = predictions(tmp_path / "here"), predictions(tmp_path / "there")
    assert len(here) == 6 and here == there
    assert any("spoof" in each.get("scores", {}) for each in here)
    assert table(tmp_path / "here", capsys) == table(tmp_path / "there", capsys)
