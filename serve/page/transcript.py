"""A conversation as one file: JSON that can be read in again, Markdown to read and to hand on. Pictures lie inside both.

Of a clip only a poster frame is kept; read in again, what was said about it stays, the clip has to be dropped anew.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from ...model.errors import FacewiseError
from ...model.perception.picture import Picture, read_picture
from .conversation import MAX_ITEMS, Conversation, Item, Turn
from .drawn import jpeg
from .stage import small

KIND = "facewise conversation"


def as_json(conversation: Conversation) -> str:
    items = [
        {"name": item.name, "kind": "clip" if item.is_clip else "picture", "face": item.face, "picture": _packed(_whole(item))}
        for item in conversation.items
    ]
    turns = [
        {
            "question": turn.question,
            "text": turn.text,
            "item": turn.item,
            "face": turn.face,
            "dropped": turn.is_drop,
            "reply": turn.reply,
        }
        for turn in conversation.turns
    ]
    return json.dumps({"kind": KIND, "version": 1, "items": items, "turns": turns})


def as_markdown(conversation: Conversation) -> str:
    lines = ["# A conversation with Facewise", ""]
    for turn in conversation.turns:
        item = conversation.items[turn.item] if turn.item is not None else None
        if turn.is_drop and item is not None:
            lines += [f"![{plain(item.name)}](data:image/jpeg;base64,{_packed(small(item))})", ""]
        if turn.question:
            about = f" (face {turn.face + 1} of {plain(item.name)})" if item is not None and turn.face is not None else ""
            lines += [f"**You{about}:** {turn.question}", ""]
        lines += [f"**Facewise:** {turn.text}", ""]
    return "\n".join([*lines, "---", "", "Candidates and probabilities, no facts; an appearance is not a feeling.", ""])


def from_json(text: str, seen: Callable[[Picture], Item]) -> Conversation:
    """`seen` looks at a picture anew. Raises FacewiseError for a file that is no conversation."""
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or told.get("kind") != KIND:
            raise FacewiseError("the file is no conversation of this page; choose one that it exported as JSON")
        conversation, places = _items(told["items"], seen)
        conversation.turns = [_turn(turn, places, conversation) for turn in told["turns"]]
        for turn in conversation.turns:
            _remember(turn, conversation)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise FacewiseError(f"the conversation cannot be read ({error})") from None
    return conversation


def _items(told: list[dict[str, Any]], seen: Callable[[Picture], Item]) -> tuple[Conversation, dict[int, int]]:
    """The pictures anew, and from each old number to its new one."""
    if len(told) > MAX_ITEMS:
        raise FacewiseError(f"the conversation holds {len(told)} files; a session holds {MAX_ITEMS}")
    conversation, places = Conversation(), {}
    for number, values in enumerate(told):
        if values["kind"] != "picture":
            continue
        item = seen(read_picture(_unpacked(values["picture"]), name=str(values["name"])))
        if values["face"] in item.face_ids:
            item.face = values["face"]
        places[number] = len(conversation.items)
        conversation.items.append(item)
    conversation.at = len(conversation.items) - 1
    return conversation, places


def _turn(values: dict[str, Any], places: dict[int, int], conversation: Conversation) -> Turn:
    place, face, reply = places.get(values["item"]), values["face"], values["reply"]
    if place is None or face not in conversation.items[place].face_ids:  # of a clip, or of a face that is not found any more
        face = reply = None
    if reply is not None:
        _check(reply["faces"][0]["answer"])
    is_drop = bool(values["dropped"]) and place is not None
    return Turn(str(values["question"]), str(values["text"]), place, face, reply, is_drop)


def _check(answer: dict[str, Any]) -> None:
    """What the page reads of an answer. Raises ValueError, TypeError or KeyError: anybody may have written the file."""
    words = [
        answer["task"],
        answer.get("attack") or "",
        answer.get("label") or "",
        *(cue["name"] for cue in answer.get("cues") or ()),
    ]
    shares = [cue["p"] for cue in answer.get("cues") or ()]
    if answer.get("score") is not None:
        shares.append(answer["score"])
        words.append(answer["label"])
    lengths = [length for box in answer.get("boxes") or () for length in box]
    if not all(isinstance(word, str) for word in words) or not all(isinstance(n, int | float) for n in shares + lengths):
        raise TypeError("an answer in it is damaged")
    if not all(0 <= n <= 1 for n in shares) or any(len(box) != 4 for box in answer.get("boxes") or ()):
        raise ValueError("an answer in it is out of range")


def _remember(turn: Turn, conversation: Conversation) -> None:
    if turn.reply and turn.item is not None and turn.face is not None:
        answer = turn.reply["faces"][0]["answer"]
        conversation.items[turn.item].answers[turn.face, answer["task"]] = answer


def _whole(item: Item) -> bytes:
    """The file as it came, where it is at hand; else a fine JPEG."""
    if item.picture is None:
        return small(item)
    return item.picture.file or jpeg(item.picture.pixels, max(item.picture.pixels.shape[:2]), 95)


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise FacewiseError("the conversation cannot be read (a picture in it is damaged)") from None


def plain(name: str) -> str:
    """Without what Markdown would take for more than a name."""
    return "".join(letter for letter in name if letter not in "[]()`*_<>\n")
