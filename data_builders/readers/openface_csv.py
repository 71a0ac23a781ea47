"""Tables of OpenFace 2 (FeatureExtraction, FaceLandmarkVidMulti, FaceLandmarkImg) beside their videos or pictures, and of `facewise see --csv`.

Columns AU01_r hold levels of 0-5, AU28_c only whether it is seen; old releases write spaces before the names. Frames count from 1, and a table of a
picture (face, confidence, ...) has none. Rows without success are left out. OpenFace's AU45 is AU43 here. Its levels and its occurrences come from two
models that may disagree: where there is a level it is taken. Layout: OpenFace's RecorderCSV and wiki, py-feat's OpenFace_Test.csv (read).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...model.taxonomy import AU_CODES, EMOTIONS
from ..records import Record
from .faults import Faults
from .source import Source
from .tool_tables import OURS, Reading, box, leading, number, others, ours, readings
from .unit_files import STEPS, both_sides

LAST_LEVEL = 5
POINTS = {axis: [f"{axis}_{i}" for i in range(68)] for axis in "xy"}
FURTHER = ("face_id", "face", "success", *EMOTIONS, *POINTS["x"], *POINTS["y"])


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    for reading in readings(root, "OpenFace 2", ("_r", "_c"), ("confidence",), FURTHER, faults):
        row = reading.row
        try:
            if number(row.get("success", "1")) != 1:
                faults.leave_out("frames where no face was found")
                continue
            frame = reading.frame(first=1)
            if frame is not None and frame % int(options["step"]):
                continue
            told = _told(reading)
        except ValueError as error:
            faults.add("unreadable label", reading.where, str(error))
            continue
        face = row.get("face_id") or row.get("face") or "0"
        if record := reading.record(root, OPENFACE_CSV, face, frame, told):
            yield record
        else:
            faults.add("no media", reading.where, row.get("input") or "no one medium of the table's name")


def _told(reading: Reading) -> dict[str, Any]:
    levels, seen = reading.units("_r"), reading.units("_c")
    if wrong := {code: level for code, level in levels.items() if not 0 <= level <= LAST_LEVEL}:
        raise ValueError(f"levels outside 0 to {LAST_LEVEL}: {wrong}")
    bare = {code: present for code, present in seen.items() if code not in levels}
    emotions = {label: number(reading.row[label]) for label in EMOTIONS if label in reading.row}
    return {
        "aus": both_sides({ours(code): level for code, level in levels.items() if ours(code) in AU_CODES}) or None,
        "shown": {ours(code): "both" if it else "absent" for code, it in bare.items() if ours(code) in AU_CODES} or None,
        "emotion": leading(emotions),
        "face": _face(reading.row),
        "source": {"tool": reading.tool, "confidence": reading.row["confidence"]}
        | ({"levels": "above the person's own rest"} if reading.tool == OURS and reading.moves else {})
        | others(levels | bare),
    }


def _face(row: dict[str, str]) -> tuple[float, float, float, float] | None:
    """About the landmarks, where they are in the table."""
    sides = [[at for name in names if (at := number(row.get(name, ""))) is not None] for names in POINTS.values()]
    return box(*(min(side, default=None) for side in sides), *(max(side, default=None) for side in sides))


OPENFACE_CSV = Source(
    "openface_csv",
    "OpenFace 2 tables (machine readings, no labels)",
    "machine readings: OpenFace 2 is for academic, non-profit, non-commercial research; the pictures' own terms hold",
    _read,
    {"step": STEPS},
)
