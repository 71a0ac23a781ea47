"""MMEW's micro-expressions at 90 fps: MMEW_Micro_Exp.xlsx, Micro_Expression/<emotion>/S13-07-001/1.jpg. Its macro-expressions are not read.

Positions are those of the numbered file in the folder. Sixteen rows have wrong apexes and offsets. `classes`: 7, or 3 (positive, negative,
surprise) without others. Layout and errors: https://github.com/tvaranka/meb and a public reader of MMEW_Final (read).
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .expression_events import COARSE, emotion, span, word
from .faults import Faults
from .frame_folder import inside, leaves
from .micro_clip import MicroClip
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
    frames, used = inside(root, "Micro_Expression"), set()
    if frames is None:
        raise FacewiseError(f"{root / 'Micro_Expression'}: no such folder; give the folder that holds it and the sheet")
    for place, where, row in table(found(root, "MMEW_Micro_Exp*.xlsx"), COLUMNS):
        feeling, name, subject = word(row["Estimated Emotion"]), row["Filename"], _subject(row["Subject"])
        folder = inside(frames, row["Estimated Emotion"], name)
        told, codes = span(row["OnsetFrame"], row["ApexFrame"], row["OffsetFrame"]), action_codes(row["Action Units"])
        clip = MicroClip(where, f"{row['Estimated Emotion']}/{name}", folder, told, feeling, codes, ERRORS.get(place))
        used.add(folder)
        if feeling not in CLASSES:
            faults.add("unknown class", where, repr(row["Estimated Emotion"]))
        elif options["classes"] == "3" and feeling == "others":
            faults.leave_out("others is none of the 3 classes")
        elif (labels := clip.labels(FPS, faults)) and folder:
            yield Record(
                f"mmew/{name}",
                folder.relative_to(root).as_posix(),
                dataset="MMEW",
                licence=MMEW.terms,
                subject=f"mmew/{subject}",
                emotion=emotion(feeling),
                clip=labels[0],
                protocols={"LOSO": subject},
                source={
                    "emotion": row["Estimated Emotion"],
                    "class": COARSE[feeling] if options["classes"] == "3" else feeling,
                    "action units": row["Action Units"],
                    **labels[1],
                },
            )
    for spare in leaves(frames, 2):
        if spare not in used:
            faults.add("no label", spare.relative_to(root), "not in the sheet")


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
