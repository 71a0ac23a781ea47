"""The answer object: what it leaves out, and that its schema is the design's contract with nothing taken away."""

import json
import os
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from facewise.model.answer import (
    ActionUnitReading,
    Answer,
    Cue,
    Digital,
    Emotion,
    Face,
    Interval,
    Quality,
    Reply,
    schema,
)

BOX = (1.0, 2.0, 30.0, 40.0)
AUS = {"AU12": ActionUnitReading(3.1, 0.97, "both")}
HAPPY = Emotion("happiness", {"happiness": 0.8}, "positive")


def reply(*answers: Answer) -> Reply:
    streams = {"landmarks": True, "spoof": True, "motion": False}
    faces = tuple(Face(i, BOX, Quality(True, ()), streams, answer) for i, answer in enumerate(answers))
    return Reply("a.jpg", faces, "facewise-135m", {"perceive": 5.0, "answer": 9.0})


SPOOF = Answer(
    "spoof",
    "Spoof.",
    label="spoof",
    score=0.9,
    attack="print",
    boxes=(BOX,),
    cues=(Cue("edge", 0.9, BOX),),
    digital=Digital(0.1),
)
VALID = [
    reply(SPOOF, Answer("au", "The face shows lip corners pulled up (AU12).", aus=AUS, baseline="population")),
    reply(Answer("spoof", "Uncertain.", label="uncertain", score=None, score_missing="no log-probabilities")),
    reply(Answer("emotion", "The configuration resembles happiness.", emotion=HAPPY)),
    reply(Answer("micro", "A short movement.", intervals=(Interval(1, 2, 3, "micro", 0.5, AUS, HAPPY, "x", 0.1),))),
    Reply("b.jpg", (), "facewise-135m", {}, note="no face was found", backend="mediapipe"),
    Reply("c.jpg", error="c.jpg is not a picture"),
]
INVALID = [
    reply(Answer("spoof", "Spoof.", label="spoof")),
    reply(Answer("spoof", "Live.", label="real", score=0.1)),
    reply(Answer("au", "The face shows nothing.")),
    reply(Answer("emotion", "It resembles joy.", emotion=Emotion("joy", {}))),
    reply(Answer("chat", "")),
    Reply("b.jpg", (), "facewise-135m"),
    Reply("b.jpg"),
]


@pytest.fixture(scope="module")
def design() -> dict:
    folder = os.environ.get("FACEWISE_SHARED")
    if not folder:
        pytest.skip("FACEWISE_SHARED is not set: the design's schema is not here")
    return json.loads(Path(folder, "answer.schema.json").read_text())


@pytest.mark.parametrize("good", VALID)
def test_a_good_reply_validates(good):
    jsonschema.validate(good.to_dict(), schema())


@pytest.mark.parametrize("bad", INVALID)
def test_a_bad_reply_does_not_validate(bad):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad.to_dict(), schema())


def test_a_reply_survives_json_and_leaves_absent_parts_out():
    plain = VALID[0].to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert "note" not in plain and "frame" not in plain["faces"][0]
    assert "score" not in plain["faces"][1]["answer"]
    assert plain["faces"][0]["answer"]["boxes"] == [list(BOX)]


def test_a_spoof_answer_keeps_its_null_score():
    assert VALID[1].to_dict()["faces"][0]["answer"]["score"] is None


def test_a_reply_speaks_for_its_largest_face():
    assert (VALID[0].text, VALID[0].label, VALID[0].score) == ("Spoof.", "spoof", 0.9)
    assert VALID[0].faces[0].boxes == (BOX,)
    assert (VALID[4].text, VALID[4].label) == ("no face was found", None)
    assert VALID[5].text == "c.jpg is not a picture"


def test_the_committed_schema_is_the_generated_one():
    assert json.loads(files("facewise.model").joinpath("answer.schema.json").read_text()) == schema()


@pytest.mark.shared
def test_nothing_of_the_designs_schema_is_missing(design):
    assert list(lacking(design, schema(), "")) == []


@pytest.mark.shared
@pytest.mark.parametrize("good", VALID)
def test_a_good_reply_validates_against_the_design(good, design):
    jsonschema.validate(good.to_dict(), design)


def lacking(wanted, got, where):
    """Paths of what `wanted` has and `got` does not; lists of plain values count as sets."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key, part in wanted.items():
            yield from lacking(part, got[key], f"{where}/{key}") if key in got else [f"{where}/{key}"]
    elif isinstance(wanted, list) and any(isinstance(part, dict) for part in wanted):
        for i, (part, other) in enumerate(zip(wanted, got, strict=True)):
            yield from lacking(part, other, f"{where}/{i}")
    elif not set(wanted) <= set(got) if isinstance(wanted, list) else wanted != got:
        yield where
