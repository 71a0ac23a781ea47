"""How a face is shown to the language model while it learns: evidence in words and tokens, one of both alone, or words that are wrong.

Neither may be ignored, and where they disagree the answer follows the surer one (science.md §7). `words` that are wrong are another face's, or
the own with noise on every number.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...model.network.evidence import Evidence
from ...model.readings import sigmoid
from ..recipe import Recipe
from ..recipe_values import shares

NOISE = 2.0  # of log-odds; of intensities in levels
SOFT = 0.1  # what is left of a log-odds that must not be the surer one


@dataclass(frozen=True)
class Mix:
    """Shares by name, of recipe_checks.SHOWN."""

    shares: dict[str, float]

    def drawn(self, rng: np.random.Generator) -> str:
        weights = np.array(list(self.shares.values()))
        return str(rng.choice(list(self.shares), p=weights / weights.sum()))


def mix_of(recipe: Recipe) -> Mix:
    return Mix(shares(recipe.evidence_mix, "evidence_mix"))


def sureness(evidence: Evidence, task: str) -> float:
    """0 to 1: how far the numbers that a task's answer is made of are from a guess."""
    if task == "spoof":
        return abs(2 * sigmoid(evidence.spoof_logit) - 1)
    if task == "emotion":
        return max(evidence.emotion.values())
    return float(np.mean([abs(2 * p - 1) for _, _, p in evidence.aus.values()]))


def wrong_words(own: Evidence, other: Evidence, task: str, rng: np.random.Generator, may_lead: bool) -> tuple[Evidence, bool]:
    """Evidence for the words beside the tokens of `own`, and whether the answer follows it. Where the words may not lead, because the answer is
    told by a label, they are less sure than the tokens."""
    words = other if rng.random() < 0.5 else noised(own, rng)
    is_surer = sureness(words, task) > sureness(own, task)
    if is_surer and not may_lead:
        return softened(words), False
    return words, is_surer


def noised(evidence: Evidence, rng: np.random.Generator) -> Evidence:
    """Normal noise on every log-odds and intensity."""
    aus = {}
    for code, (*levels, p) in evidence.aus.items():
        shift = NOISE * rng.normal() / 2
        left, right = (float(np.clip(level + shift, 0, 5)) for level in levels)
        aus[code] = (left, right, sigmoid(_logit(p) + NOISE * rng.normal()))
    logits = np.array([np.log(max(p, 1e-6)) for p in evidence.emotion.values()]) + NOISE * rng.normal(size=len(evidence.emotion))
    spoof = evidence.spoof_logit + NOISE * float(rng.normal())
    return replace(evidence, aus=aus, emotion=_distribution(evidence, logits), spoof_logit=spoof)


def softened(evidence: Evidence) -> Evidence:
    """Nearly a guess; what it leans to is the same."""
    aus = {code: (left, right, sigmoid(SOFT * _logit(p))) for code, (left, right, p) in evidence.aus.items()}
    logits = SOFT * np.array([np.log(max(p, 1e-6)) for p in evidence.emotion.values()])
    return replace(evidence, aus=aus, emotion=_distribution(evidence, logits), spoof_logit=SOFT * evidence.spoof_logit)


def _logit(p: float) -> float:
    kept = min(max(p, 1e-6), 1 - 1e-6)
    return float(np.log(kept / (1 - kept)))


def _distribution(evidence: Evidence, logits: np.ndarray) -> dict[str, float]:
    weights = np.exp(logits - logits.max())
    return dict(zip(evidence.emotion, (weights / weights.sum()).tolist(), strict=True))
