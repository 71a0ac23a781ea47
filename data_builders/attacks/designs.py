"""What is tattooed on faces: script, blades, stars, spirals, bars, dots, as closed rings [n, 2] within -1 to 1."""

import numpy as np

from .outlines import stroke


def _script(rng: np.random.Generator) -> list[np.ndarray]:
    """A line of signs like letters, each of bows and stems."""
    count = int(rng.integers(3, 8))
    width, slant, pen = 2 / count, rng.uniform(0, 0.4), rng.uniform(0.06, 0.12)
    rings = []
    for i in range(count):
        left, tall = -1 + i * width, rng.choice([0.35, 0.35, 0.6])
        for _ in range(rng.integers(2, 4)):
            start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(-4.5, 4.5)
            turn = start + sweep * np.linspace(0, 1, 12)
            bow = np.stack([np.cos(turn) * 0.4 * width, np.sin(turn) * tall * rng.uniform(0.5, 1)], 1)
            bow[:, 0] += left + width * rng.uniform(0.4, 0.6) - slant * bow[:, 1]
            rings.append(stroke(bow, np.linspace(1.3, 0.7, 12) * pen))
        stem = np.array([[left + width / 2 + slant * tall, -tall], [left + width / 2 - slant * tall, tall]])
        rings.append(stroke(np.linspace(stem[0], stem[1], 6), np.full(6, pen)))
    return rings


def _blades(rng: np.random.Generator) -> list[np.ndarray]:
    """Tribal: curved blades about one stem."""
    rings = []
    for _ in range(rng.integers(4, 9)):
        start, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-2.2, 2.2)
        along = np.linspace(0, 1, 16)
        turn = start + bend * along
        line = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), 0) / 16 * rng.uniform(0.7, 1.1) + rng.normal(0, 0.15, 2)
        rings.append(stroke(line, np.sin(np.pi * np.clip(along + 0.02, 0, 1)) * rng.uniform(0.1, 0.3)))
    return rings


def _star(rng: np.random.Generator) -> list[np.ndarray]:
    """One to four stars, full or as outlines."""
    rings = []
    for _ in range(rng.integers(1, 5)):
        points, size, place = int(rng.integers(4, 7)), rng.uniform(0.25, 0.7), rng.uniform(-0.5, 0.5, 2)
        turn = np.arange(2 * points) * np.pi / points + rng.uniform(0, 1)
        outline = np.stack([np.cos(turn), np.sin(turn)], 1) * np.where(np.arange(2 * points) % 2, 0.42, 1)[:, None] * size + place
        if rng.random() < 0.5:
            rings.append(outline.astype(np.float32))
        else:
            rings += [stroke(np.array(side), np.full(2, 0.07)) for side in zip(outline, np.roll(outline, -1, 0))]
    return rings


def _spiral(rng: np.random.Generator) -> list[np.ndarray]:
    """Spirals with parallel lines, as on carved faces."""
    rings = []
    for arm in range(int(rng.integers(1, 4))):
        turn = np.linspace(0, rng.uniform(2, 4) * np.pi, 60)
        radius = np.linspace(0.08, 1.0, 60)
        shift = arm * 2 * np.pi / 3
        rings.append(
            stroke(np.stack([np.cos(turn + shift), np.sin(turn + shift)], 1) * radius[:, None], np.linspace(0.05, 0.16, 60))
        )
    return rings


def _bars(rng: np.random.Generator) -> list[np.ndarray]:
    """Parallel bars, a cross, or a barbed line."""
    pen, kind = rng.uniform(0.08, 0.2), rng.integers(3)
    if kind == 0:
        return [
            stroke(np.array([[-0.9, y], [0.9, y + 0.1]]), np.full(2, pen))
            for y in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))
        ]
    if kind == 1:
        return [stroke(np.array(line), np.full(2, pen)) for line in (((0, -1), (0, 1)), ((-0.6, -0.35), (0.6, -0.35)))]
    x = np.linspace(-1, 1, 40)
    wire = np.stack([x, 0.12 * np.sin(9 * x)], 1)
    barbs = [stroke(np.array([[b - 0.1, -0.22], [b + 0.1, 0.22]]), np.full(2, pen * 0.7)) for b in np.linspace(-0.85, 0.85, 6)]
    return [stroke(wire, np.full(40, pen * 0.8)), *barbs]


def _dots(rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of dots that grow smaller."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    disc = np.stack([np.cos(turn), np.sin(turn)], 1)
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(3, 8))
    return [
        (disc * rng.uniform(0.05, 0.14) + [x, y]).astype(np.float32)
        for y in np.linspace(-0.4, 0.4, rows)
        for x in np.linspace(-0.9, 0.9, columns)
    ]


DESIGNS = (_script, _blades, _star, _spiral, _bars, _dots)
