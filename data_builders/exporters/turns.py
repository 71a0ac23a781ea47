"""The messages of a row as turns of plain text with placeholders, checked: who speaks when, and that every medium and box has its place.

Tools count placeholders and fail, or worse go on, where a user's words hold one by accident; such a row is left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..rows import BOX, Row
from .exporter import NotHeldError

RESERVED = ("<image>", "<video>", "<audio>", "<ref-object>", "<cot-process>", "<start-image>")


def turns(row: Row, media: Mapping[str, str], boxes: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """(role, text) of each message; `media`: what stands for an "image" and a "video"; `boxes` in place of the `<bbox>`, which stay without."""
    _checked(row)
    left = iter(boxes or ())
    told = [(message["role"], "".join(_said(part, media) for part in message["content"])) for message in row.messages]
    return [(role, text if boxes is None else _filled(text, left)) for role, text in told]


def single(row: Row, boxes: Sequence[str] | None = None) -> tuple[str, str]:
    """Question and answer, for formats that hold one of each and tell the media elsewhere."""
    told = turns(row, {"image": "", "video": ""}, boxes)
    if [role for role, _ in told] != ["user", "assistant"]:
        raise NotHeldError("a conversation of several turns")
    return told[0][1], told[1][1]


def _checked(row: Row) -> None:
    """Raises NotHeldError for what no tool takes."""
    roles = [message["role"] for message in row.messages]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    if not spoken or len(spoken) % 2 or spoken != ["user", "assistant"] * (len(spoken) // 2):
        raise NotHeldError("no conversation in which user and assistant take turns")
    parts = [part for message in row.messages for part in message["content"]]
    kinds = [part["type"] for part in parts]
    if kinds.count("image") != len(row.images) or kinds.count("video") != len(row.videos):
        raise NotHeldError("media that do not match their places in the messages")
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    if text.count(BOX) != len((row.objects or {}).get("bbox", ())):
        raise NotHeldError("boxes that do not match their places in the texts")
    if token := next((token for token in RESERVED if token in text), None):
        raise NotHeldError(f"words that hold {token}, a placeholder")


def _said(part: Mapping[str, Any], media: Mapping[str, str]) -> str:
    return part["text"] if part["type"] == "text" else media[part["type"]]


def _filled(text: str, boxes: Any) -> str:
    head, *tails = text.split(BOX)
    return head + "".join(next(boxes) + tail for tail in tails)
