"""Which labels a model contradicts, again and again, when the same picture is shown to it a little changed.

A label is doubtful where nearly all readings agree on another class and give it a majority, or what they give to three quarters
of the pictures that carry it (after the self-confidence of Northcutt et al., "Confident Learning", 2021). Where the readings
contradict each other the model is unsure, and says nothing about the label. What it is no judge of, because it reads the labels
of the whole set hardly better than by chance, comes last and is named.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

STABLE = 0.8  # of the readings have to lead with one class
USUAL = 0.75  # of the pictures that carry a label
MAJORITY = 0.5
FEWEST_LABELS = 20  # of a question, to tell whether the model is a judge of it


@dataclass(frozen=True, eq=False)
class Opinion:
    """`readings` [k, classes]: probabilities of one record's picture as it is and changed; `label` an index into `classes`."""

    record: str
    media: str
    question: str
    classes: tuple[str, ...]
    label: int
    readings: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.readings.mean(0)

    @property
    def lead(self) -> int:
        """What most readings lead with; of equals, the surer."""
        votes = np.bincount(self.readings.argmax(1), minlength=len(self.classes))
        return int(np.lexsort((self.mean, votes))[-1])

    @property
    def is_stable(self) -> bool:
        return bool((self.readings.argmax(1) == self.lead).mean() >= STABLE)


@dataclass(frozen=True)
class Doubt:
    """`reading` and not `label`, by probabilities over all readings."""

    record: str
    media: str
    question: str
    label: str
    reading: str
    confidence: float
    label_confidence: float

    @property
    def margin(self) -> float:
        return self.confidence - self.label_confidence


@dataclass(frozen=True)
class Judge:
    """How a question's `n` labels were read: `unsure` of them contradict themselves, `agreed` and `doubted` are stable.
    `skill`: recall, mean over the labelled classes; `is_judge`: it lies above `chance` for certain."""

    n: int
    agreed: int
    doubted: int
    unsure: int
    skill: float
    chance: float
    is_judge: bool


def doubts(opinions: Sequence[Opinion]) -> tuple[list[Doubt], dict[str, Judge]]:
    """The doubtful labels, those first that are contradicted most, and how far the model is to be believed in each question."""
    by_question: defaultdict[str, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        by_question[opinion.question].append(opinion)
    found: list[tuple[bool, Doubt]] = []
    judges = {}
    for question, asked in by_question.items():
        usual = _self_confidence(asked)
        doubted = [_doubt(opinion) for opinion in asked if _is_doubtful(opinion, usual)]
        judges[question] = _judge(asked, len(doubted))
        found += [(judges[question].is_judge, doubt) for doubt in doubted]
    found.sort(key=lambda pair: (not pair[0], -pair[1].margin, pair[1].record, pair[1].question))
    return [doubt for _, doubt in found], judges


def _is_doubtful(opinion: Opinion, usual: dict[str, float]) -> bool:
    if not opinion.is_stable or opinion.lead == opinion.label:
        return False
    return bool(opinion.mean[opinion.lead] >= usual.get(opinion.classes[opinion.lead], MAJORITY))


def _doubt(opinion: Opinion) -> Doubt:
    mean, lead, label = opinion.mean, opinion.lead, opinion.label
    return Doubt(
        opinion.record,
        opinion.media,
        opinion.question,
        opinion.classes[label],
        opinion.classes[lead],
        round(float(mean[lead]), 3),
        round(float(mean[label]), 3),
    )


def _self_confidence(asked: Sequence[Opinion]) -> dict[str, float]:
    """Class -> the probability that it reaches in most of the pictures that carry it, or a majority where that is less."""
    by_class: defaultdict[str, list[float]] = defaultdict(list)
    for opinion in asked:
        by_class[opinion.classes[opinion.label]].append(float(opinion.mean[opinion.label]))
    return {name: min(float(np.quantile(means, 1 - USUAL)), MAJORITY) for name, means in by_class.items()}


def _judge(asked: Sequence[Opinion], doubted: int) -> Judge:
    right, counts = Counter[int](), Counter[int]()
    for opinion in asked:
        counts[opinion.label] += 1
        right[opinion.label] += opinion.lead == opinion.label
    recalls = np.array([right[label] / n for label, n in counts.items()])
    spread = np.sqrt(sum((share * (1 - share) + 0.25 / n) / n for share, n in zip(recalls, counts.values()))) / len(recalls)
    skill, chance = float(recalls.mean()), 1 / len(asked[0].classes)
    agreed = sum(opinion.is_stable and opinion.lead == opinion.label for opinion in asked)
    unsure = sum(not opinion.is_stable for opinion in asked)
    is_judge = len(asked) >= FEWEST_LABELS and skill - 1.96 * spread > chance
    return Judge(len(asked), agreed, doubted, unsure, round(skill, 3), round(chance, 3), bool(is_judge))


def told(opinions: Sequence[Opinion], most: int) -> dict[str, Any]:
    """Ready for JSON: the first `most` doubtful labels, and the questions."""
    found, judges = doubts(opinions)
    return {
        "doubtful": [vars(doubt) for doubt in found[:most]],
        "doubtful_in_all": len(found),
        "questions": {question: vars(judge) for question, judge in sorted(judges.items(), key=lambda pair: _padded(pair[0]))},
    }


def _padded(question: str) -> str:
    """AU2 before AU10."""
    return re.sub(r"\d+", lambda number: number[0].zfill(3), question)
