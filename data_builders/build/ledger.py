"""How far a set has come, in OUT/.build/ledger.sqlite: its records by position, the stages that are done, the lengths of files.

SQLite, because one transaction holds a record's state together with the lengths that the files had by then: whatever a kill left
behind those is cut off at the next start, so nothing is lost and nothing comes twice. A million ids, subjects and hashes lie
there on disk and not in memory.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ...model.errors import FacewiseError
from ..checks.near_duplicates import HASH_BITS
from ..records import Record
from .settings import WORKSHOP

LEDGER = "ledger.sqlite"
PAGE = 4096  # records that are asked for at a time
SETTLE_S = 1.0  # of work that a kill may cost
CACHE_KIB = 32_768

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY, id BLOB UNIQUE NOT NULL, subject BLOB, split TEXT, pair BLOB, fresh INTEGER,
    listed_at INTEGER, looked_at INTEGER, hash BLOB, lost TEXT);
CREATE TABLE IF NOT EXISTS media (
    position INTEGER PRIMARY KEY, path BLOB NOT NULL, size INTEGER NOT NULL, changed_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, size INTEGER NOT NULL);
"""


class Place(NamedTuple):
    """A record: its place in the set, from 1, and where its line begins; `fresh`: its medium is not that of the record before."""

    position: int
    start: int
    fresh: bool = True
    pair: str | None = None
    lost: str | None = None


class Ledger:
    """Held by one process at a time; a second one is told so."""

    def __init__(self, out: Path):
        self.folder = out / WORKSHOP
        self.folder.mkdir(exist_ok=True)
        self._sql = sqlite3.connect(self.folder / LEDGER, timeout=0, isolation_level=None)
        self._files: dict[str, BinaryIO] = {}
        self._settled_s = time.monotonic()
        try:
            for pragma in ("locking_mode = EXCLUSIVE", f"cache_size = -{CACHE_KIB}"):
                self._sql.execute(f"PRAGMA {pragma}")
            self._sql.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT;")
            self._sql.execute("BEGIN")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise FacewiseError(
                    f"{out}: another `facewise build` is at work there; wait for it, or give another --out"
                ) from None
            raise

    def close(self) -> None:
        """What was not settled is forgotten."""
        for file in self._files.values():
            file.close()
        self._sql.close()

    # What is told of the whole

    def told(self, name: str) -> Any:
        """What was told under this name, or None."""
        found = self._sql.execute("SELECT value FROM told WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else None

    def tell(self, name: str, value: Any) -> None:
        self._sql.execute("REPLACE INTO told VALUES (?, ?)", (name, json.dumps(value)))

    # Files that grow

    def open(self, name: str, size: int | None = None) -> None:
        """To append to, cut to `size`, or to the length that it had when it was settled last."""
        if size is None:
            size = self.size(name) or 0
        file = (self.folder / name).open("ab")
        if file.tell() < size:
            file.close()
            raise damaged(self.folder, f"{name} is shorter than it was")
        file.truncate(size)
        file.seek(0, os.SEEK_END)
        self._files[name] = file

    def size(self, name: str) -> int | None:
        """That a file had when it was settled last; None if it never was."""
        found = self._sql.execute("SELECT size FROM files WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def append(self, name: str, data: bytes) -> int:
        """Where it begins."""
        file = self._files[name]
        start = file.tell()
        file.write(data)
        return start

    def settle(self, at_once: bool = True) -> None:
        """What was appended and told until now stays. Not at once: only if enough came together since the last time."""
        if not at_once and time.monotonic() < self._settled_s + SETTLE_S:
            return
        for name, file in self._files.items():
            file.flush()
            os.fsync(file.fileno())
            self._sql.execute("REPLACE INTO files VALUES (?, ?)", (name, file.tell()))
        self._sql.execute("COMMIT")
        self._sql.execute("BEGIN")
        self._settled_s = time.monotonic()

    def finish(self, stage: str, told: Any) -> None:
        """The stage is done, its files are whole, and this is what came of it."""
        self.tell(stage, told)
        self.settle()
        for file in self._files.values():
            file.close()
        self._files.clear()

    # Records

    def is_new(self, name: str) -> bool:
        """Whether the id comes for the first time; it has the next position then."""
        return self._sql.execute("INSERT OR IGNORE INTO records (id) VALUES (?)", (_bytes(name),)).rowcount == 1

    def listed(self, record: Record, start: int, fresh: bool) -> None:
        """The line of a record whose id is known begins at `start`."""
        pair = _bytes(record.pair) if record.pair else None
        values = (_bytes(record.subject), record.split, pair, fresh, start, _bytes(record.id))
        self._sql.execute("UPDATE records SET subject = ?, split = ?, pair = ?, fresh = ?, listed_at = ? WHERE id = ?", values)

    def looked_at(self, position: int, start: int, mark: int | None, lost: str | None) -> None:
        """`mark`: a perceptual hash of HASH_BITS bits."""
        packed = None if mark is None else mark.to_bytes(HASH_BITS // 8)
        self._sql.execute(
            "UPDATE records SET looked_at = ?, hash = ?, lost = ? WHERE position = ?", (start, packed, lost, position)
        )

    def named(self, position: int, path: str, size: int, changed_ns: int) -> None:
        """The record's rows name this medium, which lies where it was."""
        self._sql.execute("REPLACE INTO media VALUES (?, ?, ?, ?)", (position, _bytes(path), size, changed_ns))

    def media(self) -> Iterator[tuple[str, int, int]]:
        """(path, size, time) of those that are named, as they were when they were looked at."""
        for path, size, changed_ns in self._sql.execute("SELECT path, size, changed_ns FROM media ORDER BY position"):
            yield _text(path) or "", size, changed_ns

    def forget(self) -> None:
        """All records: they are listed anew."""
        for table in ("records", "media", "files"):
            self._sql.execute(f"DELETE FROM {table}")

    def count(self) -> int:
        return self._sql.execute("SELECT COUNT(*) FROM records").fetchone()[0]

    def count_lost(self) -> int:
        return self._sql.execute("SELECT COUNT(*) FROM records WHERE lost IS NOT NULL").fetchone()[0]

    def places(self, after: int, column: str) -> Iterator[Place]:
        """Of the records behind the position `after`; `column`: listed_at or looked_at, whose file the starts are of."""
        query = f"SELECT position, {column}, fresh, pair, lost FROM records WHERE position > ? ORDER BY position LIMIT {PAGE}"
        while page := self._sql.execute(query, (after,)).fetchall():
            for position, start, fresh, pair, lost in page:
                yield Place(position, start, bool(fresh), _text(pair), lost)
            after = page[-1][0]

    def start_of(self, name: str) -> int | None:
        """Where the looked-at line of a record begins; None if there is none, or it is lost."""
        query = "SELECT looked_at FROM records WHERE id = ? AND lost IS NULL"
        found = self._sql.execute(query, (_bytes(name),)).fetchone()
        return found[0] if found else None

    # Across records

    def split_people(self) -> Iterator[tuple[str, str]]:
        """(subject, split) of the records whose subject lies in several splits, in the records' order."""
        leaking = (
            "SELECT subject FROM records WHERE lost IS NULL AND subject != x'' GROUP BY subject HAVING COUNT(DISTINCT split) > 1"
        )
        query = f"SELECT subject, split FROM records WHERE lost IS NULL AND subject IN ({leaking}) ORDER BY position"
        for subject, split in self._sql.execute(query):
            yield _text(subject) or "", split

    def lose_person(self, subject: str, kept: str, reason: str) -> int:
        """How many records of the subject outside the split `kept` are lost now."""
        self._sql.execute("CREATE INDEX IF NOT EXISTS people ON records (subject)")
        values = (reason, _bytes(subject), kept)
        query = "UPDATE records SET lost = ? WHERE subject = ? AND split != ? AND lost IS NULL"
        return self._sql.execute(query, values).rowcount

    def marks(self) -> Iterator[tuple[str, str, int]]:
        """(position, split, hash) of what was looked at."""
        query = "SELECT position, split, hash FROM records WHERE lost IS NULL AND hash IS NOT NULL ORDER BY position"
        for position, split, packed in self._sql.execute(query):
            yield str(position), split, int.from_bytes(packed)

    def name_at(self, position: int) -> str:
        return _text(self._sql.execute("SELECT id FROM records WHERE position = ?", (position,)).fetchone()[0]) or ""

    def lose(self, position: int, reason: str) -> None:
        self._sql.execute("UPDATE records SET lost = ? WHERE position = ?", (reason, position))


def damaged(folder: Path, why: str) -> FacewiseError:
    return FacewiseError(f"{folder}: damaged ({why}); delete this folder and run the same command again, which lists all anew")


def _bytes(name: str) -> bytes:
    """A file name need not be text."""
    return name.encode("utf-8", "surrogatepass")


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode("utf-8", "surrogatepass")
