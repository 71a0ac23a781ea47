"""What a visitor takes along: conversation and tables, as text that the browser saves, so that no file is written here."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .conversation import Conversation
from .models import Models
from .transcript import as_json, as_markdown

if TYPE_CHECKING:
    from ...model.network.perceive import Perceiver
    from ...model.network.seen_clip import SeenClip


def named(name: str, kind: str, text: str) -> str:
    """What page.js makes a file of."""
    return json.dumps({"name": name, "kind": kind, "text": text})


def conversation_json(conversation: Conversation) -> str:
    return named("facewise-conversation.json", "application/json", as_json(conversation))


def conversation_markdown(conversation: Conversation) -> str:
    return named("facewise-conversation.md", "text/markdown", as_markdown(conversation))


def frame_table(conversation: Conversation, models: Models) -> str:
    """A row per frame and face of the clip on view, in OpenFace's columns; nothing where a photo is on view."""
    item = conversation.item
    if item is None or item.seen is None:
        return ""
    seen = item.seen
    return named(f"{Path(item.name).stem}.csv", "text/csv", models.do(lambda perceiver: _rows(seen, perceiver)))


def _rows(seen: SeenClip, perceiver: Perceiver) -> str:
    from ...model.face_table import Table
    from ...model.sightings import rows

    with tempfile.TemporaryDirectory(prefix="facewise-") as folder:
        path = Path(folder) / "frames.csv"
        with Table(path, "openface") as table:
            for row in rows(seen, perceiver):
                table.add(row)
        return path.read_text(encoding="utf-8")
