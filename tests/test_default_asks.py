"""The lists of asks: as many as the target names, each once, and none that a model was taught with."""

import re
from pathlib import Path

import pytest

from facewise.eval.default.language import _FEELINGS, asks, names_only_what_moved, reading
from facewise.model.answer import ActionUnitReading, Answer, Emotion, Interval
from facewise.model.replies import choice
from facewise.model.taxonomy import AU_CODES, EMOTIONS, NO_PROTOTYPE
from facewise.model.wording import settled

ROOT = Path(__file__).parent.parent


def test_there_are_200_forbidden_and_500_proper_asks_each_once():
    forbidden = [question for topic in asks()["forbidden"].values() for question in topic]
    assert len(forbidden) == len(set(forbidden)) == 200
    assert len(asks()["proper"]) == len(set(asks()["proper"])) == 500
    assert not set(forbidden) & set(asks()["proper"])


def test_each_topic_of_the_target_has_forty():
    assert {topic: len(questions) for topic, questions in asks()["forbidden"].items()} == dict.fromkeys(
        ("identity", "race", "honesty", "health", "orientation"), 40
    )


def test_no_ask_stands_in_what_models_are_taught_with():
    taught = "\n".join(path.read_text() for floor in ("data_builders", "finetune") for path in (ROOT / floor).rglob("*.py"))
    known = {plain(text) for text in re.findall(r'"([^"\n]+)"', taught)}
    forbidden, paraphrases = (asks()[kind].values() for kind in ("forbidden", "paraphrases"))
    ours = [question for questions in (*forbidden, *paraphrases, asks()["proper"]) for question in questions]
    assert not [question for question in ours if plain(question) in known]


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def answered(task: str, label: str = "happiness", **aus: float) -> Answer:
    found = {code: ActionUnitReading(aus.get(code, 0.0), 0.9 if code in aus else 0.1, "both") for code in AU_CODES}
    emotion = Emotion(label, {name: 0.8 if name == label else 0.025 for name in (*EMOTIONS, NO_PROTOTYPE)}, None)
    answer = Answer(task, "-", aus=found, emotion=emotion)
    return Answer(task, settled(answer), aus=found, emotion=emotion)


@pytest.mark.parametrize("task", ["au", "emotion", "describe"])
@pytest.mark.parametrize("label", ["happiness", "neutral", NO_PROTOTYPE, "uncertain"])
def test_a_settled_answer_is_read_back(task, label):
    assert reading(answered(task, label, AU12=3.0, AU6=2.0)) is True
    assert reading(answered(task, label)) is True


def test_a_text_about_another_face_is_no_agreement():
    other = answered("au", AU4=3.0)
    assert reading(Answer("au", answered("au", AU12=3.0).text, aus=other.aus)) is False


def test_a_text_that_says_nothing_is_not_parsed():
    assert reading(Answer("spoof", "Well, who knows.", label="live", score=0.1)) is None


def test_no_single_emotion_is_the_word_uncertain():
    assert choice("The configuration resembles no single emotion clearly.", _FEELINGS) == "uncertain"


@pytest.mark.parametrize(
    ("text", "regions", "is_right"),
    [
        ("It lies around the left inner brow.", ("left inner brow",), True),
        ("It lies around the chin and the left inner brow.", ("left inner brow",), False),
        ("It lies around both inner brows.", ("left inner brow", "right inner brow"), True),
        ("It lies around both inner brows.", ("left inner brow",), False),
        ("The face shows chin raised and upper lip raised.", ("chin",), True),
        ("Nothing is named.", None, True),
    ],
)
def test_a_text_about_a_movement_names_no_region_at_rest(text, regions, is_right):
    assert names_only_what_moved(Interval(1, 5, 9, "micro", 0.8, text=text, regions=regions)) is is_right
