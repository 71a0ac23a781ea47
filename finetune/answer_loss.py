"""The assistant's model and the judgement-weighted loss of its answers as one module, as a Trainer wants it.

The loss is the sum over rows of each row's mean; who calls divides by all rows of a step (answer_trainer.py), so that a step of several
batches is the step of the large one.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..model.network.modeling import FacewiseForConditionalGeneration
from .token_masking import kept_attention, question_mask


class WithLoss(nn.Module):
    """`pvtm_keep` and `pvtm_drop` as in token_masking.py; nothing is masked in evaluation mode or with a drop of 0."""

    def __init__(self, model: FacewiseForConditionalGeneration, pvtm_keep: float = 1.0, pvtm_drop: float = 0.0):
        super().__init__()
        self.model, self.pvtm_keep, self.pvtm_drop = model, pvtm_keep, pvtm_drop

    def state_dict(self, *args, **kwargs) -> dict[str, Tensor]:
        """What trains, and nothing else: a checkpoint without the frozen 135M is two hundred times smaller."""
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name in self._trained}

    def load_state_dict(self, state_dict: Mapping[str, Tensor], *args, **kwargs):
        """The counterpart: strict in what trains, while what is frozen stays as it was built."""
        frozen = {name: value for name, value in super().state_dict().items() if name not in self._trained}
        return super().load_state_dict({**frozen, **state_dict})

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
        **looked: Tensor,
    ) -> dict[str, Tensor]:
        embeds = self.model.embed(input_ids, face_features, face_kinds, **looked)
        if self.training and self.pvtm_drop and face_features is not None:
            is_face = input_ids == self.model.config.image_token_id
            question = question_mask(is_face, counts, attention_mask)
            attention_mask = kept_attention(embeds, is_face, question, attention_mask, self.pvtm_keep, self.pvtm_drop)
        says = (counts[:, 1:] > 0).any(0).nonzero().flatten()  # a vocabulary's logits are a fifth of a small model's work
        inputs = {"inputs_embeds": embeds, "attention_mask": attention_mask, "logits_to_keep": says}
        logits = self.model.language_model(**inputs, use_cache=False).logits
        return {"loss": counted(logits, input_ids[:, says + 1], counts[:, says + 1]) + 0.0 * self._touched(embeds)}

    def _touched(self, embeds: Tensor) -> Tensor:
        """All that trains takes part in every batch, also in one of texts alone: processes that share gradients wait for each other's."""
        own = (value for name, value in self.model.named_parameters() if value.requires_grad and not name.startswith("language"))
        return sum((value.sum() for value in own), embeds.new_zeros(()))


def counted(logits_BKV: Tensor, ids_BK: Tensor, counts_BK: Tensor) -> Tensor:
    """Sum of the cross-entropies of tokens times what they count."""
    scored = counts_BK > 0
    losses = cross_entropy(logits_BKV[scored].float(), ids_BK[scored], reduction="none")
    return (losses * counts_BK[scored]).sum()
