"""Whether what lies in a model's folder belongs together: config, weights, evidence encoder, base and adapters, by headers and configs alone.

`facewise export` asks before it reads anything large; loading asks again, of the weights themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .checkpoint import OWN_WEIGHTS, Checkpoint
from .errors import FacewiseError
from .peft_folder import check_adapter, stored_shapes

SAME = ("model_type", "hidden_size", "vocab_size", "num_hidden_layers")  # of a base and the config that names it


def check_fit(checkpoint: Checkpoint, adapters: Sequence[Path] = ()) -> None:
    """Raises FacewiseError for the first thing that belongs to another config or another base; `adapters` beside the model's own."""
    check_encoder(checkpoint)
    model = outline(checkpoint)
    check_weights(checkpoint, model)
    own = [checkpoint.adapter] if checkpoint.adapter is not None else []
    for adapter in (*own, *adapters):
        check_adapter(adapter, model.language_model, checkpoint.config.base_llm)
    if checkpoint.config.base_llm is not None:
        check_base(checkpoint)


def outline(checkpoint: Checkpoint) -> Any:
    """The model without its numbers. Raises FacewiseError for a config that no model can be built from."""
    import torch

    from .network.loading import first_line
    from .network.modeling import FacewiseForConditionalGeneration

    try:
        with torch.device("meta"):
            return FacewiseForConditionalGeneration(checkpoint.config)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise FacewiseError(f"{checkpoint.folder}: no model can be built from its config.json ({first_line(error)})") from None


def check_encoder(checkpoint: Checkpoint) -> None:
    """Its own config must be the one that the model's names: the projector reads its tokens."""
    here, there = checkpoint.config.encoder_config, checkpoint.perceiver.encoder.config
    for name in ("hidden_size", "views", "tokens_per_view", "image_size"):
        if (wanted := getattr(here, name)) != (found := getattr(there, name)):
            raise FacewiseError(
                f"{checkpoint.folder}: the evidence encoder is of another config; its {name} is {found}, config.json says {wanted}"
            )


def check_weights(checkpoint: Checkpoint, model: Any) -> None:
    """The names and shapes of a light folder's own weights, or of all that a whole one holds."""
    from .network.loading import check_keys

    light, folder = checkpoint.config.base_llm is not None, checkpoint.folder
    found = stored_shapes(*([folder / OWN_WEIGHTS] if light else sorted(folder.glob("model*.safetensors"))))
    state = model.own_state_dict() if light else model.state_dict()
    known = {name: tuple(value.shape) for name, value in state.items()}
    mismatched = [name for name in found.keys() & known if found[name] != known[name]]
    check_keys(f"{folder}: a checkpoint of another config", known.keys() - found - tied(model), found.keys() - known, mismatched)


def tied(model: Any) -> set[str]:
    """Names whose tensor has another name, too, under which it is stored."""
    alone = {name for name, _ in model.named_parameters()} | {name for name, _ in model.named_buffers()}
    return set(model.state_dict()) - alone


def check_base(checkpoint: Checkpoint) -> None:
    from transformers import AutoConfig

    from .network.loading import UNREADABLE, first_line

    folder, wanted = checkpoint.language_folder, checkpoint.config.text_config
    try:
        base = AutoConfig.from_pretrained(folder)
    except UNREADABLE as error:
        raise FacewiseError(f"{folder}: no language model could be read ({first_line(error)})") from None
    for name in SAME:
        if (found := getattr(base, name, None)) != getattr(wanted, name, None):
            raise FacewiseError(
                f"{checkpoint.folder}: made for another base; the language model in {folder} has {name} {found}, "
                f"config.json says {getattr(wanted, name, None)}"
            )
