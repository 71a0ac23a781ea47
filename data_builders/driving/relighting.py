"""How light on a face changes when the face moves: the photo's light over the fitted normals, furrows of units that set in, creases of those that go.

All of it is light, smooth where the photo has pores and noise: a wrong estimate never paints a face, and nothing is blurred, so that a face
with or without folds is as sharp and as noisy as its null edit. Furrows are the renders' own.
"""

import cv2
import numpy as np

from ..rig.folds import COARSER, shaded
from ..rig.look import Painting
from ..rig.render import IOD_CM
from ..rig.rig import LEVELS, Sides
from ..rig.texture import TEXELS_CM

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
RATIO = (0.55, 1.45)  # approached, never reached: renders reach .6 and 1.4 where a corner of the mouth is drawn in
DIMMEST = 0.02
NONE = (0.0, 0.0)
FURROWED = 0.8  # share of faces that furrow as renders do; the rest furrow as little as a unit may
DEPTH = (0.1, 0.75)  # of furrows at level E
ALIAS = 0.3  # of the distance between pixels, by which furrows are blurred before they are told there
BAND_CM = 0.4  # about a fold's line, within which the photo has its crease
MOST = 0.85  # of a crease that goes: faces at rest have some of it
SMILE = "AU12", "AU6"  # cheeks go down with the corners: the detector hardly sees them
CREASE_IOD, CREASE_PX = 0.012, 1.2  # what is finer is skin and noise
AROUND_IOD = 0.07  # the skin about a crease
FLAT = 0.02  # log contrast with it below which skin has no crease
CREASED = (-0.12, 0.9)  # the most that goes of it: of a crease's lit wall, and of its shadow
GREYER = 0.08  # log red over green by which a beard is less red than skin, and a crease is not


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
    """The factor [v] by which the skin's light changes between normals [v, 3], within RATIO."""
    was, is_now = harmonics(before) @ light, harmonics(after) @ light
    change = np.log(np.maximum(is_now, DIMMEST) / np.maximum(was, DIMMEST))
    most = np.where(change < 0, *np.log(RATIO))
    return np.where(was > DIMMEST, np.exp(most * np.tanh(change / most)), 1)


def furrowed(
    paint: Painting,
    before: dict[str, Sides],
    after: dict[str, Sides],
    light: np.ndarray,
    texels: np.ndarray,
    iod_px: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Of pixels that show the texture's `texels` [h, w, 2]: the factor [h, w] by which new furrows shade them, to a depth of their own."""
    depth = rng.uniform(*DEPTH) * (rng.random() < FURROWED)
    deeper = {code: _grown(before.get(code, NONE), after.get(code, NONE)) for code in paint.folds}
    if not any(max(sides) for sides in deeper.values()):
        return np.ones(texels.shape[:2], np.float32)
    key = light[1:4] / max(1e-6, float(np.linalg.norm(light[1:4])))
    return _on_pixels(shaded(paint.folds, deeper, depth, 0.0, (*key.tolist(),))[..., 0], texels, iod_px)


def creased(paint: Painting, before: dict[str, Sides], after: dict[str, Sides], texels: np.ndarray, iod_px: float) -> np.ndarray:
    """How much 0-1 of the creases in the photo goes [h, w] at pixels that show the texture's `texels` [h, w, 2]."""
    gone = {code: _grown(after.get(code, NONE), before.get(code, NONE)) for code in paint.folds}
    smile, cheek = SMILE
    kept = after.get(cheek, NONE)
    left, right = (max(own, corner * (stays == 0)) for own, corner, stays in zip(gone[cheek], gone[smile], kept, strict=True))
    gone[cheek] = (left, right)
    if not any(max(sides) for sides in gone.values()):
        return np.zeros(texels.shape[:2], np.float32)
    lines = 1 - shaded(paint.folds, gone, 1.0, 0.0, (0, 0, 1))[..., 0]
    wide = BAND_CM * TEXELS_CM / COARSER
    band = cv2.GaussianBlur(cv2.resize(lines, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), wide / 4)
    band = cv2.resize(np.minimum(1.6 * wide * band, MOST), lines.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _on_pixels(band, texels, iod_px)


def uncreased(pixels: np.ndarray, amount: np.ndarray, bare: np.ndarray, iod_px: float) -> np.ndarray:
    """`pixels` [h, w, 3] with creases lit like the `bare` [h, w] skin about them, where `amount` [h, w] says so. Noise grows with the root
    of the light, as a camera's does."""
    rows, columns = (np.flatnonzero(amount.max(axis) > 0.02) for axis in (1, 0))
    if not len(rows):
        return pixels
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    here, share = pixels[window], bare[window][..., None] + np.float32(1e-3)
    fine = _mean(here, share, max(CREASE_PX, CREASE_IOD * iod_px))
    around = _around(fine, share, AROUND_IOD * iod_px)
    depth = np.log(np.maximum(around, 1e-3) / np.maximum(fine, 1e-3))
    root = np.exp((amount[window] * bare[window] * _creased_share(depth))[..., None] * depth / 2)
    out = pixels.copy()
    out[window] = root * here + (root * root - root) * fine
    return out


def _around(fine: np.ndarray, share: np.ndarray, sigma: float) -> np.ndarray:
    """What skin is lit like over `sigma` px, creases left out."""
    coarser = max(1, int(sigma / 2))
    size = tuple(max(1, n // coarser) for n in share.shape[1::-1])
    bare, skin = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (share, fine * share))
    bare = bare[..., None]
    skin /= bare
    around = _mean(np.maximum(skin, _mean(skin, bare, sigma / coarser)), bare, sigma / coarser)
    return cv2.resize(around, share.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _creased_share(depth: np.ndarray) -> np.ndarray:
    """The share [h, w] of the log contrast `depth` [h, w, 3] of skin with its surroundings that is a crease and may go."""
    whole = depth @ LUMINANCE
    goes = np.clip(whole - np.clip(whole, -FLAT, FLAT), *CREASED) / np.where(np.abs(whole) > FLAT, whole, 1)
    return goes * np.clip(1 - (depth[..., 0] - depth[..., 1]) / GREYER, 0, 1)


def _grown(before: Sides, after: Sides) -> Sides:
    """The levels whose share of the rig's shape is what is added between two: a unit from B to D is no B."""
    left, right = np.interp(
        np.maximum(0, np.interp(after, range(6), LEVELS) - np.interp(before, range(6), LEVELS)), LEVELS, range(6)
    )
    return float(left), float(right)


def _mean(pixels: np.ndarray, share: np.ndarray, sigma: float) -> np.ndarray:
    blurred = cv2.GaussianBlur(np.concatenate([pixels * share, share], 2), (0, 0), sigma)
    return blurred[..., :3] / blurred[..., 3:]


def _on_pixels(drawn: np.ndarray, texels: np.ndarray, iod_px: float) -> np.ndarray:
    """A map at half the texture's sampling, at pixels; they may lie farther apart than a line is wide."""
    apart = IOD_CM * TEXELS_CM / COARSER / iod_px
    at = (texels + 0.5) / np.float32(COARSER) - 0.5
    if apart > 1.5:
        drawn = cv2.GaussianBlur(drawn, (0, 0), ALIAS * apart)
    return cv2.remap(drawn, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
