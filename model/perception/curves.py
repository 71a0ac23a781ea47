"""How each region of one face moves over a clip: flow over a short lag, frame by frame, beside lids, mouth, gaze and pose.

Flow over a lag of .13 s carries the signal: on a still face landmarks wander .007 to .026 IOD, region-mean flow 5 to 10 times less
(docs/science.md §3). Only numbers are kept of a frame, and the crops of the last lag: an hour of video costs some 100 MB.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from .alignment import Aligned, aligned
from .gaze import gaze, lid_openings
from .landmarks import IBUG68_IN_478, canonical, iod
from .motion import flow, head_motion, region_motion
from .patches import REGIONS

LAG_S = 0.13
LONGEST_LAG_S = 0.5  # a slow film's frames lie further apart than the lag; beyond this a face counts as new
INNER_LIPS = (13, 14)
NO_GAZE = (np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Curves:
    """N moments at which the face was seen, T of them per second.

    `frames` [N] count from 0, `times` [N] in s. `moved` [N, R, 2] in IOD: how the regions moved since moment `since` [N] (-1: there is
    none within the lag, the row is 0). `lids` [N, 2] openings in IOD (the person's left, right), `mouth` [N] the inner lips' opening in
    IOD, `gaze` [N, 2] (to the person's left, up), NaN behind closed lids, `pose` [N, 3] (pitch, yaw, roll) in radians.
    """

    frames: np.ndarray
    times: np.ndarray
    moved: np.ndarray
    since: np.ndarray
    lids: np.ndarray
    mouth: np.ndarray
    gaze: np.ndarray
    pose: np.ndarray

    @property
    def fps(self) -> float:
        """Moments per second; 0 for a single one."""
        return 1 / float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0


@dataclass(frozen=True, eq=False)
class _Moment:
    number: int
    time_s: float
    face: Aligned


class Recorder:
    """Takes the face's frames in order and keeps its curves."""

    def __init__(self) -> None:
        self._recent: deque[_Moment] = deque()
        self._rows: list[tuple] = []

    @property
    def count(self) -> int:
        return len(self._rows)

    def push(self, pixels: np.ndarray, points: np.ndarray, frame: int, time_s: float) -> None:
        """One frame: RGB pixels [h, w, 3] uint8 and the face's 478 points in its pixels."""
        now = _Moment(len(self._rows), time_s, aligned(pixels, points))
        then = self._earlier(time_s)
        moved, since = _moved(then, now), then.number if then else -1
        mesh = points[list(INNER_LIPS)]
        points68 = points[list(IBUG68_IN_478)]
        mouth = float(np.linalg.norm(mesh[1] - mesh[0])) / iod(points68)
        self._rows.append(
            (frame, time_s, moved, since, lid_openings(points), mouth, gaze(points) or NO_GAZE, canonical(points68)[1])
        )
        self._recent.append(now)

    def curves(self) -> Curves:
        frames, times, moved, since, lids, mouth, looks, poses = zip(*self._rows, strict=True)
        return Curves(
            np.array(frames),
            np.array(times),
            np.array(moved, np.float32),
            np.array(since),
            np.array(lids, np.float32),
            np.array(mouth, np.float32),
            np.array(looks, np.float32),
            np.array(poses, np.float32),
        )

    def _earlier(self, time_s: float) -> _Moment | None:
        """The moment whose age is nearest to the lag; None after a gap in which anything may have happened."""
        recent = self._recent
        while len(recent) > 1 and abs(time_s - recent[1].time_s - LAG_S) <= abs(time_s - recent[0].time_s - LAG_S):
            recent.popleft()
        while recent and time_s - recent[0].time_s > LONGEST_LAG_S:
            recent.popleft()
        return recent[0] if recent else None


def _moved(then: _Moment | None, now: _Moment) -> np.ndarray:
    if then is None:
        return np.zeros((len(REGIONS), 2))
    between = flow(then.face.detail, now.face.detail)
    return region_motion(between, then.face.points, head_motion(between, then.face.points))
