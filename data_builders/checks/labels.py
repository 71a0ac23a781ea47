"""What the labels of a record say of one face or clip, in the form in which claims are held against them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...model.readings import ACTIVE_INTENSITY, ONE_SIDED
from ...model.taxonomy import AU_CODES, COARSE, DIGITAL_TYPES
from ..records import Record, Sides

GRADES = "ABCDE"
BLINK = ("AU43", "AU45")
EVERYTHING = "distractors"  # a clip that tells these tells all that moves, blinks too
ACTION_ATTRIBUTES = {"Smiling": "AU12", "Mouth_Slightly_Open": "AU25"}  # CelebA's words for actions, without side and level
AREAS = {"partial eye": "eyes", "glasses": "eyes", "partial mouth": "mouth"}
GENDERS = {"female": "female", "f": "female", "woman": "female", "male": "male", "m": "male", "man": "male"}


class Shown(NamedTuple):
    """One coding of an action unit: both, left, right or absent; levels by side where they are told, else one `grade`, else
    neither. Of a change levels are how many, and `sign` is -1 where they became less."""

    side: str
    left: float | None = None
    right: float | None = None
    grade: float | None = None
    sign: int = 1

    @property
    def is_active(self) -> bool:
        return self.side != "absent"

    def level(self, side: str | None) -> float | None:
        if self.left is None or self.right is None:
            return self.grade
        return {"left": self.left, "right": self.right}.get(side or "", max(self.left, self.right))


def units(record: Record, change: bool) -> dict[str, list[Shown]]:
    """Code -> its codings: one of a picture, one of each event of a clip, of a change what rose and what fell. A code that is
    not there is not known.

    `change`: the row shows two pictures, and what is asked for is the difference.
    """
    found: defaultdict[str, list[Shown]] = defaultdict(list)
    if change:
        return {code: _changed(sides) for code, sides in (record.change or {}).items()}
    for code, sides in (record.aus or {}).items():
        found[code].append(_levelled(sides))
    for code, side in (record.shown or {}).items():
        if code not in (record.aus or {}):
            found[code].append(Shown(side))
    for event in events(record):
        for code, shown in _event_units(event):
            found[code].append(shown)
    if EVERYTHING in (record.clip or {}):
        for code in BLINK:
            found.setdefault(code, [Shown("absent")])
    for name, code in ACTION_ATTRIBUTES.items():
        if (told := (record.attributes or {}).get(name)) is not None and code not in found:
            found[code].append(Shown("both" if told else "absent"))
    return found


def _changed(sides: Sides) -> list[Shown]:
    """What became more and what became less: one side may rise while the other falls."""
    left, right = sides
    more, less = _levelled(sides), _levelled((-left, -right), sign=-1)
    return [shown for shown in (more, less) if shown.is_active] or [more]


def _levelled(sides: Sides, sign: int = 1) -> Shown:
    left, right = sides
    if max(left, right) < ACTIVE_INTENSITY:
        return Shown("absent", left, right)
    side = "both" if abs(left - right) < ONE_SIDED else "left" if left > right else "right"
    return Shown(side, left, right, sign=sign)


def _event_units(event: Mapping[str, Any]) -> Iterator[tuple[str, Shown]]:
    grades = event.get("intensity") or {}
    for code, sides in (event.get("aus") or {}).items():
        yield code, _levelled(sides)
    for code, side in (event.get("shown") or {}).items():
        grade = grades.get(code)
        yield code, Shown(side, grade=float(GRADES.index(grade) + 1) if grade else None)
    if event.get("kind") == "blink":
        yield from ((code, Shown("both")) for code in BLINK)
    elif event.get("class"):  # told only where every unit of the movement is; nobody codes the blinks beside it
        listed = {*(event.get("aus") or {}), *(event.get("shown") or {}), *BLINK}
        yield from ((code, Shown("absent")) for code in AU_CODES if code not in listed)


def events(record: Record) -> list[dict[str, Any]]:
    return (record.clip or {}).get("events") or []


def emotions(record: Record) -> set[str]:
    """Of the record, or of the expressions of its clip; empty where none is told."""
    told = [record.emotion, *(event.get("emotion") for event in events(record))]
    return {emotion for emotion in told if emotion}


def coarse(record: Record) -> set[str]:
    told = {event["coarse"] for event in events(record) if event.get("coarse")}
    told |= {COARSE[emotion] for emotion in emotions(record) if emotion in COARSE}
    if record.affect is not None:
        told.add("positive" if record.affect[0] > 0 else "negative")
    return told


def is_altered(record: Record) -> bool | None:
    """None where that is not known."""
    return None if record.digital is None else record.digital in DIGITAL_TYPES


def area(record: Record) -> str | None:
    """What the instrument covers, in the words of the vocabulary."""
    return record.source.get("area") or AREAS.get(record.attack or "")


def gender(record: Record) -> str | None:
    told = record.attributes or {}
    if isinstance(told.get("Male"), bool):
        return "male" if told["Male"] else "female"
    return GENDERS.get(str(told.get("gender", "")).strip().lower())
