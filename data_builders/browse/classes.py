"""The classes of a record as strings, for counting: one value a kind of label, and of each known action unit whether it is
active."""

from collections.abc import Iterator

from ...model.taxonomy import AU_CODES
from ...model.wording import level
from ..checks.labels import Shown, coarse, events, units
from ..records import Record

VERDICT = {True: "live", False: "spoof"}


def classes(record: Record) -> Iterator[tuple[str, str]]:
    """(kind, class): emotion, verdict, attack, digital, coarse; only what is told."""
    if record.emotion is not None:
        yield "emotion", record.emotion
    if record.live is not None:
        yield "verdict", VERDICT[record.live]
    if record.attack is not None:
        yield "attack", record.attack
    if record.digital is not None:
        yield "digital", record.digital
    for name in sorted(coarse(record)) if record.clip is not None else ():
        yield "coarse", name
    for event in events(record):
        yield "movement", str(event.get("kind", "unnamed"))


def unit_levels(record: Record) -> Iterator[tuple[str, str]]:
    """(code, 0 to 5, or "active" where no level is told); the stronger coding of several."""
    for code, codings in units(record, change=False).items():
        if code in AU_CODES:
            yield code, max((_level(shown) for shown in codings), key=_rank)


def _level(shown: Shown) -> str:
    if not shown.is_active:
        return "0"
    told = shown.level(None)
    return "active" if told is None else str(level(told))


def _rank(level: str) -> float:
    return 0.5 if level == "active" else float(level)
