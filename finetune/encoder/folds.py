"""Encoders that never saw the faces they read: the language model is to learn from evidence as wrong as at inference (docs/science.md §7).

People are dealt into folds; each fold's encoder trains on the others' `train` rows, in a folder of its own that a run which was stopped goes on from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...model.errors import FacewiseError
from ...model.network.encoder import FaceEncoder, evidence
from ...model.network.evidence import Evidence
from ...model.network.processing import EVIDENCE_FOLDER
from ..processes import tell
from ..recipe import Recipe
from .packed import INPUTS, Packed
from .stage import kept_encoder, learned_encoder

BATCH = 64


@dataclass(frozen=True, eq=False)
class FoldEncoders:
    """`encoders`, and of every subject (by name) which of them has not seen it. People that are not in the pack were seen by none of them."""

    encoders: tuple[FaceEncoder, ...]
    fold: dict[str, int]

    def of(self, subject: str) -> FaceEncoder:
        return self.encoders[self.fold.get(subject, 0)]


def fold_encoders(recipe: Recipe, pack: Packed, folder: Path) -> FoldEncoders:
    """Trains `recipe.encoder_folds` encoders, or loads those that are done. Raises FacewiseError as `check_folds` does."""
    check_folds(recipe, pack)
    folds, train = recipe.encoder_folds, pack.split("train")
    of_subject = dealt(pack.tensors["subject"][train].bincount(minlength=len(pack.about["subjects"])), folds, recipe.seed)
    fold = of_subject[pack.tensors["subject"]]
    tell(f"{folds} encoders, each on {folds - 1}/{folds} of {int(train.sum())} rows: {folds - 1} times the training of one")

    def encoder(number: int) -> FaceEncoder:
        own, rows = folder / f"fold-{number}", pack.where((fold != number) | ~train)
        return kept_encoder(own / EVIDENCE_FOLDER, lambda: learned_encoder(recipe, rows, own))

    encoders = [encoder(number) for number in range(folds)]
    names = pack.about["subjects"]
    return FoldEncoders(tuple(encoders), {names[subject]: int(number) for subject, number in enumerate(of_subject)})


def check_folds(recipe: Recipe, pack: Packed) -> None:
    """Raises FacewiseError for fewer than two folds, or more than people."""
    people = len(pack.tensors["subject"][pack.split("train")].unique())
    if not 2 <= recipe.encoder_folds <= people:
        raise FacewiseError(f"encoder_folds is {recipe.encoder_folds}, expected 2 to {people}, the people to train on")


def dealt(counts: Tensor, folds: int, seed: int) -> Tensor:
    """The fold of each subject, of which there are `counts` [S] rows: the one with the fewest rows so far, whoever has most of them first, ties by
    chance."""
    shuffled = torch.randperm(len(counts), generator=torch.Generator().manual_seed(seed))
    ordered = shuffled[counts[shuffled].argsort(descending=True, stable=True)]
    found, sizes = torch.zeros(len(counts), dtype=torch.long), [0] * folds
    for subject in ordered.tolist():
        lightest = min(range(folds), key=sizes.__getitem__)
        found[subject] = lightest
        sizes[lightest] += int(counts[subject])
    return found


@torch.inference_mode()
def read_by(pack: Packed, reader: Callable[[int], FaceEncoder]) -> list[Evidence]:
    """What the encoder that `reader` gives for a row finds on it, for all rows."""
    readers = [reader(row) for row in range(len(pack))]
    found: dict[int, Evidence] = {}
    for encoder in dict.fromkeys(readers):
        rows = [row for row, by in enumerate(readers) if by is encoder]
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            batch = pack.collate([pack[row] for row in some])
            output = encoder(**{name: batch[name] for name in (*INPUTS, "has_landmarks")})
            found |= zip(some, evidence(output), strict=True)
    return [found[row] for row in range(len(pack))]
