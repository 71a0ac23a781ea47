"""A photo on paper: ink gamut, paper white, grain, halftone in a quarter, curl, gloss. Two independent variants; "b" is held out.

Variant "a" thinks in densities and clustered-dot screens, "b" in reflectance and stochastic dots. Halftone is drawn at its own pitch and
then photographed, never at the size of the crop; the cues listed are those that can be measured in the finished picture.
"""

from functools import cache

import cv2
import numpy as np
from numba import njit

from ..synthesis.camera import SENSOR
from ..synthesis.photo import JUST_VISIBLE, Attack, Photo, visibility
from .staging import BLEEDS, Stage, bilinear, composed, covered_share, edge_visibility, footprint, stage, within

VARIANTS = ("a", "b")
WAVE = np.cos(np.linspace(0, 2 * np.pi, 256, endpoint=False)).astype(np.float32)
SCREEN_DEGREES = (15.0, 75.0, 0.0)  # cyan, magenta, yellow
GLARE = 0.03  # contrast at which gloss is just visible
EDGE_SHARE = 0.55
PAPER_PX = 300  # an IOD of the sheet's picture resolves the screens
HALFTONE_SHARE = 0.25  # drawn; fewer remain visible


def print_attack(content: Photo, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    """`behind` [h, w, 3] linear light: what the sheet lies or is held before; a scene of its own where None."""
    curl = float(rng.uniform(-0.08, 0.08)) if rng.random() < 0.5 else 0.0
    rims = (0.0, 0.35) if rng.random() < 0.6 else (0.0, 0.0)
    placed = stage(content, rng, edge=rng.random() < EDGE_SHARE, rims=rims, curl=curl, behind=behind)
    mask = covered_share(placed)
    printed, cues = {"a": _ink, "b": _reflectance}[variant](placed, rng)
    frame, glare = {"a": _sheen, "b": _hot_spot}[variant](placed, printed, mask[..., None], rng)
    cues |= {"edge": edge_visibility(placed, frame, mask), "glare": glare}
    return Attack(np.clip(frame, 0, 1.5).astype(np.float32), mask, {name: value for name, value in cues.items() if value})


def _ink(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """Variant a: CMY densities over paper white, with or without clustered dots, met point by point under each sensor pixel."""
    photo = placed.content.pixels
    white = (np.array([1, rng.uniform(0.95, 1), rng.uniform(0.88, 1)]) * rng.uniform(0.78, 0.95)).astype(np.float32)
    grey = photo.mean(2, keepdims=True)
    ink = 1 - np.clip(grey + np.float32(rng.uniform(0.65, 1.0)) * (photo - grey), 0, 1)
    ink = np.clip(ink * np.float32(rng.uniform(0.86, 0.97)), 0, 1)
    rough = np.float32(rng.uniform(0, 0.035) * (rng.random() < 0.6))
    dotted = rng.random() < HALFTONE_SHARE
    lines = rng.uniform(38, 95)  # per IOD: a small print at 85-200 lpi; a larger one hides its screen
    screens = _screens(placed.content.iod / lines)
    frame, clean = _inked(
        ink, white, dotted, screens, _grain(rng), rough, 240 / placed.content.iod, placed.background, *placed.sampling(3)
    )
    name = "halftone" if dotted else "paper texture"
    return frame, {name: _visible(placed, frame, clean * (frame.mean() / clean.mean()))} if dotted or rough else {}


def _screens(pitch: float) -> np.ndarray:
    """float64 [3, 2]: by channel, how many screen cells a content px is along both axes of its turned screen."""
    turned = np.radians(SCREEN_DEGREES)
    return np.stack([np.cos(turned), np.sin(turned)], 1) / pitch


@njit(cache=True, fastmath=True)
def _inked(ink, white, dotted, screens, grain, rough, grain_scale, background, inverse, bend, columns, bounds, samples, spread):
    """(the print, the same without dots and grain) in linear light [h, w, 3]; beyond the photo the sheet is bare."""
    height, width = background.shape[:2]
    out, clean = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32)
    density = np.zeros(3, np.float32)
    share = np.float32(1 / (samples * samples))
    for y in range(height):
        for x in range(width):
            u0, v0, ux, vx, uy, vy = footprint(x, y, inverse, bend, columns)
            for k in range(samples * samples):
                dx, dy = ((k % samples + 0.5) / samples - 0.5) * spread, ((k // samples + 0.5) / samples - 0.5) * spread
                u, v = u0 + dx * ux + dy * uy, v0 + dx * vx + dy * vy
                if not within(u, v, bounds):
                    for channel in range(3):
                        out[y, x, channel] += share * background[y, x, channel]
                        clean[y, x, channel] += share * background[y, x, channel]
                    continue
                if u < -0.5 or v < -0.5 or u >= ink.shape[1] - 0.5 or v >= ink.shape[0] - 0.5:
                    density[:] = 0
                else:
                    bilinear(ink, u, v, density)
                flock = 1 + rough * grain[int(v * grain_scale) % grain.shape[0], int(u * grain_scale) % grain.shape[1]]
                for channel in range(3):
                    smooth = white[channel] * (1 - density[channel])
                    clean[y, x, channel] += share * smooth
                    if dotted:
                        c, s = screens[channel, 0], screens[channel, 1]
                        across, along = int((c * u + s * v) * WAVE.size), int((c * v - s * u) * WAVE.size)
                        cell = 0.5 + 0.25 * (WAVE[across % WAVE.size] + WAVE[along % WAVE.size])
                        smooth = white[channel] * (1 - min(max((density[channel] - cell) * 4 + 0.5, 0.0), 1.0))
                    out[y, x, channel] += share * flock * smooth
    return out, clean


def _reflectance(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """Variant b: a per-channel curve, a tinted black, fibre texture, and stochastic dots at times, drawn as a picture of the sheet."""
    sheet, margin = _on_sheet(placed)
    hsv = cv2.cvtColor(np.sqrt(np.clip(sheet, 0, 1)), cv2.COLOR_RGB2HSV)
    hsv[..., 1] *= rng.uniform(0.6, 0.95)
    toned = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) ** np.float32(2 * rng.uniform(0.85, 1.2))
    black = (rng.uniform(0.03, 0.1) * (1 + rng.uniform(-0.2, 0.2, 3))).astype(np.float32)
    white = (rng.uniform(0.7, 0.9) * (1 + rng.uniform(-0.06, 0.04, 3))).astype(np.float32)
    clean = composed(placed, black + toned * (white - black), margin, 1.0)
    dotted, rough = rng.random() < HALFTONE_SHARE, rng.random() < 0.5
    if not (dotted or rough):
        return clean, {}
    scale = PAPER_PX / placed.content.iod
    toned = cv2.resize(toned, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    if dotted:
        cell = placed.content.iod * scale / rng.uniform(110, 220)
        toned = (_thresholds(toned.shape[:2], cell, rng) < toned).astype(np.float32)
    surface = black + toned * (white - black)
    if rough:
        surface *= (1 + _fibres(toned.shape[:2], rng) * np.float32(rng.uniform(0.01, 0.06)))[..., None]
    frame = composed(placed, surface, margin, scale, samples=3)
    return frame, {"halftone" if dotted else "paper texture": _visible(placed, frame, clean * (frame.mean() / clean.mean()))}


def _visible(placed: Stage, with_it: np.ndarray, without: np.ndarray, just: float = JUST_VISIBLE) -> float:
    return visibility(with_it, without, placed.iod_px * SENSOR, just=just)


def _sheen(placed: Stage, frame: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Uneven light on a bent sheet, and on glossy paper one elongated highlight."""
    u, v = placed.unit
    shade = 1 + rng.uniform(-0.2, 0.2) * (u - 0.5) + rng.uniform(-0.2, 0.2) * (v - 0.5)
    peak = rng.uniform(0.1, 0.7) if rng.random() < 0.3 else 0.0
    turn = rng.uniform(0, np.pi)
    across = (u - rng.random()) * np.cos(turn) + (v - rng.random()) * np.sin(turn)
    lobe = np.float32(peak) * np.exp(-((across / np.float32(rng.uniform(0.05, 0.2))) ** 2))
    bent = frame * (1 + mask * (shade[..., None] - 1))
    glossy = bent + mask * lobe[..., None]
    return glossy, _visible(placed, glossy, bent, just=GLARE) if peak else 0.0


def _hot_spot(placed: Stage, frame: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A round lamp's reflection with a Lorentzian skirt."""
    if rng.random() < 0.7:
        return frame, 0.0
    u, v = placed.unit
    radius = rng.uniform(0.05, 0.15)
    spot = rng.uniform(0.15, 0.8) / (1 + ((u - rng.random()) ** 2 + (v - rng.random()) ** 2) / radius**2)
    glossy = frame + mask * spot[..., None].astype(np.float32)
    return glossy, _visible(placed, glossy, frame, just=GLARE)


def _on_sheet(placed: Stage) -> tuple[np.ndarray, np.ndarray]:
    """What the frame sees of the content on a white sheet as wide as its rims, and that sheet's corner in content px."""
    height, width = placed.content.pixels.shape[:2]
    left, top, right, bottom = (int(side) if side < BLEEDS else 0 for side in placed.rim)
    at = placed.coordinates()
    x1, y1 = np.clip(np.floor(at.min((0, 1))) - 2, (-left, -top), (width - 8, height - 8)).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(at.max((0, 1))) + 3, (x1 + 8, y1 + 8), (width + right, height + bottom)).astype(int).tolist()
    sheet = cv2.copyMakeBorder(placed.content.pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(1, 1, 1))
    return np.ascontiguousarray(sheet[y1 + top : y2 + top, x1 + left : x2 + left]), np.array([x1, y1], np.float32)


def _thresholds(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    """Stochastic screening: a blue-noise mask in cells of so many px, float32 [h, w, 3], by ink at a random place."""
    rows, columns = ((np.arange(n) / cell).astype(int) for n in shape)
    corners = rng.integers(0, 128, (3, 2)).tolist()
    return np.stack([_blue_noise()[np.ix_((rows + down) % 128, (columns + right) % 128)] for down, right in corners], 2)


@cache
def _blue_noise() -> np.ndarray:
    """float32 [128, 128] evenly spread in 0-1 without low frequencies: white noise made flat and high-passed in turn."""
    mask = np.random.default_rng(0).random((128, 128))
    rows, columns = np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128), indexing="ij")
    keep = 1 - np.exp(-(rows**2 + columns**2) / (2 * 0.18**2))
    for _ in range(12):
        mask = np.fft.ifft2(np.fft.fft2(mask) * keep).real
        mask = (mask.ravel().argsort().argsort().reshape(128, 128) + 0.5) / mask.size
    return mask.astype(np.float32)


def _grain(rng: np.random.Generator) -> np.ndarray:
    """A tile of paper, float32 [256, 256], coarser and finer flocks."""
    noise = np.zeros((256, 256), np.float32)
    for step in (3, 8, 20):
        small = rng.standard_normal((256 // step + 2, 256 // step + 2)).astype(np.float32)
        noise += cv2.resize(small, (256, 256), interpolation=cv2.INTER_LINEAR)
    return noise


def _fibres(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=4, sigmaY=0.7) + cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=0.7, sigmaY=4)
    return cv2.resize(streaks / streaks.std(), shape[::-1], interpolation=cv2.INTER_LINEAR)
