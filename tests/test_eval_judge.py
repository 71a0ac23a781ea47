"""`facewise eval judge` against a played server: each answer is marked once, strictly read, and no other number moves."""

import json
from pathlib import Path

import pytest
from eval_folders import Peer, own_folder, words_of

from facewise.cli import main
from facewise.eval.answers.parsing import label_of
from facewise.eval.scoring.marks import CRITERIA, JUDGING, truth_told

ANSWERS = {"spoof": "It is a spoof: the edge of a print is seen.", "live": "It is a live face."}


def eval_(*words: object) -> int:
    return main(["eval", *map(str, words), *(["--verbose"] if words[0] in ("run", "judge", "report") else [])])


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def marking(body: dict) -> str:
    """By what is labelled; of prints no mark, of replays a refusal."""
    words = words_of(body)
    if "Labels: spoof, print" in words:
        return 'I would say {"picture": 11, "truth": 5, "completeness": 5}.'
    if "Labels: spoof, replay" in words:
        return "I'm sorry, I can't help with that."
    return '```json\n{"reason": "No grounds.", "picture": 9, "truth": 10, "completeness": 2}\n```'


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("answered")
    folder = own_folder(root / "own")
    with Peer(lambda body: ANSWERS["spoof"]) as peer:
        assert eval_("run", "folder-spoof", "--root", folder, "--model", peer.url, "--out", root / "out") == 0
    return root / "out"


@pytest.fixture
def out(answered, tmp_path) -> Path:
    import shutil

    return Path(shutil.copytree(answered, tmp_path / "out"))


def test_each_answer_is_marked_once_and_the_rest_is_counted_apart(out, capsys):
    with Peer(marking) as judge:
        assert eval_("judge", out, "--model", judge.url) == 0
        assert len(judge.bodies) == 12 and "3 refused, 3 unparsed" in capsys.readouterr().err
        assert eval_("judge", out, "--model", judge.url) == 0 and len(judge.bodies) == 12
        words = words_of(judge.bodies[0])
    assert "Question: Is this a live face" in words and f"-----\n{ANSWERS['spoof']}\n-----" in words
    told = lines(out / "folder-spoof/judged.jsonl")
    assert len(told) == 12 and {line["model"] for line in told} == {"peer"}
    capsys.readouterr()
    assert eval_("score", out, "--json") == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert [rows[f"judge peer: {name}"]["value"] for name in CRITERIA] == [9, 10, 2]
    assert (
        rows["judge peer: truth"]["n"] == 6
        and rows["judge peer: unparsed"]["value"] == rows["judge peer: refused"]["value"] == 0.25
    )
    assert rows["judge peer: truth"]["low"] == 10 and rows["judge peer: truth"]["benchmark"] == "folder-spoof"


def test_marks_move_no_other_number_and_without_a_judge_nothing_is_asked(out, capsys):
    assert eval_("score", out, "--json") == 0
    before = json.loads(capsys.readouterr().out)
    with Peer(marking) as judge:
        assert eval_("judge", out, "folder-spoof", "--model", judge.url, "--limit", 4) == 0 and len(judge.bodies) == 4
        capsys.readouterr()
        assert eval_("score", out, "--json") == 0 and len(judge.bodies) == 4
    after = json.loads(capsys.readouterr().out)
    assert after[: len(before)] == before and all(row["metric"].startswith("judge peer: ") for row in after[len(before) :])


def test_a_judge_that_was_stopped_goes_on_to_the_identical_report(out, tmp_path):
    with Peer(marking) as judge:
        assert eval_("judge", out, "--model", judge.url, "--at-once", 1) == 0
        assert eval_("report", out) == 0
        whole = {name: (out / name).read_bytes() for name in ("report.html", "report.md", "report.json")}
        journal = out / "folder-spoof/judged.jsonl"
        kept = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(reversed(kept[2:7])) + kept[0][:50])
        assert eval_("judge", out, "--model", judge.url) == 0 and len(judge.bodies) == 12 + 7
    assert eval_("report", out) == 0
    assert whole == {name: (out / name).read_bytes() for name in whole}
    assert b"Marked by peer, which is the model itself: 6 of 12 answers" in whole["report.md"]
    assert b"| folder-spoof (real) | judge peer: completeness | 2.000 | [2.000, 2.000] | 6 |" in whole["report.md"]


def test_an_answer_that_changed_is_marked_anew_and_its_old_mark_is_forgotten(out, capsys):
    predictions = out / "folder-spoof/predictions.jsonl"
    with Peer(marking) as judge:
        assert eval_("judge", out, "--model", judge.url) == 0
        first, *others = lines(predictions)
        predictions.write_text("".join(json.dumps(line) + "\n" for line in ({**first, "text": "Spoof, by its rim."}, *others)))
        capsys.readouterr()
        assert eval_("score", out) == 0 and "judge peer: completeness" in capsys.readouterr().out
        assert eval_("judge", out, "--model", judge.url) == 0 and len(judge.bodies) == 13
    assert len(lines(out / "folder-spoof/judged.jsonl")) == 13
    capsys.readouterr()
    assert eval_("score", out, "--json") == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["judge peer: answered"]["n"] == 12


def test_two_runs_are_compared_by_the_marks_of_one_judge(out, tmp_path, capsys):
    with Peer(lambda body: ANSWERS["live"]) as peer, Peer(marking) as judge:
        other = tmp_path / "other"
        folder = own_folder(tmp_path / "own")
        assert eval_("run", "folder-spoof", "--root", folder, "--model", peer.url, "--out", other, "--served-model", "other") == 0
        assert eval_("judge", out, "--model", judge.url, "--limit", 8) == eval_("judge", other, "--model", judge.url) == 0
    capsys.readouterr()
    assert eval_("compare", out, other, "--json") == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["judge peer: picture"]["difference"] == 0 and rows["judge peer: picture"]["models"] == ["peer", "other"]


BAD = [
    (("--model", "default"), "cannot judge"),
    (("--model", "nowhere"), "no model"),
    (("--model", "http://127.0.0.1:9/v1"), "no connection"),
    (("--model", "http://127.0.0.1:9/v1", "--limit", "0"), "--limit 0"),
    (("rafdb", "--model", "http://127.0.0.1:9/v1"), "rafdb has no answers there"),
]


@pytest.mark.parametrize("words, told", BAD, ids=[told for _, told in BAD])
def test_what_cannot_judge_is_told_in_one_line(out, capsys, words, told):
    assert eval_("judge", out, *words) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1, error


def test_a_server_of_ours_is_no_judge(out, capsys, monkeypatch):
    monkeypatch.setattr("facewise.eval.asking.judge.model_of", lambda asked: object())
    assert eval_("judge", out, "--model", "http://127.0.0.1:9/v1") == 2
    assert "is a Facewise model" in capsys.readouterr().err


def test_a_judge_that_tells_nothing_apart_is_told(tmp_path):
    with Peer(lambda body: ANSWERS["live"]) as peer, Peer(lambda body: '{"picture": 8, "truth": 8, "completeness": 8}') as judge:
        folder = own_folder(tmp_path / "own", 20)
        assert eval_("run", "folder-emotion", "--root", folder, "--model", peer.url, "--out", tmp_path / "out") == 0
        assert eval_("judge", tmp_path / "out", "--model", judge.url, "--served-model", "other") == 0
    assert eval_("report", tmp_path / "out") == 0
    (told,) = json.loads((tmp_path / "out/report.json").read_text())["benchmarks"]
    assert told["judges"][:2] == [
        "Marked by other: 20 of 20 answers",
        "It gave 8 for picture to 20 of 20: it tells nothing apart there",
    ]


@pytest.mark.parametrize(
    "text, label",
    [
        ('{"picture": 1, "truth": 2, "completeness": 10}', {"picture": 1, "truth": 2, "completeness": 10}),
        (
            '<think>{"picture": 4}</think> {"completeness": 3, "truth": 2, "picture": 1}',
            {"picture": 1, "truth": 2, "completeness": 3},
        ),
        ('{"picture": 1, "truth": 2, "completeness": 0}', "unparsed"),
        ('{"picture": 1, "truth": 2, "completeness": 7.5}', "unparsed"),
        ('{"picture": true, "truth": 2, "completeness": 7}', "unparsed"),
        ('{"picture": 1, "truth": 2}', "unparsed"),
        ('{"picture": 1, "truth": 2, "completeness": 3} or {"picture": 2, "truth": 2, "completeness": 3}', "unparsed"),
        ("picture 8, truth 8, completeness 8", "unparsed"),
        ("I cannot assist with that.", "refused"),
    ],
)
def test_marks_are_read_strictly(text, label):
    assert label_of(text, JUDGING) == label


def test_truths_are_told_in_words():
    assert truth_told({"truth": "spoof", "groups": {"attack": "print"}}) == "spoof, print"
    assert truth_told({"truth": {"AU12": 3.0, "AU4": 0.0, "AU9": None}}) == "AU12 3; out of AU12, AU4"
    assert truth_told({"truth": [{"onset": 3, "offset": 9, "kind": "micro", "emotion": ""}]}) == "onset 3, offset 9, kind micro"
    assert truth_told({"truth": ["bezel", "moire"]}) == "bezel; moire" and truth_told({"truth": 31.0}) == "31.0"
