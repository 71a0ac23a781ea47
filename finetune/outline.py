"""What a training is going to do, as a table, before it begins: each stage, what learns in it, how many numbers that are, the memory that it wants.

Made of the bases' configs on the meta device, so that a layer which does not exist is told before anything large is read.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from ..model.errors import FacewiseError
from ..model.network.configuration import FaceEncoderConfig, FacewiseConfig
from ..model.network.dry_run import DryRun, dry_run
from ..model.network.encoder import FaceEncoder
from .language.adapters import check_targets
from .language.packing import check_packs
from .language.stages import ALIGNED
from .recipe import Recipe

BYTES_A_NUMBER = 16  # that learns in float32 with AdamW: itself, its gradient, two moments
LENGTH = 512  # tokens of a row that the memory is told for, about the longest of a picture
COLUMNS = ("stage", "learns", "parameters", "memory")


def outline(recipe: Recipe, encoder: FaceEncoderConfig, text: Any = None, vision: Any = None) -> list[dict[str, str]]:
    """Rows of COLUMNS; `text` and `vision` are the configs of the bases, None where no stage needs them. Raises FacewiseError for a LoRA target that
    the language model does not have."""
    rows = []
    if "encoder" in recipe.stages:
        rows.append(_encoder_row(recipe, encoder))
    if text is None:
        return rows
    with torch.device("meta"):
        language = AutoModelForCausalLM.from_config(text)
    check_targets(language, recipe.lora_targets)
    if recipe.packing:
        check_packs(language)
    config = planned_config(recipe, encoder, text, vision)
    if "align" in recipe.stages:
        rows.append(_row("align", ALIGNED, _dry(recipe, config, ALIGNED)))
    if "instruct" in recipe.stages:
        rows.append(_row("instruct", learning := ("LoRA", *recipe.trained), _dry(recipe, config, learning)))
        rows += [_row(f"adapter {name}", ("LoRA",), _dry(recipe, config, ("LoRA",))) for name in recipe.adapter_tasks]
    return rows


def planned_config(recipe: Recipe, encoder: FaceEncoderConfig, text: Any, vision: Any) -> FacewiseConfig:
    """The shape of the assistant. Raises FacewiseError for a tower that does not fit."""
    sees = {"vision_config": vision, "vision_views": recipe.tower_views}
    try:
        return FacewiseConfig(encoder_config=encoder, text_config=text, **sees, image_token_id=text.vocab_size - 1)
    except ValueError as error:
        raise FacewiseError(f"{recipe.base_tower}: {error}") from None


def table(rows: Sequence[dict[str, str]]) -> str:
    """As lines of text."""
    widths = {name: max(len(row[name]) for row in (*rows, {column: column for column in COLUMNS})) for name in COLUMNS}
    lines = [{column: column for column in COLUMNS}, *rows]
    return "\n".join("  ".join(line[name].ljust(widths[name]) for name in COLUMNS).rstrip() for line in lines)


def _encoder_row(recipe: Recipe, config: FaceEncoderConfig) -> dict[str, str]:
    with torch.device("meta"):
        count = sum(value.numel() for value in FaceEncoder(config).parameters())
    times = f" x {recipe.encoder_folds + 1} encoders" if recipe.encoder_folds > 1 else ""
    return _told(f"encoder{times}", "all of it", count, BYTES_A_NUMBER * count, "and activations")


def _dry(recipe: Recipe, config: FacewiseConfig, learning: Sequence[str]) -> DryRun:
    try:
        return dry_run(
            config,
            batch=recipe.language_batch,
            length=min(recipe.max_length, LENGTH),
            lora_rank=recipe.lora_rank,
            lora_targets=recipe.lora_targets,
            trained=learning,
            checkpointing=recipe.gradient_checkpointing,
        )
    except ValueError as error:
        raise FacewiseError(f"max_length {recipe.max_length} has no room for a face ({error}); raise it") from None


def _row(stage: str, learning: Sequence[str], found: DryRun) -> dict[str, str]:
    there = [name for name in learning if name in found.parameters]
    return _told(stage, ", ".join(there), found.trainable, found.memory["total"], f"at {LENGTH} tokens a row")


def _told(stage: str, learns: str, count: int, memory: int, note: str) -> dict[str, str]:
    return {"stage": stage, "learns": learns, "parameters": f"{count:,}", "memory": f"{size(memory)} {note}"}


def size(memory: int) -> str:
    return f"{memory / 1e9:.2f} GB" if memory >= 1e8 else f"{memory / 1e6:.1f} MB"
