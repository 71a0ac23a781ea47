"""The photo with what was found on it: one SVG whose layers are switched by the page's style, and pills to choose a face by keyboard.

Layers: boxes, landmarks, heat (where an attack would show), area (the boxes of the last verdict), regions (attention, once asked for).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ...model.perception.views import VIEWS, face_views, tight_square
from ...model.taxonomy import REGIONS
from .conversation import Conversation, Item
from .drawn import REGION_COLOURS, heat, jpeg, regions, smaller, uri

if TYPE_CHECKING:
    from ...model.network.perceive import PerceivedFace
    from ...model.perception.faces import DetectedFace
    from ...model.perception.picture import Picture

CLOSED = ("right eye", "left eye", "outer lips", "inner lips")
TILE_PX = 132
VIEW_WORDS = {
    "rgb": ("tight crop", "what muscles are read from"),
    "spoof": ("texture", "local patterns, high frequencies, edges"),
    "spectrum": ("spectrum", "moiré and halftone would be bright dots"),
}


def strip(conversation: Conversation) -> str:
    """Buttons with small pictures of everything that was dropped; its class says what is on view."""
    if conversation.item is None:
        return ""
    buttons = [_thumb(number, item, number == conversation.at) for number, item in enumerate(conversation.items)]
    kind = "clip" if conversation.item.is_clip else "photo"
    return f'<div class="fw-strip {kind}" role="group" aria-label="Files of this session">{"".join(buttons)}</div>'


def _thumb(number: int, item: Item, is_chosen: bool) -> str:
    source = uri(jpeg(item.picture.pixels, 112)) if item.picture else uri(item.film[0]) if item.film else ""
    label = escape(f"{'Clip' if item.is_clip else 'Photo'} {number + 1}: {item.name}", quote=True)
    pressed = "true" if is_chosen else "false"
    return f'<button type="button" data-item="{number}" aria-pressed="{pressed}" aria-label="{label}" title="{label}"><img src="{source}" alt=""></button>'


def pills(item: Item) -> str:
    """A button a face, for a single one, too: its place is there then when several are shown next."""
    if not item.face_ids:
        return ""
    words = [
        f'<button type="button" data-face="{face}" aria-pressed="{"true" if face == item.face else "false"}">Face {face + 1}</button>'
        for face in item.face_ids
    ]
    return f'<div class="fw-pills" role="group" aria-label="Choose a face">{"".join(words)}</div>'


def stage(item: Item) -> str:
    """A photo's figure."""
    picture, found = item.picture, item.found
    if picture is None or found is None:
        return ""
    height, width = picture.pixels.shape[:2]
    layers = [_regions(item), _heat(item.chosen), _landmarks(item), _area(item), _boxes(item)]
    told = f"{len(found.faces)} face{'s' if len(found.faces) != 1 else ''} found" if found.faces else "no face found"
    chosen = f", face {item.face + 1} is chosen" if len(found.faces) > 1 else ""
    label = escape(f"{item.name}: {told}{chosen}", quote=True)
    more = f"; {found.not_shown} smaller ones are not shown" if found.not_shown else ""
    facts = f"{width} × {height} · {told}{more}"
    return (
        f'<figure class="fw-stage"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f'<image href="{uri(jpeg(picture.pixels))}" width="{width}" height="{height}"/>{"".join(layers)}</svg>'
        f"{caption(item.name, facts)}</figure>{pills(item)}"
    )


def caption(name: str, facts: str) -> str:
    """On one line: a long name is cut, its end in the tooltip."""
    return f'<figcaption title="{escape(name, quote=True)}"><span>{escape(name)}</span><span>{escape(facts)}</span></figcaption>'


def sees(picture: Picture, face: DetectedFace) -> str:
    """The views of a face, as small pictures."""
    images = face_views(picture.pixels, face, TILE_PX, tuple(VIEWS)).images
    tiles = []
    for name, image in zip(VIEWS, images, strict=True):
        title, words = VIEW_WORDS.get(name, (name, ""))
        source = uri(jpeg(image, TILE_PX, 90))
        tiles.append(
            f'<figure><img src="{source}" alt="{title}: {words}" width="{TILE_PX}" height="{TILE_PX}"><figcaption>{title}</figcaption></figure>'
        )
    return f'<details class="fw-more" data-keep="sees"><summary>What the encoder looks at</summary><div class="fw-tiles">{"".join(tiles)}</div></details>'


def _boxes(item: Item) -> str:
    drawn = []
    for face in item.found.faces if item.found else ():
        x1, y1, x2, y2 = face.box
        unit = _unit(item)
        is_chosen = face.id == item.face
        tag_w, tag_h = unit * 4.2, unit * 1.5
        y = max(0.0, y1 - tag_h)
        drawn.append(
            f'<g class="fw-face{" chosen" if is_chosen else ""}" data-face="{face.id}"><rect class="hit" x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="{unit * 0.4:.1f}" stroke-width="{unit * (0.28 if is_chosen else 0.18):.2f}"/>'
            f'<rect class="tag" x="{x1:.1f}" y="{y:.1f}" width="{tag_w:.1f}" height="{tag_h:.1f}" rx="{unit * 0.3:.1f}"/>'
            f'<text x="{x1 + tag_w / 2:.1f}" y="{y + tag_h * 0.74:.1f}" font-size="{unit * 1.1:.1f}" text-anchor="middle">face {face.id + 1}</text></g>'
        )
    return f'<g class="layer layer-boxes">{"".join(drawn)}</g>'


def _landmarks(item: Item) -> str:
    face = _detected(item)
    if face is None or face.ibug68 is None:
        return ""
    points = face.ibug68[:, :2]
    radius = max(0.8, face.iod_px / 70)
    chains = []
    for (name, (first, stop)), colour in zip(REGIONS.items(), REGION_COLOURS, strict=True):
        chain = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[first:stop])
        shape = "polygon" if name in CLOSED else "polyline"
        chains.append(
            f'<{shape} points="{chain}" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="{radius * 1.9:.2f}"/>'
            f'<{shape} points="{chain}" fill="none" stroke="{colour}" stroke-width="{radius * 0.9:.2f}"/>'
        )
        chains += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{colour}"/>' for x, y in points[first:stop]]
    return f'<g class="layer layer-landmarks">{"".join(chains)}</g>'


def _heat(face: PerceivedFace | None) -> str:
    if face is None:
        return ""
    return f'<g class="layer layer-heat">{_laid(heat(np.asarray(face.evidence.attack_map)), face.wide_box)}</g>'


def _area(item: Item) -> str:
    answer = item.answers.get((item.face, "spoof")) or {}
    rects = [
        f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" stroke-width="{_unit(item) * 0.3:.2f}"/>'
        for x1, y1, x2, y2 in answer.get("boxes") or ()
    ]
    return f'<g class="layer layer-area">{"".join(rects)}</g>'


def _regions(item: Item) -> str:
    face, shares = _detected(item), item.regions.get(item.face)
    if face is None or shares is None:
        return ""
    return f'<g class="layer layer-regions">{_laid(regions(shares), tight_square(face))}</g>'


def _laid(source: str, box: tuple[float, float, float, float]) -> str:
    x1, y1, x2, y2 = box
    return f'<image href="{source}" x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" preserveAspectRatio="none"/>'


def _detected(item: Item) -> DetectedFace | None:
    detected = item.found.detected if item.found else ()
    return next((face for face in detected if face.id == item.face), None)


def _unit(item: Item) -> float:
    """A length that looks the same on every photo: a fortieth of its longer side."""
    return max(item.picture.pixels.shape[:2]) / 44 if item.picture else 1.0


def region_legend() -> str:
    pairs = {"jaw": 0, "brows": 1, "nose": 3, "eyes": 5, "lips": 7}
    marks = "".join(f'<li><i style="background:{REGION_COLOURS[at]}"></i>{name}</li>' for name, at in pairs.items())
    return f'<ul class="fw-legend" aria-label="Colours of the regions">{marks}</ul>'


def small(item: Item, longest: int = 480) -> bytes:
    """A JPEG of an item for the transcript."""
    if item.picture is not None:
        return jpeg(smaller(item.picture.pixels, longest), longest)
    return item.film[0] if item.film else b""
