"""4DME, the grey videos of its micro-expressions: 4DME_Labelling_Micro_release v1.xlsx, gray_micro/<sub_ID>/<fold_name>/ or gray_micro_crop/.

Emotions may be several; the coarse class is told where they agree. A unit with "(k)" is uncertain and not taken. The units of rows 144 and 145 are
swapped in release v1 and swapped back here. Positions are those of the numbered file in the folder. Layout and error: https://github.com/tvaranka/meb
(read).
"""

import re
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

COLUMNS = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
FRAMES = ("gray_micro", "gray_micro_crop")
FPS = 60
SWAPPED = {144: 145, 145: 144}  # row below the column names, from 0 (meb/datasets/datasets.py, Fourd)


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    frames, sheet = (
        next((folder for name in FRAMES if (folder := inside(root, name))), None),
        found(root, "4DME_Labelling_Micro*.xlsx"),
    )
    if frames is None:
        raise FacewiseError(f"{root}: neither gray_micro/ nor gray_micro_crop/; unpack the grey videos there")
    labels, used = list(table(sheet, COLUMNS)), set()
    swapped = SWAPPED if "release v1" in sheet.stem and len(labels) > max(SWAPPED) else {}
    for place, where, row in labels:
        units, name = labels[swapped.get(place, place)][2]["AUs"], f"{row['sub_ID']}/{row['fold_name']}"
        feelings = [word(part) for part in re.split(r"[+,;/&]|\band\b", row["Emotion"]) if part.strip()]
        feeling = feelings[0] if len(feelings) == 1 else ""
        folder = inside(frames, row["sub_ID"], row["fold_name"])
        clip = MicroClip(where, name, folder, span(row["Onset"], row["Apex"], row["Offset"]), feeling, action_codes(units))
        used.add(folder)
        if not feelings or not set(feelings) <= set(COARSE):
            faults.add("unknown class", where, repr(row["Emotion"]))
        elif (labelled := clip.labels(FPS, faults, _coarse(feelings))) and folder:
            yield Record(
                f"fourdme/{name}",
                folder.relative_to(root).as_posix(),
                dataset="4DME",
                licence=FOURDME.terms,
                subject=f"fourdme/{row['sub_ID']}",
                emotion=emotion(feeling),
                clip=labelled[0],
                protocols={"LOSO": row["sub_ID"]},
                source={"emotion": row["Emotion"], "action units": units}
                | ({"corrected": f"units swapped back with row {swapped[place]}"} if place in swapped else {}),
            )
    for spare in leaves(frames, 2):
        if spare not in used:
            faults.add("no label", spare.relative_to(root), "not in the sheet")


def _coarse(feelings: list[str]) -> str | None:
    classes = {COARSE[feeling] for feeling in feelings}
    return classes.pop() if len(classes) == 1 else None


FOURDME = Source(
    "fourdme",
    "4DME (grey micro-expressions)",
    "signed agreement, research (University of Oulu)",
    _read,
    unverified="60 frames a second, the words of the emotions, what stands between several, and that the numbers of picture files are those of Onset "
    "and Offset are from memory.",
)
