"""DISFA, intensities of twelve action units: ActionUnit_Labels/SN001/SN001_au1.txt, Videos_LeftCamera/LeftVideoSN001_comp.avi.

A record is a labelled frame, for a level belongs to a picture, and the benchmarks count frames: some 130,000 of them, 4,845 a person at 20 fps. Labels
count frames from 1 and end some ten frames before the video. The hand-out holds no pictures; frames that others extracted count from 0 or from 1 and
are not read. 3-fold: the parts of JAA-Net and ME-GraphAU, each once the test set. Layout: scripts of OpenFace, LibreFace and ME-GraphAU (read).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .frame_folder import leaves
from .listing import VIDEOS, child, media, unpacked, within
from .source import Source
from .unit_files import STEPS, both_sides, levels

UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
SUBJECT = re.compile(r"SN\d{3}")
_PARTS = (
    "SN002 SN010 SN001 SN026 SN027 SN032 SN030 SN009 SN016",
    "SN013 SN018 SN011 SN028 SN012 SN006 SN031 SN021 SN024",
    "SN003 SN029 SN023 SN025 SN008 SN005 SN007 SN017 SN004",
)
PARTS = {person: f"part {number}" for number, people in enumerate(_PARTS, start=1) for person in people.split()}
HINT = "give the folder that holds ActionUnit_Labels/ and Videos_LeftCamera/ or Video_RightCamera/, unpacked"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    camera = options["camera"].capitalize()
    labels = unpacked(root, "ActionUnit_Labels", "ActionUnits_Labels", hint=HINT)
    videos = unpacked(root, f"Videos_{camera}Camera", f"Video_{camera}Camera", hint=HINT)
    people = [folder for folder in leaves(labels, 1) if SUBJECT.fullmatch(folder.name)]
    if not people:
        raise FacewiseError(f"{labels}: no folder named like SN001; {HINT}")
    used = set()
    for folder in people:
        video = child(videos, f"{camera}Video{folder.name}_comp.avi")
        used.add(video)
        for number, told in _frames(folder, root, faults)[:: int(options["step"])]:
            if video is None:
                faults.add("no media", within(folder, root), f"frame {number}: no {camera}Video{folder.name}_comp.avi")
            else:
                yield _record(root, video, camera, folder.name, number, told)
    for spare in media(videos, VIDEOS):
        if spare not in used:
            faults.add("no label", within(spare, root), "nobody's in ActionUnit_Labels")


def _frames(folder: Path, root: Path, faults: Faults) -> list[tuple[int, dict[str, int]]]:
    files = {f"AU{unit}": folder / f"{folder.name}_au{unit}.txt" for unit in UNITS}
    found = sorted(levels(files, int, root, faults).items())
    if found and found[0][0] < 1:
        raise FacewiseError(f"{folder}: a label of frame {found[0][0]}; DISFA counts its frames from 1, these files are others")
    return found


def _record(root: Path, video: Path, camera: str, person: str, number: int, told: dict[str, int]) -> Record:
    return Record(
        f"disfa/{person}/{camera.lower()}/{number}",
        within(video, root),
        dataset="DISFA",
        licence=DISFA.terms,
        subject=f"disfa/{person}",
        aus=both_sides(told),
        frames=(number - 1, number - 1),
        protocols={"3-fold": PARTS[person]} if person in PARTS else None,
        source={"frame": str(number), "camera": camera.lower()},
    )


DISFA = Source(
    "disfa",
    "DISFA",
    "signed agreement, research (University of Denver)",
    _read,
    {"camera": ("left", "right"), "step": STEPS},
    "That the first label is of the video's first frame follows from scripts that number extracted frames alike. The list of frames where the dataset's "
    "own landmarks fail is not applied: no landmarks are read.",
)
