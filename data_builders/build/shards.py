"""The rows as Parquet, data/SPLIT-00000-of-0000N.parquet, as `datasets.load_dataset` and TRL's trainers take them.

A picture is `datasets`' Image: its path, absolute because nothing else is found from everywhere, or its bytes, with which a set
may travel. Videos are paths. `meta` is a JSON string: what is known differs from row to row. Written row group by row group, so
memory stays flat.
"""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..rows import Row

ROWS_A_SHARD = 50_000
BYTES_A_SHARD = 500_000_000
ROWS_A_GROUP = {False: 1000, True: 64}  # with and without the pictures' bytes

_TEXT = {"dtype": "string", "_type": "Value"}
_FEATURES = {
    "id": _TEXT,
    "messages": [{"role": _TEXT, "content": [{"type": _TEXT, "text": _TEXT}]}],
    "images": [{"_type": "Image"}],
    "videos": [_TEXT],
    "objects": {"ref": [_TEXT], "bbox": [[{"dtype": "float64", "_type": "Value"}]], "bbox_type": _TEXT},
    "meta": _TEXT,
}
_PART = pa.struct({"type": pa.string(), "text": pa.string()})
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "messages": pa.list_(pa.struct({"role": pa.string(), "content": pa.list_(_PART)})),
        "images": pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()})),
        "videos": pa.list_(pa.string()),
        "objects": pa.struct({"ref": pa.list_(pa.string()), "bbox": pa.list_(pa.list_(pa.float64())), "bbox_type": pa.string()}),
        "meta": pa.string(),
    },
    metadata={"huggingface": json.dumps({"info": {"features": _FEATURES}})},
)


class Shards:
    """Of one split: files in `folder` that get their names when all of them are there. `home`: what relative paths are relative
    to."""

    def __init__(self, folder: Path, split: str, home: Path, embed: bool):
        self._folder, self._split, self._home, self._embed = folder, split, home, embed
        self._group: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None
        self._shards, self._rows, self._bytes = 0, 0, 0

    def add(self, row: Row) -> None:
        self._group.append(self._columns(row))
        if len(self._group) == ROWS_A_GROUP[self._embed]:
            self._write()

    def _columns(self, row: Row) -> dict[str, Any]:
        return {
            "id": row.id,
            "messages": row.messages,
            "images": [self._image(name) for name in row.images],
            "videos": [os.path.join(self._home, name) for name in row.videos],
            "objects": row.objects,
            "meta": json.dumps(row.meta, ensure_ascii=False),
        }

    def _image(self, name: str) -> dict[str, Any]:
        path = os.path.join(self._home, name)
        if not self._embed:
            return {"bytes": None, "path": path}
        return {"bytes": Path(path).read_bytes(), "path": os.path.basename(path)}

    def _write(self) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._part(self._shards), SCHEMA, compression="zstd")
            self._shards, self._rows, self._bytes = self._shards + 1, 0, 0
        batch = pa.RecordBatch.from_pylist(self._group, SCHEMA)
        self._writer.write_batch(batch)
        self._rows, self._bytes = self._rows + len(self._group), self._bytes + batch.nbytes
        self._group = []
        if self._rows >= ROWS_A_SHARD or self._bytes >= BYTES_A_SHARD:
            self._end()

    def _part(self, number: int) -> Path:
        return self._folder / f"{self._split}-{number:05d}"

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> int:
        """How many files there are; they have their names now."""
        if self._group:
            self._write()
        self._end()
        for number in range(self._shards):
            part = self._part(number)
            part.rename(part.with_name(f"{part.name}-of-{self._shards:05d}.parquet"))
        return self._shards
