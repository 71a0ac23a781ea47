"""The own hand near the own face: how it is held there, and as a picture on a sheet, as all that is worn gets before a face.

A pose says what touches the face; the wrist, the forearm and its sleeve follow from there out of the picture. The same poses are
gestures in scenery/hands.py.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..synthesis.photo import Photo
from .head import Light
from .inks import Area
from .limb import Limb, Look, Pose, drawn, posed

IOD_CM = 9.0  # between the outer canthi of a live face
AT_THE_FACE = ("mouth", "cheek", "thinking", "fist")
CLEAR_CM = 2.6  # of the middles of the eyes
FINER = 3  # an outline is followed on a grid so much finer than the pixels
SHEET = ((-3.2, -1.0), (3.2, 4.0))  # IOD, what a frame may show
# Landmarks, from the picture's left to its right side, that a gesture goes to.
CHEEK, MOUTH_SIDE, JAW = (205, 425), (57, 287), (176, 400)
SALLOW = np.array([0.98, 1.01, 1.03])  # a hand is less flushed than a face
THUMB = (0.2, 0.15, 0.1)


@dataclass(frozen=True, eq=False)
class Face:
    """Where a hand finds it, in px of a photo or in IOD on a sheet: its `points` [478, 2], and its `iod` there."""

    points: np.ndarray
    iod: float

    @property
    def eyes(self) -> np.ndarray:
        return self.points[[[33, 133], [263, 362]]].mean(1)


@dataclass(frozen=True, eq=False)
class Sketch:
    """A hand on a sheet, IOD: its `outlines` [n, 2], the `holes` [n, 2] between its fingers, `reflectance` [h, w, 3] over its
    `area`."""

    outlines: list[np.ndarray]
    holes: list[np.ndarray]
    reflectance: np.ndarray
    area: Area


def hand_at(face: Face, kind: str, side: int, rng: np.random.Generator) -> Limb:
    """In cm from where the face's coordinates begin: one of `AT_THE_FACE`, or "beside" the head, from its left in the picture
    where `side` is -1 and from its right where it is 1; clear of the eyes."""
    limb, at, on = HELD[kind](face, side, rng)
    cm = face.iod / IOD_CM
    limb = limb.moved(np.append(on / cm, 0) - at)
    for _ in range(20):
        if np.linalg.norm(limb.points[:, None, :2] - face.eyes / cm, axis=2).min() > CLEAR_CM:
            break
        limb = limb.moved(np.array([0, 0.5, 0]))
    return limb


def sketch(limb: Limb, scale: float, look: Look, rng: np.random.Generator) -> Sketch:
    """On a sheet, `scale` px an IOD; `look` in reflectances."""
    every = limb.points[:, :2] / IOD_CM
    low, high = np.maximum(every.min(0) - 0.05, SHEET[0]), np.minimum(every.max(0) + 0.05, SHEET[1])
    area = Area(low.astype(np.float32), scale, tuple(np.maximum(8, np.ceil((high - low) * scale)).astype(int).tolist()))
    colour, cover = drawn(limb.moved(np.append(-low * IOD_CM, 0)), scale / IOD_CM, area.size, look, rng)
    fine = cv2.copyMakeBorder(cv2.resize(cover, None, fx=FINER, fy=FINER), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    found, order = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = [((ring[:, 0] - 0.5) / (FINER * scale) + low).astype(np.float32) for ring in found]
    inner = [bool(parent >= 0) for parent in order[0, :, 3]]
    return Sketch([r for r, i in zip(rings, inner) if not i], [r for r, i in zip(rings, inner) if i], colour, area)


def look_of(photo: Photo, lit: Light, side: int, rng: np.random.Generator) -> Look:
    """The skin of the face, by and large; a sleeve as the garment below."""
    skin = lit.skin * rng.uniform(0.95, 1.2) * SALLOW
    x, width = int(photo.centre[0] + 0.95 * side * photo.iod), photo.pixels.shape[1]
    reach = max(3, int(0.15 * photo.iod))
    x = min(max(x, reach), width - reach)
    garment = np.median(photo.pixels[-reach:, x - reach : x + reach].reshape(-1, 3), 0)
    sleeve = np.maximum(garment * rng.uniform(0.8, 1.2), 0.004)
    return Look(
        skin.astype(np.float32),
        sleeve.astype(np.float32),
        lit.on,
        lit.half,
        lit.white * rng.uniform(0.02, 0.09),
        rng.uniform(0.4, 1.2),
        rng.uniform(0, 1),
    )


def _to_mouth(face: Face, side: int, rng: np.random.Generator) -> tuple[Limb, np.ndarray, np.ndarray]:
    """Closed fingers across it; (the hand, its point [3] cm that goes to the place [2] on the face), as all that follow."""
    pose = _fingers(rng, (0.05, 0.3), 0.02)
    limb = _turned(pose, rng.uniform(0.5, 1.0), rng.normal(0, 0.12), rng.uniform(-0.2, 0.1), side, rng)
    return (
        limb,
        limb.tips[2] + rng.uniform(0.3, 0.6) * (limb.knuckles[2] - limb.tips[2]),
        _near(face, (13, 17)[rng.integers(2)], rng),
    )


def _to_cheek(face: Face, side: int, rng: np.random.Generator) -> tuple[Limb, np.ndarray, np.ndarray]:
    """Fingertips on it or on the jaw."""
    pose = _fingers(rng, (0.1, 0.45), 0.03)
    limb = _turned(pose, rng.uniform(0.05, 0.45), rng.uniform(-0.35, 0.25), rng.uniform(-0.3, 0.1), side, rng)
    place = _near(face, (CHEEK, JAW)[rng.integers(2)][(side + 1) // 2], rng)
    return limb, limb.tips[2], place + np.array([side * rng.uniform(-0.05, 0.2) * face.iod, 0])


def _thinking(face: Face, side: int, rng: np.random.Generator) -> tuple[Limb, np.ndarray, np.ndarray]:
    """The index finger up along the cheek, the others curled under the chin."""
    flex = np.array([(0.4, 0.3, 0.3), (0.25, 0.2, 0.15), (1.25, 1.35, 0.7), (1.35, 1.4, 0.7), (1.4, 1.4, 0.7)])
    pose = Pose(flex + rng.normal(0, 0.06, (5, 3)), rng.normal(0, 0.02, 5), _wrist(rng), _cuff(rng))
    limb = _turned(pose, rng.uniform(0.1, 0.6), rng.uniform(-0.1, 0.5), rng.uniform(-0.2, 0.15), side, rng)
    place = _near(face, MOUTH_SIDE[(side + 1) // 2], rng)
    return limb, limb.tips[1], place + np.array([side * rng.uniform(0.05, 0.3), rng.uniform(-0.1, 0.1)]) * face.iod


def _chin_on_fist(face: Face, side: int, rng: np.random.Generator) -> tuple[Limb, np.ndarray, np.ndarray]:
    flex = np.array([(0.45, 0.5, 0.6), *(4 * [(1.35, 1.5, 0.8)])])
    pose = Pose(flex + rng.normal(0, 0.07, (5, 3)), rng.normal(0, 0.02, 5), _wrist(rng), _cuff(rng))
    limb = _turned(pose, rng.uniform(0.1, 0.7), rng.normal(0.1, 0.25), rng.uniform(0.35, 0.85), side, rng)
    top = limb.knuckles[1:4].mean(0) - [0, rng.uniform(0.2, 1.0), 0]
    return limb, top, face.points[152] + [side * rng.uniform(-0.1, 0.35) * face.iod, 0]


def _raised(face: Face, side: int, rng: np.random.Generator) -> tuple[Limb, np.ndarray, np.ndarray]:
    """Beside the head, its palm or its back to the camera."""
    flex = np.array([THUMB, *(4 * [(0.05, 0.12, 0.08)])]) + np.abs(rng.normal(0, 0.08, (5, 3)))
    spread = rng.uniform(-0.02, 0.16) * np.array([0, -1.0, -0.3, 0.4, 1.0])
    pose = Pose(flex, spread, (rng.normal(-0.1, 0.15), rng.normal(0, 0.15)), _cuff(rng))
    palm = np.pi * float(rng.random() < 0.65)
    limb = _turned(pose, rng.normal(-0.15, 0.15), palm + rng.normal(0, 0.25), rng.normal(-0.1, 0.15), side, rng)
    middle = (face.points.min(0) + face.points.max(0)) / 2
    return limb, limb.knuckles[2], middle + np.array([side * rng.uniform(1.45, 1.85), rng.uniform(-0.1, 0.7)]) * face.iod


HELD = {"mouth": _to_mouth, "cheek": _to_cheek, "thinking": _thinking, "fist": _chin_on_fist, "beside": _raised}


def _near(face: Face, landmark: int, rng: np.random.Generator) -> np.ndarray:
    return face.points[landmark] + rng.normal(0, 0.04, 2) * face.iod


def _fingers(rng: np.random.Generator, bend: tuple[float, float], spread: float) -> Pose:
    """Side by side, the smaller ones bent a little more."""
    bent = rng.uniform(*bend) * np.array([0.9, 1, 1.1, 1.25])[:, None] * np.array([1.0, 1.0, 0.6])
    flex = np.concatenate([[THUMB], bent]) + rng.normal(0, 0.04, (5, 3))
    closed = np.array([0, 0.04, 0.0, -0.1, -0.17]) + rng.normal(0, spread, 5)
    return Pose(flex, closed, _wrist(rng), _cuff(rng))


def _wrist(rng: np.random.Generator) -> tuple[float, float]:
    return rng.normal(-0.1, 0.2), rng.normal(0, 0.15)


def _cuff(rng: np.random.Generator) -> float:
    return rng.uniform(1.5, 5.0) if rng.random() < 0.8 else 50.0


def _turned(pose: Pose, lean: float, about: float, nod: float, side: int, rng: np.random.Generator) -> Limb:
    """From the picture's right side where `side` is 1: fingers lean to the middle by `lean`, turned `about` the arm, and nod
    away."""
    turns = [np.array([0, 0, -side * lean]), np.array([nod, 0, 0]), np.array([0, side * about, 0])]
    rotation = np.linalg.multi_dot([cv2.Rodrigues(turn.astype(float))[0] for turn in turns])
    return posed(pose, rng).turned(rotation, side < 0)
