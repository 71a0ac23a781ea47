"""Instruction rows as they lie in files: the rows.jsonl of `facewise build`, the Parquet of a built set, or that of an exporter.

Read a page at a time: rows before the page are counted, not read, and of Parquet one row group is held. Prompts and completions (`trl`) are
shown as the conversation that they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError

ROWS, SHARDS = "rows.jsonl", ("data/*.parquet", "*.parquet")
SUFFIXES = (".jsonl", ".parquet")
WANTED = "messages, or a prompt and a completion, are wanted"
SPOKEN = ("messages", "prompt", "completion")
SEARCHED = ("id", *SPOKEN, "meta")

Row = dict[str, Any]
ReadsRow = Callable[[], Row]


def some_rows(source: Path, start: int, count: int, search: str = "") -> tuple[list[Row], bool]:
    """`count` rows of a file or a built folder from `start` on, among those that hold the words of `search`, and whether more follow.

    Raises FacewiseError where there are no rows, and for a row or a file that is none.
    """
    rows: list[Row] = []
    for number, row in enumerate(_matching(row_files(source), search.lower())):
        if number == start + count:
            return rows, True
        if number >= start:
            rows.append(row())
    return rows, False


def row_files(source: Path) -> list[Path]:
    """Lines before Parquet: a built set holds both. Raises FacewiseError where there is neither."""
    if source.is_file() and source.suffix in SUFFIXES:
        return [source]
    if (source / ROWS).is_file():
        return [source / ROWS]
    shards = (sorted(source.glob(pattern)) for pattern in SHARDS)
    found = next((files for files in shards if files), None)
    if found is None:
        raise FacewiseError(
            f"{source}: no {ROWS} and no Parquet is here; give --rows a folder that `facewise build SOURCE --out` wrote, or a .jsonl or .parquet file"
        )
    return found


def _matching(files: list[Path], search: str) -> Iterator[ReadsRow]:
    for path in files:
        yield from (_shard if path.suffix == ".parquet" else _lines)(path, search)


def _lines(path: Path, search: str) -> Iterator[ReadsRow]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if search in line.lower() and not line.isspace():
                    yield partial(_told, line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise FacewiseError(f"{path}: not a readable file of rows ({error})") from None


def _told(line: str, where: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    return _checked(row, where)


def _shard(path: Path, search: str) -> Iterator[ReadsRow]:
    with _readable(path) as parquet, parquet.ParquetFile(path) as file:
        told = [name for name in SEARCHED if name in file.schema_arrow.names]
        for group in range(file.num_row_groups):
            whole = cache(partial(file.read_row_group, group))  # read when the first of its rows is shown
            texts = file.read_row_group(group, told).to_pylist() if search else None
            for at in range(file.metadata.row_group(group).num_rows):
                if texts is None or search in json.dumps(texts[at], ensure_ascii=False, default=str).lower():
                    yield partial(_cut, whole, at, path, f"{path}, row group {group}, row {at}")


@contextmanager
def _readable(path: Path) -> Iterator[Any]:
    """pyarrow's reader, imported by whoever opens Parquet. Raises FacewiseError for what it cannot read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        yield pq
    except (pa.ArrowException, OSError) as error:
        raise FacewiseError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from None


def _cut(whole: Callable[[], Any], at: int, path: Path, where: str) -> Row:
    with _readable(path):
        row = whole().slice(at, 1).to_pylist()[0]
    if isinstance(row.get("meta"), str):
        row["meta"] = _object(row["meta"])
    return _checked(row, where)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _checked(row: Any, where: str) -> Row:
    """With `messages`, whichever way the conversation is told."""
    if not isinstance(row, Mapping):
        raise FacewiseError(f"{where}: not an instruction row ({WANTED})")
    spoken = [row["messages"]] if row.get("messages") is not None else [row.get("prompt"), row.get("completion")]
    if not all(isinstance(part, list) for part in spoken) or not isinstance(row.get("images") or [], list):
        raise FacewiseError(f"{where}: not an instruction row ({WANTED})")
    return {**row, "messages": [message for part in spoken for message in part]}
