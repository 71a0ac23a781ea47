"""Who is who from frame to frame: faces keep an id by where they are and how large, nothing of the pixels is compared.

The pairing is the best one as a whole (Hungarian) and not the nearest first: when a camera swings along a row of people, each lands nearer
to a neighbour's old place than to the own. Somebody who takes a seat within two seconds of its leaving inherits the id: only looks could tell.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from .faces import DetectedFace

# Set by hand, in seconds and IOD, so that 10 and 200 fps follow alike. A head thrown aside reaches 10 IOD/s.
FASTEST_IOD_S = 12.0
JITTER_IOD = 0.5  # between the box of a detector and that of landmarks (.12 measured on a portrait), with room for a turned head
FARTHEST_IOD = 3.0  # two head widths: whoever appears farther off is somebody else, however long it took
LOST_S = 2.0  # a hand before the face or a turned head; whoever comes later is new
SAME_FACE_IOU = 0.3  # where boxes meet this much, sizes need not agree: a profile without landmarks looks half as wide
ALIKE = 1.6  # ratio of the sizes of one face in two places; walking up to the camera takes longer to double it
SMOOTHED_S = 0.1  # of the velocity: landmarks tremble by .02 IOD, at 200 fps that alone would be 4 IOD/s
COASTED_S = 0.3  # how long an unseen face is expected to go on as it went
FORBIDDEN = 1e6  # above any sum of distances, so that as many faces as can be are paired


@dataclass
class _Track:
    """The last sight of a face: centre and velocity in pixels (a second), all that is kept of it."""

    id: int
    box: np.ndarray
    iod_px: float
    velocity: np.ndarray
    time_s: float

    def see(self, face: DetectedFace, time_s: float) -> None:
        elapsed = time_s - self.time_s
        box = np.array(face.box, dtype=float)
        moved = (_centre(box) - _centre(self.box)) / elapsed
        self.velocity = self.velocity + (1 - np.exp(-elapsed / SMOOTHED_S)) * (moved - self.velocity)
        self.box, self.iod_px, self.time_s = box, face.iod_px, time_s

    def expected(self, time_s: float) -> np.ndarray:
        """The box moved on at its last velocity, which fades: after a second it has gone as far as it ever will."""
        coast = COASTED_S * (1 - np.exp(-(time_s - self.time_s) / COASTED_S))
        return self.box + np.tile(self.velocity * coast, 2)


class Tracker:
    """Gives the faces of each frame their ids: 0, 1, ... in the order of appearance, the larger first. Never gives an id twice."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._ids = 0
        self._time_s = -np.inf

    def update(self, faces: list[DetectedFace], time_s: float) -> dict[int, DetectedFace]:
        """Id -> face (which carries that id) of the frame at `time_s` seconds; duplicates are gone already (`find_faces`).

        Raises ValueError where the time does not grow.
        """
        if time_s <= self._time_s:
            raise ValueError(f"a frame at {time_s} s follows one at {self._time_s} s")
        known = [track for track in self._tracks if time_s - track.time_s <= LOST_S]
        # Who was there a moment ago comes first: a passer-by keeps the own id where somebody was lost.
        present = [track for track in known if track.time_s == self._time_s]
        waiting = sorted(faces, key=lambda face: -(face.box[2] - face.box[0]) * (face.box[3] - face.box[1]))
        found = {}
        for group in (present, [track for track in known if track.time_s != self._time_s]):
            for track, face in _pairs(group, waiting, time_s):
                track.see(face, time_s)
                found[track.id] = face
            waiting = [face for face in waiting if all(face is not taken for taken in found.values())]
        for face in waiting:
            known.append(_Track(self._ids, np.array(face.box, dtype=float), face.iod_px, np.zeros(2), time_s))
            found[self._ids] = face
            self._ids += 1
        self._tracks, self._time_s = known, time_s
        return {number: replace(face, id=number) for number, face in sorted(found.items())}


def _pairs(tracks: list[_Track], faces: list[DetectedFace], time_s: float) -> list[tuple[_Track, DetectedFace]]:
    if not tracks or not faces:
        return []
    costs = _costs(tracks, faces, time_s)
    return [(tracks[i], faces[j]) for i, j in zip(*linear_sum_assignment(costs), strict=True) if costs[i, j] < FORBIDDEN]


def _costs(tracks: list[_Track], faces: list[DetectedFace], time_s: float) -> np.ndarray:
    """[tracks, faces]: distance in IOD from where a face is expected plus what the boxes lack in overlap; FORBIDDEN if another face."""
    there = np.array([face.box for face in faces], dtype=float)
    last, expected = np.stack([track.box for track in tracks]), np.stack([track.expected(time_s) for track in tracks])
    sizes = np.array([track.iod_px for track in tracks])[:, None], np.array([face.iod_px for face in faces])
    unit = np.maximum((sizes[0] + sizes[1]) / 2, 1e-6)
    gone_on, stayed = (np.linalg.norm(_centre(boxes)[:, None] - _centre(there), axis=2) / unit for boxes in (expected, last))
    elapsed = time_s - np.array([track.time_s for track in tracks])[:, None]
    is_near = np.minimum(gone_on, stayed) <= np.minimum(JITTER_IOD + FASTEST_IOD_S * elapsed, FARTHEST_IOD)
    is_alike = np.maximum(*sizes) <= ALIKE * np.minimum(*sizes)
    overlap = _iou(expected[:, None], there)
    return np.where((overlap >= SAME_FACE_IOU) | (is_near & is_alike), gone_on + 1 - overlap, FORBIDDEN)


def _centre(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = _area(np.concatenate([low, high], axis=-1))
    return shared / np.maximum(_area(a) + _area(b) - shared, 1e-6)
