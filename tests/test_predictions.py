"""predictions.jsonl: a killed run goes on, no key twice, one writer, wrong lines told; and its columns, by task."""

import json
import math

import numpy as np
import pytest

from facewise.eval.answers.predictions import Journal, Prediction, key_of, lines, prediction_of
from facewise.eval.answers.table import ANSWERED, DECLINED, NO_LABEL, read_table, table_of
from facewise.eval.benchmark import Benchmark
from facewise.model.errors import FacewiseError

EMOTIONS = ("happiness", "sadness")
FER = Benchmark("fer", "1", "class", "fer2013", "test", EMOTIONS, "Which?", ("classes",), groups=("sex",))
FAS = Benchmark("fas", "1", "spoof", "folder", "test", (), "Real?", ("error rates",))
AUS = Benchmark("aus", "1", "units", "disfa", "3-fold", ("AU1", "AU12"), "Which?", ("unit f1",), positive_at=2)


def prediction(number: int = 0, **more) -> Prediction:
    told = {"text": "Happy.", "label": "happiness", "truth": "sadness", "model": "m", "version": "1", "subject": f"s{number % 3}"}
    return Prediction(key_of("fer", f"item {number}", "Which?"), f"item {number}", **(told | more))


def test_what_is_written_is_read(tmp_path):
    full = prediction(1, scores={"happiness": 0.9}, log_probs={"Live": -0.1}, groups={"sex": "female"}, duration_s=0.25, clip="c")
    with Journal(tmp_path / "predictions.jsonl") as journal:
        journal.append(full)
        journal.append(prediction(2, text="", label="unparsed"))
    first, second = map(prediction_of, lines(tmp_path / "predictions.jsonl"))
    assert first == full and second == prediction(2, text="", label="unparsed")
    assert "scores" not in (tmp_path / "predictions.jsonl").read_text().splitlines()[1]


def test_the_key_holds_the_benchmark_what_is_shown_and_what_is_asked():
    keys = {key_of("a", "b", "c"), key_of("a", "b", "d"), key_of("a", "c", "c"), key_of("b", "b", "c"), key_of("ab", "", "c")}
    assert len(keys) == 5 and all(len(key) == 32 for key in keys) and key_of("a", "b", "c") == key_of("a", "b", "c")


@pytest.mark.parametrize("torn", [b'{"key": "00', b"{", b'{"key": "0011", "label": 1, "truth": 2, "text": "\xc3'])
def test_a_killed_run_goes_on_to_the_same_file(tmp_path, torn):
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    for path, count in ((whole, 5), (killed, 2)):
        with Journal(path) as journal:
            for number in range(count):
                journal.append(prediction(number))
    with killed.open("ab") as file:
        file.write(torn)
    assert len(list(lines(killed))) == 2
    with Journal(killed) as journal:
        assert len(journal) == 2
        for number in range(5):
            if prediction(number).key not in journal:
                journal.append(prediction(number))
    assert killed.read_bytes() == whole.read_bytes()


def test_a_torn_line_longer_than_what_is_read_at_once_is_taken_off(tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"x" * 200_000)
    with Journal(path) as journal:
        assert len(journal) == 0
    assert path.read_bytes() == b""


def test_no_key_is_written_twice(tmp_path):
    with Journal(tmp_path / "p.jsonl") as journal:
        journal.append(prediction())
        with pytest.raises(FacewiseError, match="item 0 was answered before"):
            journal.append(prediction(text="Sad."))
    with Journal(tmp_path / "p.jsonl") as journal, pytest.raises(FacewiseError, match="before"):
        journal.append(prediction())
    assert len(list(lines(tmp_path / "p.jsonl"))) == 1


def test_two_runs_do_not_write_one_file(tmp_path):
    with Journal(tmp_path / "p.jsonl"), pytest.raises(FacewiseError, match="another run"):
        Journal(tmp_path / "p.jsonl")
    Journal(tmp_path / "p.jsonl").__exit__()


def test_a_line_that_the_disk_takes_half_of_is_taken_back(tmp_path, monkeypatch):
    with Journal(tmp_path / "p.jsonl") as journal:
        journal.append(prediction(1))

        class Full:
            """A disk with ten bytes left."""

            def __init__(self, file):
                self.file = file

            def __getattr__(self, name):
                return getattr(self.file, name)

            def write(self, line):
                return self.file.write(line[:10])

        monkeypatch.setattr(journal, "_file", Full(journal._file))
        with pytest.raises(FacewiseError, match="the disk is full"):
            journal.append(prediction(2))
        assert prediction(2).key not in journal
    assert [values["item"] for values in lines(tmp_path / "p.jsonl")] == ["item 1"]
    assert (tmp_path / "p.jsonl").read_bytes().endswith(b"\n")


def test_numbers_that_json_does_not_know_are_not_written(tmp_path):
    with Journal(tmp_path / "p.jsonl") as journal:
        with pytest.raises(FacewiseError, match="item 0"):
            journal.append(prediction(scores={"happiness": math.nan}))
        journal.append(prediction(scores={"happiness": None}))
    assert len(list(lines(tmp_path / "p.jsonl"))) == 1


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"key": 3, "label": 1, "truth": 1}', '{"key": "00"}', ""])
def test_a_line_that_is_none_of_ours_is_told_by_its_number(tmp_path, line):
    path = tmp_path / "p.jsonl"
    with Journal(path) as journal:
        journal.append(prediction())
    with path.open("a") as file:
        file.write(line + "\n")
    for read in (lambda: list(lines(path)), lambda: Journal(path), lambda: read_table(path, FER)):
        with pytest.raises(FacewiseError, match="p.jsonl:2: no line of predictions"):
            read()


def test_a_file_that_is_not_there_or_cannot_be_written_is_told(tmp_path):
    with pytest.raises(FacewiseError, match="no such file"):
        list(lines(tmp_path / "none.jsonl"))
    with pytest.raises(FacewiseError, match="cannot be opened"):
        Journal(tmp_path / "none" / "p.jsonl")


# As columns


def row(number: int = 0, **more) -> dict:
    return json.loads(json.dumps({**vars(prediction(number)), **more}))


def test_classes_become_numbers_and_no_answer_is_none():
    labels = ("sadness", "unparsed", "refused", "happiness")
    table = table_of([row(i, label=label, groups={"sex": "xy"[i % 2]}) for i, label in enumerate(labels)], FER)
    assert table.truth.tolist() == [1] * 4 and table.label.tolist() == [1, -1, -1, 0]
    assert table.state.tolist() == [ANSWERED, NO_LABEL, DECLINED, ANSWERED]
    assert table.subject.names == ("s0", "s1", "s2") and table.subject.codes.tolist() == [0, 1, 2, 0]
    assert table.groups["sex"].names == ("x", "y") and table.models == ("m",)


def test_a_subject_that_is_not_known_is_its_own():
    table = table_of([row(i, subject=name) for i, name in enumerate(("a", "", "a", ""))], FER)
    assert table.subjects.people == 3 and table.subjects.place.tolist() == [0, 2 - 1, 0, 2]


def test_names_are_sorted_whatever_order_they_come_in():
    one, other = (table_of([row(i, subject=s) for i, s in enumerate(names)], FER) for names in ("bac", "cab"))
    assert one.subject.names == other.subject.names == ("a", "b", "c")
    assert one.subject.codes.tolist() == [1, 0, 2]


def test_units_keep_what_is_not_coded_apart_from_what_is_silent():
    rows = [
        row(0, truth={"AU1": 3, "AU12": None}, label=["AU12", "AU4"], scores={"AU1": 0.5}),
        row(1, truth={"AU1": 0, "AU12": 5}, label="refused"),
    ]
    table = table_of(rows, AUS)
    np.testing.assert_array_equal(table.truth, [[3, np.nan], [0, 5]])
    np.testing.assert_array_equal(table.label, [[0, 1], [np.nan, np.nan]])
    np.testing.assert_array_equal(table.scores["AU1"], [0.5, np.nan])


def test_spoofs_have_a_score_and_a_species():
    rows = [
        row(0, truth="spoof", label="uncertain", scores={"spoof": 0.4}, groups={"attack": "print"}),
        row(1, truth="live", label="live"),
    ]
    table = table_of(rows, FAS)
    assert table.truth.tolist() == [1, 0] and table.label.tolist() == [2, 0]
    assert table.groups["attack"].codes.tolist() == [0, -1]
    np.testing.assert_array_equal(table.scores["spoof"], [0.4, np.nan])


@pytest.mark.parametrize(
    "wrong", [{"label": "rage"}, {"truth": "rage"}, {"truth": None}, {"truth": ""}, {"label": 3.5}, {"key": "xyz"}, {"groups": 3}]
)
def test_what_is_no_prediction_of_the_benchmark_is_told_by_its_line(wrong):
    with pytest.raises(FacewiseError, match="predictions:2: no prediction of fer"):
        table_of([row(0), row(1, **wrong)], FER)


@pytest.mark.parametrize(
    "task, wrong",
    [
        ("boxes", [[1, 2, 3]]),
        ("boxes", "a"),
        ("movements", [{"onset": 3}]),
        ("movements", [{"onset": 3, "offset": 4, "colour": "red"}]),
        ("movements", [{"onset": 3, "offset": 2}]),
        ("movements", [{"onset": "3", "offset": 4}]),
        ("cues", [3]),
        ("text", 3),
        ("affect", [0.5]),
        ("number", "old"),
    ],
)
def test_what_has_not_the_shape_of_its_task_is_told_by_its_line(task, wrong):
    with pytest.raises(FacewiseError, match="predictions:1: no prediction of any"):
        table_of([row(0, truth=wrong)], Benchmark("any", "1", task, "folder", "P", (), "?", ()))


def test_a_key_that_stands_there_twice_is_told():
    with pytest.raises(FacewiseError, match="twice"):
        table_of([row(0), row(0)], FER)


def test_some_items_are_taken_with_their_subjects_counted_anew():
    table = table_of([row(i, subject=s) for i, s in enumerate(("b", "", "c", "b"))], FER).take(np.array([3, 1]))
    assert table.subject.names == ("b",) and table.subject.codes.tolist() == [0, -1] and len(table) == 2
    assert table.subjects.people == 2


@pytest.mark.parametrize("wrong", [{"task": "dance"}, {"per": "frame"}, {"labels": ()}])
def test_a_benchmark_that_cannot_be_is_told(wrong):
    with pytest.raises(FacewiseError, match="benchmark fer"):
        Benchmark(**{**vars(FER), **wrong})
