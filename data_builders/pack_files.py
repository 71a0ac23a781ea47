"""A pack on disk: SET.safetensors, or SET-00000-of-0000N.safetensors where it is large, and SET.json, which is written last.

Rows lie in the files in the order in which they were added; the JSON lists the files and, for every row of the set, its record, subject and
dataset and the row that it is the change of. So a row's pair may lie in another file.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .packed_row import Row
from .records import Record, write_whole

NO_PAIR = -1


class PackFiles:
    """Takes rows one by one and holds no more than a file of them in memory."""

    def __init__(self, out: Path, views: Sequence[str], shard_bytes: int):
        self._out, self._views, self._most = out, list(views), shard_bytes
        self._waiting: list[Row] = []
        self._bytes, self._shards = 0, 0
        self._records: list[tuple[str, bool]] = []  # id and whether it is the mirrored look, row by row
        self._pairs: list[str | None] = []
        self._told: dict[str, list[Any]] = {"subjects": [], "dataset": [], "source": []}

    @property
    def rows(self) -> int:
        return len(self._records)

    def add(self, record: Record, row: Row) -> None:
        size = sum(values.nbytes for values in row.values())
        if self._waiting and self._bytes + size > self._most:
            self._write()
        self._waiting.append(row)
        self._bytes += size
        self._records.append((record.id, bool(row["mirrored"])))
        self._pairs.append(record.pair if record.change is not None else None)
        for name, value in zip(self._told, (record.subject, record.dataset, record.source), strict=True):
            self._told[name].append(value)

    def _write(self) -> None:
        from safetensors.numpy import save_file

        tensors = {name: np.stack([row[name] for row in self._waiting]) for name in self._waiting[0]}
        save_file(tensors, self._part(self._shards))
        self._part(self._shards).chmod(0o644)  # safetensors makes a file for its owner alone
        self._waiting, self._bytes, self._shards = [], 0, self._shards + 1

    def _part(self, number: int) -> Path:
        return self._out.with_name(f".{self._out.stem}-{number:05d}.part")

    def finish(self, dropped: Mapping[str, Any]) -> list[Path]:
        """The files, which have their names now; before, what the set was is gone."""
        self._write()
        index = self._out.with_suffix(".json")
        index.unlink(missing_ok=True)
        names = (
            [self._out.name]
            if self._shards == 1
            else [f"{self._out.stem}-{number:05d}-of-{self._shards:05d}.safetensors" for number in range(self._shards)]
        )
        for number, name in enumerate(names):
            self._part(number).replace(self._out.with_name(name))
        ids, pairs = [name for name, _ in self._records], self._pair_rows()
        about = {"files": names, "views": self._views, "dropped": dropped, "ids": ids, "pair": pairs, **self._told}
        write_whole(index, json.dumps(about).encode())
        return [self._out.with_name(name) for name in names]

    def _pair_rows(self) -> list[int]:
        """Mirrored rows are the change of mirrored ones; NO_PAIR where the other one was not packed."""
        places = {key: number for number, key in enumerate(self._records)}
        return [
            NO_PAIR if pair is None else places.get((pair, mirrored), NO_PAIR)
            for pair, (_, mirrored) in zip(self._pairs, self._records, strict=True)
        ]
