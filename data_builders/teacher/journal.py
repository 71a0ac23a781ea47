"""taught.jsonl and judged.jsonl: one line a row that was asked, appended as answers come, found again by id.

What is finished is remembered as a hash and a place in the file, 16 bytes a row, so that a million rows lie in no set of Python's. Lines of rows that
failed hold `error`; such rows are asked again by the next run, and what they cost counts.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...model.errors import FacewiseError
from ..torn_line import cut_torn_line

_ENCODER = json.JSONEncoder(ensure_ascii=False)  # json.dumps makes one for each line
TAUGHT, JUDGED = "taught.jsonl", "judged.jsonl"


class Journal:
    """`cost` and `tokens` are those of all lines that it is opened with. A last line that a kill cut short is taken off when it is opened. Raises FacewiseError
    for a line that is none of ours."""

    def __init__(self, path: Path):
        self.path = path
        self.cost, self.tokens = Decimal(0), 0
        hashes, places = array("Q"), array("Q")
        if path.is_file():
            with path.open("rb+") as torn:
                cut_torn_line(torn)
            with path.open("rb") as lines:
                place = 0
                for number, line in enumerate(lines, start=1):
                    values = _parsed(line, f"{path}:{number}")
                    self._count(values)
                    if "error" not in values:
                        hashes.append(_hash(values["id"]))
                        places.append(place)
                    place += len(line)
        order = np.argsort(np.asarray(hashes), kind="stable")
        self._hashes, self._places = np.asarray(hashes)[order], np.asarray(places)[order]
        self._reader: BinaryIO | None = None
        self._writer: BinaryIO | None = None

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._reader, self._writer):
            if file is not None:
                file.close()

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> dict[str, Any] | None:
        """The line of a row that was finished before this journal was opened."""
        if not len(self._hashes):
            return None
        wanted = _hash(name)
        at = int(np.searchsorted(self._hashes, np.uint64(wanted)))
        while at < len(self._hashes) and int(self._hashes[at]) == wanted:
            if (values := self._line(int(self._places[at])))["id"] == name:
                return values
            at += 1
        return None

    def _line(self, place: int) -> dict[str, Any]:
        if self._reader is None:
            self._reader = self.path.open("rb")
        self._reader.seek(place)
        return json.loads(self._reader.readline())

    def finished(self) -> Iterator[dict[str, Any]]:
        """The lines of all rows that were finished before this journal was opened, as they lie in it."""
        for place in np.sort(self._places):
            yield self._line(int(place))

    def append(self, values: dict[str, Any]) -> None:
        """Has left this process when it returns. Raises FacewiseError where the disk takes no more."""
        line = _ENCODER.encode(values).encode() + b"\n"
        try:
            if self._writer is None:
                self._writer = self.path.open("ab")
            self._writer.write(line)
            self._writer.flush()
        except OSError as error:
            raise FacewiseError(
                f"{self.path}: cannot be written ({error.strerror}); what came before is kept, run the same command again"
            ) from None

    def _count(self, values: dict[str, Any]) -> None:
        self.cost += Decimal(str(values.get("cost", 0)))
        self.tokens += sum(values.get("usage", {}).values())


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
        right = isinstance(values["id"], str) and ("error" in values or isinstance(values["model"], str))
        if right and all(isinstance(count, int) for count in values.get("usage", {}).values()):
            return values
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise FacewiseError(f"{where}: no line of a teacher or a judge; delete it, and what it told of is asked again")
