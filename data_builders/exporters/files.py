"""The files of an export, written as rows come: JSONL, a JSON list, TSV, Parquet. All of them appear at once, as one folder, or none does.

One row at a time is in memory, and of Parquet a group of rows.
"""

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError

GROUP = 1000  # rows of Parquet that are written together

Write = Callable[[dict[str, Any]], object]


class Files:
    """One file a stem, opened when its first object comes."""

    def __init__(self, folder: Path, suffix: str):
        self.folder, self.suffix = folder, suffix
        self.writes: dict[str, Write] = {}
        self.open = ExitStack()

    def write(self, stem: str, item: dict[str, Any]) -> None:
        if stem not in self.writes:
            self.writes[stem] = self.open.enter_context(WRITERS[self.suffix](self.folder / f"{stem}.{self.suffix}"))
        self.writes[stem](item)


@contextmanager
def new_folder(out: Path, suffix: str) -> Iterator[Files]:
    """`out` is there, with all that was written, once the block has ended well. Raises FacewiseError where something lies there already."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FacewiseError(f"{out}: something lies there already; give the export a folder of its own")
    part = out.absolute().with_name(f".{out.name}.{os.getpid()}")
    part.mkdir(parents=True)
    try:
        files = Files(part, suffix)
        with files.open:
            yield files
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _lines(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        yield lambda item: file.write(json.dumps(item, ensure_ascii=False) + "\n")


@contextmanager
def _list(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:
        before = iter(("[\n",))
        yield lambda item: file.write(next(before, ",\n") + json.dumps(item, ensure_ascii=False))
        file.write("\n]\n")


@contextmanager
def _table(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, "excel-tab", lineterminator="\n")
        head = iter((True,))

        def write(item: dict[str, Any]) -> None:
            rows.writerows([item, item.values()] if next(head, False) else [item.values()])

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    from .features import prompt_completion

    schema = prompt_completion().arrow_schema
    waiting: list[dict[str, Any]] = []
    with ParquetWriter(path, schema) as file:

        def flush() -> None:
            file.write_table(pyarrow.Table.from_pylist(waiting, schema))
            waiting.clear()

        def write(item: dict[str, Any]) -> None:
            waiting.append({**item, "images": [{"path": path, "bytes": None} for path in item["images"]]})
            if len(waiting) == GROUP:
                flush()

        yield write
        flush()


WRITERS = {"jsonl": _lines, "json": _list, "tsv": _table, "parquet": _parquet}
