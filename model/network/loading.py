"""Strict loading: every key of a checkpoint is accounted for, or loading fails and names the key.

transformers fills what is missing with noise and warns; a face model with one random head answers just as fluently. What cannot be read
(missing, cut off, garbage) is told in one line with the file.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor

from ..errors import FacewiseError

SHOWN = 5
UNREADABLE = (OSError, ValueError, SafetensorError)  # what reading a damaged file raises, in transformers, peft and safetensors


def load_config(cls: Any, folder: str | Path):
    """The config of one of our classes. Raises FacewiseError where the file is missing, no JSON, another model's or out of range."""
    path = Path(folder) / "config.json"
    try:
        told = json.loads(path.read_text())
    except FileNotFoundError:
        raise FacewiseError(f"{folder}: no model here (config.json is missing)") from None
    except (OSError, ValueError) as error:
        raise FacewiseError(f"{path}: no JSON ({error})") from None
    found = told.get("model_type") if isinstance(told, dict) else None
    if found != cls.model_type:
        raise FacewiseError(f"{path}: model_type is {found!r}, a folder of ours says {cls.model_type!r}")
    try:
        return cls.from_dict(told)
    except (StrictDataclassError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FacewiseError(f"{path}: {' '.join(str(error).split())}") from None


def load_strict(cls: Any, folder: str | Path, **kwargs: Any):
    """`cls.from_pretrained(folder, **kwargs)` in evaluation mode. Raises FacewiseError naming missing, unexpected and
    mismatched keys, or the folder when it holds no model that can be read."""
    if getattr(cls, "config_class", None):  # one of ours; an Auto class reads the config itself
        kwargs["config"] = load_config(cls.config_class, folder)
    elif not (Path(folder) / "config.json").is_file():
        raise FacewiseError(f"{folder}: no model here (config.json is missing)")
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # its report of bad keys is a warning over many lines; ours is the error below
    try:
        model, info = cls.from_pretrained(folder, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs)
    except UNREADABLE as error:
        raise FacewiseError(f"{folder}: no weights could be read ({first_line(error)})") from None
    finally:
        logging.set_verbosity(verbosity)
    mismatched = [key for key, *_ in info["mismatched_keys"]]
    check_keys(str(folder), info["missing_keys"], info["unexpected_keys"], mismatched)
    return model.eval()


def load_tensors(path: Path) -> dict[str, Tensor]:
    """What a safetensors file holds. Raises FacewiseError where it is missing or damaged."""
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except UNREADABLE as error:
        raise FacewiseError(f"{path}: no weights could be read ({first_line(error)})") from None


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def check_keys(where: str, missing: Iterable[str], unexpected: Iterable[str], mismatched: Iterable[str]) -> None:
    """Raises FacewiseError with the first few keys of each kind, unless there are none."""
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": mismatched}
    faults = [f"{kind}: {listing(keys)}" for kind, keys in kinds.items() if keys]
    if faults:
        raise FacewiseError(f"{where}: the weights do not fit the model; {'; '.join(faults)}")


def listing(keys: Iterable[str]) -> str:
    """The first keys in order and how many more there are."""
    ordered = sorted(keys)
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more
