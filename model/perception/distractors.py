"""What moves a face, or its picture, without being an expression: blinks, gaze shifts, speech and head turns, found beside the movements.

Each is found from what it is known by: lids by their opening and fall, gaze by the irises, speech by how often the lower lip turns, the head
by its pose. Times are in seconds, lengths in inter-ocular distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d
from scipy.signal import find_peaks

from .curves import Curves
from .displacement import NAMES, displacement, peaks_of, smoothed
from .patches import LIDS

UPPER_LIDS = tuple(NAMES.index(name) for name in LIDS if "upper" in name)
CLOSED, FALLEN_IOD = 0.5, 0.02  # of the lids' usual opening; the upper lids' skin travels half as far as their rims
BLINK_S = (0.05, 0.6)  # blinks last up to .5 s (docs/science.md §5); their edges are seen a film frame early and late
AROUND_BLINK_S = 0.1
GAZE_SHIFT = 0.15  # rad within .1 s; noise of the irises is under .03
AROUND_GAZE_S = 0.15
SPEECH_TURNS_S, SPEECH_IOD, SPEECH_S = 4.0, 0.012, 0.8  # turns of the lower lip a second, their least size, for how long
HEAD_TURN = np.radians(20)  # a second
DISTRUST = 0.02  # what a flow counts that a blink or the gaze has touched


@dataclass(frozen=True)
class Blink:
    """In moments of the curves, both ends in it; `strength` is 1 for the least that counts."""

    onset: int
    apex: int
    offset: int
    strength: float


@dataclass(frozen=True)
class Distractor:
    """A span that explains movement without an expression: gaze, speech or head."""

    kind: str
    start_s: float
    end_s: float


def blinks(curves: Curves) -> list[Blink]:
    """Both lids down and up again within half a second: by their opening, which lids without lashes hardly change, or by their flow."""
    usual = _median(curves.lids, curves)
    shut = (1 - (curves.lids / np.maximum(usual, 1e-3)).max(1)) / CLOSED  # both: the wider one counts
    fallen = displacement(curves, np.ones((len(curves.times), len(NAMES))), UPPER_LIDS)[..., 1]
    dropped = (fallen - _median(fallen, curves)).min(1) / FALLEN_IOD
    closing = np.maximum(shut, dropped)
    return [
        Blink(onset, top, offset, float(closing[top]))
        for onset, top, offset in peaks_of(closing, height=1.0, prominence=0.6)
        if BLINK_S[0] <= curves.times[offset] - curves.times[onset] <= BLINK_S[1]
    ]


def gaze_shifts(curves: Curves) -> np.ndarray:
    """[N] bool: about the moments at which the irises jump."""
    step = max(1, int(round(0.1 * curves.fps)))
    looks = curves.gaze.copy()
    jumps = np.zeros(len(looks))
    if len(looks) > step:
        jumps[step:] = np.nan_to_num(np.linalg.norm(looks[step:] - looks[:-step], axis=1))
    return _widened(jumps > GAZE_SHIFT, curves, AROUND_GAZE_S)


def speech(curves: Curves, displaced: np.ndarray) -> np.ndarray:
    """[N] bool: where the lower lip turns up and down often for long enough."""
    lip = displaced[:, NAMES.index("lower lip"), 1]
    turns = np.zeros(len(lip))
    for sign in (1, -1):
        turns[find_peaks(sign * lip, prominence=SPEECH_IOD)[0]] = 1
    rate = uniform_filter1d(turns, max(1, int(round(curves.fps))), mode="constant") * curves.fps
    talking = _widened(rate >= SPEECH_TURNS_S, curves, 0.3)
    for start, stop in _runs(talking):
        if curves.times[stop] - curves.times[start] < SPEECH_S:
            talking[start : stop + 1] = False
    return talking


def head_turns(curves: Curves) -> np.ndarray:
    """[N] bool: the head turns faster than 20 degrees a second."""
    pose = smoothed(curves.pose[:, :2], curves)
    return np.linalg.norm(np.gradient(pose, axis=0), axis=1) * curves.fps > HEAD_TURN


def trust(curves: Curves, blinked: list[Blink], gaze: np.ndarray) -> np.ndarray:
    """[N, R]: how much a region's flow counts at a moment. A blink drags brows, and the canthi that the head's motion is read
    from; lids follow the gaze."""
    blinking = np.zeros(len(curves.times), bool)
    for blink in blinked:
        start, stop = curves.times[blink.onset], curves.times[blink.offset]
        blinking |= (curves.times >= start - AROUND_BLINK_S / 2) & (curves.times <= stop + AROUND_BLINK_S / 2)
    weights = np.ones((len(curves.times), len(NAMES)))
    weights[_either_end(blinking, curves)] = DISTRUST
    for name in LIDS:
        weights[_either_end(gaze, curves), NAMES.index(name)] = DISTRUST
    return weights


def spans(kind: str, moments: np.ndarray, curves: Curves) -> list[Distractor]:
    return [Distractor(kind, round(float(curves.times[a]), 3), round(float(curves.times[b]), 3)) for a, b in _runs(moments)]


# Parts


def _median(values: np.ndarray, curves: Curves) -> np.ndarray:
    """The running median [N, C] of columns over four seconds: what is usual there."""
    return median_filter(values, size=(max(3, 2 * int(2 * curves.fps) + 1), 1), mode="nearest")


def _either_end(moments: np.ndarray, curves: Curves) -> np.ndarray:
    """A lagged flow is touched where it begins and where it ends."""
    return moments | (moments[curves.since] & (curves.since >= 0))


def _widened(moments: np.ndarray, curves: Curves, seconds: float) -> np.ndarray:
    return maximum_filter1d(moments, 2 * int(round(seconds * curves.fps)) + 1, mode="constant")


def _runs(moments: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moments, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
