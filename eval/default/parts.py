"""All parts of the table in its order: a group of rows, what measures each part of it, and what that wants.

To add one: a function from (reader, material) to rows, a line here, and its rows in targets.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .attacks import attacks
from .cost import duration, size
from .counterfactual import counterfactual
from .drawn_people import drawn_clip, drawn_people
from .emotions import emotions, neutral_faces, smiles
from .fairness import albedo, fairness
from .groups import GROUPS
from .invariance import invariance
from .language import answers, cues, forbidden_asks, micro_texts, paraphrases
from .live import live_people, null_attacks
from .material import NEUTRAL, PORTRAITS, RIG, Material
from .movements import photo_spotting, spotting
from .reader import Reader
from .retargeting import retargeting
from .robustness import robustness, robustness_live, yaw
from .row import Row
from .units import units, units_on_portraits

Measure = Callable[[Reader, Material], list[Row]]


@dataclass(frozen=True)
class Part:
    """`needs`: as `Material.lacks` knows them. Without a `measure` nothing here can tell it."""

    name: str
    measure: Measure | None
    needs: tuple[str, ...] = ()


MEASURES: dict[str, tuple[Measure | None, tuple[str, ...]]] = {
    "live-people": (live_people, (PORTRAITS,)),
    "null-attacks": (null_attacks, (PORTRAITS,)),
    "attacks": (attacks, (PORTRAITS,)),
    "attacks-left-out": (None, ("other trainings",)),
    "units": (units, (RIG,)),
    "units-on-portraits": (units_on_portraits, (PORTRAITS, "teacher")),
    "neutral-faces": (neutral_faces, (PORTRAITS, NEUTRAL)),
    "emotions": (emotions, (RIG,)),
    "smiles": (smiles, (PORTRAITS, "teacher")),
    "invariance": (invariance, (PORTRAITS,)),
    "retargeting": (retargeting, (PORTRAITS, RIG)),
    "forbidden-asks": (forbidden_asks, ()),
    "answers": (answers, ("examples",)),
    "cues": (cues, (PORTRAITS,)),
    "counterfactual": (counterfactual, (PORTRAITS,)),
    "paraphrases": (paraphrases, ("examples",)),
    "micro-texts": (micro_texts, ("examples",)),
    "robustness-live": (robustness_live, (PORTRAITS,)),
    "robustness": (robustness, (RIG,)),
    "yaw": (yaw, (RIG,)),
    "spotting": (spotting, (RIG,)),
    "photo-spotting": (photo_spotting, (PORTRAITS, NEUTRAL, RIG)),
    "fairness": (fairness, (PORTRAITS,)),
    "albedo": (albedo, (RIG,)),
    "drawn-people": (drawn_people, ("examples",)),
    "drawn-clip": (drawn_clip, ("examples",)),
    "size": (size, ()),
    "time": (duration, ("examples",)),
}


def parts_of(group: str) -> list[Part]:
    return [Part(name, *MEASURES[name]) for name in GROUPS[group]]


def chosen(only: Sequence[str]) -> list[tuple[str, list[Part]]]:
    """(group, its parts) in the table's order; all of them where `only` names none."""
    found = [(group, [part for part in parts_of(group) if not only or {group, part.name} & {*only}]) for group in GROUPS]
    return [(group, parts) for group, parts in found if parts]
