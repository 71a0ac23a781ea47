"""One take of an actor: mesh and camera of every frame of a plan, without any light. Pictures and flow truth both come from here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..rig.look import Painting
from ..rig.render import View, project
from ..rig.rig import GAZE_RAD, Person, Rig, Sides, gaze_weights, moved
from .distractors import Course, course_of
from .events import Event, Movement, curve, movement
from .scripts import ClipPlan

DISTANCE_CM = 80.0  # of somebody before a laptop


@dataclass(frozen=True, eq=False)
class Posed:
    """A mesh [V, 3] in cm before a camera."""

    mesh: np.ndarray
    view: View


@dataclass(frozen=True, eq=False)
class Take:
    """A person acts a plan; `size` (width, height) px, `iod_px` of this person seen from the front."""

    rig: Rig
    paint: Painting
    person: Person
    plan: ClipPlan
    size: tuple[int, int]
    iod_px: float

    @cached_property
    def course(self) -> Course:
        return course_of(self.plan.distractors, self.plan.count, self.plan.fps)

    @cached_property
    def movements(self) -> tuple[Movement, ...]:
        return tuple(movement(self.rig, self.person, event) for event in self.plan.events)

    @cached_property
    def heights(self) -> np.ndarray:
        """[events, N]: each event's curve."""
        index = np.arange(self.plan.count)
        return np.array([curve(event, index) for event in self.plan.events]).reshape(-1, self.plan.count)

    def levels(self, i: int) -> dict[str, Sides]:
        """{code: (left, right)} 0-5 in frame i."""
        shown = (one.levels(height) for one, height in zip(self.movements, self.heights[:, i], strict=True) if height)
        return {code: sides for levels in shown for code, sides in levels.items()}

    def posed(self, i: int) -> Posed:
        return Posed(self._mesh(i), self._view(i))

    def expressed(self, event: Event) -> tuple[Posed, Posed]:
        """The face in the event's onset frame, and the same with nothing changed but the event at its apex."""
        before = self.posed(event.onset)
        delta = self.movements[self.plan.events.index(event)].delta
        return before, Posed(before.mesh + delta, before.view)

    def _mesh(self, i: int) -> np.ndarray:
        mesh = self.person.neutral.copy()
        for one, height in zip(self.movements, self.heights[:, i], strict=True):
            if height:
                mesh += np.float32(height) * one.delta
        beside = {name: float(weights[i]) for name, weights in self.course.shapes.items()}
        return moved(self.rig, mesh, beside | gaze_weights(self._gaze(i)))

    def _gaze(self, i: int) -> Sides:
        """In the head: into the camera while the head turns, as people do, and where the course wants it beside that."""
        (yaw, pitch), (left, up) = np.radians(self.course.pose[i, :2]) / GAZE_RAD, self.course.gaze[i]
        return float(np.clip(left - yaw, -0.9, 0.9)), float(np.clip(up + pitch, -0.6, 0.6))

    def _view(self, i: int) -> View:
        pose = self.course.pose[i]
        yaw, pitch, roll = np.radians(pose[:3]).tolist()
        place = (0.5 + pose[3] * self.iod_px / self.size[0], 0.52 + pose[4] * self.iod_px / self.size[1])
        return View(yaw, pitch, roll, DISTANCE_CM, self._asked_px * float(pose[5]), place)

    @cached_property
    def _asked_px(self) -> float:
        """What to ask of a `View`, which knows the mean head, so that this person's outer canthi lie `iod_px` apart seen from the front."""
        front = View(yaw=0.0, pitch=0.0, roll=0.0, distance_cm=DISTANCE_CM, iod_px=self.iod_px, place=(0.5, 0.5))
        marks = project(self.person.neutral, self.paint.turn, front, (1, 1))[0][self.rig.landmark68]
        return self.iod_px**2 / float(np.linalg.norm(marks[45] - marks[36]))
