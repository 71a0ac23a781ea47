"""One question and its answer about a record, before it is a row: texts, and the boxes that they point at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from .labels import Known

Box = tuple[float, float, float, float]
PICTURE = "{picture}"  # in a pool: the medium's noun


@dataclass(frozen=True)
class Exchange:
    """`boxes` (what, where) in the order of the `<bbox>` of question and answer; `label`: what the answer is right by."""

    question: str
    answer: str
    label: str
    boxes: tuple[tuple[str, Box], ...] = ()


Write = Callable[[Known, Random], Exchange | None]  # None where the labels do not allow it


def asked(questions: Sequence[str], known: Known, rng: Random) -> str:
    return rng.choice(questions).replace(PICTURE, known.noun)
