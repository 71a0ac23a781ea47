"""A row of a folder's metadata as fields of a record: columns bear the fields' names, cells are text (CSV) or JSON values (JSONL).

AU1 to AU43, with or without _left and _right, are levels 0 to 5 or A to E, with units=presence 0 and 1. What is no field goes to
`source`. An unknown class is a LookupError and anything else that cannot be read a ValueError, which cost the row; a number for a
class refuses the table, since no two datasets number alike.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ...model.errors import FacewiseError
from ...model.taxonomy import ATTACKS, AU_CODES, DIGITAL_TYPES, EMOTIONS
from ..records import GENUINE, SPLITS
from . import label_words
from .cell_values import READ, UNIT, code_of, json_of, mapping_of, number_of, value_of

ALIASES = {"license": "licence", "subject_id": "subject", "mask_file_name": "mask", "regions_file_name": "regions"}
CLASSES = {
    "emotion": EMOTIONS,
    "live": ("live", "spoof"),
    "attack": ATTACKS,
    "digital": (GENUINE, *DIGITAL_TYPES),
    "label": (*EMOTIONS, "live", "spoof", *DIGITAL_TYPES),
    "split": SPLITS,
}
TEXTS = ("id", "subject", "dataset", "licence", "pair", "sha256", "mask", "regions")
LABELS = (
    "emotion",
    "live",
    "attack",
    "digital",
    "aus",
    "change",
    "shown",
    "cues",
    "clip",
    "affect",
    "age",
    "attributes",
    "box",
    "points",
)
OPENFACE = re.compile(r"au\d+_[rc]", re.IGNORECASE)
_LETTERS = {letter: float(level) for level, letter in enumerate("ABCDE", start=1)}
_YES = {"1": True, "true": True, "0": False, "false": False}

Cells = Mapping[str, Any]


def fields_of(row: Cells, where: str, units: str, fake: str) -> tuple[dict[str, Any], dict[str, str]]:
    """(fields of a Record, what goes to its `source`)."""
    fields: dict[str, Any] = {}
    source: dict[str, str] = {}
    for column, cell in row.items():
        name = field_name(column)
        if cell is None or cell == "" or name.endswith("file_name") or UNIT.fullmatch(name) or name == "aus":
            continue
        if OPENFACE.fullmatch(name):
            raise FacewiseError(
                f"{where}: column {column!r} is OpenFace's; read its tables as openface_csv, or call levels AU1 to AU43"
            )
        if name in CLASSES:
            merge(fields, _class(name, _word(name, cell, where), fake))
            source[name] = str(cell)
        elif name in TEXTS:
            fields[name] = str(cell)
        elif name in READ:
            fields[name] = value_of(name, cell)
        else:
            source[column] = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    if ("valence" in fields) != ("arousal" in fields):
        raise ValueError("valence and arousal are told together")
    if "valence" in fields:
        fields["affect"] = fields.pop("valence"), fields.pop("arousal")
    told, others = _units(row, units)
    return label_words.settled(fields | told), source | others


@lru_cache(1024)
def field_name(column: str) -> str:
    name = column.strip().lower()
    return ALIASES.get(name, name)


@lru_cache(1024)
def is_unit(name: str) -> bool:
    return name == "aus" or UNIT.fullmatch(name) is not None


def merge(fields: dict[str, Any], told: dict[str, Any]) -> None:
    for name, value in told.items():
        if fields.setdefault(name, value) != value:
            raise ValueError(f"{name} {fields[name]} and {value} at once")


def _word(name: str, cell: Any, where: str) -> str:
    if (isinstance(cell, int | float) and not isinstance(cell, bool)) or re.fullmatch(r"-?\d+(\.\d*)?", str(cell).strip()):
        raise FacewiseError(
            f"{where}: {name} {cell!r} is a number, and what it stands for differs between datasets; write words ({', '.join(CLASSES[name])})"
        )
    return str(cell)


@lru_cache(4096)
def _class(name: str, word: str, fake: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if name == "label":
        told = label_words.class_of(word, fake)
    elif name == "live":
        spelled = {"true": "live", "false": "spoof"}.get(label_words.plain(word), word)
        told = label_words.class_of(spelled, fake) if label_words.plain(spelled) in label_words.LIVE else {}
    elif name == "attack" and label_words.plain(word) == "none":
        return {}
    else:
        spell: Callable[[str], str | None] = {
            "emotion": label_words.emotion_of,
            "attack": label_words.attack_of,
            "digital": label_words.digital_of,
            "split": lambda split: label_words.SPLITS.get(label_words.plain(split)),
        }[name]
        told = {name: found} if (found := spell(word)) else {}
    if not told:
        raise LookupError(f"{name} {word!r}: choose from {', '.join(CLASSES[name])}")
    return told


# Units


def unit_cells(row: Cells) -> dict[str, dict[str, Any]]:
    """{unit: {"" | left | right: cell}} of the columns AU1 to AU43 and of the column `aus`, whose values may be [left, right]."""
    found: dict[str, dict[str, Any]] = {}
    for column, cell in row.items():
        name = field_name(column)
        if cell is None or cell == "" or not is_unit(name):
            continue
        if unit := UNIT.fullmatch(name):
            found.setdefault(f"AU{unit[1]}", {})[unit[2] or ""] = cell
        else:
            for code, told in mapping_of(json_of(cell), name).items():
                sides = {"left": told[0], "right": told[1]} if isinstance(told, list) and len(told) == 2 else {"": told}
                found.setdefault(code_of(code), {}).update(sides)
    return found


def highest(row: Cells) -> float:
    """The highest of a row's levels that are numbers; letters are levels beyond doubt."""
    cells = [cell for sides in unit_cells(row).values() for cell in sides.values()]
    return max((_level(cell) if str(cell).strip().upper() not in _LETTERS else 5.0 for cell in cells), default=0.0)


def _units(row: Cells, units: str) -> tuple[dict[str, Any], dict[str, str]]:
    told: dict[str, Any] = {}
    others: dict[str, str] = {}
    for code, sides in unit_cells(row).items():
        if set(sides) not in ({""}, {"left", "right"}):
            raise ValueError(f"{code}: one value, or both {code}_left and {code}_right, were looked for")
        if code not in AU_CODES:
            others[code] = ", ".join(str(cell) for cell in sides.values())
            continue
        try:
            left, right = (sides.get(side, sides.get("")) for side in ("left", "right"))
            told[code] = _presence(left, right) if units == "presence" else (_level(left), _level(right))
        except ValueError as error:
            raise ValueError(f"{code}: {error}") from None
    return ({"shown" if units == "presence" else "aus": told} if told else {}), others


def _level(cell: Any) -> float:
    text = str(cell).strip().upper()
    return _LETTERS[text] if text in _LETTERS else number_of(cell, 0, 5, "a level 0 to 5 or A to E")


def _presence(left: Any, right: Any) -> str:
    seen = [_YES.get(str(cell).strip().lower().removesuffix(".0")) for cell in (left, right)]
    if None in seen:
        raise ValueError(f"{left!r}, {right!r}: 0 or 1 were looked for, since units=presence")
    return {(True, True): "both", (True, False): "left", (False, True): "right"}.get((bool(seen[0]), bool(seen[1])), "absent")
