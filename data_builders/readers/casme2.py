"""CASME II at 200 fps: CASME2-coding-*.xlsx, CASME2_RAW_selected/sub01/EP02_01f/img46.jpg or Cropped/sub01/EP02_01f/reg_img46.jpg.

Positions are those of the numbered file in the folder. Twenty apexes are "/": estimates of the MEB reader stand in for them. `classes`: 5 as in the
dataset's protocol (255 clips less sadness and fear: 246), or 3 as in MEGC 2019; there `fear_and_sadness` are out of the negative class (the
default, 147 clips, of which MEGC took 145) or in it (156). Layout and errors: https://github.com/tvaranka/meb (read); the counts from memory.
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

CLASSES = ("happiness", "surprise", "disgust", "repression", "others", "sadness", "fear")
COLUMNS = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
FRAMES = (("CASME2_RAW_selected",), ("CASME2_RAW_selected", "CASME2_RAW_selected"), ("Cropped",), ("Cropped", "Cropped"))
# Row below the column names, from 0 -> the apex by optical flow where the sheet has none, and one wrong offset (meb/datasets/datasets.py, Casme2)
_APEX = {
    29: 279,
    35: 68,
    43: 77,
    45: 81,
    51: 166,
    53: 100,
    60: 78,
    117: 187,
    118: 89,
    126: 80,
    136: 88,
    147: 134,
    155: 231,
    168: 53,
}
_APEX |= {170: 329, 177: 111, 202: 91, 203: 103, 234: 98, 237: 153, 238: 98}
ERRORS = {row: {"apex": apex} for row, apex in _APEX.items()} | {60: {"apex": 78, "offset": 91}}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    frames, sheet = _frames(root), found(root, "CASME2-coding-*.xlsx")
    clips = MicroSet("CASME II", CASME2.terms, 200, CLASSES, _kept(options), options["classes"])
    return clips.records(root, (_row(frames, *line) for line in table(sheet, COLUMNS)), leaves(frames, 2), faults)


def _row(frames: Path, place: int, where: str, row: dict[str, str]) -> MicroRow:
    subject, name, units = _subject(row["Subject"]), row["Filename"], row["Action Units"]
    told, feeling = span(row["OnsetFrame"], row["ApexFrame"], row["OffsetFrame"]), row["Estimated Emotion"]
    folder = inside(frames, subject, name)
    return MicroRow(
        MicroClip(where, f"{subject}/{name}", folder, told, word(feeling), action_codes(units), ERRORS.get(place)),
        f"casme2/{subject}/{name}",
        f"casme2/{subject}",
        {"emotion": feeling, "action units": units},
    )


def clip_folder(root: Path, subject: str, filename: str) -> Path | None:
    """Of a clip, in a folder of CASME II."""
    return inside(_frames(root), _subject(subject), filename)


def _subject(text: str) -> str:
    return f"sub{text.lower().removeprefix('sub').zfill(2)}"


def _kept(options: dict[str, str]) -> tuple[str, ...]:
    if options["classes"] == "5":
        return CLASSES[:5]
    return CLASSES[:4] + (CLASSES[5:] if options["fear_and_sadness"] == "in" else ())


def _frames(root: Path) -> Path:
    for names in FRAMES:
        folder = inside(root, *names)
        if folder and any(path.name.lower().startswith("sub") for path in folder.iterdir()):
            return folder
    raise FacewiseError(f"{root}: neither CASME2_RAW_selected/sub01 nor Cropped/sub01; give the folder that holds one of them")


CASME2 = Source(
    "casme2",
    "CASME II",
    "signed agreement, research (IPCAS)",
    _read,
    {"classes": ("5", "3"), "fear_and_sadness": ("out", "in")},
    "The rows with errors are known by their place in the sheet of 2014; each is applied only where what the row tells cannot be.",
)
