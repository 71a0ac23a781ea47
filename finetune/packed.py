"""A pack as a PyTorch dataset: uint8 views, detector's points and labels, one safetensors file with a JSON beside it.

Labels that a row does not carry are marked (NaN, -1, 255) and take no part in any loss.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import Dataset

from ..data_builders.records import SPLITS
from ..model.errors import FacewiseError
from ..model.network.perceive import as_input

INPUTS = ("views", "points", "canonical", "pose")
LABELS = ("au", "emotion", "live", "attack", "cues", "map")
COLUMNS = (*INPUTS, *LABELS, "split", "subject", "photo", "held_out")
MAKE_ONE = "python -m facewise.data_builders.pack makes one"


class Packed(Dataset):
    """Rows of a pack, as dicts of tensors; with `jitter`, landmark noise in IOD, each batch is varied anew, its light too."""

    def __init__(self, tensors: dict[str, Tensor], about: dict, jitter: float = 0.0):
        self.tensors, self.about, self.jitter = tensors, about, jitter

    def __len__(self) -> int:
        return len(self.tensors["views"])

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        return {name: self.tensors[name][row] for name in (*INPUTS, *LABELS)}

    def where(self, keep: Tensor, jitter: float = 0.0) -> "Packed":
        """The rows for which `keep` [N] is True."""
        return Packed({name: values[keep] for name, values in self.tensors.items()}, self.about, jitter)

    def split(self, name: str) -> Tensor:
        return self.tensors["split"] == SPLITS.index(name)

    def halves(self) -> tuple[Tensor, Tensor]:
        """The `val` rows by subject: one half teaches the language model, which must see evidence as wrong as at inference and so on faces
        that the encoder was not trained on; the other half calibrates."""
        val, even = self.split("val"), self.tensors["subject"] % 2 == 0
        return val & even, val & ~even

    def refuse_gaps(self) -> None:
        """Raises FacewiseError when a part that training or its numbers need has no live or no spoof faces: now, not after the first stage."""
        teaches, calibrates = self.halves()
        parts = {
            "train": self.split("train"),
            "val, even subjects": teaches,
            "val, odd subjects": calibrates,
            "test": self.split("test"),
        }
        for part, rows in parts.items():
            for value, label in enumerate(("live", "spoof")):
                if not (rows & (self.tensors["live"] == value)).any():
                    raise FacewiseError(
                        f"the pack has no {label} face in its part {part}; raise --limit (0: all) or give a larger pack"
                    )

    def collate(self, rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        """A batch as the encoder takes it, plus its labels."""
        batch = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        batch["views"] = as_input(batch["views"])
        for name in INPUTS[1:]:
            batch[name] = batch[name].float()
        if self.jitter:
            noise = self.jitter * torch.randn(batch["canonical"].shape)
            batch["canonical"] += noise
            batch["points"] += 0.3 * noise[:, None, :, :2]  # an IOD is about .3 of a view
            # Other light on the rgb view, the first; texture views have fixed gains that mean something.
            gain, tint = 1 + 0.2 * torch.randn(len(rows), 1, 1, 1), 0.08 * torch.randn(len(rows), 3, 1, 1)
            batch["views"][:, 0] = (gain * batch["views"][:, 0] + tint).clamp(-1, 1)
        batch["has_landmarks"] = torch.ones(len(rows), dtype=torch.bool)
        return batch


def read_pack(path: str | Path, limit: int = 0) -> Packed:
    """Raises FacewiseError when there is no whole pack at `path`."""
    if not str(path):
        raise FacewiseError(f"the recipe names no pack; give --pack SET.safetensors, {MAKE_ONE}")
    path = Path(path)
    if not path.is_file():
        raise FacewiseError(f"{path}: no such pack; {MAKE_ONE}")
    try:
        tensors, about = load_file(path), json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError, SafetensorError) as error:
        raise FacewiseError(f"{path}: not a whole pack ({str(error).splitlines()[0]}); {MAKE_ONE}") from None
    if lacking := [name for name in COLUMNS if name not in tensors]:
        raise FacewiseError(f"{path}: not a pack, it has no {', '.join(lacking)}; {MAKE_ONE}")
    if limit:
        keep = torch.randperm(len(tensors["views"]), generator=torch.Generator().manual_seed(0))[:limit]
        tensors = {name: values[keep] for name, values in tensors.items()}
    return Packed(tensors, about)
