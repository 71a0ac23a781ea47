"""What the evidence encoder is asked to get right, one masked loss a head, and what each weighs. Unknown labels take no part.

A weight of 0 turns a loss off, and what only it needs is not even made; recipes say so in `encoder_weights`.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, smooth_l1_loss

from ...model.errors import FacewiseError
from ...model.network.encoder import EncoderOutput
from .order_losses import BETA, change_loss, masked_mean, rank_loss

WEIGHTS = {
    "au": 1.0,
    "au_active": 0.5,
    "change": 0.5,
    "rank": 0.2,
    "emotion": 0.4,
    "spoof": 1.0,
    "attack": 0.3,
    "cues": 0.3,
    "map": 0.5,
    "digital": 0.5,
    "contrast": 0.1,
}
EXPRESSION = ("au", "au_active", "change", "rank", "emotion", "contrast")
AUTHENTICITY = ("spoof", "attack", "cues", "map", "digital")
ACTIVE_FROM = 1.0  # level A


def weights_of(text: str) -> dict[str, float]:
    """WEIGHTS, but for those of "name=number,name=number". Raises FacewiseError for another text."""
    told = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = (word.strip() for word in part.partition("="))
        if name not in WEIGHTS:
            raise FacewiseError(f"encoder_weights: there is no loss {name!r}; there are {', '.join(WEIGHTS)}")
        told[name] = _number(part, number)
    return WEIGHTS | told


def _number(part: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise FacewiseError(f"encoder_weights: {part!r} is no weight; give a name, = and a number from 0 on")
    return value


def head_losses(output: EncoderOutput, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss of each head by name, unweighted; a head without a single label in the batch gives 0."""
    au, levels = output.au.float(), batch["au"].float()
    present, known = presence(levels.amax(-1), batch["shown"])
    losses = {
        "au": masked_mean(smooth_l1_loss(au, levels.nan_to_num(), reduction="none", beta=BETA), ~levels.isnan()),
        "au_active": _binary(output.au_active, present, known),
        "change": change_loss(au, batch["change"].float(), batch["before"]),
        "rank": rank_loss(au, levels),
        "emotion": _classes(output.emotion, batch["emotion"]),
        "spoof": _binary(output.spoof, batch["live"], batch["live"] >= 0),
        "attack": _classes(output.attack, batch["attack"]),
        "cues": _binary(output.cues, batch["cues"], batch["cues"] >= 0),
        "map": _binary(output.attack_map, batch["map"].float() / 254, batch["map"] != 255),
    }
    if output.digital is not None:
        losses["digital"] = _binary(output.digital, batch["digital"], batch["digital"] >= 0)
    return losses


def presence(levels: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
    """(whether a unit is active at level A or more, whether that is known), of levels that may be NaN and, where they are, of what a source has
    `shown` without a level: 1, 0, or -1 for what it does not tell."""
    known = ~levels.isnan()
    return torch.where(known, levels >= ACTIVE_FROM, shown == 1), known | (shown >= 0)


def total(losses: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    return torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()


def _binary(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    targets = targets.float().nan_to_num().clamp(0, 1)
    return masked_mean(binary_cross_entropy_with_logits(logits.float(), targets, reduction="none"), known)


def _classes(logits: Tensor, targets: Tensor) -> Tensor:
    targets = targets.long()
    return masked_mean(cross_entropy(logits.float(), targets.clamp(min=0), reduction="none"), targets >= 0)
