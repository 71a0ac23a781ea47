"""What is known of levels beside their value: by how much a face changed, and which of two is the stronger."""

from torch import Tensor
from torch.nn.functional import relu, smooth_l1_loss

BETA = 0.5  # levels up to which an error counts by its square
MARGIN = 0.5  # levels that must lie between two readings for each level between the labels
DIFFER = 0.5  # levels from which one of two is the stronger: half a letter


def change_loss(au_BAs: Tensor, change_BAs: Tensor, before_B: Tensor) -> Tensor:
    """Mean smooth L1 of (f(after) - f(before)) - change over the units and sides of driven faces whose pair is in the batch.

    `change` is NaN where it is not known; `before` is the place of the other face of the pair, or -1. The level of a driven photo is the
    source's fitted one plus the change, and only the change is exact (docs/science.md §6).
    """
    known = (before_B >= 0)[:, None, None] & ~change_BAs.isnan()
    moved = au_BAs - au_BAs[before_B.clamp(min=0)]
    return masked_mean(smooth_l1_loss(moved, change_BAs.nan_to_num(), reduction="none", beta=BETA), known)


def rank_loss(au_BAs: Tensor, levels_BAs: Tensor) -> Tensor:
    """Mean over pairs of faces i, j and units, sides apart, of max(0, MARGIN (l_i - l_j) - (f_i - f_j)) where l_i - l_j >= DIFFER.

    The large-margin ranking of Herbrich et al. 2000 ("Large margin rank boundaries for ordinal regression"), with a margin that grows with the
    difference of the labels, A < B < C < D < E. NaN: not known.
    """
    stronger = levels_BAs[:, None] - levels_BAs[None]
    known = stronger >= DIFFER  # NaN is not
    short = relu(MARGIN * stronger.nan_to_num() - (au_BAs[:, None] - au_BAs[None]))
    return masked_mean(short, known)


def masked_mean(losses: Tensor, known: Tensor) -> Tensor:
    """0 where nothing is known."""
    return (losses * known).sum() / known.sum().clamp(min=1)
