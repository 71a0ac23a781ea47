"""The assistant's model: any causal language model that reads a face's tokens through a small projector.

The evidence encoder is not in here: it runs once, in the processor, and its tokens come ready as `face_features`. What is ours
(projector, kind embedding, no-face token) can be saved and loaded apart from the language model, whose base weights have another home.
"""

from copy import copy
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import CausalLMOutputWithPast

from ..errors import FacewiseError
from .configuration import FacewiseConfig
from .loading import check_keys
from .regions import N_REGIONS

NO_FACE_KIND = 0
REGION_KIND = 1  # 1..9 regions, 10 global, 11 + v view v
VIEW_KIND = REGION_KIND + N_REGIONS + 1
LANGUAGE_PREFIX = "language_model."


class Projector(nn.Module):
    """Face tokens of the encoder's width -> embeddings of the language model; kind 0 is one learned embedding, "no face"."""

    def __init__(self, config: FacewiseConfig):
        super().__init__()
        face, text = config.encoder_config, config.text_config
        self.norm = nn.LayerNorm(face.hidden_size)
        self.kinds = nn.Embedding(VIEW_KIND + len(face.views), face.hidden_size)
        self.up = nn.Linear(face.hidden_size, config.projector_hidden)
        self.down = nn.Linear(config.projector_hidden, text.hidden_size)
        self.no_face = nn.Parameter(torch.zeros(text.hidden_size))

    def forward(self, features_TC: Tensor, kinds_T: Tensor) -> Tensor:
        """Features [T, C] and their kinds -> [T, D]."""
        tokens = self.norm(features_TC.to(self.up.weight.dtype)) + self.kinds(kinds_T)
        projected = self.down(nn.functional.gelu(self.up(tokens)))
        return torch.where((kinds_T == NO_FACE_KIND)[:, None], self.no_face, projected)


class FacewiseForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """`face_features` [T, C] and `face_kinds` [T] fill the image tokens of `input_ids` in order, over the whole batch."""

    config_class = FacewiseConfig
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True
    _skip_keys_device_placement: ClassVar = ["past_key_values"]

    def __init__(self, config: FacewiseConfig, language_model: PreTrainedModel | None = None):
        super().__init__(config)
        self.language_model = language_model or AutoModelForCausalLM.from_config(config.text_config)
        self.projector = Projector(config)
        self.post_init()
        self.generation_config = copy(self.language_model.generation_config)
        # A written image token would ask for features that do not exist.
        self.generation_config.suppress_tokens = [config.image_token_id]

    @classmethod
    def from_base(cls, config: FacewiseConfig, language_model: PreTrainedModel):
        """Fresh own weights around a loaded language model. Raises FacewiseError when it is not the config's."""
        for size in ("model_type", "hidden_size", "vocab_size"):
            wanted, found = getattr(config.text_config, size), getattr(language_model.config, size)
            if wanted != found:
                raise FacewiseError(f"the language model has {size} {found}, the config wants {wanted}")
        for module in language_model.modules():
            module._is_hf_initialized = True  # or post_init draws its weights anew
        return cls(config, language_model)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        face_features: Tensor | None = None,
        face_kinds: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """The language model's output; `labels` [B, T] give its loss. Raises ValueError when tokens and features differ in
        number, also when one of both is absent."""
        if inputs_embeds is None:
            inputs_embeds = self.embed(input_ids, face_features, face_kinds)
        elif face_features is not None:
            raise ValueError("face_features need input_ids, inputs_embeds have no image tokens")
        return self.language_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            labels=labels,
            logits_to_keep=logits_to_keep,
            **kwargs,
        )

    def embed(self, input_ids: Tensor, face_features: Tensor | None = None, face_kinds: Tensor | None = None) -> Tensor:
        """Token embeddings [B, T, D] with the face tokens in the places of the image tokens."""
        is_face = input_ids == self.config.image_token_id
        places, given = int(is_face.sum()), 0 if face_features is None else len(face_features)
        if places != given:
            raise ValueError(f"{places} image tokens in the text, {given} face features")
        # The image token's own row may lie outside the embedding; any row will do, it is overwritten.
        embeds = self.get_input_embeddings()(input_ids.masked_fill(is_face, 0))
        if not places:
            return embeds
        tokens = self.projector(face_features.to(embeds.device), face_kinds.to(embeds.device))
        return embeds.masked_scatter(is_face[..., None], tokens.to(embeds.dtype))

    def prepare_inputs_for_generation(self, input_ids, face_features=None, face_kinds=None, **kwargs):
        """Features go with the prompt; later steps read them from the cache."""
        inputs = super().prepare_inputs_for_generation(input_ids, **kwargs)
        if kwargs.get("is_first_iteration") or not kwargs.get("use_cache", True):
            inputs |= {"face_features": face_features, "face_kinds": face_kinds}
        return inputs

    def _expand_inputs_for_generation(self, expand_size=1, input_ids=None, face_features=None, face_kinds=None, **kwargs):
        """Beams and several answers to a prompt: features are flat over the batch and repeat row by row, not one by one."""
        if expand_size > 1 and face_features is not None:
            counts = (input_ids == self.config.image_token_id).sum(1).tolist()
            face_features = repeated_rows(face_features, counts, expand_size)
            face_kinds = repeated_rows(face_kinds, counts, expand_size)
        input_ids, kwargs = super()._expand_inputs_for_generation(expand_size, input_ids=input_ids, **kwargs)
        return input_ids, kwargs | {"face_features": face_features, "face_kinds": face_kinds}

    def own_state_dict(self) -> dict[str, Tensor]:
        """Everything but the language model."""
        return {k: v for k, v in self.state_dict().items() if not k.startswith(LANGUAGE_PREFIX)}

    def load_own_state_dict(self, state: dict[str, Tensor], where: str = "own weights") -> None:
        """The counterpart of `own_state_dict`, strict. Raises FacewiseError naming keys and `where` they come from."""
        own = self.own_state_dict()
        mismatched = [key for key in own.keys() & state.keys() if own[key].shape != state[key].shape]
        check_keys(where, own.keys() - state.keys(), state.keys() - own.keys(), mismatched)
        self.load_state_dict(state, strict=False)

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        return self.language_model.get_output_embeddings()

    def set_output_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_output_embeddings(value)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, Projector):
            init.normal_(module.no_face, std=0.02)


def repeated_rows(flat_T: Tensor, counts: list[int], times: int) -> Tensor:
    """Entries that belong to rows of `counts` entries each, every row `times` times in place."""
    return torch.cat([part for row in flat_T.split(counts) for part in [row] * times])
