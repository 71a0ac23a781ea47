"""Whose rows may teach words: evidence in words must be as wrong while it is learned as it will be, so the encoder that gives it was not trained
on the person (docs/science.md §7).

With folds another encoder speaks of the people that trained the first; without, their rows are left out. People who calibrate never teach.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from ...model.errors import FacewiseError
from ..encoder.packed import Packed
from ..recipe import Recipe
from .built_rows import TaughtRow


def trained_people(pack: Packed | None) -> set[str]:
    """Those whose faces trained the encoder, by name."""
    return set() if pack is None else people(pack, pack.split("train"))


def people(pack: Packed, rows: Tensor) -> set[str]:
    return {pack.about["subjects"][subject] for subject in pack.tensors["subject"][rows].unique().tolist()}


def teaching_rows(recipe: Recipe, rows: Sequence[TaughtRow], pack: Packed | None, tell: Callable[[str], None]) -> list[TaughtRow]:
    """Rows of `train`, and of those of `val` that teach. Raises FacewiseError when the encoder was trained on all of their people."""
    of_val = set() if pack is None else people(pack, pack.halves()[0])
    may = [row for row in rows if row.row.meta["split"] == "train" or row.subject in of_val]
    if recipe.encoder_from:
        tell(
            f"nobody knows here whom the encoder of {recipe.encoder_from} was trained on; keep other people's rows for this training"
        )
    trained = set() if recipe.encoder_folds > 1 or "encoder" not in recipe.stages else trained_people(pack)
    kept = [row for row in may if row.subject not in trained]
    if len(kept) < len(rows):
        tell(
            f"of {len(rows)} rows {len(may) - len(kept)} are left out, whose people the encoder is trained on, and {len(rows) - len(may)} of the "
            f"split val, whose people are kept for calibration"
        )
    if not kept:
        raise FacewiseError(
            f"the encoder is trained on the people of all {len(rows)} rows, and would speak of them too well; give --encoder_folds 5, "
            f"or rows of other people"
        )
    return kept
