"""LoRA on the language model and nowhere else, because vLLM serves it there: plain PEFT folders that name their base and no path.

QLoRA keeps the frozen weights in 4 bits (bitsandbytes). A folder of adapters/ that was trained on the main adapter is served beside the exported
model, which has that one merged: `facewise serve OUT --enable-lora --lora-modules NAME=RUN/adapters/NAME`; a request asks for it as its `model`.
One that was trained on the base alone is for a model without the main adapter.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ...model.checkpoint import ADAPTER_PARTS
from ...model.errors import FacewiseError
from ...model.network.loading import listing
from ..recipe import Recipe

BLOCK, BLOCKS = 64, 256  # of weights that have a scale in common; of scales that have one


def with_lora(language_model: nn.Module, recipe: Recipe) -> Any:
    """A PEFT model around it, only its LoRA learning. Raises FacewiseError for a target that the model does not have."""
    from peft import LoraConfig, get_peft_model

    check_targets(language_model, recipe.lora_targets)
    lora = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha or 2 * recipe.lora_rank,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(recipe.lora_targets),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(language_model, lora)


def check_targets(language_model: nn.Module, targets: Sequence[str]) -> None:
    """Raises FacewiseError naming the linear layers that there are."""
    there = {name.rpartition(".")[2] for name, part in language_model.named_modules() if isinstance(part, nn.Linear)}
    if not targets:
        raise FacewiseError(f"lora_targets is empty; the language model has {listing(there)}")
    if unknown := [target for target in targets if target not in there]:
        raise FacewiseError(
            f"lora_targets holds {unknown[0]!r}, and the language model has no such layer; it has {', '.join(sorted(there))}"
        )


def quantisation() -> Any:
    """NF4 with double quantisation, as QLoRA has it (arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def four_bit_layers(language_model: Any) -> list[nn.Linear]:
    """Those that it is about: what gives the logits stays as it is, as embeddings and norms do."""
    last = language_model.get_output_embeddings()
    return [part for part in language_model.modules() if isinstance(part, nn.Linear) and part is not last]


def four_bit_bytes(count: int) -> int:
    """What bitsandbytes keeps of a layer of `count` weights: half a byte of each, a scale of 8 bits for every block of them, a float32 for every
    256 scales, and three tables in float32, the 16 values of NF4, the 256 of a scale, and the scales' mean."""
    blocks = -(-count // BLOCK)
    return -(-count // 2) + blocks + 4 * (-(-blocks // BLOCKS) + 16 + 256 + 1)


def save_adapter(language: Any, base_name: str, folder: Path) -> None:
    """In float16, its base by name and not by where this machine keeps it."""
    language.peft_config["default"].base_model_name_or_path = base_name
    language.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty form
    weights = folder / ADAPTER_PARTS[1]
    save_file({name: tensor.half() for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})
