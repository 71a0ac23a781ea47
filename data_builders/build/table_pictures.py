"""Pictures that are no files: TABLE#ROW, the grey values of a square picture in a column of a CSV file, as FER2013 has them.

A table is read forwards, once for rows that are asked for in their order.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...model.errors import FacewiseError
from ..readers.table import rows

COLUMN = "pixels"
_reading: dict[Path, tuple[int, Iterator[tuple[str, dict[str, str]]]]] = {}  # of the process: the next row of the last table


def table_row(media: str) -> tuple[Path, int] | None:
    """(table, row) of media that name a row, counted from 0 below the header; None for a file."""
    table, _, row = media.rpartition("#")
    return (Path(table), int(row)) if row.isdecimal() and table and not Path(media).exists() else None


def table_picture(table: Path, row: int) -> np.ndarray:
    """uint8 [side, side]. Raises FacewiseError where the table or the row does not hold one."""
    at, reading = _reading.pop(table, (0, iter(())))
    if at == 0 or at > row:
        at, reading = 0, rows(table, (COLUMN,))
    for where, told in reading:
        at += 1
        if at > row:
            _reading.clear()
            _reading[table] = at, reading
            return _square(told[COLUMN], where)
    raise FacewiseError(f"{table}: there is no row {row}")


def _square(text: str, where: str) -> np.ndarray:
    values = text.split()
    side = round(len(values) ** 0.5)
    if not values or side * side != len(values) or not all(value.isdecimal() and int(value) < 256 for value in values):
        raise FacewiseError(f"{where}: no square of grey values from 0 to 255")
    return np.array(values, np.uint8).reshape(side, side)
