"""What is wanted of every face: the question in words, its task, and how the numbers are to be read."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from .errors import FacewiseError
from .questions import CLIP_TASK, DEFAULT_QUESTIONS, PICTURE_TASK, task_of
from .taxonomy import ANSWERED

if TYPE_CHECKING:
    from .network.evidence import Evidence

NO_MOVEMENT = "a micro-expression is a movement, which no picture shows; give a clip, or ask for au"


@dataclass(frozen=True)
class Asked:
    """`neutral` is the evidence of the person at rest, if that was given."""

    question: str
    task: str
    emotion: bool = True
    prior: float = 0.5
    neutral: Evidence | None = None


def asked_for(
    question: str | None = None,
    task: str | None = None,
    has_neutral: bool = False,
    emotion: bool = True,
    prior: float = 0.5,
    is_clip: bool = False,
) -> Asked:
    """What `Assistant.ask` makes of its arguments, the neutral face still to be read. Raises FacewiseError for those that cannot be."""
    if question is not None and not (isinstance(question, str) and question.strip()):
        raise FacewiseError(f"the question is {question!r}; write one in words, or leave it out")
    task = task or (task_of(question, is_clip) if question else CLIP_TASK if is_clip else PICTURE_TASK)
    if task not in ANSWERED:
        raise FacewiseError(f"task {task!r} is not answered; there are {', '.join(ANSWERED)}")
    if task == "chat" and not question:
        raise FacewiseError("the task chat needs a question")
    if task == "emotion" and not emotion:
        raise FacewiseError("an emotion is asked for and emotion words are switched off; ask for au, or leave them on")
    if task == "spoof" and has_neutral:
        raise FacewiseError("a neutral picture is taken off muscle intensities, a verdict has none; leave it out, or ask for au")
    if not isinstance(prior, Real) or not 0 < prior < 1:
        raise FacewiseError(f"the prior is {prior!r}; it must be a number between 0 and 1")
    return Asked(question or DEFAULT_QUESTIONS[task], task, emotion, float(prior))
