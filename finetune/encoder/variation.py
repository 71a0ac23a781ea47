"""How a row differs each time that it is drawn: landmarks as the detector wanders, and another light and finish.

Pixels of the tight view are changed as a camera or a program would change the picture; of the wide view's textures those that such a change moves.
"""

import torch
from torch import Tensor

TIGHT, WIDE = "rgb", "spoof"
HIGH_PASS, GRADIENTS = 1, 2  # channels of the wide view (perception/views.py)
CONTRAST, CURVE, COLOUR, TINT = 0.25, 0.25, 0.4, 0.12  # deviations; the first two of logarithms
BLACK_AND_WHITE = 0.08  # of the rows


class Chance:
    """Random numbers of a whole batch of `size` rows, given for the `rows` that are here: they are the same, whoever has the others."""

    def __init__(self, generator: torch.Generator, size: int, rows: slice):
        self.generator, self.size, self.rows = generator, size, rows

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.size, *shape, generator=self.generator)[self.rows]

    def happens(self, share: float) -> Tensor:
        """[rows] bool."""
        return (torch.rand(self.size, generator=self.generator) < share)[self.rows]


def vary(batch: dict[str, Tensor], jitter: float, views: list[str], chance: Chance) -> None:
    """In place; `jitter`: deviation of the landmarks' noise in IOD."""
    wander(batch, jitter, chance)
    finish(batch["views"], views, chance)


def wander(batch: dict[str, Tensor], jitter: float, chance: Chance) -> None:
    """Moves landmarks as the detector does on still portraits."""
    noise = jitter * chance.normal(*batch["canonical"].shape[1:])
    batch["canonical"] += noise
    batch["mesh"] += jitter * chance.normal(*batch["mesh"].shape[1:])  # NaN stays
    batch["points"] += 0.3 * noise[:, None, :, :2]  # an IOD is about .3 of a view


def finish(views_BV3SS: Tensor, views: list[str], chance: Chance) -> None:
    """Another tone curve, contrast, saturation and tint of each picture, at times none of its colours."""
    gain, curve = ((deviation * chance.normal(1, 1, 1)).exp() for deviation in (CONTRAST, CURVE))
    colour = (1 + COLOUR * chance.normal(1, 1, 1)).clamp(min=0)
    colour[chance.happens(BLACK_AND_WHITE)] = 0
    tight, wide = (views_BV3SS[:, views.index(name)] for name in (TIGHT, WIDE))
    tight.copy_(finished(tight, gain, curve, colour, TINT * chance.normal(3, 1, 1)))
    # A picture of more contrast has more of both; its binary patterns are the same.
    wide[:, HIGH_PASS] = (gain[:, 0] * wide[:, HIGH_PASS]).clamp(-1, 1)
    wide[:, GRADIENTS] = (gain[:, 0] * (wide[:, GRADIENTS] + 1) - 1).clamp(-1, 1)


def finished(rgb_B3SS: Tensor, gain: Tensor, curve: Tensor, colour: Tensor, tint: Tensor) -> Tensor:
    """Pixels in [-1, 1], changed by factors [B, 1, 1, 1], of which 1 changes nothing, and a `tint` [B, 3, 1, 1]."""
    toned = 2 * ((rgb_B3SS + 1) / 2).pow(curve) - 1
    grey = toned.mean(1, keepdim=True)
    return (gain * (grey + colour * (toned - grey)) + tint).clamp(-1, 1)
