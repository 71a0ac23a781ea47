"""How the skin of a hand and the cloth of its sleeve look: colour, folds, tendons, nails and light, by what pixels carry of
the mesh.

All is told in cm of a hand, by where a point lies on its finger.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

# What a vertex carries: its normal; where it lies on the last bone of its finger, across and from the tip in sizes of the nail,
# up in cm; cm behind the joint before the last; 1 on a sleeve; cm behind the last joint.
NORMAL, ACROSS, UP, ALONG, BEFORE, SLEEVE, DOWN = slice(0, 3), 3, 4, 5, 6, 7, 8
COLUMNS = 9


@dataclass(frozen=True, eq=False)
class Look:
    """Whose hand: `skin` and `sleeve` [3] linear light where they face the camera, `light` the factor [n] by normals [n, 3],
    `half` [3] the normal that mirrors the lamp and `sheen` [3] what it mirrors, the depth of its `creases` 0-1.5, how pale the
    `nails` 0-1."""

    skin: np.ndarray
    sleeve: np.ndarray
    light: Callable[[np.ndarray], np.ndarray]
    half: np.ndarray
    sheen: np.ndarray
    creases: float
    nails: float


def blotches(at: np.ndarray, fine: float, rng: np.random.Generator) -> np.ndarray:
    """Unevenness of skin, coarse and fine, about 0."""
    out = np.zeros(at.shape, np.float32)
    for cell, much in ((0.7 * fine, 0.045), (0.22 * fine, 0.025), (2.0, 0.02)):
        small = rng.standard_normal((int(at.shape[0] / cell) + 2, int(at.shape[1] / cell) + 2), np.float32)
        out += np.float32(much) * cv2.resize(small, at.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return out


def coloured(seen: np.ndarray, hollow: np.ndarray, blotch: np.ndarray, look: Look) -> np.ndarray:
    """[n, 3] of what pixels carry."""
    normal = seen[:, NORMAL] / np.maximum(np.linalg.norm(seen[:, NORMAL], axis=1, keepdims=True), 1e-6)
    back = np.clip(seen[:, UP] / 0.3 + 0.2, 0, 1)  # of a finger
    crease, knuckle = _creases(seen, back)
    flush = np.maximum(np.exp(-((seen[:, ALONG] / 1.6) ** 2)) * (1 - 0.5 * back), 0.7 * knuckle)
    warm = blotch[:, None] * np.array([0.7, 1.1, 1.1], np.float32) + flush[:, None] * np.array([0.03, -0.07, -0.05], np.float32)
    palm = (1 - back) * (np.abs(seen[:, DOWN]) < 19)
    tone = (1 - 0.2 * look.creases * crease) * (1 + 0.08 * palm + 0.07 * look.creases * _tendons(seen, back))
    skin = look.skin * (1 + warm) * tone[:, None]
    nail, edge, pale = _nails(seen)
    pink = look.skin * np.array([1.08, 0.98, 0.97]) + look.skin.mean() * np.array([0.1, 0.08, 0.08])
    pink = pink + (0.5 * look.nails * pale)[:, None] * (1.35 * look.skin.mean() * np.array([1.1, 1, 0.92]) - pink)
    skin = (skin + nail[:, None] * (pink - skin)) * (1 - 0.25 * edge[:, None])
    cloth = look.sleeve * (1 + 0.8 * blotch[:, None])
    albedo = skin + seen[:, SLEEVE, None] * (cloth - skin)
    facing = np.clip(-normal[:, 2], 0, 1)
    lit = look.light(normal) * (0.6 + 0.4 * np.sqrt(facing)) * hollow
    # Light that has gone through skin is red.
    red = (1 - seen[:, SLEEVE]) * (1 - np.clip(lit, 0, 1))
    soft = lit[:, None] * (1 + red[:, None] * np.array([0.08, -0.03, -0.07], np.float32))
    mirror = np.clip(normal @ look.half.astype(np.float32), 0, 1)
    gloss = (1 - seen[:, SLEEVE]) * (mirror**6 + 1.5 * nail * mirror**24) * hollow
    return (albedo * soft + gloss[:, None] * look.sheen).astype(np.float32)


def _creases(seen: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """About 1 [n] in the folds over the last two joints and in those of the inner side; about 1 [n] near a knuckle."""
    crease, knuckle = np.zeros(len(seen), np.float32), np.zeros(len(seen), np.float32)
    bow = 0.05 * np.square(seen[:, ACROSS])
    for along, width in ((DOWN, 0.8), (BEFORE, 1.0)):
        here = seen[:, along]
        for step, depth in ((-0.28, 0.7), (0.0, 1.0), (0.26, 0.6)):
            line = depth * np.exp(-np.square((here - step - np.sign(step) * bow) / (0.07 * width)))
            crease += line * (back if step else 1.0)
        knuckle += back * np.exp(-np.square(here / (0.55 * width)))
    return np.minimum(crease, 1), np.minimum(knuckle, 1)


def _tendons(seen: np.ndarray, back: np.ndarray) -> np.ndarray:
    """About 1 [n] on the cords on the back of the hand and on the knuckles, -0.5 between."""
    on_hand = back * np.clip((seen[:, DOWN] - 5.6) / 1.2, 0, 1) * np.clip((15 - seen[:, DOWN]) / 5, 0, 1)
    return on_hand * (1.5 * np.exp(-np.square(seen[:, ACROSS] / 0.7)) - 0.5)


def _nails(seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(the nail, the groove about it, its free edge and moon), each 0-1 [n]."""
    along, wide = seen[:, ALONG] - 1.12, np.abs(seen[:, ACROSS])
    outline = np.square(along) ** 1.3 + wide**3
    up = np.clip((seen[:, UP] - 0.08) * 6, 0, 1)
    nail = np.clip((1 - outline) * 3.5, 0, 1) * up
    edge = np.exp(-np.square((outline - 1.1) / 0.25)) * up
    pale = np.clip((-0.62 - along) * 6, 0, 1) + 0.5 * np.exp(-(np.square((along - 0.75) / 0.2) + np.square(wide / 0.5)))
    return nail, edge, np.minimum(pale, 1)
