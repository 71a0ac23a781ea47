"""The rows of a batch as one sequence without padding, none of them seeing another.

Attention is computed row by row: a block-diagonal mask over the whole sequence would have all pairs of its tokens computed and nearly all thrown
away. Nothing else asks where a row ends. Positions begin anew with every row, and a token that PVTM loses leaves a gap in them.

Where rows begin alike, as with the chat template's system turn, the first of them has the common tokens and the others read them there: a token's
state hangs on what precedes it alone. Attention is computed anew, all else once. Loss and gradients are the same; only dropout is drawn once, too.
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
Parts = list[tuple[int, int]]  # start and stop of runs of tokens


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
    """From now on the model takes `row_parts`; without them it reads as before. Raises FacewiseError as check_packs does."""
    check_packs(language_model)
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, mask_of)
    language_model.set_attn_implementation(ATTENTION)


def packed_logits(
    language_model: Any, embeds_BTD: Tensor, attention_BT: Tensor, ids_BT: Tensor, counts_BT: Tensor, is_face_BT: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(logits [K, V], ids [K], counts [K]) of the K tokens that count; logits are made for no others. The first token of a row follows
    nothing and does not count."""
    next_ids, next_counts = (pad(values[:, 1:], (0, 1)) for values in (ids_BT, counts_BT))
    stays = attention_BT.bool()
    says = stays & (next_counts > 0)
    rows = torch.arange(len(ids_BT), device=ids_BT.device)
    heads = shared_heads(ids_BT, stays & ~says, is_face_BT, rows)
    return logits_of(language_model, embeds_BTD, stays, says, heads), next_ids[says], next_counts[says]


def shared_heads(ids_BT: Tensor, may_BT: Tensor, is_face_BT: Tensor, shown_B: Tensor) -> list[tuple[int, int]]:
    """Of each row which one before it begins most alike, and as how many tokens. `may_BT`: tokens that may be shared; those of faces are alike
    only between rows that are `shown` the same."""
    same_faces = (shown_B[:, None] == shown_B)[..., None] | ~is_face_BT
    alike_BBT = (ids_BT[:, None] == ids_BT) & may_BT[:, None] & may_BT & same_faces
    lengths, rows = alike_BBT.long().cumprod(-1).sum(-1).tril(-1).max(1)
    return list(zip(rows.tolist(), lengths.tolist(), strict=True))


def logits_of(
    language_model: Any, embeds_BTD: Tensor, stays_BT: Tensor, says_BT: Tensor, heads: Sequence[tuple[int, int]]
) -> Tensor:
    """[K, V] after the K tokens of `says_BT`, row by row, none of which is in a head."""
    positions = torch.arange(stays_BT.shape[1], device=stays_BT.device).expand_as(stays_BT)
    shared = torch.tensor([length for _, length in heads], device=stays_BT.device)[:, None]
    own = stays_BT & (positions >= shared)
    output = language_model(
        inputs_embeds=embeds_BTD[own][None],
        position_ids=positions[own][None],
        row_parts=laid_out(stays_BT.sum(1).tolist(), heads),
        logits_to_keep=says_BT[own].nonzero().flatten(),
        use_cache=False,
    )
    return output.logits[0]


def laid_out(lengths: Sequence[int], heads: Sequence[tuple[int, int]]) -> list[Parts]:
    """Where the tokens of each row are in the one sequence: what it reads from rows before, then its own."""
    rows: list[Parts] = []
    end = 0
    for length, (row, shared) in zip(lengths, heads, strict=True):
        rows.append([*(beginning(rows[row], shared) if shared else ()), (end, end + length - shared)])
        end += length - shared
    return rows


def beginning(parts: Parts, length: int) -> Parts:
    """The first `length` tokens."""
    found: Parts = []
    for start, stop in parts:
        if length > 0:
            found.append((start, min(stop, start + length)))
        length -= stop - start
    return found


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    row_parts: Sequence[Parts] | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """[B, heads, T, D] each -> [B, T, heads, D]; `row_parts`: where the rows lie along T."""
    if row_parts is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    said = []
    for parts in row_parts:
        row = [torch.cat([whole[:, :, start:stop] for start, stop in parts], dim=2) for whole in (query, key, value)]
        start, stop = parts[-1]
        out = sdpa_attention_forward(module, *row, None, **options)[0]
        said.append(out[:, out.shape[1] - (stop - start) :])
    return torch.cat(said, dim=1), None


def mask_of(**asked: Any) -> Tensor | None:
    """None of a whole sequence: `attend` needs no mask there, and one for all pairs of its tokens would be large."""
    if asked.get("attention_mask") is None and asked["q_length"] == asked["kv_length"]:
        return None
    return sdpa_mask(**asked)
