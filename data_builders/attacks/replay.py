"""A photo on a screen: sub-pixel stripes sampled by the camera's pixels (moire), bezel in half, glare, gamma, PWM bands. "b" is held out.

Variant "a" integrates the stripe pattern under each sensor pixel at 4 x 4 points; "b" builds the panel as a picture, warps it and picks
samples. Both also give the panel without stripes: moire and grid are cues only where the finished pictures differ at the scale that a model
sees.
"""

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from ..synthesis.camera import SENSOR
from ..synthesis.photo import SCREEN, Attack, Photo
from .print import EDGE_SHARE
from .staging import BLEEDS, Stage, bilinear, composed, covered_share, edge_visibility, footprint, stage

VARIANTS = ("a", "b")
GLARE_SHARE = 0.35
BEATING = 0.75


def replay_attack(content: Photo, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    """`behind` [h, w, 3] linear light: what the device stands before; a scene of its own where None."""
    placed = stage(content, rng, edge=rng.random() < EDGE_SHARE, rims=(0.08, 0.3), behind=behind)
    mask, panel = covered_share(placed)[..., None], covered_share(replace(placed, rim=(0.0, 0.0, 0.0, 0.0)))[..., None]
    edged = max(placed.rim) < BLEEDS
    lit, unstriped = {"a": _integrated, "b": _picked}[variant](placed, _emitted(placed, rng), rng)
    dim = {"a": _banded, "b": _flickered}[variant](len(lit), rng)
    lit, unstriped = lit * dim, unstriped * dim
    if edged:
        rim = np.float32(rng.uniform(0.005, 0.05) if rng.random() < 0.8 else rng.uniform(0.3, 0.7))  # dark or metal
        around = (mask - panel) * rim + (1 - mask) * placed.background
        lit, unstriped = panel * lit + around, panel * unstriped + around
    glare = {"a": _lamps, "b": _windows}[variant](placed, rng)
    shine = 0 if glare is None else mask * glare
    frame = _exposed(lit + shine)
    without = {SCREEN: _exposed(unstriped + shine)} | ({} if glare is None else {"reflection": _exposed(lit)})
    bezel = edge_visibility(placed, frame, panel[..., 0]) if edged else 0.0
    return Attack(frame, mask[..., 0], {"bezel": bezel} if bezel else {}, without, placed.iod_px * SENSOR)


def _exposed(light: np.ndarray) -> np.ndarray:
    return np.clip(light, 0, 1.5).astype(np.float32)


def _emitted(placed: Stage, rng: np.random.Generator) -> Photo:
    """The panel's light: its own gamma, blue cast and black level."""
    light = np.clip(placed.content.pixels, 0, 1) ** np.float32(rng.uniform(0.85, 1.25))
    cast = np.array([rng.uniform(0.85, 1.02), 1, rng.uniform(1, 1.2)], np.float32)
    return Photo((light * cast * (1 - 0.02) + rng.uniform(0.003, 0.03)).astype(np.float32), placed.content.points)


def _integrated(placed: Stage, shown: Photo, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Variant a: (the panel, the same without stripes)."""
    pitch = _pitch(rng) * shown.iod / (placed.iod_px * SENSOR)  # content px a display pixel
    spread = rng.uniform(0.65, 1.0)  # lens and pixel aperture, in sensor px; video skips lines
    depth = np.float32(rng.uniform(0.3, 0.7))  # what scattering in the glass leaves of the stripes
    return _screen(shown.pixels, placed.size[0], placed.size[1], pitch, depth, *placed.sampling(4, spread))


def _pitch(rng: np.random.Generator) -> float:
    """Sensor px a display pixel. Near one or two it beats with the sensor's own pixels, or those of one colour; most are finer than that."""
    if rng.random() < BEATING:
        return 1 / (rng.choice([1.0, 0.5], p=[0.8, 0.2]) + rng.choice([-1, 1]) / np.exp(rng.uniform(np.log(20), np.log(90))))
    return float(np.exp(rng.uniform(np.log(0.3), np.log(0.7))))


@njit(cache=True, fastmath=True)
def _screen(picture, width, height, pitch, depth, inverse, bend, columns, bounds, samples, spread):
    """(light [h, w, 3] of an RGB-striped panel, the same panel without stripes) under each sensor pixel."""
    out, plain = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32)
    light = np.zeros(3, np.float32)
    share = np.float32(1 / (samples * samples))
    for y in range(height):
        for x in range(width):
            u0, v0, ux, vx, uy, vy = footprint(x, y, inverse, bend, columns)
            for k in range(samples * samples):
                dx, dy = ((k % samples + 0.5) / samples - 0.5) * spread, ((k // samples + 0.5) / samples - 0.5) * spread
                u, v = u0 + dx * ux + dy * uy, v0 + dx * vx + dy * vy
                fu, fv = u / pitch - np.floor(u / pitch), v / pitch - np.floor(v / pitch)
                stripe = int(fu * 3)
                gap = np.float32(3 / 0.85) if fv < 0.85 else np.float32(0)
                bilinear(picture, u, v, light)
                for channel in range(3):
                    lit = 1 + depth * ((gap if stripe == channel else np.float32(0)) - 1)
                    out[y, x, channel] += share * lit * light[channel]
                    plain[y, x, channel] += share * light[channel]
    return out, plain


def _picked(placed: Stage, shown: Photo, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Variant b: (the panel, the same without dots). What is seen of the panel as a picture of 3 x 3 dots a display pixel, a delta or a striped arrangement, warped and picked."""
    at = placed.coordinates()
    height, width = shown.pixels.shape[:2]
    x1, y1 = np.clip(np.floor(at.min((0, 1))) - 2, 0, (width - 8, height - 8)).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(at.max((0, 1))) + 3, (x1 + 8, y1 + 8), (width, height)).astype(int).tolist()
    zoom = placed.iod_px * SENSOR * _fineness(rng) / shown.iod
    filter_ = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    panel = cv2.resize(shown.pixels[y1:y2, x1:x2], None, fx=zoom, fy=zoom, interpolation=filter_)
    dots = np.repeat(np.repeat(panel, 3, 0), 3, 1)
    dots *= 1 + np.float32(rng.uniform(0.3, 0.7)) * (_lattice(dots.shape[:2], delta=rng.random() < 0.3) - 1)
    origin, spread = np.array([x1, y1], np.float32), rng.uniform(0.62, 0.95)
    return (
        composed(placed, dots, origin, 3 * zoom, samples=3, spread=spread),
        composed(placed, panel, origin, zoom, samples=2, spread=spread),
    )


def _fineness(rng: np.random.Generator) -> float:
    """Display pixels a sensor px."""
    return rng.normal(1.0, 0.03) if rng.random() < BEATING else rng.uniform(1.15, 2.2)


def _lattice(shape: tuple[int, int], delta: bool) -> np.ndarray:
    """The dots' light, mean 1; it repeats after six rows and three columns."""
    rows, columns = np.arange(6)[:, None], np.arange(3)[None, :]
    shift = (rows // 3 % 2) if delta else 0 * rows
    cell = np.stack([(columns + shift) % 3 == channel for channel in range(3)], 2) * (rows % 3 < 2)[..., None]
    cell = (cell / cell.mean((0, 1))).astype(np.float32)
    return np.tile(cell, (shape[0] // 6 + 1, shape[1] // 3 + 1, 1))[: shape[0], : shape[1]]


def _banded(rows: int, rng: np.random.Generator) -> np.ndarray | float:
    """PWM of the backlight read out row by row: soft-edged dark bands, in a third."""
    if rng.random() > 0.33:
        return 1.0
    at = np.linspace(0, 1, rows, endpoint=False, dtype=np.float32)
    wave = np.cos(2 * np.pi * (at * rng.uniform(1.5, 7) + rng.random()))
    dim = rng.uniform(0.03, 0.15) / (1 + np.exp(-6 * wave))
    return 1 - dim[:, None, None].astype(np.float32)


def _flickered(rows: int, rng: np.random.Generator) -> np.ndarray | float:
    """The same bands with hard duty cycles, in nearly a third."""
    if rng.random() > 0.3:
        return 1.0
    period = rng.uniform(0.15, 0.6) * rows
    on = ((np.arange(rows) + rng.uniform(0, period)) % period) < rng.uniform(0.5, 0.9) * period
    dim = cv2.GaussianBlur(on.astype(np.float32)[:, None], (0, 0), 6)
    return 1 - (np.float32(rng.uniform(0.03, 0.12)) * (1 - dim))[..., None]


# What the glass mirrors, out of focus: light [h, w, 3], or None


def _lamps(placed: Stage, rng: np.random.Generator) -> np.ndarray | None:
    """Variant a: tubes of a ceiling, a shaded lamp, or the room as a broad veil."""
    if rng.random() > GLARE_SHARE:
        return None
    if (kind := rng.random()) < 0.3:
        x, y = placed.unit
        turn = rng.uniform(0, 2 * np.pi)
        along = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
        veil = rng.uniform(0.08, 0.35) / (1 + np.exp(-along / rng.uniform(0.05, 0.25)))
        room = cv2.blur(placed.background[::-1, ::-1], (31, 31))
        return (veil[..., None] * (0.4 + 0.6 * room / max(0.05, float(room.mean())))).astype(np.float32)
    if kind < 0.7:
        length, thick = rng.uniform(0.5, 1.6), rng.uniform(0.03, 0.08)
        shapes = [_box(0, step, length, thick) for step in np.arange(rng.integers(1, 4)) * rng.uniform(0.2, 0.4)]
    else:
        wide, high = rng.uniform(0.16, 0.4), rng.uniform(0.14, 0.3)
        shapes = [np.array([[-0.3, -0.5], [0.3, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [wide, high]]
    warmth = np.array([1, rng.uniform(0.85, 1), rng.uniform(0.65, 1)], np.float32)
    return _mirrored(shapes, placed.size, rng.uniform(-0.5, 0.5), rng)[..., None] * warmth


def _windows(placed: Stage, rng: np.random.Generator) -> np.ndarray | None:
    """Variant b: daylight through a window's panes or a doorway, cut off by the device's border or not."""
    if rng.random() > GLARE_SHARE:
        return None
    columns, rows = (1, 1) if rng.random() < 0.25 else rng.integers(1, 4, 2)
    wide, high, bar = rng.uniform(0.15, 0.4), rng.uniform(0.2, 0.5), rng.uniform(0.015, 0.04)
    panes = [_box(c * (wide + bar), r * (high + bar), wide, high) for c in range(columns) for r in range(rows)]
    lean = np.array([[1, rng.uniform(-0.2, 0.2)], [rng.uniform(-0.2, 0.2), 1]])
    blue = np.array([rng.uniform(0.8, 1), rng.uniform(0.9, 1), 1], np.float32)
    return _mirrored([pane @ lean for pane in panes], placed.size, rng.normal(0, 0.08), rng)[..., None] * blue


def _box(x: float, y: float, wide: float, high: float) -> np.ndarray:
    return np.array(
        [[x - wide / 2, y - high / 2], [x + wide / 2, y - high / 2], [x + wide / 2, y + high / 2], [x - wide / 2, y + high / 2]]
    )


def _mirrored(shapes: list[np.ndarray], size: tuple[int, int], turn: float, rng: np.random.Generator) -> np.ndarray:
    """Shapes [n, 2] in widths of the frame, somewhere in it, blurred, float32 [h, w]."""
    width, height = size
    c, s = np.cos(turn), np.sin(turn)
    place = rng.random(2) * [width, height]
    light = np.zeros((height, width), np.float32)
    for shape in shapes:
        corners = shape @ np.array([[c, s], [-s, c]]) * width + place
        cv2.fillConvexPoly(light, np.rint(corners * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.006, 0.035) * width)
    return light * np.float32(np.exp(rng.uniform(np.log(0.06), np.log(0.6))))
