"""`facewise eval run` and what follows it, on small folders and a played server: predictions, resumes, reports, faults in one line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from eval_folders import Peer, is_red, own_folder, words_of

from facewise.cli import main
from facewise.model.perception.picture import Picture


def verdict(body: dict) -> str:
    """Right about live ones, and about attacks but the first."""
    return "It is a live face." if is_red(body) else "This looks like a spoof."


def logprobs(body: dict) -> dict:
    return {"Live": -0.1, "Spoof": -2.4} if is_red(body) else {"Live": -3.0, "Spoof": -0.05}


def eval_(*words: object) -> int:
    """Verbosely: what drops the noise of libraries drops it until the process ends."""
    return main(["eval", *map(str, words), *(["--verbose"] if words[0] in ("run", "report", "export") else [])])


def run(folder: Path, url: object, out: Path, *more: object, bench: tuple[str, ...] = ("folder-spoof",)) -> int:
    return eval_("run", *bench, "--root", folder, "--model", url, "--out", out, *more)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def folder(tmp_path) -> Path:
    return own_folder(tmp_path / "own")


@pytest.fixture
def peer():
    with Peer(verdict, logprobs) as played:
        yield played


def test_a_peer_is_asked_once_about_each_item_and_scored(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "out") == 0
    told = lines(tmp_path / "out/folder-spoof/predictions.jsonl")
    assert (
        len(told) == 12 and {line["label"] for line in told} == {"live", "spoof"} and {line["model"] for line in told} == {"peer"}
    )
    assert all((line["scores"]["spoof"] > 0.5) == (line["truth"] == "spoof") and line["log_probs"] for line in told)
    assert {line.get("groups", {}).get("attack") for line in told} == {None, "print", "replay"}
    asked = {words_of(body).split(" Faces are")[0] for body in peer.bodies if not body.get("logprobs")}
    assert len(asked) == 1 and "Answer with live or spoof" in asked.pop()
    count = len(peer.bodies)
    assert run(folder, peer.url, tmp_path / "out") == 0 and len(peer.bodies) == count
    capsys.readouterr()
    assert eval_("score", tmp_path / "out", "--json") == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["AUC"]["value"] == 1 and rows["ACER"]["value"] == 0 and rows["AUC"]["n"] == 12
    assert rows["AUC"]["chance"] == 0.5 and rows["AUC"]["domain"] == "real" and rows["APCER print"]["n"] == 3


def test_many_requests_are_under_way_at_once(folder, tmp_path):
    with Peer(verdict, delay_s=1) as peer:
        assert run(own_folder(tmp_path / "more", 48), peer.url, tmp_path / "out") == 0
        assert peer.most_at_once > 16  # one after the other it would be 1, and HttpEngine's own way 16


def test_a_run_that_was_stopped_goes_on_to_the_identical_report(folder, peer, tmp_path):
    for name in ("whole", "broken"):
        assert run(folder, peer.url, tmp_path / name) == 0
    journal = tmp_path / "broken/folder-spoof/predictions.jsonl"
    kept = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(reversed(kept[3:9])) + kept[0][:40])
    assert run(folder, peer.url, tmp_path / "broken") == 0
    for name in ("whole", "broken"):
        assert eval_("report", tmp_path / name) == 0
    for name in ("report.html", "report.md", "report.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "broken" / name).read_bytes(), name


def test_a_run_that_was_killed_goes_on_to_the_identical_report(tmp_path):
    folder = own_folder(tmp_path / "own", 30)
    with Peer(verdict, logprobs, delay_s=0.15) as peer:
        words = ["run", "folder-spoof", "--root", folder, "--model", peer.url, "--at-once", "2", "--out", tmp_path / "killed"]
        process = subprocess.Popen([sys.executable, "-m", "facewise.cli", "eval", *map(str, words)])
        journal = tmp_path / "killed/folder-spoof/predictions.jsonl"
        deadline = time.monotonic() + 240
        while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 3) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert 3 <= journal.read_bytes().count(b"\n") < 30
        peer.delay_s = 0
        assert run(folder, peer.url, tmp_path / "killed") == 0 and run(folder, peer.url, tmp_path / "whole") == 0
    assert eval_("report", tmp_path / "killed") == eval_("report", tmp_path / "whole") == 0
    assert (tmp_path / "killed/report.html").read_bytes() == (tmp_path / "whole/report.html").read_bytes()


def test_what_a_server_refuses_or_says_otherwise_is_counted_apart(folder, tmp_path, capsys):
    answers = {"anger": "I'm sorry, I can't help with that.", "happiness": "Blue."}
    with Peer(lambda body: answers["happiness" if is_red(body) else "anger"]) as peer:
        assert run(folder, peer.url, tmp_path / "out", bench=("folder-emotion",)) == 0
    labels = [line["label"] for line in lines(tmp_path / "out/folder-emotion/predictions.jsonl")]
    assert labels.count("refused") == labels.count("unparsed") == 6
    told = capsys.readouterr().err
    assert "0 answered, 6 unparsed, 6 refused" in told


def test_one_picture_that_a_server_does_not_take_is_refused_and_all_of_them_are_a_fault(folder, tmp_path, capsys):
    with Peer(verdict, status=lambda body: 200 if is_red(body) else 400) as peer:
        assert run(folder, peer.url, tmp_path / "out", bench=("folder-spoof",)) == 0
    assert [line["label"] for line in lines(tmp_path / "out/folder-spoof/predictions.jsonl")].count("refused") == 6
    capsys.readouterr()
    with Peer(verdict, status=lambda body: 400) as peer:
        assert run(folder, peer.url, tmp_path / "none") == 2
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_a_picture_that_cannot_be_read_costs_itself_and_the_protocol_says_so(folder, peer, tmp_path, capsys):
    (folder / "pictures/03.png").write_bytes(b"no picture")
    assert run(folder, peer.url, tmp_path / "out") == 0
    assert "1 unreadable" in capsys.readouterr().err
    assert eval_("score", tmp_path / "out") == 0
    assert "1 without an answer" in capsys.readouterr().out


def test_a_limit_is_spread_over_the_classes_and_told_in_every_table(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "out", "--limit", "4") == 0
    items = [line["item"] for line in lines(tmp_path / "out/folder-spoof/items.jsonl")]
    assert [name[-6:] for name in items] == ["00.png", "03.png", "06.png", "09.png"]
    capsys.readouterr()
    assert eval_("score", tmp_path / "out") == 0
    assert "4 of 12 items (--limit)" in capsys.readouterr().out


def test_two_runs_are_compared_on_the_same_items(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "a") == 0
    with Peer(lambda body: "It is live.", lambda body: {"Live": -0.1, "Spoof": -2.4}) as other:
        assert run(folder, other.url, tmp_path / "b", "--served-model", "other") == 0
    capsys.readouterr()
    assert eval_("compare", tmp_path / "a", tmp_path / "b", "--json") == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["UAR"]["first"] == 1 and rows["UAR"]["second"] == 0.5 and rows["UAR"]["p"] < 0.05
    assert rows["UAR"]["models"] == ["peer", "other"]
    assert eval_("compare", tmp_path / "a", tmp_path / "b") == 0 and "other less peer" in capsys.readouterr().out


def test_of_a_model_without_scores_the_labels_are_compared(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "a") == 0
    with Peer(verdict) as bare:
        assert run(folder, bare.url, tmp_path / "b") == 0
    capsys.readouterr()
    assert eval_("compare", tmp_path / "a", tmp_path / "b") == 0
    told = capsys.readouterr().out
    assert "labels alone are compared" in told and "UAR" in told and "AUC" not in told


@pytest.mark.parametrize("strategy, said", [("choice", "B"), ("cot", "The edge is cut.\nAnswer: spoof")])
def test_strategies_change_the_words_and_the_name_and_not_the_items(folder, tmp_path, strategy, said):
    with Peer(lambda body: said) as peer:
        assert run(folder, peer.url, tmp_path / strategy, "--strategy", strategy) == 0
        assert run(folder, peer.url, tmp_path / "direct") == 0
        words = words_of(peer.bodies[0])
    told, direct = (lines(tmp_path / name / "folder-spoof/predictions.jsonl") for name in (strategy, "direct"))
    assert {line["label"] for line in told} == {"spoof"} and {line["model"] for line in told} == {f"peer ({strategy})"}
    assert {line["key"] for line in told} == {line["key"] for line in direct}
    assert ("B. This is a spoof face" in words) == (strategy == "choice") and ("Think step by step" in words) == (
        strategy == "cot"
    )


def test_sovtp_shows_the_marked_picture_and_logs_the_units_of_each(folder, peer, tmp_path, monkeypatch):
    white = Picture(np.full((20, 20, 3), 255, np.uint8))
    monkeypatch.setattr("facewise.eval.asking.face_marks.marked", lambda picture: (white, f"Face 1: {picture.name[-6:-4]}."))
    assert run(folder, peer.url, tmp_path / "out", "--strategy", "sovtp", "--limit", "3") == 0
    told = lines(tmp_path / "out/folder-spoof/predictions.jsonl")
    assert {line["asked"] for line in told} == {"Face 1: 00.", "Face 1: 04.", "Face 1: 08."}
    words = [words_of(body) for body in peer.bodies]
    assert len(words) == 3 and all("Go through these stages" in each for each in words) and "Face 1: 04." in "".join(words)
    assert all(is_red(body) for body in peer.bodies) and {line["label"] for line in told} == {"live"}  # white is red, too


def test_given_predictions_are_scored_by_the_same_parser(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "first", "--limit", "6") == 0
    given = tmp_path / "mine.jsonl"
    items = lines(tmp_path / "first/folder-spoof/items.jsonl")
    given.write_text("".join(json.dumps({"item": each["item"], "text": f"Answer: {each['truth']}"}) + "\n" for each in items))
    assert run(folder, given, tmp_path / "out", "--limit", "6") == 0
    told = lines(tmp_path / "out/folder-spoof/predictions.jsonl")
    assert all(line["label"] == line["truth"] and line["model"] == "mine" for line in told) and len(told) == 6
    capsys.readouterr()
    assert run(folder, given, tmp_path / "all") == 2
    assert "no line for the item" in capsys.readouterr().err


def test_the_journal_of_one_run_is_a_model_of_the_next(folder, peer, tmp_path):
    assert run(folder, peer.url, tmp_path / "first") == 0
    assert run(folder, tmp_path / "first/folder-spoof/predictions.jsonl", tmp_path / "again") == 0
    strip = ("duration_s",)
    first, again = (
        sorted(
            (
                {k: v for k, v in line.items() if k not in strip}
                for line in lines(tmp_path / name / "folder-spoof/predictions.jsonl")
            ),
            key=lambda line: line["key"],
        )
        for name in ("first", "again")
    )
    assert first == again


BAD = [
    (("run", "nonsense", "--model", "default", "--out", "OUT"), "no benchmark is called 'nonsense'"),
    (("run", "folder-spoof", "--model", "default", "--out", "OUT"), "they want one for each of folder"),
    (("run", "synth", "--root", "ROOT", "--model", "default", "--out", "OUT"), "they want none"),
    (("run", "folder-spoof", "--root", "NONE", "--model", "default", "--out", "OUT"), "no such folder"),
    (("run", "folder-spoof", "--root", "ROOT", "--model", "nowhere", "--out", "OUT"), "--model nowhere: no model"),
    (("run", "folder-spoof", "--root", "ROOT", "--model", "http://127.0.0.1:9/v1", "--out", "OUT"), "no connection"),
    (("run", "folder-spoof", "--root", "ROOT", "--model", "default", "--out", "ROOT"), "is not empty and holds no run"),
    (("run", "folder-spoof", "--root", "ROOT", "--model", "default", "--out", "OUT", "--limit", "0"), "--limit 0"),
    (
        ("run", "folder-age", "--root", "ROOT", "--model", "default", "--strategy", "choice", "--out", "OUT"),
        "folder-age has number",
    ),
    (("run", "folder-spoof", "--root", "ROOT", "--model", "default", "--served-model", "x", "--out", "OUT"), "--served-model"),
    (("run", "rafdb", "--root", "ROOT", "--model", "default", "--out", "OUT"), "list_patition_label.txt"),
    (("score", "OUT"), "no run is here"),
    (("report", "OUT"), "no run is here"),
    (("compare", "OUT", "OUT"), "no run is here"),
    (("export", "lmms-eval", "synth-boxes", "--out", "OUT"), "asks for boxes"),
]


@pytest.mark.parametrize("words, told", BAD, ids=[told for _, told in BAD])
def test_bad_input_is_one_line_and_exit_code_2(folder, tmp_path, capsys, monkeypatch, words, told):
    monkeypatch.setattr(
        "facewise.eval.models.choosing._facewise", lambda name: type("Stub", (), {"name": name, "together": 1, "looks": True})()
    )
    places = {"ROOT": str(folder), "OUT": str(tmp_path / "out"), "NONE": str(tmp_path / "none")}
    assert eval_(*(places.get(word, word) for word in words)) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1, error


def test_one_folder_is_one_run(folder, peer, tmp_path, capsys):
    assert run(folder, peer.url, tmp_path / "out") == 0
    capsys.readouterr()
    assert run(folder, peer.url, tmp_path / "out", "--limit", "3") == 2
    assert "holds a run with limit None, not 3" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "judge", "score", "report", "compare", "export"])
def test_help_imports_nothing_heavy(verb):
    code = (
        "import sys\nfrom facewise.cli import main\n"
        f"try: main(['eval', {verb!r}, '--help'])\nexcept SystemExit as leaving: assert not leaving.code\n"
        "print(*[name for name in ('torch', 'transformers', 'numpy', 'cv2', 'mediapipe', 'scipy') if name in sys.modules], '|')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1].strip() == "|"
