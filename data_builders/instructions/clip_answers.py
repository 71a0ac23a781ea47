"""Answers about the movements of a clip: whether there was one, from when to when, of which muscles, of which class.

A micro- or macro-expression is "possible" and never a fact; frames count from 0, seconds are told where the rate is known. That
nothing else moved is said of clips only that tell all that moves.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from ...model.taxonomy import EMOTIONS
from ...model.wording import listed
from .clip_questions import MICRO
from .exchanges import Exchange, Write, asked
from .labels import EVERYTHING, Known, Movement
from .unit_words import phrases

NAMES = {"micro": "possible micro-expression", "macro": "possible macro-expression"}
COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# What moves a face or its picture without being an expression, of those that a clip tells.
BESIDE = {
    "turn": "a turn of the head",
    "gaze": "a shift of the gaze",
    "speech": "speech",
    "swallow": "swallowing",
    "flicker": "flickering light",
    "exposure": "a change of exposure",
    "shadow": "a passing shadow",
}
MOST_IN_TURN = 4  # movements that are described one after the other
REST = "VII"  # the objective class of what is in no other
Tell = Callable[[Movement], str]


def spotted(known: Known, rng: Random, timed: bool = True) -> Exchange | None:
    """`timed`: from when to when is told with it."""
    if known.record.clip is None:
        return None
    found = expressions(known)
    if len(found) > 1:
        said = f"{_there(found)}: {_spans(found, known) if timed else listed([f'a {NAMES[each.kind]}' for each in found])}."
    else:
        said = _one(found[0], known, rng, timed) if found else nothing(known)
    return _about("spotted", said, known, rng)


def quick(known: Known, rng: Random) -> Exchange | None:
    """Of micro-expressions alone."""
    if known.record.clip is None:
        return None
    found = expressions(known)
    micro = [movement for movement in found if movement.kind == "micro"]
    if micro:
        return _about("quick", f"{_there(micro)}: {_spans(micro, known)}.", known, rng)
    slow = f" What there is lasts longer: {_spans(found, known)}." if found else ""
    return _about("quick", f"No possible micro-expression shows in this {known.noun}.{slow}", known, rng)


def count(known: Known, rng: Random) -> Exchange | None:
    if known.record.clip is None:
        return None
    found = expressions(known)
    said = f"{_number(len(found)).capitalize()}: {_spans(found, known)}." if found else f"There is none. {nothing(known)}"
    return _about("count", said, known, rng)


def when(known: Known, rng: Random) -> Exchange | None:
    return _in_turn(
        "when", known, rng, lambda movement: f"begins at {_at(movement.onset, known)} and ends at {_at(movement.offset, known)}"
    )


def apex(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("apex", known, rng, lambda movement: _peak(movement, known))


def course(known: Known, rng: Random) -> Exchange | None:
    """Where every apex is told."""
    return _in_turn("course", known, rng, lambda movement: _course(movement, known) if movement.apex is not None else "")


def duration(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("duration", known, rng, lambda movement: _lasts(movement, known))


def units(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("units", known, rng, lambda movement: _units(movement, known))


def movement_class(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("class", known, rng, _class)


def coarse(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("coarse", known, rng, _coarse)


def objective(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("objective", known, rng, _objective)


def emotion(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("word", known, rng, _word)


def whole(known: Known, rng: Random) -> Exchange | None:
    """Course, muscles and class; not of a movement of which only the course is told."""

    def told(movement: Movement) -> str:
        parts = [part for part in (_course(movement, known), _units(movement, known), _class(movement)) if part]
        return ". It ".join(parts) if len(parts) > 1 else ""

    return _in_turn("whole", known, rng, told)


def expressions(known: Known) -> list[Movement]:
    return [movement for movement in known.movements if movement.kind != "blink"]


def nothing(known: Known) -> str:
    """Of a clip without expressions: what else moves, where it tells that."""
    clip: dict[str, Any] = known.record.clip or {}
    if EVERYTHING not in clip:
        return f"No possible micro-expression shows in this {known.noun}."
    blinks = len(known.movements)
    beside = [f"{_number(blinks)} blinks" if blinks > 1 else "a blink"] if blinks else []
    kinds = {each["kind"] for each in clip[EVERYTHING]}
    beside += [words for kind, words in BESIDE.items() if kind in kinds]
    if not beside:
        return f"Nothing is expressed in this {known.noun}: the face stays as it is."
    return f"Nothing is expressed in this {known.noun}. All that happens is {listed(beside)}."


# Clauses about a movement; "" where it does not tell


def _course(movement: Movement, known: Known) -> str:
    parts = (f"begins at {_at(movement.onset, known)}", _peak(movement, known), f"ends at {_at(movement.offset, known)}")
    return listed([part for part in parts if part])


def _peak(movement: Movement, known: Known) -> str:
    return "" if movement.apex is None else f"peaks at {_at(movement.apex, known)}"


def _lasts(movement: Movement, known: Known) -> str:
    frames = movement.offset - movement.onset + 1
    seconds = f", about {frames / fps:.2f} s" if (fps := _fps(known)) else ""
    return f"lasts {frames} frames, from {movement.onset} to {movement.offset}{seconds}"


def _units(movement: Movement, known: Known) -> str:
    return f"shows {phrases(movement.units, known.facs, adverbs=not known.facs)}" if movement.units else ""


def _class(movement: Movement) -> str:
    return listed([part for part in (_objective(movement), _coarse(movement), _word(movement)) if part])


def _objective(movement: Movement) -> str:
    if movement.objective is None:
        return ""
    rest = ", that of all other combinations" if movement.objective == REST else ""
    return f"is of objective class {movement.objective} by its action units{rest}"


def _coarse(movement: Movement) -> str:
    if movement.coarse in (None, "other"):
        return ""
    return "counts as a surprise" if movement.coarse == "surprise" else f"counts as {movement.coarse}"


def _word(movement: Movement) -> str:
    return f"resembles {movement.emotion}" if movement.emotion in EMOTIONS else ""


# Sentences


def _there(found: Sequence[Movement]) -> str:
    return "There is one" if len(found) == 1 else f"There are {_number(len(found))}"


def _one(movement: Movement, known: Known, rng: Random, timed: bool) -> str:
    told = _span(movement, known) if timed else NAMES[movement.kind]
    return rng.choice(("There is a {}.", "I spot a {}.", "One movement stands out: a {}.")).format(told)


def _spans(found: Sequence[Movement], known: Known) -> str:
    return listed([f"a {_span(movement, known)}" for movement in found])


def _span(movement: Movement, known: Known) -> str:
    seconds = f" ({movement.onset / fps:.2f} to {movement.offset / fps:.2f} s)" if (fps := _fps(known)) else ""
    return f"{NAMES[movement.kind]} from frame {movement.onset} to frame {movement.offset}{seconds}"


def _in_turn(kind: str, known: Known, rng: Random, told: Tell) -> Exchange | None:
    """A sentence for each movement, by its number where there are several; None where one of them does not tell."""
    found = expressions(known)
    said = [told(movement) for movement in found]
    if not 1 <= len(found) <= MOST_IN_TURN or not all(said):
        return None
    if len(found) == 1:
        subject = rng.choice(("The movement", f"The {NAMES[found[0].kind]}", "It"))
        return _about(kind, f"{subject} {said[0]}.", known, rng)
    lines = [
        f"Movement {number}, a {NAMES[movement.kind]}, {text}."
        for number, (movement, text) in enumerate(zip(found, said, strict=True), start=1)
    ]
    return _about(kind, " ".join(lines), known, rng)


def _about(kind: str, said: str, known: Known, rng: Random) -> Exchange:
    label = " ".join(movement.kind for movement in expressions(known)) or "none"
    return Exchange(asked(MICRO[kind], known, rng), said, label)


def _at(frame: int, known: Known) -> str:
    return f"frame {frame} ({frame / fps:.2f} s)" if (fps := _fps(known)) else f"frame {frame}"


def _number(number: int) -> str:
    return COUNTS[number] if number < len(COUNTS) else str(number)


def _fps(known: Known) -> float | None:
    return (known.record.clip or {}).get("fps")


MICRO_KINDS: dict[str, Write] = {
    "spotted": spotted,
    "quick": quick,
    "count": count,
    "when": when,
    "apex": apex,
    "course": course,
    "duration": duration,
    "units": units,
    "class": movement_class,
    "coarse": coarse,
    "objective": objective,
    "word": emotion,
    "whole": whole,
}
