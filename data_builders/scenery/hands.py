"""Fingers that hold a print or a device at its edge, and hands near a face, live or not, where they mean nothing.

All is in cm of a hand; how a digit looks is told in digits.py, and how a hand is held to a face in attacks/hand.py. What fingers
cover is no longer the instrument and leaves the mask.
"""

from dataclasses import replace

import cv2
import numpy as np

from ..attacks.hand import AT_THE_FACE, IOD_CM, Face, hand_at, look_of
from ..attacks.head import cast_shadow, lens_blur, light, over, softened
from ..attacks.limb import drawn
from ..synthesis.photo import Attack, Photo
from .digits import Digit, Holder, draw

HELD_CM = (9.0, 21.0)  # short side of a phone to that of a large sheet
DEEPEST = 0.3  # how far fingers reach in, share of the way from the border to the middle
Side = tuple[np.ndarray, np.ndarray]  # its two ends, px
Bones = tuple[tuple[float, ...], tuple[float, ...]]
# From root to tip: the length of each bone and the radius at each joint, cm.
THUMB = ((4.2, 3.4, 2.2), (1.5, 1.15, 1.06, 0.88))


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
    """The person's own hand, live or under attack: before the face, at the chin, or raised beside it. `photo` [h, w] is the
    face beneath, of the frame's size."""
    kind, side, lit = str(rng.choice((*AT_THE_FACE, "beside"))), int(rng.choice([-1, 1])), light(photo)
    limb = hand_at(Face(photo.points[:, :2], photo.iod), kind, side, rng)
    colour, cover = drawn(limb, photo.iod / IOD_CM, photo.pixels.shape[1::-1], look_of(photo, lit, side, rng), rng)
    blur = lens_blur(photo)
    colour, cover = softened(colour, blur), softened(cover, blur)
    frame = made.frame
    if kind != "beside":
        frame = frame * cast_shadow(cover, lit, photo.iod, rng.uniform(0.05, 0.12), rng.uniform(0.35, 0.6))[..., None]
    return replace(made, frame=np.clip(over(frame, colour, cover), 0, 1), mask=made.mask * (1 - cover))


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
