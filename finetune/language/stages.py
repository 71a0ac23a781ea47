"""Stages (b) and (c): the projector alone learns the language model's words, then a LoRA and the projector put evidence into words; encoder frozen.

MF2's decoupled fine-tuning comes after them: everything frozen, and for each task or dataset a small adapter of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ...model.checkpoint import ADAPTER
from ...model.errors import FacewiseError
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.processing import FacewiseProcessor
from ..lessons.batches import Lessons
from ..lessons.lesson import Lesson
from ..lessons.sampler import sampler_of
from ..processes import is_main, wait
from ..recipe import Recipe
from .adapters import save_adapter, with_lora
from .answer_loss import WithLoss
from .answer_trainer import answer_arguments, fit_answers
from .kept_patches import keep_patches
from .projector_start import start_projector

ALIGNED = ("projector", "guidance")
ALIGNED_FILE = "aligned.safetensors"
STARTED_ON = 256  # lessons whose faces tell where the projector starts


def batches_of(lessons: Sequence[Lesson], model: FacewiseForConditionalGeneration, processor: FacewiseProcessor) -> Lessons:
    return Lessons(lessons, processor.tokenizer.pad_token_id, processor.look)


def align(
    recipe: Recipe,
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    lessons: Sequence[Lesson],
    folder: Path,
    held_out: Sequence[Lesson] = (),
) -> None:
    """The projector, and a tower's guidance, in place; the language model rests. What is done is in `folder` and read from there."""
    done = folder / ALIGNED_FILE
    if done.is_file():
        model.load_own_state_dict(load_file(done), str(done))
        return
    rows = batches_of(lessons, model, processor)
    shown = [replace(lesson, twin=None) for lesson in lessons if lesson.showings][:STARTED_ON]
    start_projector(model, processor.tokenizer, (rows.collate([lesson]) for lesson in shown))
    if recipe.align_epochs:
        rest(model, ALIGNED)
        fit_words(recipe, WithLoss(model, packing=recipe.packing), rows, folder, recipe.align_epochs, "align_rate", held_out)
    if is_main():
        folder.mkdir(parents=True, exist_ok=True)
        own = {name: value.cpu().contiguous() for name, value in model.own_state_dict().items()}
        save_file(own, folder / f".{ALIGNED_FILE}")
        (folder / f".{ALIGNED_FILE}").rename(done)
    wait()


def instruct(
    recipe: Recipe,
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    lessons: Sequence[Lesson],
    folder: Path,
    held_out: Sequence[Lesson] = (),
) -> None:
    """A LoRA on the language model, which stays apart (a PEFT model as language_model), and the recipe's `trained` parts."""
    rest(model, (*recipe.trained, "language model"))
    torch.manual_seed(recipe.seed)  # also where the stage before was done by another process
    model.language_model = with_lora(model.language_model, recipe)
    fit_lora(recipe, model, batches_of(lessons, model, processor), folder, held_out)


def fit_lora(
    recipe: Recipe, model: FacewiseForConditionalGeneration, rows: Lessons, folder: Path, held_out: Sequence[Lesson] = ()
) -> None:
    learner = WithLoss(model, recipe.pvtm_keep, recipe.pvtm_drop, recipe.consistency, recipe.packing)
    fit_words(recipe, learner, rows, folder, recipe.language_epochs, "language_rate", held_out)
    model.eval()


def fit_words(
    recipe: Recipe,
    learner: WithLoss,
    rows: Lessons,
    folder: Path,
    epochs: float,
    rate: str,
    held_out: Sequence[Lesson] = (),
) -> None:
    """Trains what of the learner's model does not rest; `rate` is the recipe's field."""
    if recipe.gradient_checkpointing:
        spare_memory(learner.model)
    keep_patches(recipe, learner.model, rows, held_out, folder.parent)
    arguments = answer_arguments(recipe, folder, epochs, getattr(recipe, rate))
    fit_answers(learner, rows, sampler_of(recipe, rows.lessons), arguments, rate, held_out)


def spare_memory(model: FacewiseForConditionalGeneration) -> None:
    """Activations of what learns are computed once more on the way back. Not re-entrant: a batch of texts alone brings in embeddings that ask for
    no gradient. Not the Trainer's own flag, whose arguments differ between the versions that we run on."""
    parts = [model.language_model] if model.vision is None else [model.language_model, model.vision.tower]
    for part in parts:
        part.gradient_checkpointing_enable({"use_reentrant": False})


def rest(model: FacewiseForConditionalGeneration, learning: Sequence[str]) -> None:
    """All parts but these are frozen; what learns of ours is in float32, whatever the bases are in."""
    model.freeze(*(name for name in model.groups if name not in learning))
    for name in model.groups.keys() & {*learning} - {"language model"}:
        for part in model.groups[name]:
            part.float()


def task_adapters(
    recipe: Recipe,
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    lessons: Sequence[Lesson],
    out: Path,
    held_out: Sequence[Lesson] = (),
) -> None:
    """One adapter a name of `adapter_tasks`, on the language model as it is given, written as adapters/NAME."""
    for name in recipe.adapter_tasks:
        folder, done = out / f"stage-adapter-{plain(name)}", out / "adapters" / plain(name)
        if done.is_dir():
            continue
        rest(model, ("language model",))
        torch.manual_seed(recipe.seed)
        language: Any = with_lora(model.language_model, recipe)
        model.language_model = language
        others = [lesson for lesson in held_out if is_of(name, lesson)]
        fit_lora(recipe, model, batches_of(lessons_of(name, lessons), model, processor), folder, others)
        if is_main():
            save_adapter(language, base_name(recipe), folder / ADAPTER)
            done.parent.mkdir(exist_ok=True)
            (folder / ADAPTER).rename(done)  # never half a folder
        wait()
        model.language_model = language.unload()


def plain(name: str) -> str:
    """A dataset's name as that of a folder."""
    return name.replace("/", "-")


def lessons_of(name: str, lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those of a task or a dataset. Raises FacewiseError where there are none."""
    found = [lesson for lesson in lessons if is_of(name, lesson)]
    if not found:
        there = sorted({lesson.task for lesson in lessons} | {lesson.dataset for lesson in lessons})
        raise FacewiseError(
            f"adapter_tasks holds {name!r}, and no row is of such a task or dataset; there are {', '.join(there)}"
        )
    return found


def is_of(name: str, lesson: Lesson) -> bool:
    return name in (lesson.task, lesson.dataset)


def base_name(recipe: Recipe) -> str:
    named = recipe.base_llm
    return named.get("model") or named["package"]
