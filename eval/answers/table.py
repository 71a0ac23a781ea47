"""predictions.jsonl as columns: read line by line, so that a million of them fit where their texts would not.

Names become numbers (-1: none), scores floats (NaN: none). What has no fixed width (boxes, movements, texts) stays a list.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...model.errors import FacewiseError
from ...model.replies import REFUSED, UNPARSED
from ..benchmark import Benchmark
from ..metrics.spotting import Movement
from ..metrics.statistic import Subjects
from .predictions import lines

ANSWERED, NO_LABEL, DECLINED = 0, 1, 2
SPOOF_SCORE = "spoof"
_STATES = {UNPARSED: NO_LABEL, REFUSED: DECLINED}
_BATCH = 4096
_NOTHING: Mapping[str, Any] = {}
_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True)
class Coded:
    """A column of names: `codes` [n] are places in `names`, -1 for none."""

    codes: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`state` [n] of ANSWERED, NO_LABEL, DECLINED. `truth` and `label`: codes [n] for classes and spoof, [n, k] floats for
    units and affect, [n] for numbers; else lists of arrays [k, 5], Movements, names or texts. Without an answer -1, NaN or
    empty. `scores` [n] by name."""

    keys: np.ndarray
    state: np.ndarray
    truth: Any
    label: Any
    subject: Coded
    clip: Coded
    groups: Mapping[str, Coded]
    scores: Mapping[str, np.ndarray]
    models: tuple[str, ...]
    versions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def subjects(self) -> Subjects:
        """Items whose subject is not known are each their own."""
        alone = self.subject.codes < 0
        if not alone.any():
            return Subjects(self.subject.codes, len(self.subject.names))
        place = self.subject.codes.astype(np.int64)
        place[alone] = len(self.subject.names) + np.arange(int(alone.sum()))
        return Subjects(place, len(self.subject.names) + int(alone.sum()))

    def take(self, chosen: np.ndarray) -> "Table":
        """Some items, by number; subjects are counted anew."""

        def part(column: Any) -> Any:
            return column[chosen] if isinstance(column, np.ndarray) else [column[i] for i in chosen]

        def coded(column: Coded) -> Coded:
            return Coded(column.codes[chosen], column.names)

        used, codes = np.unique(self.subject.codes[chosen], return_inverse=True)
        shift = int(len(used) > 0 and used[0] < 0)
        subject = Coded(codes - shift, tuple(self.subject.names[i] for i in used[shift:]))
        return replace(
            self,
            keys=self.keys[chosen],
            state=self.state[chosen],
            truth=part(self.truth),
            label=part(self.label),
            subject=subject,
            clip=coded(self.clip),
            groups={name: coded(column) for name, column in self.groups.items()},
            scores={name: values[chosen] for name, values in self.scores.items()},
        )


def read_table(path: Path, benchmark: Benchmark) -> Table:
    """Raises FacewiseError with the line for one that is not of this benchmark, and for a key that comes twice."""
    return table_of(lines(path), benchmark, str(path))


def table_of(rows: Iterable[Mapping[str, Any]], benchmark: Benchmark, where: str = "predictions") -> Table:
    """Of lines as objects."""
    reading, lines_read, remaining = _Reading(benchmark), 0, iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        try:
            reading.extend(batch)
        except _WRONG:
            raise _first_wrong(batch, lines_read, benchmark, where) from None
        lines_read += len(batch)
    table = reading.table()
    twice = len(table) - len(np.unique(table.keys))
    if twice:
        raise FacewiseError(f"{where}: {twice} keys stand in it twice; it was written by two runs at once")
    return table


def _first_wrong(batch: list[Mapping[str, Any]], before: int, benchmark: Benchmark, where: str) -> FacewiseError:
    for number, values in enumerate(batch, start=before + 1):
        try:
            _Reading(benchmark).extend([values])
        except _WRONG as error:
            return FacewiseError(f"{where}:{number}: no prediction of {benchmark.name} ({error})")
    return FacewiseError(f"{where}: lines {before + 1} to {before + len(batch)} are no predictions of {benchmark.name}")


class _Names:
    """Names as numbers. Those of a `closed` column are given, the others taken as they come; None and "" are -1."""

    def __init__(self, known: tuple[str, ...] = (), closed: str = ""):
        self.numbers: dict[str | None, int] = {name: number for number, name in enumerate(known)}
        self.known = len(known)
        self.numbers |= {None: -1, "": -1}
        self.codes = array("i")
        self.closed = closed

    def extend(self, names: list[str | None]) -> None:
        for name in set(names) - self.numbers.keys():
            if self.closed:
                raise ValueError(f"{self.closed} {name!r:.60}; it has {', '.join(n for n in self.numbers if n)}")
            self.numbers[_text(name)] = self.known
            self.known += 1
        self.codes.extend(map(self.numbers.__getitem__, names))

    def column(self) -> Coded:
        """Names sorted, so that two models' columns are alike."""
        names = sorted(name for name in self.numbers if name)
        places = np.full(len(names) + 1, -1, np.int32)  # the last one is that of -1
        for place, name in enumerate(names):
            places[self.numbers[name]] = place
        return Coded(places[self.values()], tuple(names))

    def values(self) -> np.ndarray:
        return np.array(self.codes, np.int32)


class _Floats:
    """`width` numbers a line, by `cells` from its value."""

    def __init__(self, width: int, cells: Callable[[Any], Iterable[float | None]]):
        self.width, self.cells, self.numbers = width, cells, array("d")

    def extend(self, values: list[Any]) -> None:
        for value in values:
            cells = [None] * self.width if value is None else list(self.cells(value))
            if len(cells) != self.width:
                raise ValueError(f"{value!r:.60} has {len(cells)} numbers, not {self.width}")
            self.numbers.extend([np.nan if cell is None else cell for cell in cells])

    def values(self) -> np.ndarray:
        return np.array(self.numbers).reshape(-1, self.width)


class _Numbers:
    """One number a line."""

    def __init__(self) -> None:
        self.numbers = array("d")

    def extend(self, values: list[float | None]) -> None:
        self.numbers.extend([np.nan if value is None else value for value in values])

    def values(self) -> np.ndarray:
        return np.array(self.numbers)


class _Objects:
    """As `made`; no answer is an empty one."""

    def __init__(self, made: Callable[[Any], Any], empty: Any):
        self.made, self.empty = made, empty
        self.objects: list[Any] = []

    def extend(self, values: list[Any]) -> None:
        self.objects += [self.empty if value is None else self.made(value) for value in values]

    def values(self) -> list[Any]:
        return self.objects


class _Reading:
    """Columns while they grow, many lines at once: a line alone costs three times as much."""

    def __init__(self, benchmark: Benchmark):
        self.benchmark = benchmark
        self.truth, self.label = _columns(benchmark)
        self.keys, self.state = array("Q"), array("b")
        self.subject, self.clip = _Names(), _Names()
        grouped = (*benchmark.groups, *(("attack",) if benchmark.task == "spoof" else ()))
        self.groups = {name: _Names() for name in grouped}
        scored = {"units": benchmark.labels, "spoof": (SPOOF_SCORE,)}.get(benchmark.task, ())
        self.scores = {name: _Numbers() for name in scored}
        self.models: set[str] = set()
        self.versions: set[str] = set()

    def extend(self, lines: list[Mapping[str, Any]]) -> None:
        truths, labels = [line["truth"] for line in lines], [line["label"] for line in lines]
        if any(truth is None or truth == "" for truth in truths):
            raise ValueError("it has no truth")
        states = [_STATES.get(label, ANSWERED) if type(label) is str else ANSWERED for label in labels]
        self.truth.extend(truths)
        self.label.extend([label if state == ANSWERED else None for label, state in zip(labels, states, strict=True)])
        self.state.extend(states)
        self.keys.extend([int(line["key"][:16], 16) for line in lines])
        self.subject.extend([line.get("subject") for line in lines])
        self.clip.extend([line.get("clip") for line in lines])
        self._extend_named(lines)
        self.models.update([line["model"] for line in lines])
        self.versions.update([line["version"] for line in lines])

    def _extend_named(self, lines: list[Mapping[str, Any]]) -> None:
        for key, columns in (("groups", self.groups), ("scores", self.scores)):
            held = [line.get(key, _NOTHING) for line in lines] if columns else []
            for name, column in columns.items():
                column.extend([values.get(name) for values in held])

    def table(self) -> Table:
        return Table(
            np.array(self.keys, np.uint64),
            np.array(self.state, np.int8),
            self.truth.values(),
            self.label.values(),
            self.subject.column(),
            self.clip.column(),
            {name: column.column() for name, column in self.groups.items()},
            {name: column.values() for name, column in self.scores.items()},
            tuple(sorted(self.models)),
            tuple(sorted(self.versions)),
        )


def _columns(benchmark: Benchmark) -> tuple[Any, Any]:
    """(truth, label) of a task."""
    codes = benchmark.labels
    if benchmark.task == "class":
        return _Names(codes, "class"), _Names(codes, "class")
    if benchmark.task == "spoof":
        return _Names(("live", "spoof"), "truth"), _Names(("live", "spoof", "uncertain"), "label")
    if benchmark.task == "units":
        return (
            _Floats(len(codes), lambda levels: (levels.get(code) for code in codes)),
            _Floats(len(codes), lambda named: (float(code in named) for code in codes)),
        )
    if benchmark.task == "number":
        return _Numbers(), _Numbers()
    if benchmark.task == "affect":
        return _Floats(2, lambda pair: pair), _Floats(2, lambda pair: pair)
    if benchmark.task == "marks":
        return _Objects(_text, ""), _Floats(len(codes), lambda marks: (marks[name] for name in codes))
    made, empty = _OBJECTS[benchmark.task]
    return _Objects(made, empty), _Objects(made, empty)


def _boxes(value: list[list[float]]) -> np.ndarray:
    """[k, 5]: corners and score, 1 where none is told."""
    return np.array([[*map(float, box), 1.0][:5] if len(box) in (4, 5) else _no_box(box) for box in value]).reshape(-1, 5)


def _no_box(box: list[float]) -> list[float]:
    raise ValueError(f"{box!r:.60} is no box of x1, y1, x2, y2 and perhaps a score")


def _movement(value: dict[str, Any]) -> Movement:
    movement = Movement(**value)
    if type(movement.onset) is not int or type(movement.offset) is not int or movement.onset > movement.offset:
        raise ValueError(f"{value!r:.60} has no onset and offset in frames")
    return movement


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"{value!r:.60} is no text")
    return value


_OBJECTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "boxes": (_boxes, np.empty((0, 5))),
    "movements": (lambda value: tuple(map(_movement, value)), ()),
    "cues": (lambda value: tuple(map(_text, value)), ()),
    "text": (_text, ""),
}
