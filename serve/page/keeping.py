"""A conversation on the page, as the messages of the transcript, and on disk, only where --save names a folder."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from ...model.errors import FacewiseError
from .conversation import Conversation, Item
from .stage import small
from .transcript import as_json, as_markdown, plain

WAITING = "…"
THUMB_PX = 320
SEEN = "seen"  # the path below which small pictures are fetched
ON_VIEW: WeakValueDictionary[str, Item] = WeakValueDictionary()  # gone with their sessions


def messages(conversation: Conversation) -> list[dict[str, Any]]:
    """The transcript in Gradio's shape, with the answer that is being written. Pictures are fetched from memory: no file is written for them."""
    told: list[dict[str, Any]] = []
    for turn in conversation.turns:
        if turn.is_drop and turn.item is not None:
            told.append({"role": "user", "content": shown(conversation.items[turn.item])})
        if turn.question:
            told.append({"role": "user", "content": _asked(turn.question, turn.item, turn.face, conversation)})
        told.append({"role": "assistant", "content": _inert(turn.text)})
    if conversation.pending:
        pending = conversation.pending
        told.append({"role": "user", "content": _asked(pending.question, pending.item, pending.face, conversation)})
        told.append({"role": "assistant", "content": _inert(pending.text) or WAITING})
    return told


def shown(item: Item) -> str:
    """A small picture of an item, in Markdown."""
    ON_VIEW[item.token] = item
    return f"![{'Clip' if item.is_clip else 'Photo'} {plain(item.name)}]({SEEN}/{item.token}.jpg)"


def seen(token: str) -> bytes | None:
    """The small picture of an item that some session still holds."""
    item = ON_VIEW.get(token)
    return small(item, THUMB_PX) if item is not None else None


def _asked(question: str, item: int | None, face: int | None, conversation: Conversation) -> str:
    """The question, and about whom where there are several."""
    question = _inert(question)
    if item is None or face is None or len(conversation.items[item].face_ids) < 2:
        return question
    return f"{question}\n\n_about face {face + 1}_"


def _inert(text: str) -> str:
    """Markdown without HTML: a visitor, a model or a file that was opened may have written it."""
    return text.replace("<", "&lt;")


def keep(folder: Path, conversation: Conversation) -> None:
    """Writes the conversation anew after every turn. Raises FacewiseError where it cannot be written."""
    conversation.name = conversation.name or f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    try:
        (folder / f"{conversation.name}.json").write_text(as_json(conversation), encoding="utf-8")
        (folder / f"{conversation.name}.md").write_text(as_markdown(conversation), encoding="utf-8")
    except OSError as error:
        raise FacewiseError(f"{folder}: the conversation cannot be kept ({error.strerror})") from None
