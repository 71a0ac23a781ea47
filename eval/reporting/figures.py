"""Figures as inline SVG, for a page that fetches nothing: confusion, curves, bars with intervals, timelines. Colours come from its CSS."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from ..metrics.spotting import Movement

SIDE = 260  # of the plane of a curve, px
EDGE = 44


class Line(NamedTuple):
    """Points [n, 2] in 0-1; `kind` is a class of the page's CSS."""

    points: np.ndarray
    kind: str = "line"
    name: str = ""


class Tick(NamedTuple):
    """A place on an axis, 0 to 1, and what stands there."""

    at: float
    name: str


QUARTERS = tuple(Tick(at, f"{at:g}") for at in (0.0, 0.25, 0.5, 0.75, 1.0))


class Bar(NamedTuple):
    """A value in 0-1 with its interval; None: nothing to measure. `chance` is a tick."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None = None


def confusion(matrix: np.ndarray, labels: Sequence[str]) -> str:
    """Rows are truth; the last column is what gave no answer. Shades are shares of the row."""
    cell, left, top = 46, 8 + 7 * max(map(len, labels)), 30 + 6 * max(map(len, (*labels, "no answer")))
    columns = (*labels, "no answer")
    parts = []
    for x, name in enumerate(columns):
        at = left + x * cell + cell / 2
        parts.append(f'<text x="{at}" y="{top - 8}" transform="rotate(-50 {at} {top - 8})">{escape(name)}</text>')
    for y, name in enumerate(labels):
        parts.append(f'<text x="{left - 6}" y="{top + y * cell + cell / 2 + 4}" text-anchor="end">{escape(name)}</text>')
        whole = matrix[y].sum()
        for x in range(len(columns)):
            share = matrix[y, x] / whole if whole else 0.0
            parts.append(
                f'<rect class="cell" x="{left + x * cell}" y="{top + y * cell}" width="{cell - 2}" height="{cell - 2}" '
                f'style="--share:{share:.3f}"><title>{escape(name)} called {escape(columns[x])}: {int(matrix[y, x])} of {int(whole)}</title></rect>'
                f'<text class="{"over" if share > 0.5 else "in"}" x="{left + x * cell + cell / 2 - 1}" y="{top + y * cell + cell / 2 + 3}" '
                f'text-anchor="middle">{int(matrix[y, x])}</text>'
            )
    return _svg(left + len(columns) * cell + 40, top + len(labels) * cell + 8, parts, "confusion matrix, rows are truth")


def plane(lines: Sequence[Line], x_name: str, y_name: str, title: str, ticks: Sequence[Tick] = QUARTERS) -> str:
    """Curves in the unit square, whose two axes are alike."""
    parts = [f'<rect class="plane" x="{EDGE}" y="10" width="{SIDE}" height="{SIDE}"/>']
    for tick in ticks:
        x, y = _place(tick.at, tick.at)
        parts.append(f'<text class="tick" x="{x:.1f}" y="{SIDE + 26}" text-anchor="middle">{tick.name}</text>')
        parts.append(f'<text class="tick" x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{tick.name}</text>')
        parts.append(f'<path class="grid" d="M{EDGE} {y:.1f}h{SIDE}M{x:.1f} 10v{SIDE}"/>')
    for line in lines:
        spots = [_place(*point) for point in line.points]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline class="{line.kind}" points="{drawn}"><title>{escape(line.name)}</title></polyline>')
        if line.kind == "dots":
            parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in spots]
    parts.append(f'<text x="{EDGE + SIDE / 2}" y="{SIDE + 44}" text-anchor="middle">{escape(x_name)}</text>')
    middle = 10 + SIDE / 2
    parts.append(f'<text x="12" y="{middle}" transform="rotate(-90 12 {middle})" text-anchor="middle">{escape(y_name)}</text>')
    return _svg(EDGE + SIDE + 16, SIDE + 54, parts, title)


def _place(x: float, y: float) -> tuple[float, float]:
    return EDGE + SIDE * float(x), 10 + SIDE * (1 - float(y))


def bars(found: Sequence[Bar], title: str) -> str:
    left, wide, row = 8 + 7 * max(len(bar.name) for bar in found), 300, 20
    parts = []
    for number, bar in enumerate(found):
        y = 6 + number * row
        parts.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{escape(bar.name)}</text>')
        parts.append(f'<rect class="plane" x="{left}" y="{y}" width="{wide}" height="{row - 5}"/>')
        if bar.value is None:
            parts.append(f'<text class="tick" x="{left + 6}" y="{y + 12}">nothing to measure, n = {bar.n:,}</text>')
            continue
        width = wide * min(max(bar.value, 0.0), 1.0)
        parts.append(
            f'<rect class="bar" x="{left}" y="{y}" width="{width:.1f}" height="{row - 5}"><title>n = {bar.n:,}</title></rect>'
        )
        if bar.low is not None and bar.high is not None:
            x1, x2 = (left + wide * min(max(end, 0.0), 1.0) for end in (bar.low, bar.high))
            parts.append(f'<path class="whisker" d="M{x1:.1f} {y + 7.5}H{x2:.1f}M{x1:.1f} {y + 3}v9M{x2:.1f} {y + 3}v9"/>')
        if bar.chance is not None:
            parts.append(f'<path class="chance" d="M{left + wide * bar.chance:.1f} {y - 1}v{row - 3}"/>')
        parts.append(f'<text class="tick" x="{left + wide + 6}" y="{y + 12}">{bar.value:.2f}</text>')
    return _svg(left + wide + 50, 12 + len(found) * row, parts, title)


def timeline(clips: Sequence[tuple[str, Sequence[Movement], Sequence[Movement]]], title: str) -> str:
    """(name, truth, claims) of each clip; truth above, claims below."""
    left, wide, row = 8 + 6 * max(len(name) for name, _, _ in clips), 420, 26
    last = max((each.offset for _, truth, claims in clips for each in (*truth, *claims)), default=1) + 1
    parts = []
    for number, (name, truth, claims) in enumerate(clips):
        y = 6 + number * row
        parts.append(f'<text x="{left - 6}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="plane" x="{left}" y="{y}" width="{wide}" height="{row - 6}"/>')
        for movements, down, kind in ((truth, 0, "truth"), (claims, (row - 6) / 2, "claim")):
            for each in movements:
                x, width = left + wide * each.onset / last, max(2.0, wide * (each.offset - each.onset + 1) / last)
                about = f"{kind}: {each.kind} {each.onset} to {each.offset}"
                parts.append(
                    f'<rect class="{kind} {each.kind}" x="{x:.1f}" y="{y + down:.1f}" width="{width:.1f}" height="{(row - 6) / 2:.1f}">'
                    f"<title>{escape(about)}</title></rect>"
                )
    parts.append(f'<text class="tick" x="{left + wide}" y="{20 + len(clips) * row}" text-anchor="end">frame {last}</text>')
    return _svg(left + wide + 12, 26 + len(clips) * row, parts, title)


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title, quote=True)}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}">{"".join(parts)}</svg>'
    )
