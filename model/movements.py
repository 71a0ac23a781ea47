"""The movements of a clip in words: what is settled of each before a language model writes, and how long one must be to be claimed.

Times are told in seconds, as the prompt shows them (network/shown.py); the numbers of frames are added after decoding, as codes are to
action units. A micro-expression is "possible" and never a fact; instruction rows about clips are written with the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .answer import Answer, Interval
from .wording import listed, settled

KINDS = {"micro": "possible micro-expression", "macro": "possible macro-expression"}
# What explains that a face or its picture moves, by perception/distractors.py and by the labels of drawn clips.
EXPLAINED = {
    "head": "a turn of the head",
    "turn": "a turn of the head",
    "gaze": "a shift of the gaze",
    "speech": "speech",
    "swallow": "swallowing",
    "flicker": "flickering light",
    "exposure": "a change of exposure",
    "shadow": "a passing shadow",
}
NOTHING_MOVES = "Nothing in the face moves beyond its rest."
AT_REST = f"{NOTHING_MOVES} This is the face at rest."
NEVER_READ = "This face was never seen well enough in the clip to be read."
PLACES = 2  # regions that a sentence names
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def expressions(intervals: Iterable[Interval]) -> list[Interval]:
    return [interval for interval in intervals if interval.kind != "blink"]


def movement_answer(interval: Interval) -> Answer:
    """The object that the words about one movement are held against: a description of the face at its apex, beyond its rest."""
    return Answer("describe", "-", aus=interval.aus, emotion=interval.emotion, intervals=(interval,))


# Sentences


def summary(movements: int, blinks: int = 0, told: int | None = None, explained: Iterable[str] = ()) -> str:
    """ "Two movements and a blink stand out." `told`: how many of the movements are described; `explained`: what else moved, words of EXPLAINED."""
    if not movements:
        return nothing(blinks, explained)
    counted = [_counted(movements, "movement")] + [_counted(blinks, "blink")] * (blinks > 0)
    said = f"{listed(counted)} {'stands' if movements + blinks == 1 else 'stand'} out."
    said = said[0].upper() + said[1:]
    return said if told is None or told == movements else f"{said} The surest {_number(told)} are described."


def nothing(blinks: int = 0, explained: Iterable[str] = ()) -> str:
    """Of a clip without an expression, and what moves in it all the same."""
    beside = [f"{_number(blinks)} blinks" if blinks > 1 else "a blink"] * (blinks > 0) + list(dict.fromkeys(explained))
    return f"No expression stands out. All that happens is {listed(beside)}." if beside else NOTHING_MOVES


def limit(fps: float, shortest_s: float) -> str:
    """Fewer than five frames tell no movement from noise."""
    return f"At {fps:.4g} frames a second nothing shorter than {shortest_s:.2f} s is claimed."


def few(frames: int) -> str:
    return f"The clip shows this face in {_counted(frames, 'frame')}; under five no movement is claimed."


def moment(at: float, frame: int) -> str:
    return f"The strongest moment is at {at:.2f} s (frame {frame})."


def course(seconds: Sequence[float | None], frames: Sequence[int | None] = ()) -> str:
    """ "from 5.33 to 5.53 s (frames 160 to 166) with its apex at 5.43 s (frame 163)"; onset, apex and offset each, None where it is not told."""
    (start, apex, end), (first, top, last) = seconds, frames or (None, None, None)
    if start is None or end is None:
        return f"from frame {first} to frame {last}" + ("" if top is None else f" with its apex at frame {top}")
    spans, peaks = f"from {start:.2f} to {end:.2f} s", "" if apex is None else f" with its apex at {apex:.2f} s"
    if frames:
        spans += f" (frames {first} to {last})"
        peaks += f" (frame {top})" if peaks else ""
    return spans + peaks


def movement(number: int, kind: str, when: str, regions: Sequence[str] = ()) -> str:
    """What is settled of a movement: its number in the prompt, its course, its kind and the regions that moved most."""
    return f"Movement {number}, {when}, is a {KINDS[kind]}{_around(regions)}."


def fact(interval: Interval, number: int | None, frames: bool = False) -> str:
    """The same of an interval; `number` None of one that the prompt does not show, and of a blink."""
    when = _when(interval, frames)
    if interval.kind == "blink":
        return f"A blink {when.partition(' with ')[0]}."
    if number is None:
        return f"A {KINDS[interval.kind]} {when}{_around(interval.regions or ())}."
    return movement(number, interval.kind, when, interval.regions or ())


def whole(intervals: Sequence[Interval], told: Sequence[Interval], explained: Iterable[str] = ()) -> list[str]:
    """The settled answer in parts: the summary, then the fact and the words of each movement that is `told`."""
    found = expressions(intervals)
    parts = [summary(len(found), len(intervals) - len(found), len(told), explained)]
    for number, interval in enumerate(told, start=1):
        parts += [fact(interval, number), settled(movement_answer(interval))]
    return parts


def _when(interval: Interval, frames: bool) -> str:
    numbers = (interval.onset, interval.apex, interval.offset)
    seconds = (interval.onset_s, interval.apex_s, interval.offset_s)
    return course(seconds, numbers if frames or interval.onset_s is None else ())


def _around(regions: Sequence[str]) -> str:
    """ " around both inner brows and the chin", of those that moved most."""
    places = []
    for name in regions:
        side, _, part = name.partition(" ")
        is_paired = side in ("left", "right") and {f"left {part}", f"right {part}"} <= set(regions)
        places.append(f"both {part}s" if is_paired else f"the {name}")
    return f" around {listed(list(dict.fromkeys(places))[:PLACES])}" if places else ""


def _counted(count: int, noun: str) -> str:
    return f"{_number(count)} {noun}{'' if count == 1 else 's'}"


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)
