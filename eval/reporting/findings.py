"""What a report shows of one benchmark beside its numbers: figures from the table, and the worst mistakes with their pictures."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ..answers.out import TEST, Answered, item_of, listed
from ..answers.predictions import lines
from ..answers.table import ANSWERED, SPOOF_SCORE, Table
from ..benchmark import Benchmark
from ..metrics import calibration, classes
from ..metrics.tradeoff import DET_TICKS, Tradeoff, deviates, tradeoff
from ..scoring.measures import LIVE, SPOOF, presentations
from ..scoring.rows import Row
from .figures import Bar, Line, Tick, bars, confusion, plane, timeline

WORST, CLIPS_SHOWN, BARS_SHOWN = 8, 20, 45
THUMB_PX, JPEG_QUALITY = 180, 80


@dataclass(frozen=True)
class Mistake:
    """`picture`: a data URI, "" where it cannot be read or is not wanted."""

    item: str
    truth: str
    said: str
    text: str
    score: str
    picture: str


def figures(answered: Answered, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(caption, SVG)"""
    benchmark, table = answered.benchmark, answered.table
    if benchmark.task == "class":
        matrix = classes.confusion(table.truth, table.label, len(benchmark.labels))
        return [("Confusion: rows are truth, shades are shares of the row", confusion(matrix, benchmark.labels))]
    if benchmark.task == "spoof":
        return list(_of_scores(table, benchmark))
    if benchmark.task == "units":
        return list(_bars(rows))
    if benchmark.task == "movements":
        drawn = range(min(len(table), CLIPS_SHOWN))
        shown = [(f"clip {number + 1}", table.truth[number], table.label[number]) for number in drawn]
        return [("Movements: truth above, claims below", timeline(shown, "movements over time"))]
    return []


def _of_scores(table: Table, benchmark: Benchmark) -> Iterator[tuple[str, str]]:
    said = np.where(table.label == LIVE, 0, np.where(table.label == SPOOF, 1, -1))
    yield "Confusion of labels; uncertain is no answer", confusion(classes.confusion(table.truth, said, 2), ("live", "spoof"))
    if (traded := error_curve(table, benchmark)) is None:
        return
    yield from _of_errors(traded, "clips" if benchmark.per == "clip" else "items")
    scores = np.where(table.state == ANSWERED, table.scores[SPOOF_SCORE], np.nan)
    use = ~np.isnan(scores)
    p, spoof = scores[use], table.truth[use] == SPOOF
    reliable = calibration.reliability(p, spoof)
    dots = Line(np.array([(each.said, each.true) for each in reliable]), "dots", "reliability")
    yield "Reliability, bins of equal mass", plane([_diagonal(), dots], "probability said", "share of spoofs", "reliability")
    risks = calibration.risk_coverage(np.abs(p - 0.5), (p >= 0.5) == spoof)
    curve = Line(np.array([(each.coverage, each.risk) for each in risks]), name="risk")
    yield "Errors among the surest answers", plane([curve], "coverage", "share of errors", "risk and coverage")


def error_curve(table: Table, benchmark: Benchmark) -> Tradeoff | None:
    """Of what the table's numbers are of: clips where their frames are averaged. None without scores of both classes."""
    p = presentations(table, benchmark)
    species = p.species[p.use]
    if not ((species >= 0).any() and (species < 0).any()):
        return None
    return tradeoff(p.scores[p.use], species >= 0, species).thinned()


def _of_errors(traded: Tradeoff, of: str) -> Iterator[tuple[str, str]]:
    roc = Line(np.stack([traded.bpcer, 1 - traded.apcer], axis=1), name="ROC")
    yield f"ROC of {of}, spoof positive", plane([_diagonal(), roc], "live called spoof", "spoofs found", "ROC")
    missed = {"all attacks": ("line", traded.apcer), "the worst species": ("other", traded.worst)}
    lines = [Line(np.stack([deviates(x), deviates(traded.bpcer)], axis=1), kind, name) for name, (kind, x) in missed.items()]
    if np.array_equal(traded.apcer, traded.worst):
        del lines[1]
    told = "; dashed: the species that is missed most" if lines[1:] else ""
    ticks = [Tick(float(deviates(share)), f"{100 * share:g}") for share in DET_TICKS]
    chance = Line(np.array([(0.0, 1.0), (1.0, 0.0)]), "diagonal", "chance")
    yield (
        f"DET of {of}, normal deviates{told}",
        plane([chance, *lines], "APCER, %", "BPCER, %", "DET", ticks),
    )


def _diagonal() -> Line:
    return Line(np.array([(0.0, 0.0), (1.0, 1.0)]), "diagonal", "chance")


def _bars(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    for start, caption in (
        ("F1 ", "F1 of each unit; the tick is the all-positive baseline"),
        ("accuracy ", "Accuracy; the tick is chance"),
    ):
        found = [
            Bar(row.metric.removeprefix(start), row.value, row.low, row.high, row.n, row.chance)
            for row in rows
            if row.metric.startswith(start) and "normalised" not in row.metric
        ]
        if found:
            yield caption, bars(found[:BARS_SHOWN], caption)


# Mistakes


def mistakes(answered: Answered, pictures: bool) -> list[Mistake]:
    """The worst first; of equals the first by key, so that a report is the same however the run went."""
    badness = _badness(answered)
    order = np.argsort(-badness, kind="stable")[:WORST]
    wanted = [answered.table.keys[place] for place in order if badness[place] > 0]
    held = _lines_of(answered, {int(key) for key in wanted})
    items = listed(answered.folder) if wanted and pictures else {}
    return [_mistake(held[int(key)], items, answered) for key in wanted]


def _badness(answered: Answered) -> np.ndarray:
    """[n], 0 for right: how sure a wrong verdict was, how far off a number is; wrong classes and no answers are all alike."""
    table, task = answered.table, answered.benchmark.task
    if task == "spoof":
        scores = np.nan_to_num(table.scores[SPOOF_SCORE], nan=0.5)
        wrong = (table.label != table.truth).astype(float)
        return wrong * (0.5 + np.abs(scores - (table.truth == SPOOF)))
    if task == "class":
        return (table.label != table.truth).astype(float)
    if task == "number":
        return np.nan_to_num(np.abs(table.truth - table.label), nan=0.0)
    if task == "units":
        there = np.nan_to_num(table.truth) >= answered.benchmark.positive_at
        return ((np.nan_to_num(table.label) > 0.5) != there).sum(1).astype(float)
    return np.zeros(len(table))


def _lines_of(answered: Answered, keys: set[int]) -> dict[int, dict[str, Any]]:
    found = {}
    for line in lines(answered.folder / TEST) if keys else ():
        if (short := int(line["key"][:16], 16)) in keys:
            found[short] = line
    return found


def _mistake(line: dict[str, Any], items: dict[str, dict[str, Any]], answered: Answered) -> Mistake:
    item = items.get(line["item"])
    score = line.get("scores", {}).get(SPOOF_SCORE)
    return Mistake(
        line["item"],
        _short(line["truth"], answered),
        _short(line["label"], answered),
        line["text"][:300],
        "" if score is None else f"{score:.3f}",
        _thumbnail(item, answered) if item else "",
    )


def _short(value: Any, answered: Answered) -> str:
    if isinstance(value, dict):
        there = [code for code, level in value.items() if level is not None and level >= answered.benchmark.positive_at]
        return ", ".join(there) or "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _thumbnail(item: dict[str, Any], answered: Answered) -> str:
    """ "" where the medium is no longer there: a report can be made without it."""
    from PIL import Image

    from ..asking.pictures import Projector

    try:
        pictures = Projector().shown(item_of(item, answered.folder), answered.benchmark)
    except FacewiseError:
        return ""
    image = Image.fromarray(pictures[len(pictures) // 2].pixels)
    image.thumbnail((THUMB_PX, THUMB_PX))
    data = BytesIO()
    image.save(data, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def told(mistake: Mistake) -> str:
    """As HTML."""
    picture = f'<img alt="" src="{mistake.picture}">' if mistake.picture else '<div class="none">no picture</div>'
    score = f" <small>score {mistake.score}</small>" if mistake.score else ""
    return (
        f'<figure class="mistake">{picture}<figcaption><b>{escape(mistake.truth)}</b> called <b>{escape(mistake.said)}</b>{score}'
        f"<br>{escape(mistake.text)}<br><small>{escape(mistake.item)}</small></figcaption></figure>"
    )
