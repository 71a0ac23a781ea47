"""Labelled expressions of a clip, from the source's frame numbers to positions in the clip, and the coarse words that the protocols share.

Coarse classes are those of MEGC 2019: happiness is positive, surprise itself, all other emotions and repression negative. A known error is put right
only where what the sheet tells cannot be, so that a later release which is right already is left as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...model.taxonomy import EMOTIONS
from .action_codes import ActionCodes

COARSE = {
    "happiness": "positive",
    "positive": "positive",
    "surprise": "surprise",
    "others": "others",
    **dict.fromkeys(("anger", "contempt", "disgust", "fear", "sadness", "repression", "negative"), "negative"),
}
_OURS = {"happy": "happiness", "sad": "sadness", "other": "others", "surprised": "surprise", "angry": "anger"}


def word(text: str) -> str:
    """A source's emotion in the words of COARSE; others stay as they are."""
    lower = text.strip().lower()
    return _OURS.get(lower, lower)


def emotion(text: str) -> str | None:
    """Ours, or None where our vocabulary has none, as for repression."""
    return word(text) if word(text) in EMOTIONS else None


@dataclass(frozen=True)
class Span:
    """Frames of an expression by the numbers of the source; None is not told."""

    onset: int | None
    apex: int | None
    offset: int | None

    def possible(self, at: Mapping[int, int]) -> bool:
        """Onset, apex and offset are told, in this order, and the folder has them. `at` {number: position}."""
        told = [number for number in (self.onset, self.apex, self.offset) if number is not None and number in at]
        return len(told) == 3 and told == sorted(told)

    def corrected(self, fix: Mapping[str, int] | None, at: Mapping[int, int]) -> "Span":
        """With the numbers of `fix` where what is told is impossible and the corrected is not."""
        fixed = replace(self, **(fix or {}))
        return fixed if not self.possible(at) and fixed.possible(at) else self


def span(onset: str, apex: str, offset: str) -> Span:
    """From cells. An apex of 0, "/" or none is not told; some offsets are 0, and the apex is the last frame that is known."""
    first, peak, last = _number(onset), _number(apex) or None, _number(offset)
    return Span(first, peak, peak if last == 0 else last)


def placed(
    told: Span, at: Mapping[int, int], kind: str, feeling: str, codes: ActionCodes | None = None, coarse: str | None = None
) -> dict[str, Any] | None:
    """An event of a clip; None where its onset or offset is not told, not in order or not in the folder. `feeling` as the source says it."""
    onset, apex, offset = (at.get(number) if number is not None else None for number in (told.onset, told.apex, told.offset))
    if onset is None or offset is None or offset < onset:
        return None
    if apex is not None and not onset <= apex <= offset:
        apex = None
    event: dict[str, Any] = {"kind": kind, "onset": onset, "apex": apex, "offset": offset, "emotion": emotion(feeling)}
    if coarse := coarse or COARSE.get(word(feeling)):
        event["coarse"] = coarse
    if codes and (codes.units or codes.rest):
        event |= {"shown": codes.shown, "intensity": codes.intensity, "class": codes.objective}
    return {name: value for name, value in event.items() if name not in ("class", "intensity") or value}


def in_order(told: list[tuple[dict[str, Any], str]]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Events by their onsets, and the source's words of each under "event 0", "event 1" ..."""
    told = sorted(told, key=lambda pair: (pair[0]["onset"], pair[0]["offset"]))
    return [event for event, _ in told], {f"event {i}": words for i, (_, words) in enumerate(told)}


def _number(text: str) -> int | None:
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None
