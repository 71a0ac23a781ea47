"""EmotioNet: emotioNet_challenge_files*/dataFile_0001.txt, a tab between a picture's address, its former one and the units 1 to 60; images/.

A unit is 1, 0 or 999 for not told; only the 23 of the challenge of 2020 are taken. A picture is looked for by the path in its address, by its list and
name, and by its name; many addresses are dead, so that a missing picture is no fault, a list without any is. Only dataFile_1000.txt is labelled by
people (the optimization set of some 25,000), the others by EmotioNet's own algorithm. Compound emotions are those of the paper, table 1: the very units
that are active. Layout: public downloaders; units and who labelled: the page of the challenge of 2020 (both read).
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ...model.taxonomy import AU_CODES
from ..records import Record
from .expression_events import emotion
from .faults import Faults
from .frame_folder import leaves
from .listing import child, lines, within
from .source import Source

UNITS = (1, 2, 4, 5, 6, 9, 10, 12, 15, 17, 18, 20, 24, 25, 26, 28, 43, *range(51, 57))
BY_PEOPLE = "dataFile_1000"
HEAD = 51  # from here on a unit is a movement of the head or the eyes
BASIC = {
    "happiness": {12, 25},
    "sadness": {4, 15},
    "fear": {1, 4, 20, 25},
    "anger": {4, 7, 24},
    "surprise": {1, 2, 25, 26},
    "disgust": {9, 10, 17},
}
COMPOUND = {
    "happily sad": {4, 6, 12, 25},
    "happily surprised": {1, 2, 12, 25},
    "happily disgusted": {10, 12, 25},
    "sadly fearful": {1, 4, 15, 25},
    "sadly angry": {4, 7, 15},
    "sadly surprised": {1, 4, 25, 26},
    "sadly disgusted": {4, 10},
    "fearfully angry": {4, 20, 25},
    "fearfully surprised": {1, 2, 5, 20, 25},
    "fearfully disgusted": {1, 4, 10, 20, 25},
    "angrily surprised": {4, 25, 26},
    "disgustedly surprised": {1, 2, 5, 10},
    "happily fearful": {1, 2, 12, 25, 26},
    "angrily disgusted": {4, 10, 17},
    "awed": {1, 2, 5, 25},
    "appalled": {4, 9, 10},
    "hatred": {4, 7, 10},
}
NAMES = {frozenset(units): name for name, units in {**BASIC, **COMPOUND}.items()}
HINT = "give the folder that holds the challenge's dataFile_*.txt, or a folder of them, and images/"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    lists = next((found for folder in (root, *leaves(root, 1)) if (found := sorted(folder.glob("dataFile_*.txt")))), [])
    pictures = child(root, "images")
    if not lists or pictures is None:
        raise FacewiseError(f"{root}: no dataFile_0001.txt or no images/; {HINT}")
    for path in lists:
        here = gone = 0
        for where, line in lines(path):
            address, *cells = line.split("\t")
            if (told := _units(cells[1:])) is None:
                faults.add("unreadable label", where, f"60 cells of 0, 1 or 999 were looked for: {line[:60]}")
            elif (picture := _picture(pictures, address, path.stem)) is None:
                gone += 1
            else:
                here += 1
                yield _record(within(picture, root), within(picture, pictures), path.stem == BY_PEOPLE, told)
        for _ in range(gone):
            if here:
                faults.leave_out("pictures that are not here, as of dead addresses")
            else:
                faults.add("no media", path.name, f"none of its {gone} pictures is below {pictures.name}/")


def _units(cells: list[str]) -> dict[int, bool] | None:
    """{unit: whether it is active} of those that are told."""
    if len(cells) != 60 or not set(cells) <= {"0", "1", "999"}:
        return None
    return {unit: cell == "1" for unit, cell in enumerate(cells, start=1) if cell != "999"}


def _picture(pictures: Path, address: str, stem: str) -> Path | None:
    *_, inner = address.replace("\\", "/").partition("/Images/")
    name = address.rpartition("/")[2]
    places = (inner, f"{stem}/{name}", name) if name and ".." not in Path(address).parts else ()
    return next((pictures / place for place in places if place and (pictures / place).is_file()), None)


def _record(path: str, name: str, by_people: bool, told: dict[int, bool]) -> Record:
    active = frozenset(unit for unit, it in told.items() if it and unit < HEAD)
    compound = NAMES.get(active)
    shown = {f"AU{unit}": "both" if told[unit] else "absent" for unit in UNITS if unit in told and f"AU{unit}" in AU_CODES}
    return Record(
        f"emotionet/{Path(name).with_suffix('').as_posix()}",
        path,
        dataset="EmotioNet",
        licence=EMOTIONET.terms,
        subject=f"emotionet/{Path(name).name}",
        split="val" if by_people else "train",
        emotion=emotion(compound or ""),
        shown=shown or None,
        source={
            "labelled by": "people" if by_people else "EmotioNet's algorithm",
            "action units": "+".join(str(unit) for unit, it in told.items() if it),
        }
        | ({"compound emotion": compound} if compound else {}),
    )


EMOTIONET = Source(
    "emotionet",
    "EmotioNet (challenge)",
    "signed agreement, non-commercial research (Ohio State University); the pictures are other people's",
    _read,
    unverified="That 999 is an untold unit is from memory, and so is that a unit of the 23 which is 0 was looked for. Who is on a picture is not told: "
    "each is its own subject.",
)
