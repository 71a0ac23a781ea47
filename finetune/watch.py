"""Stops a training whose numbers have gone, before the step that would spoil the weights, or whose disk is full: the last good checkpoint is kept."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import TrainerCallback
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..model.errors import FacewiseError
from .processes import together

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
TORCH_FILES = "inline_container.cc"


class StopOnBadLoss(TrainerCallback):
    """Raises FacewiseError when a gradient, and so the loss that it is of, is no number. `rate`: the recipe's field that is to be lowered."""

    def __init__(self, rate: str):
        self.rate = rate

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        # A sum for each tensor: one that is no number makes the whole none, and nothing is copied.
        sums = [parameter.grad.sum() for parameter in model.parameters() if parameter.grad is not None]
        is_bad = bool(sums) and not torch.stack([value.float() for value in sums]).isfinite().all()
        self._stop(is_bad, Path(args.output_dir), state.global_step + 1)

    def on_log(self, args, state, control, logs=None, **kwargs):
        """For trainings that keep their gradients to themselves (DeepSpeed)."""
        is_bad = any(not abs((logs or {}).get(name, 0.0)) < float("inf") for name in ("loss", "grad_norm"))
        self._stop(is_bad, Path(args.output_dir), state.global_step)

    def _stop(self, is_bad: bool, folder: Path, step: int) -> None:
        if not is_bad:
            return
        with together():  # processes share gradients, and so what is wrong with them
            kept = last_checkpoint(folder)
            where = f"{kept} is the last good checkpoint" if kept else "there was no checkpoint yet"
            raise FacewiseError(
                f"{folder}: the loss is no number at step {step}; {where}; give a lower --{self.rate} and another --output_dir"
            )


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """A disk that takes no more is a FacewiseError of one line."""
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        if (reason := why_full(error)) is None:
            raise
        kept = last_checkpoint(folder) or "what is done"
        raise FacewiseError(
            f"{folder}: cannot be written ({reason}); free some space and start again, it goes on from {kept}"
        ) from None


def why_full(error: Exception) -> str | None:
    """None of another error. Rust tells the system's number in words, torch.save tells none."""
    numbers = {getattr(error, "errno", None), *map(int, re.findall(r"os error (\d+)", str(error)))}
    if found := next((number for number in FULL if number in numbers), None):
        return os.strerror(found)
    return "a file broke off midway" if TORCH_FILES in str(error) and "Reader" not in str(error) else None


def last_checkpoint(folder: Path) -> str | None:
    """The latest one that was written to its end: the Trainer writes its state last."""
    whole = folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{TRAINER_STATE_NAME}")
    steps = {int(state.parent.name.split("-")[-1]): str(state.parent) for state in whole}
    return steps[max(steps)] if steps else None
