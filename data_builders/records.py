"""A record is one labelled picture or clip: where it lies, what is known of it, and who is on it. One JSON object a line.

Labels are in our vocabularies; what is None is not known and takes part in no loss. Subjects never cross splits.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model.errors import FacewiseError

SPLITS = ("train", "val", "test")
GENUINE = "none"  # the `digital` of a picture as the camera took it

Sides = tuple[float, float]


@dataclass(frozen=True)
class Record:
    """`media`, `mask` and `regions` are relative to the JSONL's folder; pixels are those of the media as the user sees it.

    `aus`: code -> (left, right) levels 0-5, only those that may be trained on; `change`: the same against the record `pair`, exact where the
    levels themselves are not. `live` None carries no live/spoof label; `attack`, `mask` (255 where the instrument is seen, or the picture was
    altered) and `box` (x1, y1, x2, y2 of the mask) belong to spoofs and to `digital` ones, whose type it is (`GENUINE`: none; None: not
    known). `cues`: name -> visibility 0-1 in the final crop, .5 is just visible; None: not known. `points` [68][2] are the rig's own, `regions`
    a PNG of its parts by pixel. `clip`: what is true of a clip (clips/clips.py). `source`: the labels in the source's own words, and how a
    simulated picture was made.

    Of datasets that are read (readers/): `media` may be a folder of frames; `frames` are the first and the last of a longer one, counted from 0;
    `shown`: code -> both, left, right or absent, where a unit was coded without a level; `affect` (valence, arousal) in -1 to 1; `attributes`: what
    else is told of the person; `face` (x1, y1, x2, y2): where the source sees the face; `protocols`: official protocol -> part or fold.
    """

    id: str
    media: str
    sha256: str = ""  # until the media are looked at
    dataset: str = ""
    licence: str = ""
    subject: str = ""
    split: str = "train"
    aus: dict[str, Sides] | None = None
    change: dict[str, Sides] | None = None
    pair: str | None = None
    emotion: str | None = None
    live: bool | None = None
    attack: str | None = None
    digital: str | None = None
    mask: str | None = None
    box: tuple[float, float, float, float] | None = None
    cues: dict[str, float] | None = None
    points: list[list[float]] | None = None
    regions: str | None = None
    clip: dict[str, Any] | None = None
    frames: tuple[int, int] | None = None
    shown: dict[str, str] | None = None
    affect: tuple[float, float] | None = None
    age: float | None = None
    attributes: dict[str, bool | str] | None = None
    face: tuple[float, float, float, float] | None = None
    protocols: dict[str, str] | None = None
    source: dict[str, str] = field(default_factory=dict)


def write_records(path: Path, records: Iterable[Record]) -> None:
    """All of the file or none of it."""
    write_whole(path, "".join(json_line(record) for record in records).encode())


def write_whole(path: Path, data: bytes) -> None:
    """The file is written whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def json_line(record: Record) -> str:
    """What is not known is left out."""
    values = {name: value for name, value in vars(record).items() if value is not None}
    return json.dumps(values) + "\n"


def read_records(path: Path) -> list[Record]:
    """Raises FacewiseError when there is no such file, it holds nothing, or a line is no record."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of records")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FacewiseError(f"{path}: not a readable file of records ({error})") from None
    if not lines:
        raise FacewiseError(f"{path}: the file is empty; give one record a line, as `facewise synth` writes them")
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def record_of(values: dict) -> Record:
    """A record from its JSON object."""
    sides = {
        name: {code: (left, right) for code, (left, right) in values[name].items()}
        for name in ("aus", "change")
        if values.get(name) is not None
    }
    tuples = {name: tuple(values[name]) for name in ("box", "frames", "affect", "face") if values.get(name)}
    return Record(**{**values, **sides, **tuples})


def _parsed(line: str, where: str) -> Record:
    try:
        return record_of(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FacewiseError(f"{where}: not a record ({error})") from None
