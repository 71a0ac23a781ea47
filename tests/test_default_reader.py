"""The model that the table judges: numbers of the largest face in batches, verdicts from the first word's odds, each picture judged once."""

import json
from typing import ClassVar

import numpy as np
import pytest
from tiny_assistant import tiny_encoder

from facewise.eval.default.__main__ import main
from facewise.eval.default.material import EXAMPLES
from facewise.eval.default.reader import Reader, active, levels
from facewise.model.engines.protocol import Completion
from facewise.model.errors import FacewiseError
from facewise.model.network.perceive import Perceiver
from facewise.model.perception.picture import Picture, read_picture


class Words:
    """An engine that finds every face three times as likely a spoof, or has no odds; counts its requests."""

    name = "words"

    def __init__(self, has_odds: bool = True):
        self.asked, self.has_odds = 0, has_odds

    def complete(self, requests):
        self.asked += len(requests)
        odds = {"Live": float(np.log(0.25)), "Spoof": float(np.log(0.75))} if self.has_odds else None
        assert all(request.max_tokens == 0 for request in requests)
        return [Completion("", odds) for _ in requests]


class Tiny:
    calibration: ClassVar = {"llm": 1.0, "head": 0.0, "bias": 0.0, "low": 0.4, "high": 0.6}

    def __init__(self, has_odds: bool = True):
        self.perceiver, self.engine = Perceiver(tiny_encoder()), Words(has_odds)


@pytest.fixture
def reader() -> Reader:
    made = Reader("default")
    made.assistant = Tiny()
    return made


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return [read_picture(EXAMPLES / "invented-face.jpg"), Picture(np.full((80, 80, 3), 90, np.uint8), "plain")]


def test_a_verdict_joins_the_odds_as_answers_do_and_no_face_has_none(reader, pictures):
    found, nothing = reader.verdicts(pictures)
    assert nothing is None
    assert (found.score, found.label) == (0.75, "spoof")
    assert found.look.size == pictures[0].pixels.shape[1::-1]


def test_a_picture_is_judged_once_for_every_question(reader, pictures):
    reader.verdicts(pictures)
    reader.verdicts(pictures)
    assert reader.assistant.engine.asked == 1
    reader.verdicts(pictures, "Is it live?")
    assert reader.assistant.engine.asked == 2


def test_numbers_in_a_batch_are_those_of_the_perceiver(reader, pictures):
    one, nothing, again = reader.looks([*pictures, pictures[0]])
    alone = reader.assistant.perceiver.perceive(pictures[0]).faces[0]
    assert nothing is None
    assert np.allclose(levels(one.numbers), levels(alone.evidence), atol=1e-4)
    assert np.allclose(levels(one.numbers), levels(again.numbers), atol=1e-5)
    assert one.wide_box == alone.wide_box and active(one.numbers).shape == (22,)


def test_an_engine_without_odds_cannot_be_judged(pictures):
    reader = Reader("default")
    reader.assistant = Tiny(has_odds=False)
    with pytest.raises(FacewiseError, match="no log-probabilities"):
        reader.verdicts(pictures)


@pytest.mark.slow
def test_the_drawn_people_of_a_checkout_are_judged_by_the_shipped_weights(tmp_path, capsys):
    assert main(["--only", "examples", "--out", str(tmp_path / "out"), "--json", str(tmp_path / "rows.json")]) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert {row["domain"] for row in rows} == {"simulated"} and all(row["target"] is None for row in rows)
    assert "drawn people called live" in capsys.readouterr().out
