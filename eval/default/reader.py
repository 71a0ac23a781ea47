"""The model that is judged: numbers of many faces at once, verdicts without a text, and whole answers.

Numbers alone go through the encoder in batches. A verdict needs the language model's first word too, which is scored and not written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...model.answer import Answer, Box, Quality
from ...model.assistant import load
from ...model.checkpoint import load_checkpoint
from ...model.engines.protocol import Request
from ...model.errors import FacewiseError
from ...model.network.evidence import Evidence
from ...model.network.seen_clip import read_views
from ...model.perception.faces import DetectedFace, find_faces
from ...model.perception.picture import Picture
from ...model.perception.views import face_views
from ...model.questions import DEFAULT_QUESTIONS, prompt
from ...model.readings import action_units, attack_boxes, is_active, spoof_score, verdict
from ...model.taxonomy import AU_CODES
from ...model.wording import CHOICES

AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Look:
    """The largest face of a picture of `size` (width, height): where it lies, the square of its wide view, its numbers."""

    face: DetectedFace
    wide_box: Box
    size: tuple[int, int]
    numbers: Evidence

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where an attack would show, whatever the verdict."""
        return attack_boxes(self.numbers.attack_map, self.wide_box, self.size)


@dataclass(frozen=True, eq=False)
class Verdict:
    """A look with its calibrated score and label."""

    look: Look
    quality: Quality
    score: float
    label: str


class Reader:
    """Loads when first asked for."""

    def __init__(self, model: str = "default"):
        self.model = model
        self._judged_before: dict[tuple[str, str], Verdict | None] = {}

    @cached_property
    def assistant(self) -> Any:
        assistant = load(self.model)
        if not assistant.calibration:
            raise FacewiseError(f"{self.model}: its config holds no calibration, so it gives no verdicts to judge")
        return assistant

    @cached_property
    def checkpoint(self) -> Any:
        return load_checkpoint(self.model)

    def looks(self, pictures: Sequence[Picture]) -> list[Look | None]:
        """None where no face is found."""
        found: list[Look | None] = []
        for start in range(0, len(pictures), AT_ONCE):
            found += self._looked(pictures[start : start + AT_ONCE])
        return found

    def _looked(self, pictures: Sequence[Picture]) -> list[Look | None]:
        perceiver = self.assistant.perceiver
        config = perceiver.encoder.config
        faces = [next(iter(find_faces(picture.pixels, perceiver.backend)), None) for picture in pictures]
        pairs = [(picture, face) for picture, face in zip(pictures, faces, strict=True) if face is not None]
        views = [face_views(picture.pixels, face, config.image_size, config.views) for picture, face in pairs]
        numbers = read_views(views, perceiver.encoder)[0] if views else []
        looks = iter(
            Look(face, view.wide_box, picture.pixels.shape[1::-1], each)
            for (picture, face), view, each in zip(pairs, views, numbers, strict=True)
        )
        return [None if face is None else next(looks) for face in faces]

    def verdicts(self, pictures: Sequence[Picture], question: str = DEFAULT_QUESTIONS["spoof"]) -> list[Verdict | None]:
        """As `ask` settles them, of the largest face; None where no face is found. Several parts judge the same pictures: once."""
        keys = [(picture.sha256, question) for picture in pictures]
        new = {key: picture for key, picture in zip(keys, pictures, strict=True) if key not in self._judged_before}
        waiting = list(new.items())
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            verdicts = self._judged([picture for _, picture in some], question)
            self._judged_before |= {key: each for (key, _), each in zip(some, verdicts, strict=True)}
        return [self._judged_before[key] for key in keys]

    def _judged(self, pictures: Sequence[Picture], question: str) -> list[Verdict | None]:
        seen = [self.assistant.perceiver.perceive(picture) for picture in pictures]
        requests = [
            Request(prompt(question, each.faces[0].id), (picture,), each.faces[0].id, choices=CHOICES, max_tokens=0)
            for picture, each in zip(pictures, seen, strict=True)
            if each.faces
        ]
        scored = iter(self.assistant.engine.complete(requests) if requests else [])
        return [
            self._verdict(picture, each, next(scored).choice_logprobs) if each.faces else None
            for picture, each in zip(pictures, seen, strict=True)
        ]

    def _verdict(self, picture: Picture, seen: Any, choices: dict[str, float] | None) -> Verdict:
        if choices is None:
            raise FacewiseError(
                f"the engine {self.assistant.engine.name} gives no log-probabilities, so there is no score to judge"
            )
        face, (live, spoof) = seen.faces[0], (choices[choice] for choice in CHOICES)
        score = spoof_score(spoof - live, face.evidence.spoof_logit, self.assistant.calibration)
        look = Look(seen.detected[0], face.wide_box, picture.pixels.shape[1::-1], face.evidence)
        return Verdict(look, face.quality, score, verdict(score, self.assistant.calibration))

    def answers(self, sources: Sequence[Any], task: str, question: str | None = None) -> Iterator[Answer]:
        """Whole answers about the largest face of each picture or clip; those without a face give none."""
        for reply in self.assistant.ask(list(sources), question, task):
            if reply.faces:
                yield reply.faces[0].answer


def levels(numbers: Evidence) -> np.ndarray:
    """[22, 2] intensities, left and right."""
    return np.array([numbers.aus[code][:2] for code in AU_CODES])


def active(numbers: Evidence) -> np.ndarray:
    """[22] bool: what an answer would call active."""
    readings = action_units(numbers)
    return np.array([is_active(readings[code]) for code in AU_CODES])


def both(first: Sequence[Any], second: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The pairs without a None."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return [a for a, _ in pairs], [b for _, b in pairs]
