"""A record is one labelled picture or clip: where it lies, what is known of it, and who is on it. One JSON object a line.

Labels are in our vocabularies; what is None is not known and takes part in no loss. Subjects never cross splits.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

from ..model.errors import FacewiseError
from ..model.taxonomy import ATTACKS, CUES, DIGITAL_TYPES, EMOTIONS, NO_PROTOTYPE

SPLITS = ("train", "val", "test")
GENUINE = "none"  # the `digital` of a picture as the camera took it
_TEXTS = ("id", "media", "sha256", "dataset", "licence", "subject", "split")
_CHOICES: dict[str, tuple[str, ...]] = {
    "emotion": (*EMOTIONS, NO_PROTOTYPE),
    "attack": ATTACKS,
    "digital": (GENUINE, *DIGITAL_TYPES),
}
_FACS = frozenset(f"AU{number}" for number in range(1, 67))
_SHOWN = ("both", "left", "right", "absent")
_MOMENTS = ("onset", "apex", "offset")

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


def checked(record: Record) -> Record:
    """The record of a file that others may have written, as it is. Raises ValueError with the first value that cannot be."""
    _check_words(record)
    for name, low in (("aus", 0.0), ("change", -5.0)):
        for code, sides in _units(record, name).items():
            for side in sides:
                if type(side) not in (int, float) or not low <= side <= 5.0:  # a name for each of 44 would take most of the time
                    _check_number(f"{name} of {code}", side, low, 5.0)
    for code, side in _units(record, "shown").items():
        _check_choice(f"shown of {code}", side, _SHOWN)
    for cue, seen in _mapped(record, "cues", CUES).items():
        _check_number(f"cue {cue}", seen, 0.0, 1.0)
    if record.age is not None:
        _check_number("age", record.age, 0.0, 120.0)
    _check_places(record)
    _check_frames(record)
    return record


def _check_words(record: Record) -> None:
    for name in _TEXTS:
        if not isinstance(getattr(record, name), str):
            raise ValueError(f"{name} {getattr(record, name)!r}: a text was looked for")
    if not record.id:
        raise ValueError("its id is empty")
    if record.live is not None and not isinstance(record.live, bool):
        raise ValueError(f"live {record.live!r}: true, false or null was looked for")
    for name in ("pair", "mask", "regions"):
        if (told := getattr(record, name)) is not None and not isinstance(told, str):
            raise ValueError(f"{name} {told!r}: a text was looked for")
    for name, choices in _CHOICES.items():
        if (told := getattr(record, name)) is not None:
            _check_choice(name, told, choices)
    for name in ("attributes", "protocols", "source"):
        _mapped(record, name, ())


def _units(record: Record, name: str) -> Mapping[str, Any]:
    """What is told by unit: any of FACS, since sources code more of them than we score."""
    told = _mapped(record, name, ())
    for code in told:
        if code not in _FACS:
            raise ValueError(f"{name} {code!r}: no unit of FACS, AU1 to AU66")
    return told


def _mapped(record: Record, name: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    """What is told by key, all of `keys` if there are any; nothing where nothing is told."""
    told = getattr(record, name)
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise ValueError(f"{name} {told!r}: an object was looked for")
    for key in told if keys and not set(told).issubset(keys) else ():
        _check_choice(name, key, keys)
    return told


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} {value!r}: choose from {', '.join(choices)}")


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    if type(value) not in (int, float) or not low <= value <= high:  # true is no number, and NaN lies nowhere
        raise ValueError(f"{name} {value!r}: a number from {low:g} to {high:g} was looked for")


def _check_places(record: Record) -> None:
    for name in ("box", "face"):
        corners = getattr(record, name)
        if corners is not None and (len(corners) != 4 or not all(map(isfinite, corners))):
            raise ValueError(f"{name} {list(corners)}: four numbers x1, y1, x2, y2 were looked for")
    if record.affect is not None:
        valence, arousal = record.affect
        _check_number("valence", valence, -1.0, 1.0)
        _check_number("arousal", arousal, -1.0, 1.0)
    points = record.points
    if points is not None and ({len(point) for point in points} != {2} or not all(map(isfinite, chain.from_iterable(points)))):
        raise ValueError("points: [x, y] of each were looked for, as numbers")


def _check_frames(record: Record) -> None:
    if record.frames is not None and (len(record.frames) != 2 or not _are_frames(record.frames)):
        raise ValueError(f"frames {list(record.frames)}: the first and the last, counted from 0, were looked for")
    for event in _mapped(record, "clip", ()).get("events") or ():
        told = {name: event[name] for name in _MOMENTS if event.get(name) is not None}
        if not _are_frames(tuple(told.values())):
            raise ValueError(f"an event at {told}: frames counted from 0, in their order, were looked for")


def _are_frames(told: tuple[Any, ...]) -> bool:
    return all(type(at) is int and at >= 0 for at in told) and list(told) == sorted(told)


def _parsed(line: str, where: str) -> Record:
    try:
        return checked(record_of(json.loads(line)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FacewiseError(f"{where}: not a record ({error})") from None
