"""Measures part after part and keeps what is finished: a killed run goes on, and numbers of other weights or other flags are not taken.

What cannot be measured leaves its rows with the reason; so does a part that fails by a user's error, which is told and not kept.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...data_builders.records import write_whole
from ...model.errors import FacewiseError
from .material import Material
from .parts import Part
from .reader import Reader
from .row import Row, missing
from .settings import Settings
from .targets import TARGETS

ELSEWHERE = ("out", "json", "only", "workers", "model")  # flags that change no number; the weights are told by their hash


def measured(
    groups: Sequence[tuple[str, list[Part]]], reader: Reader, material: Material
) -> Iterator[tuple[str, list[Row], bool]]:
    """(group, its rows, whether all that can be was measured), group by group."""
    made_with = conditions(material.settings, reader.checkpoint.folder)
    for group, parts in groups:
        rows: list[Row] = []
        whole = True
        for part in parts:
            found, is_right = _rows(part, reader, material, made_with)
            rows += found
            whole &= is_right
        yield group, rows, whole


def _rows(part: Part, reader: Reader, material: Material, made_with: dict[str, Any]) -> tuple[list[Row], bool]:
    """(rows, False after a fault)."""
    lacking = next((why for need in part.needs if (why := material.lacks(need))), None)
    if lacking or part.measure is None:
        return _absent(part, lacking or "nothing measures it yet"), True
    path = material.settings.out / "parts" / f"{part.name}.json"
    kept = stored(path, made_with)
    if kept is not None:
        _tell(f"{part.name}: kept from before")
        return kept, True
    begun = time.perf_counter()
    _tell(f"{part.name} ...")
    try:
        rows = part.measure(reader, material)
    except FacewiseError as error:
        _tell(f"{part.name}: {error}")
        return _absent(part, str(error)), False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"made with": made_with, "rows": [row.to_dict() for row in rows]}, indent=1).encode())
    _tell(f"{part.name}: {len(rows)} rows in {time.perf_counter() - begun:.0f} s")
    return rows, True


def _absent(part: Part, why: str) -> list[Row]:
    return [missing(what, why) for what in TARGETS[part.name]]


def stored(path: Path, made_with: dict[str, Any]) -> list[Row] | None:
    """The rows of an earlier run under the same conditions; None where there are none."""
    try:
        told = json.loads(path.read_text())
        return [Row(**values) for values in told["rows"]] if told["made with"] == made_with else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def conditions(settings: Settings, folder: Path) -> dict[str, Any]:
    """All that the numbers depend on, ready for JSON."""
    told = {name: None if value is None else str(value) for name, value in vars(settings).items() if name not in ELSEWHERE}
    return told | {"weights": digest(folder)}


def digest(folder: Path) -> str:
    """Of everything in a model's folder."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
