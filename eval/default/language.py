"""The words: asks that must be declined and those that must not, answers held against their objects, cues named and paraphrases.

asks.json was written for this table and is never trained on. Who declines is model/refusals.py, before any model speaks, so the lists cost
nothing; answers cost seconds each, so there are as many as --language-n says.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ...model import replies, reply_words
from ...model.agreement import agrees
from ...model.answer import Answer, Interval
from ...model.perception.patches import REGIONS
from ...model.perception.picture import Picture
from ...model.questions import task_of
from ...model.readings import is_active
from ...model.refusals import refusal
from ...model.reply_values import units
from ...model.taxonomy import ATTACKS, AU_WORDS, CUES, EMOTIONS, NO_PROTOTYPE, VERDICTS
from ..metrics import reasons
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Subjects
from .attacks import SPECIES, shown
from .drawn_people import tested_faces
from .material import EXAMPLES, PORTRAITS, RIG, Material, photos
from .movements import SET as CLIPS
from .reader import Reader, both
from .row import NO_FACE, SIMULATED, Row, row, share_row

TASKS = ("spoof", "au", "emotion", "describe")
VISIBLE = 0.5  # a cue in the finished picture
_FEELINGS = replies.spaced(
    (*EMOTIONS, NO_PROTOTYPE, "uncertain"),
    {**reply_words.EMOTIONS, "uncertain": ("no single emotion", "no single emotion clearly")},
)


@cache
def asks() -> dict[str, Any]:
    """{forbidden: {topic: [...]}, proper: [...], paraphrases: {task: [...]}}"""
    return json.loads(files(__package__).joinpath("asks.json").read_text(encoding="utf-8"))


def forbidden_asks(reader: Reader, material: Material) -> list[Row]:
    told = "questions written for this table, never trained on"
    rows, declined, n = [], 0, 0
    for topic, questions in asks()["forbidden"].items():
        found = sum(refusal(question) is not None for question in questions)
        rows.append(share_row(f"forbidden asks declined, {topic}", found, len(questions), told, NO_FACE))
        declined, n = declined + found, n + len(questions)
    proper = asks()["proper"]
    refused = sum(refusal(question) is not None for question in proper)
    return [
        share_row("forbidden asks declined", declined, n, told, NO_FACE),
        share_row("proper asks refused", refused, len(proper), told, NO_FACE),
        *rows,
    ]


# Answers held against their objects


def answers(reader: Reader, material: Material) -> list[Row]:
    """On drawn faces, and with DATA on as many real ones; the tasks take turns."""
    pictures = _asked_about(material)
    found = [answer for number, task in enumerate(TASKS) for answer in reader.answers(pictures[number :: len(TASKS)], task)]
    parsed = [reading(answer) for answer in found]
    told = f"default questions of {', '.join(TASKS)}, read by the parser of free texts"
    n = len(found)
    return [
        share_row("answers parsed", sum(each is not None for each in parsed), n, told, SIMULATED),
        share_row("text and object agree", sum(map(is_true, found)), n, f"{told}, and by the check of a text", SIMULATED),
    ]


def _asked_about(material: Material) -> list[Picture]:
    count = material.settings.language_n
    drawn = [picture for _, picture in tested_faces()]
    if material.lacks(PORTRAITS) is None:
        real = photos(material.some(material.people, count // 2, "language"))
        return [*real, *drawn[: count - len(real)]]
    return drawn[:count]


def is_true(answer: Answer) -> bool:
    return bool(reading(answer)) and agrees(answer.text, answer)


def reading(answer: Answer) -> bool | None:
    """Whether a parser that knows the text alone finds what the object holds; None where it finds nothing."""
    found = [said == true for said, true in _read(answer)]
    unread = any(said in (replies.UNPARSED, replies.REFUSED) for said, _ in _read(answer))
    return None if unread else all(found)


def _read(answer: Answer) -> list[tuple[Any, Any]]:
    """(what the text says, what the object holds) of each part of the task."""
    if answer.task == "spoof":
        pairs: list[tuple[Any, Any]] = [(replies.verdict(answer.text), answer.label)]
        return [*pairs, (replies.attack(answer.text, ATTACKS), answer.attack)] if answer.label == "spoof" else pairs
    active = tuple(code for code, found in (answer.aus or {}).items() if is_active(found))
    parts: list[tuple[Any, Any]] = []
    if answer.task != "emotion":
        parts.append((units(answer.text), active))
    if answer.task != "au":
        parts.append((replies.choice(answer.text, _FEELINGS), answer.emotion.label if answer.emotion else None))
    return parts


# Cues


def cues(reader: Reader, material: Material) -> list[Row]:
    """Of attacks that are called a spoof: what the object names, over all of them, and what texts name, over --language-n."""
    judged = [each for each in shown(reader, material) if each.kind in SPECIES and each.verdict.label == "spoof"]
    visible = [_visible(each.record.cues or {}) for each in judged]
    named = [_visible(each.verdict.look.numbers.cues) for each in judged]
    people = [each.record.subject for each in judged]
    told = "attacks of attacks.py that are called a spoof; cues just visible in the finished picture"
    rows = _named("object", named, visible, people, told)
    some = judged[:: max(1, len(judged) // material.settings.language_n)][: material.settings.language_n]
    pictures = material.pictures("attacks", [each.record for each in some])
    texts = [next(reader.answers([picture], "spoof"), None) for picture in pictures]
    kept, said = both(some, [None if text is None else _in_text(text.text) for text in texts])
    return (
        _named("", said, [_visible(each.record.cues or {}) for each in kept], [each.record.subject for each in kept], told) + rows
    )


def _named(of: str, said: Sequence[set[str]], visible: Sequence[set[str]], people: Sequence[str], told: str) -> list[Row]:
    precision, recall, _ = bootstrap([reasons.cues(said, visible, Subjects.named(people))])
    mark = f", {of}s" if of else ""
    return [row(f"cue precision{mark}", precision, told, SIMULATED), row(f"cue recall{mark}", recall, told, SIMULATED)]


def _visible(found: dict[str, float]) -> set[str]:
    return {name for name, much in found.items() if much >= VISIBLE and name != "other"}


def _in_text(text: str) -> set[str]:
    return {name for name in CUES if name != "other" and name in text}


# Movements


def micro_texts(reader: Reader, material: Material) -> list[Row]:
    """Each text about a movement against the regions that rose above their noise in it."""
    drawn = sorted(material.folder(CLIPS).glob("*-events-*.mp4")) if material.lacks(RIG) is None else []
    paths = drawn[: max(1, material.settings.language_n // 4)] or [EXAMPLES / "invented-clip.mp4"]
    told = [
        names_only_what_moved(interval)
        for path in paths
        for answer in reader.answers([path], "micro")
        for interval in answer.intervals or ()
        if interval.text and interval.kind != "blink"
    ]
    where = f"{len(paths)} drawn clips" if drawn else "the drawn clip of examples/"
    return [share_row("micro texts name only what moved", sum(told), len(told), where, SIMULATED)]


def names_only_what_moved(interval: Interval) -> bool:
    """ "Both inner brows" are two regions; the words of an action unit name none."""
    said = (interval.text or "").lower()
    for words in AU_WORDS.values():
        said = said.replace(words, "")
    return {name for name in REGIONS if _is_named(name, said)} <= {*(interval.regions or ())}


def _is_named(region: str, said: str) -> bool:
    both_of = region.removeprefix("left ").removeprefix("right ")
    return bool(re.search(rf"\b{region}\b", said) or (both_of != region and re.search(rf"\bboth {both_of}s\b", said)))


# Paraphrases


def paraphrases(reader: Reader, material: Material) -> list[Row]:
    """Every task's questions must be understood; a verdict must be the same whichever of them is asked. Numbers of the other tasks do not
    depend on the question."""
    told = "questions written for this table, never trained on"
    understood = [
        task_of(question) == task and refusal(question) is None
        for task, said in asks()["paraphrases"].items()
        for question in said
    ]
    pictures = _asked_about(material)
    plain = reader.verdicts(pictures)
    same = [
        one.label == other.label
        for question in asks()["paraphrases"]["spoof"]
        for one, other in zip(*both(plain, reader.verdicts(pictures, question)), strict=True)
    ]
    counts = {label: sum(each is not None and each.label == label for each in plain) for label in VERDICTS}
    seen = ", ".join(f"{number} {label}" for label, number in counts.items())
    return [
        share_row("paraphrases understood", int(np.sum(understood)), len(understood), told, NO_FACE),
        share_row("paraphrases agree", int(np.sum(same)), len(same), f"verdicts on faces called {seen}; {told}", SIMULATED),
    ]
