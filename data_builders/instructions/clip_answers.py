"""Answers about the movements of a clip: whether there was one, from when to when, of which muscles, of which class.

What the assistant settles before a language model writes is said in its very words (model/movements.py). Times are seconds, which a
prompt shows; frames, which count from 0, where the rate is not known. That nothing else moved is said of clips only that tell all that moves.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from ...model.movements import EXPLAINED, KINDS, course, summary
from ...model.movements import movement as settled_movement
from ...model.taxonomy import EMOTIONS
from ...model.wording import listed
from .clip_questions import MICRO
from .exchanges import Exchange, Write, asked
from .labels import EVERYTHING, Known, Movement
from .unit_words import phrases, shown_sentence

MOST_IN_TURN = 4  # movements that are described one after the other
REST = "VII"  # the objective class of what is in no other
Tell = Callable[[Movement], str]


def spotted(known: Known, rng: Random, timed: bool = True) -> Exchange | None:
    """`timed`: from when to when is told with it."""
    if known.record.clip is None:
        return None
    return _about("spotted", _settled(known) if timed else _summary(known), known, rng)


def quick(known: Known, rng: Random) -> Exchange | None:
    """Of micro-expressions alone; what lasts longer is told where there is none."""
    if known.record.clip is None:
        return None
    facts = _facts(known)
    brief = [fact for fact, each in zip(facts, expressions(known), strict=True) if each.kind == "micro"]
    said = " ".join(brief or [f"No possible micro-expression shows in this {known.noun}.", *facts])
    return _about("quick", said, known, rng)


def count(known: Known, rng: Random) -> Exchange | None:
    return None if known.record.clip is None else _about("count", _settled(known), known, rng)


def when(known: Known, rng: Random) -> Exchange | None:
    facts = _facts(known)
    return _about("when", " ".join(facts), known, rng) if facts else None


def apex(known: Known, rng: Random) -> Exchange | None:
    return _in_turn("apex", known, rng, lambda movement: _peak(movement, known))


def course_told(known: Known, rng: Random) -> Exchange | None:
    """Where every apex is told."""
    found = expressions(known)
    has_all = found and all(each.apex is not None for each in found)
    return _about("course", _settled(known), known, rng) if has_all else None


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
    """Course, muscles and emotion, as the assistant tells them; not of a movement of which only the course is told."""
    found = expressions(known)
    if not 1 <= len(found) <= MOST_IN_TURN or not all(each.units for each in found):
        return None
    told = [part for fact, each in zip(_facts(known), found, strict=True) for part in (fact, *_looks(each, known))]
    return _about("whole", " ".join((_summary(known), *told)), known, rng)


def expressions(known: Known) -> list[Movement]:
    return [movement for movement in known.movements if movement.kind != "blink"]


# What is settled before it is put into words


def _settled(known: Known) -> str:
    return " ".join((_summary(known), *_facts(known)))


def _summary(known: Known) -> str:
    """How many movements there are; where none is, what else moves, if the clip tells that."""
    clip: dict[str, Any] = known.record.clip or {}
    movements, is_told = len(expressions(known)), EVERYTHING in clip
    blinks = len(known.movements) - movements if is_told else 0
    if movements or is_told:
        kinds = {each["kind"] for each in clip.get(EVERYTHING, ())}
        return summary(movements, blinks, explained=[words for kind, words in EXPLAINED.items() if kind in kinds])
    return f"No possible micro-expression shows in this {known.noun}."


def _facts(known: Known) -> list[str]:
    return [settled_movement(number, each.kind, _course(each, known)) for number, each in enumerate(expressions(known), start=1)]


def _course(each: Movement, known: Known) -> str:
    frames, fps = (each.onset, each.apex, each.offset), _fps(known)
    seconds = [None if frame is None or not fps else frame / fps for frame in frames]
    return course(seconds, () if fps else frames)


def _looks(each: Movement, known: Known) -> list[str]:
    resembles = [f"The configuration resembles {each.emotion}."] if each.emotion in EMOTIONS else []
    return [shown_sentence(each.units or (), known.facs), *resembles]


# Clauses about a movement; "" where it does not tell


def _peak(movement: Movement, known: Known) -> str:
    return "" if movement.apex is None else f"peaks at {_at(movement.apex, known)}"


def _lasts(movement: Movement, known: Known) -> str:
    frames = movement.offset - movement.onset + 1
    if fps := _fps(known):
        return f"lasts about {frames / fps:.2f} s, from {movement.onset / fps:.2f} to {movement.offset / fps:.2f} s"
    return f"lasts {frames} frames, from {movement.onset} to {movement.offset}"


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


def _in_turn(kind: str, known: Known, rng: Random, told: Tell) -> Exchange | None:
    """A sentence for each movement, by its number where there are several; None where one of them does not tell."""
    found = expressions(known)
    said = [told(movement) for movement in found]
    if not 1 <= len(found) <= MOST_IN_TURN or not all(said):
        return None
    if len(found) == 1:
        subject = rng.choice(("The movement", f"The {KINDS[found[0].kind]}", "It"))
        return _about(kind, f"{subject} {said[0]}.", known, rng)
    lines = [
        f"Movement {number}, a {KINDS[movement.kind]}, {text}."
        for number, (movement, text) in enumerate(zip(found, said, strict=True), start=1)
    ]
    return _about(kind, " ".join(lines), known, rng)


def _about(kind: str, said: str, known: Known, rng: Random) -> Exchange:
    label = " ".join(movement.kind for movement in expressions(known)) or "none"
    return Exchange(asked(MICRO[kind], known, rng), said, label)


def _at(frame: int, known: Known) -> str:
    return f"{frame / fps:.2f} s" if (fps := _fps(known)) else f"frame {frame}"


def _fps(known: Known) -> float | None:
    return (known.record.clip or {}).get("fps")


MICRO_KINDS: dict[str, Write] = {
    "spotted": spotted,
    "quick": quick,
    "count": count,
    "when": when,
    "apex": apex,
    "course": course_told,
    "duration": duration,
    "units": units,
    "class": movement_class,
    "coarse": coarse,
    "objective": objective,
    "word": emotion,
    "whole": whole,
}
