"""A photo on a screen: sub-pixel stripes sampled by the camera's pixels (moire), bezel in half, gloss, gamma, PWM bands. "b" is held out.

Variant "a" integrates the stripe pattern under each sensor pixel at 4 x 4 points; "b" builds the panel as a picture, warps it and picks
samples. Moire and grid are cues only where a rendering without stripes differs measurably at the scale that a model sees.
"""

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from ..synthesis.camera import SENSOR, photographed
from ..synthesis.photo import Attack, Photo, contrast, seen, visibility
from .print import EDGE_SHARE, GLARE
from .staging import BLEEDS, Stage, bilinear, composed, covered_share, edge_visibility, footprint, stage

VARIANTS = ("a", "b")
MOIRE_VISIBLE = 0.012
GRID_VISIBLE = 0.02
MOIRE_COARSER_THAN_IOD = 0.05


def replay_attack(content: Photo, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    """`behind` [h, w, 3] linear light: what the device stands before; a scene of its own where None."""
    placed = stage(content, rng, edge=rng.random() < EDGE_SHARE, rims=(0.08, 0.3), behind=behind)
    mask, panel = covered_share(placed)[..., None], covered_share(replace(placed, rim=(0.0, 0.0, 0.0, 0.0)))[..., None]
    edged = max(placed.rim) < BLEEDS
    lit, cues = {"a": _integrated, "b": _picked}[variant](placed, _emitted(placed, rng), rng)
    lit = {"a": _banded, "b": _flickered}[variant](lit, rng)
    shown = _bezelled(lit, mask, panel, placed.background, rng) if edged else lit
    frame = shown + mask * {"a": _reflection, "b": _window_glare}[variant](placed, rng)
    cues["glare"] = visibility(frame, shown, placed.iod_px * SENSOR, just=GLARE)
    cues["bezel"] = edge_visibility(placed, frame, panel[..., 0]) if edged else 0.0
    return Attack(np.clip(frame, 0, 1.5).astype(np.float32), mask[..., 0], {name: value for name, value in cues.items() if value})


def _emitted(placed: Stage, rng: np.random.Generator) -> Photo:
    """The panel's light: its own gamma, blue cast and black level."""
    light = np.clip(placed.content.pixels, 0, 1) ** np.float32(rng.uniform(0.85, 1.25))
    cast = np.array([rng.uniform(0.85, 1.02), 1, rng.uniform(1, 1.2)], np.float32)
    return Photo((light * cast * (1 - 0.02) + rng.uniform(0.003, 0.03)).astype(np.float32), placed.content.points)


def _integrated(placed: Stage, shown: Photo, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """Variant a. `pitch`: content px a display pixel, so that a display pixel is .45 to 1.6 sensor pixels."""
    per_sensor = shown.iod / (placed.iod_px * SENSOR)
    pitch = per_sensor * np.exp(rng.uniform(np.log(0.35), np.log(1.5)))
    spread = rng.uniform(1.0, 1.8)  # lens and pixel aperture, in sensor px
    depth = np.float32(rng.uniform(0.2, 0.9))  # what scattering in the glass leaves of the stripes
    frame, plain = _screen(shown.pixels, placed.size[0], placed.size[1], pitch, depth, *placed.sampling(4, spread))
    return frame, _moire_cues(frame, plain, placed)


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


def _picked(placed: Stage, shown: Photo, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """Variant b: what is seen of the panel as a picture of 3 x 3 dots a display pixel, a delta or a striped arrangement, warped and picked."""
    at = placed.coordinates()
    height, width = shown.pixels.shape[:2]
    x1, y1 = np.clip(np.floor(at.min((0, 1))) - 2, 0, (width - 8, height - 8)).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(at.max((0, 1))) + 3, (x1 + 8, y1 + 8), (width, height)).astype(int).tolist()
    zoom = placed.iod_px * SENSOR * rng.uniform(0.55, 1.5) / shown.iod
    filter_ = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    panel = cv2.resize(shown.pixels[y1:y2, x1:x2], None, fx=zoom, fy=zoom, interpolation=filter_)
    dots = np.repeat(np.repeat(panel, 3, 0), 3, 1)
    dots *= 1 + np.float32(rng.uniform(0.3, 0.9)) * (_lattice(dots.shape[:2], delta=rng.random() < 0.3) - 1)
    origin, spread = np.array([x1, y1], np.float32), rng.uniform(0.6, 1.3)
    striped = composed(placed, dots, origin, 3 * zoom, samples=3, spread=spread)
    plain = composed(placed, panel, origin, zoom, samples=2, spread=spread)
    return striped, _moire_cues(striped, plain, placed)


def _lattice(shape: tuple[int, int], delta: bool) -> np.ndarray:
    """The dots' light, mean 1; it repeats after six rows and three columns."""
    rows, columns = np.arange(6)[:, None], np.arange(3)[None, :]
    shift = (rows // 3 % 2) if delta else 0 * rows
    cell = np.stack([(columns + shift) % 3 == channel for channel in range(3)], 2) * (rows % 3 < 2)[..., None]
    cell = (cell / cell.mean((0, 1))).astype(np.float32)
    return np.tile(cell, (shape[0] // 6 + 1, shape[1] // 3 + 1, 1))[: shape[0], : shape[1]]


def _moire_cues(frame: np.ndarray, plain: np.ndarray, placed: Stage) -> dict[str, float]:
    iod = placed.iod_px * SENSOR
    frame, plain = photographed(frame), photographed(plain)  # colour moire is born on the sensor
    coarse = contrast(frame, plain, iod, MOIRE_COARSER_THAN_IOD)
    fine = np.sqrt(max(0.0, contrast(frame, plain, iod) ** 2 - coarse**2))
    return {"moire": seen(coarse, MOIRE_VISIBLE), "screen grid": seen(fine, GRID_VISIBLE)}


def _bezelled(
    lit: np.ndarray, mask: np.ndarray, panel: np.ndarray, background: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The lit panel, the device's rim about it, dark or metal, and what lies beyond."""
    rim = rng.uniform(0.005, 0.05) if rng.random() < 0.8 else rng.uniform(0.3, 0.7)
    return panel * lit + (mask - panel) * np.float32(rim) + (1 - mask) * background


def _banded(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """PWM of the backlight read out row by row: soft-edged dark bands, in a third."""
    if rng.random() > 0.33:
        return frame
    rows = np.linspace(0, 1, len(frame), endpoint=False, dtype=np.float32)
    wave = np.cos(2 * np.pi * (rows * rng.uniform(1.5, 7) + rng.random()))
    dim = rng.uniform(0.03, 0.15) / (1 + np.exp(-6 * wave))
    return frame * (1 - dim[:, None, None].astype(np.float32))


def _flickered(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same bands with hard duty cycles, in nearly a third."""
    if rng.random() > 0.3:
        return frame
    period = rng.uniform(0.15, 0.6) * len(frame)
    on = ((np.arange(len(frame)) + rng.uniform(0, period)) % period) < rng.uniform(0.5, 0.9) * period
    dim = cv2.GaussianBlur(on.astype(np.float32)[:, None], (0, 0), 6)
    return frame * (1 - (np.float32(rng.uniform(0.03, 0.12)) * (1 - dim))[..., None])


def _reflection(placed: Stage, rng: np.random.Generator) -> np.ndarray:
    """Light [h, w, 3]: the room in the glass, faint and blurred, and sometimes a lamp."""
    room = cv2.blur(placed.background[::-1, ::-1], (25, 25)) * np.float32(rng.uniform(0, 0.06))
    if rng.random() > 0.3:
        return room
    x, y = placed.unit
    radius = rng.uniform(0.06, 0.16)
    lamp = np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / (2 * radius**2))
    return room + (rng.uniform(0.1, 0.8) * lamp[..., None]).astype(np.float32)


def _window_glare(placed: Stage, rng: np.random.Generator) -> np.ndarray:
    """Light [h, w, 3]: a soft quadrilateral of daylight, in a third."""
    pane = np.zeros(placed.size[::-1], np.float32)
    if rng.random() < 0.3:
        corners = (rng.random(2) + rng.uniform(0.1, 0.35) * np.array([[0, 0], [1, 0.1], [1.1, 1.2], [0.1, 1]])) * placed.size
        cv2.fillConvexPoly(pane, corners.astype(np.int32), rng.uniform(0.05, 0.5))
        pane = cv2.GaussianBlur(pane, (0, 0), 5)
    return pane[..., None]
