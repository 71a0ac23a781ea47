"""The assistant inside vLLM: our projector, and a larger preset's own tower, in front of any language model that vLLM knows.

The tower is the module of model/network/, whole on every rank of a tensor-parallel group, like the projector.
"""

from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
from vllm.config import VllmConfig
from vllm.model_executor.models.interfaces import MultiModalEmbeddings, SupportsLoRA, SupportsMultiModal, SupportsPP
from vllm.model_executor.models.module_mapping import MultiModelKeys
from vllm.model_executor.models.utils import AutoWeightsLoader, WeightsMapper, init_vllm_registered_model, maybe_prefix
from vllm.multimodal import MULTIMODAL_REGISTRY
from vllm.sequence import IntermediateTensors

from ..model.network.looks import LOOKED
from ..model.network.modeling import Projector
from ..model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN
from ..model.network.tower import FaceTower, face_embeddings
from .vllm_processing import MEDIA, DummyInputs, Info, Processor


@MULTIMODAL_REGISTRY.register_processor(Processor, info=Info, dummy_inputs=DummyInputs)
class FacewiseForVllm(nn.Module, SupportsMultiModal, SupportsLoRA, SupportsPP):
    """FacewiseForConditionalGeneration's weights under the same names; LoRA folders are made for the language model alone."""

    packed_modules_mapping: ClassVar = {
        "qkv_proj": ["q_proj", "k_proj", "v_proj"],
        "gate_up_proj": ["gate_proj", "up_proj"],
    }
    hf_to_vllm_mapper = WeightsMapper(
        orig_to_new_prefix={"model.": "language_model.model.", "lm_head.": "language_model.lm_head."}
    )

    @classmethod
    def get_placeholder_str(cls, modality: str, i: int) -> str | None:
        return {"image": IMAGE_TOKEN, "video": VIDEO_TOKEN}.get(modality)

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = ""):
        super().__init__()
        self.config = vllm_config.model_config.hf_config
        text = self.config.text_config
        self.configure_mm_token_handling(text.vocab_size, [self.config.image_token_id])
        with self._mark_tower_model(vllm_config, set(MEDIA)):
            self.projector = Projector(self.config)
            self.vision = None if self.config.vision_config is None else FaceTower(self.config)
        # A language model that was built from its config alone does not name its class.
        architectures = text.architectures or [MODEL_FOR_CAUSAL_LM_MAPPING_NAMES[text.model_type]]
        with self._mark_language_model(vllm_config):
            self.language_model = init_vllm_registered_model(
                vllm_config, hf_config=text, prefix=maybe_prefix(prefix, "language_model"), architectures=architectures
            )
        self.make_empty_intermediate_tensors = self.language_model.make_empty_intermediate_tensors

    def embed_multimodal(self, **fields: Tensor) -> MultiModalEmbeddings:
        """Face tokens of pictures or clips and what the tower sees of their faces, flat in their order, and how many tokens each has
        -> one [tokens, D] each."""
        embeddings: list[Tensor] = []
        for medium in MEDIA:
            if f"{medium}_features" in fields:
                looked = {name: fields[f"{medium}_{name}"] for name in LOOKED if f"{medium}_{name}" in fields}
                features, kinds = fields[f"{medium}_features"], fields[f"{medium}_kinds"]
                tokens = face_embeddings(self.projector, self.vision, features, kinds, looked)
                embeddings += tokens.split(fields[f"{medium}_counts"].flatten().tolist())
        return embeddings

    def forward(
        self,
        input_ids: Tensor | None,
        positions: Tensor,
        intermediate_tensors: IntermediateTensors | None = None,
        inputs_embeds: Tensor | None = None,
        **_: object,
    ) -> Tensor | IntermediateTensors:
        if intermediate_tensors is not None:
            inputs_embeds = None
        return self.language_model(input_ids, positions, intermediate_tensors, inputs_embeds)

    def compute_logits(self, hidden_states: Tensor) -> Tensor | None:
        """A written image token would ask for features that do not exist."""
        logits = self.language_model.compute_logits(hidden_states)
        if logits is not None and self.config.image_token_id < logits.shape[-1]:
            logits[..., self.config.image_token_id] = -torch.inf
        return logits

    def load_weights(self, weights: Iterable[tuple[str, Tensor]]) -> set[str]:
        return AutoWeightsLoader(self).load_weights(weights)

    def get_mm_mapping(self) -> MultiModelKeys:
        ours = ["projector"] if self.vision is None else ["projector", "vision"]
        return MultiModelKeys.from_string_field(language_model="language_model", connector="projector", tower_model=ours)
