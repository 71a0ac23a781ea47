"""How vLLM's requests become face tokens: FacewiseProcessor in the API process, one item a picture or clip.

vLLM tokenises the prompt with one placeholder for each; what stands in its place (evidence in words, face tokens) comes ready from the
processor, so a served prompt is the asked one, token by token.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from transformers import BatchFeature
from vllm.config.multimodal import MultiModalDummyOptions
from vllm.inputs import MultiModalDataDict
from vllm.multimodal.inputs import MultiModalFieldConfig, MultiModalKwargsItems
from vllm.multimodal.parse import MultiModalDataItems, MultiModalDataParser, ProcessorBatchItems
from vllm.multimodal.processing import (
    BaseDummyInputsBuilder,
    BaseMultiModalProcessor,
    BaseProcessingInfo,
    PromptReplacement,
    PromptUpdate,
    PromptUpdateDetails,
)

from ..model.errors import FacewiseError
from ..model.network.configuration import FacewiseConfig
from ..model.network.looks import LOOKED
from ..model.network.processing import FacewiseProcessor
from ..model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN, longest
from ..model.perception.moments import Moments, nobody
from .media import received_clip, received_picture
from .perceiving import SharedPerceiver

MEDIA = ("image", "video")


class Info(BaseProcessingInfo):
    """What vLLM asks about the model."""

    def get_hf_config(self) -> FacewiseConfig:
        return self.ctx.get_hf_config(FacewiseConfig)

    def get_hf_processor(self, **kwargs: object) -> FacewiseProcessor:
        """One for the process, whatever a request says: its memory of pictures is shared."""
        return self._processor

    @cached_property
    def _processor(self) -> FacewiseProcessor:
        processor = FacewiseProcessor.from_pretrained(self.ctx.model_config.model)
        processor.perceiver = SharedPerceiver(processor.perceiver)
        return processor

    def get_supported_mm_limits(self) -> Mapping[str, int | None]:
        return dict.fromkeys(MEDIA)

    def get_supported_mm_processor_kwargs(self) -> dict[str, set[str]]:
        return {}

    def get_data_parser(self) -> MultiModalDataParser:
        return Parser(self, expected_hidden_size=self._get_expected_hidden_size())

    def get_mm_max_tokens_per_item(self, seq_len: int, mm_counts: Mapping[str, int]) -> Mapping[str, int]:
        processor = self.get_hf_processor()
        most = longest(processor.perceiver, processor.look)
        return {medium: min(seq_len, tokens) for medium, tokens in most.items() if mm_counts.get(medium)}


class Items(ProcessorBatchItems):
    """Pictures or moments of clips, known to vLLM's caches by what they are."""

    def get_item_for_hash(self, index: int) -> str:
        return self.data[index].sha256


class Parser(MultiModalDataParser):
    """Pictures by our own decoder, clips watched by our own eyes."""

    def __init__(self, info: Info, **kwargs: Any):
        super().__init__(**kwargs)
        self.info = info

    def _parse_image_data(self, data: Any) -> Items | None:
        return None if data is None else Items([_told(received_picture, item) for item in _listed(data)], "image")

    def _parse_video_data(self, data: Any) -> Items | None:
        return None if data is None else Items([_told(self._clip, item) for item in _listed(data)], "video")

    def _clip(self, item: Any) -> Moments:
        perceiver = self.info.get_hf_processor().perceiver
        config = perceiver.encoder.config
        return received_clip(item, perceiver.max_faces, config.image_size, config.views)

    def _get_subparsers(self) -> Mapping[str, Any]:
        return {"image": self._parse_image_data, "video": self._parse_video_data}


class DummyInputs(BaseDummyInputsBuilder[Info]):
    """What vLLM measures memory with: a crowd, because a blank picture has no face; a clip of nobody, whose tokens Info counts."""

    def get_dummy_text(self, mm_counts: Mapping[str, int]) -> str:
        return IMAGE_TOKEN * mm_counts.get("image", 0) + VIDEO_TOKEN * mm_counts.get("video", 0)

    def get_dummy_mm_data(
        self, seq_len: int, mm_counts: Mapping[str, int], mm_options: Mapping[str, MultiModalDummyOptions]
    ) -> MultiModalDataDict:
        perceiver = self.info.get_hf_processor().perceiver
        return {
            "image": [perceiver.crowd() for _ in range(mm_counts.get("image", 0))],
            "video": [nobody() for _ in range(mm_counts.get("video", 0))],
        }


class Processor(BaseMultiModalProcessor[Info]):
    """Fields of each item: its face tokens with their kinds, the ids that replace its placeholder, and what a tower sees of its faces."""

    def _get_mm_fields_config(
        self, hf_inputs: BatchFeature, hf_processor_mm_kwargs: Mapping[str, object]
    ) -> Mapping[str, MultiModalFieldConfig]:
        fields: dict[str, MultiModalFieldConfig] = {}
        for medium in MEDIA:
            if f"{medium}_counts" in hf_inputs:
                tokens = MultiModalFieldConfig.flat_from_sizes(medium, hf_inputs[f"{medium}_counts"])
                words = MultiModalFieldConfig.flat_from_sizes(medium, hf_inputs[f"{medium}_lengths"], keep_on_cpu=True)
                counts = MultiModalFieldConfig.batched(medium, keep_on_cpu=True)
                fields |= {
                    f"{medium}_features": tokens,
                    f"{medium}_kinds": tokens,
                    f"{medium}_counts": counts,
                    f"{medium}_ids": words,
                }
            if f"{medium}_faces" in hf_inputs:
                faces = MultiModalFieldConfig.flat_from_sizes(medium, hf_inputs[f"{medium}_faces"])
                fields |= {f"{medium}_{name}": faces for name in LOOKED} | {f"{medium}_faces": counts}
        return fields

    def _get_prompt_updates(
        self, mm_items: MultiModalDataItems, hf_processor_mm_kwargs: Mapping[str, object], out_mm_kwargs: MultiModalKwargsItems
    ) -> Sequence[PromptUpdate]:
        processor = self.info.get_hf_processor()
        targets = {"image": processor.image_token_id, "video": processor.video_token_id}

        def replacement(medium: str, item: int) -> PromptUpdateDetails:
            ids: torch.Tensor = out_mm_kwargs[medium][item][f"{medium}_ids"].data
            return PromptUpdateDetails.select_token_id(ids.tolist(), processor.image_token_id)

        return [
            PromptReplacement(medium, [targets[medium]], lambda item, medium=medium: replacement(medium, item))
            for medium in MEDIA
        ]


def _listed(data: Any) -> list:
    return list(data) if isinstance(data, list) else [data]


def _told(read: Any, item: Any) -> Any:
    """What `read` makes of an item; a user's mistake becomes the ValueError that vLLM answers with 400. None: the cache has it already."""
    if item is None:
        return None
    try:
        return read(item)
    except FacewiseError as error:
        raise ValueError(str(error)) from None
