"""The assistant's model and the judgement-weighted loss of its answers as one module, as a Trainer wants it.

The loss is the sum over rows of each row's mean; who calls divides by all rows of a step (answer_trainer.py), so that a step of several
batches is the step of the large one.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers.modeling_layers import GradientCheckpointingLayer

from ...model.network.modeling import FacewiseForConditionalGeneration
from .consistency import consistency_loss
from .packing import packed_logits, read_rows_apart
from .token_masking import kept_attention, question_mask


class WithLoss(nn.Module):
    """`pvtm_keep` and `pvtm_drop` as in token_masking.py; nothing is masked in evaluation mode or with a drop of 0.
    `consistency`: the weight of consistency.py's loss, in training. `packing`: see packing.py; it changes no loss."""

    def __init__(
        self,
        model: FacewiseForConditionalGeneration,
        pvtm_keep: float = 1.0,
        pvtm_drop: float = 0.0,
        consistency: float = 0.0,
        packing: bool = False,
    ):
        super().__init__()
        self.model, self.pvtm_keep, self.pvtm_drop = model, pvtm_keep, pvtm_drop
        self.consistency, self.packing = consistency, packing
        if packing:
            read_rows_apart(model.language_model)

    def train(self, mode: bool = True):
        """Layers that are computed twice to spare memory are so while they think that they train, also where they rest in evaluation mode; their parts,
        dropout among them, stay as they are."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, GradientCheckpointingLayer) and part.gradient_checkpointing:
                part.training = mode
        return self

    def state_dict(self, *args, **kwargs) -> dict[str, Tensor]:
        """What trains, and nothing else: a checkpoint without the frozen 135M is two hundred times smaller."""
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name in self._trained}

    def load_state_dict(self, state_dict: Mapping[str, Tensor], *args, **kwargs):
        """The counterpart: strict in what trains, while what is frozen stays as it was built."""
        frozen = {name: value for name, value in super().state_dict().items() if name not in self._trained}
        return super().load_state_dict({**frozen, **state_dict})

    @property
    def _no_split_modules(self) -> list[str]:
        """What FSDP gathers at a time: the layers that the bases name."""
        return sorted(self.model._no_split_modules or ())

    @property
    def _trained(self) -> set[str]:
        return {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        counts: Tensor,
        face_features: Tensor | None = None,
        face_kinds: Tensor | None = None,
        pairs: dict[str, Tensor] | None = None,
        **looked: Tensor,
    ) -> dict[str, Tensor]:
        embeds = self.model.embed(input_ids, face_features, face_kinds, **looked)
        is_face = input_ids == self.model.config.image_token_id
        if self.training and self.pvtm_drop and face_features is not None:
            question = question_mask(is_face, counts, attention_mask)
            attention_mask = kept_attention(embeds, is_face, question, attention_mask, self.pvtm_keep, self.pvtm_drop)
        given = (self.model.language_model, embeds, attention_mask, input_ids, counts)
        said = weighed(*packed_logits(*given, is_face)) if self.packing else counted(*padded_logits(*given))
        loss = said + 0.0 * self._touched(embeds)
        if self.training and self.consistency and pairs:
            loss = loss + self.consistency * consistency_loss(self.model, pairs, self.packing)
        return {"loss": loss}

    def _touched(self, embeds: Tensor) -> Tensor:
        """All that trains takes part in every batch, also in one of texts alone: processes that share gradients wait for each other's."""
        own = (value for name, value in self.model.named_parameters() if value.requires_grad and not name.startswith("language"))
        return sum((value.sum() for value in own), embeds.new_zeros(()))


def padded_logits(
    language_model: Any, embeds_BTD: Tensor, attention_BT: Tensor, ids_BT: Tensor, counts_BT: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """(logits [B, K, V], ids [B, K], counts [B, K]) of the K places at which any row says what counts; a vocabulary's logits are a fifth of a small
    model's work."""
    says = (counts_BT[:, 1:] > 0).any(0).nonzero().flatten()
    given = {"inputs_embeds": embeds_BTD, "attention_mask": attention_BT, "logits_to_keep": says}
    return language_model(**given, use_cache=False).logits, ids_BT[:, says + 1], counts_BT[:, says + 1]


def counted(logits_BKV: Tensor, ids_BK: Tensor, counts_BK: Tensor) -> Tensor:
    """Sum of the cross-entropies of tokens times what they count."""
    scored = counts_BK > 0
    return weighed(logits_BKV[scored], ids_BK[scored], counts_BK[scored])


def weighed(logits_KV: Tensor, ids_K: Tensor, counts_K: Tensor) -> Tensor:
    """The same of tokens that all count."""
    return (cross_entropy(logits_KV.float(), ids_K, reduction="none") * counts_K).sum()
