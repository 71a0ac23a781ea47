"""A LoRA's folder as PEFT writes it: whether it is whole and fits a language model, how it is put on, and how it is copied beside another base.

PEFT drops keys that it does not know and draws what is missing anew; a face model with half an adapter answers just as fluently. So every
key is accounted for here, by the file's header alone. vLLM's --lora-modules reads the same folders.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import FacewiseError

ADAPTER_PARTS = ("adapter_config.json", "adapter_model.safetensors")
PREFIX = "base_model.model."  # of PEFT's keys
VLLM_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # what --max-lora-rank takes
VLLM_RANK = 16  # its default


def check_adapter(adapter: Path, language: Any, base: Mapping[str, str] | None) -> None:
    """Raises FacewiseError for a folder that is not whole, names another base than `base` (config.base_llm), or holds other layers than
    `language` has, which may lie on the meta device."""
    settings = adapter_settings(adapter)
    told, wanted = settings.get("base_model_name_or_path"), base_name(base)
    if told and wanted and Path(told).name != Path(wanted).name:
        raise FacewiseError(f"{adapter}: the adapter is for the base {told!r}, this model's is {wanted!r}")
    from .network.loading import check_keys

    found, places, targets = stored_shapes(adapter / ADAPTER_PARTS[1]), lora_places(language), settings.get("target_modules")
    missing = {key for key in places.keys() - found if isinstance(targets, list) and key.split(".")[-3] in targets}
    mismatched = [key for key in found.keys() & places if found[key][places[key][0]] != places[key][1]]
    check_keys(f"{adapter}: an adapter for another base", missing, found.keys() - places, mismatched)


def adapter_settings(adapter: Path) -> dict[str, Any]:
    """adapter_config.json. Raises FacewiseError for a folder that is not whole, or a file that is no JSON."""
    for part in ADAPTER_PARTS:  # PEFT looks for a missing one on the network
        if not (adapter / part).is_file():
            raise FacewiseError(f"{adapter}: the adapter is not whole ({part} is missing)")
    path = adapter / ADAPTER_PARTS[0]
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FacewiseError(f"{path}: the adapter cannot be put on the base model ({error})") from None
    if not isinstance(told, dict):
        raise FacewiseError(f"{path}: the adapter cannot be put on the base model (no settings in it)")
    return told


def stored_shapes(*files: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape of what safetensors files hold, by their headers. Raises FacewiseError where one is missing or damaged."""
    from safetensors import safe_open

    from .network.loading import UNREADABLE, first_line

    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            with safe_open(file, framework="pt") as stored:
                shapes |= {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118 -- no dict
        except UNREADABLE as error:
            raise FacewiseError(f"{file}: no weights could be read ({first_line(error)})") from None
    return shapes


def lora_places(language: Any) -> dict[str, tuple[int, int]]:
    """Each key that the file of an adapter may hold, and the axis whose size the language model sets: A is [rank, in], B [out, rank]."""
    from torch import nn

    places = {}
    for name, part in language.named_modules():
        if isinstance(part, nn.Linear):
            places[f"{PREFIX}{name}.lora_A.weight"] = (1, part.in_features)
            places[f"{PREFIX}{name}.lora_B.weight"] = (0, part.out_features)
    return places


def base_name(base: Mapping[str, str] | None) -> str:
    """What a base is called in an adapter's settings: its package, folder or hub id; empty for a whole model."""
    return "" if base is None else base.get("model") or base["package"]


def adapted(language: Any, adapter: Path) -> Any:
    """A PEFT model around the language model, the LoRA apart. Raises FacewiseError when the adapter is not whole or does not fit."""
    from peft import PeftModel

    from .network.loading import UNREADABLE, first_line

    adapter_settings(adapter)
    try:
        return PeftModel.from_pretrained(language, str(adapter.resolve()), local_files_only=True)
    except (RuntimeError, KeyError, TypeError, *UNREADABLE) as error:
        raise FacewiseError(f"{adapter}: the adapter cannot be put on the base model ({first_line(error)})") from None


def copy_adapter(adapter: Path, out: Path, base: str) -> None:
    """The two files into a new folder, which names `base`."""
    settings = adapter_settings(adapter) | {"base_model_name_or_path": base, "revision": None}
    out.mkdir(parents=True)
    (out / ADAPTER_PARTS[0]).write_text(json.dumps(settings, indent=2, sort_keys=True), encoding="utf-8")
    shutil.copyfile(adapter / ADAPTER_PARTS[1], out / ADAPTER_PARTS[1])


def lora_flags(adapters: Sequence[Path]) -> list[str]:
    """vLLM's flags that serve these folders beside their base, each under its folder's name."""
    most = max(int(adapter_settings(adapter)["r"]) for adapter in adapters)
    ranks = [] if most <= VLLM_RANK else ["--max-lora-rank", str(min(rank for rank in VLLM_RANKS if rank >= most))]
    return ["--enable-lora", *ranks, "--lora-modules", *(f"{adapter.name}={adapter}" for adapter in adapters)]
