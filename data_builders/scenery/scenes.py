"""What is behind a person or around a print: rooms, desks, windows, streets, each with its own light and depth of field.

Every class gets the same scenes, so a background says nothing; monitors, posters and frames stand behind live people on purpose. Drawn
on a canvas in cm that is as coarse as the defocus allows: half a body is seen, 45 to 115 cm across.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from . import artwork, furnishings
from .canvas import Canvas, Colour, coded, linear, rectangles
from .surfaces import BRICKS, boards, bricks, cloth, colour, foliage, mottled, noise, plaster, wall_paint

SEEN_CM = (45.0, 115.0)  # across the frame, at the depth of the background
DESK_CM = (18.0, 60.0)  # a print lies on it, not a person
BLUR = (0.0012, 0.03)  # of the frame's width; deviation of the defocus
FAR = {"foliage": 0.009, "lecture room": 0.004, "street": 0.0025}  # the least blur of what is never near
SHARP_SHARE = 0.4  # phones and webcams see far and near alike


@dataclass(frozen=True, eq=False)
class Scene:
    """`pixels` linear light float32 [h, w, 3] in 0-1; `light` [3] the colour of what lights it, 1 on average."""

    pixels: np.ndarray
    kind: str
    light: np.ndarray


def scene(size: tuple[int, int], rng: np.random.Generator, kind: str | None = None) -> Scene:
    """`size` (width, height) px; `kind` one of SCENES, drawn if None."""
    kind = kind or str(rng.choice(list(SCENES)))
    blur = _defocus(kind, rng) * size[0]
    step = 1 if blur < 2 else 2 if blur < 5 else 3  # what is blurred that much is drawn as well on fewer pixels
    canvas = Canvas((-(-size[0] // step), -(-size[1] // step)), rng.uniform(*(DESK_CM if kind == "desk" else SEEN_CM)), rng)
    SCENES[kind](canvas, rng)
    drawn = cv2.GaussianBlur(canvas.pixels, (0, 0), max(0.45, blur / step))
    if step > 1:
        drawn = cv2.resize(drawn, size, interpolation=cv2.INTER_LINEAR)
    light = _light(rng)
    return Scene(_exposed(linear(drawn, light), rng), kind, light)


def contact_shadow(frame: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`frame` [h, w, 3] with the shadow that a flat thing, `mask` [h, w] 0-1, casts on the desk that it lies on."""
    height, width = mask.shape
    small = cv2.resize(mask, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    near, far = (cv2.GaussianBlur(small, (0, 0), share * width / 2) for share in rng.uniform((0.002, 0.008), (0.006, 0.03)))
    lift = rng.uniform(-1, 1, 2) * 0.015 * width / 2  # a sheet is never quite flat
    far = cv2.warpAffine(
        far, np.array([[1, 0, lift[0]], [0, 1, lift[1]]], np.float32), far.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    depth = np.float32(rng.uniform(0.15, 0.5)) * near + np.float32(rng.uniform(0.05, 0.3)) * far
    dim = 1 - cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR) * (1 - mask)
    return cv2.multiply(frame, cv2.cvtColor(dim, cv2.COLOR_GRAY2RGB))


def _defocus(kind: str, rng: np.random.Generator) -> float:
    low, high = BLUR
    if kind in FAR:
        low = FAR[kind]
    elif kind == "desk" or rng.random() < SHARP_SHARE:
        return float(rng.uniform(low, 2 * low))
    return float(low * (high / low) ** rng.random())


def _light(rng: np.random.Generator) -> np.ndarray:
    """Along the line of black bodies, what a camera's white balance leaves of it."""
    warmth = rng.normal(0, 0.12)
    tint = np.exp([warmth, rng.normal(0, 0.02), -warmth])
    return (tint / tint.mean()).astype(np.float32)


def _exposed(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off across the scene, its level, and the grain that keeps plain walls from being perfect."""
    height, width = light.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, 6), np.linspace(-1, 1, 6))
    slope = rng.normal(0, 0.22) * across + rng.normal(-0.12, 0.2) * down + rng.normal(0, 0.04, (6, 6))
    spot = rng.uniform(0, 0.6) * np.exp(-((across - rng.normal(0, 0.7)) ** 2 + (down + rng.uniform(0, 1)) ** 2) / 0.5)
    level = 2 ** rng.uniform(-1.6, 0.4)
    field = cv2.resize((level * np.exp(slope + spot)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    field *= 1 + np.float32(0.016) * noise((width, height), 2, rng)
    lit = cv2.multiply(light, cv2.cvtColor(field, cv2.COLOR_GRAY2RGB))
    return np.clip(lit, 0, 1, out=lit)


# One function a kind: draws on a canvas


def _wall(canvas: Canvas, rng: np.random.Generator) -> Colour:
    """Paint, at times with a corner of the room, a door frame or a skirting board."""
    paint = wall_paint(rng)
    canvas.pixels[:] = plaster(canvas.pixels.shape[1::-1], paint, rng)
    if rng.random() < 0.3:
        x = rng.uniform(0, canvas.width)
        far = rng.choice([-99.0, canvas.width + 99])
        canvas.fill(np.array([[[x, -9], [far, -9], [far, 999], [x, 999]]]), paint * rng.uniform(0.45, 0.85))
        canvas.shade(np.array([[x - 3, -9], [x + 3, -9], [x + 3, 999], [x - 3, 999]]), 0.12, 4)
    return paint


def _plain(canvas: Canvas, rng: np.random.Generator) -> None:
    paint = _wall(canvas, rng)
    if rng.random() < 0.3:
        _door(canvas, paint, rng)
    if rng.random() < 0.25:
        x, y = rng.uniform(0, canvas.width), rng.uniform(0.2, 0.8) * canvas.height
        furnishings.shadow(canvas, x, y, 8, 8, rng)
        canvas.box(x, y, 8, 8, np.full(3, 0.7))
        canvas.box(x + 2, y + 2, 4, 4, np.full(3, 0.78))


def _door(canvas: Canvas, paint: Colour, rng: np.random.Generator) -> None:
    x, leaf = rng.uniform(-60, canvas.width - 10), wall_paint(rng) if rng.random() < 0.6 else np.array([0.3, 0.16, 0.08])
    canvas.box(x - 7, -9, 94, 999, np.minimum(0.85, paint * rng.uniform(0.7, 1.5)))
    canvas.shade(np.array([[x - 1, -9], [x + 81, -9], [x + 81, 999], [x - 1, 999]]), 0.5, 0.4)
    canvas.box(x, -9, 80, 999, leaf)
    for top in (-20, 40):
        canvas.box(x + 12, top, 56, 52, leaf * 0.6)
        canvas.box(x + 13, top + 1, 55, 51, leaf * 1.12)
        canvas.box(x + 14, top + 2, 52, 48, leaf * 0.97)


def _desk(canvas: Canvas, rng: np.random.Generator) -> None:
    """Seen from above."""
    size = canvas.pixels.shape[1::-1]
    kind = rng.random()
    if kind < 0.65:
        grain = boards(size[::-1] if kind < 0.3 else size, canvas.per_cm * rng.uniform(8, 60), rng)
        canvas.pixels[:] = cv2.transpose(grain) if kind < 0.3 else grain
    else:
        top = wall_paint(rng) if kind < 0.85 else np.full(3, rng.uniform(0.01, 0.08))
        canvas.pixels[:] = plaster(size, top, rng)
    furnishings.litter(canvas, rng)


def _posters(canvas: Canvas, rng: np.random.Generator) -> None:
    _wall(canvas, rng)
    x = rng.uniform(-35, 5)
    while x < canvas.width:
        width = rng.uniform(21, 60)
        height = width * rng.choice([1.414, 1.33, 0.75])
        furnishings.poster(canvas, x, rng.uniform(-25, 0.35 * canvas.height), width, height, rng)
        x += width + rng.uniform(1, 14)


def _frames(canvas: Canvas, rng: np.random.Generator) -> None:
    _wall(canvas, rng)
    x = rng.uniform(-20, 8)
    while x < canvas.width:
        width = rng.uniform(16, 50)
        furnishings.framed_picture(canvas, x, rng.uniform(-10, 0.4 * canvas.height), width, width * rng.uniform(0.65, 1.5), rng)
        x += width + rng.uniform(4, 25)


def _monitors(canvas: Canvas, rng: np.random.Generator) -> None:
    _wall(canvas, rng)
    sharp = canvas.pixels.shape[1] / canvas.width > 3.5 and rng.random() < 0.7
    top, light = rng.uniform(0.02, 0.45) * canvas.height, rng.uniform(0.5, 1.8)
    furnishings.table(canvas, min(top + 45, canvas.height * 0.92), rng)
    x = rng.uniform(-30, 25)
    for _ in range(rng.integers(1, 4)):
        width = rng.uniform(45, 65)
        furnishings.monitor(canvas, x, top + rng.normal(0, 1), width, light, rng, sharp)
        x += width + rng.uniform(1, 12)


def _window(canvas: Canvas, rng: np.random.Generator) -> None:
    paint = _wall(canvas, rng)
    canvas.pixels[:] = cv2.convertScaleAbs(canvas.pixels, alpha=rng.uniform(0.5, 0.85))  # the wall that lies against the light
    width = rng.uniform(0.5, 1.2) * canvas.width
    x, y = rng.uniform(-0.4 * width, canvas.width - 0.5 * width), rng.uniform(-20, 8)
    canvas.box(x - 6, y - 6, width + 12, 999, paint * 0.3)
    furnishings.window(canvas, x, y, width, rng.uniform(0.5, 1.0) * canvas.height, rng)


def _bookshelf(canvas: Canvas, rng: np.random.Generator) -> None:
    back = np.array([0.3, 0.19, 0.1]) if rng.random() < 0.6 else np.full(3, 0.5)
    canvas.pixels[:] = plaster(canvas.pixels.shape[1::-1], back * rng.uniform(0.15, 0.6), rng)
    top = rng.uniform(-25, 0)
    while top < canvas.height:
        height = rng.uniform(24, 34)
        furnishings.shelf(canvas, top, height, rng)
        top += height + 2.2


def _foliage(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.pixels[:] = foliage(canvas.pixels.shape[1::-1], canvas.pixels.shape[1] * rng.uniform(0.015, 0.07), rng)


def _street(canvas: Canvas, rng: np.random.Generator) -> None:
    """Sky, house fronts with windows, a road."""
    size = canvas.pixels.shape[1::-1]
    canvas.pixels[:] = artwork.gradient(
        size, np.array([0.5, 0.75, 1.1]) * rng.uniform(0.6, 1.6), np.full(3, rng.uniform(0.7, 1.6))
    )
    x, road = rng.uniform(-60, -10), canvas.height * rng.uniform(0.7, 1.0)
    while x < canvas.width:
        width, roof = rng.uniform(22, 60), rng.uniform(-0.3, 0.45) * canvas.height
        front = (wall_paint(rng) if rng.random() < 0.7 else np.array(BRICKS[rng.integers(3)])) * rng.uniform(0.4, 1)
        canvas.box(x, roof, width, 999, front)
        canvas.shade(np.array([[x + width - 2, roof], [x + width, roof], [x + width, 999], [x + width - 2, 999]]), 0.4, 1)
        _openings(canvas, x, roof, width, front, rng)
        x += width
    canvas.box(-9, road, canvas.width + 20, 999, np.full(3, rng.uniform(0.08, 0.25)))


def _openings(canvas: Canvas, x: float, roof: float, width: float, front: Colour, rng: np.random.Generator) -> None:
    columns = max(2, int(width / rng.uniform(7, 13)))
    pitch = width / columns
    rows = np.arange(roof + 0.5 * pitch, canvas.height, 1.6 * pitch)
    left, top = (grid.ravel() for grid in np.meshgrid(x + pitch * (np.arange(columns) + 0.25), rows))
    size = np.full_like(left, 0.5 * pitch), np.full_like(left, 0.9 * pitch)
    canvas.fill(rectangles(np.stack([left - 0.5, top - 0.5, size[0] + 1, size[1] + 1], 1)), np.minimum(0.8, front * 1.6 + 0.05))
    glass = np.array([0.1, 0.13, 0.17]) * np.exp(rng.normal(0, 0.6, (len(left), 1)))
    canvas.fill_each(rectangles(np.stack([left, top, *size], 1)), glass)


def _curtain(canvas: Canvas, rng: np.random.Generator) -> None:
    size = canvas.pixels.shape[1::-1]
    canvas.pixels[:] = cloth(size, colour(rng, (0.25, 0.9), (0, 0.45)), int(rng.integers(4, 16)), rng)


def _lecture_room(canvas: Canvas, rng: np.random.Generator) -> None:
    paint = _wall(canvas, rng)
    canvas.pixels[:] = cv2.convertScaleAbs(canvas.pixels, alpha=rng.uniform(0.4, 0.9))
    ceiling = 0.34 * canvas.height
    canvas.box(-9, -99, canvas.width + 20, 99 + ceiling, paint * rng.uniform(0.2, 0.7))
    furnishings.lamps(canvas, int(rng.integers(3, 7)), rng)
    if rng.random() < 0.5:
        x, wide = rng.uniform(0, 0.5) * canvas.width, rng.uniform(0.3, 0.6) * canvas.width
        shown = artwork.window(canvas.cells(wide, wide * 0.6), rng)
        canvas.place(cv2.convertScaleAbs(shown, alpha=rng.uniform(0.8, 1.4)), x, ceiling, wide, wide * 0.6)
    furnishings.seats(canvas, rng)


def _board(canvas: Canvas, rng: np.random.Generator) -> None:
    """White with marker or green with chalk."""
    white = rng.random() < 0.5
    paint = np.full(3, 0.75) if white else np.array([0.03, 0.07, 0.05]) * rng.uniform(0.5, 2)
    canvas.pixels[:] = plaster(canvas.pixels.shape[1::-1], paint, rng)
    canvas.pixels[:] = mottled(canvas.pixels, 0.03 if white else 0.12, 15 * canvas.per_cm, rng)
    for _ in range(rng.integers(1, 3)):
        furnishings.scribble(canvas, colour(rng, (0.05, 0.6), (0.5, 1)) if white else np.full(3, 0.5), rng)
    y = rng.uniform(0.75, 1.3) * canvas.height
    canvas.box(-9, y, canvas.width + 20, 3, np.full(3, 0.4))
    canvas.box(-9, y + 3, canvas.width + 20, 999, wall_paint(rng))


def _bricks(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.pixels[:] = bricks(canvas.pixels.shape[1::-1], rng.uniform(4, 9) * canvas.per_cm, rng)


def _panelling(canvas: Canvas, rng: np.random.Generator) -> None:
    size = canvas.pixels.shape[1::-1]
    canvas.pixels[:] = cv2.transpose(boards(size[::-1], rng.uniform(6, 25) * canvas.per_cm, rng))


def _backdrop(canvas: Canvas, rng: np.random.Generator) -> None:
    """Flat, gradient, soft noise or blocks: what stands in studios and on screens."""
    height, width = (side // 2 + 1 for side in canvas.pixels.shape[:2])  # it has no detail
    kind = rng.integers(4)
    cells = (1, 2, int(rng.integers(4, 12)), int(rng.integers(2, 7)))[kind]
    small = rng.random((cells, cells, 3)) * rng.uniform(0.2, 1) + rng.random(3) * 0.3
    grey = small.mean(2, keepdims=True)
    small = (grey + rng.uniform(0.1, 0.5) * (small - grey)) ** 1.8  # rooms are duller than random colours
    filter_ = cv2.INTER_NEAREST if kind == 3 else cv2.INTER_LINEAR
    wall = cv2.resize(small.astype(np.float32), (width, height), interpolation=filter_).reshape(height, width, 3)
    rough = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 1.5)
    half = coded(np.clip(wall * (1 + np.float32(rng.uniform(0, 0.2)) * rough[..., None]), 0, 1))
    canvas.pixels[:] = cv2.resize(half, canvas.pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)


SCENES: dict[str, Callable[[Canvas, np.random.Generator], None]] = {
    "wall": _plain,
    "desk": _desk,
    "poster wall": _posters,
    "picture frames": _frames,
    "monitor": _monitors,
    "window": _window,
    "bookshelf": _bookshelf,
    "foliage": _foliage,
    "street": _street,
    "curtain": _curtain,
    "lecture room": _lecture_room,
    "board": _board,
    "bricks": _bricks,
    "panelling": _panelling,
    "backdrop": _backdrop,
}
