"""Where each region of a face is over a clip: lagged flows joined by least squares, drift and the person's rest taken off, and the noise.

Everything is in seconds and inter-ocular distances, and linear in the clip's length: the systems to solve are banded.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks, peak_widths
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu

from .curves import LONGEST_LAG_S, Curves
from .motion import DEPTH_DOUBT_IOD
from .patches import REGIONS

NAMES = tuple(REGIONS)
FLOOR_IOD = 0.004  # science.md §3: max(.004, 4 x 1.4826 MAD in the calmest third)
SMOOTH_HZ = 15.0  # half the rate of film: nothing that it shows moves faster
DRIFT_S = 40.0  # joined flows drift like a random walk; slower than this is drift
REST_S = 10.0  # a person's rest changes slower than this; longer than twice the longest expression (4 s)
CALMEST = 0.4  # of a window's moments: the rest is their median
EDGE = 0.85  # of a peak's prominence from its top, where onset and offset lie; 1 would reach into the noise


def displacement(curves: Curves, trust: np.ndarray, chosen: Sequence[int] = range(len(NAMES))) -> np.ndarray:
    """[N, C, 2] in IOD of the chosen regions: the curve x of least squares over x[t] - x[since[t]] = moved[t], weighted by `trust` [N, R],
    smooth and without drift. Solved once for each pattern of trust; banded, so linear in N."""
    count = len(curves.times)
    measured = np.flatnonzero(curves.since >= 0)
    places = np.array(chosen)
    out = np.zeros((count, len(places), 2))
    if not len(measured):
        return out
    rows = np.arange(len(measured)).repeat(2)
    columns = np.stack([measured, curves.since[measured]], 1).ravel()
    differences = coo_matrix((np.tile([1.0, -1.0], len(measured)), (rows, columns)), (len(measured), count)).tocsr()
    prior = _prior(curves)
    patterns, kinds = np.unique(trust[measured][:, places].T, axis=0, return_inverse=True)
    for number, weights in enumerate(patterns):
        regions = np.flatnonzero(kinds.ravel() == number)
        weighted = differences.T @ diags(weights)
        system = splu(csc_matrix(weighted @ differences + prior))
        wanted = curves.moved[measured][:, places[regions]].reshape(len(measured), -1).astype(float)
        out[:, regions] = system.solve(weighted @ wanted).reshape(count, len(regions), 2)
    return out


def resting(displaced: np.ndarray, curves: Curves, calm: np.ndarray, seconds: float) -> np.ndarray:
    """Where each curve [N, R, 2] rests: a smooth line (Whittaker's) and what the head's turns leave, since a region's depth is never quite
    right. Both are fitted so that what stands out, as an expression does, counts nothing (Tukey's weights)."""
    count, dt = len(curves.times), 1 / curves.fps
    bends = diags([1.0, -2.0, 1.0], [0, 1, 2], (count - 2, count))
    stiff = csc_matrix((2 * np.pi * dt / seconds) ** -4 * (bends.T @ bends))
    turns = smoothed(curves.pose[:, :2], curves).astype(float)
    rest = _rest(displaced, curves, calm)
    for region in range(displaced.shape[1]):
        moved, turned = displaced[:, region], np.zeros((count, 2))
        line = rest[:, region]
        for _ in range(6):
            away = np.linalg.norm(moved - turned - line, axis=1)
            scale = max(4.7 * 1.4826 * float(np.median(away[calm])) / 1.18, FLOOR_IOD)
            weights = np.clip(1 - (away / scale) ** 2, 0.003, None) ** 2
            line = splu(csc_matrix(diags(weights) + stiff)).solve(weights[:, None] * (moved - turned))
            turned = _turned(moved - line, turns, weights)
        rest[:, region] = line + turned
    return rest


def calm_moments(curves: Curves) -> np.ndarray:
    """[N] bool: the moments of least movement within each window; where a person's neutral face is looked for.

    Movement is the mean length of the regions' lagged flow about each moment, head turns included: a blurred face is no neutral one.
    """
    speed = np.linalg.norm(curves.moved, axis=2).mean(1)
    turning = np.linalg.norm(np.gradient(curves.pose[:, :2], axis=0), axis=1) * curves.fps * 0.02
    speed = uniform_filter1d(speed + turning, max(1, int(round(0.2 * curves.fps))), mode="nearest")
    calm = np.zeros(len(speed), bool)
    for window in _windows(curves):
        calm[window] |= speed[window] <= np.quantile(speed[window], CALMEST)
    return calm


def noise_floors(rested: np.ndarray, curves: Curves, calm: np.ndarray) -> np.ndarray:
    """[N, R] in IOD: four times the noise of the calmest third, never under .004, more while the head is turned away from its rest."""
    speed = np.linalg.norm(curves.moved, axis=2).mean(1)
    third = speed <= np.quantile(speed, 1 / 3)
    noise = 1.4826 * np.median(np.abs(rested[third]), axis=(0, 2))
    pose = smoothed(curves.pose[:, :2], curves)
    away = np.linalg.norm(pose - _rest(pose[:, None], curves, calm)[:, 0], axis=1)
    return np.maximum(FLOOR_IOD, 4 * noise)[None] + DEPTH_DOUBT_IOD * np.sin(np.minimum(away, np.pi / 2))[:, None]


def smoothed(values: np.ndarray, curves: Curves, seconds: float = 0.15) -> np.ndarray:
    return uniform_filter1d(values, max(1, int(round(seconds * curves.fps))), axis=0, mode="nearest")


def peaks_of(curve: np.ndarray, height: float, prominence: float) -> list[tuple[int, int, int]]:
    """(onset, top, offset) moments of a curve's peaks [N] of at least this height and prominence; one may lie at either end."""
    padded = np.pad(curve, 1)
    tops, found = find_peaks(padded, height=height, prominence=prominence)
    if not len(tops):
        return []
    bases = found["prominences"], found["left_bases"], found["right_bases"]
    _, _, left, right = peak_widths(padded, tops, rel_height=EDGE, prominence_data=bases)
    return [
        (max(0, int(np.floor(start)) - 1), int(top) - 1, min(len(curve) - 1, int(np.ceil(stop)) - 1))
        for top, start, stop in zip(tops, left, right, strict=True)
    ]


# Parts


def _turned(left: np.ndarray, turns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The part [N, 2] of what is left that goes with yaw and pitch [N, 2]: a depth error of DEPTH_DOUBT_IOD is expected, no more."""
    centred = turns - np.average(turns, axis=0, weights=weights)
    weighted = centred * weights[:, None]
    doubt = (FLOOR_IOD / DEPTH_DOUBT_IOD) ** 2 * np.eye(2)
    return centred @ np.linalg.solve(weighted.T @ centred + doubt, weighted.T @ left)


def _prior(curves: Curves) -> csc_matrix:
    """What is known of a curve before it is measured: it is smooth, unless the face was away, and it does not drift for ever."""
    count, dt = len(curves.times), 1 / curves.fps
    smooth = (2 * np.pi * SMOOTH_HZ * dt) ** -4
    whole = (np.diff(curves.times)[:-1] < LONGEST_LAG_S) & (np.diff(curves.times)[1:] < LONGEST_LAG_S)
    bends = diags([1.0, -2.0, 1.0], [0, 1, 2], (count - 2, count))
    lag = float(np.median((curves.times - curves.times[curves.since])[curves.since >= 0])) if (curves.since >= 0).any() else dt
    drift = (2 * np.pi * lag / DRIFT_S) ** 2
    return csc_matrix(smooth * (bends.T @ diags(whole.astype(float)) @ bends) + drift * diags(np.ones(count)))


def _windows(curves: Curves) -> list[slice]:
    """Windows of REST_S, half overlapping, over the whole clip."""
    edges = np.arange(0.0, max(curves.times[-1] - REST_S / 2, 1e-9), REST_S / 2)
    starts = np.searchsorted(curves.times, curves.times[0] + edges)
    stops = np.searchsorted(curves.times, curves.times[0] + edges + REST_S, side="right")
    return [slice(a, b) for a, b in zip(starts, stops, strict=True) if b > a]


def _rest(values: np.ndarray, curves: Curves, calm: np.ndarray) -> np.ndarray:
    """The rest [N, ...] of curves [N, ...]: medians of the calm moments of each window, joined by straight lines."""
    windows = _windows(curves)
    middles = np.array([curves.times[w].mean() for w in windows])
    medians = np.array([np.median(values[w][calm[w]], axis=0) for w in windows])
    flat = medians.reshape(len(windows), -1)
    joined = np.stack([np.interp(curves.times, middles, column) for column in flat.T], axis=1)
    return joined.reshape(values.shape)
