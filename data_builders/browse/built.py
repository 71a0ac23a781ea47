"""The files of a set that `facewise build` wrote, one line after the other, so that a large set is looked at in little memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..records import Record, record_of
from ..rows import Row, read_rows

ROWS, RECORDS, REJECTS = "rows.jsonl", "records.jsonl", "rejects.jsonl"


def built_rows(folder: Path) -> Iterator[Row]:
    """Raises FacewiseError for a folder that holds no set, and at its line for what is no row."""
    if not (folder / ROWS).is_file():
        raise FacewiseError(f"{folder}: no {ROWS} is here; give a folder that `facewise build SOURCE --out` wrote")
    return read_rows(folder / ROWS)


def built_records(folder: Path) -> Iterator[Record]:
    """Raises FacewiseError where there are none, and at its line for what is no record."""
    path = folder / RECORDS
    for where, values in _objects(path):
        try:
            yield record_of(values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FacewiseError(f"{where}: not a record ({error})") from None


def built_rejects(folder: Path) -> Iterator[dict[str, Any]]:
    """{"id", "reason", ...}; of a row that was rejected all of it is under "row"."""
    for where, values in _objects(folder / REJECTS):
        if not isinstance(values.get("id"), str) or not isinstance(values.get("reason"), str):
            raise FacewiseError(f"{where}: no reject (an id and a reason are wanted)")
        yield values


def media_path(folder: Path, name: str) -> Path:
    """Media are named relative to the set, or absolute where they stayed where they were."""
    return folder / name


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file; give a folder that `facewise build SOURCE --out` wrote")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{path}:{number}"
            try:
                values = json.loads(line)
            except ValueError as error:
                raise FacewiseError(f"{where}: not a JSON object ({error})") from None
            if not isinstance(values, dict):
                raise FacewiseError(f"{where}: not a JSON object")
            yield where, values
