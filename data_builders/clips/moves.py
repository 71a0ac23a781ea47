"""Movements of the rig as spotting would measure them, without a picture: how far each region goes from rest to apex, and by which muscles.

The flow of the skin about each region, without the head's motion that the anchors tell, as perception/motion.py takes it off; seen from nearly the front.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...model.davison import OTHER
from ...model.errors import FacewiseError
from ...model.perception.motion import rigid_motion
from ...model.perception.patches import ANCHORS, REGIONS, Region
from ..driving.correspondence import correspondence
from ..rig.expressions import sample_expression
from ..rig.rig import DRAWN, Person, Rig, Sides, sample_person
from .events import Event, movement
from .scripts import DRAWABLE, sample_units

TURNED = np.radians([8.0, 6.0])  # deviation of yaw and pitch
PEAK_IOD = (0.008, 0.08)
STILL = 0.15  # of the moments nothing moves at, which have to be told, too
LISTED = 0.8  # of the movements are combinations that micro-expressions show, the others expressions of whole faces
SIZED = 0.5  # of the former are as large as PEAK_IOD says, the others as their levels do
SPARSE = 3  # of the anchors' vertices every third one tells as much
SIGMA, REACH = 0.6, 1.2  # of a region's radius, as `patches.window` weighs it
DEEP_IOD = 0.35  # nothing farther behind a region belongs to it
# A class as often as it has combinations, or fear, which has two, would outweigh raised brows; those of no class together as often as one of the six.
ODDS = {name: len(sets) for name, sets in DRAWABLE.items()} | {OTHER: 6}


@dataclass(frozen=True, eq=False)
class Move:
    """`moved` [R, 2] in IOD (x right, y down) of REGIONS, and the `levels` {code: (left, right)} at the apex."""

    moved: np.ndarray
    levels: dict[str, Sides]


class Seen:
    """A person of the rig as a crop shows them, turned by `turn` [3, 3]: where regions and anchors lie on the skin."""

    def __init__(self, rig: Rig, person: Person, turn: np.ndarray):
        self._skin = np.unique(rig.triangles[(rig.part[rig.triangles] == DRAWN.index("M_Face")).all(1)])
        self._turn = turn * np.array([[1], [-1], [1]])  # y down
        mesh = person.neutral @ self._turn.T
        marks = mesh[rig.landmark68]
        self._iod = float(np.linalg.norm(marks[45, :2] - marks[36, :2]))
        spots = dict(zip(correspondence().points.tolist(), correspondence().spots(mesh), strict=True))
        skin = mesh[self._skin]

        def centre(region: Region) -> np.ndarray:
            return np.mean([spots[vertex] for vertex in region.vertices if vertex in spots], axis=0)

        def away(region: Region) -> np.ndarray:
            return np.linalg.norm(skin[:, :2] - centre(region)[:2], axis=1) / self._iod

        middle = skin.mean(0)
        places = np.concatenate([np.ones((len(skin), 1)), (skin - middle) / self._iod], axis=1)
        self._shares = np.array([self._share(away(r), np.abs(skin[:, 2] - centre(r)[2]), r.radius) for r in REGIONS.values()])
        self._rigid = np.flatnonzero(np.any([away(anchor) < anchor.radius for anchor in ANCHORS], axis=0))[::SPARSE]
        self._rigid_places = places[self._rigid]
        self._places = np.array([[1, *(centre(r) - middle) / self._iod] for r in REGIONS.values()])

    def moved(self, delta: np.ndarray) -> np.ndarray:
        """[R, 2] of the vertices' displacements [V, 3]."""
        flow = (delta[self._skin] @ self._turn.T)[:, :2] / self._iod
        head = rigid_motion(self._rigid_places, flow[self._rigid], np.ones(len(self._rigid)))
        return self._shares @ flow - self._places @ head

    def _share(self, away: np.ndarray, behind: np.ndarray, radius: float) -> np.ndarray:
        weights = np.exp(-((away / (SIGMA * radius)) ** 2) / 2) * (away < REACH * radius) * (behind < DEEP_IOD * self._iod)
        return weights / weights.sum()


def moves(rig: Rig, subject: np.random.Generator, count: int) -> Iterator[Move]:
    """Of one person; combinations that the rig cannot move are passed over."""
    person = sample_person(rig, subject)
    yaw, pitch = subject.normal(0, TURNED)
    seen = Seen(rig, person, _rotation(yaw, pitch))
    for _ in range(count):
        if subject.random() < STILL:
            yield Move(np.zeros((len(REGIONS), 2)), {})
            continue
        event = sample_move(subject)
        try:
            moved = movement(rig, person, event)
        except FacewiseError:
            continue
        yield Move(seen.moved(moved.delta), moved.levels())


def sample_move(rng: np.random.Generator) -> Event:
    """A combination as micro-expressions or whole faces show it; its frames say nothing."""
    if rng.random() > LISTED:
        aus: dict[str, Sides] = {}
        while not aus or "AU43" in aus:  # what shut lids do is a blink
            aus, _ = sample_expression(rng)
        return Event("macro", aus, None, 0, 1, 2)
    kind = "micro" if rng.random() < 0.6 else "macro"
    peak = float(np.exp(rng.uniform(*np.log(PEAK_IOD)))) if rng.random() < SIZED else None
    aus = sample_units(rng, kind, str(rng.choice(list(ODDS), p=np.array(list(ODDS.values())) / sum(ODDS.values()))))
    return Event(kind, aus, peak, 0, 1, 2)


def _rotation(yaw: float, pitch: float) -> np.ndarray:
    """[3, 3]; x to the picture's right, y up, z to the camera."""
    across, down = (np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) for a in (yaw, pitch))
    about_y, about_x = np.eye(3), np.eye(3)
    about_y[np.ix_([0, 2], [0, 2])], about_x[np.ix_([1, 2], [1, 2])] = across, down
    return about_y @ about_x
