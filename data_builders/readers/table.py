"""Text tables of datasets: columns by name, spaces about them taken away, a missing one told in a line."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...model.errors import FacewiseError
from .text_file import encoding


def rows(path: Path, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, dict[str, str]]]:
    """(file:line, {column: value}) of a table with a header. FacewiseError without the file or one of `columns`."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file")
    with path.open(newline="", encoding=encoding(path), errors="replace") as file:
        reader = csv.reader(file, delimiter=delimiter)
        names = [name.strip() for name in next(reader, [])]
        if missing := [name for name in columns if name not in names]:
            raise FacewiseError(f"{path}: no column {missing[0]!r} among {', '.join(names) or 'nothing'}")
        for values in reader:
            if values:
                told = dict(zip(names, (value.strip() for value in values), strict=False))
                yield f"{path.name}:{reader.line_num}", dict.fromkeys(names, "") | told  # a short row lacks values, not columns
