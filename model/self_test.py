"""Ten questions that `facewise export` asks twice: of the model as it was trained, its adapter apart, and of the folder that was written, read anew.

The faces are drawn here, blurred noise under the mean face's points, so that the test runs wherever the package does, without a picture and
without a detector. Words need not make sense; they must be the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .network.processing import FacewiseProcessor
from .perception.landmarks import mean_face
from .perception.picture import Picture
from .questions import DEFAULT_QUESTIONS, prompt
from .wording import CHOICES

ROWS = 10
TOKENS = 16  # written to each
SIDE_PX, IOD_PX = 256, 90
QUESTIONS = (*DEFAULT_QUESTIONS.values(), "What is in this picture?")


@dataclass(frozen=True)
class Tolerance:
    """How many of the rows must be said alike, token by token, and how far the log-odds of a verdict may be apart."""

    alike: int
    log_odds: float


EXACT = Tolerance(ROWS, 1e-3)
ROUNDED = Tolerance(ROWS - 2, 0.1)  # the embedded default in bfloat16: all ten alike, .03 apart


@dataclass(frozen=True)
class Said:
    """Token ids of each row, prompt and answer, and the log-odds of Spoof over Live as its first word."""

    tokens: list[list[int]]
    log_odds: list[float]


@dataclass(frozen=True)
class Outcome:
    """Of `rows`, how many were `alike`, and how far log-odds were apart at most."""

    rows: int
    alike: int
    apart: float
    allowed: Tolerance

    @property
    def is_passed(self) -> bool:
        return self.alike >= self.allowed.alike * self.rows // ROWS and self.apart <= self.allowed.log_odds

    def __str__(self) -> str:
        return (
            f"{self.alike} of {self.rows} answers alike, token by token; log-odds of the verdict at most {self.apart:.1g} apart "
            f"({self.allowed.log_odds:g} allowed)"
        )


def tolerance(dtype: str) -> Tolerance:
    """Weights in halves are rounded once more when a LoRA is folded in, and words may part where two are as likely."""
    return EXACT if dtype == "float32" else ROUNDED


def ten_questions(processor: FacewiseProcessor) -> dict[str, Any]:
    """The model's inputs of one batch: a face of its own to each question."""
    processor.tokenizer.padding_side = "left"
    asked = [processor.render(prompt(QUESTIONS[row % len(QUESTIONS)], 0)) for row in range(ROWS)]
    points = IOD_PX * mean_face()[:, :2] + (SIDE_PX / 2, 0.4 * SIDE_PX)
    return dict(processor(images=[drawn_face(row) for row in range(ROWS)], text=asked, landmarks=points, padding=True))


def drawn_face(seed: int) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return Picture(cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC))


def answers(model: Any, processor: FacewiseProcessor, asked: dict[str, Any]) -> Said:
    """Greedy, and the first word's logits as they are."""
    import torch

    live, spoof = (processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in CHOICES)
    here = {name: value.to(model.device) for name, value in asked.items() if name != "token_type_ids"}
    greedy = {"do_sample": False, "max_new_tokens": TOKENS, "output_logits": True, "return_dict_in_generate": True}
    with torch.inference_mode():
        written = model.eval().generate(**here, **greedy)
    first = written.logits[0].float()
    return Said(written.sequences.tolist(), (first[:, spoof] - first[:, live]).tolist())


def compared(before: dict[str, Said], after: dict[str, Said], allowed: Tolerance) -> Outcome:
    """What the same voices (the model, and each adapter) said before and after."""
    rows = [pair for name in before for pair in zip(before[name].tokens, after[name].tokens, strict=True)]
    odds = [pair for name in before for pair in zip(before[name].log_odds, after[name].log_odds, strict=True)]
    apart = [abs(a - b) for a, b in odds]
    # NaN is apart from everything, and `max` may pass it over.
    return Outcome(len(rows), sum(a == b for a, b in rows), float("inf") if np.isnan(apart).any() else max(apart), allowed)
