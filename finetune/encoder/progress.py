"""What each epoch of the encoder brought, as a JSON line beside the run: the losses by head on `train` and on `val`, and what two heads tell apart.

People of `test` are never looked at, nor those of the half of `val` that calibrates. With `patience` the best epoch's weights are kept, and the training ends when no
better one has come for so long.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback

from ...data_builders.records import write_whole
from ...model.taxonomy import AU_CODES
from ..processes import of_main, tell
from .lesson import EncoderLesson
from .losses import AUTHENTICITY, EXPRESSION
from .packed import Packed

PROGRESS, BEST = "progress.jsonl", "best.safetensors"
ROWS = 512  # of `val`, at most: some seconds an epoch
SMILE, NO_SMILE = 3.0, 1.0  # levels of AU12: what lies between is neither


class EncoderProgress(TrainerCallback):
    """Writes `folder`/PROGRESS; a run that goes on from a checkpoint writes its epochs anew. Of several processes each looks, so that all stop
    together, and the first one writes."""

    def __init__(self, lesson: EncoderLesson, val: Packed, folder: Path, epochs: float, patience: int, batch: int):
        self.lesson, self.folder, self.epochs, self.patience, self.batch = lesson, folder, epochs, patience, batch
        keep = torch.zeros(len(val), dtype=torch.bool)
        keep[torch.linspace(0, len(val) - 1, min(ROWS, len(val))).long()] = True
        self.val = val.where(keep)
        self.told = lines(folder)

    def on_epoch_end(self, args, state, control, **kwargs):
        epoch = round(state.epoch)
        line: dict[str, Any] = {"epoch": epoch, "step": state.global_step, "train": self.lesson.told()}
        line |= of_main(self._validated()) if len(self.val) else {}  # or a last digit could keep some of them waiting
        self.told = [told for told in self.told if told["epoch"] < epoch]
        line["best"] = "loss" in line and all(line["loss"] < told["loss"] for told in self.told)
        self.told.append(line)
        if state.is_world_process_zero:
            self._write(line)
        best = max((told["epoch"] for told in self.told if told["best"]), default=epoch)
        control.should_training_stop |= bool(self.patience) and epoch - best >= self.patience

    def _write(self, line: dict[str, Any]) -> None:
        if line["best"] and self.patience:
            save_file(self.lesson.encoder.state_dict(), self.folder / BEST)
        write_whole(self.folder / PROGRESS, "".join(json.dumps(told) + "\n" for told in self.told).encode())
        tell(sentence(line, self.epochs))

    def _validated(self) -> dict[str, Any]:
        """Of the rows of `val`: the weighted loss, the losses by head, and metrics; the model is left as it was found."""
        self.lesson.eval()
        device = next(self.lesson.parameters()).device
        losses, smiles, spoofs = defaultdict(list), [], []
        with torch.inference_mode():
            for rows in _batches(self.val, self.batch):
                batch = {name: values.to(device) for name, values in rows.items()}
                output, parts = self.lesson.losses(**batch)
                for name, loss in parts.items():
                    losses[name].append(float(loss))
                smiles.append(output.au[:, AU_CODES.index("AU12")].amax(-1).float().cpu())
                spoofs.append(output.spoof.float().cpu())
        self.lesson.train()
        means = {name: float(np.mean(values)) for name, values in losses.items()}
        loss = sum(self.lesson.weights[name] * value for name, value in means.items())
        return {"val": rounded(means), "loss": loss, "metrics": self._metrics(torch.cat(smiles), torch.cat(spoofs))}

    def _metrics(self, smiles: Tensor, spoofs: Tensor) -> dict[str, float | None]:
        levels = self.val.tensors["au"].float()[:, AU_CODES.index("AU12")].amax(-1)
        live = self.val.tensors["live"]
        found = (
            ("AU12 AUC", EXPRESSION, auc(smiles[levels >= SMILE], smiles[levels < NO_SMILE])),
            ("spoof AUC", AUTHENTICITY, auc(spoofs[live == 1], spoofs[live == 0])),
        )
        return {name: value for name, losses, value in found if any(self.lesson.weights[loss] for loss in losses)}


def restore_best(lesson: EncoderLesson, folder: Path) -> None:
    """The weights of the best epoch, in place."""
    lesson.encoder.load_state_dict(load_file(folder / BEST))


def lines(folder: Path) -> list[dict[str, Any]]:
    """What an earlier part of the run told."""
    path = folder / PROGRESS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def sentence(line: dict[str, Any], epochs: float) -> str:
    told = [f"encoder, epoch {line['epoch']} of {epochs:g}"]
    told += [f"val loss {line['loss']:.3f}{', the best' if line['best'] else ''}"] if "loss" in line else []
    told += [f"{name} {value:.3f}" for name, value in line.get("metrics", {}).items() if value is not None]
    return "; ".join(told)


def auc(positive: Tensor, negative: Tensor) -> float | None:
    """The share of pairs in which the positive reads higher, ties a half (Mann and Whitney 1947); None without pairs."""
    if not len(positive) or not len(negative):
        return None
    above = positive[:, None] - negative[None]
    return float((above > 0).double().mean() + 0.5 * (above == 0).double().mean())


def rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in values.items()}


def _batches(pack: Packed, batch: int) -> Iterator[dict[str, Tensor]]:
    for start in range(0, len(pack), batch):
        yield pack.collate([pack[row] for row in range(start, min(len(pack), start + batch))])
