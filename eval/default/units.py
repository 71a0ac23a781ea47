"""Action units on faces that nobody saw: F1 by group of units on a lone still and with the person's neutral, levels, sides; and what real
photos allow to be said of them.

A unit is there from level A on. The renders went through the camera, and every point is the detector's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from ...data_builders.records import Record
from ...model.network.evidence import Evidence
from ...model.readings import less_neutral
from ...model.taxonomy import AU_CODES, SIDES
from ..metrics import levels as agreement
from ..metrics import units as presence
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Subjects, Value
from .drawing import make_person, person_jobs
from .material import PORTRAITS, Material, photos
from .reader import Reader, active, both, levels
from .row import REAL, SIMULATED, Row, row, share_row
from .targets import UNIT_GROUPS, group_name

SET = "people"
PRESENT = 1.0  # level A
APART = 1.0  # levels between two sides that differ


@dataclass(frozen=True, eq=False)
class Rendered:
    """A render with what was drawn and what was read of it; `rest`: the same person's numbers at rest."""

    record: Record
    numbers: Evidence
    rest: Evidence

    @property
    def truth(self) -> np.ndarray:
        """[22, 2] levels."""
        return np.array([(self.record.aus or {}).get(code, (0.0, 0.0)) for code in AU_CODES])


def rendered(reader: Reader, material: Material) -> list[Rendered]:
    """The stills whose face is found, and whose person is found at rest."""
    settings = material.settings
    records = material.drawn(SET, person_jobs(material.rig, settings.people, settings.seed), make_person)
    found, looks = both(records, reader.looks(material.pictures(SET, records)))
    rests = {record.subject: look.numbers for record, look in zip(found, looks, strict=True) if record.id.endswith("-rest")}
    return [
        Rendered(record, look.numbers, rests[record.subject])
        for record, look in zip(found, looks, strict=True)
        if not record.id.endswith("-rest") and record.subject in rests
    ]


def units(reader: Reader, material: Material) -> list[Row]:
    faces = rendered(reader, material)
    return [*_still(faces), *_against_rest(faces), *_sides(faces)]


def _still(faces: Sequence[Rendered]) -> list[Row]:
    told = "renders of new people after the camera, the detector's points, level A and above; lone still"
    said = np.array([active(face.numbers) for face in faces])
    read = np.array([levels(face.numbers).max(1) for face in faces])
    rows = [*_groups(faces, said, "lone still", told), *_each(faces, said, told)]
    return rows + _agreement(faces, read, "lone still", told)


def _against_rest(faces: Sequence[Rendered]) -> list[Row]:
    told = "the same stills, the same person at rest given, in other light and skin"
    numbers = [less_neutral(face.numbers, face.rest) for face in faces]
    rows = _groups(faces, np.array([active(each) for each in numbers]), "neutral given", told)
    return rows + _agreement(faces, np.array([levels(each).max(1) for each in numbers]), "neutral given", told)


def _groups(faces: Sequence[Rendered], said: np.ndarray, how: str, told: str) -> list[Row]:
    """Mean F1 over a group's units; chance is the all-positive baseline."""
    truth = _present(faces)
    rows = []
    for name, codes in UNIT_GROUPS.items():
        places = [AU_CODES.index(code) for code in codes]
        (mean, *_) = bootstrap([presence.tally(truth[:, places], said[:, places], codes, _people(faces))])
        rows.append(row(f"{group_name(name)}, {how}", mean, told, SIMULATED))
    return rows


def _each(faces: Sequence[Rendered], said: np.ndarray, told: str) -> list[Row]:
    """F1 of every unit beside how often it is there."""
    truth = _present(faces)
    values = {value.name: value for value in bootstrap([presence.tally(truth, said, AU_CODES, _people(faces))])}
    rows = [row("F1, mean of all units", values["F1, mean"], told, SIMULATED)]
    for place, code in enumerate(AU_CODES):
        rows.append(row(f"F1 {code}", values[f"F1 {code}"], told, SIMULATED))
        rows.append(share_row(f"prevalence {code}", truth[:, place].sum(), len(truth), told, SIMULATED))
    return rows


def _agreement(faces: Sequence[Rendered], read: np.ndarray, how: str, told: str) -> list[Row]:
    """ICC and PCC of the stronger side's level, by group."""
    truth = np.array([face.truth.max(1) for face in faces])
    rows = []
    for name, codes in UNIT_GROUPS.items():
        places = [AU_CODES.index(code) for code in codes]
        tally = agreement.tally(truth[:, places], read[:, places], codes, _people(faces), ("ICC(3,1)", "PCC"))
        values = {value.name: value for value in bootstrap([tally])}
        short = group_name(name).removeprefix("F1 of ")
        rows += [
            row(f"{formula} of {short}, {how}", values[f"{formula}, mean"], told, SIMULATED) for formula in ("ICC(3,1)", "PCC")
        ]
    return rows


def _sides(faces: Sequence[Rendered]) -> list[Row]:
    """Of every unit whose sides differ by a level: whether the stronger side is the right one."""
    right = named = n = 0
    for face in faces:
        truth, read = face.truth, levels(face.numbers)
        for place in np.flatnonzero(np.abs(truth[:, 0] - truth[:, 1]) >= APART):
            stronger, gap = truth[place].argmax(), read[place, 0] - read[place, 1]
            n += 1
            right += bool((gap > 0) == (stronger == 0) and gap != 0)
            named += bool(abs(gap) >= APART and (gap > 0) == (stronger == 0))
    told = "of units whose sides differ by a level or more"
    sides = [share_row("sides right", right, n, f"{told}: the stronger side", SIMULATED)]
    return [*sides, share_row("sides named", named, n, f"{told}: said to be on the {SIDES[1]} or {SIDES[2]}", SIMULATED)]


def _present(faces: Sequence[Rendered]) -> np.ndarray:
    return (np.array([face.truth.max(1) for face in faces]) >= PRESENT).astype(float)


def _people(faces: Sequence[Rendered]) -> Subjects:
    return Subjects.named([face.record.subject for face in faces])


# Real photos


def units_on_portraits(reader: Reader, material: Material) -> list[Row]:
    """Spearman's rho is Pearson's r of ranks; a resample keeps the ranks of the whole set."""
    people = [each for each in material.people if each.path.parent.name == PORTRAITS and "AU12" in each.aus]
    found, looks = both(people, reader.looks(photos(people)))
    place = AU_CODES.index("AU12")
    ours = rankdata([levels(look.numbers)[place].mean() for look in looks])
    teachers = rankdata([np.mean(each.aus["AU12"]) for each in found])
    told = "portraits not trained on whose smile the blendshape teacher reads alike in the mirror"
    what = "Spearman with the teacher's AU12"
    if len(found) < 3:
        return [row(what, Value(what, None, len(found)), told, REAL)]
    subjects = Subjects.named([each.subject for each in found])
    tally = agreement.tally(teachers[:, None], ours[:, None], ("AU12",), subjects, ("PCC",))
    return [row(what, bootstrap([tally])[0], told, REAL)]
