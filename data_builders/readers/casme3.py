"""CAS(ME)^3 part A at 30 fps: annotation/cas(me)3_part_A_ME_label_JpgIndex_v*.xlsx, sheet `label`, and frames of colour; depth is left.

`length` cut: Part_A_ME_clip/frame/spNo.1_a_116/116.jpg (subject, file and told onset). long: part_A/data/.../spNO.1/a/color/116.jpg, one record a
video with its micro-expressions, and its macro-expressions where cas(me)3_part_A_MaE_label_*.xlsx lies beside. Labels say spNO and folders spNo:
letter case does not count. `classes`: 7, 4 (positive, negative, surprise, others) or 3 (without others); long videos keep all. Positions are those of
the numbered file. Layouts: CAS(ME)^3 readers that audit it; errors: https://github.com/tvaranka/meb (both read).
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .casme3_videos import VideoLabel, video_records
from .expression_events import span, word
from .faults import Faults
from .frame_folder import inside, leaves
from .micro_clip import MicroClip, MicroRow, MicroSet
from .sheet_file import found, table
from .source import Source

CLASSES = ("happiness", "disgust", "fear", "anger", "sadness", "surprise", "others")
COLUMNS = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
MACRO = ("sub", "seq", "onset", "apex", "offset", "emotion")
ANNOTATIONS = (("annotation",), ("part_A", "annotation"), ())
# Row below the column names, from 0 (meb/datasets/datasets.py, Casme3A)
ERRORS = {128: {"apex": 160}, 749: {"onset": 2647}, 708: {"offset": 34}, 796: {"offset": 1845}, 798: {"offset": 2403}}
ERRORS |= {750: {"onset": 1, "apex": 1}}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    micro = list(table(_sheet(root, "cas(me)3_part_A_ME_label_JpgIndex_v*.xlsx"), COLUMNS, "label"))
    if options["length"] == "cut":
        return _cut(root, micro, options["classes"], faults)
    labels = [VideoLabel(where, "micro", row, ERRORS.get(place)) for place, where, row in micro]
    labels += [VideoLabel(where, "macro", row) for where, row in _macro(root)]
    return video_records(root, labels, CASME3.terms, faults)


def _cut(root: Path, labels: list[tuple[int, str, dict[str, str]]], classes: str, faults: Faults) -> Iterator[Record]:
    frames = inside(root, "Part_A_ME_clip", "frame")
    if frames is None:
        raise FacewiseError(
            f"{root / 'Part_A_ME_clip' / 'frame'}: no such folder; give the folder that holds Part_A_ME_clip/, or length=long"
        )
    kept = CLASSES[:-1] if classes == "3" else CLASSES
    clips = MicroSet("CAS(ME)^3 A", CASME3.terms, 30, CLASSES, kept, classes)
    return clips.records(root, (_row(frames, *label) for label in labels), leaves(frames, 1), faults)


def _row(frames: Path, place: int, where: str, row: dict[str, str]) -> MicroRow:
    name = f"{row['Subject']}_{row['Filename']}_{row['Onset']}"
    told, codes = span(row["Onset"], row["Apex"], row["Offset"]), action_codes(row["AU"])
    return MicroRow(
        MicroClip(where, name, inside(frames, name), told, word(row["emotion"]), codes, ERRORS.get(place)),
        f"casme3/{name.lower()}",
        f"casme3/{row['Subject'].lower()}",
        {"emotion": row["emotion"], "action units": row["AU"], "objective class": row["Objective class"]},
    )


def _macro(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        sheet = _sheet(root, "cas(me)3_part_A_MaE_label_*.xlsx")
    except FacewiseError:
        return  # handed out apart
    for _, where, row in table(sheet, MACRO):
        yield where, row | dict(zip(COLUMNS[:5], (row[name] for name in MACRO), strict=False))


def _sheet(root: Path, pattern: str) -> Path:
    for names in ANNOTATIONS:
        if (folder := inside(root, *names)) and any(path.suffix == ".xlsx" for path in folder.iterdir()):
            return found(folder, pattern)
    raise FacewiseError(f"{root}: no sheet {pattern} in annotation/; lay the dataset's annotation folder there")


CASME3 = Source(
    "casme3",
    "CAS(ME)^3 part A",
    "signed agreement, research (IPCAS)",
    _read,
    {"classes": ("7", "4", "3"), "length": ("cut", "long")},
    "The list that takes 44 of 860 clips away is not known row by row and not applied; six errors are, by their place in the sheet v2 and only where "
    "what the row tells cannot be. Whether long frames lie one or two folders below part_A/data is searched.",
)
