"""What the evidence encoder is asked to get right, one masked loss a head. Unknown labels take no part."""

from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    smooth_l1_loss,
)

from ..model.network.encoder import EncoderOutput

WEIGHTS = {"au": 1.0, "au_active": 0.5, "emotion": 0.4, "spoof": 1.0, "attack": 0.3, "cues": 0.3, "map": 0.5}
ACTIVE_FROM = 1.0  # level A


def head_losses(output: EncoderOutput, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The loss of each head by name, unweighted; a head without a single label in the batch gives 0."""
    au, strongest = batch["au"].float(), batch["au"].float().amax(-1)
    return {
        "au": _mean(smooth_l1_loss(output.au.float(), au.nan_to_num(), reduction="none", beta=0.5), ~au.isnan()),
        "au_active": _binary(output.au_active, (strongest >= ACTIVE_FROM).float(), ~strongest.isnan()),
        "emotion": _classes(output.emotion, batch["emotion"]),
        "spoof": _binary(output.spoof, batch["live"].float(), batch["live"] >= 0),
        "attack": _classes(output.attack, batch["attack"]),
        "cues": _binary(output.cues, batch["cues"].float(), batch["cues"] >= 0),
        "map": _binary(output.attack_map, batch["map"].float() / 254, batch["map"] != 255),
    }


def total(losses: dict[str, Tensor]) -> Tensor:
    return sum(WEIGHTS[name] * loss for name, loss in losses.items())


def _binary(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    targets = targets.nan_to_num().clamp(0, 1)
    return _mean(binary_cross_entropy_with_logits(logits.float(), targets, reduction="none"), known)


def _classes(logits: Tensor, targets: Tensor) -> Tensor:
    targets = targets.long()
    return _mean(cross_entropy(logits.float(), targets.clamp(min=0), reduction="none"), targets >= 0)


def _mean(losses: Tensor, known: Tensor) -> Tensor:
    return (losses * known).sum() / known.sum().clamp(min=1)
