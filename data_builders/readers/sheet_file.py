"""Spreadsheets of datasets as rows of text: a number without a fraction is an integer's text, an empty cell is "".

The row of column names is looked for, since some files carry a block of notes above it. Sheets are .xlsx and read with openpyxl (extra `data`).
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from zipfile import BadZipFile

from ...model.errors import FacewiseError


def found(folder: Path, pattern: str) -> Path:
    """The newest by name of the files in `folder` that fit; letter case does not count. FacewiseError where none does."""
    if not (fits := sorted(path for path in folder.iterdir() if fnmatch(path.name.lower(), pattern.lower()))):
        raise FacewiseError(f"{folder}: no file {pattern}; lay the dataset's own sheet there")
    return fits[-1]


def rows(path: Path, sheet: str | int = 0) -> list[list[str]]:
    """All rows of a sheet, by its name or its place, each as long as the longest."""
    try:
        import openpyxl
    except ImportError:
        raise FacewiseError(f"{path}: reading it needs openpyxl; pip install 'facewise[data]'") from None
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (OSError, ValueError, KeyError, BadZipFile, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise FacewiseError(f"{path}: not a readable .xlsx file ({error})") from None
    sheets = book.worksheets  # without pages that are a chart
    names = {each.title.strip().lower(): each for each in sheets}
    if isinstance(sheet, int) and sheet < len(sheets):
        chosen = sheets[sheet]
    elif str(sheet).lower() in names:
        chosen = names[str(sheet).lower()]
    else:
        raise FacewiseError(f"{path}: no sheet {sheet!r}; it has {', '.join(each.title for each in sheets)}")
    return [[_text(cell) for cell in row] for row in chosen.iter_rows(values_only=True)]


def table(path: Path, columns: Sequence[str], sheet: str | int = 0) -> Iterator[tuple[int, str, dict[str, str]]]:
    """(place among the rows below the names, file:row, {column: text}) of each row that is not empty; letter case and spaces of names do not count.

    `columns` are those that must be there, in their own spelling; any further one is given as the file spells it. FacewiseError without them.
    """
    wanted = {_key(name): name for name in columns}
    lines = rows(path, sheet)
    at = next((i for i, line in enumerate(lines) if set(wanted) <= {_key(cell) for cell in line}), None)
    if at is None:
        raise FacewiseError(f"{path}: no row names the columns {', '.join(columns)}")
    names = [wanted.get(_key(cell), cell) for cell in lines[at]]
    below = [(i, line) for i, line in enumerate(lines[at + 1 :], start=at + 2) if any(line)]
    for place, (number, line) in enumerate(below):
        yield place, f"{path.name}:{number}", {name: cell for name, cell in zip(names, line, strict=True) if name}


def _key(name: str) -> str:
    return "".join(name.lower().split())


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
