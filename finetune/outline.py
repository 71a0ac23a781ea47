"""What a training is going to do, as a table, before it begins: each stage, what learns in it, how many numbers that are, the memory that it wants.

Made of the bases' configs on the meta device, so that a layer which does not exist is told before anything large is read. The memory is counted
by model/network/dry_run.py, with the weights that rest as this recipe keeps them.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from ..model.errors import FacewiseError
from ..model.network.configuration import FaceEncoderConfig, FacewiseConfig
from ..model.network.dry_run import FULL, HALF, DryRun, dry_run
from ..model.network.encoder import FaceEncoder
from .language.adapters import check_targets, four_bit_bytes, four_bit_layers
from .language.packing import check_packs
from .language.stages import ALIGNED
from .recipe import Recipe
from .training_arguments import precision

BYTES_A_NUMBER = 16  # that learns in float32 with AdamW: itself, its gradient, two moments
LENGTH = 512  # tokens of a row that the memory is told for, about the longest of a picture
COLUMNS = ("stage", "learns", "parameters", "memory")
NOT_COUNTED = (
    "memory is counted by formula, activations as in bfloat16; beside it come those of the encoder's stage, weights that are put into other "
    "numbers while a layer computes (out of 4 bits, too), and what kernels and the allocator hold"
)


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
    stages: list[tuple[str, Sequence[str]]] = [("align", ALIGNED)] if "align" in recipe.stages else []
    if "instruct" in recipe.stages:
        stages += [("instruct", ("LoRA", *recipe.trained)), *((f"adapter {name}", ("LoRA",)) for name in recipe.adapter_tasks)]
    for stage, learning in stages:
        found = _dry(recipe, config, learning)
        rows.append(_row(stage, learning, found, memory(recipe, language, found)))
    return rows


def memory(recipe: Recipe, language: Any, found: DryRun) -> dict[str, int]:
    """The parts of a dry run's memory in bytes. It counts two of each weight that rests, and fewer stand in 4 bits, more where numbers are full:
    on the package's language model, and with the precision float32."""
    rest = (found.memory["weights"] - FULL * found.trainable) // HALF
    quantised = [layer.weight.numel() for layer in four_bit_layers(language)] if recipe.load_in_4bit else []
    is_full = "package" in recipe.base_llm or (precision(recipe) == "float32" and not recipe.load_in_4bit)
    resting = (FULL if is_full else HALF) * (rest - sum(quantised)) + sum(map(four_bit_bytes, quantised))
    parts = {name: count for name, count in found.memory.items() if name != "total"}
    return parts | {"weights": resting + FULL * found.trainable}


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
    told = ["  ".join(line[name].ljust(widths[name]) for name in COLUMNS).rstrip() for line in lines]
    return "\n".join([*told, NOT_COUNTED])


def _encoder_row(recipe: Recipe, config: FaceEncoderConfig) -> dict[str, str]:
    with torch.device("meta"):
        encoder = FaceEncoder(config)
    learning = encoder.expression if recipe.encoder_frozen else encoder
    count = sum(value.numel() for value in learning.parameters())
    times = f" x {recipe.encoder_folds + 1} encoders" if recipe.encoder_folds > 1 else ""
    learns = "the expression head" if recipe.encoder_frozen else "all of it"
    if recipe.authenticity_epochs:
        learns += ", expressions and authenticity one after the other"
    return _told(f"encoder{times}", learns, count, f"{size(BYTES_A_NUMBER * count)} and activations")


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


def _row(stage: str, learning: Sequence[str], found: DryRun, parts: dict[str, int]) -> dict[str, str]:
    there = [name for name in learning if name in found.parameters]
    told = ", ".join(f"{name} {size(count)}" for name, count in parts.items())
    return _told(stage, ", ".join(there), found.trainable, f"{size(sum(parts.values()))} at {LENGTH} tokens a row: {told}")


def _told(stage: str, learns: str, count: int, memory: str) -> dict[str, str]:
    return {"stage": stage, "learns": learns, "parameters": f"{count:,}", "memory": memory}


def size(memory: int) -> str:
    return f"{memory / 1e9:.2f} GB" if memory >= 1e8 else f"{memory / 1e6:.1f} MB"
