"""A photo on paper: ink gamut, paper white, grain, halftone in a quarter, curl, gloss. Two independent variants; "b" is held out.

Variant "a" thinks in densities and clustered-dot screens, "b" in reflectance and stochastic dots. Halftone is drawn at its own pitch and
then photographed, never at the size of the crop; the cues listed are those that can be measured in the finished picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import SENSOR
from .staging import Content, Stage, added_contrast, composed, edge_shows, stage

VARIANTS = ("a", "b")
SCREEN_DEGREES = (15.0, 75.0, 0.0)  # cyan, magenta, yellow
VISIBLE = 0.012
HALFTONE_SHARE = 0.3  # drawn; fewer remain visible


@dataclass(frozen=True, eq=False)
class Attack:
    """`frame` in linear light at the sensor's sampling, where it stands, and the cues to be seen in it."""

    frame: np.ndarray
    stage: Stage
    cues: tuple[str, ...]


def print_attack(content: Content, rng: np.random.Generator, variant: str, behind: np.ndarray | None = None) -> Attack:
    edge = rng.random() < 0.5
    curl = float(rng.uniform(-0.08, 0.08)) if rng.random() < 0.5 else 0.0
    placed = stage(content, rng, edge, rims=(0.0, 0.35) if rng.random() < 0.6 else (0.0, 0.0), curl=curl, behind=behind)
    cues = ["edge"] if edge_shows(placed) else []
    frame, structure = {"a": _ink, "b": _reflectance}[variant](placed, rng)
    frame, glare = {"a": _sheen, "b": _hot_spot}[variant](placed, frame, rng)
    return Attack(np.clip(frame, 0, 1.5).astype(np.float32), placed, (*cues, *structure, *glare))


def _ink(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Variant a: CMY densities over paper white, with or without clustered dots."""
    scale = _scale(placed)
    paper, margin = _on_sheet(placed, scale)
    white = np.array([1, rng.uniform(0.95, 1), rng.uniform(0.88, 1)], np.float32) * rng.uniform(0.78, 0.95)
    grey = paper.mean(2, keepdims=True)
    ink = 1 - np.clip(grey + rng.uniform(0.65, 1.0) * (paper - grey), 0, 1)
    ink = np.clip(ink * rng.uniform(0.86, 0.97), 0, 1)
    grain = _grain(paper.shape[:2], rng, rng.uniform(0, 0.035) * (rng.random() < 0.6))
    smooth = white * (1 - ink)
    clean = composed(placed, smooth.astype(np.float32), margin, scale)
    dotted = rng.random() < HALFTONE_SHARE
    if dotted:
        lines = rng.uniform(38, 95)  # per IOD: a small print at 85-200 lpi; a larger one hides its screen
        smooth = white * (1 - _clustered_dots(ink, placed.content.iod * scale / lines))
    frame = composed(placed, (smooth * grain[..., None]).astype(np.float32), margin, scale, samples=3)
    added = added_contrast(frame, clean * frame.mean() / clean.mean(), placed.iod_px * SENSOR)
    return frame, [("halftone" if dotted else "paper texture")] if added > VISIBLE else []


def _reflectance(placed: Stage, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Variant b: a per-channel curve, a tinted black, fibre texture, and error-like random dots at times."""
    scale = _scale(placed)
    sheet, margin = _on_sheet(placed, scale)
    hsv = cv2.cvtColor(np.sqrt(np.clip(sheet, 0, 1)), cv2.COLOR_RGB2HSV)
    hsv[..., 1] *= rng.uniform(0.6, 0.95)
    toned = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) ** np.float32(2 * rng.uniform(0.85, 1.2))
    black, white = (
        rng.uniform(0.03, 0.1) * (1 + rng.uniform(-0.2, 0.2, 3)),
        rng.uniform(0.7, 0.9) * (1 + rng.uniform(-0.06, 0.04, 3)),
    )
    flat = (black + toned * (white - black)).astype(np.float32)
    clean = composed(placed, flat, margin, scale)
    dotted, rough = rng.random() < HALFTONE_SHARE, rng.random() < 0.5
    surface = flat
    if dotted:
        cell = max(1.5, placed.content.iod * scale / rng.uniform(45, 110))
        surface = np.where(_random_threshold(flat.shape[:2], cell, rng)[..., None] < toned, white, black).astype(np.float32)
    if rough:
        surface = surface * (1 + _fibres(flat.shape[:2], rng) * rng.uniform(0.01, 0.06))[..., None]
    frame = composed(placed, surface.astype(np.float32), margin, scale, samples=3)
    added = added_contrast(frame, clean * frame.mean() / clean.mean(), placed.iod_px * SENSOR)
    name = "halftone" if dotted else "paper texture"
    return frame, [name] if added > VISIBLE and (dotted or rough) else []


def _sheen(placed: Stage, frame: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """Uneven light on a bent sheet, and on glossy paper one elongated highlight."""
    u, v = _unit(placed)
    shade = 1 + rng.uniform(-0.2, 0.2) * (u - 0.5) + rng.uniform(-0.2, 0.2) * (v - 0.5)
    peak = rng.uniform(0.1, 0.7) if rng.random() < 0.3 else 0.0
    turn = rng.uniform(0, np.pi)
    across = (u - rng.random()) * np.cos(turn) + (v - rng.random()) * np.sin(turn)
    lobe = peak * np.exp(-((across / rng.uniform(0.05, 0.2)) ** 2))
    return _on_instrument(placed, frame, frame * shade[..., None] + lobe[..., None]), ["glare"] if peak > 0.25 else []


def _hot_spot(placed: Stage, frame: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
    """A round lamp's reflection with a Lorentzian skirt."""
    if rng.random() < 0.7:
        return frame, []
    u, v = _unit(placed)
    radius = rng.uniform(0.05, 0.15)
    spot = rng.uniform(0.15, 0.8) / (1 + ((u - rng.random()) ** 2 + (v - rng.random()) ** 2) / radius**2)
    return _on_instrument(placed, frame, frame + spot[..., None]), ["glare"] if spot.max() > 0.3 else []


def _scale(placed: Stage) -> float:
    """Paper pixels a content pixel: 240 an IOD resolve the screens."""
    return min(5.0, 240 / placed.content.iod)


def _on_sheet(placed: Stage, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The content on a white sheet as wide as its rims (scaled), and the sheet's corner in content px."""
    left, top, right, bottom = (int(min(side, placed.content.iod)) for side in placed.rim)
    if max(placed.rim) >= 1e4:
        left = top = right = bottom = 0
    sheet = cv2.copyMakeBorder(placed.content.pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(1, 1, 1))
    return cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).clip(0, 1), np.array(
        [-left, -top], np.float32
    )


def _clustered_dots(ink: np.ndarray, pitch: float) -> np.ndarray:
    y, x = np.mgrid[: ink.shape[0], : ink.shape[1]].astype(np.float32) * np.float32(2 * np.pi / pitch)
    dots = np.empty_like(ink)
    for channel, degrees in enumerate(SCREEN_DEGREES):
        c, s = np.float32(np.cos(np.radians(degrees))), np.float32(np.sin(np.radians(degrees)))
        screen = 0.5 + 0.25 * (np.cos(c * x + s * y) + np.cos(c * y - s * x))
        dots[..., channel] = np.clip((ink[..., channel] - screen) * 4 + 0.5, 0, 1)
    return dots


def _random_threshold(shape: tuple[int, int], cell: float, rng: np.random.Generator) -> np.ndarray:
    coarse = rng.random((int(shape[0] / cell) + 1, int(shape[1] / cell) + 1)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_NEAREST)


def _grain(shape: tuple[int, int], rng: np.random.Generator, amount: float) -> np.ndarray:
    noise = np.zeros(shape, np.float32)
    for step in (3, 8, 20):
        small = rng.standard_normal((shape[0] // step + 2, shape[1] // step + 2)).astype(np.float32)
        noise += cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return 1 + np.float32(amount) * noise


def _fibres(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=4, sigmaY=0.7) + cv2.GaussianBlur(noise[::-1], (0, 0), sigmaX=0.7, sigmaY=4)
    return cv2.resize(streaks / streaks.std(), shape[::-1], interpolation=cv2.INTER_LINEAR)


def _unit(placed: Stage) -> tuple[np.ndarray, np.ndarray]:
    width, height = placed.size
    return np.linspace(0, 1, width, dtype=np.float32)[None, :], np.linspace(0, 1, height, dtype=np.float32)[:, None]


def _on_instrument(placed: Stage, outside: np.ndarray, inside: np.ndarray) -> np.ndarray:
    return np.where(placed.covers(placed.coordinates())[..., None], inside, outside)
