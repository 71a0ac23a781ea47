"""The training of one network of the spotter's."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ...model.perception.spotter import features
from .adding import Adding
from .network import SpotterNet
from .takes import Take, targets

FOLDS = 5  # each network lacks one of them, by which the least probability is chosen; the last one all of them lack
BATCH, WINDOW = 16, 256
RATE_OF_LEARNING, DECAY, EVENT_WEIGHT = 2e-3, 0.02, 4.0


def trained(takes: Sequence[Take], adding: Adding, seed: int, steps: int) -> SpotterNet:
    torch.manual_seed(seed)
    rng, network = np.random.default_rng(seed), SpotterNet()
    optimiser = torch.optim.AdamW(network.parameters(), RATE_OF_LEARNING, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE_OF_LEARNING, steps)
    for _ in range(steps):
        told, there, counts, reach = _batch(takes, adding, rng)
        out = network(told)
        loss = EVENT_WEIGHT * (binary_cross_entropy_with_logits(out[:, 0], there, counts, reduction="sum") / counts.sum())
        if (there > 0).any():
            is_there = there > 0
            apart = _apart(out[:, 1:].transpose(0, 1)[:, is_there], reach.transpose(0, 1)[:, is_there])
            loss = loss + (apart * counts[is_there]).sum() / counts[is_there].sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.eval()


def member(takes: Sequence[Take], adding: Adding, steps: int, number: int) -> SpotterNet:
    """One of them, without the clips left out and without those that it helps to choose by."""
    torch.set_num_threads(1)
    return trained([take for take in takes if take.number % FOLDS not in (number, FOLDS - 1)], adding, number, steps)


def _batch(takes: Sequence[Take], adding: Adding, rng: np.random.Generator) -> list[Tensor]:
    rows = []
    for number in rng.integers(len(takes), size=BATCH):
        take = adding(takes[number], rng)
        parts = [features(take.course).T, *targets(take)]
        start = int(rng.integers(max(1, parts[0].shape[1] - WINDOW + 1)))
        cut = [part[..., start : start + WINDOW] for part in parts]
        rows.append([np.pad(part, [(0, 0)] * (part.ndim - 1) + [(0, WINDOW - part.shape[-1])]) for part in cut])
    return [torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)]


def _apart(said: Tensor, true: Tensor) -> Tensor:
    """[N]: 1 - IoU of intervals that hold the same sample, by the logarithms [2, N] of the distances to their ends."""
    ours, theirs = said.exp(), true.exp()
    shared, whole = torch.minimum(ours, theirs).sum(0), torch.maximum(ours, theirs).sum(0)
    return 1 - (shared + 1) / (whole + 1)
