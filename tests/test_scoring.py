"""Scoring by hand: rows with n, interval, chance, protocol and domain; thresholds of a dev set; comparing; every metric runs on its task."""

import json
import subprocess
import sys

import numpy as np
import pytest

from facewise.eval.answers.predictions import key_of
from facewise.eval.answers.table import table_of
from facewise.eval.benchmark import Benchmark
from facewise.eval.scoring.measures import METRICS
from facewise.eval.scoring.rows import as_json, as_text, compare, compared_text, score
from facewise.model.errors import FacewiseError

FER = Benchmark("fer", "1", "class", "fer2013", "private test", ("a", "b"), "Which?", ("classes",), simulated=True)
FAS = Benchmark("fas", "2", "spoof", "folder", "P1", (), "Real?", ("error rates", "curves"))


def rows(benchmark: Benchmark, pairs: list, model: str = "m", **more) -> list[dict]:
    """(truth, label, what else differs) of items, each with its own subject unless it is told."""
    return [
        {
            "key": key_of(benchmark.name, str(i), "?"),
            "item": str(i),
            "text": "",
            "truth": truth,
            "label": label,
            "model": model,
            "version": benchmark.version,
            **more,
            **own,
        }
        for i, (truth, label, own) in enumerate(pairs)
    ]


def values(found: list) -> dict:
    return {row.metric: row.value for row in found}


def attack(score, label="spoof", kind="print", **more):
    return "spoof", label, {"scores": {"spoof": score}, "groups": {"attack": kind}, **more}


def live(score, label="live", **more):
    return "live", label, {"scores": {"spoof": score}, **more}


def test_every_row_says_what_it_is_worth():
    table = table_of(rows(FER, [("a", "a", {}), ("a", "refused", {}), ("b", "b", {}), ("b", "unparsed", {})]), FER)
    found = score(table, FER)
    assert values(found)["WAR"] == values(found)["UAR"] == 0.5
    assert (values(found)["answered"], values(found)["unparsed"], values(found)["refused"]) == (0.5, 0.25, 0.25)
    war = next(row for row in found if row.metric == "WAR")
    assert (war.n, war.chance, war.protocol, war.version, war.domain, war.model) == (
        4,
        0.5,
        "private test",
        "1",
        "simulated",
        "m",
    )
    assert war.low <= 0.5 <= war.high


def test_a_protocols_own_chance_level_stands_over_the_computed_one():
    benchmark = Benchmark(**{**vars(FER), "chance": {"WAR": 0.143}})
    found = score(table_of(rows(FER, [("a", "a", {})]), benchmark), benchmark)
    assert {row.metric: row.chance for row in found}["WAR"] == 0.143


def test_scores_are_cut_at_the_benchmarks_threshold_or_at_the_dev_sets():
    """Test: attacks .3 .8, live .1 .6. At .5: APCER 1/2, BPCER 1/2. Dev: live up to .2, attacks from .25: at .225 nothing is missed."""
    test = table_of(rows(FAS, [attack(0.3), attack(0.8), live(0.1), live(0.6)]), FAS)
    dev = table_of(rows(FAS, [live(0.2), live(0.1), attack(0.25), attack(0.9)]), FAS)
    at_half, at_dev = values(score(test, FAS)), values(score(test, FAS, dev))
    assert at_half["HTER at 0.5"] == 0.5 and at_half["APCER print"] == 0.5
    assert at_dev["HTER at the dev set's EER"] == 0.25 and at_dev["APCER print"] == 0
    assert at_half["EER"] == 0.5 and at_half["AUC"] == 0.75


def test_refused_and_unparsed_ones_are_non_response_whatever_score_they_have():
    test = table_of(rows(FAS, [attack(0.9), attack(0.9, "refused"), live(0.1), live(0.1, "unparsed")]), FAS)
    found = values(score(test, FAS))
    assert found["APNRR"] == 0.5 and found["BPNRR"] == 0.5 and found["ACER"] == 0
    assert found["ACER, no response wrong"] == 0.5


def test_without_scores_the_labels_are_held_against_the_truth_and_have_no_curve():
    bare = [
        ("spoof", "live", {"groups": {"attack": "print"}}),
        ("spoof", "spoof", {}),
        ("live", "live", {}),
        ("live", "uncertain", {}),
    ]
    found = values(score(table_of(rows(FAS, bare), FAS), FAS))
    assert found["APCER print"] == 1 and found["APCER unnamed"] == 0 and found["BPCER"] == 0 and found["BPNRR"] == 0.5
    assert "HTER of labels" in found and found["AUC"] is None


def test_frames_of_a_clip_are_averaged():
    clips = Benchmark(**{**vars(FAS), "per": "clip"})
    frames = [attack(0.2, clip="a"), attack(0.9, clip="a"), live(0.7, clip="b"), live(0.1, clip="b")]
    found = values(score(table_of(rows(clips, frames), clips), clips))
    assert found["ACER"] == 0 and found["AUC"] == 1
    with pytest.raises(FacewiseError, match="1 predictions name none"):
        score(table_of(rows(clips, [attack(0.2), live(0.1, clip="b")]), clips), clips)


def test_the_dev_set_needs_both_classes_and_the_same_model():
    test = table_of(rows(FAS, [attack(0.3), live(0.6)]), FAS)
    with pytest.raises(FacewiseError, match="live items and attacks"):
        score(test, FAS, table_of(rows(FAS, [attack(0.3)]), FAS))
    with pytest.raises(FacewiseError, match="answered by other"):
        score(test, FAS, table_of(rows(FAS, [attack(0.3), live(0.1)], "other"), FAS))


@pytest.mark.parametrize(
    "change, told",
    [({"version": "9"}, "version 1, 9 of fer"), ({"model": "other"}, "score each model's file alone")],
)
def test_mixed_files_are_not_scored(change, told):
    mixed = rows(FER, [("a", "a", {}), ("b", "b", change)])
    with pytest.raises(FacewiseError, match=told):
        score(table_of(mixed, FER), FER)


def test_no_predictions_and_unknown_metrics_are_told():
    with pytest.raises(FacewiseError, match="no predictions"):
        score(table_of([], FER), FER)
    with pytest.raises(FacewiseError, match="metric 'age'; a task of class has classes, uf1, fairness"):
        score(table_of(rows(FER, [("a", "a", {})]), FER), Benchmark(**{**vars(FER), "metrics": ("age",)}))


def test_text_and_json_hold_the_same_rows():
    found = score(table_of(rows(FER, [("a", "a", {}), ("b", "a", {})]), FER), FER)
    told, objects = as_text(found).splitlines(), json.loads(as_json(found))
    assert told[0] == "fer 1, protocol private test, simulated, model m"
    assert len(told) == len(objects) + 2 and objects[3]["metric"] == "WAR" and objects[3]["value"] == 0.5
    assert told[5].split()[:2] == ["WAR", "0.500"] and as_text([]) == compared_text([]) == ""


def test_two_models_are_compared_on_the_same_items():
    """The second is right where the first is, and on half of the rest."""
    truth = ["a", "b"] * 100
    first = [(t, t if i < 100 else "ab"[t == "a"], {}) for i, t in enumerate(truth)]
    second = [(t, t if i < 150 else "ab"[t == "a"], {}) for i, t in enumerate(truth)]
    shuffled = [rows(FER, second, "n")[i] for i in np.random.default_rng(0).permutation(200)]
    found = compare(table_of(rows(FER, first), FER), table_of(shuffled, FER), FER)
    war, exact = found[:2]
    assert (war.first, war.second, war.difference) == (0.5, 0.75, 0.25) and war.low > 0.15 and war.p < 0.01
    assert war.models == ("m", "n") and exact.test == "McNemar" and exact.p == pytest.approx(2 / 2**50)
    assert "n less m" in compared_text(found)
    assert json.loads(as_json(found))[0]["difference"] == 0.25


def test_items_of_one_subject_get_no_mcnemar():
    table = table_of(rows(FER, [("a", "a", {}), ("b", "b", {})], subject="s"), FER)
    assert {row.test for row in compare(table, table, FER)} == {"paired bootstrap"}


def test_models_that_answered_different_items_or_truths_are_not_compared():
    one, two = (rows(FER, [("a", "a", {})] * n) for n in (2, 3))
    with pytest.raises(FacewiseError, match="1 items were answered by one"):
        compare(table_of(one, FER), table_of(two, FER), FER)
    with pytest.raises(FacewiseError, match="different truths"):
        compare(table_of(one, FER), table_of(rows(FER, [("b", "a", {})] * 2), FER), FER)


def test_scores_are_not_compared_with_bare_labels():
    scored = rows(FAS, [attack(0.3), live(0.6)])
    bare = rows(FAS, [("spoof", "live", {"groups": {"attack": "print"}}), ("live", "live", {})], "n")
    with pytest.raises(FacewiseError, match="labels without scores"):
        compare(table_of(scored, FAS), table_of(bare, FAS), FAS)


def test_scoring_loads_no_model_and_no_data_library():
    heavy = ("torch", "transformers", "vllm", "datasets", "pandas", "cv2", "mediapipe", "sklearn", "scipy", "sacrebleu")
    code = f"import sys, facewise.eval.scoring.rows; print(*[name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


# Every metric on its task

UNITS = {"AU1": 2.0, "AU12": 0.0}
MOVEMENT = [{"onset": 3, "offset": 12, "kind": "micro", "emotion": "surprise"}]
ITEMS = {
    "class": [
        ("a", "a", {"groups": {"sex": "x"}}),
        ("b", "unparsed", {"groups": {"sex": "y"}}),
        ("a", "b", {"groups": {"sex": "y"}}),
    ],
    "spoof": [attack(0.8), attack(0.6, "uncertain", "replay"), live(0.1), live(0.2), live(0.9, "spoof"), live(None, "refused")],
    "units": [
        (UNITS, ["AU1"], {"scores": UNITS}),
        ({"AU1": 0, "AU12": 3}, ["AU12"], {"scores": {"AU1": 1, "AU12": 2}}),
        (UNITS, "refused", {}),
    ],
    "number": [(20, 22, {}), (40, "unparsed", {})],
    "affect": [([0.1, 0.2], [0.1, 0.3], {}), ([0.5, -0.2], [0.4, 0], {}), ([0, 0], "refused", {})],
    "boxes": [
        ([[0, 0, 2, 2]], [[0, 0, 2, 2]], {}),
        ([[0, 0, 2, 2]], [[0, 0, 2, 1, 0.5]], {}),
        ([], [], {}),
        ([[1, 1, 2, 2]], "unparsed", {}),
    ],
    "movements": [(MOVEMENT, MOVEMENT, {}), (MOVEMENT, [], {}), ([], "refused", {})],
    "cues": [(["bezel"], ["bezel", "moire"], {}), (["edge"], "unparsed", {})],
    "text": [("the brows are raised", "brows are raised", {}), ("a smile", "refused", {})],
    "marks": [("k1", {"picture": 9, "truth": 2}, {}), ("k2", {"picture": 8, "truth": 10}, {}), ("k3", "unparsed", {})],
}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_runs_and_leaves_no_nan(name):
    for task in METRICS[name][0]:
        labels = {
            "class": ("a", "b"),
            "units": tuple(UNITS),
            "movements": ("surprise", "others"),
            "marks": ("picture", "truth"),
        }.get(task, ())
        groups = ("sex",) if task == "class" else ("attack",) if name == "fairness" else ()
        benchmark = Benchmark("any", "1", task, "folder", "P", labels, "?", (name,), groups=groups)
        found = score(table_of(rows(benchmark, ITEMS[task]), benchmark), benchmark, resamples=50)
        table = table_of(rows(benchmark, ITEMS[task]), benchmark)
        assert {row.difference for row in compare(table, table, benchmark, resamples=5)} <= {0, None}
        assert len(found) > 3 and "NaN" not in as_json(found)
        assert any(row.value is not None for row in found[3:]), name


def test_the_same_predictions_give_the_same_table():
    told = rows(FAS, [attack(0.3), attack(0.8, kind="replay"), live(0.1), live(0.6)] * 5)
    assert as_json(score(table_of(told, FAS), FAS)) == as_json(score(table_of(told, FAS), FAS))
