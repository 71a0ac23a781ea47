"""Stops a training whose numbers have gone: before the step that would spoil the weights, with the last good checkpoint kept."""

from pathlib import Path

import torch
from transformers import TrainerCallback
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..model.errors import FacewiseError


class StopOnBadLoss(TrainerCallback):
    """Raises FacewiseError when a gradient, and so the loss that it is of, is no number. `rate`: the recipe's field that is to be lowered."""

    def __init__(self, rate: str):
        self.rate = rate

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        # A sum for each tensor: one that is no number makes the whole none, and nothing is copied.
        sums = [parameter.grad.sum() for parameter in model.parameters() if parameter.grad is not None]
        if sums and not torch.stack([value.float() for value in sums]).isfinite().all():
            raise self._fault(Path(args.output_dir), state.global_step + 1)

    def on_log(self, args, state, control, logs=None, **kwargs):
        """For trainings that keep their gradients to themselves (DeepSpeed)."""
        if logs and any(not abs(logs.get(name, 0.0)) < float("inf") for name in ("loss", "grad_norm")):
            raise self._fault(Path(args.output_dir), state.global_step)

    def _fault(self, folder: Path, step: int) -> FacewiseError:
        kept = last_checkpoint(folder)
        where = f"{kept} is the last good checkpoint" if kept else "there was no checkpoint yet"
        return FacewiseError(
            f"{folder}: the loss is no number at step {step}; {where}; give a lower --{self.rate} and another --output_dir"
        )


def last_checkpoint(folder: Path) -> str | None:
    """The latest one that was written to its end: the Trainer writes its state last."""
    whole = folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{TRAINER_STATE_NAME}")
    steps = {int(state.parent.name.split("-")[-1]): str(state.parent) for state in whole}
    return steps[max(steps)] if steps else None
