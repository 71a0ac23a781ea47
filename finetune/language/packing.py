"""The rows of a batch as one sequence without padding, none of them seeing another.

Attention is computed row by row: a block-diagonal mask over the whole sequence would have all pairs of its tokens computed and nearly all thrown
away. Nothing else asks where a row ends. Positions begin anew with every row, and a token that PVTM loses leaves a gap in them.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from ...model.errors import FacewiseError

ATTENTION = "facewise_rows"  # by this name transformers finds `attend`


def check_packs(language_model: Any) -> None:
    """Raises FacewiseError for a model in which a row's tokens see each other otherwise than by plain attention."""
    config = language_model.config
    layers = {*(getattr(config, "layer_types", None) or ())} - {"full_attention"}
    if layers or getattr(config, "sliding_window", None) or config._attn_implementation not in ("sdpa", ATTENTION):
        kinds = ", ".join(sorted(layers)) or config._attn_implementation
        raise FacewiseError(
            f"packing wants plain attention in every layer, and this {config.model_type} has another ({kinds}); give --packing false"
        )


def read_rows_apart(language_model: Any) -> None:
    """From now on the model takes `row_lengths`; without them it reads as before. Raises FacewiseError as check_packs does."""
    check_packs(language_model)
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, mask_of)
    language_model.set_attn_implementation(ATTENTION)


def packed_logits(
    language_model: Any, embeds_BTD: Tensor, attention_BT: Tensor, ids_BT: Tensor, counts_BT: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(logits [1, K, V], ids [1, K], counts [1, K]) of the K tokens that count; logits are made for no others. The first token of a row follows
    nothing and does not count."""
    stays = attention_BT.bool()
    positions = torch.arange(stays.shape[1], device=stays.device).expand_as(stays)
    next_ids, next_counts = (pad(values[:, 1:], (0, 1))[stays][None] for values in (ids_BT, counts_BT))
    says = (next_counts[0] > 0).nonzero().flatten()
    logits = language_model(
        inputs_embeds=embeds_BTD[stays][None],
        position_ids=positions[stays][None],
        row_lengths=stays.sum(1).tolist(),
        logits_to_keep=says,
        use_cache=False,
    ).logits
    return logits, next_ids[:, says], next_counts[:, says]


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    row_lengths: Sequence[int] | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """[B, heads, T, D] each -> [B, T, heads, D]; the rows lie one after another along T."""
    if row_lengths is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    rows = zip(*(whole.split(list(row_lengths), dim=2) for whole in (query, key, value)), strict=True)
    return torch.cat([sdpa_attention_forward(module, *row, None, **options)[0] for row in rows], dim=1), None


def mask_of(**asked: Any) -> Tensor | None:
    """None of a whole sequence: `attend` needs no mask there, and one for all pairs of its tokens would be large."""
    if asked.get("attention_mask") is None and asked["q_length"] == asked["kv_length"]:
        return None
    return sdpa_mask(**asked)
