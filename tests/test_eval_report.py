"""The three files of a report, and tasks for other harnesses, from predictions that are laid there: no model is asked."""

import csv
import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml
from eval_folders import own_folder

from facewise.cli import main
from facewise.eval.answers.out import answered, claim, save_run, write_items
from facewise.eval.answers.predictions import Journal, Prediction
from facewise.eval.answers.table import read_table
from facewise.eval.asking.items import part
from facewise.eval.asking.strategies import prompt_of
from facewise.eval.benchmarks.benchmarks import BENCHMARKS
from facewise.eval.metrics.spotting import Movement
from facewise.eval.reporting.figures import Bar, Line, bars, confusion, plane, timeline
from facewise.eval.reporting.report import HEADLINES
from facewise.eval.scoring.rows import score
from facewise.eval.scoring.text_bias import named, ties

EVIL = '<script>alert("x")</script>'
LABELS = {
    "folder-spoof": lambda n, truth: (truth if n else "uncertain", {"spoof": 0.1 + 0.06 * n}),
    "folder-emotion": lambda n, truth: (("anger", "refused", "unparsed")[n % 3], {}),
    "folder-units": lambda n, truth: (["AU12"], {"AU12": 0.25 * n, "AU4": 1.0}),
    "folder-age": lambda n, truth: (truth + n, {}),
}


def laid(out: Path, folder: Path, names=tuple(LABELS), leaks=None, text=lambda item: EVIL) -> Path:
    """A run's folder whose answers are LABELS'."""
    run = claim(out, {"model": EVIL, "asked": "m", "strategy": "direct", "limit": None, "facewise": "0"})
    for name in names:
        benchmark = BENCHMARKS[name]
        found = part(benchmark, {"folder": folder}, {})
        write_items(out / name, out, benchmark, prompt_of(benchmark, "direct"), {"test": found.items})
        with Journal(out / name / "predictions.jsonl") as journal:
            for n, item in enumerate(found.items):
                label, scores = LABELS[name](n, item.truth)
                journal.append(
                    Prediction(
                        item.key(benchmark),
                        item.name,
                        text(item),
                        label,
                        item.truth,
                        EVIL,
                        "1",
                        item.record.subject,
                        "",
                        scores,
                        groups=item.groups,
                    )
                )
        run["benchmarks"][name] = {
            "version": "1",
            "items": len(found.items),
            "of": found.of,
            "faults": {"no media": 3},
            "leaks": leaks or {},
        }
    save_run(out, run)
    return out


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("reported")
    leaks = {"tested": 6, "trained on": 1, "first": ["s0"], "not checked": []}
    out = laid(root / "out", own_folder(root / "own"), leaks=leaks)
    assert main(["eval", "report", str(out), "--verbose"]) == 0
    return out


class Checked(HTMLParser):
    """Tags that are opened are closed, and nothing is fetched or run."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert tag not in ("script", "link", "iframe") and not any(name.startswith("on") for name, _ in attrs)
        source = dict(attrs).get("src", dict(attrs).get("href", "#"))
        assert source.startswith(("data:image/jpeg", "#")), source
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_needs_no_network_and_runs_nothing(reported):
    text = (reported / "report.html").read_text()
    page = Checked()
    page.feed(text)
    assert not page.open and {"svg", "table", "figure", "img"} <= page.seen
    assert "default-src 'none'" in text and EVIL not in text
    assert text.count('<figure class="mistake">') >= 8 and "NaN" not in text


def test_every_number_stands_beside_what_it_is_worth(reported):
    told = json.loads((reported / "report.json").read_text())
    assert [each["name"] for each in told["benchmarks"]] == list(LABELS)
    for each in told["benchmarks"]:
        assert each["question"] == BENCHMARKS[each["name"]].question and each["leaks"]["trained on"] == 1
        for row in each["rows"]:
            assert row["protocol"] and row["version"] == "1" and row["domain"] == "real" and row["n"] >= 0
    table = read_table(reported / "folder-emotion/predictions.jsonl", BENCHMARKS["folder-emotion"])
    assert {row.metric: row.value for row in score(table, BENCHMARKS["folder-emotion"])} == {
        row["metric"]: row["value"] for row in told["benchmarks"][1]["rows"]
    }


def test_the_points_of_roc_and_det_are_in_the_json(reported):
    told = {each["name"]: each["errors"] for each in json.loads((reported / "report.json").read_text())["benchmarks"]}
    assert told["folder-age"] is None and told["folder-spoof"]["of"] == "items"
    curve = told["folder-spoof"]
    assert len({len(curve[name]) for name in ("threshold", "APCER", "APCER worst species", "BPCER")}) == 1
    assert curve["threshold"][-1] is None and (curve["APCER"][0], curve["BPCER"][0]) == (0, 1) and curve["APCER"][-1] == 1
    page = (reported / "report.html").read_text()
    assert "DET of items, normal deviates; dashed: the species that is missed most" in page and 'aria-label="ROC"' in page
    assert page.count('class="other"') == 1


def test_the_summary_has_a_headline_of_each_benchmark(reported):
    text = (reported / "report.md").read_text()
    head = text.split("## ")[0]
    assert all(f"| {name} (real) |" in head for name in LABELS)
    assert "1 of 6 test subjects are in the model's training material (s0)" in text and "no media 3" in text
    assert all(line.count("|") == line.replace("\\|", "").count("|") for line in text.splitlines())
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.task in HEADLINES, name


def test_a_page_without_pictures_has_none(reported):
    assert main(["eval", "report", str(reported), "--no-pictures", "--verbose"]) == 0
    assert "<img" not in (reported / "report.html").read_text()


def test_words_of_texts_are_held_against_groups(tmp_path):
    texts = {"female": "She looks happy.", "male": "He seems angry."}
    out = laid(
        tmp_path / "out", own_folder(tmp_path / "own", 60), ("folder-emotion",), text=lambda item: texts[item.groups["gender"]]
    )
    (answers,) = answered(out)
    gender, age = ties(answers)
    assert (gender.column, age.column) == ("gender", "age group") and gender.said.v > 0.8 > age.said.v and gender.said.p < 1e-6
    assert "anger of male 20 times for 6.7" in gender.told() and named("Joy, and no fear") == ["fear", "happiness"]


def test_figures_hold_what_they_are_given():
    matrix = confusion(np.array([[3, 1, 0], [0, 2, 2]]), ["a<b", "c"])
    assert matrix.count("<rect") == 6 and "a&lt;b called c: 1 of 4" in matrix
    curve = plane([Line(np.array([(0, 0), (0.5, 1), (1, 1)]), name="ROC")], "x", "y", "t")
    assert 'points="44.0,270.0 174.0,10.0 304.0,10.0"' in curve
    drawn = bars([Bar("AU1", 0.5, 0.25, 0.75, 9, 0.5), Bar("AU2", None, None, None, 0)], "F1")
    assert drawn.count('class="bar"') == 1 and "nothing to measure, n = 0" in drawn
    lines = timeline([("clip", [Movement(0, 9)], [Movement(5, 9, "macro")]), ("still", [], [])], "t")
    assert lines.count("truth micro") == 1 and lines.count("claim macro") == 1


# Tasks for other harnesses


@pytest.fixture
def folder(tmp_path) -> Path:
    return own_folder(tmp_path / "own")


def exported(form: str, folder: Path, *names: str) -> Path:
    out = folder.parent / form
    assert main(["eval", "export", form, *names, "--root", str(folder), "--out", str(out), "--verbose"]) == 0
    return out


def test_tasks_for_lmms_eval_score_by_themselves(folder):
    out = exported("lmms-eval", folder, "folder-emotion", "folder-spoof", "folder-units", "folder-age")
    text = (out / "facewise_folder_spoof.yaml").read_text()
    told = yaml.safe_load(re.sub(r"!function ", "", text))
    assert told["task"] == "facewise_folder_spoof" and told["metric_list"][0]["metric"] == "accuracy"
    rows = [json.loads(line) for line in Path(told["dataset_kwargs"]["data_files"]["test"]).read_text().splitlines()]
    assert len(rows) == 12 and rows[0]["question"] == BENCHMARKS["folder-spoof"].question and rows[1]["target"] == "spoof"
    spec = importlib.util.spec_from_file_location("task_functions", out / "task_functions.py")
    functions = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(functions)
    assert functions.visuals(rows[0])[0].size == (24, 24)
    assert functions.results(rows[1], ["It is a spoof."]) == {"accuracy": 1.0}
    assert functions.results(rows[1], ["live or spoof"]) == {"accuracy": 0.0}
    units, ages = (json.loads((out / f"facewise_folder_{name}.jsonl").read_text().splitlines()[0]) for name in ("units", "age"))
    assert functions.results(units, ["AU12, AU4"]) == {"f1": pytest.approx(2 / 3)}
    assert functions.results(ages, ["25 years"]) == {"absolute_error": 5.0}


def test_a_table_for_vlmevalkit_is_multiple_choice(folder):
    out = exported("vlmevalkit", folder, "folder-emotion", "folder-spoof")
    csv.field_size_limit(10**7)
    with (out / "facewise_folder_spoof.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 12 and [rows[0]["answer"], rows[1]["answer"]] == ["A", "B"] and rows[0]["B"].startswith("This is a spoof")
    with (out / "facewise_folder_emotion.tsv").open(newline="") as file:
        first = next(csv.DictReader(file, delimiter="\t"))
    assert first[first["answer"]] == "happiness" and "Answer with" not in first["question"]


def test_a_folder_that_is_taken_and_a_task_that_a_format_cannot_hold_are_told(folder, capsys):
    assert main(["eval", "export", "vlmevalkit", "folder-spoof", "--root", str(folder), "--out", str(folder), "--verbose"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (
        main(["eval", "export", "vlmevalkit", "folder-age", "--root", str(folder), "--out", str(folder / "new"), "--verbose"])
        == 2
    )
    assert "vlmevalkit holds class, spoof here" in capsys.readouterr().err
