"""The questions of the MEGC challenges on micro-expressions, word for word, and answers in their form: wording "megc".

ME-VQA asks about a clip with one micro-expression, ME-LVQA about a video with several expressions. Questions and the form of
answers are those that participants' programs quote (docs/datasets.md §3.6); nobody here has seen the files. Action units bear
the manual's names, those of the challenge where the house has none. A record that is itself a question of the files
(readers/megc.py) is passed on letter by letter.
"""

from collections.abc import Iterator
from random import Random

from ..readers.action_codes import action_codes
from ..readers.expression_events import word
from ..records import Record
from .clip_answers import expressions
from .exchanges import Exchange
from .labels import BOTH, Known, Movement
from .unit_words import NAMES

COARSE_QUESTION = "What is the coarse expression class?"
FINE_QUESTION = "What is the fine-grained expression class?"
UNIT_QUESTION, UNITS_QUESTION = "What is the action unit?", "What are the action units?"
SHOWN_QUESTION = "Is the action unit {} shown on the face?"
SIDE_QUESTION = "Is the action unit {} located on the left or right face?"
ONE_OF_ALL = (
    "What is the action unit present, and based on it, what is the fine-grained expression and the coarse expression class?"
)
ALL_OF_ALL = (
    "What are the action units present, and based on them, what is the fine-grained expression and the coarse expression class?"
)
ANALYSES = (
    "Please analyse the micro-expression shown in this video in detail.",
    "Provide a detailed analysis of the micro-expression observed in this clip.",
    "Provide a comprehensive analysis of the facial micro-expression shown in this clip.",
)
COUNT_QUESTIONS = {
    "": "How many expression events appear in this video?",
    "micro": "How many micro-expression events appear in this video?",
    "macro": "How many macro-expression events appear in this video?",
}
DISTINCT_QUESTION = "What distinct action units appear in this video?"
TYPE_QUESTION = "What is the expression type of the {}-th expression event in this video?"
# Of units that are none of the taxonomy's.
OTHER_NAMES = {
    "AU21": "neck tightener",
    "AU23": "lip tightener",
    "AU31": "jaw clencher",
    "AU38": "nostril dilater",
    "AU39": "nostril compress",
    "AU61": "eyes left",
}
FINE = ("happiness", "surprise", "disgust", "repression", "fear", "sadness", "anger", "contempt", "others")


def is_question(record: Record) -> bool:
    """Is itself a question of the challenge's files, answered or, in its test sets, not."""
    return record.dataset.startswith("MEGC") and "question" in record.source


def quoted(record: Record) -> list[Exchange]:
    question, answer = record.source["question"], record.source.get("answer")
    return [Exchange(question, answer, answer)] if answer else []


def exchanges(known: Known, rng: Random) -> Iterator[tuple[str, Exchange]]:
    """(kind, exchange) of a clip; none of a record without."""
    found = expressions(known)
    if len(found) == 1 and found[0].kind == "micro":
        yield from _of_one(known, found[0], rng)
    elif found:
        yield from _of_several(found, rng)


def _of_one(known: Known, movement: Movement, rng: Random) -> Iterator[tuple[str, Exchange]]:
    coarse, fine, names = _coarse(movement), _fine(known, movement), _names(known, movement)
    if coarse:
        yield "coarse", Exchange(COARSE_QUESTION, coarse, coarse)
    if fine:
        yield "fine", Exchange(FINE_QUESTION, fine, fine)
    if not names:
        return
    told = ", ".join(names)
    yield "units", Exchange(UNITS_QUESTION if len(names) > 1 else UNIT_QUESTION, told, told)
    yield from _yes_no(names, rng)
    uneven = [unit for unit in movement.units or () if unit.side != BOTH]
    if uneven:
        unit = rng.choice(uneven)
        yield "side", Exchange(SIDE_QUESTION.format(NAMES[unit.code]), unit.side, unit.side)
    if coarse and fine:
        many = len(names) > 1
        said = f"The action unit{'s' * many} present {'are' if many else 'is'}: {told}. "
        said += f"Therefore, the fine-grained expression class is {fine}, and the coarse expression class is {coarse}."
        yield "all", Exchange(ALL_OF_ALL if many else ONE_OF_ALL, said, fine)
        yield "analysis", Exchange(rng.choice(ANALYSES), said, fine)


def _yes_no(names: list[str], rng: Random) -> Iterator[tuple[str, Exchange]]:
    absent = [name for code, name in NAMES.items() if name not in names and code != "AU43"]  # nobody codes blinks as a unit
    yield "shown", Exchange(SHOWN_QUESTION.format(rng.choice(names)), "yes", "yes")
    yield "not shown", Exchange(SHOWN_QUESTION.format(rng.choice(absent)), "no", "no")


def _of_several(found: list[Movement], rng: Random) -> Iterator[tuple[str, Exchange]]:
    for kind, question in COUNT_QUESTIONS.items():
        count = str(sum(movement.kind == kind or not kind for movement in found))
        yield f"count {kind}".strip(), Exchange(question, count, count)
    if all(movement.complete for movement in found):
        names = dict.fromkeys(NAMES[unit.code] for movement in found for unit in movement.units or ())
        yield "units", Exchange(DISTINCT_QUESTION, ", ".join(names), ", ".join(names))
    number = rng.randrange(len(found))
    kind = f"{found[number].kind}-expression"
    yield "type", Exchange(TYPE_QUESTION.format(number + 1), kind, kind)


def _coarse(movement: Movement) -> str:
    return "others" if movement.coarse == "other" else movement.coarse or ""


def _fine(known: Known, movement: Movement) -> str:
    """The source's own word where it is one of the challenge's: repression is none of ours."""
    told = word(known.record.source.get("emotion", "")) or movement.emotion or ""
    return told if told in FINE else movement.emotion or ""


def _names(known: Known, movement: Movement) -> list[str]:
    """All units of the movement; [] where one is uncertain or has no name, because the list would not be all."""
    if told := known.record.source.get("action units"):
        codes = action_codes(told)
        names = [NAMES.get(code) or OTHER_NAMES.get(code) for code in codes.units]
        return [] if codes.rest or not all(names) else [name for name in names if name]
    return [NAMES[unit.code] for unit in movement.units or ()] if movement.complete else []
