"""Built instruction rows (`facewise build`) as cards with their pictures and boxes, a few at a time, read straight from rows.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.perception.picture import read_picture
from .drawn import jpeg, uri

ROWS = "rows.jsonl"
SHOWN = 8
SPEAKERS = {"user": "asked", "assistant": "answered", "system": "system"}


def cards(folder: Path, start: int, search: str = "") -> tuple[str, bool]:
    """HTML of the rows from `start` on that hold the words of `search`, and whether more follow. Raises FacewiseError for no set."""
    found = list(islice(_matching(folder, search), start, start + SHOWN + 1))
    html = "".join(card(folder, row) for row in found[:SHOWN])
    return html or '<p class="none">No row fits.</p>', len(found) > SHOWN


def _matching(folder: Path, search: str) -> Iterator[dict[str, Any]]:
    path = folder / ROWS
    if not path.is_file():
        raise FacewiseError(f"{folder}: no {ROWS} is here; give --rows a folder that `facewise build SOURCE --out` wrote")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if search.lower() in line.lower():
                yield _row(line, f"{path}:{number}")


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
        raise FacewiseError(f"{where}: not an instruction row (messages are wanted)")
    return row


def card(folder: Path, row: dict[str, Any]) -> str:
    pictures = "".join(_picture(folder, str(name), row) for name in row.get("images") or ())
    talk = "".join(_message(message) for message in row["messages"] if isinstance(message, dict))
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    chips = "".join(
        f"<li>{escape(f'{name}: {value}')}</li>"
        for name, value in list((meta or {}).items())[:6]
        if isinstance(value, str | int | float)
    )
    return f'<article class="fw-row"><h2>{escape(str(row.get("id", "row")))}</h2><div class="media">{pictures}</div><div class="talk">{talk}</div><ul class="fw-chips" aria-label="Labels">{chips}</ul></article>'


def _message(message: dict[str, Any]) -> str:
    role, content = str(message.get("role")), message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    words = " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict) and part.get("type") == "text")
    return (
        f'<p class="{escape(role, quote=True)}"><span class="seen-only">{SPEAKERS.get(role, escape(role))}: </span>{escape(words)}</p>'
        if words
        else ""
    )


def _picture(folder: Path, name: str, row: dict[str, Any]) -> str:
    try:
        pixels = read_picture(folder / name, name=name).pixels
    except FacewiseError as error:
        return f'<p class="fault">{escape(str(error))}</p>'
    height, width = pixels.shape[:2]
    objects = row.get("objects") if isinstance(row.get("objects"), dict) else {}
    boxes = (objects or {}).get("bbox") or []
    drawn = (
        "".join(_box(box, width) for box in boxes if isinstance(box, list) and len(box) == 4)
        if len(row.get("images") or ()) == 1
        else ""
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(name, quote=True)}"><image href="{uri(jpeg(pixels, 360))}" '
        f'width="{width}" height="{height}"/><g class="layer-area">{drawn}</g></svg>'
    )


def _box(box: list[float], width: int) -> str:
    x1, y1, x2, y2 = map(float, box)
    return f'<rect x="{x1}" y="{y1}" width="{x2 - x1}" height="{y2 - y1}" stroke-width="{width / 110:.1f}"/>'
