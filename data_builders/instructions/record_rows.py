"""Records -> instruction rows: for every task that a record's labels allow a single question, for some a conversation, a free
question, a refusal.

How often is told by one table. All chance comes from the record's id, the wording, the seed and the row's own purpose, so that
rows are the same whatever the order in which records come, and a further task moves none of the others.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from random import Random
from typing import Any

from ...model.errors import FacewiseError
from ..records import Record
from ..rows import Row, turn
from . import challenge
from .chat_answers import CHAT_KINDS
from .clip_answers import MICRO_KINDS, expressions
from .conversations import conversation
from .exchanges import Exchange, Write
from .face_answers import CHANGE_KINDS, EMOTION_KINDS, UNIT_KINDS, WHOLE_KINDS
from .labels import Known, known_of, medium
from .person_answers import AGE_KINDS, ATTRIBUTE_KINDS
from .spoof_answers import KINDS as SPOOF_KINDS

WORDINGS = ("plain", "facs", "megc")
WRITER = "template"
KINDS: dict[str, dict[str, Write]] = {
    "spoof": SPOOF_KINDS,
    "au": UNIT_KINDS,
    "emotion": EMOTION_KINDS,
    "describe": WHOLE_KINDS,
    "micro": MICRO_KINDS,
    "attributes": ATTRIBUTE_KINDS,
    "age": AGE_KINDS,
}
# How often each kind of a task is drawn, among those that a record's labels allow.
WEIGHTS: dict[str, dict[str, float]] = {
    "spoof": {"verdict": 0.33, "type": 0.13, "why": 0.24, "where": 0.1, "digital": 0.2},
    "au": {
        "named": 0.35,
        "graded": 0.12,
        "strongest": 0.08,
        "strength": 0.1,
        "muscles": 0.07,
        "sides": 0.05,
        "one unit": 0.23,
    },
    "emotion": {"named": 0.55, "why": 0.35, "affect": 0.1},
    "describe": {"whole": 1.0},
    "micro": {
        "spotted": 0.16,
        "quick": 0.08,
        "count": 0.06,
        "when": 0.08,
        "apex": 0.05,
        "course": 0.05,
        "duration": 0.04,
        "units": 0.18,
        "class": 0.08,
        "coarse": 0.06,
        "objective": 0.04,
        "word": 0.04,
        "whole": 0.08,
    },
    "attributes": {
        "listed": 0.4,
        "hair": 0.08,
        "colour": 0.06,
        "beard": 0.06,
        "worn": 0.1,
        "features": 0.05,
        "one attribute": 0.25,
    },
    "age": {"age": 0.45, "number": 0.2, "margin": 0.1, "group": 0.25},
}
A_MOVEMENT = 3  # questions about a clip that holds one, because such clips are rare and have several sides; else one of each task
# Of the records, how many get one row of each further sort where it is possible; answers that are always the same are rare.
SHARES = {"conversation": 0.5, "place": 0.1, "length": 0.1, "about": 0.01, "untold": 0.02, "declined": 0.05}
LEVELS = {"au": "au", "emotion": "emotion", "describe": "face"}


def rows_of(record: Record, wording: str = "plain", seed: int = 0, partner: Record | None = None) -> list[Row]:
    """The rows of one record; `partner` is the record that its `pair` names, without which no change is asked about.

    Raises FacewiseError for a wording that does not exist. Nothing comes of a record without a medium or without a label.
    """
    if wording not in WORDINGS:
        raise FacewiseError(f"wording {wording!r} does not exist; choose from {', '.join(WORDINGS)}")
    if not record.media:
        return []
    if challenge.is_question(record):
        return [_row(record, "megc", "micro", "quoted", [told], wording) for told in challenge.quoted(record)]
    known = known_of(record, wording == "facs", partner)
    if wording == "megc":
        asked = challenge.exchanges(known, _chance(record, wording, seed, "megc"))
        return [_row(record, f"megc {kind}", "micro", kind, [told], wording) for kind, told in asked]
    return [*_singles(known, wording, seed), *_further(known, wording, seed)]


def _singles(known: Known, wording: str, seed: int) -> Iterator[Row]:
    for task in _tasks(known):
        rng = _chance(known.record, wording, seed, task)
        for number, (kind, told) in enumerate(_drawn(task, known, rng)):
            yield _row(known.record, f"{task} {number + 1}" if number else task, task, kind, [told], wording)
    if moved := CHANGE_KINDS["change"](known, _chance(known.record, wording, seed, "change")):
        yield _row(known.record, "change", "au", "change", [moved], wording, known.partner)


def _tasks(known: Known) -> Iterator[str]:
    """A clip's labels are its movements': its record's emotion is not that of every frame."""
    if known.record.live is not None or known.record.digital is not None:
        yield "spoof"
    if known.record.clip is not None:
        yield "micro"
        return
    if known.units.known:
        yield "au"
    if known.record.emotion is not None:
        yield "emotion"
    if known.units.known or known.record.attributes:
        yield "describe"
    if known.record.attributes:
        yield "attributes"
    if known.record.age is not None:
        yield "age"


def _drawn(task: str, known: Known, rng: Random) -> Iterator[tuple[str, Exchange]]:
    """The first of the task's kinds, in an order that its weights draw, which the labels allow."""
    left = A_MOVEMENT if task == "micro" and expressions(known) else 1
    for kind in weighted_order(WEIGHTS[task], rng):
        if left and (told := KINDS[task][kind](known, rng)):
            left -= 1
            yield kind, told


def weighted_order(weights: Mapping[str, float], rng: Random) -> list[str]:
    """All of them; the chance to come first is by weight (Efraimidis and Spirakis 2006)."""
    return sorted(weights, key=lambda name: rng.random() ** (1 / weights[name]), reverse=True)


def _further(known: Known, wording: str, seed: int) -> Iterator[Row]:
    record = known.record
    for purpose, share in SHARES.items():
        key = _key(record, wording, seed, purpose)
        if int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) >= share * 2**32:
            continue
        rng = Random(key)
        if purpose == "conversation":
            if talked := conversation(known, rng):
                task, turns = talked
                yield _row(record, purpose, task, purpose, turns, wording)
        elif told := CHAT_KINDS[purpose](known, rng):
            yield _row(record, purpose, "chat", purpose, [told], wording)


def _chance(record: Record, wording: str, seed: int, purpose: str) -> Random:
    """A text seeds the same on every machine and in every process."""
    return Random(_key(record, wording, seed, purpose))


def _key(record: Record, wording: str, seed: int, purpose: str) -> str:
    return f"{seed}\n{wording}\n{purpose}\n{record.id}"


def _row(
    record: Record, name: str, task: str, kind: str, turns: list[Exchange], wording: str, before: Record | None = None
) -> Row:
    paths = [record.media] if before is None else [before.media, record.media]
    part = "image" if medium(record) == "image" else "video"
    messages = []
    for number, told in enumerate(turns):
        messages.append(turn("user", told.question, [part] * len(paths) if number == 0 else ()))
        messages.append(turn("assistant", told.answer))
    media: dict[str, Any] = {f"{part}s": paths}
    return Row(
        f"{record.id}/{name.replace(' ', '-')}",
        messages,
        **media,
        objects=_objects(turns),
        meta=_meta(record, task, kind, turns, wording, before),
    )


def _objects(turns: list[Exchange]) -> dict[str, Any] | None:
    boxes = [box for told in turns for box in told.boxes]
    if not boxes:
        return None
    return {"ref": [what for what, _ in boxes], "bbox": [list(box) for _, box in boxes], "bbox_type": "real"}


def _meta(record: Record, task: str, kind: str, turns: list[Exchange], wording: str, before: Record | None) -> dict[str, Any]:
    """What is empty or not told is left out."""
    meta = {
        "record": record.id,
        "dataset": record.dataset,
        "licence": record.licence,
        "subject": record.subject,
        "split": record.split,
        "task": task,
        "kind": kind,
        "label": turns[0].label,
        "attack": record.attack if task == "spoof" else None,
        "level": LEVELS.get(task),
        "writer": WRITER,
        "wording": wording,
        "frames": list(record.frames) if record.frames else None,
        "pair": before.id if before else None,
    }
    return {name: value for name, value in meta.items() if value}
