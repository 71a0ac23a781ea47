"""The encoder and its losses as one module, as the Trainer wants it; it remembers what each loss was, until it is asked.

Means over known labels, pairs that are ranked, changes and negatives of the contrast are of the whole batch, also where processes share it: in
training each of them has the outputs of all, and its own rows alone carry gradients.
"""

from collections import defaultdict

import torch
from torch import Tensor, nn

from ...model.network.encoder import EncoderOutput, FaceEncoder
from ...model.network.heads import N_EMOTIONS
from ...model.network.sight import tells_of_attacks
from ..processes import number_of, whole_batch
from .losses import AUTHENTICITY, EXPRESSION, head_losses, total
from .packed import authenticity_known, expression_known
from .region_text import RegionText

NOT_READ = ("guided", "pooled", "regions")  # by the losses of the heads


class EncoderLesson(nn.Module):
    """`weights` of losses.WEIGHTS; without a `region_text` there is no contrast. `emotion_prior` [9] is added to the logits of emotion."""

    def __init__(
        self,
        encoder: FaceEncoder,
        weights: dict[str, float],
        region_text: RegionText | None = None,
        emotion_prior: Tensor | None = None,
    ):
        super().__init__()
        self.encoder, self.weights, self.region_text = encoder, weights, region_text
        self.register_buffer(
            "emotion_prior", torch.zeros(N_EMOTIONS) if emotion_prior is None else emotion_prior, persistent=False
        )
        self._sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros(()))
        self._steps = 0

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        losses = self.losses(**batch)[1]
        for name, loss in losses.items():
            self._sums[name] = self._sums[name].to(loss.device) + loss.detach()
        self._steps += 1
        return {"loss": total(losses, self.weights)}

    def losses(self, views, points, canonical, pose, has_landmarks, mesh, **labels) -> tuple[EncoderOutput, dict[str, Tensor]]:
        """The encoder's output, and every loss that weighs something, unweighted."""
        output = self.encoder(views, points, canonical, pose, has_landmarks, mesh, self._wanted(labels))
        read = {name: value for name, value in output.items() if name not in NOT_READ}
        read["emotion"] = read["emotion"] + self.emotion_prior
        tokens = None
        if self.region_text is not None:
            tokens = self.region_text.tokens(self.encoder, output, points, pose, has_landmarks)
        if self.training and number_of() > 1:
            read, labels = ({name: whole_batch(value) for name, value in part.items()} for part in (read, labels))
            labels["before"] = places_before(labels["row"], labels["pair"])
            tokens = None if tokens is None else whole_batch(tokens)
        losses = {name: loss for name, loss in head_losses(EncoderOutput(**read), labels).items() if self.weights[name]}
        if self.region_text is not None:
            losses["contrast"] = self.region_text(tokens, labels)
        return output, losses

    def _wanted(self, labels: dict[str, Tensor]) -> Tensor:
        """[B, L]: the looks that a label of the row needs; a row that says nothing is there for the change from it."""
        authenticity = authenticity_known(labels) & any(self.weights[name] for name in AUTHENTICITY)
        tells = torch.tensor(tells_of_attacks(self.encoder.config), device=authenticity.device)
        expression = (expression_known(labels) | ~authenticity_known(labels)) & any(self.weights[name] for name in EXPRESSION)
        return torch.where(tells, authenticity[:, None], expression[:, None])

    def told(self) -> dict[str, float]:
        """The mean of each loss since the last time."""
        means = {name: round(float(value) / max(1, self._steps), 5) for name, value in self._sums.items()}
        self._sums.clear()
        self._steps = 0
        return means


def places_before(row_B: Tensor, pair_B: Tensor) -> Tensor:
    """[B]: the last place in the batch of the row that a row is the change of, or -1; rows by number, `pair_B` -1 for none."""
    is_it = (pair_B[:, None] == row_B[None]) & (pair_B[:, None] >= 0)
    return torch.where(is_it, torch.arange(len(row_B), device=row_B.device), -1).amax(1)
