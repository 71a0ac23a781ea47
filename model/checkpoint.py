"""From a model's name to a loaded model: `default`, or a folder that training or `facewise export` wrote.

A folder is either whole (tokenizer and all weights, what transformers and vLLM load) or light: own weights only, with the base language
model (and a larger preset's base tower) named in the config and its adapter beside it. The embedded default is light. Every key is accounted
for, or loading fails.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import FacewiseError
from .peft_folder import ADAPTER_PARTS as ADAPTER_PARTS
from .peft_folder import adapted, check_adapter

DEFAULT = "facewise-135m"
ENGINES = ("hf", "vllm", "fake")
OWN_WEIGHTS = "model.safetensors"
ADAPTER = "adapter"
RECIPE = "recipe.yaml"  # of the training run that a folder is
SERVERS = ("http://", "https://")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model's folder and the parts in it, each loaded when first asked for."""

    name: str
    folder: Path

    @cached_property
    def config(self):
        from .network.configuration import FacewiseConfig
        from .network.loading import load_config

        return load_config(FacewiseConfig, self.folder)

    @cached_property
    def perceiver(self):
        from .network.encoder import FaceEncoder
        from .network.loading import load_strict
        from .network.perceive import Perceiver
        from .network.processing import EVIDENCE_FOLDER

        max_faces = self.config.max_faces
        return Perceiver(load_strict(FaceEncoder, self.folder / EVIDENCE_FOLDER, dtype="float32"), max_faces)

    @cached_property
    def processor(self):
        from .assembly import base_tokenizer
        from .network.looks import look_of
        from .network.processing import FacewiseProcessor

        try:
            tokenizer = base_tokenizer(self.language_folder)
        except FacewiseError as error:
            raise FacewiseError(f"{error}{self._remedy}") from None
        return FacewiseProcessor(tokenizer, self.perceiver, look=look_of(self.config))

    def engine(self, name: str):
        """The engine that runs this folder. Raises FacewiseError for an unknown name, listing the choices."""
        if name == "fake":
            from .engines.fake import FakeEngine

            return FakeEngine()
        if name == "hf":
            from .engines.hf import HfEngine

            return HfEngine(self.model().to(device()), self.processor)
        if name == "vllm":
            from .engines.vllm import VllmEngine
            from .export import prepared_whole

            return VllmEngine(prepared_whole(self), self.perceiver)
        raise FacewiseError(f"unknown engine {name!r}; there are {', '.join(ENGINES)}")

    def model(self, dtype: str | None = None):
        """The generating model, adapter merged, in the `dtype` that is fast here unless another is named."""
        import torch

        model = self.unmerged()
        if self.adapter is not None:
            model.language_model = merged(model.language_model, self.adapter)
        return model.to(getattr(torch, dtype or fast_dtype()))

    def unmerged(self):
        """The generating model without its adapter, in the number types of its bases."""
        from .network.loading import load_strict
        from .network.modeling import FacewiseForConditionalGeneration

        whole = self.config.base_llm is None
        return load_strict(FacewiseForConditionalGeneration, self.folder) if whole else self._assembled()

    @property
    def adapter(self) -> Path | None:
        """The folder of its own LoRA; None for a whole model, and for one whose base speaks as it was made."""
        base, folder = self.config.base_llm, self.folder / ADAPTER
        return folder if base is not None and ("package" in base or folder.exists()) else None

    @property
    def language_folder(self) -> Path:
        """Where tokenizer and language model lie; a base is fetched or prepared when first asked for."""
        from .assembly import base_folder
        from .base_llm import prepared
        from .network.shown import IMAGE_TOKEN, VIDEO_TOKEN

        base = self.config.base_llm
        if base is None:
            return self.folder
        return base_folder(**base) if "model" in base else prepared(**base, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN))

    @property
    def _remedy(self) -> str:
        """What to do about a damaged language folder: a prepared base is a copy, a whole model's own is lost."""
        from .base_llm import REPAIR

        return "" if "package" not in (self.config.base_llm or {}) else f"; {REPAIR}"

    def _assembled(self):
        """Base language model + base tower + own weights."""
        from transformers import AutoModelForCausalLM

        from .assembly import base_folder, base_tower
        from .network.loading import load_strict, load_tensors
        from .network.modeling import FacewiseForConditionalGeneration

        own = load_tensors(self.folder / OWN_WEIGHTS)  # the small ones first: a fault is told before the large one is read
        folder = self.language_folder
        try:
            language = load_strict(AutoModelForCausalLM, folder)
        except FacewiseError as error:
            raise FacewiseError(f"{error}{self._remedy}") from None
        if self.adapter is not None:
            check_adapter(self.adapter, language, self.config.base_llm)
        named = self.config.base_tower
        vision = None if named is None else base_tower(base_folder(**named), self.config.vision_config)
        model = FacewiseForConditionalGeneration.from_base(self.config, language, vision)
        model.load_own_state_dict(own)
        return model


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_dtype() -> str:
    """bfloat16 where the hardware multiplies in it, else float32: emulated on an AVX2 processor it trains fifteen times slower."""
    import torch

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    # The public get_capabilities() is newer than the oldest torch that we run on.
    able = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if able else "float32"


def merged(language, adapter: Path):
    """The language model with its LoRA folded in. Raises FacewiseError when the adapter is not whole or does not fit the model."""
    return adapted(language, adapter).merge_and_unload()


def names_server(model: str) -> bool:
    """Whether a model's name is the URL of a server that runs it."""
    return str(model).lower().startswith(SERVERS)


def load_checkpoint(model: str = "default") -> Checkpoint:
    """The checkpoint of a name. Raises FacewiseError, listing what there is, when there is none."""
    if names_server(model):
        raise FacewiseError(f"{model}: a server, and none is needed here; give `default` or a folder written by training")
    if model in ("default", DEFAULT):
        return Checkpoint(DEFAULT, Path(__file__).parent / DEFAULT)
    if os.path.isfile(os.path.join(model, "config.json")):  # of a name that no file can have it says no
        folder = Path(model).resolve()
        return Checkpoint(folder.name, folder)
    if os.path.isfile(os.path.join(model, RECIPE)):
        raise FacewiseError(f"{model}: an unfinished training; {_unfinished(Path(model))}")
    kind = "holds no config.json" if os.path.isdir(model) else "is neither a model's name nor a folder"
    raise FacewiseError(f"{model}: {kind}; give `default` or a folder written by training")


def recipe_of(folder: Path) -> dict[str, Any]:
    """The fields of a training run's recipe; empty where there is none that can be read: a model answers without one."""
    import yaml

    try:
        told = yaml.safe_load((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return told if isinstance(told, dict) else {}


def _unfinished(folder: Path) -> str:
    stages = recipe_of(folder).get("stages")
    if stages == ["encoder"]:
        return "its recipe trains an evidence encoder alone, and a model needs the stages align or instruct, or calibrate, too"
    return "`facewise train` with the same recipe goes on from where it stopped"
