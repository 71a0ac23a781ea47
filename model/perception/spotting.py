"""From region curves to intervals: what moved, from when to when, and how sure; blinks, gaze shifts, speech and head turns told apart.

Lagged flows are joined to a displacement by least squares, its slow drift and the person's rest are taken off, and what rises above the
region's own noise is an interval. Everything is in seconds and inter-ocular distances, and linear in the clip's length. State of the
art on real clips is F1 .29 (SAMM-LV) and .10 (CAS(ME)3): an interval is a candidate with a score, never a fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import find_peaks, peak_widths
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu

from .curves import LONGEST_LAG_S, Curves
from .motion import BROWS, DEPTH_DOUBT_IOD, LIDS, MOUTH, REGIONS

NAMES = tuple(REGIONS)
# Curves that are looked at: every region, and the mouth's parts once more against the mouth as a whole, which takes off what they share:
# the mouth lies far from where the head's motion is read, and its noise is mostly one.
MOUTH_AT = tuple(NAMES.index(name) for name in MOUTH)
OBSERVED = (*NAMES, *MOUTH)
UPPER_LIDS = tuple(NAMES.index(name) for name in LIDS if "upper" in name)
FLOOR_IOD = 0.004  # science.md §3: max(.004, 4 x 1.4826 MAD in the calmest third)
MICRO_S, MICRO_RISE_S = 0.5, 0.26  # science.md §3 (Davison, Yan)
FEWEST_FRAMES = 5  # fewer tell no movement from noise: at 30 fps nothing under .17 s
SMOOTH_HZ = 15.0  # half the rate of film: nothing that it shows moves faster
DRIFT_S = 40.0  # joined flows drift like a random walk; slower than this is drift
REST_S = 10.0  # a person's rest changes slower than this; longer than twice the longest expression (4 s)
QUICK_S = 2.5  # what a short movement is seen against: drift and sway that a long one must stand out of do not hide it
CALMEST = 0.4  # of a window's moments: the rest is their median
LEAST_RATIO = (
    1.6  # of the floor: on drawn clips more than three of four intervals above it are true (of those above 1.3, two of three)
)
EDGE = 0.85  # of a peak's prominence from its top, where onset and offset lie; 1 would reach into the noise
FULL = 0.95  # of the peak: the apex is the first moment there, a held expression has many
CLOSED, FALLEN_IOD = 0.5, 0.02  # of the lids' usual opening; the upper lids' skin travels half as far as their rims
BLINK_S = (0.05, 0.6)
AROUND_BLINK_S = 0.1
GAZE_SHIFT = 0.15  # rad within .1 s; noise of the irises is under .03
AROUND_GAZE_S = 0.15
SPEECH_TURNS_S, SPEECH_IOD, SPEECH_S = 4.0, 0.012, 0.8  # turns of the lower lip a second, their least size, for how long
WHOLE_FACE = 0.7  # of the regions at once: a head or a picture moved, no muscle


@dataclass(frozen=True)
class Spot:
    """One movement in moments of the clip: `onset`, `apex`, `offset` count frames from 0, both ends belong to it.

    `regions`: region -> (x right, y down) in IOD at the apex, strongest first; `ratio`: how many times its noise floor it rises.
    """

    onset: int
    apex: int
    offset: int
    onset_s: float
    apex_s: float
    offset_s: float
    kind: str  # micro, macro, blink
    score: float
    regions: dict[str, tuple[float, float]]
    ratio: float


@dataclass(frozen=True)
class Distractor:
    """A span that explains movement without an expression: gaze, speech or head."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Spotted:
    """What a clip shows of one face. `displacement` [N, R, 2] in IOD from rest and `floors` [N, R] belong to `curves`; `shortest_s` is the
    shortest movement that the frame rate can show; `calm` [N] marks the moments of rest."""

    curves: Curves
    displacement: np.ndarray
    floors: np.ndarray
    calm: np.ndarray
    spots: tuple[Spot, ...]
    distractors: tuple[Distractor, ...]
    shortest_s: float


def spot(curves: Curves) -> Spotted:
    """Intervals of a face's curves, in order of time. A clip of fewer than five moments has none."""
    count = len(curves.times)
    shortest = FEWEST_FRAMES / curves.fps if curves.fps else 0.0
    if count < FEWEST_FRAMES:
        nothing = np.zeros((count, len(NAMES)))
        return Spotted(curves, np.zeros((*nothing.shape, 2)), nothing + FLOOR_IOD, np.ones(count, bool), (), (), shortest)
    blinks, gaze_spans = _blinks(curves), _gaze_shifts(curves)
    displaced = displacement(curves, _trust(curves, blinks, gaze_spans))
    calm = calm_moments(curves)
    observed = np.concatenate([displaced, within_mouth(displaced)], axis=1)
    bands = [observed - resting(observed, curves, calm, seconds) for seconds in (REST_S, QUICK_S)]
    rested, floors = bands[0], noise_floors(bands[0], curves, calm)
    speech = _speech(curves, displaced)
    peaks = [
        *_all_peaks(rested, floors),
        *_all_peaks(bands[1], noise_floors(bands[1], curves, calm), longest_s=QUICK_S / 2, curves=curves),
    ]
    head = _head_turns(curves)
    spots = [*blinks, *_movements(peaks, rested, curves, blinks, gaze_spans, speech, head)]
    told = [*_spans("gaze", gaze_spans, curves), *_spans("speech", speech, curves), *_spans("head", head, curves)]
    order = sorted(spots, key=lambda found: found.onset)
    shown = slice(len(NAMES))
    return Spotted(
        curves,
        rested[:, shown],
        floors[:, shown],
        calm,
        tuple(order),
        tuple(sorted(told, key=lambda span: span.start_s)),
        shortest,
    )


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


def within_mouth(displaced: np.ndarray) -> np.ndarray:
    """[N, M, 2]: the mouth's parts against their common movement."""
    mouth = displaced[:, list(MOUTH_AT)]
    return mouth - np.median(mouth, axis=1, keepdims=True)


def resting(displaced: np.ndarray, curves: Curves, calm: np.ndarray, seconds: float) -> np.ndarray:
    """Where each curve [N, R, 2] rests: a smooth line (Whittaker's) and what the head's turns leave, since a region's depth is never quite
    right. Both are fitted so that what stands out, as an expression does, counts nothing (Tukey's weights)."""
    count, dt = len(curves.times), 1 / curves.fps
    bends = diags([1.0, -2.0, 1.0], [0, 1, 2], (count - 2, count))
    stiff = csc_matrix((2 * np.pi * dt / seconds) ** -4 * (bends.T @ bends))
    turns = _smoothed(curves.pose[:, :2], curves).astype(float)
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


def _turned(left: np.ndarray, turns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The part [N, 2] of what is left that goes with yaw and pitch [N, 2]: a depth error of DEPTH_DOUBT_IOD is expected, no more."""
    centred = turns - np.average(turns, axis=0, weights=weights)
    weighted = centred * weights[:, None]
    doubt = (FLOOR_IOD / DEPTH_DOUBT_IOD) ** 2 * np.eye(2)
    return centred @ np.linalg.solve(weighted.T @ centred + doubt, weighted.T @ left)


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
    pose = _smoothed(curves.pose[:, :2], curves)
    away = np.linalg.norm(pose - _rest(pose[:, None], curves, calm)[:, 0], axis=1)
    return np.maximum(FLOOR_IOD, 4 * noise)[None] + DEPTH_DOUBT_IOD * np.sin(np.minimum(away, np.pi / 2))[:, None]


# Intervals


def _all_peaks(rested: np.ndarray, floors: np.ndarray, curves: Curves | None = None, longest_s: float = np.inf) -> list[_Peak]:
    ratios = np.linalg.norm(rested, axis=2) / floors
    peaks = [peak for region in range(len(OBSERVED)) for peak in _peaks(ratios[:, region], region)]
    return [p for p in peaks if curves is None or curves.times[p.offset] - curves.times[p.onset] <= longest_s]


def _movements(
    found: list[_Peak],
    rested: np.ndarray,
    curves: Curves,
    blinks: list[Spot],
    gaze: np.ndarray,
    speech: np.ndarray,
    head: np.ndarray,
) -> list[Spot]:
    peaks = sorted(found, key=lambda peak: -peak.ratio)
    spots: list[Spot] = []
    taken: list[_Peak] = []
    for peak in peaks:
        if any(_same(peak, other) for other in taken):
            continue
        taken.append(peak)
        moved = [p for p in peaks if _same(p, peak)]
        if not _explained(peak, moved, curves, blinks, gaze, speech, head) and peak.offset - peak.onset + 1 >= FEWEST_FRAMES:
            spots.append(_interval(peak, moved, rested, curves))
    return spots


@dataclass(frozen=True)
class _Peak:
    region: int
    onset: int
    apex: int
    offset: int
    ratio: float


def _peaks(ratio: np.ndarray, region: int) -> list[_Peak]:
    """Where one region's curve stands out of its noise."""
    tops, found = find_peaks(np.pad(ratio, 1), height=LEAST_RATIO, prominence=0.7)
    if not len(tops):
        return []
    _, _, left, right = peak_widths(np.pad(ratio, 1), tops, rel_height=EDGE, prominence_data=_prominences(found))
    peaks = []
    for top, start, stop in zip(tops - 1, left - 1, right - 1, strict=True):
        onset, offset = max(0, int(np.floor(start))), min(len(ratio) - 1, int(np.ceil(stop)))
        full = onset + int(np.argmax(ratio[onset : top + 1] >= FULL * ratio[top]))
        peaks.append(_Peak(region, onset, full, offset, float(ratio[top])))
    return peaks


def _prominences(found: dict) -> tuple:
    return found["prominences"], found["left_bases"], found["right_bases"]


def _same(peak: _Peak, other: _Peak) -> bool:
    """Peaks of two regions that are one movement: one's apex lies within the other and they share half of the shorter."""
    shared = min(peak.offset, other.offset) - max(peak.onset, other.onset) + 1
    shorter = min(peak.offset - peak.onset, other.offset - other.onset) + 1
    return shared >= 0.5 * shorter


def _explained(
    peak: _Peak, moved: list[_Peak], curves: Curves, blinks: list[Spot], gaze: np.ndarray, speech: np.ndarray, head: np.ndarray
) -> bool:
    """Whether a blink, a gaze shift, speech, a moving head or the picture accounts for it."""
    span = slice(peak.onset, peak.offset + 1)
    if OBSERVED[peak.region] in LIDS and gaze[span].any():
        return True
    if any(_overlap(curves, peak, blink) > (0.2 if OBSERVED[peak.region] in LIDS else 0.5) for blink in blinks):
        return True
    if OBSERVED[peak.region] not in (*BROWS, *LIDS) and speech[span].mean() > 0.5:
        return True
    if head[span].mean() > 0.2:
        return True
    return len({OBSERVED[p.region] for p in moved}) >= WHOLE_FACE * len(NAMES)


def _overlap(curves: Curves, peak: _Peak, blink: Spot) -> float:
    """Share of the peak's time that the blink takes."""
    start, stop = curves.times[peak.onset], curves.times[peak.offset]
    shared = min(stop, blink.offset_s + AROUND_BLINK_S) - max(start, blink.onset_s - AROUND_BLINK_S)
    return max(0.0, shared) / max(stop - start, 1e-6)


def _interval(peak: _Peak, moved: list[_Peak], rested: np.ndarray, curves: Curves) -> Spot:
    regions = [p.region for p in sorted(moved, key=lambda p: -p.ratio)]
    vectors: dict[str, tuple[float, float]] = {}
    for region in regions:
        vectors.setdefault(OBSERVED[region], tuple(np.round(rested[peak.apex, region], 4).tolist()))
    lasts = curves.times[peak.offset] - curves.times[peak.onset]
    rises = curves.times[peak.apex] - curves.times[peak.onset]
    kind = "micro" if lasts <= MICRO_S or (rises <= MICRO_RISE_S and lasts <= 2 * MICRO_S) else "macro"
    return _spot(curves, peak.onset, peak.apex, peak.offset, kind, vectors, peak.ratio)


def _spot(curves: Curves, onset: int, apex: int, offset: int, kind: str, regions: dict, ratio: float) -> Spot:
    score = round(float(1 / (1 + np.exp(-2 * (ratio - 2)))), 4)
    frames = [int(curves.frames[moment]) for moment in (onset, apex, offset)]
    times = [round(float(curves.times[moment]), 4) for moment in (onset, apex, offset)]
    return Spot(frames[0], frames[1], frames[2], times[0], times[1], times[2], kind, score, regions, round(float(ratio), 3))


# What is no expression


def _blinks(curves: Curves) -> list[Spot]:
    """Both lids down and up again within half a second: by their opening, which lids without lashes hardly change, or by their flow."""
    usual = _median(curves.lids, curves)
    shut = (1 - (curves.lids / np.maximum(usual, 1e-3)).max(1)) / CLOSED  # both: the wider one counts
    fallen = displacement(curves, np.ones((len(curves.times), len(NAMES))), UPPER_LIDS)[..., 1]
    dropped = (fallen - _median(fallen, curves)).min(1) / FALLEN_IOD
    closing = np.maximum(shut, dropped)
    tops, found = find_peaks(np.pad(closing, 1), height=1.0, prominence=0.6)
    if not len(tops):
        return []
    _, _, left, right = peak_widths(np.pad(closing, 1), tops, rel_height=EDGE, prominence_data=_prominences(found))
    blinks = []
    for top, start, stop in zip(tops - 1, left - 1, right - 1, strict=True):
        onset, offset = max(0, int(np.floor(start))), min(len(closing) - 1, int(np.ceil(stop)))
        if BLINK_S[0] <= curves.times[offset] - curves.times[onset] <= BLINK_S[1]:
            blinks.append(_spot(curves, onset, int(top), offset, "blink", {}, float(closing[top]) + 1))
    return blinks


def _median(values: np.ndarray, curves: Curves) -> np.ndarray:
    """The running median [N, C] of columns over four seconds: what is usual there."""
    return median_filter(values, size=(max(3, 2 * int(2 * curves.fps) + 1), 1), mode="nearest")


def _gaze_shifts(curves: Curves) -> np.ndarray:
    """[N] bool: about the moments at which the irises jump."""
    step = max(1, int(round(0.1 * curves.fps)))
    looks = curves.gaze.copy()
    jumps = np.zeros(len(looks))
    if len(looks) > step:
        jumps[step:] = np.nan_to_num(np.linalg.norm(looks[step:] - looks[:-step], axis=1))
    return _widened(jumps > GAZE_SHIFT, curves, AROUND_GAZE_S)


def _speech(curves: Curves, displaced: np.ndarray) -> np.ndarray:
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


def _head_turns(curves: Curves) -> np.ndarray:
    """[N] bool: the head turns faster than 20 degrees a second."""
    pose = _smoothed(curves.pose[:, :2], curves)
    return np.linalg.norm(np.gradient(pose, axis=0), axis=1) * curves.fps > np.radians(20)


def _trust(curves: Curves, blinks: list[Spot], gaze: np.ndarray) -> np.ndarray:
    """[N, R]: how much a region's flow counts at a moment. A blink drags brows, and the canthi that the
    head's motion is read from; lids follow the gaze."""
    blinking = np.zeros(len(curves.times), bool)
    for blink in blinks:
        blinking |= (curves.times >= blink.onset_s - AROUND_BLINK_S / 2) & (curves.times <= blink.offset_s + AROUND_BLINK_S / 2)
    trust = np.ones((len(curves.times), len(NAMES)))
    trust[_either_end(blinking, curves)] = 0.02
    for name in LIDS:
        trust[_either_end(gaze, curves), NAMES.index(name)] = 0.02
    return trust


def _either_end(moments: np.ndarray, curves: Curves) -> np.ndarray:
    """A lagged flow is touched where it begins and where it ends."""
    return moments | (moments[curves.since] & (curves.since >= 0))


def _spans(kind: str, moments: np.ndarray, curves: Curves) -> list[Distractor]:
    return [Distractor(kind, round(float(curves.times[a]), 3), round(float(curves.times[b]), 3)) for a, b in _runs(moments)]


# Along time


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


def _smoothed(values: np.ndarray, curves: Curves, seconds: float = 0.15) -> np.ndarray:
    return uniform_filter1d(values, max(1, int(round(seconds * curves.fps))), axis=0, mode="nearest")


def _widened(moments: np.ndarray, curves: Curves, seconds: float) -> np.ndarray:
    reach = int(round(seconds * curves.fps))
    return np.convolve(moments.astype(float), np.ones(2 * reach + 1), mode="same") > 0.5 if moments.any() else moments


def _runs(moments: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moments, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
