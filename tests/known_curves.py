"""Curves of a still, noisy face that moves as it is told, for the tests of spotting."""

import numpy as np

from facewise.model.perception.curves import LAG_S, Curves
from facewise.model.perception.displacement import NAMES

NOISE_IOD = 0.0008  # of a region's flow on a clean film


def curves(fps: float, seconds: float, *moves: tuple[str, float, float, tuple[float, float]], seed: int = 0) -> Curves:
    """A still, noisy face but for (region, onset s, offset s, (x, y) in IOD at its height): up and down as a raised cosine."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(fps * seconds)) / fps
    count, lag = len(times), max(1, round(LAG_S * fps))
    displaced = np.zeros((count, len(NAMES), 2))
    for region, onset, offset, peak in moves:
        phase = np.clip((times - onset) / (offset - onset), 0, 1)
        displaced[:, NAMES.index(region)] += (0.5 - 0.5 * np.cos(2 * np.pi * phase))[:, None] * peak
    since = np.maximum(np.arange(count) - lag, 0)
    since[0] = -1
    moved = displaced - displaced[since]
    moved[0] = 0
    moved += rng.normal(0, NOISE_IOD, moved.shape)
    still = np.zeros(count)
    lids = np.full((count, 2), 0.1) + rng.normal(0, 0.002, (count, 2))
    gaze, pose = rng.normal(0, 0.01, (count, 2)), rng.normal(0, 0.003, (count, 3))
    return Curves(np.arange(count), times, moved.astype(np.float32), since, lids, still, gaze, pose)
