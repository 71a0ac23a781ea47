"""SAMM at 200 fps, grey: SAMM_Micro_FACS_Codes_v2.xlsx with notes above its column names, SAMM/006/006_1_2/006_05562.jpg.

Positions are those of the numbered file in the folder. Subjects are three digits, whose zeros a sheet may lose. Codes with "or" stay untold.
`classes`: 5 (anger, contempt, happiness, surprise, other; 136 clips) or 3 as in MEGC 2019 (all but other; 133). Layout and errors:
https://github.com/tvaranka/meb (read).
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

CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise", "others")
KEPT = {"5": ("anger", "contempt", "happiness", "surprise", "others"), "3": CLASSES[:-1]}
COLUMNS = (
    "Subject",
    "Filename",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Action Units",
    "Estimated Emotion",
    "Objective Classes",
)
FRAMES = ("SAMM", "SAMM_CROP", "SAMM_Cropped", "")
# Row below the column names, from 0 (meb/datasets/datasets.py, SAMM); apexes by optical flow
ERRORS = {56: {"offset": 5739}, 125: {"apex": 1105}, 132: {"apex": 4945}, 133: {"apex": 5130}}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    frames, sheet = _frames(root), found(root, "SAMM_*Micro_FACS_Codes*.xlsx")
    clips = MicroSet("SAMM", SAMM.terms, 200, CLASSES, KEPT[options["classes"]], options["classes"])
    folders = (folder for folder in leaves(frames, 2) if folder.parent.name.isdigit())
    return clips.records(root, (_row(frames, *line) for line in table(sheet, COLUMNS)), folders, faults)


def _row(frames: Path, place: int, where: str, row: dict[str, str]) -> MicroRow:
    subject, name, units = row["Subject"].zfill(3), row["Filename"], row["Action Units"]
    told, feeling = span(row["Onset Frame"], row["Apex Frame"], row["Offset Frame"]), row["Estimated Emotion"]
    folder = inside(frames, subject, name)
    return MicroRow(
        MicroClip(where, f"{subject}/{name}", folder, told, word(feeling), action_codes(units), ERRORS.get(place)),
        f"samm/{name}",
        f"samm/{subject}",
        {"emotion": feeling, "action units": units, "objective class": row["Objective Classes"]},
    )


def clip_folder(root: Path, subject: str, filename: str) -> Path | None:
    """Of a clip, in a folder of SAMM."""
    return inside(_frames(root), subject.zfill(3), filename)


def _frames(root: Path) -> Path:
    for name in FRAMES:
        folder = inside(root, name) if name else root
        if folder and any(path.is_dir() and len(path.name) == 3 and path.name.isdigit() for path in folder.iterdir()):
            return folder
    raise FacewiseError(f"{root}: no folder SAMM/006; give the folder that holds SAMM/ and the sheet of codes")


SAMM = Source(
    "samm",
    "SAMM",
    "on request, research (MMU)",
    _read,
    {"classes": ("5", "3")},
    "The rows with errors are known by their place in the sheet v2; each is applied only where what the row tells cannot be. The count of the "
    "5 classes is from memory.",
)
