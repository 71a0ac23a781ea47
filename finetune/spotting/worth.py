"""What a spotter is worth in clips that it never saw, and from which probability on it tells."""

from collections.abc import Sequence

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from ...model.perception.spotter import RATE, Found, Spotter
from ...model.perception.spotting import MICRO_S
from ..measure import row
from .takes import Take

SURE = 1e-6  # nothing is surer than 1 - SURE
GRID = [percent / 100 for percent in range(10, 100)]


def calibration(takes: Sequence[Take], found: Sequence[Sequence[Found]]) -> tuple[float, float]:
    """Slope and intercept that make the log-odds of what was `found` those of being right (Platt 1999)."""
    there, said, _, p = right(takes, found)
    odds = logit(p[said == 1].clip(SURE, 1 - SURE))
    fitted = LogisticRegression(C=np.inf).fit(odds[:, None], there[said == 1])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def least(takes: Sequence[Take], found: Sequence[Sequence[Found]]) -> float:
    """The probability from which on what was `found` has the most F1 of all these clips, those in which nothing is expressed among them."""

    def score(at: float) -> float:
        return _f1(*right(takes, [[one for one in some if one.p >= at] for some in found])[:2])

    return max(GRID, key=score)


def worth(spotter: Spotter, takes: Sequence[Take]) -> list[str]:
    """Lines about clips that were left out: F1 at IoU .5 in those of expressions, and what is told in those that have none."""
    moving, still = ([take for take in takes if bool(len(take.events)) == is_moving] for is_moving in (True, False))
    found, lines = [spotter.find(take.course) for take in moving], []
    for kind in ("micro", "macro", "any kind"):
        there, said, clip, _ = right(moving, found, kind)
        one = row(f"spotting F1, {kind}", "clips left out", _f1, there, said, clip, None)
        lines.append(f"{one['what']:28} {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]  n {int(there.sum())}")
    minutes = sum(len(take.course.times) for take in still) / RATE / 60
    false = sum(len(spotter.find(take.course)) for take in still)
    lines.append(f"{'false a minute':28} {false / minutes:.1f}  in {minutes:.1f} minutes of distractors")
    return [*lines, f"{'least probability told':28} {spotter.least:.3f}"]


def right(
    takes: Sequence[Take], found: Sequence[Sequence[Found]], kind: str = "any kind"
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """[N] each of expressions, found or not, and of false intervals: is it there, was it said, in which clip, and how surely (0 where it was not); one-to-one at
    IoU .5, the surest first."""
    rows = []
    for take, intervals in zip(takes, found, strict=True):
        events = [(a, b) for a, _, b in take.events[take.told] / RATE + take.course.times[0] if kind in ("any kind", _kind(a, b))]
        for one in sorted(intervals, key=lambda one: -one.p):
            if kind not in ("any kind", _kind(one.start_s, one.end_s)):
                continue
            best = max(events, key=lambda event: _iou(one, event), default=None)
            is_right = best is not None and _iou(one, best) >= 0.5
            rows.append((int(is_right), 1, take.number, one.p))
            events = [event for event in events if not (is_right and event == best)]
        rows += [(1, 0, take.number, 0.0)] * len(events)
    there, said, clip, p = np.array(rows).reshape(-1, 4).T
    return there.astype(int), said.astype(int), clip.astype(int), p


def _kind(onset_s: float, offset_s: float) -> str:
    return "micro" if offset_s - onset_s <= MICRO_S else "macro"


def _iou(one: Found, event: tuple[float, float]) -> float:
    shared = min(one.end_s, event[1]) - max(one.start_s, event[0])
    return max(0.0, shared) / (max(one.end_s, event[1]) - min(one.start_s, event[0]))


def _f1(there: np.ndarray, said: np.ndarray) -> float:
    return float(2 * (there & said).sum() / max(1, there.sum() + said.sum()))
