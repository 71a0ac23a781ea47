"""The fine texture of a skin: pores, blotches, freckles, moles and the strands of hair, a map on a cylinder about the head at rest.

Noise is filtered once a process; a skin draws places and strengths from it, for filtering anew took most of a picture's time. Fields
are cyclic, so that any shift of one is as good as the field itself.
"""

from functools import cache

import cv2
import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

TEXELS_CM = 24.0  # a pore is half a millimetre; a face of 110 px inter-ocular distance at two samples a pixel has as many
SHAPE = (704, 768)  # rows and columns: from the crown to below the chin, from behind one ear to behind the other
RADIUS_CM = 7.6
LEVELS = 4
SIZES = (0.6, 1.0, 1.6, 5.0, 9.0, 30.0, 40.0)  # of the noise, in texels
STEPS = 32.0  # of the coded noise to one deviation
HAIRS = (9, 13)  # lengths of strands, in texels


def sample_texture(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A pyramid of float32 [h, w, 4], each level half the one before: factors on red, green and blue, and the strands of hair 0-1."""
    noise, strands = _noise(), _strands()
    strength = float(rng.uniform(0.3, 1.3))
    places = np.stack([rng.integers(n, size=len(SIZES) + 1) for n in SHAPE], 1)
    hairs = strands[rng.integers(len(strands))]
    threshold = np.float32(rng.uniform(1.8, 5))
    level = _composed(noise, hairs, places, np.float32(strength), threshold)
    _add_moles(level, rng)
    pyramid = [level]
    while len(pyramid) < LEVELS:
        level = cv2.resize(level, (level.shape[1] // 2, level.shape[0] // 2), interpolation=cv2.INTER_AREA)
        pyramid.append(level)
    return tuple(pyramid)


def texel(vertices: np.ndarray) -> np.ndarray:
    """(column, row) [V, 2] of places on the mean head, in cm."""
    x, y, z = vertices.T
    column = (SHAPE[1] - 1) / 2 + np.arctan2(x, z) * RADIUS_CM * TEXELS_CM
    row = (SHAPE[0] - 1) / 2 - (y - 0.5) * TEXELS_CM
    return np.stack([column, row], 1).astype(np.float32)


@cache
def _noise() -> np.ndarray:
    """int8 [sizes, h, 2 w], cyclic."""
    rng = np.random.default_rng(0)
    fields = [gaussian_filter(rng.standard_normal(SHAPE, np.float32), size, mode="wrap", truncate=3) for size in SIZES]
    coded = [np.clip(np.rint(field / field.std() * STEPS), -127, 127).astype(np.int8) for field in fields]
    return np.stack([np.concatenate([each, each], 1) for each in coded])


@cache
def _strands() -> np.ndarray:
    """int8 [lengths, h, w], cyclic in rows: noise smeared along the hair, upwards in the middle and outwards at the sides."""
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    lean = np.tanh((columns - SHAPE[1] / 2) / 60)
    out = []
    for length in HAIRS:
        noise = rng.standard_normal(SHAPE, np.float32)
        smeared = sum(
            cv2.remap(noise, columns + lean * step, (rows - 0.8 * step) % SHAPE[0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            for step in range(-(length // 2), length // 2 + 1)
        )
        out.append(np.clip(np.rint(smeared / smeared.std() * STEPS), -127, 127).astype(np.int8))
    return np.stack(out)


@njit(cache=True, fastmath=True)
def _composed(noise, hairs, places, strength, threshold):
    """Rows of `noise` and `hairs` are stored twice over, so that a shifted one is read in one piece, which the compiler vectorises."""
    height, width = noise.shape[1], noise.shape[2] // 2
    out = np.empty((height, width, 4), np.float32)
    part, none = np.float32(1 / STEPS), np.float32(0)
    factor = strength * part
    for y in range(height):
        pores, deep, spots, warm, blotch, cloud, patch = [
            noise[k, (places[k, 0] + y) % height, places[k, 1] : places[k, 1] + width] for k in range(7)
        ]
        hair = hairs[(places[7, 0] + y) % height]
        for x in range(width):
            broad = np.float32(blotch[x]) + np.float32(cloud[x])
            fine = np.float32(pores[x]) - np.float32(0.6) * max(none, np.float32(deep[x]) - np.float32(STEPS))
            tone = 1 + factor * (np.float32(0.05) * fine + np.float32(0.03) * broad)
            red = factor * (np.float32(0.012) * broad + np.float32(0.018) * np.float32(warm[x]))
            out[y, x, 0] = tone * (1 + red)
            out[y, x, 1] = out[y, x, 2] = tone * (1 - red)
            out[y, x, 3] = min(max(np.float32(0.5) + np.float32(0.5) * part * np.float32(hair[x]), none), np.float32(1))
        for x in range(width):
            freckle = np.float32(spots[x]) * part - threshold
            if freckle > 0:
                freckle *= strength * np.float32(0.4) * max(1 + np.float32(patch[x]) * part, none)
                out[y, x, 0] *= np.exp(np.float32(-0.6) * freckle)
                out[y, x, 1] *= np.exp(-freckle)
                out[y, x, 2] *= np.exp(np.float32(-1.2) * freckle)
    return out


def _add_moles(level: np.ndarray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(0, 14)):
        y, x = (int(rng.integers(6, n - 6)) for n in SHAPE)
        radius, depth = rng.uniform(1, 3), rng.uniform(0.2, 1)
        near = np.arange(-5, 6)
        disc = np.clip((radius - np.hypot(near[:, None], near)) / 1.6 + 0.5, 0, 1)
        level[y - 5 : y + 6, x - 5 : x + 6, :3] *= np.exp(-2 * depth * disc[..., None] * np.array([0.6, 1.0, 1.2]))
