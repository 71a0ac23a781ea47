"""From a face's curves to intervals: what moved, from when to when, and how sure.

When something is expressed a learned spotter tells (spotter.py); where the face went then, and which regions rose above their own noise, is measured here.
State of the art on real clips is F1 .29 (SAMM-LV) and .10 (CAS(ME)3): an interval is a candidate with a score, never a fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from .curves import Curves
from .displacement import FLOOR_IOD, NAMES, REST_S, calm_moments, displacement, noise_floors, resting
from .distractors import AROUND_BLINK_S, Blink, Distractor, blinks, gaze_shifts, head_turns, spans, speech, trust
from .spotter import Found, sampled, spotter

MICRO_S = 0.5  # in all, as SAMM Long Videos and the spotting challenges count; a quick onset alone (Yan et al. 2013: .26 s) is that of many smiles, too
FEWEST_FRAMES = 5  # fewer tell no movement from noise: at 30 fps nothing under .17 s
FULL = 0.95  # of the height, from which on a movement is at its apex
BASE_S = 0.1  # over which the face before and behind a movement is taken
RISING = 0.08  # of its height in BASE_S; what rises less has not begun
FEWEST_CALM = 10  # moments that tell how much a movement's measure wanders


@dataclass(frozen=True)
class Spot:
    """One movement in moments of the clip: `onset`, `apex`, `offset` count frames from 0, both ends belong to it.

    `moved` [R, 2] of REGIONS in IOD (x right, y down): where they are at the apex, beyond where they were before and after. `regions`: those above their
    noise floor, strongest first; `ratio`: how many times its floor the strongest rises. `score`: the spotter's probability.
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
    moved: np.ndarray = field(default_factory=lambda: np.zeros((len(NAMES), 2)), repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class Spotted:
    """What a clip shows of one face. `displacement` [N, R, 2] in IOD from rest and `floors` [N, R] belong to `curves`; `ratios` [N, R] is how
    many times its floor a region is away from its rest; `shortest_s` is the shortest movement that the frame rate can show; `calm` [N] marks the moments of rest."""

    curves: Curves
    displacement: np.ndarray
    floors: np.ndarray
    ratios: np.ndarray
    calm: np.ndarray
    spots: tuple[Spot, ...]
    distractors: tuple[Distractor, ...]
    shortest_s: float


def spot(curves: Curves) -> Spotted:
    """Intervals of a face's curves, in order of time. A clip of fewer than five moments has none."""
    if len(curves.times) < FEWEST_FRAMES:
        return unspotted(curves)
    course, calm = displaced(curves), calm_moments(curves)
    rested = course - resting(course, curves, calm, REST_S)
    floors = noise_floors(rested, curves, calm)
    blinked = blinks(curves)
    found = [(span, each.p) for each in spotter().find(sampled(curves, course)) if (span := _span(each, blinked, curves))]
    still = _still([span for span, _ in found], len(course))
    spots = [_closed(blink, curves) for blink in blinked]
    spots += [_movement(span, p, course, still, curves) for span, p in found]
    in_order = tuple(sorted(spots, key=lambda spot: spot.onset))
    ratios = np.linalg.norm(rested, axis=2) / floors
    return Spotted(curves, rested, floors, ratios, calm, in_order, _distractors(curves, course), _shortest(curves))


def told_movement(curves: Curves, onset: int, offset: int, apex: int | None = None) -> Spotted:
    """The one movement that somebody found before, by its frames: read against the face as it was up to its onset. Without an apex that is where the
    face is farthest from there. A face that was away then has none."""
    frames = curves.frames
    start, stop = int(np.searchsorted(frames, onset)), int(np.searchsorted(frames, offset, side="right")) - 1
    if stop - start + 1 < min(FEWEST_FRAMES, offset - onset + 1):
        return replace(spot(curves), spots=())
    course = displaced(curves)
    rested = course - _before(course, start, curves)
    ratios = np.linalg.norm(rested, axis=2) / FLOOR_IOD
    floors = np.full(len(NAMES), FLOOR_IOD)
    top = int(np.searchsorted(frames[:stop], apex)) if apex is not None else start + _apex(rested[start : stop + 1], floors)
    shown = _spot(curves, (start, top, stop), 1.0, rested[top], floors)
    calm = (np.arange(len(frames)) <= start) & (curves.times > curves.times[start] - BASE_S)
    return Spotted(curves, rested, np.full(ratios.shape, FLOOR_IOD), ratios, calm, (shown,), (), _shortest(curves))


def unspotted(curves: Curves) -> Spotted:
    """Of a face whose movements nobody looks for."""
    nothing = np.zeros((len(curves.times), len(NAMES)))
    still, calm = np.zeros((*nothing.shape, 2)), np.ones(len(nothing), bool)
    return Spotted(curves, still, nothing + FLOOR_IOD, nothing, calm, (), (), _shortest(curves))


def displaced(curves: Curves) -> np.ndarray:
    """[N, R, 2] in IOD: where the regions are, drift and rest still in it; blinks and glances move nothing."""
    return displacement(curves, trust(curves, blinks(curves), gaze_shifts(curves)))


def moved_between(course: np.ndarray, moments: Sequence[int], curves: Curves) -> np.ndarray:
    """[R, 2] of a `course` [N, R, 2]: where the regions are at the apex beyond a straight line from before the onset to behind the offset, by the three `moments`."""
    onset, apex, offset = moments
    before, behind = _before(course, onset, curves), _before(course[::-1], len(course) - 1 - offset, curves)
    share = (apex - onset) / max(1, offset - onset)
    return course[apex] - (1 - share) * before - share * behind


# Parts


def _shortest(curves: Curves) -> float:
    return FEWEST_FRAMES / curves.fps if curves.fps else 0.0


def _span(found: Found, blinked: list[Blink], curves: Curves) -> tuple[int, int] | None:
    """Its first and last moment; None for fewer than tell a movement, and for what comes and goes with a blink, which drags brows and cheeks."""
    onset, offset = (int(np.abs(curves.times - second).argmin()) for second in (found.start_s, found.end_s))
    around = AROUND_BLINK_S * curves.fps
    is_dragged = any(blink.onset - around <= onset and offset <= blink.offset + around for blink in blinked)
    return (onset, offset) if offset - onset + 1 >= FEWEST_FRAMES and not is_dragged else None


def _still(found: list[tuple[int, int]], count: int) -> np.ndarray:
    """[N] bool: the moments of no interval."""
    still = np.ones(count, bool)
    for onset, offset in found:
        still[onset : offset + 1] = False
    return still


def _movement(span: tuple[int, int], p: float, course: np.ndarray, still: np.ndarray, curves: Curves) -> Spot:
    floors = _floors(span, course, still, curves)
    onset, offset = _whole(span, course, still, floors, curves)
    apex = _top((onset, offset), course, floors, curves)
    return _spot(curves, (onset, apex, offset), p, moved_between(course, (onset, apex, offset), curves), floors)


def _whole(span: tuple[int, int], course: np.ndarray, still: np.ndarray, floors: np.ndarray, curves: Curves) -> tuple[int, int]:
    """A long movement with its slow beginning and end, which the spotter leaves out: as far as the face still goes the same way, by half its length at most."""
    onset, offset = span
    if curves.times[offset] - curves.times[onset] <= MICRO_S:
        return span
    apex, step = _top(span, course, floors, curves), max(1, round(BASE_S * curves.fps))
    way = moved_between(course, (onset, apex, offset), curves) / floors[:, None]
    height = np.einsum("nra,ra->n", course / floors[:, None], way)
    height = uniform_filter1d(height, max(1, step // 2), mode="nearest")
    least, most, last = RISING * (height[apex] - max(height[onset], height[offset])), (offset - onset) // 2, len(course) - 1
    onset = last - _run_out(height[::-1], still[::-1], last - onset, step, most, least)
    return onset, _run_out(height, still, offset, step, most, least)


def _run_out(height: np.ndarray, still: np.ndarray, start: int, step: int, most: int, least: float) -> int:
    """The moment from `start` on, `most` later at the latest, from which the height sinks by no more than `least` in a `step`."""
    at, last = start, len(height) - 1
    while at < min(last, start + most) and still[at + 1] and height[at] - height[min(last, at + step)] > least:
        at += 1
    return at


def _top(span: tuple[int, int], course: np.ndarray, floors: np.ndarray, curves: Curves) -> int:
    """The apex of a movement, above the line from before it to behind it."""
    onset, offset = span
    before, behind = _before(course, onset, curves), _before(course[::-1], len(course) - 1 - offset, curves)
    moved = course[onset : offset + 1] - np.linspace(before, behind, offset - onset + 1)
    return onset + _apex(moved, floors)


def _apex(moved: np.ndarray, floors: np.ndarray) -> int:
    """The first moment at which the movement is full; a held one has many."""
    height = np.linalg.norm(np.linalg.norm(moved, axis=2) / floors, axis=1)
    return int(np.argmax(height >= FULL * height.max()))


def _floors(span: tuple[int, int], course: np.ndarray, still: np.ndarray, curves: Curves) -> np.ndarray:
    """[R] in IOD: four times what moments of rest nearby differ by when they are measured as long, never under FLOOR_IOD."""
    onset, offset = span
    length, near = offset - onset, round(REST_S * curves.fps)
    starts = np.arange(max(0, onset - near), min(len(course), offset + near) - length)
    middles, ends = starts + length // 2, starts + length
    calm = still[starts] & still[middles] & still[ends]
    if calm.sum() >= FEWEST_CALM:
        starts, middles, ends = starts[calm], middles[calm], ends[calm]
    away = course[middles] - (course[starts] + course[ends]) / 2
    return np.maximum(FLOOR_IOD, 4 * 1.4826 * np.median(np.abs(away), axis=(0, 2)))


def _before(course: np.ndarray, onset: int, curves: Curves) -> np.ndarray:
    """[R, 2]: where the regions were up to there."""
    return course[max(0, onset - round(BASE_S * curves.fps)) : onset + 1].mean(0)


def _closed(blink: Blink, curves: Curves) -> Spot:
    """The score is logistic in its strength: .5 for one that closes by half."""
    score = float(1 / (1 + np.exp(-2 * (blink.strength - 1))))
    return _timed(curves, (blink.onset, blink.apex, blink.offset), "blink", score, {}, blink.strength, np.zeros((len(NAMES), 2)))


def _spot(curves: Curves, moments: tuple[int, int, int], p: float, moved: np.ndarray, floors: np.ndarray) -> Spot:
    onset, _, offset = moments
    ratios = np.linalg.norm(moved, axis=1) / floors
    shown = [int(region) for region in np.argsort(-ratios) if ratios[region] >= 1]
    regions = {NAMES[region]: (round(float(moved[region, 0]), 4), round(float(moved[region, 1]), 4)) for region in shown}
    kind = "micro" if curves.times[offset] - curves.times[onset] <= MICRO_S else "macro"
    return _timed(curves, moments, kind, p, regions, float(ratios.max()), moved)


def _timed(
    curves: Curves,
    moments: tuple[int, int, int],
    kind: str,
    score: float,
    regions: dict[str, tuple[float, float]],
    ratio: float,
    moved: np.ndarray,
) -> Spot:
    onset, apex, offset = (int(curves.frames[moment]) for moment in moments)
    onset_s, apex_s, offset_s = (round(float(curves.times[moment]), 4) for moment in moments)
    return Spot(onset, apex, offset, onset_s, apex_s, offset_s, kind, round(score, 4), regions, round(ratio, 3), moved)


def _distractors(curves: Curves, course: np.ndarray) -> tuple[Distractor, ...]:
    """What explains movement without an expression: gaze shifts, speech and head turns."""
    told = {"gaze": gaze_shifts(curves), "speech": speech(curves, course), "head": head_turns(curves)}
    found = [span for kind, moments in told.items() for span in spans(kind, moments, curves)]
    return tuple(sorted(found, key=lambda span: span.start_s))
