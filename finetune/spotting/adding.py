"""Movements of the rig, as they would be measured, and talk, in clips of other things: more than can be drawn."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator

from ...data_builders.clips.events import Event, curve, started, timed
from ...data_builders.clips.filmed_moves import filmed_moves
from ...data_builders.clips.films import Film
from ...data_builders.clips.moves import moves
from ...data_builders.rig.rig import load_rig
from ...model.perception.patches import REGIONS
from ...model.perception.spotter import RATE
from ...model.perception.spotting import FEWEST_FRAMES
from ..kinematics import Measuring
from .takes import Take

PEOPLE, EACH, SEED = 150, 20, 0  # whose movements are added
MOST_ADDED, APART, MICRO = 4, 8, 0.6  # movements to a clip, samples between two, how many are short
RISE = (0.15, 0.6)  # of a long one's length: slower, too, than they are drawn
PEAK_IOD = (0.003, 0.04)  # as measured; the least of it nobody sees
UNEVEN, GAIN, MOST_NOISE = 0.25, 0.4, 0.7  # of a region, of a whole clip, of another clip's noise
HIDDEN, MOST_SHOWN = 0.4, 3  # of the movements, of which hair, glasses or a beard hide all but the regions that go farthest
TALKING, TALK_IOD = 0.2, (0.005, 0.04)  # of the clips, how far the lower lip goes
SYLLABLES = (3.0, 10.0)  # openings and closings a second
TALKS, TALKS_BY = [list(REGIONS).index(name) for name in ("lower lip", "chin", "upper lip")], np.array([1, 0.8, -0.1])


class Adding:
    """Adds movements of the rig to a clip, as spotting would measure them, where nothing else happens."""

    def __init__(self, rig: Path, filmed: Sequence[Film], calm: Sequence[Film], people: int = PEOPLE):
        skin = load_rig(rig)
        found = [move for who in range(people) for move in moves(skin, np.random.default_rng([SEED, who]), EACH) if move.levels]
        measuring = Measuring(filmed_moves(filmed))
        self._noise = [Take.of(film).course.displaced for film in calm]
        self._moved = measuring.seen(torch.from_numpy(np.array([move.moved for move in found], np.float32))).numpy()

    def __call__(self, take: Take, rng: np.random.Generator) -> Take:
        course, events, told = take.course.displaced, list(take.events), list(take.told)
        for _ in range(rng.integers(MOST_ADDED + 1)):
            if event := _free(rng, "micro" if rng.random() < MICRO else "macro", events, len(course)):
                course = course + _risen(event, len(course)) * self._movement(rng)
                events.append(np.array([event.onset, event.apex, event.offset], float))
                told.append(event.offset - event.onset + 1 >= FEWEST_FRAMES)
        if rng.random() < TALKING and (span := _free(rng, "macro", events, len(course))):
            course = course + _talk(rng, span, len(course))
        changed = replace(take.course, displaced=self._noisier(course, rng))
        changed = changed.mirrored() if rng.random() < 0.5 else changed
        return replace(take, course=changed, events=np.array(events).reshape(-1, 3), told=np.array(told, bool))

    def _movement(self, rng: np.random.Generator) -> np.ndarray:
        """[R, 2] as measured, of any size; now and then only some regions show it."""
        moved = self._moved[rng.integers(len(self._moved))]
        strength = np.linalg.norm(moved, axis=1)
        moved = moved * np.exp(rng.uniform(*np.log(PEAK_IOD)) + UNEVEN * rng.normal(size=(len(moved), 1))) / strength.max()
        if rng.random() < HIDDEN:
            moved[np.argsort(-strength)[int(rng.integers(1, MOST_SHOWN + 1)) :]] = 0
        return moved.astype(np.float32)

    def _noisier(self, course: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """With the noise of another clip in it, forwards or backwards, and farther or less far in all."""
        other = self._noise[rng.integers(len(self._noise))]
        other = other[:: rng.choice((-1, 1))]
        other = np.resize(np.concatenate([other, other[::-1]]), (len(course), *other.shape[1:]))  # there and back: without a jump
        share = rng.uniform(0, MOST_NOISE)
        mixed = np.sqrt(1 - share**2) * course + share * other
        return (mixed * np.exp(GAIN * rng.normal())).astype(np.float32)


def _free(rng: np.random.Generator, kind: str, events: Sequence[np.ndarray], count: int) -> Event | None:
    """A time, in samples, at which nothing else moves; None where none was found."""
    event = timed(rng, RATE, kind, {}, None)
    if kind == "macro":
        event = replace(event, apex=max(1, round(event.offset * rng.uniform(*RISE))))
    return started(
        rng, event, count, APART, lambda one: all(one.onset > e[2] + APART or one.offset + APART < e[0] for e in events)
    )


def _risen(event: Event, count: int) -> np.ndarray:
    """[T, 1, 1] from 0 to 1 at its apex."""
    return curve(event, np.arange(count, dtype=float))[:, None, None].astype(np.float32)


def _talk(rng: np.random.Generator, span: Event, count: int) -> np.ndarray:
    """[T, R, 2] of a lower face that goes to and fro a few times a second, evenly or not: no expression."""
    beats = np.arange(span.onset, span.offset + 1e-9, RATE / rng.uniform(*SYLLABLES))
    heights = np.where(np.arange(len(beats)) % 2, np.exp(rng.normal(0, rng.uniform(0, 0.6), len(beats))), 0)
    course = PchipInterpolator(beats, heights)(np.clip(np.arange(count), beats[0], beats[-1])) if len(beats) > 2 else 0
    down = np.zeros((len(REGIONS), 2), np.float32)
    down[TALKS, 1] = np.exp(rng.uniform(*np.log(TALK_IOD))) * TALKS_BY * np.exp(UNEVEN * rng.normal(size=len(TALKS)))
    return (np.reshape(course, (-1, 1, 1)) * down).astype(np.float32)
