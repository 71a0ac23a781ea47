"""A classical tool as a baseline: tables of OpenFace 2, py-feat, EmotiEffLib or `facewise see --csv`, one CSV or a folder of them.

A row is found by the name of its picture or clip (the column `input`, else the table's own name) and, of clips, by the frame. Levels
are OpenFace's AU01_r, presence its AU01_c, probabilities py-feat's AU01; emotions are columns that are called so. A clip's frames are
averaged over the item's span. What a table does not tell is unparsed.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data_builders.readers.expression_events import word
from ...data_builders.readers.text_file import encoding
from ...data_builders.readers.tool_tables import number, ours
from ...model.errors import FacewiseError
from ...model.replies import UNPARSED
from ...model.taxonomy import COARSE, EMOTIONS
from ..asking.items import Item
from ..benchmark import Benchmark
from .protocol import Said, Shown

NAMED_BY = ("input", "file", "file_name", "filename", "image", "image_path", "path")
SEEN = 0.5
Row = Mapping[str, float]  # AU12_r, AU12_c, AU12, or an emotion -> its number


class TableModel:
    """`path`: a CSV, or a folder with CSVs at any depth."""

    together = 1
    looks = False

    def __init__(self, path: Path):
        tables = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
        self.path, self.name = path, f"tables {path.stem}"
        self._rows: defaultdict[str, dict[int | None, Row]] = defaultdict(dict)
        for table in tables:
            self._read(table)
        if not self._rows:
            raise FacewiseError(
                f"{path}: no table with columns such as AU12_r, AU12 or happiness; OpenFace's and py-feat's are read"
            )

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        if benchmark.truth != "units" and not set(benchmark.labels) & {*EMOTIONS, *COARSE.values()}:
            raise FacewiseError(f"{self.path}: tables of tools tell action units and emotions, {benchmark.name} asks for neither")
        for group in groups:
            for shown in group:
                yield shown.item, self._said(shown.item, benchmark)

    def _said(self, item: Item, benchmark: Benchmark) -> Said:
        rows = self._of(item)
        if not rows:
            return Said("", UNPARSED)
        means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0] if all(name in row for row in rows)}
        label, scores = _units(means, benchmark) if benchmark.truth == "units" else _emotion(means, benchmark)
        text = ", ".join(f"{name} {value:g}" for name, value in means.items())
        return Said(text, label, {name: None if value is None else round(value, 4) for name, value in scores.items()})

    def _of(self, item: Item) -> list[Row]:
        found = self._rows.get(_stem(item.record.media), {})
        if item.record.frames and set(found) != {None}:
            first, last = item.record.frames
            return [row for frame, row in found.items() if frame is not None and first <= frame <= last]
        return list(found.values())

    def _read(self, table: Path) -> None:
        try:
            with table.open(newline="", encoding=encoding(table), errors="replace") as file:
                for place, cells in enumerate(csv.DictReader(file, skipinitialspace=True), start=2):
                    self._keep(
                        table, place, {str(name).strip(): (cell or "") for name, cell in cells.items() if isinstance(cell, str)}
                    )
        except (OSError, csv.Error) as error:
            raise FacewiseError(f"{table}: not a readable table ({error})") from None

    def _keep(self, table: Path, place: int, cells: dict[str, str]) -> None:
        try:
            told = {_column(name): number(cell.strip()) for name, cell in cells.items() if _column(name)}
            frame = _frame(cells)
        except ValueError as error:
            raise FacewiseError(f"{table}:{place}: {error}; a number was looked for") from None
        row = {name: value for name, value in told.items() if value is not None and name}
        name = next((cells[column] for column in NAMED_BY if cells.get(column)), table.stem)
        if row and float(cells.get("success") or 1) == 1:
            self._rows[_stem(name)].setdefault(frame, row)  # the first face of a frame is the largest, or the tool's first


def _stem(name: str) -> str:
    return Path(name.replace("\\", "/")).stem.lower()


def _frame(cells: Mapping[str, str]) -> int | None:
    """From 0; OpenFace, which has a column of confidence, counts from 1."""
    if not cells.get("frame"):
        return None
    return int(float(cells["frame"])) - ("confidence" in cells)


def _column(name: str) -> str:
    """ "AU01_r" as "AU1_r", "Happy" as "happiness"; "" for what is neither unit nor emotion."""
    code, _, suffix = name.partition("_")
    if code.startswith("AU") and code[2:].isdecimal() and suffix in ("", "r", "c"):
        return f"{ours(code)}_{suffix}".rstrip("_")
    return word(name) if word(name) in EMOTIONS else ""


def _units(row: Row, benchmark: Benchmark) -> tuple[Any, Mapping[str, float | None]]:
    """Where the protocol counts from level A on, OpenFace's own presence is taken before its level."""
    scores = {code: row.get(f"{code}_r", row.get(code, row.get(f"{code}_c"))) for code in benchmark.labels}
    active = []
    for code in benchmark.labels:
        level, seen = row.get(f"{code}_r"), row.get(f"{code}_c", row.get(code))
        if level is not None and (benchmark.positive_at > 1 or seen is None):
            active += [code] if level >= benchmark.positive_at else []
        elif seen is not None and seen >= SEEN:
            active.append(code)
    return (active if any(score is not None for score in scores.values()) else UNPARSED), scores


def _emotion(row: Row, benchmark: Benchmark) -> tuple[Any, Mapping[str, float | None]]:
    sums = {
        label: [row[name] for name in EMOTIONS if name in row and label in (name, COARSE[name])] for label in benchmark.labels
    }
    scores = {label: sum(values) for label, values in sums.items() if values}
    return (max(scores, key=scores.__getitem__) if scores else UNPARSED), scores
