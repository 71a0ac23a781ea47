"""A model from its bases: any causal language model and any vision tower, by folder or hub id, around an evidence encoder that there is.

What is new (projectors, the tower's guidance) starts untrained. A light folder keeps that and names its bases at the revision that was read;
`facewise export` makes it whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoint import OWN_WEIGHTS
from .errors import FacewiseError

if TYPE_CHECKING:
    from .network.encoder import FaceEncoder
    from .network.modeling import FacewiseForConditionalGeneration
    from .network.processing import FacewiseProcessor

FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
TURN = ("<|im_start|>", "<|im_end|>")  # of our chat template


def assembled(
    llm: str,
    tower: str | None,
    encoder: FaceEncoder,
    views: Sequence[str] = ("rgb",),
    tokens: int = 16,
    revisions: tuple[str, str] = ("main", "main"),
) -> tuple[FacewiseForConditionalGeneration, FacewiseProcessor]:
    """`llm` and `tower` are folders or hub ids (at `revisions`); the tower sees `views` and gives `tokens` a view. The model comes in the
    bases' own number types. Raises FacewiseError for a base that cannot be had or read, or does not fit."""
    from transformers import AutoModelForCausalLM

    from .network.configuration import FacewiseConfig
    from .network.loading import load_strict
    from .network.looks import look_of
    from .network.modeling import FacewiseForConditionalGeneration
    from .network.perceive import Perceiver
    from .network.processing import FacewiseProcessor
    from .wording import CHOICES

    folder = base_folder(llm, revisions[0])
    tokenizer = base_tokenizer(folder)
    language = load_strict(AutoModelForCausalLM, folder)
    language.config.name_or_path = encoder.config.name_or_path = ""  # no path of this machine
    sees, vision = _seeing(tower, revisions[1], views, tokens)
    processor = FacewiseProcessor(tokenizer, Perceiver(encoder))
    try:
        config = FacewiseConfig(
            encoder_config=encoder.config,
            text_config=language.config,
            base_llm=_named(llm, folder),
            image_token_id=processor.image_token_id,
            verdict_ids=[tokenizer.encode(choice, add_special_tokens=False)[0] for choice in CHOICES],
            **sees,
        )
    except ValueError as error:
        raise FacewiseError(f"{tower}: {error}") from None
    processor.look = look_of(config)
    return FacewiseForConditionalGeneration.from_base(config, language, vision).eval(), processor


def write_light(model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, out: Path) -> None:
    """Own weights, config and evidence encoder; what `load_checkpoint` reads where the bases are at hand. An adapter comes beside it."""
    from safetensors.torch import save_file

    from .network.processing import EVIDENCE_FOLDER

    out.mkdir(parents=True, exist_ok=True)
    processor.perceiver.encoder.save_pretrained(out / EVIDENCE_FOLDER)
    own = {name: value.contiguous() for name, value in model.own_state_dict().items()}
    save_file(own, out / OWN_WEIGHTS, metadata={"format": "pt"})
    model.config.save_pretrained(out)  # last: a folder with a config is whole in itself


def base_folder(model: str, revision: str = "main") -> Path:
    """The folder of a base; a hub id is fetched, once. Raises FacewiseError when there is none."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download

    from .network.loading import first_line

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(FILES)))
    except (OSError, ValueError) as error:
        raise FacewiseError(f"{model}: neither a folder nor a model that can be fetched ({first_line(error)})") from None


def base_tokenizer(folder: Path) -> Any:
    """A language model's tokenizer with tokens for the places of pictures and clips, added where it has none. Raises FacewiseError for one that
    cannot be read or knows no ChatML."""
    from transformers import AddedToken, AutoTokenizer

    from .network.loading import UNREADABLE, first_line
    from .network.shown import IMAGE_TOKEN, VIDEO_TOKEN

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except UNREADABLE as error:
        raise FacewiseError(f"{folder}: no tokenizer could be read ({first_line(error)})") from None
    known = tokenizer.get_vocab()
    if lacking := [token for token in TURN if token not in known]:
        raise FacewiseError(
            f"{folder}: the tokenizer has no {', '.join(lacking)}; a language model that was taught ChatML is wanted"
        )
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    new = [AddedToken(token, special=True, normalized=False) for token in (IMAGE_TOKEN, VIDEO_TOKEN) if token not in special]
    tokenizer.add_tokens(new, special_tokens=True)  # no row of the embedding goes with them: face tokens stand in their places
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer


def base_tower(folder: Path, vision_config: Any) -> Any:
    """A vision model out of a folder that may hold its text half, too. Raises FacewiseError for one that lacks weights."""
    from transformers import AutoModel
    from transformers.utils import logging

    from .network.loading import UNREADABLE, check_keys, first_line

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # its report of the text half is a warning over many lines
    try:
        model, info = AutoModel.from_pretrained(
            folder, config=vision_config, output_loading_info=True, ignore_mismatched_sizes=True
        )
    except UNREADABLE as error:
        raise FacewiseError(f"{folder}: no vision tower could be read ({first_line(error)})") from None
    finally:
        logging.set_verbosity(verbosity)
    check_keys(str(folder), info["missing_keys"], (), [key for key, *_ in info["mismatched_keys"]])
    return model


def _seeing(tower: str | None, revision: str, views: Sequence[str], tokens: int) -> tuple[dict[str, Any], Any]:
    """The fields of a FacewiseConfig that a tower needs, and the tower."""
    if tower is None:
        return {}, None
    from transformers import AutoConfig

    from .network.loading import UNREADABLE, first_line

    folder = base_folder(tower, revision)
    try:
        config = AutoConfig.from_pretrained(folder)
        pixels = json.loads((folder / "preprocessor_config.json").read_text())
        mean, std = pixels["image_mean"], pixels["image_std"]
    except (*UNREADABLE, KeyError) as error:
        raise FacewiseError(f"{folder}: no vision tower with its picture settings could be read ({first_line(error)})") from None
    vision = getattr(config, "vision_config", config)
    if vision.model_type == "siglip_vision_model":
        vision.vision_use_head = False  # a pooling head, which nobody reads
    model = base_tower(folder, vision)
    model.config.name_or_path = ""
    named = {"vision_config": model.config, "base_tower": _named(tower, folder), "vision_mean": mean, "vision_std": std}
    return {**named, "vision_views": views, "vision_tokens": tokens}, model


def _named(model: str, folder: Path) -> dict[str, str]:
    """A hub's snapshot lies in a folder named by its commit."""
    return {"model": str(folder.resolve()), "revision": ""} if Path(model).is_dir() else {"model": model, "revision": folder.name}
