"""Fingers that hold a print or a device at its edge, and the same fingers near a face, live or not, where they mean nothing.

All is in cm of a hand; how a digit looks is told in digits.py. What fingers cover is no longer the instrument and leaves the mask.
"""

from dataclasses import replace

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from .digits import Digit, Holder, draw

HELD_CM = (9.0, 21.0)  # short side of a phone to that of a large sheet
IOD_CM = 9.0  # between the outer canthi of a live face
DEEPEST = 0.3  # how far fingers reach in, share of the way from the border to the middle
Side = tuple[np.ndarray, np.ndarray]  # its two ends, px
Bones = tuple[tuple[float, ...], tuple[float, ...]]
# From root to tip: the length of each bone and the radius at each joint, cm.
THUMB = ((4.2, 3.4, 2.2), (1.5, 1.15, 1.06, 0.88))
FINGER = ((4.4, 2.6, 1.7), (1.02, 0.97, 0.86, 0.69))


def outline(mask: np.ndarray) -> np.ndarray:
    """The corners of a flat instrument, [n, 2] px clockwise, from its `mask` [h, w]: what leaves the frame is cut off. Empty without one."""
    contours = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not contours:
        return np.zeros((0, 2), np.float32)
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    return cv2.approxPolyDP(hull, 0.02 * cv2.arcLength(hull, True), True)[:, 0].astype(np.float32)


def held(frame: np.ndarray, mask: np.ndarray, corners: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(frame, mask) with one or two hands at the borders of a flat instrument, `corners` [n, 2] px, convex.

    A border along the frame's own or beyond it cannot be held: without any other the arguments come back as they are.
    """
    sides = _visible_sides(corners, frame.shape)
    if not sides:
        return frame, mask
    middle = corners.mean(0)
    scale = min(*cv2.minAreaRect(corners.astype(np.float32))[1], 1.5 * max(frame.shape[:2])) / rng.uniform(*HELD_CM)
    holder = _holder(frame, scale, rng)
    frame, mask = frame.copy(), mask.copy()
    wraps = rng.random() < 0.4
    for first, last in _chosen(sides, middle, rng):
        at = first + rng.uniform(0.2, 0.8) * (last - first)
        along = (last - first) / np.linalg.norm(last - first)
        inwards = _inward(along, middle - at)
        grip = _wrap if wraps or inwards[1] > 0.7 else _pinch  # from above it is fingertips
        deepest = max(0.2 * scale, DEEPEST * float((middle - at) @ inwards) - 0.8 * scale)  # of the last joint; the tip is round
        behind, front = grip(at, inwards, along, deepest, holder, rng)
        for digit in behind:
            draw(frame, digit, holder, mask, True, rng)
        for digit in front:
            draw(frame, digit, holder, mask, False, rng)
    return frame, mask


def gesturing(made: Attack, photo: Photo, rng: np.random.Generator) -> Attack:
    """The same fingers before a face, live or under attack: at the chin, or a hand raised beside it. `photo` [h, w] is the face
    beneath, of the frame's size."""
    holder = replace(_holder(photo.pixels, photo.iod / IOD_CM, rng), skin=_face_colour(photo))
    frame, mask = made.frame.copy(), made.mask.copy()
    touching = bool(rng.random() < 0.6)
    for digit in (_at_chin if touching else _beside)(photo, holder, rng):
        draw(frame, digit, holder, mask, False, rng, shaded=float(touching))
    return replace(made, frame=np.clip(frame, 0, 1), mask=mask)


# Where fingers go


def _visible_sides(corners: np.ndarray, shape: tuple[int, ...]) -> list[Side]:
    """The parts of the borders that lie well within the frame, long enough for a hand."""
    height, width = shape[:2]
    margin, parts = 0.03 * min(height, width), []
    for first, last in zip(corners, np.roll(corners, -1, 0), strict=True):
        along = first + np.linspace(0, 1, 64)[:, None] * (last - first)
        inside = ((along > margin) & (along < np.array([width, height]) - margin)).all(1)
        if inside.sum() > 1 and np.ptp(np.flatnonzero(inside)) * np.linalg.norm(last - first) / 63 > 0.2 * min(height, width):
            seen = along[inside]
            parts.append((seen[0].astype(float), seen[-1].astype(float)))
    return parts


def _chosen(sides: list[Side], middle: np.ndarray, rng: np.random.Generator) -> list[Side]:
    """One or two of them; few people hold a picture from above."""
    above = [middle - (first + last) / 2 for first, last in sides]
    likely = np.array([0.15 if down > abs(across) else 1.0 for across, down in above])
    count = min(len(sides), 1 + int(rng.random() < 0.45))
    return [sides[i] for i in rng.choice(len(sides), count, replace=False, p=likely / likely.sum())]


def _inward(along: np.ndarray, to_middle: np.ndarray) -> np.ndarray:
    normal = np.array([-along[1], along[0]])
    return normal * np.sign(normal @ to_middle)


def _pinch(
    at: np.ndarray, inwards: np.ndarray, along: np.ndarray, deepest: float, holder: Holder, rng: np.random.Generator
) -> tuple[list[Digit], list[Digit]]:
    """The thumb in front, the hand and the fingers' bases behind the sheet."""
    cm = holder.scale
    down = along * np.sign(along[1] + 1e-3) if abs(along[1]) > 0.3 else along * rng.choice([-1, 1])
    reach = min(rng.uniform(1.2, 3.2) * cm, deepest)
    aim = _turned(inwards, rng.normal(0, 0.3)) - 0.45 * down
    tip = at + reach * inwards
    thumb = _digit(tip, aim / np.linalg.norm(aim), THUMB, cm, rng, bend=0.25)
    root = thumb.joints[0]
    wrist = root - inwards * 6 * cm + down * 7 * cm
    knuckle = at - inwards * 3.2 * cm - down * 1.0 * cm
    palm = _palm([wrist, root + down * 1.5 * cm, knuckle + down * 2.5 * cm], (2.8, 2.9, 2.2), cm)
    bases = [knuckle + down * step * cm for step in (4.4, 2.4, 0.4)]
    fingers = [_palm([base, base + (inwards * 7 - down * 0.3) * cm], (1.05, 0.9), cm) for base in bases]
    return [*fingers, palm], [thumb]


def _wrap(
    at: np.ndarray, inwards: np.ndarray, along: np.ndarray, deepest: float, holder: Holder, rng: np.random.Generator
) -> tuple[list[Digit], list[Digit]]:
    """Two to four fingertips that come round the edge from behind."""
    cm, count = holder.scale, int(rng.integers(2, 5))
    slant = rng.normal(0, 0.25)
    digits = []
    for number in range(count):
        place = at + along * (number - (count - 1) / 2) * rng.uniform(1.7, 1.95) * cm
        reach = min(rng.uniform(0.7, 2.0) * cm, deepest)
        aim = _turned(inwards, slant + rng.normal(0, 0.06))
        bones = ((0.6, reach / cm + 0.4), (0.75, 0.85, 0.64))
        digits.append(_digit(place + reach * inwards, aim, bones, cm * rng.uniform(0.9, 1.05), rng, bend=0.05))
    return [], digits


def _at_chin(photo: Photo, holder: Holder, rng: np.random.Generator) -> list[Digit]:
    """Fingers from below with their tips on the jaw, the hand under the chin."""
    cm, side, count = holder.scale, int(rng.choice([-1, 1])), int(rng.integers(2, 5))
    jaw = photo.points[[176, 150, 172, 58] if side < 0 else [400, 379, 397, 288], :2]  # from the chin to the ear
    lean, apart = rng.normal(0.3, 0.15) * side, jaw[3] - jaw[0]
    apart = apart / np.linalg.norm(apart) * 1.85 * cm
    first = jaw[0] + rng.uniform(-0.5, 0.8) * apart
    digits = []
    for number in range(count):
        aim = _turned(np.array([0.0, -1.0]), lean - 0.08 * side * (number - 1.5) + rng.normal(0, 0.04))
        tip = first + number * apart + rng.uniform(0.3, 1.2) * cm * aim
        digits.append(_digit(tip, aim, FINGER, cm * rng.uniform(0.92, 1.04), rng, bend=0.1 * side))
    knuckles = np.mean([digit.joints[0] for digit in digits], 0)
    return [_palm([knuckles + np.array([-2.0 * side, 9]) * cm, knuckles], (3.0, 3.2), cm), *digits]


def _beside(photo: Photo, holder: Holder, rng: np.random.Generator) -> list[Digit]:
    """A hand raised beside the head, its palm or its back to the camera."""
    cm, side, back = holder.scale, int(rng.choice([-1, 1])), bool(rng.random() < 0.4)
    x, y = photo.centre
    base = np.array([x + side * rng.uniform(1.15, 1.7) * photo.iod, y + rng.uniform(0.4, 1.2) * photo.iod])
    lean, spread = rng.normal(0, 0.2), rng.uniform(0.02, 0.13)
    digits = []
    for number, size in enumerate((0.92, 1.0, 0.96, 0.8)[::side]):
        aim = _turned(np.array([0.0, -1.0]), lean + (number - 1.5) * spread)
        knuckle = base + _turned(np.array([1.0, 0.0]), lean) * (number - 1.5) * 1.95 * cm
        digits.append(replace(_digit(knuckle + aim * 8.4 * size * cm, aim, FINGER, cm * size, rng, bend=0.04), nail=back))
    return [_palm([base + np.array([0, 12.0]) * cm, base + np.array([0, 3.0]) * cm], (2.9, 4.2), cm), *digits]


def _digit(tip: np.ndarray, aim: np.ndarray, bones: Bones, cm: float, rng: np.random.Generator, bend: float) -> Digit:
    """From the tip backwards, each bone turned a little against the next."""
    lengths, radii = bones
    joints, back, turn = [np.asarray(tip, float)], -np.asarray(aim, float), rng.normal(0, abs(bend) / 2) + bend
    for length in reversed(lengths):
        joints.append(joints[-1] + back * length * cm)
        back = _turned(back, turn)
    return Digit(np.array(joints[::-1]), np.array(radii) * cm * rng.uniform(0.9, 1.1))


def _palm(joints: list[np.ndarray], radii_cm: tuple[float, ...], cm: float) -> Digit:
    """A palm, or a finger that is seen from its smooth side."""
    return Digit(np.array(joints), np.array(radii_cm) * cm, nail=False, creased=False)


def _turned(vector: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]])


# Whose hand it is


def _holder(frame: np.ndarray, scale: float, rng: np.random.Generator) -> Holder:
    """Somebody else in most cases; lit as the frame is."""
    height, width = frame.shape[:2]
    middle = frame[height * 2 // 5 : height * 3 // 5, width * 2 // 5 : width * 3 // 5].reshape(-1, 3)
    depth = rng.random()
    skin = np.array([0.66, 0.42, 0.32]) ** depth * np.array([0.12, 0.065, 0.045]) ** (1 - depth)
    light = np.clip(frame.reshape(-1, 3)[::97].mean(0) / 0.3, 0.35, 1.6)
    skin = np.median(middle, 0) if rng.random() < 0.4 else skin * (0.35 * light + 0.65 * light.mean())
    key = np.array([rng.normal(0, 0.5), -abs(rng.normal(0.5, 0.3)), 1.0])
    key = (key / np.linalg.norm(key)).astype(np.float32)
    return Holder(skin.astype(np.float32), key, scale, rng.uniform(0, 1), rng.uniform(0.3, 1.2))


def _face_colour(photo: Photo) -> np.ndarray:
    """Median of the cheeks."""
    spots = np.rint(photo.points[[50, 205, 280, 425], :2]).astype(int)
    reach = max(1, int(0.06 * photo.iod))
    return np.median(
        np.concatenate([photo.pixels[y - reach : y + reach, x - reach : x + reach].reshape(-1, 3) for x, y in spots]), 0
    )
