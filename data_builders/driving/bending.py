"""How a picture bends when a mesh over it moves: where each new pixel finds its colour, on the face from the mesh and around it from its rim.

The bend dies away beyond the face, so jaw line, hair and background follow without a tear. The two sides of a slit bend apart.
"""

import cv2
import numpy as np
from numba import njit

REACH_IOD = 0.55  # how far beyond the face the picture bends at least
FOLD_SAFE = 2.5  # and so often the largest shift, or the background would fold over
SUPPLE_IOD = 0.016
LEVELS = 6
COARSER = 3  # than the pixels the bend beyond the face is told


@njit(cache=True)
def interpolated(owner, bary, triangles, values):
    """What vertices carry, `values` [v, k], at each pixel [h, w, k]; 0 where `owner` is none."""
    height, width = owner.shape
    out = np.zeros((height, width, values.shape[1]), np.float32)
    for y in range(height):
        for x in range(width):
            t = owner[y, x]
            if t < 0:
                continue
            v, w = bary[y, x, 0], bary[y, x, 1]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(values.shape[1]):
                out[y, x, k] = (1 - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]
    return out


def filled(values: np.ndarray, weight: np.ndarray, levels: int = LEVELS) -> np.ndarray:
    """`values` [h, w, k] where `weight` [h, w] is 1 and smoothly on from there where it is less: a pyramid of weighted means."""
    held = values * weight[..., None]
    if levels == 0 or min(weight.shape) < 4:
        mean = held.sum((0, 1)) / max(1e-6, float(weight.sum()))
        return np.broadcast_to(mean, values.shape).astype(np.float32)
    mass = cv2.pyrDown(weight)
    coarse = cv2.pyrDown(held).reshape(*mass.shape, values.shape[2]) / np.maximum(mass, 1e-4)[..., None]
    below = filled(coarse, np.minimum(1, 2 * mass), levels - 1)
    behind = cv2.resize(below, weight.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    return behind + weight[..., None] * (values - behind)


def beyond(shift: np.ndarray, weight: np.ndarray, iod_px: float) -> np.ndarray:
    """The shift [h, w, 2] on the face, where `weight` [h, w] is 1, continued around it and brought to rest."""
    size = tuple(max(4, n // COARSER) for n in weight.shape[::-1])
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(shift * weight[..., None], size, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-3)[..., None]
    around = cv2.GaussianBlur(filled(coarse, np.minimum(1, share)), (0, 0), 0.04 * iod_px / COARSER)
    away = cv2.distanceTransform((share < 0.5).astype(np.uint8), cv2.DIST_L2, 5) * COARSER
    reach = max(REACH_IOD * iod_px, FOLD_SAFE * float(np.abs(shift * weight[..., None]).max()))
    rest = np.clip(1 - away / reach, 0, 1)
    around *= (rest * rest * (3 - 2 * rest))[..., None]
    around = cv2.resize(around, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return supple(around + weight[..., None] * (shift - around), iod_px)


def supple(shift: np.ndarray, iod_px: float) -> np.ndarray:
    """Where skin slides over skin, as a brow over the lid, the mesh folds in less than a pixel; photographed folds are rounder."""
    return cv2.GaussianBlur(shift, (0, 0), SUPPLE_IOD * iod_px)
