"""How light on a face changes when the face moves: the photo's light, estimated over the fitted normals, and furrows of the units that set in.

Only ratios are applied, so a wrong estimate darkens or brightens a cheek a little and never paints a face. Furrows are the renders' own.
"""

import cv2
import numpy as np

from ..rig.folds import shaded
from ..rig.look import Painting
from ..rig.rig import Sides
from ..rig.texture import SHAPE

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
RATIO = (0.75, 1.3)
DIMMEST = 0.02
FURROWED, DEPTH = 0.8, (0.1, 0.75)  # share of faces that furrow at all, and how deep at level E


def light_of(pixels: np.ndarray, flat: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """The brightness of bare skin as nine spherical harmonics, robustly: hair, glasses and glare are no light. `flat` [v, 2] px."""
    at = flat.reshape(-1, 1, 2).astype(np.float32)
    seen = (cv2.remap(pixels, at, None, cv2.INTER_LINEAR)[:, 0] @ LUMINANCE).astype(np.float64)
    basis, weight = harmonics(normals), np.ones(len(seen))
    ridge = np.array([1e-6, *[0.002] * 3, *[0.01] * 5])
    for _ in range(4):
        heavy = basis * weight[:, None]
        light = np.linalg.solve(heavy.T @ basis + np.diag(ridge * weight.sum()), heavy.T @ seen)
        error = seen - basis @ light
        weight = 1 / (1 + (error / (1.5 * 1.4826 * np.median(np.abs(error)) + 1e-4)) ** 2)
    return light


def harmonics(normals: np.ndarray) -> np.ndarray:
    """[v, 9] up to the second order, of unit normals [v, 3]; unnormalised."""
    x, y, z = normals.T.astype(np.float64)
    return np.stack([np.ones_like(x), x, y, z, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], 1)


def relit(light: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The factor [v] by which the skin's light changes between normals [v, 3]."""
    was, is_now = harmonics(before) @ light, harmonics(after) @ light
    return np.where(was > DIMMEST, np.clip(is_now / np.maximum(was, DIMMEST), *RATIO), 1)


def furrowed(
    paint: Painting,
    before: dict[str, Sides],
    after: dict[str, Sides],
    light: np.ndarray,
    texels: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Of pixels that show the texture's `texels` [h, w, 2]: the factor [h, w] by which new furrows shade them, to a depth of their own, and
    how far 0-1 old ones are gone."""
    deeper, gone = {}, {}
    for code in paint.folds:
        change = np.subtract(after.get(code, (0.0, 0.0)), before.get(code, (0.0, 0.0)))
        deeper[code], gone[code] = (tuple(np.maximum(0, sign * change).tolist()) for sign in (1, -1))
    depth = rng.uniform(*DEPTH) * (rng.random() < FURROWED)
    key = light[1:4] / max(1e-6, float(np.linalg.norm(light[1:4])))
    return _on_pixels(paint, deeper, depth, (*key.tolist(),), texels), np.clip(
        1.6 * (1 - _on_pixels(paint, gone, 1.0, (0, 0, 1), texels)), 0, 1
    )


def smoothed(pixels: np.ndarray, amount: np.ndarray, iod_px: float) -> np.ndarray:
    """`pixels` [h, w, 3] without the dark lines that are finer than a wrinkle, where `amount` [h, w] says so."""
    rows, columns = (np.flatnonzero(amount.max(axis) > 0.02) for axis in (1, 0))
    if not len(rows):
        return pixels
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    here, share = pixels[window], cv2.GaussianBlur(amount[window], (0, 0), 0.012 * iod_px)
    width = 2 * round(0.025 * iod_px) + 1
    closed = cv2.morphologyEx(here, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    smooth = cv2.GaussianBlur(here, (0, 0), 0.02 * iod_px)
    out = pixels.copy()
    out[window] = here + share[..., None] * (0.5 * (np.minimum(closed, 1.15 * smooth) + smooth) - here)
    return out


def _on_pixels(paint: Painting, aus: dict[str, Sides], depth: float, key: tuple, texels: np.ndarray) -> np.ndarray:
    if not depth or not any(max(sides) for sides in aus.values()):
        return np.ones(texels.shape[:2], np.float32)
    drawn = shaded(paint.folds, aus, depth, 0.0, key)[..., 0]
    coarser = SHAPE[1] / drawn.shape[1]
    return cv2.remap(drawn, (texels + 0.5) / np.float32(coarser) - 0.5, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
