"""What a training is worth on people who taught nothing: held-out rows beside the loss curve, and one table of all its numbers, validation.json.

The heads and the verdict are told by measure.py and calibration.py; here are the answers: how likely the held-out ones are, task by task.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from ..model.network.modeling import FacewiseForConditionalGeneration
from ..model.network.processing import FacewiseProcessor
from .lessons.batches import Lessons
from .lessons.lesson import Lesson
from .measure import row, say, share

TABLE = "validation.json"
PARTS = {"heads": "heads.json", "verdict": "verdict.json", "answers": "answers.json"}
AT_ONCE = 4
DOMAIN = "held-out rows"


@dataclass(frozen=True)
class Told:
    """Of one held-out row: its loss as training counts it, which of its learned tokens come first, and the verdict, if it opens with one."""

    lesson: Lesson
    loss: float
    hits: np.ndarray
    verdict: bool | None


def held_out(lessons: Sequence[Lesson], part: float, seed: int) -> tuple[list[Lesson], list[Lesson]]:
    """(those that teach, those that do not): of the people a `part`, rounded down, with all of their
    rows."""
    people = sorted({lesson.subject for lesson in lessons})
    order = np.random.default_rng(seed).permutation(len(people))
    out = {people[place] for place in order[: int(part * len(people))]}
    others = [replace(each, twin=None) for each in lessons if each.subject in out]
    return [each for each in lessons if each.subject not in out], others


def answer_rows(model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, lessons: Sequence[Lesson]) -> list[dict]:
    """Rows like measure.py's, task by task; nothing where nobody was held out."""
    by_task: dict[str, list[Told]] = defaultdict(list)
    for told in told_of(model, processor, lessons):
        by_task[told.lesson.task].append(told)
    found = []
    for task, tellings in sorted(by_task.items()):
        losses = np.array([told.loss for told in tellings])
        people = np.array([told.lesson.subject for told in tellings])
        found.append(row(f"{task}, loss of answers", DOMAIN, _mean, losses, losses, people, None))
        found.append(share(f"{task}, tokens that come first", DOMAIN, np.concatenate([told.hits for told in tellings])))
        if verdicts := [told.verdict for told in tellings if told.verdict is not None]:
            found.append(share(f"{task}, verdicts as labelled", DOMAIN, np.array(verdicts)) | {"chance": 0.5})
    return found


@torch.inference_mode()
def told_of(model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, lessons: Sequence[Lesson]) -> list[Told]:
    """By the model as it answers: nothing is masked, and every token follows the right ones before it."""
    batches, found = Lessons(lessons, processor.tokenizer.pad_token_id, processor.look), []
    for start in range(0, len(lessons), AT_ONCE):
        some = lessons[start : start + AT_ONCE]
        inputs = {name: value.to(model.device) for name, value in batches.collate(some).items()}
        counts = inputs.pop("counts").float()
        says = (counts[:, 1:] > 0).any(0).nonzero().flatten()
        logits = model(**inputs, logits_to_keep=says).logits.float()
        ids, counts = inputs["input_ids"][:, says + 1], counts[:, says + 1]
        losses = cross_entropy(logits.transpose(1, 2), ids.long(), reduction="none")
        for place, lesson in enumerate(some):
            is_learned = counts[place] > 0
            hits = (logits[place].argmax(-1) == ids[place])[is_learned]
            loss = float((losses[place] * counts[place]).sum())
            found.append(Told(lesson, loss, hits.cpu().numpy(), _verdict(logits[place], ids[place], is_learned, model)))
    return found


def _verdict(
    logits_KV: torch.Tensor, ids_K: torch.Tensor, is_learned: torch.Tensor, model: FacewiseForConditionalGeneration
) -> bool | None:
    """Whether the two-way choice is the row's own; None of an answer that opens otherwise."""
    first = int(is_learned.nonzero()[0])
    choices = list(model.config.verdict_ids)
    own = int(ids_K[first])
    return choices[int(logits_KV[first, choices].argmax())] == own if own in choices else None


def _mean(_: np.ndarray, said: np.ndarray) -> float:
    return float(said.mean())


def tell_answers(
    out: Path, model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, lessons: Sequence[Lesson]
) -> None:
    """Into the run's folder and to stderr, and the table of all numbers with it."""
    say(out, answer_rows(model, processor, lessons), PARTS["answers"])
    write_table(out)


def write_table(out: Path) -> None:
    """TABLE: the rows of all parts that the run has told, each with its `part`."""
    rows = [
        {"part": part, **told}
        for part, name in PARTS.items()
        if (out / name).is_file()
        for told in json.loads((out / name).read_text())
    ]
    (out / TABLE).write_text(json.dumps(rows, indent=1))
