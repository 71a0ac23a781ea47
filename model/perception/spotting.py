"""From a face's curves to intervals: what moved, from when to when, and how sure.

What rises above a region's own noise (displacement.py) and is not explained otherwise (distractors.py) is an interval. State of the art on
real clips is F1 .29 (SAMM-LV) and .10 (CAS(ME)3): an interval is a candidate with a score, never a fact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .curves import Curves
from .displacement import (
    FLOOR_IOD,
    NAMES,
    OBSERVED,
    REST_S,
    calm_moments,
    displacement,
    noise_floors,
    peaks_of,
    resting,
    within_mouth,
)
from .distractors import (
    AROUND_BLINK_S,
    Blink,
    Distractor,
    blinks,
    gaze_shifts,
    head_turns,
    spans,
    speech,
    trust,
)
from .patches import BROWS, LIDS

MICRO_S = 0.5  # in all, as SAMM Long Videos and the spotting challenges count; a quick onset alone (Yan et al. 2013: .26 s) is that of many smiles, too
FEWEST_FRAMES = 5  # fewer tell no movement from noise: at 30 fps nothing under .17 s
QUICK_S = 2.5  # what a short movement is seen against: drift and sway that a long one must stand out of do not hide it
# How many times its floor a peak must rise, chosen on drawn clips: lower ones find more and are wrong more often.
LEAST_RATIO = 1.6
FULL = 0.95  # of the peak's height
BEFORE_ONSET_S = 0.1  # over which the face before a movement is taken
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


@dataclass(frozen=True, eq=False)
class Spotted:
    """What a clip shows of one face. `displacement` [N, R, 2] in IOD from rest and `floors` [N, R] belong to `curves`; `ratios` [N, R] is how
    many times its floor a region moves, against the slow rest or the quick one, whichever shows it better; `shortest_s` is the
    shortest movement that the frame rate can show; `calm` [N] marks the moments of rest."""

    curves: Curves
    displacement: np.ndarray
    floors: np.ndarray
    ratios: np.ndarray
    calm: np.ndarray
    spots: tuple[Spot, ...]
    distractors: tuple[Distractor, ...]
    shortest_s: float


@dataclass(frozen=True, eq=False)
class _Otherwise:
    """What else may explain a movement: blinks, and moments [N] bool of gaze shifts, speech and head turns."""

    blinks: list[Blink]
    gaze: np.ndarray
    speech: np.ndarray
    head: np.ndarray

    def told(self, curves: Curves) -> tuple[Distractor, ...]:
        found = [*spans("gaze", self.gaze, curves), *spans("speech", self.speech, curves), *spans("head", self.head, curves)]
        return tuple(sorted(found, key=lambda span: span.start_s))


def spot(curves: Curves) -> Spotted:
    """Intervals of a face's curves, in order of time. A clip of fewer than five moments has none."""
    count = len(curves.times)
    shortest = FEWEST_FRAMES / curves.fps if curves.fps else 0.0
    if count < FEWEST_FRAMES:
        nothing = np.zeros((count, len(NAMES)))
        return Spotted(
            curves, np.zeros((*nothing.shape, 2)), nothing + FLOOR_IOD, nothing, np.ones(count, bool), (), (), shortest
        )
    blinked, gaze = blinks(curves), gaze_shifts(curves)
    displaced = displacement(curves, trust(curves, blinked, gaze))
    otherwise = _Otherwise(blinked, gaze, speech(curves, displaced), head_turns(curves))
    observed, calm = np.concatenate([displaced, within_mouth(displaced)], axis=1), calm_moments(curves)
    slow, quick = (observed - resting(observed, curves, calm, seconds) for seconds in (REST_S, QUICK_S))
    floors = noise_floors(slow, curves, calm)
    slowly, quickly = _ratios(slow, floors), _ratios(quick, noise_floors(quick, curves, calm))
    brief = [peak for peak in _peaks(quickly) if _lasts(peak, curves) <= QUICK_S / 2]
    found = [_closed(blink, curves) for blink in blinked] + _movements(_peaks(slowly) + brief, slow, curves, otherwise)
    shown = slice(len(NAMES))
    in_order = tuple(sorted(found, key=lambda spot: spot.onset))
    ratios = np.maximum(slowly, quickly)[:, shown]
    return Spotted(curves, slow[:, shown], floors[:, shown], ratios, calm, in_order, otherwise.told(curves), shortest)


def told_movement(curves: Curves, onset: int, offset: int, apex: int | None = None) -> Spotted:
    """The one movement that somebody found before, by its frames: read against the face as it was up to its onset. Without an apex that is where the
    face is farthest from there. A face that was away then has none."""
    times, frames = curves.times, curves.frames
    start, stop = np.searchsorted(frames, onset), np.searchsorted(frames, offset, side="right") - 1
    if stop - start + 1 < min(FEWEST_FRAMES, offset - onset + 1):
        return replace(spot(curves), spots=())
    displaced = displacement(curves, trust(curves, blinks(curves), gaze_shifts(curves)))
    before = (times > times[start] - BEFORE_ONSET_S) & (frames <= frames[start])
    rested = displaced - displaced[before].mean(0)
    ratios = np.linalg.norm(rested, axis=2) / FLOOR_IOD
    top = start + int(np.argmax(ratios[start : stop + 1].sum(1))) if apex is None else int(np.searchsorted(frames[:stop], apex))
    strongest = [region for region in np.argsort(-ratios[top]) if ratios[top, region] >= 1]
    vectors = {NAMES[region]: (float(rested[top, region, 0]), float(rested[top, region, 1])) for region in strongest}
    kind = "micro" if times[stop] - times[start] <= MICRO_S else "macro"
    shown = _spot(curves, (start, top, stop), kind, vectors, ratios[top].max())
    floors, shortest = np.full(ratios.shape, FLOOR_IOD), FEWEST_FRAMES / curves.fps if curves.fps else 0.0
    return Spotted(curves, rested, floors, ratios, before, (shown,), (), shortest)


# Intervals


def _movements(found: list[_Peak], rested: np.ndarray, curves: Curves, otherwise: _Otherwise) -> list[Spot]:
    """The strongest peaks first, each with what moved at the same time."""
    peaks = sorted(found, key=lambda peak: -peak.ratio)
    spots: list[Spot] = []
    taken: list[_Peak] = []
    for peak in peaks:
        if any(_same(peak, other) for other in taken):
            continue
        taken.append(peak)
        moved = [other for other in peaks if _same(other, peak)]
        if peak.offset - peak.onset + 1 >= FEWEST_FRAMES and not _explained(peak, moved, curves, otherwise):
            spots.append(_interval(peak, moved, rested, curves))
    return spots


@dataclass(frozen=True)
class _Peak:
    """Where one curve of OBSERVED stands out of its noise, in moments; `ratio`: how many times its floor."""

    region: int
    onset: int
    apex: int
    offset: int
    ratio: float

    @property
    def name(self) -> str:
        return OBSERVED[self.region]


def _ratios(rested: np.ndarray, floors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(rested, axis=2) / floors


def _peaks(ratios: np.ndarray) -> list[_Peak]:
    """Peaks of every curve; the apex is the first moment at which the movement is full, a held one has many."""
    peaks = []
    for region, ratio in enumerate(ratios.T):
        for onset, top, offset in peaks_of(ratio, height=LEAST_RATIO, prominence=0.7):
            apex = onset + int(np.argmax(ratio[onset : top + 1] >= FULL * ratio[top]))
            peaks.append(_Peak(region, onset, apex, offset, float(ratio[top])))
    return peaks


def _lasts(peak: _Peak, curves: Curves) -> float:
    return float(curves.times[peak.offset] - curves.times[peak.onset])


def _same(peak: _Peak, other: _Peak) -> bool:
    """Peaks of two regions that are one movement: one's apex lies within the other and they share half of the shorter."""
    shared = min(peak.offset, other.offset) - max(peak.onset, other.onset) + 1
    shorter = min(peak.offset - peak.onset, other.offset - other.onset) + 1
    return shared >= 0.5 * shorter


def _explained(peak: _Peak, moved: list[_Peak], curves: Curves, otherwise: _Otherwise) -> bool:
    """Whether a blink, a gaze shift, speech, a moving head or the picture accounts for it."""
    span, on_lids = slice(peak.onset, peak.offset + 1), peak.name in LIDS
    shared = max((_overlap(curves, peak, blink) for blink in otherwise.blinks), default=0.0)
    return bool(
        shared > (0.2 if on_lids else 0.5)
        or (on_lids and otherwise.gaze[span].any())
        or (peak.name not in (*BROWS, *LIDS) and otherwise.speech[span].mean() > 0.5)
        or otherwise.head[span].mean() > 0.2
        or len({other.name for other in moved}) >= WHOLE_FACE * len(NAMES)
    )


def _overlap(curves: Curves, peak: _Peak, blink: Blink) -> float:
    """Share of the peak's time that the blink takes."""
    start, stop = curves.times[peak.onset], curves.times[peak.offset]
    blinking = curves.times[blink.onset] - AROUND_BLINK_S, curves.times[blink.offset] + AROUND_BLINK_S
    return max(0.0, float(min(stop, blinking[1]) - max(start, blinking[0]))) / max(float(stop - start), 1e-6)


def _interval(peak: _Peak, moved: list[_Peak], rested: np.ndarray, curves: Curves) -> Spot:
    vectors: dict[str, tuple[float, float]] = {}
    for other in sorted(moved, key=lambda p: -p.ratio):
        x, y = np.round(rested[peak.apex, other.region], 4).tolist()
        vectors.setdefault(other.name, (x, y))
    kind = "micro" if _lasts(peak, curves) <= MICRO_S else "macro"
    return _spot(curves, (peak.onset, peak.apex, peak.offset), kind, vectors, peak.ratio)


def _closed(blink: Blink, curves: Curves) -> Spot:
    return _spot(curves, (blink.onset, blink.apex, blink.offset), "blink", {}, blink.strength + 1)


def _spot(curves: Curves, moments: tuple[int, int, int], kind: str, regions: dict, ratio: float) -> Spot:
    """The score is logistic in how far the ratio lies above 2: .5 there, .12 at 1, .88 at 3."""
    score = round(float(1 / (1 + np.exp(-2 * (ratio - 2)))), 4)
    onset, apex, offset = (int(curves.frames[moment]) for moment in moments)
    onset_s, apex_s, offset_s = (round(float(curves.times[moment]), 4) for moment in moments)
    return Spot(onset, apex, offset, onset_s, apex_s, offset_s, kind, score, regions, round(float(ratio), 3))
