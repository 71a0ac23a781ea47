"""transformers' Trainer as every stage uses it: it goes on from the last whole checkpoint, and where it cannot go on one line says why."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.utils import SAFE_WEIGHTS_NAME

from ..model.network.loading import check_keys
from ..model.peft_folder import stored_shapes
from .curves import LossCurve
from .sharding import make_whole
from .steps import ToldSteps
from .watch import StopOnBadLoss, last_checkpoint, told_when_full


class StageTrainer(Trainer):
    """A checkpoint that cannot be written stops it; the one before is still there, because the Trainer deletes it last."""

    def _save_checkpoint(self, *args: Any) -> None:
        with told_when_full(Path(self.args.output_dir)):
            super()._save_checkpoint(*args)


def fit(trainer: StageTrainer, rate: str, *callbacks: TrainerCallback) -> None:
    """Trains in place; `rate` is the recipe's field that is lowered after a bad loss. Raises FacewiseError for that, for a full disk, and where the
    checkpoint is another model's."""
    trainer.remove_callback(PrinterCallback)
    for callback in (StopOnBadLoss(rate), LossCurve(trainer.eval_dataset is not None), ToldSteps(), *callbacks):
        trainer.add_callback(callback)
    if trainer.args.process_index:  # or what is drawn by chance would be the same in every process
        torch.manual_seed(trainer.args.seed + trainer.args.process_index)
    checkpoint = last_checkpoint(Path(trainer.args.output_dir))
    if checkpoint:
        check_fits(trainer.model, Path(checkpoint) / SAFE_WEIGHTS_NAME)
    trainer.train(resume_from_checkpoint=checkpoint)
    make_whole(trainer.model)


def check_fits(model: nn.Module, weights: Path) -> None:
    """The Trainer itself loads what fits and warns about the rest."""
    own = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    stored = stored_shapes(weights)
    other = [name for name in own.keys() & stored.keys() if own[name] != stored[name]]
    check_keys(f"{weights}: written by another recipe", own.keys() - stored.keys(), stored.keys() - own.keys(), other)
