"""The network of model/perception/spotter.py as torch trains it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ...model.perception.patches import REGIONS
from ...model.perception.spotter import DILATIONS, LOG_REACH, Sampled, features

DROPOUT, WIDTH = 0.1, 64


class SpotterNet(nn.Module):
    """Features [B, F, T] of spotter.py -> [B, 3, T] as Spotter.read tells: it is the same network, which is run there without torch."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.first = nn.Conv1d(_width(), width, 1)
        self.blocks = nn.ModuleList(Block(width, dilation) for dilation in DILATIONS)
        self.last = nn.Conv1d(width, 3, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, told_BFT: Tensor) -> Tensor:
        hidden = self.dropout(self.first(told_BFT))
        for block in self.blocks:
            hidden = block(hidden)
        told = self.last(hidden)
        return torch.cat([told[:, :1], told[:, 1:].clamp(*LOG_REACH)], dim=1)


class Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)  # a layer norm would make noise as large as what moves
        self.over = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.out = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, hidden_BCT: Tensor) -> Tensor:
        return hidden_BCT + self.dropout(self.out(relu(self.over(relu(self.norm(hidden_BCT))))))


def _width() -> int:
    nothing = np.zeros((1, len(REGIONS), 2), np.float32)
    return features(Sampled(np.zeros(1), nothing, np.zeros((1, 8), np.float32), np.ones(1, bool))).shape[1]


def tensors(networks: Sequence[SpotterNet], least: float, calibration: tuple[float, float] = (1.0, 0.0)) -> dict[str, np.ndarray]:
    """As Spotter reads them."""
    named = {
        f"{number}.{name}": tensor.detach().numpy()
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return named | {"least": np.array([least], np.float32), "calibration": np.array(calibration, np.float32)}
