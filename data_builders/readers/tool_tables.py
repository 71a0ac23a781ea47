"""Tables of face-reading tools: which files are theirs, where the medium of a row lies, what its cells hold.

What they hold are readings of a machine and no labels: a record's `source` names the tool. A medium is a picture, a video or a folder of pictures,
anywhere below the folder that is read: the one that the column `input` names, else what OpenFace's STEM_of_details.txt beside the table names, else the
one that is called as the table is. Of several of one name the one beside the table is taken, if it is one.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.taxonomy import AU_CODES
from ..records import Record
from .faults import Faults
from .listing import PICTURES, VIDEOS, within
from .source import Source
from .text_file import encoding

CLEAR = 0.5  # an emotion that leads with less is none
STILLS = PICTURES | {".webp"}
OURS = "Facewise"
OUR_UNITS = {"AU16", "AU18", "AU22", "AU27"}  # written by `facewise see`, and by neither OpenFace nor py-feat


@dataclass(frozen=True)
class Reading:
    """A row of a table. `medium` None: there is none, or two are equally good; `moves`: it is a video or a folder of pictures."""

    where: str
    row: dict[str, str]
    medium: Path | None
    moves: bool
    tool: str

    def units(self, suffix: str = "") -> dict[str, float]:
        """{code with two digits: value} of the columns AU01, or AU01_r with its suffix; empty cells are untold. ValueError where a cell is no number."""
        cells = {name.removesuffix(suffix): cell for name, cell in self.row.items() if _is_unit(name, suffix)}
        return {code: value for code, cell in cells.items() if (value := number(cell)) is not None}

    def frame(self, first: int) -> int | None:
        """From 0, where the tool counts from `first`; None for a still picture. ValueError where no frame is told."""
        if not self.moves:
            return None
        at = float(self.row.get("frame", ""))
        if not at.is_integer() or at < first:
            raise ValueError(f"frame {self.row['frame']}: they are counted from {first}")
        return int(at) - first

    def record(self, root: Path, reader: Source, nth: str, frame: int | None, told: dict[str, Any]) -> Record | None:
        """Of the frame's nth face, with the further fields `told`; None without a medium."""
        if self.medium is None:
            return None
        path = within(self.medium, root)
        name = f"{reader.name}/{path}"
        return Record(
            f"{name}/{nth}" if frame is None else f"{name}/{frame}/{nth}",
            path,
            dataset=f"{self.tool} readings",
            licence=reader.terms,
            subject=name,
            frames=None if frame is None else (frame, frame),
            **told,
        )


def readings(
    root: Path, tool: str, suffixes: Sequence[str], columns: Sequence[str], further: Sequence[str], faults: Faults
) -> Iterator[Reading]:
    """All rows of the tables below `root` that have `columns` and action units with one of `suffixes`; of hundreds of columns these and `further` alone.

    FacewiseError where there is no such table.
    """
    tables, media = _below(root)
    fits = {table: names for table in tables if set(columns) <= (names := _names(table)) and _units(names, suffixes)}
    if not fits:
        raise FacewiseError(f"{root}: no .csv file of {tool}, with columns such as {', '.join(columns)} and AU12{suffixes[0]}")
    for _ in range(len(tables) - len(fits)):
        faults.leave_out(f"tables that are none of {tool}'s")
    for table, names in fits.items():
        units, told, medium = _units(names, suffixes), None, None
        writer = OURS if any(name[:4] in OUR_UNITS for name in units) else tool
        for where, row in _rows(table, {*columns, *further, *units, "input", "frame"}):
            if told != row.get("input", ""):
                told = row.get("input", "")
                medium = _medium(root, media, table, told)
            moves = medium is not None and medium.suffix.lower() not in STILLS
            yield Reading(where, row, medium, moves, writer)


def number(cell: str) -> float | None:
    """None for an empty cell and for nan. ValueError where it is no number."""
    value = float(cell) if cell else nan
    if isinf(value):
        raise ValueError(f"{cell}: a number was looked for")
    return None if isnan(value) else value


def ours(code: str) -> str:
    """The house's code of "AU01", and of OpenFace's blink, AU45, that of closed eyes."""
    return "AU43" if code == "AU45" else f"AU{int(code[2:])}"


def others(units: Mapping[str, float]) -> dict[str, str]:
    """For `source`: what a tool reads beside our units."""
    told = " ".join(f"{ours(code)}:{value:g}" for code, value in units.items() if ours(code) not in AU_CODES)
    return {"other units": told} if told else {}


def box(x1: float | None, y1: float | None, x2: float | None, y2: float | None) -> tuple[float, float, float, float] | None:
    """As a record's `face`: None where a side is not told."""
    return None if x1 is None or y1 is None or x2 is None or y2 is None else (x1, y1, x2, y2)


def leading(scores: Mapping[str, float | None]) -> str | None:
    """The emotion with the highest score, if it is clear."""
    known = {label: score for label, score in scores.items() if score is not None}
    best = max(known, key=known.__getitem__, default=None)
    return best if best and known[best] >= CLEAR else None


def _is_unit(name: str, suffix: str) -> bool:
    return len(name) == 4 + len(suffix) and name.startswith("AU") and name[2:4].isdecimal() and name.endswith(suffix)


def _units(names: Iterable[str], suffixes: Sequence[str]) -> set[str]:
    return {name for name in names for suffix in suffixes if _is_unit(name, suffix)}


def _names(table: Path) -> set[str]:
    """Nothing where it is no table at all."""
    try:
        with table.open(newline="", encoding=encoding(table), errors="replace") as file:
            return {name.strip() for name in next(csv.reader(file), [])}
    except csv.Error:
        return set()


def _rows(table: Path, wanted: Container[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """(file:line, {column: cell}) of the wanted columns; what a short row lacks is empty."""
    with table.open(newline="", encoding=encoding(table), errors="replace") as file:
        reader = csv.reader(file)
        at = [(i, name.strip()) for i, name in enumerate(next(reader)) if name.strip() in wanted]
        try:
            for cells in filter(None, reader):
                yield f"{table.name}:{reader.line_num}", {name: cells[i].strip() if i < len(cells) else "" for i, name in at}
        except csv.Error as error:
            raise FacewiseError(f"{table}:{reader.line_num}: not a readable table ({error})") from None


def _below(root: Path) -> tuple[list[Path], Mapping[str, list[Path]]]:
    """Tables, and media by their names and by their stems in lower case; a folder that holds pictures is one of them."""
    tables, media = [], defaultdict(list)
    for folder, _, names in os.walk(root):
        found = [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
        tables += [path for path in found if path.suffix.lower() == ".csv"]
        seen = [path for path in found if path.suffix.lower() in STILLS | VIDEOS]
        if Path(folder) != root and any(path.suffix.lower() in STILLS for path in seen):
            seen.append(Path(folder))
        for path in seen:
            for key in {path.name.lower(), path.stem.lower()}:
                media[key].append(path)
    return sorted(tables), media


def _medium(root: Path, media: Mapping[str, list[Path]], table: Path, told: str) -> Path | None:
    name = told or _details(table) or table.stem
    found = media.get(Path(name.replace("\\", "/")).name.lower(), [])
    if told and (
        named := [path for path in found if os.path.abspath(path) in (os.path.abspath(root / told), os.path.abspath(told))]
    ):
        return named[0]
    beside = [path for path in found if path.parent == table.parent]
    return found[0] if len(found) == 1 else beside[0] if len(beside) == 1 else None


def _details(table: Path) -> str:
    """The name of the file that OpenFace read, which may stand beside a video of the same name that it has drawn upon."""
    path = table.with_name(f"{table.stem}_of_details.txt")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return next((line.removeprefix("Input:").strip() for line in text.splitlines() if line.startswith("Input:")), "")
