"""Action units as annotators write them: "4+L12+R14", "AU1+AU2", "R14A", "4,7", "7(k)", "14A or 17A".

L and R are the person's own sides; a bare number and A (asymmetrical) are seen on both. What is uncertain stays in `rest`: alternatives, a question
mark, 4DME's (k), and U, T, B and V, which tell no side. A letter A to E at the end is the level of the FACS manual.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...model.davison import davison_class
from ...model.taxonomy import AU_CODES

_UNIT = re.compile(r"(?:AU)?\s*(?P<side>[ALR]?)\s*(?P<number>\d{1,2})\s*(?P<level>[A-E]?)", re.IGNORECASE)
_BETWEEN = re.compile(r"[+,;，、&]")
_NOTHING = {"", "/", "-", "none", "nan", "n/a"}
_SIDES = {"l": "left", "r": "right"}


@dataclass(frozen=True)
class ActionCodes:
    """`shown` {code: both, left or right} of our AU_CODES and `intensity` {code: A-E} where told; `units`: each certain code, also those that
    are not ours; `rest`: what could not be taken, in the source's words."""

    shown: dict[str, str]
    intensity: dict[str, str]
    units: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def objective(self) -> str | None:
        """Davison's class I-VII; None where no unit is told, or not all of them for certain."""
        return davison_class(self.units) if self.units and not self.rest else None


def action_codes(text: str) -> ActionCodes:
    shown: dict[str, str] = {}
    intensity: dict[str, str] = {}
    units: list[str] = []
    rest: list[str] = []
    for part in _parts(text):
        if (unit := _UNIT.fullmatch(part)) is None:
            rest.append(part)
            continue
        code = f"AU{int(unit['number'])}"
        units.append(code)
        if code in AU_CODES:
            side = _SIDES.get(unit["side"].lower(), "both")
            shown[code] = side if shown.get(code, side) == side else "both"
            if unit["level"]:
                intensity[code] = max(intensity.get(code, "A"), unit["level"].upper())
    return ActionCodes(shown, intensity, tuple(dict.fromkeys(units)), tuple(rest))


def _parts(text: str) -> Iterable[str]:
    stripped = (part.strip() for part in _BETWEEN.split(text))
    return (part for part in stripped if part.lower() not in _NOTHING)
