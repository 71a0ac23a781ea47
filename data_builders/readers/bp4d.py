"""BP4D, action units of 41 people in eight tasks: AUCoding/AU_OCC/F001_T1.csv, AUCoding/AU_INT/AU06/F001_T1_AU06.csv, F001/T1/2440.jpg.

The first row of an occurrence file holds the units' numbers behind a 0 for the frame; a cell is 1, 0 or 9 for unknown. Only a part of each video is
coded, and some folders pad the pictures' numbers with zeros: a picture is found by its number. Units with an intensity have levels in `aus`, the
others are in `shown`; where both files are there and disagree the unit is left out. The first hand-out, with AUCoding/F001_T1.csv and
AU-Intensity-Codes3.0/, is read too. 3-fold: the parts of ME-GraphAU, each once the test set. Layout: scripts of ME-GraphAU and OpenFace (read).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ...model.taxonomy import AU_CODES
from ..records import Record
from .faults import Faults
from .frame_folder import inside, leaves
from .listing import PICTURES, child, media, unpacked, within
from .source import Source
from .table import rows
from .unit_files import STEPS, both_sides, levels

UNITS = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)  # of the protocol; the files know more
INTENSITIES = (6, 10, 12, 14, 17)
LAST = 46  # units of the face; what has a higher number is a movement of head or eyes, or an occlusion
COLUMNS = ("0", *map(str, UNITS))
PERSON = re.compile(r"[FM]\d{3}")
NAME = re.compile(r"([FM]\d{3})_(T[1-8])")
_PARTS = (
    "F001 M007 F018 F008 F002 M004 F010 F009 M012 M001 F016 M014 F023 M008",
    "M011 F003 M010 M002 F005 F022 M018 M017 F013 M016 F020 F011 M013 M005",
    "F007 F015 F006 F019 M006 M009 F012 M003 F004 F021 F017 M015 F014",
)
PARTS = {person: f"part {number}" for number, people in enumerate(_PARTS, start=1) for person in people.split()}
HINT = "give the folder that holds AUCoding/ and the pictures, F001/T1/2440.jpg, or a folder of them"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    coding, people = unpacked(root, "AUCoding", hint=HINT), _people(root)
    occurrences = child(coding, "AU_OCC") or coding
    intensities = child(coding, "AU_INT") or child(root, "AU-Intensity-Codes3.0")
    if not (tables := sorted(occurrences.glob("*.csv"))):
        raise FacewiseError(f"{occurrences}: no file named like F001_T1.csv; {HINT}")
    for table in tables:
        if (named := NAME.fullmatch(table.stem)) is None or named[1] not in PARTS:
            raise FacewiseError(
                f"{table}: none of BP4D's 41 people and tasks T1 to T8; BP4D+ is not read, its F001 is another person"
            )
        told = levels(_files(intensities, table.stem), int, root, faults, unknown="9") if intensities else {}
        yield from _sequence(root, table, inside(people, named[1], named[2]), told, int(options["step"]), faults)


def _files(intensities: Path, name: str) -> dict[str, Path]:
    """Those that are there: a task need not be coded for each unit."""
    files = {f"AU{unit}": intensities / f"AU{unit:02}" / f"{name}_AU{unit:02}.csv" for unit in INTENSITIES}
    return {code: path for code, path in files.items() if path.is_file()}


def _sequence(
    root: Path, table: Path, folder: Path | None, told: dict[int, dict[str, int]], step: int, faults: Faults
) -> Iterator[Record]:
    pictures = {int(path.stem): path for path in media(folder, PICTURES) if path.stem.isdecimal()} if folder else {}
    coded = set()
    for place, (where, row) in enumerate(rows(table, COLUMNS)):
        seen, number = _seen(row), int(row["0"]) if row["0"].isdecimal() else None
        coded.add(number)
        if seen is None or number is None:
            faults.add("unreadable label", where, f"frame {row['0']!r}, or a cell that is none of 0, 1 and 9")
        elif place % step:
            continue
        elif not seen:
            faults.leave_out("frames of which no unit is known")
        elif number not in pictures:
            faults.add("no media", where, f"no picture {number} of {table.stem}")
        else:
            yield _record(within(pictures[number], root), table.stem, seen, told.get(number, {}))
    for _ in set(pictures) - coded:
        faults.leave_out("pictures outside the coded part")


def _seen(row: dict[str, str]) -> dict[str, bool] | None:
    """{code: whether it was seen}, without the unknown; None where a cell is none of 0, 1 and 9."""
    cells = {f"AU{name}": value for name, value in row.items() if name.isdecimal() and 0 < int(name) <= LAST}
    if not set(cells.values()) <= {"0", "1", "9"}:
        return None
    return {code: value == "1" for code, value in cells.items() if value != "9"}


def _record(picture: str, sequence: str, seen: dict[str, bool], told: dict[str, int]) -> Record:
    person, task = sequence.split("_")
    doubtful = [code for code, level in told.items() if seen.get(code, level > 0) != (level > 0)]
    known = {code: level for code, level in told.items() if code not in doubtful}
    shown = {code: "both" if it else "absent" for code, it in seen.items() if code in AU_CODES and code not in told}
    others = " ".join(f"{code}:{int(it)}" for code, it in seen.items() if code not in AU_CODES)
    return Record(
        f"bp4d/{person}/{task}/{Path(picture).stem}",
        picture,
        dataset="BP4D",
        licence=BP4D.terms,
        subject=f"bp4d/{person}",
        aus=both_sides(known) or None,
        shown=shown or None,
        protocols={"3-fold": PARTS[person]},
        source={"task": task}
        | ({"other units": others} if others else {})
        | ({"contradictory units": " ".join(doubtful)} if doubtful else {}),
    )


def _people(root: Path) -> Path:
    """The folder, at most two below `root`, that holds F001/ and the others."""
    for folder in (root, *leaves(root, 1), *leaves(root, 2)):
        if any(PERSON.fullmatch(path.name) and path.is_dir() for path in folder.iterdir()):
            return folder
    raise FacewiseError(f"{root}: no folder named like F001; {HINT}")


BP4D = Source(
    "bp4d",
    "BP4D",
    "signed licence, research (Binghamton University); a fee for industry",
    _read,
    {"step": STEPS},
    "That the files of AU_INT have no row of names follows from OpenFace's script, which reads them without one; a row of names would be a fault.",
)
