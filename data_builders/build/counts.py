"""What a set holds, counted while its rows go by: by dataset, task, class and split."""

import re
from collections import Counter, defaultdict
from typing import Any

from ..rows import Row
from .crops import OUTSIDE
from .stills import WHOLE

REASONS = 20
_UNITS = re.compile(r"[+-]?AU\d+")  # a label of several action units counts for each of them


class Counts:
    """`told` is what the report and the card say."""

    def __init__(self) -> None:
        self.records: Counter[tuple[str, str]] = Counter()
        self.rows: Counter[tuple[str, str]] = Counter()
        self.tasks: Counter[str] = Counter()
        self.writers: Counter[str] = Counter()
        self.classes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.licences: dict[str, str] = {}
        self.rejected: Counter[str] = Counter()
        self.whole = 0
        self.outside = 0

    def add_record(self, record: dict[str, Any]) -> None:
        """As it lies in its file."""
        self.records[record["dataset"], record["split"]] += 1
        self.licences.setdefault(record["dataset"], record["licence"])
        self.whole += record["source"].get("crop") == WHOLE
        self.outside += len(record["source"].get(OUTSIDE, "").split(", ")) if OUTSIDE in record["source"] else 0

    def add_row(self, row: Row) -> None:
        meta = row.meta
        self.rows[meta.get("dataset", ""), meta["split"]] += 1
        self.tasks[meta["task"]] += 1
        self.writers[meta["writer"]] += 1
        label = str(meta.get("label", "not told"))
        self.classes[meta["task"]].update(_classes(meta["task"], label))

    def add_reject(self, values: dict[str, Any]) -> None:
        """Of rejected rows each once, by the kind of its first fault, which stands before the colon."""
        if "row" in values:
            self.rejected[values["reason"].partition("; ")[0].partition(":")[0]] += 1

    def told(self) -> dict[str, Any]:
        datasets = sorted({dataset for dataset, _ in (*self.records, *self.rows)})
        splits = [split for split in ("train", "val", "test") if any(found == split for _, found in (*self.records, *self.rows))]
        return {
            "records": sum(self.records.values()),
            "rows": sum(self.rows.values()),
            "datasets": {name: self._split(name, splits) | {"licence": self.licences.get(name, "")} for name in datasets},
            "splits": {split: {"records": _in(self.records, split), "rows": _in(self.rows, split)} for split in splits},
            "tasks": dict(self.tasks.most_common()),
            "classes": {task: dict(found.most_common()) for task, found in sorted(self.classes.items())},
            "writers": dict(self.writers.most_common()),
            "rejected rows": dict(self.rejected.most_common(REASONS)),
            "crops without a face": self.whole,
            "boxes outside the picture": self.outside,
        }

    def _split(self, name: str, splits: list[str]) -> dict[str, Any]:
        return {
            "records": {split: self.records[name, split] for split in splits},
            "rows": {split: self.rows[name, split] for split in splits},
        }


def _classes(task: str, label: str) -> list[str]:
    if task == "attributes":
        return label.split(", ")
    units = _UNITS.findall(label)
    return units if len(units) > 1 else [label]


def _in(found: Counter[tuple[str, str]], split: str) -> int:
    return sum(count for (_, where), count in found.items() if where == split)
