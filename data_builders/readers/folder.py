"""A folder of one's own: metadata.csv or metadata.jsonl in the manner of Hugging Face's imagefolder, or a folder for each class.

Metadata lie in the folder or in train, val and test below it: `file_name` (or image_file_name, video_file_name) from where they
lie, columns as readers/label_cells.py reads them; a file may be a folder of frames. Without metadata the folders tell:
train/happiness/x.jpg, live/x.jpg, spoof/print/x.mp4, synthetic/x.png. `fake` means a presentation attack unless fake=synthetic
(or another digital type) says otherwise. Who is not told is a person of its own, and `source` says so; what has no split gets it
by a hash of the subject.
"""

import json
import os
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.taxonomy import ATTACKS, DIGITAL_TYPES, EMOTIONS
from ..licences import licence_of
from ..records import Record
from ..splits import split_of
from .faults import Faults
from .label_cells import LABELS, field_name, fields_of, highest, is_unit, merge
from .label_words import FAKE, LIVE, SPLITS, attack_of, class_of, digital_of, plain, settled
from .listing import PICTURES, VIDEOS, child, within
from .source import Source
from .table import rows
from .text_file import encoding

UNDECODED = {".wmv", ".mpg", ".mpeg", ".heic", ".heif"}  # read as records, so that a build tells what to do about them
MEDIA = PICTURES | VIDEOS | UNDECODED | {".webp", ".webm", ".gif", ".tif", ".tiff"}
TABLES = ("metadata.csv", "metadata.jsonl")
OTHER_TABLES = ("metadata.json", "metadata.tsv", "metadata.txt", "metadata.xlsx", "metadata.xls", "metadata.parquet")
CLASS_FOLDERS = (
    f"an emotion ({', '.join(EMOTIONS)}), live, spoof, below spoof an attack ({', '.join(ATTACKS)}), a digital type "
    f"({', '.join(DIGITAL_TYPES)}), or train, val, test"
)


@dataclass(frozen=True)
class Place:
    """The folder that is read; what has no dataset or licence of its own takes these."""

    root: Path
    name: str
    licence: str

    def record(self, media: str, fields: dict[str, Any], source: dict[str, str]) -> Record:
        told = {"dataset": self.name, "licence": self.licence, "id": f"{self.name}/{media}"} | fields
        who = told.pop("subject", None)
        if who is None:
            source = source | {"subject": "not told: taken for a person of its own"}
        subject = told["id"] if who is None else who if "/" in who else f"{told['dataset']}/{who}"
        if "split" not in told:
            told["split"] = split_of(subject)
            source = source | {"split": "by a hash of the subject"}
        return Record(media=media, subject=subject, source=source, **told)


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    place = Place(root, root.resolve().name, licence_of(root, "not told"))
    if tables := _tables(root):
        _check_levels(root, tables, options["units"])
        yield from _listed(place, tables, options, faults)
    else:
        yield from _classed(place, options["fake"], faults)


# With metadata


def _tables(root: Path) -> list[Path]:
    found = []
    for folder in (root, *(path for path in sorted(root.iterdir()) if path.is_dir() and plain(path.name) in SPLITS)):
        here = [path for name in TABLES if (path := child(folder, name))]
        if len(here) > 1:
            raise FacewiseError(f"{folder}: both {TABLES[0]} and {TABLES[1]} are here; take one away")
        if not here and (other := child(folder, *OTHER_TABLES)):
            raise FacewiseError(
                f"{other}: metadata are read from {TABLES[0]} or {TABLES[1]} (one JSON object a line); save it as one of them"
            )
        found += here
    return found


def _rows(root: Path, path: Path, faults: Faults) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file:line, {column: cell}); a line that is no object is a fault."""
    prefix = within(path.parent, root).removeprefix(".")
    if path.suffix.lower() == ".csv":
        for where, row in rows(path, ()):
            if len(row) == 1 and ";" in next(iter(row)):
                raise FacewiseError(f"{path}: its columns are parted by semicolons; save it with commas")
            yield os.path.join(prefix, where), row
        return
    with path.open(encoding=encoding(path), errors="replace") as file:
        for number, line in enumerate(file, start=1):
            where = os.path.join(prefix, f"{path.name}:{number}")
            told = _parsed(line)
            if number == 1 and line.lstrip().startswith("["):
                raise FacewiseError(
                    f"{path}: it begins with a list; write one JSON object a line, without brackets and commas about them"
                )
            if not isinstance(told, dict):
                faults.add("unreadable label", where, f"one JSON object a line was looked for, not {told!r}")
            elif told:
                yield where, told


def _parsed(line: str) -> Any:
    """The value of a line of JSON, {} of an empty one; a line that is no JSON stays text."""
    try:
        return json.loads(line) if line.strip() else {}
    except ValueError:
        return line.strip()


def _check_levels(root: Path, tables: list[Path], units: str) -> None:
    """Units of which none is above 1 may be told as present or as probable, which no level is."""
    top = 0.0
    for path in tables if units == "unsaid" else ():
        for _, row in _rows(root, path, Faults()):
            try:
                top = max(top, highest(row))
            except ValueError:
                continue  # told as a fault when the row is read
            if top > 1:
                return
    if top > 0:
        raise FacewiseError(
            f"{tables[0]}: no level of an action unit is above {top:g}; they are 0 to 5 (A to E of FACS). Give --option units=presence where 1 says "
            "that a unit is seen, units=levels where they are levels, and neither for probabilities"
        )


def _listed(place: Place, tables: list[Path], options: dict[str, str], faults: Faults) -> Iterator[Record]:
    named: set[str] = set()
    first: dict[Hashable, tuple[str, dict[str, int]]] = {}
    columns: dict[str, None] = {}
    for path in tables:
        folder = within(path.parent, place.root)
        for where, row in _rows(place.root, path, faults):
            columns |= dict.fromkeys(row)
            told = _file_name(path, row)
            named.add(media := _inside(folder, told))
            try:
                fields, source = fields_of(row, f"{place.root}/{where}", options["units"], options["fake"])
                merge(fields, _split_of_folder(os.path.dirname(media)))
                named |= _pictures_beside(place.root, folder, fields)
            except LookupError as error:
                faults.add("unknown class", where, str(error))
                continue
            except ValueError as error:
                faults.add("unreadable label", where, str(error))
                continue
            if not media or not os.path.exists(os.path.join(place.root, media)):
                out = "" if media or not told.strip() else "; tell it relative to the folder, as a path that stays in it"
                faults.add("no media", where, f"{told!r} is no file in the folder{out}")
            elif not set(LABELS) & set(fields):
                faults.add("no label", where, "no column of the row tells one")
            elif other := _contradicted(first, media, where, fields):
                faults.add("unreadable label", where, f"{told!r} has another label than in {other}")
            else:
                yield place.record(media, fields, source)
    _check_columns(tables[0], list(columns))
    for media in _media(place.root, faults):
        if not any(path in named for path in _with_folders(media)):
            faults.add("no label", media, "no row of the metadata names it")


def _contradicted(
    first: dict[Hashable, tuple[str, dict[str, int]]], media: str, where: str, fields: dict[str, Any]
) -> str | None:
    """Where the same face of the same frames got another value of a label; `first` keeps hashes, for rows may be millions."""
    labels = {name: hash(repr(fields[name])) for name in LABELS if name in fields}
    other, before = first.setdefault((media, fields.get("frames"), fields.get("face")), (where, labels))
    return other if any(before.get(name, told) != told for name, told in labels.items()) else None


def _with_folders(media: str) -> Iterator[str]:
    """The file and the folders that hold it, one of which may be named as a clip."""
    while media:
        yield media
        media = os.path.dirname(media)


def _pictures_beside(root: Path, folder: str, fields: dict[str, Any]) -> set[str]:
    """The mask and the regions of a row, which are pictures and want no label; in `fields` they become paths from the root."""
    found: dict[str, str] = {part: _inside(folder, fields[part]) for part in ("mask", "regions") if part in fields}
    for part, path in found.items():
        if not path or not (root / path).is_file():
            raise ValueError(f"{part} {fields[part]!r}: no such file in the folder")
    fields |= found
    return set(found.values())


def _check_columns(table: Path, columns: list[str]) -> None:
    names = [field_name(column) for column in columns]
    if not columns:
        raise FacewiseError(f"{table}: no row in it can be read; write one for each file, with its file_name and its labels")
    if not any(name in (*LABELS, "label", "valence") or is_unit(name) for name in names):
        raise FacewiseError(
            f"{table}: none of its columns ({', '.join(columns)}) tells a label; call them {', '.join(LABELS)}, label, or AU1 to AU43"
        )


def _file_name(path: Path, row: dict[str, Any]) -> str:
    told = {name: row[name] for name in row if field_name(name).endswith("file_name")}
    if len(told) != 1:
        columns = ", ".join(map(str, row)) or "nothing"
        hint = "one of them names the file, and a row has one" if told else "call the one that names the file file_name"
        raise FacewiseError(f"{path}: {len(told) or 'no'} columns of file names among {columns}; {hint}")
    return str(next(iter(told.values())) or "")


def _inside(folder: str, name: str) -> str:
    """Of a name as it is told in `folder` the path from the root; empty where it leads out of it."""
    path = os.path.normpath(os.path.join(folder, name.strip().replace("\\", "/")))
    return "" if not name.strip() or path == "." or os.path.isabs(path) or path.startswith("..") else path


# With a folder for each class


def _classed(place: Place, fake: str, faults: Faults) -> Iterator[Record]:
    folders: Counter[str] = Counter()
    labelled = 0
    for media in _media(place.root, faults):
        folder = os.path.dirname(media)
        folders[folder or "the folder itself"] += 1
        try:
            fields = _told_by(folder, fake)
        except LookupError as error:
            faults.add("unknown class", media, str(error))
            continue
        except ValueError as error:
            faults.add("unreadable label", media, str(error))
            continue
        if not set(LABELS) & set(fields):
            faults.add("no label", media, f"no folder of it is named after a class: {CLASS_FOLDERS}")
            continue
        labelled += 1
        yield place.record(media, fields, {"folder": folder})
    if not folders:
        raise FacewiseError(f"{place.root}: no pictures and no videos in it ({', '.join(sorted(MEDIA - UNDECODED))})")
    if not labelled:
        raise FacewiseError(
            f"{place.root}: there is no {TABLES[0]} or {TABLES[1]}, and its folders ({_first(folders)}) tell no class. "
            f"Name every folder of a path from here after {CLASS_FOLDERS}; or lay a {TABLES[0]} there, with the columns file_name and, say, emotion"
        )


@lru_cache(1024)
def _told_by(folder: str, fake: str) -> dict[str, Any]:
    parts = folder.split("/") if folder else []
    spoofed = any(LIVE.get(plain(part)) is False for part in parts)
    altered = any(digital_of(part) in DIGITAL_TYPES for part in parts)
    fields = dict(_split_of_folder(folder))
    for part in (part for part in parts if plain(part) not in SPLITS and not (altered and plain(part) == FAKE)):
        attack = attack_of(part) if spoofed else None
        told = {"attack": attack} if attack else class_of(part, fake)
        if not told:
            raise LookupError(f"folder {part!r} is not named after {CLASS_FOLDERS}")
        merge(fields, told)
    return settled(fields)


@lru_cache(1024)
def _split_of_folder(folder: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for part in folder.split("/"):
        if plain(part) in SPLITS:
            merge(fields, {"split": SPLITS[plain(part)]})
    return fields


def _media(root: Path, faults: Faults) -> Iterator[str]:
    """The pictures and videos at any depth, from `root`, in one order everywhere; hidden ones are none. A name that is no text is a
    fault, for JSON cannot hold it."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        at = os.path.relpath(folder, root)
        for name in sorted(names):
            if os.path.splitext(name)[1].lower() in MEDIA and not name.startswith("."):
                media = name if at == "." else f"{at}/{name}"
                if (text := media.encode(errors="backslashreplace").decode()) == media:
                    yield media
                else:
                    faults.add("unreadable media", text, "its name is no text in UTF-8; rename the file")


def _first(folders: Counter[str], count: int = 5) -> str:
    return ", ".join([*list(folders)[:count], *(["..."] if len(folders) > count else [])])


FOLDER = Source(
    "folder",
    "a folder of your own (metadata.csv, metadata.jsonl, or a folder for each class)",
    "as metadata or a LICENSE file tell",
    _read,
    {"units": ("unsaid", "levels", "presence"), "fake": ("spoof", *DIGITAL_TYPES)},
)
