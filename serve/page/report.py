"""An evaluation report opened on the page: HTML in a frame that may run and fetch nothing, Markdown as it is, JSON and CSV as tables."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError

SUFFIXES = (".html", ".md", ".json", ".jsonl", ".csv")
MOST_BYTES, MOST_ROWS = 16 * 10**6, 500


def opened(path: Path) -> tuple[str, str]:
    """(HTML, Markdown), one of them empty. The file is deleted. Raises FacewiseError for what is no report."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FacewiseError(f"{path.name}: larger than {MOST_BYTES // 10**6} MB; open it with another program")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FacewiseError(f"{path.name}: not a text file; reports are {', '.join(SUFFIXES)}") from None
    finally:
        path.unlink(missing_ok=True)
    return _shown(path, text)


def _shown(path: Path, text: str) -> tuple[str, str]:
    suffix = path.suffix.lower()
    if suffix == ".html":
        return (
            f'<iframe class="fw-report" sandbox title="{escape(path.name, quote=True)}" srcdoc="{escape(text, quote=True)}"></iframe>',
            "",
        )
    if suffix == ".md":
        return "", text
    if suffix == ".csv":
        return _table(path.name, list(csv.DictReader(io.StringIO(text)))), ""
    if suffix in (".json", ".jsonl"):
        return _table(path.name, _objects(path.name, text, suffix == ".jsonl")), ""
    raise FacewiseError(f"{path.name}: no report; {', '.join(SUFFIXES)} are opened")


def _objects(name: str, text: str, by_line: bool) -> list[dict[str, Any]]:
    try:
        told = [json.loads(line) for line in text.splitlines() if line.strip()] if by_line else json.loads(text)
    except ValueError as error:
        raise FacewiseError(f"{name}: not JSON ({error})") from None
    if isinstance(told, dict):
        return [{"name": key, "value": value} for key, value in flat(told).items()]
    if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
        raise FacewiseError(f"{name}: no report; an object or a list of objects is wanted")
    return [flat(row) for row in told]


def flat(value: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested objects under dotted names."""
    found: dict[str, Any] = {}
    for key, part in value.items():
        name = f"{above}{key}"
        found |= flat(part, f"{name}.") if isinstance(part, dict) else {name: part}
    return found


def _table(name: str, rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows[:MOST_ROWS] for key in row if key))
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row.get(column)))}</td>" for column in columns) + "</tr>" for row in rows[:MOST_ROWS]
    )
    caption = f"{escape(name)}: {len(rows)} rows" + (f", the first {MOST_ROWS} shown" if len(rows) > MOST_ROWS else "")
    return f'<div class="fw-table" role="region" aria-label="Report" tabindex="0"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
