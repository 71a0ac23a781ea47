"""Instruction rows by template: a question from a pool and the answer that a face's numbers and labels justify.

A verdict comes from the label; attack type, cues, action units and emotion are stated as the evidence gives them, because the language
model's work is to put evidence into words that agree with it. Rows are in TRL's message format.
"""

from ...model.answer import Answer
from ...model.network.evidence import Evidence
from ...model.questions import DEFAULT_QUESTIONS
from ...model.readings import action_units, attack_type, emotion, is_active, visible_cues
from ...model.taxonomy import AU_WORDS
from ...model.wording import level, settled

QUESTIONS = {
    "spoof": (
        DEFAULT_QUESTIONS["spoof"],
        "Is this face real?",
        "Is this a live person or a spoof?",
        "Is the face in the image real or a presentation attack?",
        "Real or fake?",
        "What type of attack is this, if any?",
        "Could this be a printed photo or a screen?",
        "Why is this face live or spoof?",
    ),
    "au": (
        DEFAULT_QUESTIONS["au"],
        "Which muscles are moving?",
        "Which action units are active?",
        "Name the facial action units in this picture.",
        "What are the muscles of this face doing?",
        "Which AUs do you see?",
    ),
    "emotion": (
        DEFAULT_QUESTIONS["emotion"],
        "Which emotion is shown?",
        "What does the expression look like?",
        "Name the emotion that this face resembles.",
        "Is this expression happy, sad or something else?",
    ),
    "describe": (
        DEFAULT_QUESTIONS["describe"],
        "Describe the face in this picture.",
        "Give a description of the face.",
        "What do you see in this face?",
        "Describe the person's expression in a few words.",
    ),
}


def answer_text(task: str, face: Evidence, live: bool | None) -> str:
    text = settled(_object(task, face, live))
    return f"{text} {_strongest(face)}".strip() if task == "au" else text


def _object(task: str, face: Evidence, live: bool | None) -> Answer:
    if task != "spoof":
        return Answer(task, "-", aus=action_units(face), emotion=emotion(face))
    if live is not False:
        return Answer(task, "-", "live" if live else None)
    return Answer(task, "-", "spoof", attack=attack_type(face), cues=visible_cues(face))


def _strongest(face: Evidence) -> str:
    """The leading action unit and its level; nothing when none is active."""
    active = {code: reading for code, reading in action_units(face).items() if is_active(reading)}
    if not active:
        return ""
    code = max(active, key=lambda code: active[code].intensity)
    return f"The strongest is {AU_WORDS[code]}, at level {level(active[code].intensity)} of 5."
