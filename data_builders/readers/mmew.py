"""MMEW's micro-expressions at 90 fps: MMEW_Micro_Exp.xlsx, Micro_Expression/<emotion>/S13-07-001/1.jpg. Its macro-expressions are not read.

Positions are those of the numbered file in the folder. Sixteen rows have wrong apexes and offsets. `classes`: 7, or 3 (positive, negative,
surprise) without others. Layout and errors: https://github.com/tvaranka/meb and a public reader of MMEW_Final (read).
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .expression_events import span, word
from .faults import Faults
from .frame_folder import inside, leaves
from .micro_clip import MicroClip, MicroRow, MicroSet
from .sheet_file import found, table
from .source import Source

CLASSES = ("happiness", "surprise", "anger", "disgust", "fear", "sadness", "others")
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
FPS = 90
# Row below the column names, from 0 -> apex, offset (meb/datasets/datasets.py, MMEW)
_LAST = {
    33: (40, 75),
    35: (15, 54),
    36: (46, 59),
    37: (20, 98),
    38: (25, 80),
    39: (20, 93),
    40: (23, 58),
    41: (28, 61),
    42: (32, 68),
}
_LAST |= {142: (56, 88), 143: (32, 80), 145: (27, 85), 146: (22, 61), 148: (29, 108), 154: (31, 72), 156: (38, 106)}
ERRORS = {row: {"apex": apex, "offset": offset} for row, (apex, offset) in _LAST.items()}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    if (frames := inside(root, "Micro_Expression")) is None:
        raise FacewiseError(f"{root / 'Micro_Expression'}: no such folder; give the folder that holds it and the sheet")
    sheet, kept = found(root, "MMEW_Micro_Exp*.xlsx"), CLASSES if options["classes"] == "7" else CLASSES[:-1]
    clips = MicroSet("MMEW", MMEW.terms, FPS, CLASSES, kept, options["classes"])
    return clips.records(root, (_row(frames, *line) for line in table(sheet, COLUMNS)), leaves(frames, 2), faults)


def _row(frames: Path, place: int, where: str, row: dict[str, str]) -> MicroRow:
    feeling, name, units = row["Estimated Emotion"], row["Filename"], row["Action Units"]
    told, folder = span(row["OnsetFrame"], row["ApexFrame"], row["OffsetFrame"]), inside(frames, feeling, name)
    return MicroRow(
        MicroClip(where, f"{feeling}/{name}", folder, told, word(feeling), action_codes(units), ERRORS.get(place)),
        f"mmew/{name}",
        f"mmew/{_subject(row['Subject'])}",
        {"emotion": feeling, "action units": units},
    )


def _subject(text: str) -> str:
    return f"S{text.lower().removeprefix('s').zfill(2)}"


MMEW = Source(
    "mmew",
    "MMEW (micro-expressions)",
    "on request, research",
    _read,
    {"classes": ("7", "3")},
    "90 frames a second is from memory. The rows with errors are known by their place; each is applied only where what the row tells cannot be.",
)
