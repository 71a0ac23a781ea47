"""predictions.jsonl: one line an item that was asked, appended as answers come, never changed. Predict once, score many
times.

A killed run goes on where it stopped: a last line that was cut short is taken off, and no key is written twice. What a label
is depends on the task (benchmark.py); UNPARSED and REFUSED stand in its place where the text gave none.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from ...data_builders.torn_line import cut_torn_line
from ...model.errors import FacewiseError

_KEY_DIGITS = 32
_BATCH = 1024
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Prediction:
    """One line. `scores`: probability, level or score by name; `log_probs`: of the choices that the engine scored;
    `duration_s` of the answer; `version` of the benchmark; `clip` of a frame; `groups`: columns for fairness, and `attack`
    for an attack's species; `asked`: the words that were this item's alone."""

    key: str
    item: str
    text: str
    label: Any
    truth: Any
    model: str
    version: str
    subject: str = ""
    clip: str = ""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    log_probs: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    duration_s: float | None = None
    asked: str = ""


_NAMES = frozenset(each.name for each in fields(Prediction))


def key_of(benchmark: str, content: str, question: str) -> str:
    """Of one question about one item; `content` is what the model is shown, as the sha256 of its bytes."""
    told = json.dumps([benchmark, content, question]).encode()
    return hashlib.sha256(told).hexdigest()[:_KEY_DIGITS]


class Journal:
    """The file while it is written, by one process at a time. Raises FacewiseError for a line that is none of ours."""

    def __init__(self, path: Path):
        self.path = path
        self._file: BinaryIO = _opened(path)
        try:
            cut_torn_line(self._file)
            self._known = {_short(values["key"], str(path)) for values in lines(path)}
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: str) -> bool:
        return _short(key, "key") in self._known

    def append(self, prediction: Prediction) -> None:
        """Has left this process when it returns. Raises FacewiseError for a key that is there, and where the disk takes no
        more."""
        short = _short(prediction.key, "key")
        if short in self._known:
            raise FacewiseError(
                f"{self.path}: {prediction.item} was answered before (key {prediction.key}); ask whether it is in first"
            )
        values = {name: value for name, value in vars(prediction).items() if value not in (None, "", {}) or name in _ALWAYS}
        try:
            line = (
                _ENCODER.encode({name: dict(v) if isinstance(v, Mapping) else v for name, v in values.items()}).encode() + b"\n"
            )
        except ValueError as error:
            raise FacewiseError(f"{prediction.item}: no line of JSON ({error}); leave out what is not known") from None
        self._write(line)
        self._known.add(short)

    def _write(self, line: bytes) -> None:
        """All of it or nothing, straight to the file."""
        end = self._file.seek(0, os.SEEK_END)
        reason = "the disk is full"
        try:
            if self._file.write(line) == len(line):
                return
            self._file.truncate(end)
        except OSError as error:
            reason = error.strerror or str(error)
        raise FacewiseError(f"{self.path}: cannot be written ({reason}); what came before is kept, run the same command again")


_ALWAYS = ("key", "item", "text", "label", "truth", "model", "version")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every line as its object, read in pieces. A last line that a kill cut short is passed over. Raises FacewiseError for
    any other."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of predictions; `facewise eval run` writes one")
    with path.open("rb") as file:
        before = 0
        while batch := [line for line in islice(file, _BATCH) if line.endswith(b"\n")]:
            yield from _parsed(batch, path, before)
            before += len(batch)


def _parsed(batch: list[bytes], path: Path, before: int) -> list[dict[str, Any]]:
    """Many at once, which takes half as long; each alone only to say which one is wrong."""
    try:
        found = json.loads(b"[%b]" % b",".join(batch))
        if len(found) == len(batch) and all(map(_is_ours, found)):
            return found
    except ValueError:
        pass
    return [_parsed_alone(line, path, number) for number, line in enumerate(batch, start=before + 1)]


def _parsed_alone(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        values = json.loads(line)
        if _is_ours(values):
            return values
    except ValueError:
        pass
    raise FacewiseError(f"{path}:{number}: no line of predictions; delete it, and its item is asked again")


def _is_ours(values: Any) -> bool:
    return type(values) is dict and type(values.get("key")) is str and "label" in values and "truth" in values


def prediction_of(values: Mapping[str, Any]) -> Prediction:
    """A line as its value; what a later version may add is passed over."""
    return Prediction(**{name: value for name, value in values.items() if name in _NAMES})


def _short(key: str, where: str) -> int:
    """64 bits of a key, so that a million of them are small."""
    try:
        return int(key[:16], 16)
    except ValueError:
        raise FacewiseError(f"{where}: key {key[:40]!r} is not the {_KEY_DIGITS} hexadecimal digits that key_of gives") from None


def _opened(path: Path) -> BinaryIO:
    """To read and append, and ours alone."""
    try:
        file = path.open("ab+", buffering=0)
    except OSError as error:
        raise FacewiseError(f"{path}: cannot be opened ({error.strerror}); give a folder that can be written") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise FacewiseError(f"{path}: another run is writing it; wait for it, or give another --out") from None
    return file
