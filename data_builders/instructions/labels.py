"""What a record tells of a face, in one form: units with level and side, movements of a clip, visible cues. What is not told
stays unknown.

A unit is active from half a level on and one-sided from one level between the sides, as in model/readings.py; a unit that a
record does not hold is neither active nor silent. Movements come in two shapes, those of readers (readers/expression_events.py)
and those of simulated clips (clips/clips.py); both are read here.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

from ...model.davison import OTHER, davison_class
from ...model.readings import ACTIVE_INTENSITY, ONE_SIDED, VISIBLE_CUE
from ...model.taxonomy import AU_CODES, CUES
from ..records import Record, Sides

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif")
NOUNS = {"image": ("picture", "photo", "image"), "video": ("clip", "video", "recording"), "frame": ("frame",)}
BOTH, LEFT, RIGHT = "both", "left", "right"
LETTERS = "ABCDE"
FAINT_CUE = 0.25  # from here to VISIBLE_CUE one person sees it and another does not
EVERYTHING = "distractors"  # a clip that tells these tells all that moves, blinks too


@dataclass(frozen=True)
class Unit:
    """An active action unit; `level` 0-5, None where it was coded without one; `side` the person's own."""

    code: str
    level: float | None
    side: str = BOTH


@dataclass(frozen=True)
class Units:
    """In the taxonomy's order; what is in neither is not known."""

    active: tuple[Unit, ...]
    silent: tuple[str, ...]

    @property
    def known(self) -> int:
        return len(self.active) + len(self.silent)

    @property
    def complete(self) -> bool:
        return self.known == len(AU_CODES)


@dataclass(frozen=True)
class Movement:
    """Frames of the medium from 0, both ends belong to it; `units` None: not told, or none that is ours; `complete`: no other
    one moved."""

    kind: str
    onset: int
    apex: int | None
    offset: int
    units: tuple[Unit, ...] | None = None
    emotion: str | None = None
    coarse: str | None = None
    objective: str | None = None
    complete: bool = False


@dataclass(frozen=True)
class Known:
    """A record for those who write about it; `facs`: units are named as the manual does; `partner`: the record that `change`
    is against."""

    record: Record
    facs: bool = False
    partner: Record | None = None
    units: Units = field(default_factory=lambda: Units((), ()))
    movements: tuple[Movement, ...] = ()

    @cached_property
    def cues(self) -> list[str] | None:
        """Those that are visible in the final picture, clearest first; None: not known."""
        if self.record.cues is None:
            return None
        seen = [(-value, name) for name, value in self.record.cues.items() if value >= VISIBLE_CUE and name != "other"]
        return [name for _, name in sorted(seen)]

    @cached_property
    def missing(self) -> set[str]:
        """Cues that are clearly not there: a faint one is neither named nor denied. Where cues are not known there is none."""
        told = self.record.cues
        return set() if told is None else {name for name in CUES if told.get(name, 0.0) < FAINT_CUE}

    @cached_property
    def noun(self) -> str:
        """What the medium is called, the same in question and answer; another one for another record."""
        names = NOUNS[medium(self.record)]
        return names[crc32(self.record.id.encode()) % len(names)]


def medium(record: Record) -> str:
    """image, video, or frame: a single one of a video."""
    name, frames = record.media.lower(), record.frames
    if record.clip is None and ("#" in name or name.endswith(PICTURES)):
        return "image"
    return "frame" if frames is not None and frames[0] == frames[1] else "video"


def known_of(record: Record, facs: bool = False, partner: Record | None = None) -> Known:
    return Known(record, facs, partner, units_of(record), movements_of(record.clip))


def units_of(record: Record) -> Units:
    levels, shown = record.aus or {}, record.shown or {}
    active, silent = [], []
    for code in AU_CODES if levels or shown else ():
        if code in levels:
            unit = graded(code, levels[code])
        elif code in shown:
            unit = None if shown[code] == "absent" else Unit(code, None, shown[code])
        else:
            continue
        if unit is None:
            silent.append(code)
        else:
            active.append(unit)
    return Units(tuple(active), tuple(silent))


def graded(code: str, sides: Sides) -> Unit | None:
    """None where neither side reaches half a level."""
    left, right = sides
    if max(left, right) < ACTIVE_INTENSITY:
        return None
    return Unit(code, max(left, right), side_of(left, right))


def side_of(left: float, right: float) -> str:
    return BOTH if abs(left - right) < ONE_SIDED else LEFT if left > right else RIGHT


def changes(change: dict[str, Sides]) -> tuple[list[Unit], list[Unit]]:
    """What became more and what less, the largest change first; `level` is how many levels. A unit that changed on both sides, and
    unlike, is there once for each."""
    more = [unit for code, sides in change.items() for unit in _changed(code, *sides)]
    less = [unit for code, (left, right) in change.items() for unit in _changed(code, -left, -right)]
    more.sort(key=lambda unit: (-(unit.level or 0), unit.code))
    less.sort(key=lambda unit: (-(unit.level or 0), unit.code))
    return more, less


def _changed(code: str, left: float, right: float) -> list[Unit]:
    if min(left, right) < ACTIVE_INTENSITY or side_of(left, right) == BOTH:
        return [unit] if (unit := graded(code, (left, right))) else []
    return [Unit(code, left, LEFT), Unit(code, right, RIGHT)]


def movements_of(clip: dict[str, Any] | None) -> tuple[Movement, ...]:
    """In the order of their onsets."""
    found = [_movement(event) for event in (clip or {}).get("events", ())]
    return tuple(sorted(found, key=lambda movement: (movement.onset, movement.offset)))


def _movement(event: dict[str, Any]) -> Movement:
    coarse, units, objective = event.get("coarse"), _moved(event), event.get("class")
    # A source's unit that is none of the taxonomy's shows in the class alone; in that of all others not even there.
    whole = "aus" in event or (objective not in (None, OTHER) and davison_class(unit.code for unit in units) == objective)
    return Movement(
        event["kind"],
        event["onset"],
        event.get("apex"),
        event["offset"],
        units or None,
        event.get("emotion"),
        "other" if coarse == "others" else coarse,
        objective,
        whole and bool(units),
    )


def _moved(event: dict[str, Any]) -> tuple[Unit, ...]:
    if "aus" in event:
        return tuple(unit for code in AU_CODES if code in event["aus"] and (unit := graded(code, tuple(event["aus"][code]))))
    shown, letters = event.get("shown", {}), event.get("intensity", {})
    levels = {code: float(LETTERS.index(letter) + 1) for code, letter in letters.items() if letter in LETTERS}
    return tuple(Unit(code, levels.get(code), shown[code]) for code in AU_CODES if shown.get(code, "absent") != "absent")
