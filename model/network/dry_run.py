"""A preset on the meta device, where tensors have shapes and no numbers: what it holds, what of it trains, and what memory that wants.

The forward pass runs there too, so a shape that does not fit is found on a laptop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..presets import preset_config
from .configuration import FacewiseConfig
from .encoder import FaceEncoder
from .looks import look_of, tower_inputs, with_tower
from .modeling import FacewiseForConditionalGeneration
from .regions import N_REGIONS

LORA_TARGETS = ("q_proj", "v_proj")
TRAINED = ("guidance", "projector", "LoRA")
HALF, FULL = 2, 4  # bytes of a bfloat16 and of a float32


@dataclass(frozen=True)
class DryRun:
    """`shapes` by name along the way; `parameters` of each group and of the LoRA and the evidence encoder beside them; `trainable` of them;
    `memory` in bytes: weights, gradients, optimiser, activations and total (see `memory_of`)."""

    shapes: dict[str, tuple[int, ...]]
    parameters: dict[str, int]
    trainable: int
    memory: dict[str, int]


def dry_run(
    preset: str | FacewiseConfig,
    batch: int = 1,
    length: int = 1024,
    faces: int = 1,
    lora_rank: int = 16,
    lora_targets: Sequence[str] = LORA_TARGETS,
    trained: Sequence[str] = TRAINED,
    checkpointing: bool = True,
) -> DryRun:
    """A preset (or any config) at `batch` rows of `length` tokens with `faces` faces each, where the groups `trained` learn ("tower",
    "guidance", "projector", "language model", "LoRA"). Raises FacewiseError for an unknown preset and ValueError for rows that are too short."""
    config: Any = preset_config(preset) if isinstance(preset, str) else preset
    with torch.device("meta"):
        model = FacewiseForConditionalGeneration(config).eval()
        encoder = FaceEncoder(config.encoder_config)
    counts = {name: _count(values) for name, values in model.parameter_groups().items()}
    counts["LoRA"] = lora_parameters(model.language_model, lora_rank, lora_targets)
    learning = {name: count for name, count in counts.items() if name in trained}
    return DryRun(
        shapes=shapes_of(model, batch, length, faces),
        parameters=counts | {"evidence encoder": _count(encoder.parameters())},
        trainable=sum(learning.values()),
        memory=memory_of(config, counts, learning, batch, length, faces, checkpointing),
    )


@torch.no_grad()
def shapes_of(model: FacewiseForConditionalGeneration, batch: int, length: int, faces: int) -> dict[str, tuple[int, ...]]:
    """Of one forward pass of a model on the meta device: its inputs, patches and tokens of its tower, logits."""
    found: dict[str, Tensor] = dict(inputs := meta_inputs(model.config, batch, length, faces))
    if model.vision is not None:
        model.vision.guidance.register_forward_hook(lambda _, args, guided: found.update(patches=args[0], guided=guided))
        model.vision.register_forward_hook(lambda _, args, tokens: found.update(tower_tokens=tokens))
    found["logits"] = model(**inputs).logits
    return {name: tuple(value.shape) for name, value in found.items()}


def meta_inputs(config: FacewiseConfig, batch: int, length: int, faces: int) -> dict[str, Tensor]:
    """What the processor gives of a batch, as shapes. Raises ValueError when the faces' tokens do not fit into `length`."""
    encoder, look, people = config.encoder_config, look_of(config), batch * faces
    tokens = N_REGIONS + 1 + len(encoder.views) * encoder.tokens_per_view
    features, kinds = with_tower(torch.zeros(tokens, encoder.hidden_size), torch.ones(tokens, dtype=torch.long), look)
    if faces * len(kinds) > length:
        raise ValueError(f"{faces} faces have {faces * len(kinds)} tokens, a row has {length}")
    inputs = {
        "input_ids": torch.empty(batch, length, dtype=torch.long, device="meta"),
        "face_features": features.to("meta").repeat(people, 1),
        "face_kinds": kinds.to("meta").repeat(people),
    }
    looked = {} if look is None else tower_inputs([], look)
    return inputs | {name: value.new_empty((people, *value.shape[1:]), device="meta") for name, value in looked.items()}


def lora_parameters(language_model: nn.Module, rank: int, targets: Sequence[str] = LORA_TARGETS) -> int:
    """rank * (inputs + outputs) of every linear layer whose last name is among the targets."""
    chosen = [part for name, part in language_model.named_modules() if name.rpartition(".")[2] in targets]
    return sum(rank * (part.in_features + part.out_features) for part in chosen)


def memory_of(
    config: FacewiseConfig,
    counts: dict[str, int],
    learning: dict[str, int],
    batch: int,
    length: int,
    faces: int,
    checkpointing: bool,
) -> dict[str, int]:
    """An estimate in bytes for mixed-precision training with AdamW; what the allocator and kernels hold beside it is not in.

    weights: 2 a parameter that rests (bfloat16), 4 one that learns. gradients: 4, optimiser: 8 (two moments) a parameter that learns.
    activations, per token of the language model, H wide, with q query and k key heads of d, a gated MLP I wide and V words: a layer keeps
    2 (4 H + 2 q d + 2 k d + 4 I) bytes (the inputs of both norms and what they give; queries, keys, values and what attention gives; gate, up,
    the gate's activation and the product; attention itself keeps nothing, by a fused kernel); with checkpointing all layers keep
    their input, 2 H, and one at a time the rest. The logits stand in bfloat16, in float32, and have a gradient: 10 V. A tower keeps the
    same with an MLP of 2 I if it learns; else only one layer of it exists at a time.
    """
    rest = sum(count for name, count in counts.items() if name not in learning and name != "LoRA")
    trains = sum(learning.values())
    text, vision = config.text_config, config.vision_config
    activations = batch * length * (_kept(text, 4, checkpointing) + (HALF + 2 * FULL) * text.vocab_size)
    if vision is not None:
        patches = batch * faces * len(config.vision_views) * config.vision_grid**2
        activations += patches * (_kept(vision, 2, checkpointing) if "tower" in learning else _layer(vision, 2))
    parts = {
        "weights": HALF * rest + FULL * trains,
        "gradients": FULL * trains,
        "optimiser": 2 * FULL * trains,
        "activations": activations,
    }
    return parts | {"total": sum(parts.values())}


def _layer(config: Any, in_mlp: int) -> int:
    """Bytes that one layer keeps of a token."""
    width, heads = config.hidden_size, config.num_attention_heads
    keys = getattr(config, "num_key_value_heads", None) or heads
    one_head = getattr(config, "head_dim", None) or width // heads
    return HALF * (4 * width + 2 * (heads + keys) * one_head + in_mlp * config.intermediate_size)


def _kept(config: Any, in_mlp: int, checkpointing: bool) -> int:
    """Bytes that all layers keep of a token."""
    layer, layers = _layer(config, in_mlp), config.num_hidden_layers
    return layers * HALF * config.hidden_size + layer if checkpointing else layers * layer


def _count(values: Any) -> int:
    return sum(value.numel() for value in values)
