"""A photo on a screen: sub-pixel stripes sampled by the camera's pixels (moire), bezel in half, gloss, gamma, PWM bands. "b" is held out.

Variant "a" integrates the stripe pattern under each sensor pixel at 4 x 4 points; "b" builds the panel as a picture, warps it and picks
samples. Moire and grid are cues only where a rendering without stripes differs measurably at the scale that a model sees.
"""

import cv2
import numpy as np
from numba import njit

from .camera import SENSOR
from .print import Attack
from .staging import Content, Stage, added_contrast, composed, edge_shows, stage

VARIANTS = ("a", "b")
MOIRE_VISIBLE = 0.012
GRID_VISIBLE = 0.02
MOIRE_COARSER_THAN_IOD = 0.05


def replay_attack(content: Content, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    edge = rng.random() < 0.5
    placed = stage(content, rng, edge, rims=(0.08, 0.3), behind=behind)
    shown = _emitted(placed, rng)
    frame, cues = {"a": _integrated, "b": _picked}[variant](placed, shown, rng)
    frame, glare = {"a": _reflection, "b": _window_glare}[variant](placed, frame, rng)
    bezel = ["bezel"] if edge_shows(placed) else []
    return Attack(np.clip(frame, 0, 1.5).astype(np.float32), placed, (*bezel, *cues, *glare))


def _emitted(placed: Stage, rng: np.random.Generator) -> Content:
    """The panel's light: its own gamma, blue cast and black level."""
    light = np.clip(placed.content.pixels, 0, 1) ** np.float32(rng.uniform(0.85, 1.25))
    cast = np.array([rng.uniform(0.85, 1.02), 1, rng.uniform(1, 1.2)], np.float32)
    return Content(
        (light * cast * (1 - 0.02) + rng.uniform(0.003, 0.03)).astype(np.float32), placed.content.centre, placed.content.iod
    )


def _integrated(placed: Stage, shown: Content, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Variant a. `pitch`: content px a display pixel, so that a display pixel is .45 to 1.6 sensor pixels."""
    per_sensor = shown.iod / (placed.iod_px * SENSOR)
    pitch = np.float32(per_sensor * np.exp(rng.uniform(np.log(0.45), np.log(1.6))))
    spread = np.float32(rng.uniform(1.0, 1.8))  # lens and pixel aperture, in sensor px
    depth = np.float32(rng.uniform(0.4, 1.0))  # what scattering in the glass leaves of the stripes
    arguments = (shown.pixels, placed.inverse, placed.size[0], placed.size[1], pitch, spread)
    frame, plain = _screen(*arguments, depth), _screen(*arguments, np.float32(0))
    cues = _moire_cues(frame, plain, placed)
    return _banded(_bezelled(placed, frame, rng), placed, rng), cues


@njit(cache=True)
def _screen(picture, inverse, width, height, pitch, spread, depth):
    """Light [h, w, 3] of an RGB-striped panel under each sensor pixel, by 4 x 4 points over `spread` pixels."""
    out = np.zeros((height, width, 3), np.float32)
    rows, columns = picture.shape[:2]
    for y in range(height):
        for x in range(width):
            for k in range(16):
                px = x + ((k % 4) - 1.5) / 4 * spread
                py = y + ((k // 4) - 1.5) / 4 * spread
                w = inverse[2, 0] * px + inverse[2, 1] * py + inverse[2, 2]
                u = (inverse[0, 0] * px + inverse[0, 1] * py + inverse[0, 2]) / w
                v = (inverse[1, 0] * px + inverse[1, 1] * py + inverse[1, 2]) / w
                fu, fv = u / pitch - np.floor(u / pitch), v / pitch - np.floor(v / pitch)
                stripe = int(fu * 3)
                gap = 1.0 if fv < 0.85 else 0.0
                u, v = min(max(u, 0.0), columns - 1.001), min(max(v, 0.0), rows - 1.001)
                c, r = int(u), int(v)
                a, b = u - c, v - r
                for channel in range(3):
                    lit = 1 + depth * ((3 / 0.85 if stripe == channel else 0.0) * gap - 1)
                    value = (1 - b) * ((1 - a) * picture[r, c, channel] + a * picture[r, c + 1, channel])
                    value += b * ((1 - a) * picture[r + 1, c, channel] + a * picture[r + 1, c + 1, channel])
                    out[y, x, channel] += lit * value / 16
    return out


def _picked(placed: Stage, shown: Content, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Variant b: the panel as a picture of 3 x 3 dots a display pixel, a delta or a striped arrangement, warped and blurred."""
    pixels_per_iod = placed.iod_px * SENSOR * rng.uniform(0.55, 1.5)
    zoom = pixels_per_iod / shown.iod
    panel = cv2.resize(shown.pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    dots = np.repeat(np.repeat(panel, 3, 0), 3, 1)
    lattice = _lattice(dots.shape[:2], delta=rng.random() < 0.3)
    strength = np.float32(rng.uniform(0.3, 0.9))
    origin = np.zeros(2, np.float32)
    striped = composed(placed, dots * (1 + strength * (lattice - 1)), origin, 3 * zoom, samples=3)
    plain = composed(placed, dots, origin, 3 * zoom, samples=3)
    cues = _moire_cues(striped, plain, placed)
    return _flickered(_bezelled(placed, striped, rng), placed, rng), cues


def _lattice(shape: tuple[int, int], delta: bool) -> np.ndarray:
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    shift = (rows // 3 % 2) if delta else 0 * rows
    lattice = np.stack([(columns + shift) % 3 == channel for channel in range(3)], 2) * (rows % 3 < 2)[..., None]
    return (lattice / lattice.mean((0, 1))).astype(np.float32)


def _moire_cues(frame: np.ndarray, plain: np.ndarray, placed: Stage) -> list[str]:
    iod = placed.iod_px * SENSOR
    coarse = added_contrast(frame, plain, iod, MOIRE_COARSER_THAN_IOD)
    every = added_contrast(frame, plain, iod)
    fine = np.sqrt(max(0.0, every**2 - coarse**2))
    return ["moire"] * (coarse > MOIRE_VISIBLE) + ["screen grid"] * bool(fine > GRID_VISIBLE)


def _bezelled(placed: Stage, frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The device's rim, dark or metal, and what lies beyond it."""
    at = placed.coordinates()
    height, width = placed.content.pixels.shape[:2]
    on_panel = (at[..., 0] >= -0.5) & (at[..., 0] < width - 0.5) & (at[..., 1] >= -0.5) & (at[..., 1] < height - 0.5)
    if max(placed.rim) >= 1e4:
        return frame
    rim = np.full(3, rng.uniform(0.005, 0.05) if rng.random() < 0.8 else rng.uniform(0.3, 0.7), np.float32)
    rest = np.where(placed.covers(at)[..., None], rim, placed.background)
    return np.where(on_panel[..., None], frame, rest)


def _banded(frame: np.ndarray, placed: Stage, rng: np.random.Generator) -> np.ndarray:
    """PWM of the backlight read out row by row: soft-edged dark bands, in a third."""
    if rng.random() > 0.33:
        return frame
    rows = np.arange(placed.size[1]) / placed.size[1]
    wave = np.cos(2 * np.pi * (rows * rng.uniform(1.5, 7) + rng.random()))
    dim = 1 - rng.uniform(0.03, 0.15) / (1 + np.exp(-6 * wave))
    return _where_screen(placed, frame, frame * dim[:, None, None])


def _flickered(frame: np.ndarray, placed: Stage, rng: np.random.Generator) -> np.ndarray:
    if rng.random() > 0.3:
        return frame
    period = rng.uniform(0.15, 0.6) * placed.size[1]
    on = ((np.arange(placed.size[1]) + rng.uniform(0, period)) % period) < rng.uniform(0.5, 0.9) * period
    dim = cv2.GaussianBlur(on.astype(np.float32)[:, None], (0, 0), 6)
    return _where_screen(placed, frame, frame * (1 - rng.uniform(0.03, 0.12) * (1 - dim))[..., None])


def _reflection(placed: Stage, frame: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """The room in the glass, faint and blurred, and sometimes a lamp."""
    room = cv2.GaussianBlur(placed.background[::-1, ::-1], (0, 0), 9) * rng.uniform(0, 0.06)
    y, x = np.mgrid[: placed.size[1], : placed.size[0]].astype(np.float32)
    peak = rng.uniform(0.1, 0.8) if rng.random() < 0.3 else 0.0
    cx, cy, radius = rng.random() * placed.size[0], rng.random() * placed.size[1], rng.uniform(0.06, 0.16) * placed.size[0]
    lamp = peak * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
    return _where_screen(placed, frame, frame + room + lamp[..., None]), ["glare"] if peak > 0.25 else []


def _window_glare(placed: Stage, frame: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """A soft quadrilateral of daylight."""
    if rng.random() > 0.3:
        return frame, []
    corners = (rng.random(2) + rng.uniform(0.1, 0.35) * np.array([[0, 0], [1, 0.1], [1.1, 1.2], [0.1, 1]])) * placed.size
    pane = cv2.fillConvexPoly(np.zeros(placed.size[::-1], np.float32), corners.astype(np.int32), 1.0)
    strength = rng.uniform(0.05, 0.5)
    glare = strength * cv2.GaussianBlur(pane, (0, 0), 5)
    return _where_screen(placed, frame, frame + glare[..., None]), ["glare"] if glare.max() > 0.2 else []


def _where_screen(placed: Stage, outside: np.ndarray, inside: np.ndarray) -> np.ndarray:
    return np.where(placed.covers(placed.coordinates())[..., None], inside, outside)
