"""What a training of words starts from: language model, tower if there is one, a fresh projector, and the processor with the run's own encoder."""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from ...model import base_llm
from ...model.assembly import assembled, base_folder, base_tokenizer
from ...model.errors import FacewiseError
from ...model.network.configuration import FacewiseConfig
from ...model.network.encoder import FaceEncoder
from ...model.network.loading import first_line
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.perceive import Perceiver
from ...model.network.processing import FacewiseProcessor
from ...model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN
from ...model.wording import CHOICES
from ..recipe import Recipe
from .adapters import quantisation


def started(recipe: Recipe, encoder: FaceEncoder) -> tuple[FacewiseForConditionalGeneration, FacewiseProcessor]:
    """Drawn anew from the recipe's seed. Raises FacewiseError for a base that cannot be had."""
    torch.manual_seed(recipe.seed)
    named = recipe.base_llm
    if "package" in named:
        return _on_package(recipe, encoder)
    revisions = (recipe.llm_revision, recipe.tower_revision)
    model, processor = assembled(named["model"], recipe.base_tower, encoder, recipe.tower_views, revisions=revisions)
    if recipe.load_in_4bit:
        folder = base_folder(**named)
        model.language_model = AutoModelForCausalLM.from_pretrained(
            folder, quantization_config=quantisation(), dtype=torch.bfloat16
        )
    return model, processor


def _on_package(recipe: Recipe, encoder: FaceEncoder) -> tuple[FacewiseForConditionalGeneration, FacewiseProcessor]:
    folder = base_llm.prepared(**recipe.base_llm, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN))
    processor = FacewiseProcessor(base_tokenizer(folder), Perceiver(encoder))
    options: dict[str, Any] = {"quantization_config": quantisation()} if recipe.load_in_4bit else {}
    language = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **options)
    config = assistant_config(recipe, encoder, processor, language)
    return FacewiseForConditionalGeneration.from_base(config, language), processor


def assistant_config(recipe: Recipe, encoder: FaceEncoder, processor: FacewiseProcessor, language: Any) -> FacewiseConfig:
    encoder.config.name_or_path, language.config.name_or_path = "", recipe.base_llm_package  # no path of this machine
    return FacewiseConfig(
        encoder_config=encoder.config,
        text_config=language.config,
        base_llm=recipe.base_llm,
        image_token_id=processor.image_token_id,
        verdict_ids=[processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in CHOICES],
    )


def language_folder(recipe: Recipe) -> Path:
    """Where the base's weights and tokenizer are. Raises FacewiseError for one that cannot be had."""
    named = recipe.base_llm
    return base_folder(**named) if "model" in named else base_llm.prepared(**named, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN))


def base_configs(recipe: Recipe) -> tuple[Any, Any]:
    """Those of the language model and of the tower, or None, without their weights. Raises FacewiseError for a base that cannot be had."""
    text = _config(language_folder(recipe))
    if recipe.base_tower is None:
        return text, None
    found = _config(base_folder(recipe.base_tower, recipe.tower_revision))
    vision = getattr(found, "vision_config", found)
    if vision.model_type == "siglip_vision_model":
        vision.vision_use_head = False  # as in assembly.py
    return text, vision


def _config(folder: Path) -> Any:
    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise FacewiseError(f"{folder}: no model that transformers knows ({first_line(error)})") from None
