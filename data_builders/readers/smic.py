"""SMIC, three cameras: HS at 100 fps, VIS and NIR at 25. Classes positive, negative, surprise; no apex is told and none is made up.

`length` cut: SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01/reg_image000123.bmp; a folder is an expression from its first to its last frame, and
those of s1/non_micro/ show none. `length` long: SMIC-E_raw image/HS_long/, SMIC-HS-E_annotation*.xlsx with rows of text at its end and
SMIC-HS-E/s01/s1_ne_01/image000123.jpg. Positions are those of the numbered file in the folder. Layouts: public readers (SMIC_all_cropped: MEB; long:
MEAN_Spot-then-recognize and SOFTNet-like readers); non_micro's inner folders from memory.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .expression_events import Span, placed, span
from .faults import Faults
from .frame_folder import inside, leaves, positions
from .sheet_file import found, table
from .source import Source

FPS = {"HS": 100, "VIS": 25, "NIR": 25}
CLASSES = ("negative", "positive", "surprise")
COLUMNS = ("Subject", "Filename", "OnsetF", "OffsetF", "Emotion")


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    return (_cut if options["length"] == "cut" else _long)(root, options["camera"], faults)


def _cut(root: Path, camera: str, faults: Faults) -> Iterator[Record]:
    people = (person for person in leaves(_cropped(root, camera), 1) if person.name[1:].isdigit())
    for person in people:
        micro, still = (inside(person, name) for name in ("micro", "non_micro"))
        for folder in [*(leaves(micro, 2) if micro else ()), *(leaves(still, 1) if still else ())]:
            kind = "none" if folder.parent == still else folder.parent.name.lower()
            numbers = list(positions(folder))
            if kind not in ("none", *CLASSES):
                faults.add("unknown class", folder.relative_to(root), folder.parent.name)
            elif not numbers:
                faults.add("no media", folder.relative_to(root), "no pictures")
            else:
                told = None if kind == "none" else Span(numbers[0], None, numbers[-1])
                yield _record(root, folder, camera, person.name, kind, told)


def _long(root: Path, camera: str, faults: Faults) -> Iterator[Record]:
    folder, used = _long_folder(root, camera), set()
    for _, where, row in table(found(folder, f"SMIC-{camera}-E_annotation*.xlsx"), COLUMNS):
        if not row["Subject"].removeprefix("s").isdigit():
            faults.leave_out("rows of text in the sheet")
            continue
        number, name, kind = int(row["Subject"].removeprefix("s")), row["Filename"], row["Emotion"].lower()
        clip = clip_folder(root, str(number), name, camera, long=True)
        used.add(clip)
        if kind not in CLASSES:
            faults.add("unknown class", where, repr(row["Emotion"]))
        elif clip is None:
            faults.add("no media", where, f"s{number}/{name}")
        elif placed(told := span(row["OnsetF"], "", row["OffsetF"]), positions(clip), "micro", kind) is None:
            faults.add("unreadable label", where, f"{row['OnsetF']} to {row['OffsetF']} are no frames of {name}")
        else:
            yield _record(root, clip, camera, f"s{number}", kind, told)
    for spare in sorted({path for clip in used if clip for path in leaves(clip.parent, 1)} - used):
        faults.add("no label", spare.relative_to(root), "not in the sheet")


def clip_folder(root: Path, subject: str, name: str, camera: str = "HS", long: bool = False) -> Path | None:
    """Of a clip, in a folder of SMIC; the class is not asked for."""
    number = int("".join(filter(str.isdigit, subject)) or 0)
    if not long:
        person = inside(_cropped(root, camera), f"s{number}") or inside(_cropped(root, camera), f"s{number:02}")
        return next((found for kind in CLASSES if person and (found := inside(person, "micro", kind, name))), None)
    bases = [("SMIC-" + camera + "-E",), ("SMIC-" + camera + "-E", camera), ()]
    people = [(*base, person) for base in bases for person in (f"s{number:02}", f"s{number}")]
    return next((found for person in people if (found := inside(_long_folder(root, camera), *person, name))), None)


def _record(root: Path, folder: Path, camera: str, subject: str, kind: str, told: Span | None) -> Record:
    person = f"s{int(subject.lower().removeprefix('s'))}"
    event = placed(told, positions(folder), "micro", kind) if told else None
    return Record(
        f"smic/{camera}/{person}/{folder.name}" if event else f"smic/{camera}/{person}/non_micro/{folder.name}",
        folder.relative_to(root).as_posix(),
        dataset=f"SMIC-{camera}",
        licence=SMIC.terms,
        subject=f"smic/{person}",
        emotion="surprise" if kind == "surprise" else None,
        clip={"fps": FPS[camera], "events": [event] if event else []},
        protocols={"LOSO": person},
        source={"emotion": kind},
    )


def _cropped(root: Path, camera: str) -> Path:
    if (folder := inside(root, "SMIC_all_cropped", camera)) is None:
        raise FacewiseError(
            f"{root / 'SMIC_all_cropped' / camera}: no such folder; give the folder that holds SMIC_all_cropped/, or length=long"
        )
    return folder


def _long_folder(root: Path, camera: str) -> Path:
    for names in (("SMIC-E_raw image", f"{camera}_long"), (f"{camera}_long",)):
        if folder := inside(root, *names):
            return folder
    raise FacewiseError(f"{root}: no folder SMIC-E_raw image/{camera}_long; give the folder that holds it, or length=cut")


SMIC = Source(
    "smic",
    "SMIC",
    "signed agreement, research (University of Oulu)",
    _read,
    {"camera": ("HS", "VIS", "NIR"), "length": ("cut", "long")},
    "The folders below non_micro of the cut clips are known from memory, and so is that names in the long sheet of VIS and NIR are those of HS's.",
)
