"""Levels of action units frame by frame, a file a unit, as DISFA, DISFA+ and BP4D hand them out.

A line is a frame, by its number or by its picture, and a level of 0-5. The three code no sides, so left and right have the same level. Neighbours in a
video are nearly one picture: `step` takes every Nth frame.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ..records import Sides
from .faults import Faults
from .listing import lines, within

STEPS = ("1", "2", "5", "10", "30")
LEVELS = ("0", "1", "2", "3", "4", "5")

Frame = TypeVar("Frame", int, str)


def levels(
    files: Mapping[str, Path], frame: Callable[[str], Frame], root: Path, faults: Faults, unknown: str | None = None
) -> dict[Frame, dict[str, int]]:
    """{frame: {code: level}} of {code: its file}. `unknown` is the level that stands for none; lines that begin with # are no labels.

    A file that is not there is one fault, and its unit is not known. (ME-GraphAU's script reads zeros there, OpenFace's stops; the hand-outs are whole.)
    """
    found: dict[Frame, dict[str, int]] = {}
    for code, path in files.items():
        if not path.is_file():
            faults.add("no label", within(path, root), f"{code} is not known without this file")
            continue
        for where, line in lines(path):
            if line.startswith("#"):
                continue
            told = re.split(r"[,\s]+", line)
            at = _frame(told[0], frame)
            if len(told) != 2 or at is None or told[1] not in (*LEVELS, unknown):
                faults.add("unreadable label", within(path.with_name(where), root), line[:60])
            elif told[1] != unknown:
                found.setdefault(at, {})[code] = int(told[1])
    return found


def both_sides(told: Mapping[str, float]) -> dict[str, Sides]:
    """As a record's `aus`."""
    return {code: (float(level), float(level)) for code, level in told.items()}


def _frame(text: str, frame: Callable[[str], Frame]) -> Frame | None:
    try:
        return frame(text)
    except ValueError:
        return None
