"""Pictures on paper in ink: gamut, paper white, grain or fibres, screens, creases; and the area of a sheet that one covers.

The same physics as variant "a" of prints, on a picture that is later met through a bent sheet. Areas are in IOD along the sheet.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .print import SCREEN_DEGREES

SCREENED = 240.0  # pixels an IOD that resolve a screen


@dataclass(frozen=True, eq=False)
class Area:
    """A part of a sheet in pixels: `corner` (u, v) is where the first begins, `scale` pixels an IOD, `size` (width, height)."""

    corner: np.ndarray
    scale: float
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Print:
    """What is on an area: reflectance `ink` [h, w, 3] and `clean`, the same without the structure that `cue` names; the
    paper's `gloss` 0-1."""

    area: Area
    ink: np.ndarray
    clean: np.ndarray | None
    cue: str
    gloss: float


def area_of(outline: np.ndarray, scale: float) -> Area:
    """What holds `outline` [n, 2] with a little about it."""
    low, high = outline.min(0) - 0.06, outline.max(0) + 0.06
    width, height = np.ceil((high - low) * scale).astype(int).tolist()
    return Area(low.astype(np.float32), scale, (width, height))


def developed(picture: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """A photo [h, w, 3] as a shop or a home printer takes it: exposed by its brightest tones, `level`,
    with its own cast, colour and slope of light, so that skin and light are not those of who wears it; some come out grey."""
    height, width = picture.shape[:2]
    exposure = rng.uniform(0.7, 0.95) if rng.random() < 0.3 else rng.uniform(1.1, 1.6)  # seldom that of the face itself
    cast = np.exp(rng.normal(0, 0.06, 3)) * exposure / max(0.15, level)
    colour = 0.0 if rng.random() < 0.12 else rng.uniform(0.75, 1.25)
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    slope = 1 + rng.normal(0, 0.17) * x + rng.normal(0, 0.1) * y
    mixed = cv2.transform(picture, (np.diag(cast) @ (colour * np.eye(3) + (1 - colour) / 3)).astype(np.float32))
    return cv2.pow(np.clip(mixed * np.clip(slope, 0.4, 1.6)[..., None], 0, 1), rng.uniform(0.9, 1.45))


def inked(picture: np.ndarray, area: Area, rng: np.random.Generator, lines: float = 0.0) -> Print:
    """`picture` [h, w, 3] linear light as CMY ink on paper: gamut, paper white, grain or fibres at times; `lines` an IOD of a
    screen, 0 for none."""
    white = np.array([1, rng.uniform(0.95, 1), rng.uniform(0.88, 1)], np.float32) * np.float32(rng.uniform(0.85, 0.98))
    vivid = rng.uniform(0.85, 1.0)
    paler = cv2.transform(picture.astype(np.float32), vivid * np.eye(3) + (1 - vivid) / 3)
    ink = (1 - cv2.pow(np.clip(paler, 0, 1), rng.uniform(0.85, 1.15))) * np.float32(rng.uniform(0.92, 0.985))
    clean = white * (1 - ink)
    shape, kind = picture.shape[:2], rng.random()
    surface, cue = clean, ""
    if lines:
        spread = np.float32(rng.uniform(0.3, 0.8))  # what ink creeping into the paper leaves of the dots
        surface, cue = clean + spread * white * (ink - _dots(ink, area.scale / lines)), "halftone"
    elif kind < 0.35:
        surface, cue = clean * _grain(shape, rng, rng.uniform(0.005, 0.035))[..., None], "paper texture"
    elif kind < 0.65:
        surface, cue = clean * _fibres(shape, rng, rng.uniform(0.01, 0.06))[..., None], "paper texture"
    gloss = float(rng.uniform(0.1, 0.6)) if rng.random() < 0.35 else 0.0
    creases = _creases(shape, area.scale, rng)[..., None]
    return Print(area, surface * creases, clean * creases if cue else None, cue, gloss)


def _dots(ink: np.ndarray, pitch: float) -> np.ndarray:
    """Clustered dots of `ink` [h, w, 3], `pitch` px apart, each colour's screen turned by its own angle."""
    rows, columns = (np.arange(n, dtype=np.float32) * np.float32(2 * np.pi / pitch) for n in ink.shape[:2])
    dots = np.empty_like(ink)
    for channel, degrees in enumerate(SCREEN_DEGREES):
        c, s = np.float32(np.cos(np.radians(degrees))), np.float32(np.sin(np.radians(degrees)))
        # cos(a + b) + cos(c - d) of outer sums, by their addition theorems: only vectors need a cosine
        across = _cos_of_sum(s * rows, c * columns) + _cos_of_sum(c * rows, -s * columns)
        dots[..., channel] = np.clip((ink[..., channel] - 0.5 - 0.25 * across) * 4 + 0.5, 0, 1)
    return dots


def _cos_of_sum(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.outer(np.cos(rows), np.cos(columns)) - np.outer(np.sin(rows), np.sin(columns))


def _grain(shape: tuple[int, int], rng: np.random.Generator, amount: float) -> np.ndarray:
    """Flocks of three sizes, factor [h, w]."""
    noise = np.ones(shape, np.float32)
    for step in (2, 5, 14):
        small = rng.standard_normal((shape[0] // step + 2, shape[1] // step + 2), np.float32) * np.float32(amount)
        noise += cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return noise


def _fibres(shape: tuple[int, int], rng: np.random.Generator, amount: float) -> np.ndarray:
    """Streaks along and across the sheet, factor [h, w]."""
    noise = rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1), np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=3, sigmaY=0.6) + cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=0.6, sigmaY=3)
    return 1 + cv2.resize(streaks * np.float32(amount / streaks.std()), shape[::-1], interpolation=cv2.INTER_LINEAR)


def _creases(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Light on paper that was folded or crumpled a little: along each crease one side is brighter, factor [h, w]."""
    factor = np.ones(shape, np.float32)
    for _ in range(int(rng.integers(0, 4))):
        turn, y, x = rng.uniform(0, np.pi), rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        rows, columns = np.arange(shape[0], dtype=np.float32)[:, None] - y, np.arange(shape[1], dtype=np.float32)[None] - x
        across = (columns * np.float32(np.cos(turn)) + rows * np.float32(np.sin(turn))) / np.float32(scale)
        width, depth = rng.uniform(0.02, 0.05), rng.uniform(0.02, 0.1)
        factor *= 1 + np.float32(depth) * (np.tanh(across / width) * np.exp(-np.abs(across) / rng.uniform(0.1, 0.5)))
    return factor
