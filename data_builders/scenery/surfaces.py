"""What covers a whole wall or table: paint, wood, brick, cloth, leaves; colours of the things that people surround themselves with.

All are uint8 square-root tones (canvas.py) and are drawn from noise that is as coarse as the structure, which keeps them cheap.
"""

import cv2
import numpy as np

from .canvas import Colour, coded

WOODS = ((0.62, 0.44, 0.26), (0.45, 0.27, 0.13), (0.3, 0.16, 0.08), (0.16, 0.075, 0.04), (0.5, 0.36, 0.24), (0.36, 0.33, 0.3))
BRICKS = ((0.36, 0.13, 0.08), (0.45, 0.24, 0.15), (0.28, 0.12, 0.09), (0.5, 0.46, 0.42), (0.6, 0.58, 0.55))


def colour(
    rng: np.random.Generator, value: tuple[float, float] = (0.2, 0.95), saturation: tuple[float, float] = (0.1, 0.8)
) -> Colour:
    return colours(1, rng, value, saturation)[0]


def colours(
    count: int, rng: np.random.Generator, value: tuple[float, float] = (0.2, 0.95), saturation: tuple[float, float] = (0.1, 0.8)
) -> np.ndarray:
    """[count, 3]; `value` and `saturation` in tones, as a painter sees them. Red to yellow and blue are what most things are dyed with."""
    kind, any_hue, strength, bright = rng.random((4, count))
    spread = rng.standard_normal(count)
    hue = np.where(kind < 0.45, 0.07 + 0.06 * spread, np.where(kind < 0.8, 0.59 + 0.05 * spread, any_hue)) % 1
    strength = saturation[0] + (saturation[1] - saturation[0]) * strength
    loud = ((hue > 0.22) & (hue < 0.5)) | ((hue > 0.7) & (hue < 0.93))  # green and purple
    strength = np.where(loud, 0.55 * strength, strength)[:, None]
    bright = (value[0] + (value[1] - value[0]) * bright)[:, None]
    pure = np.clip(np.abs((hue[:, None] * 6 + [0, 4, 2]) % 6 - 3) - 1, 0, 1)
    return (bright * (1 - strength + strength * pure)) ** 2.2


def wall_paint(rng: np.random.Generator) -> Colour:
    """Mostly off-white and grey, some pastel, a few deep."""
    kind = rng.random()
    if kind < 0.55:
        return rng.uniform(0.4, 0.85) * np.array([1, rng.uniform(0.93, 1.0), rng.uniform(0.8, 1.0)])
    if kind < 0.85:
        return colour(rng, (0.55, 0.9), (0.08, 0.35))
    return colour(rng, (0.15, 0.55), (0.1, 0.6))


def noise(size: tuple[int, int], cell: float | tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Gaussian, unit deviation, float32 [h, w]; a `cell` is (w, h) px."""
    across, down = cell if isinstance(cell, tuple) else (cell, cell)
    coarse = rng.standard_normal((max(2, int(size[1] / down) + 1), max(2, int(size[0] / across) + 1)), np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC if max(across, down) > 3 else cv2.INTER_LINEAR)


def plaster(size: tuple[int, int], paint: Colour, rng: np.random.Generator) -> np.ndarray:
    fine, coarse = rng.uniform(0, (0.03, 0.015)).astype(np.float32)
    return _tinted(paint, 1 + fine * noise(size, 2, rng) + coarse * noise(size, rng.uniform(20, 90), rng))


def wood(size: tuple[int, int], grain: float, rng: np.random.Generator) -> np.ndarray:
    """Grain runs sideways, so a third of the columns is enough; `grain` is the distance of growth rings in px."""
    base = np.array(WOODS[rng.integers(len(WOODS))]) * rng.uniform(0.7, 1.3)
    few = (size[0] // 3 + 1, size[1])
    rows = np.arange(size[1], dtype=np.float32)[:, None]
    phase = rows / np.float32(grain) + np.float32(rng.uniform(0.4, 1.4)) * noise(few, (6 * grain, 5 * grain), rng)
    rings = np.abs(phase - np.rint(phase)) * 4 - 1  # a triangle wave: growth rings are sharp on one side
    streaks = noise(few, (3 * grain, max(1.0, grain / 5)), rng)
    pores = np.maximum(0, noise(few, (max(1.0, grain / 3), 1.0), rng) - 1.2)
    strength = np.float32(rng.uniform(0.04, 0.16))
    factor = 1 + strength * (rings + np.float32(0.8) * streaks) - np.float32(rng.uniform(0, 0.25)) * pores
    return _tinted(base, cv2.resize(factor, size, interpolation=cv2.INTER_LINEAR))


def boards(size: tuple[int, int], board: float, rng: np.random.Generator) -> np.ndarray:
    """Wooden boards side by side, the seams dark, each of its own shade."""
    image = wood(size, rng.uniform(0.06, 0.2) * board, rng)
    seam = np.asarray(image[0, 0]) * 0.45
    for top in np.arange(rng.uniform(-board, 0), size[1], board):
        first, last = max(0, int(top)), min(size[1], int(top + board))
        if last > first:
            shade = rng.uniform(0.85, 1.1)
            image[first:last] = cv2.convertScaleAbs(cv2.flip(image[first:last], int(rng.integers(-1, 2))), alpha=shade)
            cv2.line(image, (0, last), (size[0], last), seam.tolist(), max(1, round(board / 40)))
    return image


def bricks(size: tuple[int, int], height: float, rng: np.random.Generator) -> np.ndarray:
    """Running bond with mortar; `height` of a course in px."""
    base = np.array(BRICKS[rng.integers(len(BRICKS))]) * rng.uniform(0.7, 1.3)
    mortar = np.full(3, rng.uniform(0.15, 0.6)) if rng.random() < 0.7 else base * 0.8
    image = np.full((size[1], size[0], 3), coded(mortar), np.uint8)
    width, joint, spread = height * rng.uniform(2, 3), height * rng.uniform(0.08, 0.16), rng.uniform(0.03, 0.2)
    row, column = np.mgrid[: int(size[1] / height) + 2, : int(size[0] / width) + 3].reshape(2, -1)
    left, top = (column - 1 - 0.5 * (row % 2)) * width, (row - rng.random()) * height
    ends = np.rint(np.stack([left, top, left + width - joint, top + height - joint], 1) * 16).astype(int)
    shades = coded(base * np.exp(spread * (rng.standard_normal((len(left), 1)) + 0.15 * rng.standard_normal((len(left), 3)))))
    for (x1, y1, x2, y2), shade in zip(ends.tolist(), shades.tolist(), strict=True):
        cv2.rectangle(image, (x1, y1), (x2, y2), shade, -1, cv2.LINE_AA, 4)
    return mottled(image, 0.05, 1.5, rng)


def cloth(size: tuple[int, int], dye: Colour, folds: int, rng: np.random.Generator) -> np.ndarray:
    """A curtain: `folds` across, steeper on one side, slowly wandering on the way down."""
    few = (size[0], size[1] // 8 + 2)
    across = np.linspace(0, 2 * np.pi * folds, size[0], dtype=np.float32)[None]
    wander = np.float32(rng.uniform(0.5, 2.0)) * noise(few, (size[0] / (1.5 * folds), few[1] / 1.5), rng)
    phase = (
        across + wander + np.float32(rng.uniform(0.2, 0.9)) * np.sin(across * np.float32(0.37) + np.float32(rng.uniform(0, 6)))
    )
    relief = np.cos(phase) + np.float32(rng.uniform(0, 0.5)) * np.cos(2 * phase + 1)
    factor = 1 + np.float32(rng.uniform(0.12, 0.42)) * relief
    return _tinted(dye, cv2.resize(factor, size, interpolation=cv2.INTER_LINEAR))


def mottled(image: np.ndarray, amount: float, cell: float | tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Stains, brush strokes, wiping marks, rough stone."""
    factor = 1 + np.float32(amount) * noise(image.shape[1::-1], cell, rng)
    return cv2.multiply(image, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGB), dtype=cv2.CV_8U)


def foliage(size: tuple[int, int], leaf: float, rng: np.random.Generator) -> np.ndarray:
    """Out-of-focus leaves before a bright sky: discs from dark to light, as a lens draws them; `leaf` is their radius in px."""
    green = np.array([rng.uniform(0.05, 0.3), rng.uniform(0.16, 0.3), rng.uniform(0.01, 0.08)])
    depth = noise(size, leaf * 6, rng)
    image = _tinted(green * 0.5, np.exp(0.5 * depth))
    for share in np.linspace(0, 1, 7):
        shade = green * (0.3 + 1.6 * share**1.5) * np.exp(rng.normal(0, 0.12, 3))
        _discs(image, int(26 * (1 - 0.5 * share)), leaf * (1.3 - 0.5 * share), coded(shade), rng)
    if rng.random() < 0.7:
        sky = np.array([0.8, 0.95, 1.1]) * rng.uniform(0.6, 2.2)
        _discs(image, int(rng.integers(5, 50)), leaf * 0.6, coded(sky), rng, height=rng.uniform(0.3, 1.0))
    return image


def _discs(
    image: np.ndarray, count: int, radius: float, shade: np.ndarray, rng: np.random.Generator, height: float = 1.0
) -> None:
    """Translucent, as overlapping circles of confusion are."""
    veil = image.copy()
    rows, columns = image.shape[:2]
    for x, y, r in zip(
        rng.uniform(0, columns, count), rng.uniform(0, rows * height, count), radius * rng.uniform(0.6, 1.4, count), strict=True
    ):
        cv2.circle(veil, (round(16 * x), round(16 * y)), round(16 * r), shade.tolist(), -1, cv2.LINE_AA, 4)
    cv2.addWeighted(image, 0.4, veil, 0.6, 0, dst=image)


def _tinted(base: Colour, factor: np.ndarray) -> np.ndarray:
    """Tones of one base colour under a factor [h, w] of about 1."""
    shades = np.arange(256, dtype=np.float32) / 100  # square roots of the factor
    table = coded((shades**2)[:, None, None] * np.asarray(base))
    grey = cv2.convertScaleAbs(np.sqrt(np.maximum(factor, 0)), alpha=100)
    return cv2.LUT(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), table)
