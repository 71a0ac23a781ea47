"""The retargeting matrix: on real photos one unit is put in from rest to E, and that one alone must be read to rise.

What moves with it for good reason, lips that part under a dropping jaw, is told by the rig and left out of the others.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...data_builders.records import Record
from ...model.taxonomy import AU_CODES
from .drawing import driven_jobs, make_driven
from .material import Material
from .reader import Look, Reader, both, levels
from .row import SIMULATED, Row, share_row

UNITS = ("AU1", "AU2", "AU4", "AU12", "AU15", "AU20", "AU26", "AU43")
SET = "driven"
FELL = 0.1  # of a level: less is no step down
MOVED = 1.0


def retargeting(reader: Reader, material: Material) -> list[Row]:
    portraits = material.some(material.tested(material.people), material.settings.driven, "driven")
    records = material.drawn(SET, driven_jobs(material.rig, portraits, UNITS), make_driven)
    series: dict[str, list[tuple[Record, Look]]] = defaultdict(list)
    for record, look in zip(*both(records, reader.looks(material.pictures(SET, records))), strict=True):
        series[record.source["set"]].append((record, look))
    return _rows([each for each in series.values() if len(each) > 1])


def _rows(series: Sequence[list[tuple[Record, Look]]]) -> list[Row]:
    told = f"photos of test people at rest, then with one unit at A to E; {', '.join(UNITS)}"
    rises = {unit: [climbs(each, unit) for each in series if each[0][0].source["unit"] == unit] for unit in UNITS}
    rows = [share_row("raised level by level", sum(map(sum, rises.values())), len(series), told, SIMULATED)]
    rows += [
        share_row(f"raised level by level, {unit}", sum(found), len(found), told, SIMULATED) for unit, found in rises.items()
    ]
    still = [calm for each in series for calm in others_calm(each)]
    return [
        *rows,
        share_row("no other unit moves by more than 1", sum(still), len(still), f"{told}; a step of the six", SIMULATED),
    ]


def climbs(each: Sequence[tuple[Record, Look]], unit: str) -> bool:
    """Never falls by more than a tenth of a level, and ends higher than it began."""
    read = [levels(look.numbers)[AU_CODES.index(unit)].max() for _, look in each]
    return bool(read[-1] > read[0] and (np.diff(read) > -FELL).all())


def others_calm(each: Sequence[tuple[Record, Look]]) -> list[bool]:
    """Of every step after rest: whether no unit that the rig left alone is read more than a level away from rest."""
    (_, rest), *steps = each
    found = []
    for record, look in steps:
        left = [place for place, code in enumerate(AU_CODES) if code not in {*(record.change or {}), record.source["unit"]}]
        off = np.abs(levels(look.numbers) - levels(rest.numbers))[left]
        found.append(bool((off <= MOVED).all()))
    return found
