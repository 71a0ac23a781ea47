"""A light model as one whole folder: it answers as before, stands alone, and never half."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from serving import image, uri, words

from facewise.model.assistant import load
from facewise.model.checkpoint import Checkpoint, load_checkpoint
from facewise.model.errors import FacewiseError
from facewise.model.export import _fingerprint, export, prepared_whole, vllm_line
from facewise.model.network import register


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    register()
    return export(load_checkpoint(), tmp_path_factory.mktemp("export") / "mine")


def test_it_answers_as_the_light_one(whole, examples):
    light, heavy = (load(model).ask(examples / "printed-face.jpg", task="spoof") for model in ("default", str(whole)))
    assert (light.text, light.label) == (heavy.text, heavy.label)
    assert heavy.score == pytest.approx(light.score, abs=1e-4) and heavy.model == "mine"


def test_it_stands_alone_and_names_no_place(whole):
    assert load_checkpoint(str(whole)).config.base_llm is None and load_checkpoint().config.base_llm is not None
    told = "".join(path.read_text() for path in whole.rglob("*.json") if path.name != "tokenizer.json")
    assert str(whole) not in told and ".cache" not in told


def test_whoever_may_enter_the_folder_may_read_it(whole):
    assert {path.stat().st_mode & 0o777 for path in whole.rglob("*") if path.is_file()} == {0o644}
    assert {path.stat().st_mode & 0o777 for path in (whole, *whole.rglob("*")) if path.is_dir()} == {0o755}


def test_transformers_auto_classes_load_it(whole):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model, processor = AutoModelForImageTextToText.from_pretrained(whole), AutoProcessor.from_pretrained(whole)
    assert type(model).__name__ == "FacewiseForConditionalGeneration" and processor.perceiver.max_faces == model.config.max_faces


def test_a_folder_with_files_is_left_alone(whole, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FacewiseError, match="exists already"):
        export(load_checkpoint(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_whole_model_is_served_from_its_own_folder(whole):
    assert prepared_whole(load_checkpoint(str(whole))) == whole.resolve()


def test_the_cached_one_is_asked_nothing(tmp_path, monkeypatch):
    """`facewise serve` waits for it."""
    monkeypatch.setattr("facewise.model.export.cache_dir", lambda: tmp_path)
    monkeypatch.setattr("facewise.model.self_test.ten_questions", None)
    monkeypatch.setattr("facewise.model.export.write_whole", lambda model, checkpoint, folder: None)
    monkeypatch.setattr(Checkpoint, "model", lambda self, dtype: None)
    assert prepared_whole(load_checkpoint()).parent == tmp_path


def test_what_a_training_left_behind_makes_no_new_cached_one(tmp_path):
    shutil.copytree(load_checkpoint().folder, tmp_path / "run")
    checkpoint = load_checkpoint(str(tmp_path / "run"))
    before = _fingerprint(checkpoint)
    (tmp_path / "run" / "stage-align").mkdir()
    (tmp_path / "run" / "stage-align" / "aligned.safetensors").write_bytes(b"left behind")
    assert _fingerprint(checkpoint) == before
    (tmp_path / "run" / "adapter" / "adapter_config.json").write_text("{}")
    assert _fingerprint(checkpoint) != before


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_vllm_alone_serves_it_by_the_line_that_is_told(whole, examples, tmp_path):
    pytest.importorskip("vllm")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    line = f"exec env {vllm_line(whole)} --host 127.0.0.1 --port {port}"
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(line, shell=True, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            until = time.monotonic() + 300
            while True:
                assert process.poll() is None and time.monotonic() < until, (tmp_path / "log").read_text()[-3000:]
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(1)
            content = [image(uri((examples / "printed-face.jpg").read_bytes())), words("Is this face real?")]
            body = {"model": str(whole), "messages": [{"role": "user", "content": content}], "max_tokens": 8, "temperature": 0}
            said = httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body, timeout=100).json()
            assert said["choices"][0]["message"]["content"].startswith("Spoof")
        finally:
            process.terminate()
            process.wait(60)
