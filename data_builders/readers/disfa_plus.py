"""DISFA+, posed trials of nine people of DISFA: Labels/SN001/TRIAL/AU1.txt beside Images/SN001/TRIAL/000.jpg.

A line of a file is a picture and its level; two lines that begin with # stand above. A record is a labelled picture. All nine people are also in DISFA
under the same names, and have the same subjects here, so that one set is no test of a model that learnt from the other. Layout: py-feat's benchmark
and imageLoader_DISFAPlus (read).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .disfa import SUBJECT, UNITS
from .faults import Faults
from .frame_folder import inside, leaves
from .listing import PICTURES, media, unpacked, within
from .source import Source
from .unit_files import STEPS, both_sides, levels

HINT = "give the folder that holds Labels/ and Images/, unpacked"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    labels, images = unpacked(root, "Labels", hint=HINT), unpacked(root, "Images", hint=HINT)
    trials = [trial for trial in leaves(labels, 2) if SUBJECT.fullmatch(trial.parent.name)]
    if not trials:
        raise FacewiseError(f"{labels}: no folder of a trial named like SN001/TRIAL; {HINT}")
    for trial in trials:
        person, folder = trial.parent.name, inside(images, trial.parent.name, trial.name)
        told = levels({f"AU{unit}": trial / f"AU{unit}.txt" for unit in UNITS}, str, root, faults)
        pictures = {path.name.lower(): path for path in media(folder, PICTURES)} if folder else {}
        for name in sorted(told, key=_order)[:: int(options["step"])]:
            if (picture := pictures.get(name.lower())) is None:
                faults.add("no media", within(trial, root), name)
                continue
            yield Record(
                f"disfa_plus/{person}/{trial.name}/{picture.stem}",
                within(picture, root),
                dataset="DISFA+",
                licence=DISFA_PLUS.terms,
                subject=f"disfa/{person}",
                aus=both_sides(told[name]),
                source={"trial": trial.name},
            )
        for spare in sorted(set(pictures) - {name.lower() for name in told}):
            faults.add("no label", within(pictures[spare], root), "in no file of its trial")


def _order(name: str) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", name)], name


DISFA_PLUS = Source(
    "disfa_plus",
    "DISFA+",
    "signed agreement, research (University of Denver)",
    _read,
    {"step": STEPS},
    "The names of trials are taken as they are, and what the two lines above the labels say is not read.",
)
