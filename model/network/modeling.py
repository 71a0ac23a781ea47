"""The assistant's model: any causal language model that reads a face's tokens through a small projector.

The evidence encoder is not in here: it runs once, in the processor, and its tokens come ready as `face_features`; a larger preset's own tower
runs here (tower.py). What is ours can be saved and loaded apart from the base weights, which have another home.
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
from .loading import check_keys, listing
from .looks import FACE_INPUTS, LOOKED, TOWER_KIND, row_sizes
from .regions import N_REGIONS, GuidedCrossAttention, RegionProjector, draw_weights
from .tower import FaceTower, face_embeddings

NO_FACE_KIND = 0
REGION_KIND = 1  # 1..9 regions, 10 global, 11 + v view v
VIEW_KIND = REGION_KIND + N_REGIONS + 1
LANGUAGE_PREFIX = "language_model."
TOWER_PREFIX = "vision.tower."
SAMPLING = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}


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
    """`face_features` [T, C] and `face_kinds` [T] fill the image tokens of `input_ids` in order, over the whole batch; `pixel_values` and the
    rest of looks.LOOKED are the faces of the batch as a tower of its own sees them, flat and in the same order."""

    config_class = FacewiseConfig
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True
    _skip_keys_device_placement: ClassVar = ["past_key_values"]

    def __init__(
        self,
        config: FacewiseConfig,
        language_model: PreTrainedModel | None = None,
        vision_model: PreTrainedModel | None = None,
    ):
        super().__init__(config)
        self.language_model = language_model or AutoModelForCausalLM.from_config(config.text_config)
        self.projector = Projector(config)
        self.vision = None if config.vision_config is None else FaceTower(config, vision_model)
        self._frozen: set[str] = set()
        self.post_init()
        self.generation_config = copy(self.language_model.generation_config)
        self.generation_config.update(**SAMPLING)  # answers are greedy, whatever the base was released with
        # A written image token would ask for features that do not exist.
        self.generation_config.suppress_tokens = [config.image_token_id]

    @classmethod
    def from_base(cls, config: FacewiseConfig, language_model: PreTrainedModel, vision_model: PreTrainedModel | None = None):
        """Fresh own weights around a loaded language model and, for a config with a tower, a loaded vision model. Raises FacewiseError when
        they are not the config's."""
        _check_same("language model", config.text_config, language_model, ("model_type", "hidden_size", "vocab_size"))
        bases = [language_model]
        if config.vision_config is not None and vision_model is not None:
            shape = ("model_type", "hidden_size", "image_size", "patch_size")
            _check_same("vision tower", config.vision_config, vision_model, shape)
            bases.append(vision_model)
        for module in (module for base in bases for module in base.modules()):
            module._is_hf_initialized = True  # or post_init draws its weights anew
        return cls(config, language_model, vision_model)

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
        pixel_values: Tensor | None = None,
        points: Tensor | None = None,
        deviation: Tensor | None = None,
        pose: Tensor | None = None,
        has_landmarks: Tensor | None = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """The language model's output; `labels` [B, T] give its loss. Raises ValueError when tokens and features differ in
        number, also when one of both is absent."""
        if inputs_embeds is None:
            looked = dict(zip(LOOKED, (pixel_values, points, deviation, pose, has_landmarks), strict=True))
            inputs_embeds = self.embed(input_ids, face_features, face_kinds, **({} if pixel_values is None else looked))
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

    def embed(
        self, input_ids: Tensor, face_features: Tensor | None = None, face_kinds: Tensor | None = None, **looked: Tensor
    ) -> Tensor:
        """Token embeddings [B, T, D] with the face tokens in the places of the image tokens."""
        is_face = input_ids == self.config.image_token_id
        given = 0 if face_features is None else len(face_features)
        places = given if is_face.is_meta else int(is_face.sum())  # a dry run has shapes and no ids to count
        if places != given:
            raise ValueError(f"{places} image tokens in the text, {given} face features")
        # The image token's own row may lie outside the embedding; any row will do, it is overwritten.
        embeds = self.get_input_embeddings()(input_ids.masked_fill(is_face, 0))
        if not places:
            return embeds
        here = {name: values.to(embeds.device) for name, values in looked.items()}
        features, kinds = face_features.to(embeds.device), face_kinds.to(embeds.device)
        self._check_tower(kinds, here)
        tokens = face_embeddings(self.projector, self.vision, features, kinds, here)
        return embeds.masked_scatter(is_face[..., None], tokens.to(embeds.dtype))

    def _check_tower(self, kinds_T: Tensor, looked: dict[str, Tensor]) -> None:
        if kinds_T.is_meta:
            return
        faces = len(looked["pixel_values"]) if looked and self.vision is not None else 0
        wanted, given = int((kinds_T >= TOWER_KIND).sum()), faces * len(self.config.vision_views) * self.config.vision_tokens
        if wanted != given:
            raise ValueError(f"{wanted} tokens of a tower in the text, {given} from the faces that it sees")

    def prepare_inputs_for_generation(self, input_ids, **kwargs):
        """Faces go with the prompt; later steps read them from the cache."""
        faces = {name: kwargs.pop(name, None) for name in FACE_INPUTS}
        inputs = super().prepare_inputs_for_generation(input_ids, **kwargs)
        is_first = kwargs.get("is_first_iteration") or not kwargs.get("use_cache", True)
        return inputs | (faces if is_first else {})

    def _expand_inputs_for_generation(self, expand_size=1, input_ids=None, **kwargs):
        """Beams and several answers to a prompt: faces are flat over the batch and repeat row by row, not one by one."""
        faces = {name: value for name in FACE_INPUTS if (value := kwargs.pop(name, None)) is not None}
        if expand_size > 1 and faces:
            counts = (input_ids == self.config.image_token_id).sum(1).tolist()
            sizes = row_sizes(faces, counts, self.config.vision_tokens)
            faces = {name: repeated_rows(values, sizes[name], expand_size) for name, values in faces.items()}
        input_ids, kwargs = super()._expand_inputs_for_generation(expand_size, input_ids=input_ids, **kwargs)
        return input_ids, kwargs | faces

    @property
    def groups(self) -> dict[str, list[nn.Module]]:
        """The parts that train or rest together, by name: "projector" and "language model", in a larger preset also "tower" and "guidance"."""
        parts = {"projector": [self.projector], "language model": [self.language_model]}
        if self.vision is None:
            return parts
        parts["projector"].append(self.vision.projector)
        return {"tower": [self.vision.tower], "guidance": [self.vision.region_projector, self.vision.guidance], **parts}

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The parameters of each of `groups`; together they are all, each once."""
        return {name: [value for part in parts for value in part.parameters()] for name, parts in self.groups.items()}

    def freeze(self, *groups: str) -> None:
        """These groups rest from now on, in evaluation mode whatever the rest does; groups frozen before and not named now learn again.
        Raises FacewiseError for an unknown name."""
        known = self.parameter_groups()
        if unknown := {*groups} - known.keys():
            raise FacewiseError(f"no part of the model is named {listing(unknown)}; there are {', '.join(known)}")
        for name in {*groups} | self._frozen:
            for parameter in known[name]:
                parameter.requires_grad_(name not in groups)
        self._frozen = {*groups}
        self.train(self.training)

    def train(self, mode: bool = True):
        super().train(mode)
        for name in self._frozen:
            for part in self.groups[name]:
                part.eval()
        return self

    def save_pretrained(self, save_directory: Any, **kwargs: Any) -> None:
        """Under the names that the modules have here: transformers would give some towers' weights back their old ones, which vLLM cannot read."""
        super().save_pretrained(save_directory, **{"save_original_format": False, **kwargs})

    def own_state_dict(self) -> dict[str, Tensor]:
        """Everything but the language model, and but the tower where the config says that its weights are another's."""
        others = (LANGUAGE_PREFIX, TOWER_PREFIX) if self.config.base_tower is not None else LANGUAGE_PREFIX
        return {k: v for k, v in self.state_dict().items() if not k.startswith(others)}

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
        elif isinstance(module, RegionProjector | GuidedCrossAttention):
            draw_weights(module, std=0.02)


def _check_same(what: str, wanted: Any, model: PreTrainedModel, sizes: tuple[str, ...]) -> None:
    for size in sizes:
        if getattr(wanted, size) != (found := getattr(model.config, size)):
            raise FacewiseError(f"the {what} has {size} {found}, the config wants {getattr(wanted, size)}")


def repeated_rows(flat_T: Tensor, counts: list[int], times: int) -> Tensor:
    """Entries that belong to rows of `counts` entries each, every row `times` times in place."""
    return torch.cat([part for row in flat_T.split(counts) for part in [row] * times])
