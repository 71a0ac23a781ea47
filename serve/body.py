"""A body of JSON: read strictly and within bounds, in front of every route and engine.

Python's reader takes more than JSON, makes 60 bytes and more of a bracket, and never lets anybody else work while it reads. A picture is long,
but a single text.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from .declining import Refused

_MOST_ITEMS = 50_000  # brackets and commas; a conversation of 1024 parts has 5000, and a text may be all commas
_DEEPEST = 64  # a schema of the greatest depth has 40
_HALF = re.compile("[\ud800-\udfff]")  # of a character, which no tokenizer takes and no answer can hold


def read_json(body: bytes, max_text_chars: int) -> dict[str, Any]:
    """The object that a body holds, whose words are at most so long. Raises Refused (400)."""
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_ITEMS + max_text_chars:
        raise Refused(400, f"the body holds more than {_MOST_ITEMS} items, which no question has; send less")
    try:
        given = json.loads(body.decode(), object_pairs_hook=_said_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Refused(400, "the body is no JSON object in UTF-8; send one")
    _check_depths(given)
    return given


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of a name said twice, the gate might check one value and the app take the other."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise Refused(400, "a name is said twice in an object of the body; say it once")
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity, which JSON has not


def _check_depths(given: dict[str, Any]) -> None:
    level: list[Any] = [given]
    for _ in range(_DEEPEST):
        if any(isinstance(one, str) and not one.isascii() and _HALF.search(one) for one in level):
            raise Refused(
                400, "a text of the body holds half a character (a lone surrogate, \\ud800 to \\udfff); send whole ones"
            )
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise Refused(400, f"the body is nested deeper than {_DEEPEST}; send something flatter")


def _inside(one: Any) -> list[Any]:
    return [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else []
