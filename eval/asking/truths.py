"""What of a record is the truth of a benchmark, in the form that benchmark.TASKS gives. None: the record has none, and is no item."""

from collections.abc import Callable
from typing import Any

from ...data_builders.records import GENUINE, Record
from ...model.taxonomy import COARSE
from ..benchmark import Benchmark

VISIBLE = 0.5
UNNAMED = "unnamed"


def emotion(record: Record, benchmark: Benchmark) -> str | None:
    """Ours, or the source's own word where its label space has more than ours."""
    told = (record.emotion, record.source.get("emotion"))
    return next((label for label in told if label in benchmark.labels), None)


def micro_class(record: Record, benchmark: Benchmark) -> str | None:
    """The protocol's class of a micro-expression, as its reader tells it."""
    told = record.source.get("class", record.source.get("emotion"))
    return told if told in benchmark.labels else None


def coarse_emotion(record: Record, benchmark: Benchmark) -> str | None:
    told = COARSE.get(record.emotion or "")
    return told if told in benchmark.labels else None


def attack_type(record: Record, benchmark: Benchmark) -> str | None:
    told = "live" if record.live else record.attack
    return told if told in benchmark.labels else None


def live(record: Record, _: Benchmark) -> str | None:
    return None if record.live is None else "live" if record.live else "spoof"


def genuine(record: Record, _: Benchmark) -> str | None:
    """`spoof` stands for what was altered or generated."""
    return None if record.digital is None else "live" if record.digital == GENUINE else "spoof"


def attacked(record: Record, _: Benchmark) -> str | None:
    """Physical and digital attacks together."""
    if record.live or record.source.get("class") == "live":
        return "live"
    altered = record.digital not in (None, GENUINE) or record.source.get("class") in ("adversarial", "digital")
    return "spoof" if record.live is False or altered else None


def units(record: Record, benchmark: Benchmark) -> dict[str, float | None] | None:
    """The stronger side's level; what was coded without one is 1 or 0; units that are none of ours stand in `source`."""
    levels: dict[str, float] = {code: max(sides) for code, sides in (record.aus or {}).items()}
    levels |= {code: float(side != "absent") for code, side in (record.shown or {}).items() if code not in levels}
    for part in record.source.get("other units", "").split():
        code, _, level = part.partition(":")
        levels.setdefault(code, float(level or 0))
    told = {code: levels.get(code) for code in benchmark.labels}
    return told if any(level is not None for level in told.values()) else None


def attributes(record: Record, benchmark: Benchmark) -> dict[str, float | None] | None:
    held = record.attributes or {}
    told = {name: float(bool(held[name])) if name in held else None for name in benchmark.labels}
    return told if any(level is not None for level in told.values()) else None


def age(record: Record, _: Benchmark) -> float | None:
    return record.age


def affect(record: Record, _: Benchmark) -> list[float] | None:
    return None if record.affect is None else list(record.affect)


def movements(record: Record, _: Benchmark) -> list[dict[str, Any]] | None:
    """Micro- and macro-expressions; blinks are no expressions."""
    if record.clip is None:
        return None
    return [
        {name: event[name] for name in ("onset", "offset", "kind")} | {"emotion": event.get("coarse") or ""}
        for event in record.clip.get("events", ())
        if event["kind"] in ("micro", "macro")
    ]


def cues(record: Record, _: Benchmark) -> list[str] | None:
    return (
        None
        if record.cues is None or record.live is not False
        else [name for name, seen in record.cues.items() if seen >= VISIBLE]
    )


def boxes(record: Record, _: Benchmark) -> list[list[float]] | None:
    """In px; the run brings them to thousandths of the picture, whose size nobody knows here."""
    return None if record.box is None or record.live is not False else [list(record.box)]


def answer(record: Record, _: Benchmark) -> str | None:
    return record.source.get("answer") or None


TRUTHS: dict[str, Callable[[Record, Benchmark], Any]] = {
    "emotion": emotion,
    "micro class": micro_class,
    "coarse emotion": coarse_emotion,
    "attack type": attack_type,
    "live": live,
    "genuine": genuine,
    "attacked": attacked,
    "units": units,
    "attributes": attributes,
    "age": age,
    "affect": affect,
    "movements": movements,
    "cues": cues,
    "boxes": boxes,
    "answer": answer,
}


def truth_of(record: Record, benchmark: Benchmark) -> Any:
    return TRUTHS[benchmark.truth](record, benchmark)


def groups_of(record: Record, benchmark: Benchmark) -> dict[str, str]:
    """Columns for fairness, and the species of an attack."""
    held = {**record.source, **(record.attributes or {}), "dataset": record.dataset}
    if record.age is not None:
        held["age group"] = _decades(record.age)
    told = {name: str(held[name]) for name in benchmark.groups if held.get(name) not in (None, "")}
    if benchmark.task == "spoof" and truth_of(record, benchmark) == "spoof":
        told["attack"] = species(record, benchmark)
    return told


def species(record: Record, benchmark: Benchmark) -> str:
    """Of ours, else in the source's word: a 3D mask that may be rigid or flexible is a species of its own."""
    altered = record.digital if record.digital != GENUINE else None
    named = (altered, record.attack) if benchmark.truth == "genuine" else (record.attack, altered)
    words = (record.source.get(name) for name in ("method", "type", "folder", "class"))
    return next((name for name in (*named, *words) if name), UNNAMED)


def _decades(age: float) -> str:
    start = int(age) // 20 * 20
    return f"{start} to {start + 19}"
