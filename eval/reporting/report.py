"""`facewise eval report`: one HTML file that needs nothing else, one Markdown file, and JSON, of a run's folder. Loads no model.

No number stands without its n, interval, chance, protocol, version and domain. The same predictions give the same bytes: no time, no
machine and no order of answers is in them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from ...data_builders.records import write_whole
from ...model.errors import FacewiseError
from ..answers.out import Answered
from ..asking.leaks import told as leaks_told
from ..asking.strategies import prompt_of
from ..scoring.marks import is_mark, judges_told
from ..scoring.results import Scored, about, scored
from ..scoring.rows import Row, interval, number
from ..scoring.text_bias import ties
from .findings import error_curve, figures, mistakes
from .findings import told as mistake_told

SUMMARY = ("benchmark", "metric", "value", "95 %", "n", "chance")
COLUMNS = ("metric", "value", "95 %", "n", "chance")
NOTES = (
    "Intervals are bootstraps over subjects (1,000 draws), of shares Wilson's. Chance is what knowing nothing gives. "
    "Refused and unparsed answers are counted apart and never guessed."
)
# What stands of a benchmark in the summary, by its task.
HEADLINES = {
    "class": ("WAR", "UAR", "macro-F1", "UF1"),
    "spoof": ("ACER", "AUC", "EER", "WAR"),
    "units": ("F1, mean", "accuracy, mean", "ICC(3,1), mean"),
    "number": ("MAE", "CS@5"),
    "affect": ("CCC, mean",),
    "boxes": ("AP@50", "IoU, mean"),
    "movements": ("F1 any kind", "F1 overall", "STRS"),
    "cues": ("cue F1",),
    "text": ("BLEU-4", "ROUGE-L"),
}
CSS = """
:root{--ink:#18181b;--paper:#fafaf9;--soft:#6b7280;--line:#d6d3d1;--plane:#f1efec;--one:#0072b2;--two:#d55e00}
@media (prefers-color-scheme:dark){:root{--ink:#e7e5e4;--paper:#171717;--soft:#a1a1aa;--line:#3f3f46;--plane:#242426;--one:#56b4e9;--two:#e69f00}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1080px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem;font-size:1.2rem}
.about{color:var(--soft)}.mark{border:1px solid var(--two);color:var(--two);border-radius:4px;padding:0 .4em;font-size:.85em}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0}td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid var(--line)}
td:first-child,th:first-child{text-align:left}th{color:var(--soft);font-weight:500}.figures{display:flex;flex-wrap:wrap;gap:1.2rem}
.figures figure,.mistake{margin:0}figcaption{color:var(--soft);font-size:.85em}svg{max-width:100%;height:auto;font:11px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft)}.plane{fill:var(--plane)}.grid{stroke:var(--line);stroke-width:.5}.diagonal{stroke:var(--soft);stroke-dasharray:4;fill:none}
.line{fill:none;stroke:var(--one);stroke-width:2}.other{fill:none;stroke:var(--two);stroke-width:2;stroke-dasharray:5 3}.dots{fill:none;stroke:var(--one);stroke-width:1}.dot{fill:var(--one)}.bar{fill:var(--one);opacity:.75}
.whisker{stroke:var(--ink);fill:none}.chance{stroke:var(--two);stroke-width:2}.cell{fill:var(--one);fill-opacity:calc(.06 + .9*var(--share))}svg .over{fill:#fff}
.truth{fill:var(--soft)}.claim{fill:var(--one)}.micro{stroke:var(--two);stroke-width:1.5}.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:1rem}
.mistake img{max-width:180px;border-radius:4px}.mistake figcaption{overflow-wrap:anywhere}.none{width:180px;height:80px;background:var(--plane);color:var(--soft);display:grid;place-items:center}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--soft)}pre{white-space:pre-wrap;background:var(--plane);padding:.6rem;border-radius:4px}
"""


def write_report(out: Path, pictures: bool = True) -> list[Path]:
    """The three files. Raises FacewiseError where there is no run, and for a folder that cannot be written."""
    found, head = scored(out), about(out)
    texts = {
        "report.html": as_html(found, head, pictures),
        "report.md": as_markdown(found, head),
        "report.json": as_json(found, head),
    }
    try:
        for name, text in texts.items():
            write_whole(out / name, text.encode())
    except OSError as error:
        raise FacewiseError(f"{out}: the report cannot be written ({error.strerror})") from None
    return [out / name for name in texts]


def as_json(found: Sequence[Scored], head: dict[str, Any]) -> str:
    told = [
        {
            "name": each.answered.benchmark.name,
            "question": prompt_of(each.answered.benchmark, head["strategy"]),
            "faults": each.answered.about.get("faults", {}),
            "leaks": each.answered.about.get("leaks", {}),
            "texts": [each_tie.values() for each_tie in ties(each.answered)],
            "rows": [asdict(row) for row in each.rows],
            "errors": _errors(each.answered),
            "judges": judges_told(each.answered, each.marks),
        }
        for each in found
    ]
    return json.dumps({**head, "benchmarks": told}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _errors(answered: Answered) -> dict[str, Any] | None:
    """The points of ROC and DET: threshold, APCER of all attacks and of the worst species, BPCER; the last threshold, over all scores, is null."""
    if answered.benchmark.task != "spoof" or (found := error_curve(answered.table, answered.benchmark)) is None:
        return None
    return {
        "of": "clips" if answered.benchmark.per == "clip" else "items",
        "threshold": [*found.threshold[:-1].tolist(), None],
        "APCER": found.apcer.tolist(),
        "APCER worst species": found.worst.tolist(),
        "BPCER": found.bpcer.tolist(),
    }


def as_markdown(found: Sequence[Scored], head: dict[str, Any]) -> str:
    lines = [f"# Evaluation of {head['model']}", "", *_head_lines(head), "", NOTES, ""]
    lines += _markdown(SUMMARY, [_summary_cells(row) for row in summary(found)])
    for each in found:
        lines += [f"## {each.answered.benchmark.name}", "", *(f"{line}  " for line in _about_lines(each)), ""]
        lines += _markdown(COLUMNS, [_cells(row) for row in each.rows])
    return "\n".join(lines)


def _markdown(names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    lines = [names, [":--", *("--:" for _ in names[1:])], *([cell.replace("|", "\\|") for cell in row] for row in cells)]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def summary(found: Sequence[Scored]) -> list[Row]:
    """The headlines of each benchmark that it measures."""
    return [row for each in found for row in each.rows if row.metric in HEADLINES[each.answered.benchmark.task] or is_mark(row)]


def _summary_cells(row: Row) -> tuple[str, ...]:
    return f"{row.benchmark} ({row.domain})", *_cells(row)


def as_html(found: Sequence[Scored], head: dict[str, Any], pictures: bool) -> str:
    title = escape(f"Evaluation of {head['model']}")
    contents = " · ".join(
        f'<a href="#{escape(each.answered.benchmark.name)}">{escape(each.answered.benchmark.name)}</a>' for each in found
    )
    heads = _table(SUMMARY, [_summary_cells(row) for row in summary(found)])
    body = "\n".join(_section(each, head, pictures) for each in found)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="viewport" content="width=device-width">'
        f'<style>{CSS}</style></head><body><h1>{title}</h1><p class="about">{escape(" ".join(_head_lines(head)))}</p><p>{contents}</p>'
        f'<p class="about">{escape(NOTES)}</p>{heads}\n{body}\n</body></html>\n'
    )


def _head_lines(head: dict[str, Any]) -> list[str]:
    limit = f", at most {head['limit']:,} items of each part" if head["limit"] else ""
    told = [f"Asked: {head['strategy']}{limit}. Facewise {head['facewise']}."]
    waiting = ", ".join(head["not answered"])
    return told + ([f"The run was stopped before it came to {waiting}."] if waiting else [])


def _about_lines(each: Scored) -> list[str]:
    benchmark, about_it = each.answered.benchmark, each.answered.about
    domain = "simulated: no camera saw a face" if benchmark.simulated else "real"
    told = [f"{benchmark.protocol}; version {benchmark.version}; {domain}; data: {benchmark.reader}"]
    if faults := about_it.get("faults"):
        told.append(f"Not usable: {', '.join(f'{kind} {count:,}' for kind, count in faults.items())}")
    if leaks := leaks_told(about_it.get("leaks", {})):
        told.append(f"Training: {leaks}")
    return [*told, *judges_told(each.answered, each.marks), *(tie.told() for tie in ties(each.answered))]


def _section(each: Scored, head: dict[str, Any], pictures: bool) -> str:
    benchmark = each.answered.benchmark
    name, mark = escape(benchmark.name), ' <span class="mark">simulated</span>' if benchmark.simulated else ""
    drawn = "".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>" for caption, svg in figures(each.answered, each.rows)
    )
    worst = "".join(map(mistake_told, mistakes(each.answered, pictures)))
    return (
        f'<h2 id="{name}">{name}{mark}</h2><p class="about">{"<br>".join(map(escape, _about_lines(each)))}</p>'
        f"<details><summary>What was asked</summary><pre>{escape(prompt_of(benchmark, head['strategy']))}</pre></details>"
        f'{_table(COLUMNS, [_cells(row) for row in each.rows])}<div class="figures">{drawn}</div>'
        + (f'<details open><summary>Worst mistakes</summary><div class="mistakes">{worst}</div></details>' if worst else "")
    )


def _table(names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in names)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells)
    return f"<table><tr>{head}</tr>{lines}</table>"


def _cells(row: Row) -> tuple[str, ...]:
    return row.metric, number(row.value), interval(row.low, row.high), f"{row.n:,}", number(row.chance, "")
