"""What an ablation goes without: `encoder_drop` of the recipe. The network stays as it is; its inputs are changed, in training and when it is measured.

    frgca       region guidance is shut: its gate is 0 and stays there, in the saved encoder too
    mask        every patch may ask every region alike
    landmarks   those of another face (without FRGCA alone region tokens would still tell the heads all: docs/science.md §2)
    points      no landmarks at all: what is left are nets of the views, as large as before
    rgb, spoof, spectrum, motion   a view is the neutral fill

The published attention of Face-LLaVA is "mask" and, as released, "frgca".
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...model.errors import FacewiseError
from ...model.network.encoder import FaceEncoder
from ...model.network.regions import OUTER_CANTHI

VIEWS = ("rgb", "spoof", "spectrum", "motion")
DROPS = ("frgca", "mask", "landmarks", "points", *VIEWS)
FAR = 1e3  # view widths: canthi so far apart make the mask's scale larger than any distance in the view


def check_drop(drop: str, views: Sequence[str]) -> None:
    """Raises FacewiseError for what is not of DROPS, or a view that the pack does not hold."""
    if drop and drop not in DROPS:
        raise FacewiseError(f"encoder_drop is {drop!r}, expected nothing or one of {', '.join(DROPS)}")
    if drop in VIEWS and drop not in views:
        raise FacewiseError(f"encoder_drop is {drop!r}, a view that the pack does not hold; its views are {', '.join(views)}")


def another_face(subjects: Tensor, row: int) -> int:
    """A row of somebody else, always the same one; the row itself where nobody else is there."""
    count = len(subjects)
    steps = ((row + count // 2 + step) % count for step in range(count))
    return next((other for other in steps if subjects[other] != subjects[row]), row)


def batch_without(batch: dict[str, Tensor], drop: str, views: Sequence[str]) -> dict[str, Tensor]:
    """A batch as the encoder takes it, for whoever goes without a view, the mask or all landmarks."""
    if drop in VIEWS:
        batch["views"][:, list(views).index(drop)] = 0.0  # the middle of -1..1
    if drop == "mask":
        points = torch.full_like(batch["points"], 0.5)
        points[:, :, OUTER_CANTHI[0], 0], points[:, :, OUTER_CANTHI[1], 0] = -FAR, FAR
        batch["points"] = points
    if drop == "points":
        batch["has_landmarks"] = torch.zeros_like(batch["has_landmarks"])
    return batch


def shut_guidance(encoder: FaceEncoder) -> None:
    """FRGCA adds nothing from now on; the region tokens themselves still reach the heads."""
    with torch.no_grad():
        encoder.guidance.gate.zero_()
    encoder.guidance.gate.requires_grad_(False)
