"""Tables of py-feat (Fex.to_csv) beside their videos or pictures, and of `facewise see --csv --csv-columns py-feat`.

A unit is a probability of 0-1, or 0 and 1, and no level: it is seen from .5 on, as py-feat counts it. Frames count from 0 and skip what the detector
skipped; of pictures they count the pictures. Emotions have two spellings (happiness, Happy). A row without a face has empty cells. Who somebody is
(Identity) is not read. Layout: py-feat's detector, its tests' output.csv and its sample of 2026 (read).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...model.taxonomy import AU_CODES, EMOTIONS
from ..records import Record
from .expression_events import word
from .faults import Faults
from .source import Source
from .tool_tables import Reading, leading, number, others, ours, readings
from .unit_files import STEPS

FACE = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
EMOTION_COLUMNS = (*EMOTIONS, "Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
FURTHER = ("FaceScore", *EMOTION_COLUMNS)
SEEN = 0.5


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    last, face = None, 0
    for reading in readings(root, "py-feat", ("",), FACE, FURTHER, faults):
        try:
            frame, told = reading.frame(first=0), _told(reading)
        except ValueError as error:
            faults.add("unreadable label", reading.where, str(error))
            continue
        if told is None:
            faults.leave_out("rows without a face")
            continue
        here = (reading.medium, frame)
        last, face = here, face + 1 if here == last else 0  # the faces of a frame follow one another, and have no numbers
        if frame is not None and frame % int(options["step"]):
            continue
        if record := reading.record(root, PYFEAT_CSV, str(face), frame, told):
            yield record
        else:
            faults.add("no media", reading.where, reading.row.get("input") or "no one medium of the table's name")


def _told(reading: Reading) -> dict[str, Any] | None:
    """None without a face."""
    row, units = reading.row, reading.units()
    x, y, width, height = (number(row[name]) for name in FACE)
    if x is None or y is None or width is None or height is None or not number(row.get("FaceScore", "1")):
        return None
    if wrong := {code: p for code, p in units.items() if not 0 <= p <= 1}:
        raise ValueError(f"probabilities outside 0 to 1: {wrong}")
    emotions = {word(name): number(cell) for name, cell in row.items() if name in EMOTION_COLUMNS}
    return {
        "shown": {ours(code): "both" if p >= SEEN else "absent" for code, p in units.items() if ours(code) in AU_CODES} or None,
        "emotion": leading(emotions),
        "face": (x, y, x + width, y + height),
        "source": {"tool": reading.tool} | others(units),
    }


PYFEAT_CSV = Source(
    "pyfeat_csv",
    "py-feat tables (machine readings, no labels)",
    "machine readings: py-feat's code is MIT, its models have terms of their own; the pictures' own terms hold",
    _read,
    {"step": STEPS},
)
