"""When something happens in a clip: frames, seconds and classes that a text states, against the labelled events.

A number is right if it is a moment of any event, or how long one lasts; where the words before it say onset, apex or offset it
has to be that one. A micro-expression stays a possible one in every wording but that of the challenge.
"""

import re
from collections.abc import Iterator

from ..records import Record
from .labels import events

MOMENTS = {"onset": "onset", "apex": "apex", "peak": "apex", "offset": "offset"}
SECONDS_OFF = 0.02

_FRAMES = re.compile(
    r"\bframes?(?: (?:number|no\.?))? (?P<numbers>\d+(?:(?:,| and| to| through|-|–| ?/) ?(?:frame )?\d+)*)"
    r"|\b(?P<long>\d+) frames?\b"
)
_SECONDS = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)?(?:(?: s)?(?: to| and|-|–| until| through) ?\d+(?:\.\d+)?)?) ?(?:s|sec|seconds?)\b"
    r"|(?P<milli>\d+) ?(?:ms|milliseconds?)\b"
)
_CLASS = re.compile(r"\bclass ((?:vii|vi|iv|v|iii|ii|i))\b")
_ROLE = re.compile(rf"\b({'|'.join(MOMENTS)})\b[^.;]{{0,40}}?$")
_MICRO = re.compile(r"\bmicro-?(?:expression|movement)s?\b")
_HEDGED = re.compile(
    r"\b(?:possibl[ey]|candidates?|may|might|could|likely|probabl[ey]|perhaps|suspected|no|not|without|any|a?n?y? such|would|if"
    r"|whether|resembl\w+)\b"
)


def moment_faults(sentence: str, record: Record, certain: bool = False) -> list[str]:
    """`certain`: the wording may call a micro-expression one."""
    if record.clip is None:
        return []
    lower = sentence.lower()
    faults = [*_frame_faults(lower, record), *_second_faults(lower, record), *_class_faults(lower, record)]
    if not certain and (found := _MICRO.search(lower)) and not _HEDGED.search(lower):
        faults.append(f"states a micro-expression as a fact: {found[0]}")
    return faults


def _frame_faults(lower: str, record: Record) -> Iterator[str]:
    right = _moments(record)
    for found in _FRAMES.finditer(lower):
        if found["long"]:
            if int(found["long"]) not in _lasting(record):
                yield f"contradicts the label: {found[0]}"
            continue
        allowed = _allowed(lower[: found.start()], right)
        numbers = {int(number) for number in re.findall(r"\d+", found["numbers"])}
        if not numbers <= allowed:
            yield f"contradicts the label: {found[0]}"


def _second_faults(lower: str, record: Record) -> Iterator[str]:
    fps = float((record.clip or {}).get("fps") or 0)
    for found in _SECONDS.finditer(lower):
        if not fps:
            yield f"is not in the labels: {found[0]}"
            return
        scale = 1000 if found["milli"] else 1
        numbers = [float(number) / scale for number in re.findall(r"\d+(?:\.\d+)?", found["numbers"] or found["milli"])]
        allowed = [frame / fps for frame in _allowed(lower[: found.start()], _moments(record)) | _lasting(record)]
        off = SECONDS_OFF + _rounding(found[0])
        if not all(any(abs(number - time) <= off for time in allowed) for number in numbers):
            yield f"contradicts the label: {found[0]}"


def _rounding(words: str) -> float:
    """Half of the last digit that is written."""
    places = [len(each) for each in re.findall(r"\.(\d+)", words)]
    return 0.5 * 10.0 ** -min(places, default=0) if "ms" not in words and "milli" not in words else 0.005


def _class_faults(lower: str, record: Record) -> Iterator[str]:
    told = {str(event["class"]).lower() for event in events(record) if event.get("class")}
    for found in _CLASS.finditer(lower):
        if not told:
            yield f"is not in the labels: {found[0]}"
        elif found[1] not in told:
            yield f"contradicts the label: {found[0]}"


def _moments(record: Record) -> dict[str, set[int]]:
    return {
        name: {int(event[name]) for event in events(record) if event.get(name) is not None}
        for name in ("onset", "apex", "offset")
    }


def _lasting(record: Record) -> set[int]:
    """How many frames an event, or the whole clip, lasts; from onset to offset, or with both of them."""
    lasting = {int(event["offset"]) - int(event["onset"]) + extra for event in events(record) for extra in (0, 1)}
    return lasting | {int((record.clip or {}).get("frames") or 0)}


def _allowed(before: str, moments: dict[str, set[int]]) -> set[int]:
    """By the last word before it that names a moment; every moment where none does."""
    role = _ROLE.search(before)
    return moments[MOMENTS[role[1]]] if role else set().union(*moments.values())
