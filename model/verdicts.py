"""The verdict about a face: the language model's log-odds and the head's, over one picture or the mean over a few frames of a clip.

A first call to the engine scores the two first words; the label is settled by it before any text begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .answer import Answer, Digital
from .engines.protocol import Engine, Request
from .questions import prompt
from .readings import attack_boxes, attack_type, spoof_score, verdict, visible_cues
from .wording import CHOICES

if TYPE_CHECKING:
    from .network.evidence import Evidence
    from .network.perceive import PerceivedFace
    from .perception.picture import Picture

Calibration = Mapping[str, float] | None
NO_VOTE = dict.fromkeys(CHOICES, 0.0)


@dataclass(frozen=True, eq=False)
class Shot:
    """A face on the picture in which it is judged; `frame` is that picture's number in a clip."""

    picture: Picture
    face: PerceivedFace
    frame: int | None = None

    def request(self, question: str) -> Request:
        asked = prompt(question, self.face.id)
        return Request(asked, (self.picture,), self.face.id, choices=CHOICES, max_tokens=0)


@dataclass(frozen=True)
class Judged:
    """The object of a verdict without its text, and in which frame of a clip its boxes lie."""

    answer: Answer
    frame: int | None = None


def judged(
    shots: Sequence[Sequence[Shot]], question: str, engine: Engine, calibration: Calibration, prior: float
) -> list[Judged]:
    """One of each face; all their shots are scored in one batch, by the heads alone where the language model's verdict has no weight."""
    if calibration is not None and calibration["llm"] == 0:
        return [_judged(some, [NO_VOTE for _ in some], engine.name, calibration, prior) for some in shots]
    completions = iter(engine.complete([shot.request(question) for some in shots for shot in some]))
    return [_judged(some, [next(completions).choice_logprobs for _ in some], engine.name, calibration, prior) for some in shots]


def _judged(
    shots: Sequence[Shot], told: Sequence[Mapping[str, float] | None], engine: str, calibration: Calibration, prior: float
) -> Judged:
    frames = tuple(shot.frame for shot in shots if shot.frame is not None) or None
    answer = Answer("spoof", "-", "uncertain", frames=frames, cues=(), digital=_digital(shots))
    choices = [one for one in told if one is not None]
    if calibration is None or not shots or len(choices) < len(shots):
        return Judged(replace(answer, score_missing=_missing(shots, calibration, engine)))
    odds = [one[CHOICES[1]] - one[CHOICES[0]] for one in choices]
    each = [spoof_score(llm, shot.face.evidence.spoof_logit, calibration, prior) for llm, shot in zip(odds, shots, strict=True)]
    score = round(float(np.mean(each)), 4)
    answer = replace(answer, label=verdict(score, calibration), score=score)
    if answer.label != "spoof":
        return Judged(answer)
    surest = shots[int(np.argmax(each))]
    height, width = surest.picture.pixels.shape[:2]
    boxes = attack_boxes(surest.face.evidence.attack_map, surest.face.wide_box, (width, height))
    mean = _mean([shot.face.evidence for shot in shots])
    return Judged(replace(answer, attack=attack_type(mean), cues=visible_cues(mean), boxes=boxes), surest.frame)


def _digital(shots: Sequence[Shot]) -> Digital | None:
    """A second answer, about the pixels: whether software made or altered the face. The head is not calibrated and tells no type."""
    told = [shot.face.evidence.digital for shot in shots if shot.face.evidence.digital is not None]
    return Digital(round(float(np.mean(told)), 4)) if told else None


def _missing(shots: Sequence[Shot], calibration: Calibration, engine: str) -> str:
    if not shots:
        return "no frame of the clip shows the face well enough"
    if calibration is None:
        return "the model's config holds no calibration of the verdict"
    return f"the engine {engine} gives no log-probabilities"


def _mean(read: Sequence[Evidence]) -> Evidence:
    """Attack type and cues over all shots; what else there is comes from the first one."""
    means = [
        {name: float(np.mean([getattr(one, part)[name] for one in read])) for name in getattr(read[0], part)}
        for part in ("attack", "cues")
    ]
    return replace(read[0], attack=means[0], cues=means[1])
