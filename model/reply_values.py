"""Free text of any model to values: action units, a number such as an age, the moments of movements. Classes are read by
replies.py.

The same rules hold: what names no value, or several where one is asked for, is UNPARSED; what declines is REFUSED; nothing is
guessed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import reply_words
from .replies import DENIED, UNPARSED, lexicon, marked, no_answer, objects, spelling, without_declining
from .taxonomy import AU_CODES

_NO_UNITS = re.compile(
    r"^\W*(?:none|no action units?|no aus?|\[\])\W*$|\bno (?:\w+ ){0,2}?(?:action units?|aus|muscle actions?|facial movements?)\b(?! \d)|\bnone of the\b"
)
_CODES = re.compile(r"\baus?[ _-]?0?(\d{1,2})(?!\d)((?:\s*(?:\+|,|/|&|and)+\s*(?:aus?[ _-]?)?\d{1,2}(?!\d)(?!\s*(?:%|\.\d)))*)")
_LISTED_ABSENT = re.compile(r"\b(?:inactive|absent|silent|not (?:active|activated|present|visible))\b[^.:\n]{0,30}:[^.\n]*")
_ABSENT = re.compile(
    r"\s*(?:\([^)]*\))?\s*(?:[:=-]+\s*|is |are |shows? |has |with )?(?:\b(?:not|absent|inactive|no|none|false|0(?:\.0+)?)\b(?!\.\d))",
    re.IGNORECASE,
)


def units(text: str, codes: Sequence[str] = AU_CODES) -> tuple[str, ...] | str:
    """Codes that are said to be active, in the space's order; () if it says that none is. By code ("AU6+12") or by name."""
    for value in objects(text):
        if (found := _units_of(value)) is not None:
            return tuple(code for code in codes if code in found)
    said = without_declining(text)
    found, denied = _unit_names(said)
    if found or _NO_UNITS.search(said) or denied:
        return tuple(code for code in codes if code in found)
    return no_answer(text)


def _unit_names(said: str) -> tuple[set[str], set[str]]:
    """(said, denied)"""
    closed = [found.span() for pattern in (DENIED, _LISTED_ABSENT) for found in pattern.finditer(said)]
    words, labels = lexicon(tuple(reply_words.UNITS.items()))
    mentions = [
        (found, [f"AU{int(number)}" for number in (found[1], *re.findall(r"\d+", found[2]))]) for found in _CODES.finditer(said)
    ]
    mentions += [(found, [labels[spelling(found[1])]]) for found in words.finditer(said)]
    named: set[str] = set()
    denied: set[str] = set()
    for found, codes in mentions:
        off = any(start <= found.start() < end for start, end in closed) or _ABSENT.match(said, found.end())
        (denied if off else named).update(codes)
    return named - denied, denied


def _units_of(value: Any) -> set[str] | None:
    """Of an object {code: level, or whether}, or one that holds a list of codes, or the list."""
    if isinstance(value, dict):
        told = {str(key).upper().replace(" ", "").replace("AU0", "AU"): inner for key, inner in value.items()}
        if levels := {key: inner for key, inner in told.items() if re.fullmatch(r"AU\d+", key)}:
            return {key for key, inner in levels.items() if _is_active(inner)}
        lists = [inner for inner in value.values() if isinstance(inner, list | dict)]
        return next((found for inner in lists if (found := _units_of(inner)) is not None), None)
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        texts = [f"au{each}" if str(each).isdigit() else str(each).lower() for each in value]
        return set().union(*(_unit_names(each)[0] for each in texts)) if texts else set()
    return None


def _is_active(value: Any) -> bool:
    if isinstance(value, dict):
        value = next((value[key] for key in ("active", "present", "intensity", "level") if key in value), 0)
    if isinstance(value, str):
        return value.lower() in ("yes", "true", "present", "active", "1", "a", "b", "c", "d", "e")
    return isinstance(value, int | float) and value > 0


_NUMBER = r"(?<![\w.])(\d{1,3}(?:\.\d+)?)(?![\w%]|\.\d)"
_RANGE = re.compile(rf"(?:between )?{_NUMBER}\s*(?:-|–|—|to|and)\s*{_NUMBER}(?=\s*(?:years?|yrs?|\W|$))")
_OF_YEARS = re.compile(
    rf"{_NUMBER}[ -]*(?:years?|yrs?)|\bage[d]?(?: is| of)?(?: about| around| approximately| roughly)?[ :=]*{_NUMBER}"
)


def number(text: str, low: float = 0, high: float = 120) -> float | str:
    """A number of the given range, such as an age; the middle of a range that is given. Several numbers, or a decade
    ("thirties"), are UNPARSED."""
    for value in objects(text):
        found = value.get("age", value.get("answer", value.get("estimated_age"))) if isinstance(value, dict) else None
        if found is not None and not isinstance(found, bool):
            return number(str(found), low, high) if isinstance(found, str | int | float) else UNPARSED
    said = without_declining(text)
    parts = [*marked(text, said), said]
    for part in parts:
        for found in (_ranges(part), _years(part), _numbers(part)):
            if found:
                return found.pop() if len(found) == 1 and low <= min(found) <= high else UNPARSED
    return no_answer(text)


def _ranges(part: str) -> set[float]:
    return {(float(found[1]) + float(found[2])) / 2 for found in _RANGE.finditer(part) if float(found[1]) < float(found[2])}


def _years(part: str) -> set[float]:
    return {float(found[1] or found[2]) for found in _OF_YEARS.finditer(part)}


def _numbers(part: str) -> set[float]:
    return {float(found) for found in re.findall(_NUMBER, part)}


_MOMENT = re.compile(
    r"\b(onset|apex|offset)\b(?:\W{1,5}(?:is|at|frame|index|occurs|the|around|about|no|number|in)\b){0,6}\W{0,5}(\d+)\b(?!\.\d)"
)
_NOTHING = re.compile(r"\bno (?:visible |clear )?(?:micro-?|macro-?)?(?:expressions?|movements?)\b|^\W*none\W*$")


def moments(text: str) -> tuple[dict[str, int], ...] | str:
    """{onset, apex, offset} of each movement, in frames, apex only where it is told; () if there is none. In their order, or
    UNPARSED."""
    said = without_declining(text)
    found: list[dict[str, int]] = []
    for name, frame in _MOMENT.findall(said):
        if name == "onset" or not found:
            found.append({})
        if name in found[-1]:
            return UNPARSED
        found[-1][name] = int(frame)
    if found:
        return tuple(found) if all(map(_in_order, found)) else UNPARSED
    if _NOTHING.search(said):
        return ()
    return no_answer(text)


def _in_order(moment: Mapping[str, int]) -> bool:
    if not {"onset", "offset"} <= moment.keys():
        return False
    return moment["onset"] <= moment.get("apex", moment["onset"]) <= moment["offset"]
