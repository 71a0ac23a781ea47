"""A record is one labelled picture: where it lies, what is known of it, and who is on it. One JSON object a line.

Labels are in our vocabularies; what is None is not known and takes part in no loss. Subjects never cross splits.
"""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..model.errors import FacewiseError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Record:
    """`media` and `mask` are relative to the JSONL's folder. `aus`: code -> (left, right) levels 0-5, only those that may be trained on.

    `live` None carries no live/spoof label; `attack` and `mask` (255 where the instrument is seen) belong to spoofs; `cues` None: not known.
    `source` keeps the labels in the source's own words, and how a simulated picture was made.
    """

    id: str
    media: str
    sha256: str
    dataset: str
    licence: str
    subject: str
    split: str
    aus: dict[str, tuple[float, float]] | None = None
    emotion: str | None = None
    live: bool | None = None
    attack: str | None = None
    mask: str | None = None
    cues: tuple[str, ...] | None = None
    source: dict[str, str] = field(default_factory=dict)


def write_records(path: Path, records: Iterable[Record]) -> None:
    path.write_text("".join(json.dumps(dataclasses.asdict(record)) + "\n" for record in records))


def read_records(path: Path) -> list[Record]:
    """Raises FacewiseError when there is no such file, it holds nothing, or a line is no record."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of records")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FacewiseError(f"{path}: not a readable file of records ({error})") from None
    if not lines:
        raise FacewiseError(f"{path}: the file is empty; give one record a line, as first_set.py writes them")
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def record_of(values: dict) -> Record:
    """A record from its JSON object."""
    aus = values["aus"] and {code: (left, right) for code, (left, right) in values["aus"].items()}
    return Record(**{**values, "aus": aus, "cues": None if values["cues"] is None else tuple(values["cues"])})


def _parsed(line: str, where: str) -> Record:
    try:
        return record_of(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FacewiseError(f"{where}: not a record ({error})") from None
