"""Strict loading: every key of a checkpoint is accounted for, or loading fails and names the key.

transformers fills what is missing with noise and warns; a face model with one random head answers just as fluently.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import FacewiseError

SHOWN = 5


def load_strict(cls: Any, folder: str | Path, **kwargs: Any):
    """`cls.from_pretrained(folder, **kwargs)` in evaluation mode. Raises FacewiseError naming missing, unexpected and
    mismatched keys, or the folder when it holds no model."""
    if not (Path(folder) / "config.json").is_file():
        raise FacewiseError(f"{folder}: no model here (config.json is missing)")
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # its report of bad keys is a warning over many lines; ours is the error below
    try:
        model, info = cls.from_pretrained(folder, output_loading_info=True, ignore_mismatched_sizes=True, **kwargs)
    except OSError as error:
        raise FacewiseError(f"{folder}: no weights could be read ({str(error).splitlines()[0]})") from None
    finally:
        logging.set_verbosity(verbosity)
    mismatched = [key for key, *_ in info["mismatched_keys"]]
    check_keys(str(folder), info["missing_keys"], info["unexpected_keys"], mismatched)
    return model.eval()


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
