"""Predictions that somebody else made: a file of JSON lines, {"item": id, "text": answer} or {"item": id, "label": ..., "scores": {...}}.

Items are called as in OUT/BENCHMARK/items.jsonl, which `facewise eval run` writes first. A text is read by the same parser as every
other model's; a label stands as it is, and the table refuses what is none.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..answers.parsing import label_of
from ..asking.items import Item
from ..benchmark import Benchmark
from .protocol import Said, Shown


class GivenModel:
    """`lettered`: the texts answer a lettered choice."""

    together = 1
    looks = False

    def __init__(self, path: Path, lettered: bool = False):
        self.path, self.lettered = path, lettered
        self._told = _lines(path)
        models = {str(line["model"]) for line in self._told.values() if line.get("model")}
        if len(models) > 1:
            raise FacewiseError(f"{path}: predictions of {' and '.join(sorted(models))}; give each model's file alone")
        self.name = models.pop() if models else path.stem

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        for group in groups:
            for shown in group:
                yield shown.item, self._said(shown, benchmark)

    def _said(self, shown: Shown, benchmark: Benchmark) -> Said:
        line = self._told.get(shown.item.name)
        if line is None:
            raise FacewiseError(
                f"{self.path}: no line for the item {shown.item.name!r} of {benchmark.name}; every item wants one"
            )
        text = str(line.get("text") or "")
        label = line["label"] if "label" in line else label_of(text, benchmark, self.lettered, shown.fps)
        return Said(text, label, line.get("scores") or {}, line.get("log_probs") or {})


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FacewiseError(f"{path}: no readable file of predictions ({error})") from None
    for number, text in enumerate(texts, start=1):
        try:
            line = json.loads(text)
            name = line["item"]
        except (ValueError, TypeError, KeyError):
            raise FacewiseError(f'{path}:{number}: no line like {{"item": "...", "text": "..."}}') from None
        if "text" not in line and "label" not in line:
            raise FacewiseError(f"{path}:{number}: neither a text nor a label of {name}")
        if name in found:
            raise FacewiseError(f"{path}:{number}: a second line for {name}; one of the two has to go")
        found[str(name)] = line
    return found
