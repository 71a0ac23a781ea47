"""Rows as one page that needs no network: page.html with the cards in it, pictures as data URIs, boxes over them.

The cards are whole without JavaScript, which only filters; a content security policy keeps the page from fetching anything.
"""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

import cv2

from ...model.errors import one_line
from ..rows import BOX
from .cards import Card, labels
from .shots import Shot

TEMPLATE = "page.html"
FILTERS = ("task", "split", "dataset", "kind")
JPEG_QUALITY = 85
SEVERAL = 3  # pictures from which on the texts stand below


def page(name: str, found: Iterable[tuple[Card, Sequence[Shot]]], rejects: bool) -> str:
    """HTML. `name` is the set's."""
    told, values, licences = [], {filter_: dict[str, None]() for filter_ in FILTERS}, dict[str, None]()
    for card, shots in found:
        told.append(_article(card, shots))
        for filter_, seen in values.items():
            if value := card.meta.get(filter_):
                seen.setdefault(str(value))
        if licence := card.meta.get("licence"):
            licences.setdefault(str(licence))
    what = "rejected" if rejects else "rows"
    parts = {
        "title": escape(f"{name}: {what}"),
        "heading": escape(f"{name}: {what}"),
        "count": str(len(told)),
        "selects": "\n".join(_select(filter_, list(seen)) for filter_, seen in values.items() if len(seen) > 1),
        "footer": escape(_footer(list(licences))),
        "cards": "\n".join(told),
    }
    text = (files(__package__) / TEMPLATE).read_text(encoding="utf-8")
    for part, html in parts.items():  # the cards last: their texts may hold anything
        text = text.replace(f"[[{part}]]", html)
    return text


def _footer(licences: Sequence[str]) -> str:
    terms = f" Licences of the media: {'; '.join(sorted(licences))}." if licences else ""
    return f"The pictures of this page are in the file itself: pass it on only where their licences allow.{terms}"


def _select(name: str, values: Sequence[str]) -> str:
    options = "".join(f'<option value="{escape(value)}">{escape(value)}</option>' for value in sorted(values))
    select = f'<select name="{name}"><option value="">every {name}</option>{options}</select>'
    return f'<label><span class="seen">{name}</span>{select}</label>'


def _article(card: Card, shots: Sequence[Shot]) -> str:
    data = " ".join(f'data-{name}="{escape(str(card.meta.get(name, "")))}"' for name in FILTERS)
    wide = " class='wide'" if len(shots) >= SEVERAL else ""
    return (
        f'<article tabindex="0" {data}{wide} aria-label="{escape(one_line(card.id))}">{_head(card)}'
        f'<div class="media">{"".join(_figure(card, shot) for shot in shots)}</div>'
        f"<div>{_reasons(card)}{_talk(card)}{_labels(card)}</div></article>"
    )


def _head(card: Card) -> str:
    chips = [f'<span class="chip task">{escape(str(card.meta["task"]))}</span>'] if card.meta.get("task") else []
    names = ("kind", "split", "dataset", "subject", "writer")
    chips += [
        f'<span class="chip" title="{name}">{escape(one_line(str(card.meta[name])))}</span>'
        for name in names
        if card.meta.get(name)
    ]
    return f'<div class="head"><h2>{escape(one_line(card.id))}</h2>{"".join(chips)}</div>'


def _figure(card: Card, shot: Shot) -> str:
    if shot.pixels is None:
        fault = f'<div class="fault">{escape(one_line(shot.fault))}</div>'
        return f"<figure>{fault}<figcaption>{escape(shot.caption)}</figcaption></figure>"
    jpeg = cv2.imencode(".jpg", shot.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    height, width = shot.pixels.shape[:2]
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"
    boxes = "".join(_box(number, name, box) for number, (name, box) in enumerate(shot.boxes, start=1))
    caption = f"<figcaption>{escape(shot.caption)}</figcaption>" if shot.caption else ""
    image = f'<img src="{source}" width="{width}" height="{height}" alt="{escape(_alt(card, shot))}">'
    return f'<figure><span class="frame">{image}{boxes}</span>{caption}</figure>'


def _alt(card: Card, shot: Shot) -> str:
    """What a picture shows, as far as labels tell."""
    told = "; ".join(f"{name} {value}" for name, value in (labels(card.record) if card.record else ()))
    places = ", ".join(name for name, _ in shot.boxes if name)
    moment = f", {shot.caption}" if shot.caption else ""
    return one_line(f"Medium of {card.id}{moment}: {told or 'no labels'}" + (f"; boxes: {places}" if places else ""))


def _box(number: int, name: str, box: tuple[float, float, float, float]) -> str:
    x1, y1, x2, y2 = (100 * value for value in box)
    place = f"left:{x1:.2f}%;top:{y1:.2f}%;width:{x2 - x1:.2f}%;height:{y2 - y1:.2f}%"
    return f'<span class="box" data-box="{number}" style="{place}" title="{escape(name)}"><b>{number}</b></span>'


def _reasons(card: Card) -> str:
    if not card.reasons:
        return ""
    return f'<ul class="reasons">{"".join(f"<li>{escape(one_line(reason))}</li>" for reason in card.reasons)}</ul>'


def _talk(card: Card) -> str:
    number, said = 0, []
    for message in card.row.messages if card.row else ():
        text = escape("".join(part.get("text", "") for part in message["content"] if part["type"] == "text"))
        for place in range(text.count(escape(BOX))):
            text = text.replace(
                escape(BOX),
                f'<button type="button" class="ref" data-box="{number + place + 1}">box {number + place + 1}</button>',
                1,
            )
        number += text.count('class="ref"')
        said.append(f'<p class="{escape(message["role"])}"><span class="seen">{escape(message["role"])}: </span>{text}</p>')
    return f'<div class="talk">{"".join(said)}</div>' if said else ""


def _labels(card: Card) -> str:
    told = labels(card.record) if card.record else []
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(one_line(value))}</dd>" for name, value in told)
    return f"<dl>{pairs}</dl>" if pairs else ""
