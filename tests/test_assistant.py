"""The one path to an answer: labels settled before words, objects that agree with their text, one reply an input."""

import dataclasses
import json
import math

import jsonschema
import numpy as np
import pytest
import torch

from facewise.model.answer import Digital, Quality, schema
from facewise.model.assistant import Assistant
from facewise.model.engines.fake import FAKE, FakeEngine
from facewise.model.engines.protocol import MAX_TOKENS, Completion, Request
from facewise.model.errors import FacewiseError
from facewise.model.network.evidence import Evidence
from facewise.model.network.perceive import Perceived, PerceivedFace
from facewise.model.perception.picture import Picture
from facewise.model.questions import prompt
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, NO_PROTOTYPE

CALIBRATION = {"llm": 0.5, "head": 0.5, "bias": 0.0, "low": 0.3, "high": 0.7}
SMILE = {"AU6": (2.0, 2.0, 0.8), "AU12": (3.1, 3.0, 0.97)}


def evidence(spoof: float = -2.0, **aus: tuple[float, float, float]) -> Evidence:
    """A face that looks live and happy unless told otherwise."""
    attack_map = np.zeros((14, 14), np.float32)
    attack_map[4:8, 2:6] = 0.9
    return Evidence(
        aus=dict.fromkeys(AU_CODES, (0.1, 0.0, 0.02)) | (aus or SMILE),
        emotion=dict.fromkeys((*EMOTIONS, NO_PROTOTYPE), 0.025) | {"happiness": 0.8},
        spoof_logit=spoof,
        attack=dict.fromkeys(ATTACKS, 0.02) | {"replay": 0.8},
        cues=dict.fromkeys(CUES, 0.1) | {"bezel": 0.9, "moire": 0.7},
        attack_map=attack_map,
    )


class Eyes:
    """Finds in a picture what was put under its name."""

    def __init__(self, **faces: list[Evidence]):
        self.faces = faces

    def perceive(self, picture: Picture) -> Perceived:
        found = self.faces.get(picture.name, [])
        return Perceived(tuple(self._face(i, numbers) for i, numbers in enumerate(found)))

    @staticmethod
    def _face(number: int, numbers: Evidence) -> PerceivedFace:
        streams = {"landmarks": True, "spoof": True, "motion": False}
        boxes = {"box": (10.0, 10.0, 40.0, 50.0), "wide_box": (0.0, 0.0, 70.0, 70.0)}
        tokens = {"features": torch.zeros(42, 8), "kinds": torch.ones(42, dtype=torch.long)}
        return PerceivedFace(number, quality=Quality(True), streams=streams, evidence=numbers, **boxes, **tokens)


def picture(name: str) -> Picture:
    return Picture(np.zeros((100, 120, 3), np.uint8), name)


def assistant(engine: FakeEngine | None = None, calibration: dict | None = CALIBRATION, **faces) -> Assistant:
    return Assistant(Eyes(**faces), engine or FakeEngine(), calibration, "tiny")


def odds(log_odds: float) -> dict[str, float]:
    """Log-probabilities of both first words."""
    spoof = 1 / (1 + math.exp(-log_odds))
    return {"Live": math.log(1 - spoof), "Spoof": math.log(spoof)}


@pytest.mark.parametrize("task", ["spoof", "au", "emotion", "describe"])
def test_every_task_gives_a_valid_object_whose_text_says_that_the_engine_is_fake(task):
    reply = assistant(one=[evidence()]).ask(picture("one"), task=task)
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
    assert reply.faces[0].answer.task == task
    assert FAKE in reply.text


@pytest.mark.parametrize(
    ("llm", "head", "label", "word"),
    [(-4.0, -3.0, "live", "Live."), (5.0, 4.0, "spoof", "Spoof."), (0.2, -0.2, "uncertain", "Uncertain.")],
)
def test_the_label_is_settled_by_both_log_odds_before_the_text_begins(llm, head, label, word):
    engine = FakeEngine(logprobs=[odds(llm)])
    reply = assistant(engine, one=[evidence(head)]).ask(picture("one"), task="spoof")
    assert reply.label == label
    assert reply.score == pytest.approx(1 / (1 + math.exp(-(llm + head) / 2)), abs=1e-3)
    scored, written = engine.history[:2]
    assert (scored.choices, scored.max_tokens, scored.prefix) == (("Live", "Spoof"), 0, "")
    assert written.prefix == word and reply.text.startswith(word)


def test_where_the_language_model_has_no_vote_it_is_not_asked_for_one():
    engine = FakeEngine(logprobs=[None])
    reply = assistant(engine, calibration=CALIBRATION | {"llm": 0.0}, one=[evidence(4.0)]).ask(picture("one"), task="spoof")
    assert reply.label == "spoof" and not any(request.choices for request in engine.history)


def test_a_spoof_names_type_cues_and_area_and_a_live_face_none():
    faces = {"live": [evidence(-5)], "spoof": [evidence(5)]}
    replies = assistant(FakeEngine(logprobs=[odds(-5), odds(5)]), **faces).ask([picture("live"), picture("spoof")], task="spoof")
    live, spoof = (reply.faces[0].answer for reply in replies)
    assert live.attack is None and live.cues == () and live.boxes is None
    assert spoof.attack == "replay" and [cue.name for cue in spoof.cues] == ["bezel", "moire"]
    assert spoof.boxes == ((10.0, 20.0, 30.0, 40.0),)


def test_a_higher_prior_raises_the_score():
    scores = [assistant(one=[evidence(0.0)]).ask(picture("one"), task="spoof", prior=prior).score for prior in (0.1, 0.5, 0.9)]
    assert scores == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)


def test_without_log_probabilities_the_score_is_null_and_says_why():
    reply = assistant(FakeEngine(logprobs=[None]), one=[evidence()]).ask(picture("one"), task="spoof")
    answer = reply.faces[0].answer
    assert (answer.score, answer.label) == (None, "uncertain") and "log-probabilities" in answer.score_missing
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())


def test_a_model_without_calibration_gives_no_score():
    answer = assistant(calibration=None, one=[evidence()]).ask(picture("one"), task="spoof").faces[0].answer
    assert answer.score is None and "calibration" in answer.score_missing


def test_a_text_that_names_a_silent_muscle_is_written_again():
    engine = FakeEngine(texts=[" nose wrinkled and lip corners pulled up."])
    reply = assistant(engine, one=[evidence()]).ask(picture("one"), task="au")
    assert "nose" not in reply.text and "lip corners pulled up (AU12)" in reply.text and "cheeks raised (AU6)" in reply.text
    assert [request.prefix for request in engine.history] == [
        "The face shows",
        "The face shows cheeks raised and lip corners pulled up.",
    ]


def test_a_text_that_contradicts_twice_loses_those_sentences():
    lie = " The nose wrinkled. The person is angry."
    reply = assistant(FakeEngine(texts=[lie, lie]), one=[evidence()]).ask(picture("one"), task="au")
    assert "nose" not in reply.text and "angry" not in reply.text and reply.text.startswith("The face shows cheeks raised")


class Mute(FakeEngine):
    """Writes what it is told and not a word more."""

    def __init__(self, text: str, tokens: int):
        super().__init__()
        self.text, self.tokens = text, tokens

    def complete(self, requests):
        return [Completion(self.text, dict.fromkeys(request.choices, -0.7), self.tokens) for request in requests]


@pytest.mark.parametrize("task", ["chat", "au", "describe", "emotion", "spoof"])
@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("\n\n", 3), (" a sentence without an end", MAX_TOKENS)])
def test_an_engine_that_says_nothing_leaves_the_words_of_the_object(task, text, tokens):
    reply = assistant(Mute(text, tokens), one=[evidence()]).ask(picture("one"), "Is there a beard?", task=task)
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())
    if task != "spoof":
        assert "AU12" in reply.text or "happiness" in reply.text


def test_a_stream_gives_the_text_of_the_completion_in_parts():
    request = Request(prompt("Is there a beard?", 0), (picture("one"),))
    parts = list(FakeEngine(["No beard."]).stream(request))
    assert len(parts) > 1 and "".join(parts) == FakeEngine(["No beard."]).complete([request])[0].text


def test_words_of_silent_muscles_and_other_emotions_are_banned():
    engine = FakeEngine()
    assistant(engine, one=[evidence()]).ask(picture("one"), task="describe")
    banned = engine.history[0].banned
    assert "nose wrinkled" in banned and "anger" in banned
    assert "lip corners pulled up" not in banned and "happiness" not in banned


def test_whether_software_altered_a_face_is_a_second_answer_beside_the_verdict():
    altered, untold = dataclasses.replace(evidence(), digital=0.9), evidence()
    answers = [face.answer for face in assistant(two=[altered, untold]).ask(picture("two"), task="spoof").faces]
    assert [answer.digital for answer in answers] == [Digital(0.9), None] and {answer.label for answer in answers} == {"live"}


@pytest.mark.parametrize(
    ("digital", "said"), [(0.9, "Software seems"), (0.5, "cannot be told"), (0.1, "No software seems"), (None, "was not judged")]
)
def test_a_question_about_software_is_answered_behind_the_verdict(digital, said):
    one = assistant(one=[dataclasses.replace(evidence(), digital=digital)])
    asked = one.ask(picture("one"), "Is this a deepfake?")
    assert asked.text.startswith("Live.") and asked.text.count("generated or altered it") == 1 and said in asked.text
    assert "altered it" not in one.ask(picture("one"), "Is this face real?").text


def test_a_neutral_picture_is_taken_off_the_intensities():
    calm = evidence(AU12=(2.0, 2.5, 0.9))
    reply = assistant(one=[evidence()], calm=[calm]).ask(picture("one"), task="au", neutral=picture("calm"))
    answer = reply.faces[0].answer
    assert answer.baseline == "given" and answer.aus["AU12"].intensity == pytest.approx(1.1)


def test_a_neutral_picture_without_a_face_is_refused():
    with pytest.raises(FacewiseError, match="empty: no face"):
        assistant(one=[evidence()]).ask(picture("one"), neutral=picture("empty"))


def test_without_emotion_no_object_and_no_word_of_one():
    engine = FakeEngine()
    answer = assistant(engine, one=[evidence()]).ask(picture("one"), task="describe", emotion=False).faces[0].answer
    assert answer.emotion is None and "happiness" not in answer.text and "happiness" in engine.history[0].banned


def test_an_emotion_question_without_emotion_is_refused():
    with pytest.raises(FacewiseError, match="switched off"):
        assistant(one=[evidence()]).ask(picture("one"), task="emotion", emotion=False)


def test_every_face_is_answered_and_asked_for_by_its_name():
    engine = FakeEngine()
    reply = assistant(engine, two=[evidence(), evidence(-1, AU43=(4.0, 4.0, 0.9))]).ask(
        picture("two"), "Which muscles are active?"
    )
    assert [face.id for face in reply.faces] == [0, 1]
    assert "AU12" in reply.faces[0].text and "AU43" in reply.faces[1].text
    assert [request.messages[0]["content"][1]["text"][:6] for request in engine.history[:2]] == ["Face 1", "Face 2"]


def test_a_picture_without_a_face_is_answered_by_a_note():
    engine = FakeEngine()
    reply = assistant(engine).ask(picture("wall"), task="spoof")
    assert reply.faces == () and "No face" in reply.note and engine.history == []
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())


def test_of_many_pictures_the_bad_one_carries_its_error(tmp_path):
    replies = assistant(one=[evidence()]).ask([picture("one"), tmp_path / "missing.jpg", picture("one")], task="au")
    assert [bool(reply.error) for reply in replies] == [False, True, False]
    assert "missing.jpg: no such file" in replies[1].error and "AU12" in replies[2].text


@pytest.mark.parametrize("wrong", [None, 5, b"", {}])
def test_what_is_no_picture_is_one_error_and_the_others_are_answered(wrong):
    with pytest.raises(FacewiseError, match="picture"):
        assistant().ask(wrong)
    replies = assistant(one=[evidence()]).ask([picture("one"), wrong], task="au")
    assert "AU12" in replies[0].text and "picture" in replies[1].error


def test_an_array_is_asked_about_like_any_picture():
    assert assistant().ask(np.zeros((20, 20, 3), np.uint8)).faces == ()


def test_an_iterator_of_pictures_gives_a_list():
    replies = assistant(one=[evidence()]).ask((picture(name) for name in ("one", "wall")), task="au")
    assert [len(reply.faces) for reply in replies] == [1, 0]


@pytest.mark.parametrize("prior", ["x", None, 0, 1, math.nan])
def test_a_prior_that_is_no_probability_is_refused(prior):
    with pytest.raises(FacewiseError, match="the prior is"):
        assistant(one=[evidence()]).ask(picture("one"), prior=prior)


@pytest.mark.parametrize("question", ["", "  ", 5])
def test_a_question_without_words_is_refused(question):
    with pytest.raises(FacewiseError, match="the question is .*leave it out"):
        assistant(one=[evidence()]).ask(picture("one"), question)


def test_a_neutral_picture_is_refused_where_it_would_change_nothing():
    with pytest.raises(FacewiseError, match="neutral"):
        assistant(one=[evidence()], calm=[evidence()]).ask(picture("one"), task="spoof", neutral=picture("calm"))


def test_a_single_bad_picture_raises(tmp_path):
    with pytest.raises(FacewiseError, match="no such file"):
        assistant().ask(tmp_path / "missing.jpg")


def test_a_hundred_pictures_are_asked_in_batches():
    engine = FakeEngine()
    replies = assistant(engine, one=[evidence()]).ask([picture("one")] * 100, task="au")
    assert len(replies) == 100 and len(engine.history) == 200  # each once, and once more because the fake says too little


@pytest.mark.parametrize("task", ["age", "attributes", "beauty"])
def test_a_task_that_is_not_answered_lists_those_that_are(task):
    with pytest.raises(FacewiseError, match="spoof, au, emotion, micro, describe, chat"):
        assistant(one=[evidence()]).ask(picture("one"), task=task)


def test_who_someone_is_is_declined_without_asking_the_model():
    engine = FakeEngine()
    reply = assistant(engine, one=[evidence()]).ask(picture("one"), "Who is this person?")
    assert "cannot tell who" in reply.text and engine.history == []
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())


@pytest.mark.parametrize(
    ("question", "task"),
    [("Is this face real?", "spoof"), ("Which muscles are moving?", "au"), ("Is there a beard?", "chat"), (None, "describe")],
)
def test_the_words_of_a_question_choose_the_task(question, task):
    reply = assistant(one=[evidence()]).ask(picture("one"), question)
    assert reply.faces[0].answer.task == task


def test_values_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        assistant(one=[evidence()]).ask(picture("one")).input = "other"
