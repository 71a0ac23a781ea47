"""Where skin folds when a unit contracts: furrows as small height maps on the texture's cylinder, shaded by the light.

The mesh is too coarse for a wrinkle (its edges are 2.5 mm), and without them units 4, 6 and 9 would be told from geometry alone. Lines
follow the FACS manual's lists of wrinkles; how deep they go is the look's, and some skins have none.
"""

from collections.abc import Callable

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.spatial import cKDTree

from .rig import LEVELS, Sides
from .texture import SHAPE, TEXELS_CM, texel

COARSER = 2  # than the texture
WIDTH_CM = 0.075
DARKENING, RELIEF = 0.75, 1.3
Line = tuple[float, tuple[tuple[float, float], ...]]  # depth, and points in cm of the mean face on the person's left
FOLDS: dict[str, tuple[Line, ...]] = {
    "AU1": (
        (0.8, ((0.0, 7.35), (1.0, 7.5), (2.5, 7.15))),
        (1.0, ((0.0, 8.1), (1.1, 8.3), (2.7, 7.95))),
        (0.7, ((0.0, 8.9), (1.0, 9.05), (2.4, 8.8))),
    ),
    "AU2": (
        (0.9, ((1.8, 7.25), (3.4, 7.6), (5.1, 6.9))),
        (0.9, ((1.9, 8.05), (3.5, 8.4), (5.2, 7.7))),
        (0.5, ((2.0, 8.9), (3.4, 9.1), (4.8, 8.6))),
    ),
    "AU4": (
        (1.0, ((0.5, 4.5), (0.45, 5.4), (0.75, 6.7))),
        (0.6, ((1.25, 5.7), (1.25, 6.3), (1.5, 6.9))),
        (0.5, ((0.0, 4.25), (0.5, 4.3), (0.9, 4.1))),
    ),
    "AU6": (
        (0.9, ((5.0, 3.75), (5.7, 4.15), (6.5, 4.75))),
        (1.0, ((5.05, 3.45), (5.8, 3.55), (6.7, 3.8))),
        (0.9, ((5.0, 3.15), (5.7, 2.95), (6.4, 2.6))),
        (0.6, ((4.8, 2.8), (5.3, 2.35), (5.8, 1.8))),
        (0.9, ((2.0, 2.45), (3.1, 2.0), (4.5, 2.35))),
        (0.5, ((2.4, 1.9), (3.4, 1.5), (4.4, 1.7))),
    ),
    "AU7": ((0.8, ((1.9, 2.85), (3.1, 2.6), (4.4, 2.95))), (0.4, ((4.8, 3.35), (5.2, 3.4), (5.6, 3.5)))),
    "AU9": (
        (0.9, ((0.0, 3.95), (0.5, 3.85), (1.0, 3.55))),
        (1.0, ((0.0, 3.4), (0.5, 3.25), (1.1, 2.9))),
        (0.8, ((0.0, 2.85), (0.5, 2.7), (1.0, 2.35))),
        (0.9, ((0.55, 2.3), (1.1, 1.8), (1.6, 1.05))),
        (0.7, ((0.6, 1.8), (1.0, 1.3), (1.4, 0.6))),
        (1.0, ((1.6, 0.7), (2.1, -0.3), (2.6, -1.5))),
    ),
    "AU10": ((1.3, ((1.6, 0.6), (2.3, -0.5), (2.8, -1.6), (3.0, -2.4))),),
    "AU12": ((1.3, ((1.75, 0.0), (2.6, -1.0), (3.25, -2.2), (3.6, -3.5))), (0.6, ((3.9, -2.0), (4.3, -3.0), (4.3, -4.0)))),
    "AU14": ((1.5, ((2.9, -2.95), (3.1, -3.5), (2.95, -4.15))), (1.2, ((2.75, -3.3), (2.8, -3.55), (2.75, -3.8)))),
    "AU15": ((1.2, ((2.75, -3.7), (3.05, -4.5), (3.05, -5.4))), (0.7, ((1.9, -4.6), (2.3, -5.0), (2.4, -5.6)))),
    "AU16": ((0.8, ((0.0, -5.25), (1.0, -5.3), (1.9, -5.0))),),
    "AU17": ((1.2, ((0.0, -5.35), (0.9, -5.45), (1.7, -5.9), (2.0, -6.5))),),
    "AU18": (
        (0.45, ((0.35, -1.5), (0.3, -1.9), (0.3, -2.3))),
        (0.55, ((1.0, -1.6), (0.9, -2.0), (0.8, -2.4))),
        (0.55, ((1.9, -2.2), (1.7, -2.5), (1.5, -2.8))),
        (0.45, ((0.5, -4.6), (0.5, -5.0), (0.6, -5.4))),
        (0.45, ((1.3, -4.5), (1.4, -4.9), (1.6, -5.2))),
    ),
    "AU20": ((0.9, ((2.95, -2.8), (3.2, -3.6), (3.1, -4.6))), (0.7, ((3.5, -2.9), (3.75, -3.8), (3.6, -4.8)))),
    "AU22": ((0.6, ((0.4, -1.5), (0.35, -1.9), (0.35, -2.3))), (0.6, ((1.2, -1.8), (1.1, -2.1), (1.0, -2.5)))),
    "AU24": (
        (0.9, ((0.0, -2.1), (0.8, -2.1), (1.9, -2.6))),
        (1.0, ((0.0, -4.75), (0.9, -4.7), (1.9, -4.3))),
        (0.8, ((2.7, -3.1), (2.85, -3.5), (2.75, -3.95))),
    ),
    "AU28": (
        (0.7, ((0.4, -1.7), (0.4, -2.1), (0.4, -2.5))),
        (0.8, ((1.1, -1.8), (1.0, -2.2), (0.95, -2.6))),
        (0.8, ((0.5, -4.2), (0.5, -4.6), (0.55, -5.0))),
        (0.9, ((2.6, -3.0), (2.85, -3.5), (2.65, -4.1))),
    ),
}
LINED_AT_REST = ("AU1", "AU2", "AU4", "AU6", "AU12")
LEAST = {
    "AU4": 0.25,
    "AU9": 0.25,
    "AU14": 0.3,
    "AU15": 0.2,
    "AU24": 0.25,
}  # depth at level E of folds that make the unit what it is, on every skin
CHIN_BOSS = ((0.0, -6.4), (1.5, 0.8))  # centre and half axes, cm: it cobbles under AU17

Furrow = tuple[slice, slice, np.ndarray]


def furrows(vertices: np.ndarray, front: np.ndarray) -> dict[str, tuple[Furrow, Furrow]]:
    """{code: (left, right)}: the place and depth 0-1 [rows, columns] of each unit's folds, on the mean head's `vertices`, of which `front`
    are on the face."""
    on_skin = vertices[front & (vertices[:, 2] > 3)]
    tree = cKDTree(on_skin[:, :2])

    def depth(flat: np.ndarray) -> np.ndarray:
        away, near = tree.query(flat, k=4)
        share = 1 / (away + 0.02)
        return (share * on_skin[near, 2]).sum(1) / share.sum(1)

    out = {}
    for code, lines in FOLDS.items():
        rows, columns, drawn = _drawn(code, lines, depth)
        width = SHAPE[1] // COARSER
        mirrored = rows, slice(width - columns.stop, width - columns.start), np.ascontiguousarray(drawn[:, ::-1])
        out[code] = (rows, columns, drawn), mirrored
    return out


def shaded(
    furrows: dict[str, tuple[Furrow, Furrow]], aus: dict[str, Sides], fold: float, at_rest: float, key: tuple
) -> np.ndarray:
    """The factor on light [h, w, 1] at half the texture's sampling, for folds of depth `fold` at level E; `key` points to the light."""
    shares = {code: np.interp(aus.get(code, (0.0, 0.0)), range(6), LEVELS) for code in furrows}
    depths = {
        code: np.maximum(at_rest * (code in LINED_AT_REST), max(fold, LEAST.get(code, 0.0)) * share)
        for code, share in shares.items()
    }
    if not any(each.any() for each in depths.values()):
        return np.ones((2, 2, 1), np.float32)
    height = np.zeros((SHAPE[0] // COARSER, SHAPE[1] // COARSER), np.float32)
    for code, sides in furrows.items():
        for (rows, columns, drawn), depth in zip(sides, depths[code], strict=True):
            if depth:
                height[rows, columns] += np.float32(depth) * drawn
    slope_x, slope_y = (cv2.filter2D(height, -1, kernel) for kernel in (_SLOPE, -_SLOPE.T))
    factor = 1 - DARKENING * height + RELIEF * (key[0] * slope_x + key[1] * slope_y)
    return np.clip(factor, 0.35, 1.4).astype(np.float32)[..., None]


_SLOPE = np.array([[-0.5, 0, 0.5]], np.float32)


def _drawn(code: str, lines: tuple[Line, ...], depth: Callable) -> Furrow:
    height = np.maximum.reduce([weight * _furrow(np.array(points), depth) for weight, points in lines])
    if code == "AU17":
        height = np.maximum(height, _cobbles(depth))
    height = cv2.resize(height, None, fx=1 / COARSER, fy=1 / COARSER, interpolation=cv2.INTER_AREA)
    rows, columns = np.flatnonzero(height.max(1) > 0.02), np.flatnonzero(height.max(0) > 0.02)
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return *box, height[box]


def _furrow(points: np.ndarray, depth: Callable) -> np.ndarray:
    """1 along the line, tapering towards its ends; one that begins at the midline goes on at full depth there."""
    share = np.linspace(0, 1, 60)
    along = _places(make_interp_spline(np.linspace(0, 1, len(points)), points, k=2)(share), depth)
    strength = np.clip(np.minimum(share * (90 if points[0, 0] < 0.05 else 3), 3 * (1 - share)), 0, 1) ** 0.7
    canvas = np.zeros(SHAPE, np.float32)
    ends = np.rint(16 * along).astype(int).tolist()
    for start, end, value in zip(ends[:-1], ends[1:], strength[1:].tolist(), strict=True):
        cv2.line(canvas, start, end, value, 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(canvas, (0, 0), WIDTH_CM * TEXELS_CM)
    return soft / soft.max()


def _cobbles(depth: Callable) -> np.ndarray:
    (x, y), (wide, high) = CHIN_BOSS
    rng = np.random.default_rng(17)
    spots = rng.uniform((0, -1), (1, 1), (60, 2))
    canvas = np.zeros(SHAPE, np.float32)
    for column, row in np.rint(_places((x, y) + spots[np.hypot(*spots.T) < 1] * (wide, high), depth)).astype(int):
        canvas[row, column] = rng.uniform(0.5, 1)
    soft = cv2.GaussianBlur(canvas, (0, 0), 2.0)
    return 0.7 * np.minimum(1, soft / np.percentile(soft[soft > 0.005], 80))


def _places(flat: np.ndarray, depth: Callable) -> np.ndarray:
    """(column, row) of points (x, y) in cm on the face."""
    return texel(np.column_stack([flat, depth(flat)]))
