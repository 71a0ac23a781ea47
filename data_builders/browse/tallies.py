"""What a set holds, counted while its rows and records go by once; memory grows with the classes and eight bytes a record, not
with the texts."""

from array import array
from collections import Counter, defaultdict
from hashlib import blake2b
from typing import Any

import numpy as np

from ..checks.labels import events
from ..records import Record
from ..rows import Row, texts
from .classes import classes, unit_levels

ROW_FIELDS = ("dataset", "split", "task", "kind", "level", "writer", "wording")
SHARES = {"median": 0.5, "longest tenth": 0.9, "longest": 1.0}


class Distinct:
    """How many different strings were added, by 64 bits of their hash."""

    def __init__(self) -> None:
        self._marks = array("Q")

    def add(self, name: str) -> None:
        self._marks.append(int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()))

    def __len__(self) -> int:
        return len(np.unique(np.frombuffer(self._marks, np.uint64))) if self._marks else 0


class RowTally:
    """Rows by what their meta tells, and how long their texts are, in words."""

    def __init__(self) -> None:
        self.rows = 0
        self.media: Counter[str] = Counter()
        self.turns: Counter[int] = Counter()
        self.fields: dict[str, Counter[str]] = {name: Counter() for name in ROW_FIELDS}
        self.tasks: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.words: dict[str, Counter[int]] = {"question": Counter(), "answer": Counter()}

    def add(self, row: Row) -> None:
        self.rows += 1
        self.media.update({"pictures": len(row.images), "videos": len(row.videos)})
        for name, counts in self.fields.items():
            if (value := row.meta.get(name)) is not None:
                counts[str(value)] += 1
        self.tasks[str(row.meta.get("task", "-"))][str(row.meta.get("split", "-"))] += 1
        answers = texts(row)
        self.turns[len(answers)] += 1
        for name, said in (("question", texts(row, "user")), ("answer", answers)):
            self.words[name].update(len(text.split()) for text in said)

    def told(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "media": dict(self.media),
            "turns": {str(count): n for count, n in sorted(self.turns.items())},
            "rows_by": {name: _by_count(counts) for name, counts in self.fields.items() if counts},
            "tasks_by_split": {task: dict(counts) for task, counts in sorted(self.tasks.items())},
            "words": {name: _lengths(counts) for name, counts in self.words.items() if counts},
        }


class RecordTally:
    """Records by class and level, and the people in each split."""

    def __init__(self) -> None:
        self.records = self.unnamed = 0
        self.classes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.levels: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.datasets: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.people: defaultdict[str, Distinct] = defaultdict(Distinct)
        self.frames: Counter[str] = Counter()

    def add(self, record: Record) -> None:
        self.records += 1
        self.datasets[record.dataset or "-"][record.split] += 1
        if record.subject:
            self.people[record.split].add(record.subject)
            self.people["all"].add(record.subject)
        else:
            self.unnamed += 1
        for kind, name in classes(record):
            self.classes[kind][name] += 1
        for code, level in unit_levels(record):
            self.levels[code][level] += 1
        if record.clip is not None and not events(record):
            self.classes["movement"]["none"] += 1

    def told(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "datasets": {name: dict(counts) for name, counts in sorted(self.datasets.items())},
            "people": {split: len(people) for split, people in sorted(self.people.items())},
            "records_without_a_person": self.unnamed,
            "classes": {kind: _by_count(counts) for kind, counts in sorted(self.classes.items())},
            "action_units": {code: _by_name(self.levels[code]) for code in sorted(self.levels, key=lambda code: int(code[2:]))},
        }


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _by_name(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _lengths(counts: Counter[int]) -> dict[str, float]:
    lengths = np.array(sorted(counts))
    many = np.cumsum([counts[length] for length in lengths])
    mean = sum(length * n for length, n in counts.items()) / many[-1]
    found = {name: int(lengths[np.searchsorted(many, share * many[-1])]) for name, share in SHARES.items()}
    return {"mean": round(mean, 1), **found}
