"""What the spotter is taught: courses of clips, what is expressed in them, and what of it is asked for."""

from dataclasses import dataclass

import numpy as np

from ...data_builders.clips.films import Film
from ...model.perception.spotter import RATE, Sampled, sampled
from ...model.perception.spotting import FEWEST_FRAMES, displaced

CORE = 0.3  # of an expression's length about its middle, where it is asked for; beyond, up to EDGE samples outside, nothing is
EDGE = 2
ALIKE = 8.0  # samples that each expression counts for, or long ones would settle all


@dataclass(frozen=True, eq=False)
class Take:
    """One clip: its course, its expressions [E, 3] in samples (onset, apex, offset), those of them that are `told` [E] bool, since the others are too short for
    the film, and the film's `number`."""

    course: Sampled
    events: np.ndarray
    told: np.ndarray
    number: int

    @classmethod
    def of(cls, film: Film) -> "Take":
        course = sampled(film.curves, displaced(film.curves))
        seconds = np.interp(film.events, film.curves.frames, film.curves.times)
        told = film.events[:, 2] - film.events[:, 0] + 1 >= FEWEST_FRAMES
        return cls(course, (seconds - course.times[0]) * RATE, told, film.number)


def targets(take: Take) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[T] whether an expression is asked for, [T] how much it counts, [2, T] logarithms of the distances to its ends."""
    at = np.arange(len(take.course.times))
    there, counts, reach = np.zeros(len(at), np.float32), np.ones(len(at), np.float32), np.zeros((2, len(at)), np.float32)
    for (onset, _, offset), is_told in zip(take.events, take.told, strict=True):
        counts[(at >= onset - EDGE) & (at <= offset + EDGE)] = 0
        core = np.abs(at - (onset + offset) / 2) <= max(CORE * (offset - onset), 0.6)
        if is_told:
            there[core], counts[core] = 1, ALIKE / core.sum()
            reach[:, core] = np.log(np.maximum((at[core] - onset, offset - at[core]), 0.3))
    return there, counts, reach
