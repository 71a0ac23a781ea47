"""What the run hands to a model and what comes back. A model is asked about groups of items, because some answer in batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...model.perception.picture import Picture
from ..asking.items import Item
from ..benchmark import Benchmark


@dataclass(frozen=True, eq=False)
class Shown:
    """An item with its pictures and the words under them."""

    item: Item
    pictures: tuple[Picture, ...]
    prompt: str
    fps: float = 0.0


@dataclass(frozen=True)
class Said:
    """As in predictions.Prediction. `label` may be UNPARSED or REFUSED."""

    text: str
    label: Any
    scores: Mapping[str, float | None] = field(default_factory=dict)
    log_probs: Mapping[str, float] = field(default_factory=dict)
    duration_s: float | None = None


class Model(Protocol):
    """`together`: how many items make a group: the same ones whether a run was stopped or not, because the numbers of a batch may
    depend on who is in it. `looks`: whether it needs the pictures; else `Shown.pictures` is empty."""

    name: str
    together: int
    looks: bool

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        """In any order, each as soon as it is there. Raises FacewiseError where no more answers can be had."""
        ...
