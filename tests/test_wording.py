"""Words and numbers agree, both ways: what is said is in the object, what is active is said, nothing else passes."""

import itertools

import numpy as np
import pytest

from facewise.model.answer import ActionUnitReading, Answer, Cue, Emotion
from facewise.model.network.evidence import Evidence
from facewise.model.questions import refusal, task_of
from facewise.model.taxonomy import ATTACKS, AU_CODES, AU_WORDS, CUES, EMOTIONS, NO_PROTOTYPE
from facewise.model.wording import (
    agreeing,
    agrees,
    banned_phrases,
    evidence_text,
    mentioned_aus,
    sentences,
    settled,
    whole_sentences,
    with_codes,
)


def evidence(spoof_logit: float = -3.5, **aus: tuple[float, float, float]) -> Evidence:
    return Evidence(
        aus=dict.fromkeys(AU_CODES, (0.0, 0.0, 0.1)) | aus,
        emotion=dict.fromkeys((*EMOTIONS, NO_PROTOTYPE), 0.025) | {"happiness": 0.8},
        spoof_logit=spoof_logit,
        attack=dict.fromkeys(ATTACKS, 0.05) | {"print": 0.5},
        cues=dict.fromkeys(CUES, 0.1) | {"halftone": 0.9, "edge": 0.7, "glare": 0.6},
        attack_map=np.zeros((14, 14), np.float32),
    )


def au_answer(task: str = "au", **readings: tuple[float, str]) -> Answer:
    aus = {code: ActionUnitReading(0.0, 0.1, "both") for code in AU_CODES}
    aus |= {code: ActionUnitReading(intensity, 0.9, side) for code, (intensity, side) in readings.items()}
    return Answer(task, "-", aus=aus, emotion=Emotion("happiness", {"happiness": 0.8}) if task != "au" else None)


SMILE = {"AU6": (2.0, "both"), "AU12": (3.0, "both")}
SPOOF = Answer("spoof", "-", "spoof", 0.9, attack="print", cues=(Cue("edge", 0.9), Cue("halftone", 0.8)))


def test_the_evidence_names_what_is_active_with_level_and_side():
    text = evidence_text(evidence(AU12=(3.1, 3.0, 0.97), AU43=(1.2, 0.0, 0.8), AU4=(2.0, 2.0, 0.2)))
    assert text == "spoof 3%; lip corners pulled up 3, eyes closed 1 left; happiness 80%"


def test_the_evidence_of_a_probable_attack_names_its_type_and_two_clearest_cues():
    assert evidence_text(evidence(3.5)) == "spoof 97%, print, halftone, edge; no clear muscle action; happiness 80%"


def test_the_evidence_stays_short_however_much_is_active():
    everything = evidence(5.0, **dict.fromkeys(AU_CODES, (5.0, 1.0, 0.99)))
    assert len(evidence_text(everything).split()) <= 32


def test_no_words_of_an_action_unit_begin_those_of_another():
    for one, other in itertools.permutations(AU_WORDS.values(), 2):
        assert not other.startswith(one)


@pytest.mark.parametrize("task", ["au", "emotion", "describe"])
def test_what_is_settled_agrees_with_its_object(task):
    for codes in ([], ["AU12"], ["AU12", "AU6"], AU_CODES[:5]):
        answer = au_answer(task, **dict.fromkeys(codes, (2.0, "left")))
        assert agrees(settled(answer), answer), settled(answer)


@pytest.mark.parametrize("answer", [SPOOF, Answer("spoof", "-", "live", 0.1), Answer("spoof", "-", "uncertain", 0.5)])
def test_a_settled_verdict_agrees_with_its_object(answer):
    assert agrees(settled(answer), answer)


@pytest.mark.parametrize(
    "text",
    [
        "The face shows lip corners pulled up.",  # AU6 is left out
        "The face shows cheeks raised, lip corners pulled up and nose wrinkled.",
        "The face shows cheeks raised and lip corners pulled up on the left.",
        "The face shows cheeks raised and lip corners pulled up. The person is happy.",
        "The face shows cheeks raised and lip corners pulled up. It resembles anger.",
        "The face shows cheeks raised and lip corners pulled up. AU4 is there, too.",
        "The face shows cheeks raised and lip corners pulled up. This is a fake.",
        "The face shows cheeks raised, lip corners pulled up and lip corners pulled down.",  # no action unit's words
        "The face shows cheeks raised and lip corners pulled up. There is no sign of deception.",
    ],
)
def test_a_text_that_says_less_more_or_other_does_not_agree(text):
    assert not agrees(text, au_answer(**SMILE))


@pytest.mark.parametrize(
    "text",
    [
        "The face shows cheeks raised and lip corners pulled up.",
        "Cheeks clearly raised, lip corners are pulled up; the nose wrinkled? No, no nose wrinkled here.",
        "The face shows cheeks raised and lip corners pulled up, without brows drawn down.",
    ],
)
def test_a_text_that_says_the_same_in_other_words_agrees(text):
    assert agrees(text, au_answer(**SMILE)) == ("wrinkled?" not in text)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Spoof. The likely attack type is print. Visible signs: edge and halftone.", True),
        ("Spoof. The likely attack type is replay.", False),
        ("Spoof. The evidence points to the configuration.", False),
        ("Spoof. Visible signs: moire.", False),
        ("Live. No sign of an attack.", False),
        ("Spoof. It is a live person.", False),
    ],
)
def test_a_verdict_names_the_type_and_the_cues_of_its_object(text, fits):
    assert agrees(text, SPOOF) == fits


def test_only_agreeing_sentences_are_kept():
    parts = sentences("The face shows cheeks raised and lip corners pulled up. The nose wrinkled. It looks calm.")
    assert agreeing(parts, au_answer(**SMILE)) == "The face shows cheeks raised and lip corners pulled up. It looks calm."


def test_codes_follow_the_words_and_are_read_back():
    text = with_codes("The face shows cheeks raised and lip corners pulled up.")
    assert text == "The face shows cheeks raised (AU6) and lip corners pulled up (AU12)."
    assert mentioned_aus(text) == ["AU6", "AU12"] and with_codes(text) == text


def test_a_denied_action_unit_is_not_mentioned():
    assert mentioned_aus("There is no nose wrinkled, but the chin raised.") == ["AU17"]


def test_bans_leave_out_what_the_object_shows():
    banned = banned_phrases(au_answer("describe", **SMILE))
    assert not {"cheeks raised", "lip corners pulled up", "happiness"} & set(banned)
    assert {"nose wrinkled", "Nose wrinkled", "anger", "sad"} <= set(banned)


def test_a_sentence_that_was_cut_off_is_dropped():
    assert whole_sentences("One. Two is cut", ended=False) == "One."
    assert whole_sentences("One. Two is whole", ended=True) == "One. Two is whole."


@pytest.mark.parametrize(
    "question",
    [
        "Who is this?",
        "Is she autistic?",
        "Is he muslim?",
        "Is this man gay?",
        "What race is this person?",
        "Is he lying?",
        "How attractive is she?",
    ],
)
def test_what_no_face_tells_is_declined(question):
    assert refusal(question).startswith("I cannot tell")


@pytest.mark.parametrize(
    "question",
    [
        "Is this person real?",
        "Is the mouth straight?",
        "Is the face lying on paper?",
        "Who made this print, or is it real?",
        "Does she look happy?",
        "Is the light white?",
    ],
)
def test_nothing_else_is_declined(question):
    assert refusal(question) is None


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("Is this face real, and why?", "spoof"),
        ("Is AU 12 active?", "au"),
        ("Which emotion is it?", "emotion"),
        ("Describe this face.", "describe"),
        ("Are there glasses?", "chat"),
    ],
)
def test_a_question_finds_its_task(question, task):
    assert task_of(question) == task
