"""The rows as a Markdown table a group with its protocols as notes, and what is missing at the end with the reason."""

from collections.abc import Sequence

from ..scoring.rows import number
from .row import Row

HEAD = ("row", "value", "95 %", "n", "chance", "target", "met", "domain", "protocol")
MET = {True: "yes", False: "NO", None: ""}


def table(group: str, rows: Sequence[Row]) -> str:
    there = [row for row in rows if row.value is not None]
    if not there:
        return ""
    notes = list(dict.fromkeys(row.protocol for row in there))
    lines = [f"## {group}", "", _line(HEAD), _line(["---"] * len(HEAD))]
    lines += [_line(_cells(row, notes.index(row.protocol) + 1)) for row in there]
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, start=1))]) + "\n"


def _cells(row: Row, note: int) -> tuple[str, ...]:
    interval = "" if row.low is None or row.high is None else f"{row.low:.3f} to {row.high:.3f}"
    asked = (row.target or "", MET[row.met], row.domain, str(note))
    return (row.what, number(row.value), interval, f"{row.n:,}", number(row.chance, ""), *asked)


def _line(cells: Sequence[str]) -> str:
    """A bar inside a cell would end it."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def missing_rows(rows: Sequence[Row]) -> str:
    """Rows without a number, those with the same reason together."""
    absent = [row for row in rows if row.value is None]
    if not absent:
        return ""
    by_reason: dict[str, list[str]] = {}
    for row in absent:
        by_reason.setdefault(row.why, []).append(row.what + (f" ({row.target})" if row.target else ""))
    lines = [f"- {why}: {'; '.join(whats)}" for why, whats in by_reason.items()]
    return "\n".join(["## Missing", "", *lines]) + "\n"


def summary(rows: Sequence[Row]) -> str:
    met, asked = sum(row.met is True for row in rows), sum(row.met is not None for row in rows)
    absent = sum(row.value is None for row in rows)
    return f"{met} of {asked} targets met, {absent} rows missing"
