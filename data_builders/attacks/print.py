"""A photo on paper: ink gamut, paper white, grain, the printer's bands, halftone in a quarter, curl, gloss. Two independent variants; "b" is held out.

Variant "a" thinks in densities and clustered-dot screens, "b" in reflectance and stochastic dots. Halftone is drawn at its own pitch and
then photographed, never at the size of the crop. Black and contrast vary from a glossy lab print to a pale copy: pale pictures are no label.
"""

from functools import cache

import cv2
import numpy as np
from numba import njit

from ..synthesis.camera import SENSOR
from ..synthesis.photo import GLARE as GLARE
from ..synthesis.photo import Attack, Photo
from .staging import BLEEDS, Stage, bilinear, composed, covered_share, edge_visibility, footprint, stage, within

VARIANTS = ("a", "b")
WAVE = np.cos(np.linspace(0, 2 * np.pi, 256, endpoint=False)).astype(np.float32)
SCREEN_DEGREES = (15.0, 75.0, 0.0)  # cyan, magenta, yellow
EDGE_SHARE = 0.55
PAPER_PX = 300  # an IOD of the sheet's picture resolves the screens
HALFTONE_SHARE = 0.25  # drawn; fewer remain visible
BLACKS = (0.004, 0.09)  # what the deepest ink still reflects, of the paper's white: photo paper to a worn cartridge
TILE = 512  # of paper, a side


def print_attack(content: Photo, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    """`behind` [h, w, 3] linear light: what the sheet lies or is held before; a scene of its own where None."""
    curl = float(rng.uniform(-0.08, 0.08)) if rng.random() < 0.5 else 0.0
    rims = (0.0, 0.35) if rng.random() < 0.6 else (0.0, 0.0)
    placed = stage(content, rng, edge=rng.random() < EDGE_SHARE, rims=rims, curl=curl, behind=behind)
    mask = covered_share(placed)
    printed, without = {"a": _ink, "b": _reflectance}[variant](placed, rng)
    shade, gloss = {"a": _sheen, "b": _lamp}[variant](placed, curl, rng)
    cover = mask[..., None]
    shade = 1 + cover * (shade[..., None] - 1)
    glare = cover * (0 if gloss is None else gloss[..., None])
    frame = _exposed(printed * shade + glare)
    without = {name: _exposed(bare * (printed.mean() / bare.mean()) * shade + glare) for name, bare in without.items()}
    if gloss is not None:
        without["reflection"] = _exposed(printed * shade)
    edge = edge_visibility(placed, frame, mask)
    return Attack(frame, mask, {"edge": edge} if edge else {}, without, placed.iod_px * SENSOR)


def _exposed(light: np.ndarray) -> np.ndarray:
    return np.clip(light, 0, 1.5).astype(np.float32)


def _ink(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Variant a: CMY densities over paper white, with or without clustered dots, met point by point under each sensor pixel."""
    photo = np.clip(placed.content.pixels, 0, 1) ** np.float32(rng.uniform(0.85, 1.2))
    white = (np.array([1, rng.uniform(0.95, 1), rng.uniform(0.88, 1)]) * rng.uniform(0.78, 0.95)).astype(np.float32)
    grey = photo.mean(2, keepdims=True)
    ink = 1 - np.clip(grey + np.float32(rng.uniform(0.6, 1.08)) * (photo - grey), 0, 1)
    ink = np.clip(ink * np.float32(1 - _black(rng)), 0, 1)
    dotted = rng.random() < HALFTONE_SHARE
    lines = rng.uniform(38, 95)  # per IOD: a small print at 85-200 lpi; a larger one hides its screen
    screens = _screens(placed.content.iod / lines)
    dots, undotted, plain = _inked(
        ink,
        white,
        dotted,
        screens,
        _flocks(_fills(placed), rng),
        240 / placed.content.iod,
        placed.background,
        *placed.sampling(3),
    )
    return (dots, {"paper": plain, "dots": undotted}) if dotted else (undotted, {"paper": plain})


def _fills(placed: Stage) -> bool:
    """No border is seen: then the sheet itself, faint as it is, must tell the print."""
    return max(placed.rim) >= BLEEDS


def _black(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(BLACKS))))


def _screens(pitch: float) -> np.ndarray:
    """float64 [3, 2]: by channel, how many screen cells a content px is along both axes of its turned screen."""
    turned = np.radians(SCREEN_DEGREES)
    return np.stack([np.cos(turned), np.sin(turned)], 1) / pitch


@njit(cache=True, fastmath=True)
def _inked(ink, white, dotted, screens, flocks, flock_scale, background, inverse, bend, columns, bounds, samples, spread):
    """(the print, the same without dots, without flocks) in linear light [h, w, 3]; beyond the photo the sheet is bare."""
    height, width = background.shape[:2]
    out, undotted = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32)
    plain = np.zeros((height, width, 3), np.float32)
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
                        behind = share * background[y, x, channel]
                        out[y, x, channel] += behind
                        undotted[y, x, channel] += behind
                        plain[y, x, channel] += behind
                    continue
                if u < -0.5 or v < -0.5 or u >= ink.shape[1] - 0.5 or v >= ink.shape[0] - 0.5:
                    density[:] = 0
                else:
                    bilinear(ink, u, v, density)
                flock = 1 + flocks[int(v * flock_scale) % TILE, int(u * flock_scale) % TILE]
                for channel in range(3):
                    smooth = white[channel] * (1 - density[channel])
                    undotted[y, x, channel] += share * flock * smooth
                    if dotted:
                        c, s = screens[channel, 0], screens[channel, 1]
                        across, along = int((c * u + s * v) * WAVE.size), int((c * v - s * u) * WAVE.size)
                        cell = 0.5 + 0.25 * (WAVE[across % WAVE.size] + WAVE[along % WAVE.size])
                        smooth = white[channel] * (1 - min(max((density[channel] - cell) * 4 + 0.5, 0.0), 1.0))
                        out[y, x, channel] += share * flock * smooth
                    plain[y, x, channel] += share * smooth
    return out, undotted, plain


def _reflectance(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Variant b: a per-channel curve, a tinted black, then stochastic dots or fibres and streaks, drawn as a picture of the sheet."""
    sheet, margin = _on_sheet(placed)
    hsv = cv2.cvtColor(np.sqrt(np.clip(sheet, 0, 1)), cv2.COLOR_RGB2HSV)
    hsv[..., 1] *= rng.uniform(0.55, 1.0)
    toned = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) ** np.float32(2 * rng.uniform(0.85, 1.25))
    white = (rng.uniform(0.7, 0.9) * (1 + rng.uniform(-0.06, 0.04, 3))).astype(np.float32)
    black = (white * rng.gamma(1.2, 0.022) * (1 + rng.uniform(-0.2, 0.2, 3))).astype(np.float32)
    clean = composed(placed, black + toned * (white - black), margin, 1.0)
    dotted = rng.random() < HALFTONE_SHARE
    scale = (PAPER_PX if dotted else PAPER_PX / 2) / placed.content.iod
    toned = cv2.resize(toned, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    if dotted:
        cell = placed.content.iod * scale / np.exp(rng.uniform(np.log(150), np.log(330)))
        toned = (_thresholds(toned.shape[:2], cell, rng) < toned).astype(np.float32)
    surface = black + toned * (white - black)
    if not dotted:
        surface *= (1 + _fibres(toned.shape[:2], _fills(placed), rng) + _streaks(toned.shape[:2], rng))[..., None]
    frame = composed(placed, surface, margin, scale, samples=3 if dotted else 2)
    return frame, {"dots" if dotted else "paper": clean}


def _sheen(placed: Stage, curl: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """(shade, gloss) [h, w]: uneven light on a sheet that is never quite flat, and on glossy paper one elongated highlight."""
    u, v = placed.unit
    shade = 1 + rng.uniform(-0.45, 0.45) * (u - 0.5) + rng.uniform(-0.45, 0.45) * (v - 0.5)
    turn = 0.0 if curl else rng.uniform(0, np.pi)
    along = u * np.cos(turn) + v * np.sin(turn)
    wave = np.cos(np.pi * (along * (1.0 if curl else rng.uniform(0.7, 2.2)) + (0.0 if curl else rng.random())))
    shade = shade * (1 + (np.sign(curl) or 1) * rng.uniform(0.18 if _fills(placed) else 0.08, 0.3) * wave)
    if rng.random() > 0.3:
        return shade.astype(np.float32), None
    turn = rng.uniform(0, np.pi)
    across = (u - rng.random()) * np.cos(turn) + (v - rng.random()) * np.sin(turn)
    lobe = rng.uniform(0.1, 0.6) * np.exp(-((across / rng.uniform(0.05, 0.2)) ** 2))
    return shade.astype(np.float32), lobe.astype(np.float32)


def _lamp(placed: Stage, curl: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """(shade, gloss) [h, w]: light that falls off from a lamp nearby, a soft ridge, and at times the lamp's reflection with a Lorentzian
    skirt, drawn out along the sheet's bend."""
    u, v = placed.unit
    distance = rng.uniform(0.7, 1.8) if rng.random() < 0.8 else 4.0
    x, y = rng.uniform(-0.5, 1.5, 2)
    fall = 1 / (1 + ((u - x) ** 2 + (v - y) ** 2) / distance**2)
    turn = rng.uniform(0, np.pi)
    beside = (u - rng.random()) * np.cos(turn) + (v - rng.random()) * np.sin(turn)
    height = rng.uniform(0.14 if _fills(placed) else 0.06, 0.24) + abs(curl)
    shade = fall / fall.mean() * (1 + height * np.tanh(beside / rng.uniform(0.08, 0.4)))
    if rng.random() > 0.3:
        return shade.astype(np.float32), None
    along, radius = (v - rng.random()) * np.cos(turn) - (u - rng.random()) * np.sin(turn), rng.uniform(0.03, 0.1)
    spot = rng.uniform(0.15, 0.6) / (1 + (beside / radius) ** 2 + (along / (radius * rng.uniform(3, 9))) ** 2)
    return shade.astype(np.float32), spot.astype(np.float32)


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


def _flocks(fills: bool, rng: np.random.Generator) -> np.ndarray:
    """A tile of paper, float32 [TILE, TILE] about 0: coarser and finer flocks, and in half, or where it fills the frame, the
    steps between the passes of a head."""
    noise = np.zeros((TILE, TILE), np.float32)
    for step in (3, 8, 20):
        small = rng.standard_normal((TILE // step + 2, TILE // step + 2)).astype(np.float32)
        noise += cv2.resize(small, (TILE, TILE), interpolation=cv2.INTER_LINEAR)
    noise *= np.float32(np.exp(rng.uniform(np.log(0.04 if fills else 0.015), np.log(0.1))))
    if fills or rng.random() < 0.5:
        passes = np.repeat(rng.standard_normal(TILE), rng.integers(6, 36))[:TILE].astype(np.float32)
        steps = np.float32(rng.uniform(0.02, 0.07)) * cv2.GaussianBlur(passes[:, None], (0, 0), 1.5)
        noise += steps if rng.random() < 0.6 else steps.T
    return noise


def _fibres(shape: tuple[int, int], fills: bool, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=4, sigmaY=0.7) + cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=0.7, sigmaY=4)
    streaks *= np.float32(np.exp(rng.uniform(np.log(0.07 if fills else 0.03), np.log(0.17)))) / streaks.std()
    return cv2.resize(streaks, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _streaks(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray | float:
    """A worn drum's light and dark lines along the sheet, in half."""
    if rng.random() < 0.5:
        return 0.0
    across = np.arange(shape[1], dtype=np.float32)
    lines = sum(np.sin(2 * np.pi * (across / rng.uniform(8, 70) + rng.random())) for _ in range(4))
    return (rng.uniform(0.01, 0.03) * np.maximum(lines - 0.5, -1)).astype(np.float32)[None, :]
