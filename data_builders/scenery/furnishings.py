"""Things that stand or hang behind a person, put on a canvas in cm: posters, frames, monitors, windows, shelves, desks, lamps."""

import cv2
import numpy as np

from . import artwork
from .canvas import Canvas, Colour, coded, rectangle, tone
from .surfaces import WOODS, cloth, colour, colours, foliage, wood

STRIPE_PHASES = np.float32(2 * np.pi / 3) * np.arange(3, dtype=np.float32)


def shadow(canvas: Canvas, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
    """Of something flat that hangs off the wall by a centimetre or two."""
    dx, dy = rng.normal(0, 1.2), rng.uniform(0.3, 2)
    canvas.shade(rectangle(x + dx, y + dy, width, height), rng.uniform(0.15, 0.6), rng.uniform(0.4, 2))


def poster(canvas: Canvas, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
    shadow(canvas, x, y, width, height, rng)
    picture = artwork.poster if rng.random() < 0.8 else artwork.page
    canvas.place(picture(canvas.cells(width, height), rng), x, y, width, height)
    if rng.random() < 0.3:
        for across, down in rectangle(x + 1, y + 1, width - 2, height - 2).tolist():
            canvas.disc(across, down, 0.5, colour(rng))


def framed_picture(canvas: Canvas, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
    """Moulding with a lit and a dark side, a mat, a picture."""
    shadow(canvas, x, y, width, height, rng)
    base = np.array(WOODS[rng.integers(len(WOODS))]) if rng.random() < 0.5 else colour(rng, (0.05, 0.95), (0, 0.35))
    rim = min(width, height) * rng.uniform(0.03, 0.1)
    inner = rectangle(x + rim, y + rim, width - 2 * rim, height - 2 * rim)
    outer = rectangle(x, y, width, height)
    for side, light in enumerate((1.25, 0.8, 0.6, 1.05)):
        after = (side + 1) % 4
        canvas.fill(np.array([[outer[side], outer[after], inner[after], inner[side]]]), base * light)
    mat = min(width, height) * rng.uniform(0.05, 0.18) * (rng.random() < 0.75)
    canvas.box(x + rim, y + rim, width - 2 * rim, height - 2 * rim, rng.uniform(0.5, 0.9) * np.array([1, 0.98, 0.94]))
    edge = rim + mat
    picture = (artwork.landscape, artwork.shapes, artwork.page)[rng.choice(3, p=(0.55, 0.35, 0.1))]
    size = (width - 2 * edge, height - 2 * edge)
    canvas.place(picture(canvas.cells(*size), rng), x + edge, y + edge, *size)
    canvas.shade(rectangle(x + rim, y + rim, width - 2 * rim, 0.8), 0.4, 0.4)


def monitor(canvas: Canvas, x: float, y: float, width: float, light: float, rng: np.random.Generator, sharp: bool) -> None:
    """Sixteen by nine, on its foot; `light` of its white. A `sharp` one shows its stripes as the sensor samples them."""
    height, bezel = width * rng.uniform(0.54, 0.62), width * rng.uniform(0.012, 0.04)
    shell = np.full(3, rng.choice([0.01, 0.02, 0.05, 0.5])) * rng.uniform(0.7, 1.3)
    middle, neck = x + width / 2, width * rng.uniform(0.06, 0.14)
    canvas.box(middle - neck / 2, y + height, neck, width * 0.12, shell * 0.7)
    canvas.box(middle - width * 0.2, y + height + width * 0.11, width * 0.4, width * 0.025, shell)
    canvas.box(x, y, width, height, shell)
    canvas.box(x, y, width, bezel * 0.25, shell * 2.5)
    panel = (width - 2 * bezel, height - 2.4 * bezel)
    shown = artwork.desktop(canvas.cells(*panel), rng) if rng.random() < 0.9 else np.full((8, 8, 3), coded(np.array(0.01)))
    lit = cv2.convertScaleAbs(shown, alpha=np.sqrt(light))
    canvas.place(striped(lit, rng) if sharp else lit, x + bezel, y + bezel, *panel)


def striped(panel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sub-pixels about as fine as the sensor's: each pixel averages its part of a stripe, and what is finer than two pixels folds into moire."""
    pitch, turn = rng.uniform(0.9, 2.6), rng.normal(0, 0.04)
    left = np.sinc(1 / pitch)  # what averaging over one pixel leaves of the stripes
    rows, columns = (np.arange(n, dtype=np.float32) for n in panel.shape[:2])
    bent = rng.normal(0, 0.02) * (columns / len(columns) - 0.5) ** 2 * len(columns)
    phase = (2 * np.pi / pitch) * ((columns * np.float32(np.cos(turn)) + bent)[None] + rows[:, None] * np.float32(np.sin(turn)))
    stripes = np.cos(phase.astype(np.float32)[..., None] + STRIPE_PHASES)
    return cv2.multiply(panel, 1 + np.float32(0.8 * left) * stripes, dtype=cv2.CV_8U)


def window(canvas: Canvas, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
    """Daylight through panes; bars, sill, sometimes a blind or curtains."""
    outside = rng.uniform(0.9, 2.4)
    cells = canvas.cells(width, height)
    view = foliage(cells, max(2.0, cells[0] / 16), rng) if rng.random() < 0.5 else artwork.landscape(cells, rng)
    sky = coded(np.array([0.9, 0.97, 1.08]) * outside)
    share = np.clip(np.linspace(rng.uniform(0.7, 1.3), rng.uniform(-0.2, 0.5), cells[1], dtype=np.float32), 0, 1)[:, None, None]
    view = (cv2.convertScaleAbs(view, alpha=np.sqrt(outside)) * (1 - share) + sky * share).astype(np.uint8)
    canvas.place(view, x, y, width, height)
    if rng.random() < 0.35:
        _blind(canvas, x, y, width, height * rng.uniform(0.4, 1), outside, rng)
    frame = np.full(3, rng.choice([0.05, 0.35, 0.6])) * rng.uniform(0.6, 1.2)  # seen against the light
    bar, columns, rows = rng.uniform(2, 5), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    for across in np.linspace(x, x + width, columns + 1):
        canvas.box(across - bar / 2, y - bar / 2, bar, height + bar, frame)
    for down in np.linspace(y, y + height, rows + 1):
        canvas.box(x - bar / 2, down - bar / 2, width + bar, bar, frame)
    canvas.box(x - 5, y + height + bar / 2, width + 10, rng.uniform(2, 5), frame * 1.4)
    if rng.random() < 0.4:
        _drapes(canvas, x, y, width, height, rng)


def _blind(canvas: Canvas, x: float, y: float, width: float, height: float, outside: float, rng: np.random.Generator) -> None:
    pitch, open_ = rng.uniform(2, 4), rng.uniform(0.35, 0.85)
    slats = np.array([rectangle(x, top, width, pitch * open_) for top in np.arange(y, y + height, pitch).tolist()])
    canvas.fill(slats, np.array([1, 0.97, 0.9]) * outside * rng.uniform(0.25, 0.6))


def _drapes(canvas: Canvas, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
    dye, part = colour(rng, (0.3, 0.95), (0, 0.5)), width * rng.uniform(0.12, 0.35)
    for left in (x - 6, x + width + 6 - part):
        hanging = cloth(canvas.cells(part, height + 20), dye, max(2, int(part / 5)), rng)
        canvas.place(hanging, left, y - 8, part, height + 20)


def shelf(canvas: Canvas, top: float, height: float, rng: np.random.Generator) -> None:
    """One board with what stands on it: books of many heights, some leaning or lying, a box, a gap."""
    canvas.shade(rectangle(-5, top, canvas.width + 10, height * 0.5), 0.45, height * 0.12)
    count, board = int(canvas.width / 2.6) + 4, top + height
    thick = rng.uniform(1.2, 4.8, count)
    gaps = np.where(rng.random(count) < 0.04, rng.uniform(3, 18, count), 0.12)
    left = np.cumsum(thick + gaps) - thick - 9
    first = np.maximum.accumulate(np.where(rng.random(count) < 0.55, np.arange(count), 0))  # of a series of equal volumes
    tall = height * rng.uniform(0.55, 0.92, count)[first]
    covers = colours(count, rng, (0.08, 0.85), (0, 0.7))[first]
    labels = np.where(covers.mean(1, keepdims=True) < 0.25, colours(count, rng, (0.5, 0.85), (0, 0.4)), covers * 0.2)
    lean, at, long = rng.normal(0, 0.5, count), rng.uniform(0.3, 0.6, count)[first], rng.uniform(0.08, 0.3, count)[first]

    def band(x1: float, x2: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """[count, 4, 2]: a part of every spine, in shares of its width and height."""
        ends = ((x1, high), (x2, high), (x2, low), (x1, low))
        return np.stack([np.stack([left + thick * x + lean * up, board - tall * up], 1) for x, up in ends], 1)

    foot, head = np.zeros(count), np.ones(count)
    bands = (
        (band(0, 1, foot, head), covers),
        (band(0.15, 0.4, foot, head), covers * 1.2),
        (band(0.85, 1, foot, head), covers * 0.35),
        (band(0.38, 0.62, at, at + long), labels),
        (band(0.1, 0.9, foot + 0.06, foot + 0.1), labels * 0.8),
    )
    canvas.fill_each(*(np.concatenate(part) for part in zip(*bands, strict=True)))
    canvas.box(-5, board, canvas.width + 10, 2.2, np.array(WOODS[0]) * 0.9)


def lamps(canvas: Canvas, rows: int, rng: np.random.Generator) -> None:
    """A ceiling in perspective with rows of panels of light that run to a vanishing point."""
    white = np.array([1, rng.uniform(0.9, 1), rng.uniform(0.75, 1.05)]) * rng.uniform(1.3, 2.5)
    gone = np.array([rng.uniform(0.2, 0.8) * canvas.width, rng.uniform(0.3, 0.5) * canvas.height])
    panels = []
    for column in np.linspace(-0.6, 1.6, rng.integers(3, 6)) * canvas.width:
        for near in np.geomspace(1.0, 0.18, rows):
            far, wide = near * 0.8, rng.uniform(0.9, 1) * canvas.width * 0.13
            ends = [(column - wide, near), (column + wide, near), (column + wide, far), (column - wide, far)]
            panels.append([gone + (np.array([at, -0.25 * canvas.height]) - gone) * depth for at, depth in ends])
    canvas.fill(np.array(panels), white)


def seats(canvas: Canvas, rng: np.random.Generator) -> None:
    """Rows of seat backs that grow towards the camera."""
    cover = colour(rng, (0.08, 0.5), (0.05, 0.5))
    for near in np.linspace(0.35, 1.0, 5):
        y, wide = canvas.height * (0.42 + 0.5 * near**1.5), canvas.width * 0.11 * (0.4 + near)
        shade = cover * rng.uniform(0.8, 1.2) * (0.5 + 0.7 * near)
        canvas.box(-5, y + wide * 0.9, canvas.width + 10, wide * 0.6, shade * 0.25)
        for x in np.arange(-rng.random() * wide, canvas.width, wide * 1.12):
            canvas.box(x, y, wide, wide * 1.1, shade)
            canvas.box(x, y, wide, wide * 0.12, shade * 1.5)


def litter(canvas: Canvas, rng: np.random.Generator) -> None:
    """What lies on a desk, seen from above: sheets, a pen, a keyboard, a mug; each with its shadow."""
    for _ in range(rng.integers(0, 4)):
        _sheet(canvas, *_spot(canvas, rng), rng)
    if rng.random() < 0.4:
        _keyboard(canvas, *_spot(canvas, rng), rng)
    if rng.random() < 0.4:
        _mug(canvas, *_spot(canvas, rng), rng)
    if rng.random() < 0.5:
        _pen(canvas, *_spot(canvas, rng), rng)


def _spot(canvas: Canvas, rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(0, canvas.width)), float(rng.uniform(0, canvas.height))


def _sheet(canvas: Canvas, x: float, y: float, rng: np.random.Generator) -> None:
    width, height = (21.0, 29.7) if rng.random() < 0.6 else (rng.uniform(7, 15), rng.uniform(7, 21))
    x, y = x - width / 2, y - height / 2
    canvas.shade(rectangle(x + 0.2, y + 0.3, width, height), rng.uniform(0.2, 0.5), rng.uniform(0.15, 0.5))
    canvas.place(artwork.page(canvas.cells(width, height), rng), x, y, width, height)


def _keyboard(canvas: Canvas, x: float, y: float, rng: np.random.Generator) -> None:
    shell = np.full(3, rng.choice([0.015, 0.06, 0.5]))
    canvas.shade(rectangle(x + 0.4, y + 0.8, 44, 13), 0.5, 0.8)
    canvas.box(x, y, 44, 13, shell)
    keys = [rectangle(x + 1 + 1.9 * i + 0.4 * (j % 3), y + 1 + 1.95 * j, 1.6, 1.6) for i in range(22) for j in range(6)]
    canvas.fill(np.array(keys), shell * 1.9 + 0.01)


def _mug(canvas: Canvas, x: float, y: float, rng: np.random.Generator) -> None:
    glaze = colour(rng, (0.2, 0.95), (0, 0.7))
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(around), np.sin(around)], 1)
    canvas.shade([x + 1.5, y + 1.5] + 4.4 * ring, 0.6, 1.0)
    canvas.fill(np.array([[[x + 3, y - 0.7], [x + 6.6, y - 0.5], [x + 6.6, y + 0.5], [x + 3, y + 0.7]]]), glaze * 0.8)
    for radius, paint in ((4.1, glaze), (3.7, glaze * 0.55), (3.5, np.array([0.05, 0.025, 0.012]))):
        canvas.disc(x, y, radius, paint)


def _pen(canvas: Canvas, x: float, y: float, rng: np.random.Generator) -> None:
    turn = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(turn), np.sin(turn)])
    across, paint = 0.4 * np.array([-along[1], along[0]]), colour(rng, (0.05, 0.8), (0, 0.9))
    body = np.array([x, y]) + np.array([across, across + 13 * along, -across + 13 * along, -across])
    canvas.shade(body + np.array([0.3, 0.4]), 0.5, 0.3)
    canvas.fill(body[None], paint)
    canvas.fill((body * 0.5 + body.mean(0) * 0.5 + 0.5 * across)[None], paint * 1.8 + 0.05)
    tip = np.array([body[1], body[1] * 0.5 + body[2] * 0.5 + 1.2 * along, body[2]])
    canvas.fill(tip[None], paint * 0.4 + 0.02)


def table(canvas: Canvas, top: float, rng: np.random.Generator) -> None:
    """Its front edge seen from the side, with a plank's grain."""
    height = canvas.height - top + 5
    size = canvas.cells(canvas.width + 10, height)
    canvas.place(wood(size, max(2.0, canvas.per_cm), rng), -5, top, canvas.width + 10, height)
    canvas.box(-5, top, canvas.width + 10, 0.6, np.array([0.7, 0.6, 0.5]))


def scribble(canvas: Canvas, ink: Colour, rng: np.random.Generator) -> None:
    """Lines of handwriting and a sketch, with one pen."""
    across, down = canvas.cells(canvas.width, canvas.height)
    font = int(rng.choice([cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX]))
    scale, shade = canvas.per_cm * rng.uniform(0.07, 0.17), tone(ink)
    x, y = rng.uniform(-0.2, 0.6) * across, rng.uniform(0, 0.8) * down
    for line in range(rng.integers(2, 7)):
        at = (int(x + rng.normal(0, 8 * scale)), int(y + line * rng.uniform(36, 42) * scale))
        cv2.putText(
            canvas.pixels,
            artwork.words(rng, int(rng.integers(6, 26))),
            at,
            font,
            scale,
            shade,
            max(1, round(2 * scale)),
            cv2.LINE_AA,
        )
    corner, thick = rng.random(2) * (across, down), max(1, round(0.3 * canvas.per_cm))
    for _ in range(rng.integers(0, 5)):
        reach = rng.uniform(4, 14, 2) * canvas.per_cm
        first, last = corner.astype(int).tolist(), (corner + reach * rng.choice([-1, 1], 2)).astype(int).tolist()
        if rng.random() < 0.5:
            cv2.arrowedLine(canvas.pixels, first, last, shade, thick, cv2.LINE_AA)
        else:
            cv2.ellipse(
                canvas.pixels, first, (reach / 2).astype(int).tolist(), rng.uniform(-20, 20), 0, 360, shade, thick, cv2.LINE_AA
            )
        corner = np.array(last)
