"""Built instruction rows (`facewise build`, its exporters) as cards with their pictures and boxes, a few at a time."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.perception.picture import Picture, read_picture
from .drawn import jpeg, uri
from .row_files import some_rows

SHOWN = 8
SPEAKERS = {"user": "asked", "assistant": "answered", "system": "system"}


def cards(source: Path, start: int, search: str = "") -> tuple[str, bool]:
    """HTML of the rows from `start` on that hold the words of `search`, and whether more follow. Raises FacewiseError for no set."""
    found, has_more = some_rows(source, start, SHOWN, search)
    folder = source.parent if source.is_file() else source
    html = "".join(card(folder, row) for row in found)
    return html or '<p class="none">No row fits.</p>', has_more


def card(folder: Path, row: dict[str, Any]) -> str:
    pictures = "".join(_picture(folder, image, row) for image in row.get("images") or ())
    clips = "".join(f'<p class="fine">Clip: {escape(Path(str(name)).name)}</p>' for name in row.get("videos") or ())
    talk = "".join(_message(message) for message in row["messages"] if isinstance(message, dict))
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    chips = "".join(
        f"<li>{escape(f'{name}: {value}')}</li>"
        for name, value in list((meta or {}).items())[:6]
        if isinstance(value, str | int | float)
    )
    return f'<article class="fw-row"><h2>{escape(str(row.get("id", "row")))}</h2><div class="media">{pictures}{clips}</div><div class="talk">{talk}</div><ul class="fw-chips" aria-label="Labels">{chips}</ul></article>'


def _message(message: dict[str, Any]) -> str:
    role, content = str(message.get("role")), message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    words = " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict) and part.get("type") == "text")
    return (
        f'<p class="{escape(role, quote=True)}"><span class="seen-only">{SPEAKERS.get(role, escape(role))}: </span>{escape(words)}</p>'
        if words
        else ""
    )


def _picture(folder: Path, image: Any, row: dict[str, Any]) -> str:
    try:
        picture = _read(folder, image)
    except FacewiseError as error:
        return f'<p class="fault">{escape(str(error))}</p>'
    height, width = picture.pixels.shape[:2]
    objects = row.get("objects") if isinstance(row.get("objects"), dict) else {}
    boxes = (objects or {}).get("bbox") or []
    drawn = "".join(_box(box, width) for box in boxes if _is_box(box)) if len(row.get("images") or ()) == 1 else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(picture.name, quote=True)}"><image href="{uri(jpeg(picture.pixels, 360))}" '
        f'width="{width}" height="{height}"/><g class="layer-area">{drawn}</g></svg>'
    )


def _read(folder: Path, image: Any) -> Picture:
    """By its path, or, where a set travels whole, from its bytes."""
    name, data = (image.get("path"), image.get("bytes")) if isinstance(image, dict) else (image, None)
    name = str(name or "picture")
    return read_picture(data if isinstance(data, bytes) else folder / name, name=name)


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 4 and all(isinstance(length, int | float) for length in box)


def _box(box: list[float], width: int) -> str:
    x1, y1, x2, y2 = box
    return f'<rect x="{x1}" y="{y1}" width="{x2 - x1}" height="{y2 - y1}" stroke-width="{width / 110:.1f}"/>'
