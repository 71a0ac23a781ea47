"""A clip on the page: the frame at hand, the motion curve with its intervals and a cursor, and every movement with buttons that jump to it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ...model.answer import ActionUnitReading
from ...model.drawing import GROUPS
from ...model.perception.patches import REGIONS
from ...model.readings import is_active
from ...model.sheets import movement_tiles
from ...model.sightings import face_told
from .conversation import Item
from .drawn import jpeg, uri
from .stage import caption, pills

if TYPE_CHECKING:
    from ...model.perception.clip import WatchedFace

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 22, 26
LINES = {"brows": "#0072b2", "lids": "#d55e00", "mouth": "#009e73", "nose and cheeks": "#cc79a7"}
KINDS = {"micro": "possible micro-expression", "macro": "possible expression", "blink": "blink"}
MOST_POINTS = 900  # more than the pixels of the curve


def person(item: Item) -> WatchedFace | None:
    watched = item.seen.moments.watched.faces if item.seen else ()
    return next((face for face in watched if face.id == item.face), None)


def film(item: Item) -> str:
    """The frame on view and the curve below it."""
    if item.seen is None or not item.film:
        return ""
    watched = item.seen.moments.watched
    width, height = watched.size
    frame = min(max(item.frame, 0), len(item.film) - 1)
    face = person(item)
    box = ""
    if face is not None and (here := face.within(frame)):
        x1, y1, x2, y2 = here.box
        box = f'<g class="layer layer-boxes"><g class="fw-face chosen"><rect class="hit" x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" rx="{width / 100:.1f}" stroke-width="{width / 160:.2f}"/></g></g>'
    second = frame / watched.fps if watched.fps else 0.0
    told = f"frame {frame} of {len(item.film)}, {second:.2f} s"
    label = escape(f"{item.name}: {told}", quote=True)
    return (
        f'<figure class="fw-stage clip"><svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        f'<image href="{uri(item.film[frame])}" width="{width}" height="{height}"/>{box}</svg>{caption(item.name, told)}</figure>'
        f"{pills(item)}{curve(face, frame) if face is not None else ''}"
    )


def curve(face: WatchedFace, frame: int) -> str:
    """How many times its noise each part of the face moves, over time."""
    spotted = face.spotted
    if spotted is None:
        return '<p class="none">This face was never seen well enough to follow its movements.</p>'
    times = spotted.curves.times
    first, last = float(times[0]), max(float(times[-1]), float(times[0]) + 1e-3)
    top = max(3.0, float(spotted.ratios.max()) * 1.12)

    def x(time_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (time_s - first) / (last - first)

    def y(ratio: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ratio / top

    names = list(REGIONS)
    step = max(1, len(times) // MOST_POINTS)
    lines = []
    for group, members in GROUPS.items():
        strongest = spotted.ratios[:, [names.index(name) for name in members]].max(1)
        peaks = np.maximum.reduceat(strongest, np.arange(0, len(strongest), step))
        points = " ".join(f"{x(float(t)):.1f},{y(float(v)):.1f}" for t, v in zip(times[::step], peaks, strict=True))
        lines.append(f'<polyline points="{points}" stroke="{LINES[group]}"/>')
    bands = [
        f'<g class="band {spot.kind}"><rect x="{x(spot.onset_s):.1f}" y="{TOP}" width="{max(2.0, x(spot.offset_s) - x(spot.onset_s)):.1f}" height="{HEIGHT - TOP - BOTTOM}"/>'
        f'<line x1="{x(spot.apex_s):.1f}" x2="{x(spot.apex_s):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/><text x="{x(spot.apex_s):.1f}" y="{TOP - 7}">{spot.kind}</text></g>'
        for spot in spotted.spots
    ]
    seconds = _ticks(first, last)
    axis = "".join(f'<text x="{x(at):.1f}" y="{HEIGHT - 9}">{at:g}</text>' for at in seconds)
    at = int(np.clip(np.searchsorted(spotted.curves.frames, frame), 0, len(times) - 1))
    now = x(float(times[at]))
    said = "; ".join(f"{KINDS[spot.kind]} from {spot.onset_s:.2f} to {spot.offset_s:.2f} s" for spot in spotted.spots)
    legend = "".join(f'<li><i style="background:{colour}"></i>{group}</li>' for group, colour in LINES.items())
    return (
        f'<figure class="fw-curve"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Motion curve. {escape(said or "No movement was spotted", quote=True)}.">'
        f'{"".join(bands)}<line class="floor" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(1):.1f}" y2="{y(1):.1f}"/><text class="unit" x="{LEFT - 4}" y="{y(1) + 3:.1f}">noise</text>'
        f'<g class="lines">{"".join(lines)}</g><g class="axis">{axis}<text x="{WIDTH - RIGHT}" y="{HEIGHT - 9}" text-anchor="end">s</text></g>'
        f'<line class="cursor" x1="{now:.1f}" x2="{now:.1f}" y1="{TOP - 4}" y2="{HEIGHT - BOTTOM + 4}"/></svg>'
        f'<ul class="fw-legend" aria-label="Lines">{legend}</ul></figure>'
    )


def moves(item: Item) -> str:
    """Every movement with its times, and, of expressions, onset, apex and what moved."""
    face = person(item)
    if item.seen is None or face is None:
        return '<p class="none">No face could be followed in this clip.</p>' if item.is_clip else ""
    report = face_told(face, item.seen)
    cards = (
        "".join(_move(interval) for interval in report["intervals"])
        or '<li class="none">No movement stands out from the noise.</li>'
    )
    notes = "".join(f'<li class="warn">{escape(note)}</li>' for note in item.seen.moments.watched.notes)
    tiles = "".join(_tiles(title.split(": ")[0], pictures) for title, pictures in movement_tiles(face, item.seen.moments))
    shortest = (
        f"At {item.seen.moments.watched.fps:.3g} frames a second nothing shorter than {report['motion']['shortest_s']:.2f} s can be seen. "
        if report["motion"]
        else ""
    )
    return (
        f'<section class="fw-moves"><h3>Movements <small>candidates with a score, not facts</small></h3><ul class="fw-cards">{cards}</ul>'
        f'<ul class="fw-chips" aria-label="Notes">{notes}</ul>{_others(report)}<p class="fine">{shortest}A micro-expression is no evidence of deception.</p>{tiles}</section>'
    )


def _move(interval: dict) -> str:
    jumps = "".join(
        f'<button type="button" data-frame="{interval[name]}" data-moment="{name}">{name} <small>{interval[name + "_s"]:.2f} s</small></button>'
        for name in ("onset", "apex", "offset")
    )
    active = [
        f"{code} {unit['intensity']:.1f}"
        for code, unit in (interval["aus"] or {}).items()
        if is_active(ActionUnitReading(**unit))
    ]
    where = ", ".join(f"{part['region']} {part['direction']}" for part in interval["regions"][:3])
    words = "; ".join(part for part in (where, "above rest: " + ", ".join(active) if active else "") if part)
    kind = interval["kind"]
    return (
        f'<li class="{kind}"><strong>{KINDS[kind].capitalize()}</strong> <span class="value">score {short(interval["score"])}</span>'
        f'<p>{escape(words)}</p><div class="fw-pills" role="group" aria-label="Jump to">{jumps}</div></li>'
    )


def _others(report: dict) -> str:
    spans = report["motion"]["distractors"] if report["motion"] else []
    rows = "".join(f"<li>{escape(span['kind'])} {span['start_s']:.2f}–{span['end_s']:.2f} s</li>" for span in spans)
    return (
        f'<details class="fw-more" data-keep="others"><summary>{len(spans)} movement{"s" if len(spans) != 1 else ""} explained otherwise</summary><ul class="fw-chips">{rows}</ul></details>'
        if spans
        else ""
    )


def _tiles(title: str, pictures: list[tuple[str, np.ndarray]]) -> str:
    figures = "".join(
        f'<figure><img src="{uri(jpeg(pixels, 168, 90))}" alt="{escape(name)}" width="150" height="150"><figcaption>{escape(name)}</figcaption></figure>'
        for name, pixels in pictures
    )
    return f'<div class="fw-tileset"><h4>{escape(title)}</h4><div class="fw-tiles">{figures}</div></div>'


def _ticks(first: float, last: float) -> list[float]:
    step = next((width for width in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if (last - first) / width <= 9), 30)
    start = np.ceil(first / step) * step
    return [round(float(at), 2) for at in np.arange(start, last - step * 0.35, step)]


def short(score: float) -> str:
    """Two digits, never 1.00: a candidate is not certain."""
    return f"{min(score, 0.99):.2f}"


def told(item: Item) -> str:
    """What was seen in a clip, in a few sentences, without overclaiming."""
    face = person(item)
    if face is None:
        return "No face could be followed in this clip. One that looks at the camera, for a second or longer, can be."
    spots = [spot for spot in (face.spotted.spots if face.spotted else ()) if spot.kind != "blink"]
    lines = [
        f"- **{KINDS[spot.kind]}**, {spot.onset_s:.2f} to {spot.offset_s:.2f} s, apex {spot.apex_s:.2f} s, score {short(spot.score)}"
        for spot in spots
    ]
    found = (
        f"{len(spots)} movement{'s' if len(spots) != 1 else ''} of face {face.id + 1} stand{'s' if len(spots) == 1 else ''} out:"
        if spots
        else f"No movement of face {face.id + 1} stands out from the noise."
    )
    are = "This is a candidate, not a fact" if len(spots) == 1 else "These are candidates, not facts"
    close = ["", f"{are}; buttons in the evidence jump to each moment."] if spots else []
    return "\n".join([found, *lines, *close, "", "Ask about this face, or choose a question below."])
