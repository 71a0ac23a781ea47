"""How verdicts and smiles hold under low resolution, blur, noise, JPEG, darkness, rain, fog, what covers a part, and yaw.

Verdicts are of real photos; a smile's truth is known of renders only.
"""

from collections.abc import Sequence

import numpy as np

from ...model.perception.picture import Picture
from ...model.taxonomy import AU_CODES
from .changes import BAD
from .drawing import PosedJob, make_person, make_posed, person_jobs
from .invariance import changed
from .material import Material, photos
from .reader import Look, Reader, active
from .row import REAL, SIMULATED, Row, share_row
from .units import PRESENT, SET

AS_IT_IS = "as it is"
SMILE = {"AU12": (3.0, 3.0)}
YAWS_DEG = (0, 20, 40)


def robustness_live(reader: Reader, material: Material) -> list[Row]:
    people = material.some(material.tested(material.people), material.settings.photos, "robustness")
    pictures = photos(people)
    told = "photos of test people"
    rows = _live("as they are", reader, pictures, told)
    for name, change in BAD.items():
        rows += _live(name, reader, changed(pictures, name, change), told)
    return rows


def _live(name: str, reader: Reader, pictures: Sequence[Picture], told: str) -> list[Row]:
    """Spoof and uncertain are told apart; a face that is lost is no error of the verdict, and has its own row."""
    labels = [each.label for each in reader.verdicts(pictures) if each is not None]
    return [
        share_row(f"called live, {name}", labels.count("live"), len(labels), told, REAL),
        share_row(f"called spoof, {name}", labels.count("spoof"), len(labels), told, REAL),
        share_row(f"face found, {name}", len(labels), len(pictures), told, REAL),
    ]


def robustness(reader: Reader, material: Material) -> list[Row]:
    """On the renders of units.py, all that smile and as many that do not: whether AU12 is said to be there."""
    settings = material.settings
    records = material.drawn(SET, person_jobs(material.rig, settings.people, settings.seed), make_person)
    stills = [record for record in records if not record.id.endswith("-rest")]
    smiling = [max((record.aus or {}).get("AU12", (0.0, 0.0))) >= PRESENT for record in stills]
    without = [record for record, smiles in zip(stills, smiling, strict=True) if not smiles]
    chosen = [record for record, smiles in zip(stills, smiling, strict=True) if smiles]
    truth = [True] * len(chosen) + [False] * len(without[: len(chosen)])
    chosen += without[: len(chosen)]
    pictures = material.pictures(SET, chosen)
    told = "renders of new people, as many with AU12 as without"
    rows = [_smiles(AS_IT_IS, reader.looks(pictures), truth, told)]
    return rows + [_smiles(name, reader.looks(changed(pictures, name, change)), truth, told) for name, change in BAD.items()]


def yaw(reader: Reader, material: Material) -> list[Row]:
    settings = material.settings
    jobs = [
        PosedJob(
            f"{number:04d}-{deg}-{'smile' if aus else 'rest'}", material.rig, f"default/yaw/{settings.seed}/{number}", aus, deg
        )
        for number in range(max(1, settings.people // 2))
        for deg in YAWS_DEG
        for aus in (SMILE, {})
    ]
    records = material.drawn("yaw", jobs, make_posed)
    looks = reader.looks(material.pictures("yaw", records))
    rows = []
    for deg in YAWS_DEG:
        chosen = [i for i, record in enumerate(records) if record.source["yaw"] == str(deg)]
        truth = [bool(records[i].aus) for i in chosen]
        rows.append(_smiles(f"yaw {deg}", [looks[i] for i in chosen], truth, "renders of new people, AU12 at C or at rest"))
    return rows


def _smiles(name: str, looks: Sequence[Look | None], truth: Sequence[bool], told: str) -> Row:
    """A face that is lost is wrong."""
    place = AU_CODES.index("AU12")
    right = [look is not None and bool(active(look.numbers)[place]) == smiles for look, smiles in zip(looks, truth, strict=True)]
    return share_row(f"AU12 right, {name}", int(np.sum(right)), len(right), told, SIMULATED)
