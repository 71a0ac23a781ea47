"""Cells of metadata as the values of a record's fields: numbers within their ranges, corners, spans, points and objects of JSON.

A cell is text or a value of JSON; text that begins with a bracket is read as JSON. What does not fit is a ValueError that tells
the cell and what was looked for.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from ...model.taxonomy import AU_CODES, CUES

KINDS = ("micro", "macro", "blink")
UNIT = re.compile(r"au0*(\d{1,2})(?:_(left|right))?", re.IGNORECASE)
FAR = 1e9  # no place on a picture and no frame of a video is further
_EVENT = '{"kind": "micro", "onset": 17, "apex": 24, "offset": 70} (kinds ' + ", ".join(KINDS) + ")"


def value_of(name: str, cell: Any) -> Any:
    """The value of a field of READ. ValueError with the cell and what was looked for."""
    try:
        return READ[name](json_of(cell))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def json_of(cell: Any) -> Any:
    """What a cell holds; text that begins as JSON is read as such."""
    if not isinstance(cell, str) or not cell.strip().startswith(("[", "{")):
        return cell
    try:
        return json.loads(cell)
    except ValueError as error:
        raise ValueError(f"{cell!r} is no JSON ({error})") from None


def number_of(cell: Any, low: float, high: float, what: str) -> float:
    try:
        value = math.nan if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if not low <= value <= high:
        raise ValueError(f"{cell!r}: {what} was looked for")
    return value


def _numbers(cell: Any, count: int, what: str) -> tuple[float, ...]:
    parts = re.split(r"[\s,;]+", cell.strip()) if isinstance(cell, str) else cell
    if not isinstance(parts, list) or len(parts) != count:
        raise ValueError(f"{cell!r}: {what} were looked for")
    return tuple(number_of(part, -FAR, FAR, "a number") for part in parts)


def _corners(cell: Any) -> tuple[float, ...]:
    what = "x1, y1, x2, y2 in pixels (two corners, not width and height)"
    x1, y1, x2, y2 = _numbers(cell, 4, what)
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"{cell!r}: {what} were looked for")
    return x1, y1, x2, y2


def _span(cell: Any) -> tuple[int, int]:
    first, last = (int(number) for number in _numbers(cell, 2, "the first and the last frame, counted from 0,"))
    if not 0 <= first <= last:
        raise ValueError(f"{cell!r}: the first and the last frame, counted from 0, were looked for")
    return first, last


def _points(cell: Any) -> list[list[float]]:
    if not isinstance(cell, list) or len(cell) != 68:
        raise ValueError("the 68 points of iBUG as [[x, y], ...] were looked for")
    return [list(_numbers(point, 2, "x and y")) for point in cell]


def _affect(cell: Any) -> tuple[float, ...]:
    return tuple(_valence(number) for number in _numbers(cell, 2, "valence and arousal"))


def _valence(cell: Any) -> float:
    return number_of(cell, -1, 1, "a number from -1 to 1")


def mapping_of(cell: Any, name: str) -> dict[str, Any]:
    if not isinstance(cell, dict):
        raise ValueError(f'{cell!r}: an object such as {{"{_EXAMPLES.get(name, "name")}": ...}} was looked for')
    return cell


def code_of(text: str) -> str:
    if not (unit := UNIT.fullmatch(text.strip())) or unit[2]:
        raise ValueError(f"{text!r}: units are called AU1 to AU43")
    return f"AU{unit[1]}"


def _shown(cell: Any) -> dict[str, str]:
    told = {code_of(code): str(side) for code, side in mapping_of(cell, "shown").items()}
    if not set(told) <= set(AU_CODES) or not set(told.values()) <= {"both", "left", "right", "absent"}:
        raise ValueError(f"{cell!r}: both, left, right or absent of our units were looked for")
    return told


def _cues(cell: Any) -> dict[str, float]:
    told = mapping_of(cell, "cues")
    if unknown := set(told) - set(CUES):
        raise ValueError(f"{sorted(unknown)[0]!r}: choose from {', '.join(CUES)}")
    return {name: number_of(value, 0, 1, "a visibility from 0 to 1") for name, value in told.items()}


def _change(cell: Any) -> dict[str, tuple[float, ...]]:
    told = mapping_of(cell, "change")
    found = {code_of(code): _numbers(value, 2, "[left, right]") for code, value in told.items()}
    if not set(found) <= set(AU_CODES) or any(abs(side) > 5 for sides in found.values() for side in sides):
        raise ValueError(f"{cell!r}: [left, right] from -5 to 5 of our units were looked for")
    return found


def _clip(cell: Any) -> dict[str, Any]:
    told = mapping_of(cell, "clip")
    if "fps" in told:
        number_of(told["fps"], 1, 100_000, "a number of frames per second")
    events = told.get("events", [])
    if not isinstance(events, list) or not all(isinstance(event, dict) and _is_event(event) for event in events):
        raise ValueError(f"{events!r}: events as {_EVENT} with frames counted from 0 were looked for")
    return told


def _is_event(event: dict[str, Any]) -> bool:
    frames = [event.get(name) for name in ("onset", "apex", "offset") if name != "apex" or event.get(name) is not None]
    told = [frame for frame in frames if type(frame) is int]
    return event.get("kind") in KINDS and frames == sorted(told)


def _words(cell: Any) -> dict[str, Any]:
    return {name: value if isinstance(value, bool) else str(value) for name, value in mapping_of(cell, "attributes").items()}


_EXAMPLES = {"aus": "AU12", "shown": "AU12", "change": "AU12", "cues": "bezel", "attributes": "gender"}
READ: dict[str, Callable[[Any], Any]] = {
    "age": lambda cell: number_of(cell, 0, 120, "an age up to 120 years"),
    "valence": _valence,
    "arousal": _valence,
    "affect": _affect,
    "box": _corners,
    "face": _corners,
    "frames": _span,
    "points": _points,
    "shown": _shown,
    "change": _change,
    "cues": _cues,
    "attributes": _words,
    "protocols": lambda cell: {name: str(value) for name, value in mapping_of(cell, "protocols").items()},
    "clip": _clip,
}
