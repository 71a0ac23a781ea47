"""The encoder and its losses as one module, as the Trainer wants it; it remembers what each loss was, until it is asked."""

from collections import defaultdict

import torch
from torch import Tensor, nn

from ..model.network.encoder import EncoderOutput, FaceEncoder
from .losses import head_losses, total
from .region_text import RegionText


class EncoderLesson(nn.Module):
    """`weights` of losses.WEIGHTS; without a `region_text` there is no contrast."""

    def __init__(self, encoder: FaceEncoder, weights: dict[str, float], region_text: RegionText | None = None):
        super().__init__()
        self.encoder, self.weights, self.region_text = encoder, weights, region_text
        self._sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        self._steps = 0

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        losses = self.losses(**batch)[1]
        for name, loss in losses.items():
            self._sums[name] = self._sums[name].to(loss.device) + loss.detach()
        self._steps += 1
        return {"loss": total(losses, self.weights)}

    def losses(self, views, points, canonical, pose, has_landmarks, **labels) -> tuple[EncoderOutput, dict[str, Tensor]]:
        """The encoder's output, and every loss that weighs something, unweighted."""
        output = self.encoder(views, points, canonical, pose, has_landmarks)
        losses = {name: loss for name, loss in head_losses(output, labels).items() if self.weights[name]}
        if self.region_text is not None:
            inputs = {"points": points, "pose": pose, "has_landmarks": has_landmarks}
            losses["contrast"] = self.region_text(self.encoder, output, inputs | labels)
        return output, losses

    def told(self) -> dict[str, float]:
        """The mean of each loss since the last time."""
        means = {name: round(float(value) / max(1, self._steps), 5) for name, value in self._sums.items()}
        self._sums.clear()
        self._steps = 0
        return means
