"""Records and their rows, read side by side from the two files of a folder, which have the same order. Neither lies in memory."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..rows import Row, row_of

ROWS, RECORDS, REJECTS = "rows.jsonl", "records.jsonl", "rejects.jsonl"

RecordRows = tuple[dict[str, Any], list[Row]]  # a record as its JSON object, with the rows that were made of it


def record_rows(folder: Path, rows_file: str = ROWS) -> Iterator[RecordRows]:
    """Every record of RECORDS; no rows of one whose texts were all rejected."""
    yield from paired(lines(folder / RECORDS), lines(folder / rows_file))


def paired(records: Iterable[dict[str, Any]], rows: Iterable[dict[str, Any]]) -> Iterator[RecordRows]:
    """From the objects of both, in their order."""
    left = map(row_of, rows)
    row = next(left, None)
    for record in records:
        own = []
        while row is not None and row.meta["record"] == record["id"]:
            own.append(row)
            row = next(left, None)
        yield record, own


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line."""
    with path.open("rb") as file:
        yield from map(json.loads, file)
