"""From an evidence encoder to a folder that answers: lessons, the stages that learn words, the verdict's calibration, what is written."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from ...model.assembly import OWN_WEIGHTS
from ...model.checkpoint import ADAPTER, fast_dtype
from ...model.network.encoder import FaceEncoder
from ...model.network.evidence import Evidence
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.processing import FacewiseProcessor
from ..encoder.folds import FoldEncoders, fold_encoders, read_by
from ..encoder.packed import Packed
from ..lessons.built_rows import TaughtRow
from ..lessons.kept_skills import beside_faces
from ..lessons.lesson import Lesson, within
from ..lessons.media import Eyes
from ..lessons.pack_lessons import PackSeen, pack_lessons, teaching
from ..lessons.row_lessons import RowTeacher
from ..lessons.seen_store import SeenStore
from ..measure import say
from ..processes import is_main, main_first, tell, together, wait
from ..recipe import Recipe
from ..training_arguments import precision
from ..validation import held_out, tell_answers
from .adapters import save_adapter, with_lora
from .assistant_start import started
from .calibration import calibrated
from .stages import align, base_name, instruct, task_adapters

CACHE = "seen"  # under $FACEWISE_CACHE, where there is one, so that other runs find it; else in the run's folder


def answers(recipe: Recipe, encoder: FaceEncoder, pack: Packed | None, rows: Sequence[TaughtRow], out: Path) -> None:
    """Projector and LoRA, then the calibration of the verdict on its half of `val` and its worth on `test`, then adapters of tasks."""
    with together():
        model, processor = started(recipe, encoder)
    if precision(recipe) == "float32" and not recipe.load_in_4bit:
        model.float()
    lessons, others = held_out(all_lessons(recipe, encoder, processor, pack, rows, out), recipe.val_share, recipe.seed)
    with together(), main_first():  # the others find its replies in the cache
        beside = beside_faces(recipe, model, processor, lessons, out)
    if "align" in recipe.stages:
        align(recipe, model, processor, lessons, out / "stage-align", others)
    if "instruct" in recipe.stages:
        instruct(recipe, model, processor, [*lessons, *beside], out / "stage-instruct", others)
    else:
        model.language_model = with_lora(model.language_model, recipe)  # it changes nothing yet; a light folder has one
    if "tower" in recipe.trained:
        model.config.base_tower = None  # its weights are the run's own now
    if is_main():
        save_adapter(model.language_model, base_name(recipe), out / ADAPTER)
        save_own(model, out)
        model.config.calibration = calibration_of(recipe, model.eval(), processor, encoder, pack, out)
        if others:
            tell(f"measuring the answers on {len(others)} held-out rows")
        tell_answers(out, model, processor, others)
    wait()
    if recipe.adapter_tasks:
        language: Any = model.language_model
        model.language_model = language.merge_and_unload() if recipe.adapters_on == "main" else language.unload()
        task_adapters(recipe, model, processor, lessons, out, others)
    if is_main():
        model.config.save_pretrained(out)  # last: it makes the folder a model


def all_lessons(
    recipe: Recipe, encoder: FaceEncoder, processor: FacewiseProcessor, pack: Packed | None, rows: Sequence[TaughtRow], out: Path
) -> list[Lesson]:
    """Of built rows and of the pack. Raises FacewiseError for rows that are too long."""
    folds = fold_encoders(recipe, pack, out / "stage-folds") if pack is not None and recipe.encoder_folds > 1 else None
    lessons = []
    if rows:
        kept = Path(os.environ["FACEWISE_CACHE"]) if os.environ.get("FACEWISE_CACHE") else out
        with together(), main_first():  # it perceives, the others find what it kept
            eyes = Eyes(processor, SeenStore(kept / CACHE))
            lessons += RowTeacher(recipe, eyes, lambda person: reader_of(person, folds)).lessons(rows, tell)
    with together():
        if pack is not None and recipe.pack_rows:
            seen = PackSeen(encoder, pack.where(teaching(recipe, pack)), processor.look)
            lessons += pack_lessons(recipe, seen, unseen_evidence(seen, folds), processor, out / "rows.jsonl")
        return within(lessons, recipe.max_length, recipe.drop_long, tell)


def reader_of(person: str, folds: FoldEncoders | None) -> FaceEncoder | None:
    """The encoder that was not trained on somebody; None: the run's own was not either."""
    return folds.of(person) if folds is not None and person in folds.fold else None


def unseen_evidence(seen: PackSeen, folds: FoldEncoders | None) -> list[Evidence]:
    if folds is None:
        return seen.evidence
    names = [seen.pack.about["subjects"][subject] for subject in seen.pack.tensors["subject"].tolist()]
    return read_by(seen.pack, lambda row: folds.of(names[row]))


def calibration_of(
    recipe: Recipe,
    model: FacewiseForConditionalGeneration,
    processor: FacewiseProcessor,
    encoder: FaceEncoder,
    pack: Packed | None,
    out: Path,
    asks: bool = True,
) -> dict[str, float] | None:
    """None without a pack: every verdict is uncertain then. `asks` as in `calibrated`."""
    if pack is None:
        tell("no pack, no calibration: verdicts of this model stay uncertain until --pack names one")
        return None
    tell("calibrating the verdict on people who taught nothing")
    judged = ~pack.split("train") & (pack.tensors["live"] >= 0)
    others = PackSeen(encoder, pack.where(judged), processor.look)
    half = fast_dtype() == "bfloat16"
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=half):
        fitted, rows = calibrated(model, processor, others, recipe.experimental, asks)
    say(out, rows, "verdict.json")
    return fitted


def save_own(model: FacewiseForConditionalGeneration, out: Path) -> None:
    """The projector in float16: half the bytes, a rounding far below the training noise."""
    own = {name: tensor.half().cpu().contiguous() for name, tensor in model.own_state_dict().items()}
    save_file(own, out / OWN_WEIGHTS, metadata={"format": "pt"})
