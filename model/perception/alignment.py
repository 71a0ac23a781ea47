"""A face cut out upright at one working size, so that movements mean the same in every film: the crop, its fine detail, its light, its depth.

Light is taken out by a logarithm and a fine high-pass: edges and texture stay, exposure, shades and soft shadows hardly show.
"""

from dataclasses import dataclass

import cv2
import numpy as np

IOD_PX = 64  # of a crop; from 40 px up a movement of .02 IOD shows, smaller faces are upsampled to it alike
CROP_IOD = 2.5
EYE_LINE = 0.36  # height of the eyes in a crop, as a share of it
HIGH_PASS_IOD = 0.047  # a shadow's edge wider than twice this vanishes, the edges of lips and brows stay (tests: shadow, pull)
LOG_OFFSET = 8.0  # grey levels; darker than that is noise
LOG_GAIN = 400.0
LIGHT_IOD = 0.1  # the blur at which light is compared: a movement of .02 IOD changes it by under .02, a shadow's edge by .1
OUTER_CANTHI, INNER_CANTHI = (33, 263), (133, 362)


@dataclass(frozen=True, eq=False)
class Aligned:
    """A face cut out upright at the working size: `grey` and `detail` (its fine structure, light removed) uint8 [S, S], the mesh's
    `points` [478, 3] in crop px, and the similarity `matrix` [2, 3] from picture to crop."""

    grey: np.ndarray
    detail: np.ndarray
    points: np.ndarray
    matrix: np.ndarray


def aligned(pixels: np.ndarray, points: np.ndarray) -> Aligned:
    """The upright crop of a face from RGB or grey pixels [h, w(, 3)] uint8 and its 478 points in pixels of the picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    matrix = upright(points)
    crop = _warped(grey, matrix)
    scale = _scale(matrix)
    placed = np.concatenate([points[:, :2] @ matrix[:, :2].T + matrix[:, 2], points[:, 2:] * scale], axis=1)
    return Aligned(crop, detail(crop), placed.astype(np.float32), matrix)


def upright(points: np.ndarray) -> np.ndarray:
    """The similarity [2, 3] from picture to crop px: level eyes at EYE_LINE, IOD_PX between the outer corners (3-D)."""
    eyes = points[[*OUTER_CANTHI, *INNER_CANTHI]]
    right, left = eyes[[0, 2], :2].mean(0), eyes[[1, 3], :2].mean(0)
    scale = IOD_PX / float(np.linalg.norm(eyes[1] - eyes[0]))
    angle = np.arctan2(*(left - right)[::-1])
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    size = crop_size()
    return np.concatenate([turn, (np.array([size / 2, size * EYE_LINE]) - turn @ ((right + left) / 2))[:, None]], axis=1)


def crop_size() -> int:
    return int(round(CROP_IOD * IOD_PX / 8)) * 8


def detail(grey: np.ndarray) -> np.ndarray:
    """Logarithm and high-pass, uint8: gain, shade and soft shadows gone, the edges of features kept; fixed gains."""
    light = np.log(grey.astype(np.float32) + LOG_OFFSET)
    fine = light - cv2.GaussianBlur(light, (0, 0), HIGH_PASS_IOD * IOD_PX)
    return np.clip(128 + LOG_GAIN * fine, 0, 255).astype(np.uint8)


def light(grey: np.ndarray) -> np.ndarray:
    """The logarithm of the light on a crop [S, S], blurred until no small movement shows in it."""
    return cv2.GaussianBlur(np.log(grey.astype(np.float32) + LOG_OFFSET), (0, 0), LIGHT_IOD * IOD_PX)


def depth_map(points: np.ndarray) -> np.ndarray:
    """The mesh's depth at every pixel of a crop [S, S] in px: a kernel mean over its vertices, on a coarse grid."""
    step = 4
    grid = np.arange(step / 2 - 0.5, crop_size(), step)
    x, y = np.meshgrid(grid, grid)
    squared = (x.reshape(-1, 1) - points[:, 0]) ** 2 + (y.reshape(-1, 1) - points[:, 1]) ** 2
    squared -= squared.min(1, keepdims=True)  # outside the mesh the nearest vertices decide
    weights = np.exp(-squared / (2 * (0.06 * IOD_PX) ** 2))
    coarse = (weights @ points[:, 2] / weights.sum(1)).reshape(x.shape).astype(np.float32)
    return cv2.resize(coarse, (crop_size(),) * 2, interpolation=cv2.INTER_LINEAR)


def face_mask(points: np.ndarray) -> np.ndarray:
    """[S, S] bool: within the mesh's outline. Hair and background move on their own account."""
    mask = np.zeros((crop_size(),) * 2, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points[:, :2]).astype(np.int32)), 1)
    return mask.astype(bool)


def softened(grey: np.ndarray, scale: float) -> np.ndarray:
    return cv2.GaussianBlur(grey, (0, 0), 0.4 * np.sqrt(scale**-2 - 1)) if scale < 0.9 else grey


# Parts


def _warped(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Area-filtered when it shrinks, by a Gaussian before: warpAffine samples points."""
    size = (crop_size(),) * 2
    return cv2.warpAffine(softened(grey, _scale(matrix)), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _scale(matrix: np.ndarray) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
