"""UTKFace: age, gender and race in the names of the pictures, AGE_GENDER_RACE_DATE.jpg or .jpg.chip.jpg.

Some names lack a part; they are told as faults and not guessed. There is no official split and nobody is named: a picture is its own
subject, and `split` is a hash of its name.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from ..splits import split_of
from .faults import Faults
from .source import Source

NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_(\d+)\.jpg(\.chip\.jpg)?")
GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "other")


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    paths = sorted(root.rglob("*.jpg"))
    if not paths:
        raise FacewiseError(f"{root}: no pictures named AGE_GENDER_RACE_DATE.jpg are here")
    for path in paths:
        told = NAME.fullmatch(path.name)
        where = path.relative_to(root).as_posix()
        if told is None:
            faults.add("unreadable label", where, "the name does not tell age, gender and race")
            continue
        age, gender, race = int(told[1]), GENDERS[int(told[2])], RACES[int(told[3])]
        if age > 116:
            faults.add("unreadable label", where, f"age {age}")
            continue
        who = f"utkface/{path.name}"
        yield Record(
            f"utkface/{where}",
            where,
            dataset="UTKFace",
            licence=UTKFACE.terms,
            subject=who,
            split=split_of(who),
            age=age,
            attributes={"gender": gender, "race": race},
            source={"name": path.name},
        )


UTKFACE = Source(
    "utkface",
    "UTKFace",
    "non-commercial research",
    _read,
    unverified="the codes of gender and race are from the dataset's page; no official split exists",
)
