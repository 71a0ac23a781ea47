"""Movements as spotting measures them in drawn clips, each beside how the skin really went: what measuring leaves of a movement, and its noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.perception.curves import Curves
from ...model.perception.distractors import blinks
from ...model.perception.spotting import displaced, moved_between
from ...model.taxonomy import AU_CODES
from .events import DURATION_S
from .films import Film

CALM = 4  # moments of each clip
APART_S = 0.2  # of a calm moment from all that happens


@dataclass(frozen=True, eq=False)
class FilmedMoves:
    """N moments of drawn clips, apexes and calm ones: of REGIONS in IOD (x right, y down) what was `measured` [N, R, 2] between onset and offset and how the skin
    `moved` [N, R, 2], which is 0 in calm moments; `levels` [N, A, 2] of AU_CODES, and the number of the `clip` [N], each of another person."""

    measured: np.ndarray
    moved: np.ndarray
    levels: np.ndarray
    clip: np.ndarray

    def chosen(self, rows: np.ndarray) -> "FilmedMoves":
        return FilmedMoves(self.measured[rows], self.moved[rows], self.levels[rows], self.clip[rows])


def filmed_moves(films: Sequence[Film]) -> FilmedMoves:
    parts = [np.concatenate(part) for part in zip(*(_moments(film) for film in films), strict=True)]
    return FilmedMoves(*parts)


def _moments(film: Film) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What was measured, how it moved, the levels and the clip's number of one clip's moments; a movement that the face was away from is none."""
    course, frames = displaced(film.curves), film.curves.frames
    seen = np.isin(film.events, frames).all(1)
    spans = [*np.searchsorted(frames, film.events[seen]), *_calm(film)]
    measured = np.array([moved_between(course, span, film.curves) for span in spans], np.float32)
    calm = len(spans) - int(seen.sum())
    moved = np.concatenate([film.moved[seen], np.zeros((calm, *film.moved.shape[1:]), np.float32)])
    levels = np.concatenate([film.levels[seen], np.zeros((calm, len(AU_CODES), 2), np.float32)])
    return measured.reshape(moved.shape), moved, levels, np.full(len(spans), film.number)


def _calm(film: Film) -> Iterator[tuple[int, int, int]]:
    """Moments (onset, apex, offset) as a movement might last, in which nothing happens."""
    curves, rng = film.curves, np.random.default_rng(film.number)
    index, apart = np.arange(len(curves.times)), APART_S * curves.fps
    spans = [np.searchsorted(curves.frames, event) for event in film.events] + [
        (b.onset, b.apex, b.offset) for b in blinks(curves)
    ]
    busy = np.any([(index > span[0] - apart) & (index < span[-1] + apart) for span in spans], axis=0) if spans else index < 0
    for _ in range(CALM):
        length = _length(rng, curves)
        starts = [start for start in range(len(index) - length) if not busy[start : start + length + 1].any()]
        if starts:
            onset = int(rng.choice(starts))
            yield onset, onset + int(length * rng.uniform(0.3, 0.5)), onset + length


def _length(rng: np.random.Generator, curves: Curves) -> int:
    """In moments, of a movement of either kind, the short ones among them."""
    shortest, longest = DURATION_S["micro"][0], DURATION_S["macro"][1] / 2
    return max(4, round(curves.fps * float(np.exp(rng.uniform(*np.log((shortest, longest)))))))
