"""What paper and screens in a scene show: text, landscapes, shapes, charts, posters, desktops with windows. Never a face.

Every picture is uint8 [h, w, 3] in square-root tones (canvas.py) at the size in px that it covers, so that it is drawn once only.
"""

import cv2
import numpy as np

from .canvas import Colour, tone
from .surfaces import colour, colours, mottled

Size = tuple[int, int]  # (w, h) px
LEGIBLE_PX = 9.0  # from one line to the next
Box = tuple[float, float, float, float]  # x, y, w, h in shares of the picture


def text(image: np.ndarray, box: Box, lines: int, ink: Colour, rng: np.random.Generator, ragged: float = 0.3) -> None:
    """Lines of words: of a font where letters can be told apart, else of blots with ascenders and spaces."""
    x1, y1, x2, y2 = _corners(image, box)
    if x2 - x1 < 4 or y2 - y1 < 2:
        return
    pitch = (y2 - y1) / lines
    ends = 1 - ragged * rng.random(lines) ** 2
    if pitch > LEGIBLE_PX:
        _written(image, x1, x1 + (x2 - x1) * ends, y1 + (np.arange(lines) + 0.75) * pitch, pitch, ink, rng)
        return
    letters = max(2, int((x2 - x1) / max(1.0, 0.36 * pitch)))
    dark = rng.random((lines, letters), np.float32) * 0.5 + 0.5
    dark *= (rng.random((lines, letters)) > 0.17) & (np.arange(letters) < ends[:, None] * letters)
    rising = dark * (rng.random((lines, letters)) < 0.3)
    blots = np.stack([0 * dark, rising, dark, dark, 0.2 * rising[:, ::-1]], 1).reshape(5 * lines, letters)
    blots = cv2.resize(blots, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA if pitch < 5 else cv2.INTER_LINEAR)[..., None]
    part = image[y1:y2, x1:x2]
    part[:] = (part + blots * np.float32(0.8) * (np.array(tone(ink), np.float32) - part)).astype(np.uint8)


def _written(image: np.ndarray, left: float, ends: np.ndarray, bases: np.ndarray, pitch: float, ink: Colour, rng) -> None:
    scale = pitch * 0.022
    for end, base in zip(ends.tolist(), bases.tolist(), strict=True):
        letters = words(rng, max(1, int((end - left) / (17 * scale))))
        cv2.putText(image, letters, (int(left), int(base)), cv2.FONT_HERSHEY_SIMPLEX, scale, tone(ink), 1, cv2.LINE_AA)


def words(rng: np.random.Generator, length: int) -> str:
    """Letters of no language."""
    return "".join(rng.choice(list("aaeeeiioortnslcdmuphgb     "), length)).strip() or "a"


def headline(image: np.ndarray, box: Box, ink: Colour, rng: np.random.Generator) -> None:
    """Capitals that might be read from across a room."""
    height, width = image.shape[:2]
    letters = words(rng, int(rng.integers(5, 14))).upper()
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    (long, tall), _ = cv2.getTextSize(letters, font, 1, 2)
    scale = min(box[2] * width / long, box[3] * height / tall)
    thick = max(1, round(scale * rng.uniform(1.5, 4)))
    at = (int(box[0] * width), int((box[1] + box[3]) * height))
    cv2.putText(image, letters, at, font, scale, tone(ink), thick, cv2.LINE_AA)


def page(size: Size, rng: np.random.Generator) -> np.ndarray:
    """A printed sheet: heading, paragraphs, now and then a figure."""
    paper = rng.uniform(0.7, 0.9) * np.array([1, rng.uniform(0.96, 1), rng.uniform(0.88, 1)])
    image = np.full((size[1], size[0], 3), tone(paper), np.uint8)
    ink = np.full(3, rng.uniform(0.02, 0.2))
    lines = min(int(rng.integers(16, 44)), size[1] // 3)
    if rng.random() < 0.7:
        headline(image, (0.12, 0.07, rng.uniform(0.3, 0.7), 0.03), ink, rng)
    top = 0.15
    while top < 0.88:
        share = min(rng.uniform(0.08, 0.4), 0.92 - top)
        if rng.random() < 0.2:
            _pasted(image, (0.15, top, 0.7, share), chart if rng.random() < 0.5 else landscape, rng)
        else:
            text(image, (0.12, top, 0.76, share), max(1, round(share * lines)), ink, rng)
        top += share + 0.03
    return image


def landscape(size: Size, rng: np.random.Generator) -> np.ndarray:
    """Sky, ranges of hills one before the other, sometimes water or a sun."""
    width, height = size
    low, high = colour(rng, (0.6, 1), (0.05, 0.5)), colour(rng, (0.3, 0.9), (0.1, 0.7))
    image = gradient(size, high, low)
    if rng.random() < 0.4:
        centre = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.5) * height))
        cv2.circle(image, centre, max(1, int(rng.uniform(0.03, 0.1) * width)), tone(np.array([1.1, 0.95, 0.6])), -1, cv2.LINE_AA)
    ground, layers = colour(rng, (0.1, 0.5), (0.2, 0.7)), int(rng.integers(1, 5))
    x = np.linspace(0, width, 48)
    for layer in range(layers):
        share = (layer + 1) / layers
        crest = height * (rng.uniform(0.3, 0.5) + 0.45 * (share - 0.3) + rng.uniform(0.03, 0.2) * _ridge(len(x), rng))
        outline = np.concatenate([np.stack([x, crest], 1), [[width, height + 1], [0, height + 1]]])
        shade = tone(ground * share + low * 0.6 * (1 - share))
        cv2.fillPoly(image, [np.rint(outline * 16).astype(np.int32)], shade, cv2.LINE_AA, 4)
    return _painted(image, rng)


def _ridge(count: int, rng: np.random.Generator) -> np.ndarray:
    """Midpoint noise: each octave twice as fine and half as high."""
    octaves = [np.interp(np.linspace(0, n, count), np.arange(n + 1), rng.standard_normal(n + 1)) / n for n in (2, 4, 8, 16, 32)]
    return np.sum(octaves, 0)


def shapes(size: Size, rng: np.random.Generator) -> np.ndarray:
    """An abstract print: discs, bars and triangles in a few colours."""
    image = gradient(size, *colours(2, rng))
    palette = colours(int(rng.integers(2, 5)), rng)
    for _ in range(rng.integers(3, 14)):
        ink = tone(palette[rng.integers(len(palette))])
        centre, reach = rng.random(2) * size, rng.uniform(0.05, 0.4) * min(size)
        sides = int(rng.choice([3, 4, 40]))
        turn = rng.uniform(0, 6.3) + np.linspace(0, 2 * np.pi, sides, endpoint=False)
        polygon = centre + reach * np.stack([np.cos(turn), np.sin(turn) * rng.uniform(0.3, 1)], 1)
        cv2.fillPoly(image, [np.rint(polygon * 16).astype(np.int32)], ink, cv2.LINE_AA, 4)
    return _painted(image, rng)


def chart(size: Size, rng: np.random.Generator) -> np.ndarray:
    """Bars or a curve over axes."""
    width, height = size
    image = np.full((height, width, 3), tone(np.full(3, rng.uniform(0.7, 0.95))), np.uint8)
    thin, dark = max(1, width // 120), tone(np.full(3, 0.1))
    cv2.line(image, (width // 10, height // 12), (width // 10, height * 9 // 10), dark, thin, cv2.LINE_AA)
    cv2.line(image, (width // 10, height * 9 // 10), (width * 19 // 20, height * 9 // 10), dark, thin, cv2.LINE_AA)
    count, ink = int(rng.integers(5, 14)), tone(colour(rng, (0.4, 0.9), (0.4, 0.9)))
    x = np.linspace(0.16, 0.92, count) * width
    y = (0.9 - rng.uniform(0.05, 0.75, count)) * height
    if rng.random() < 0.5:
        for left, top in zip(x.astype(int), y.astype(int), strict=True):
            cv2.rectangle(image, (left, top), (left + max(1, int(0.4 * width / count)), height * 9 // 10), ink, -1)
    else:
        cv2.polylines(image, [np.stack([x, y], 1).astype(np.int32)], False, ink, thin * 2, cv2.LINE_AA)
    return image


def poster(size: Size, rng: np.random.Generator) -> np.ndarray:
    """A picture, a headline and small print, in one of a few layouts."""
    paper = colour(rng, (0.1, 1), (0, 0.7))
    image = np.full((size[1], size[0], 3), tone(paper), np.uint8)
    ink = np.full(3, 0.85) if paper.mean() < 0.25 else colour(rng, (0.02, 0.3), (0.2, 0.9))
    picture = PICTURES[rng.integers(len(PICTURES))]
    share = rng.uniform(0.35, 0.75)
    if rng.random() < 0.3:
        _pasted(image, (0, 0, 1, 1), picture, rng)
        headline(image, (0.08, rng.uniform(0.06, 0.8), 0.8, 0.12), np.full(3, rng.choice([0.03, 0.9])), rng)
    elif rng.random() < 0.6:
        _pasted(image, (0.07, 0.06, 0.86, share), picture, rng)
        headline(image, (0.08, share + 0.09, 0.8, 0.07), ink, rng)
        text(image, (0.08, share + 0.2, 0.84, max(0.04, 0.74 - share)), int(rng.integers(3, 9)), ink, rng)
    else:
        headline(image, (0.08, 0.06, 0.84, 0.1), ink, rng)
        for column in range(columns := int(rng.integers(1, 4))):
            box = (0.06 + 0.9 * column / columns, 0.22, 0.9 / columns - 0.04)
            text(image, (*box, 0.3), int(rng.integers(6, 14)), ink, rng)
            _pasted(image, (box[0], 0.56, box[2], 0.24), picture if column else chart, rng)
            text(image, (box[0], 0.83, box[2], 0.12), int(rng.integers(3, 6)), ink, rng)
    return image


def desktop(size: Size, rng: np.random.Generator) -> np.ndarray:
    """A lit panel: wallpaper and windows, or one program that fills it."""
    image = PICTURES[rng.integers(2)](size, rng) if rng.random() < 0.6 else gradient(size, colour(rng), colour(rng))
    for _ in range(rng.integers(1, 4)):
        width, height = rng.uniform(0.4, 0.85), rng.uniform(0.45, 0.85)
        _pasted(image, (rng.uniform(0, 1 - width), rng.uniform(0, 0.95 - height), width, height), window, rng)
    bar = tone(np.full(3, rng.choice([0.02, 0.1, 0.7])))
    cv2.rectangle(image, (0, int(0.955 * size[1])), (size[0], size[1]), bar, -1)
    for x in rng.uniform(0.02, 0.98, rng.integers(4, 12)):
        corner = (int(x * size[0]), int(0.965 * size[1]))
        cv2.rectangle(image, corner, (corner[0] + max(1, size[1] // 45), int(0.99 * size[1])), tone(colour(rng)), -1)
    return image


def window(size: Size, rng: np.random.Generator) -> np.ndarray:
    """A program's window: title bar, side bar, and lines of text or code, a chart or a picture."""
    dark = rng.random() < 0.4
    paper, ink = (np.full(3, 0.02), np.full(3, 0.4)) if dark else (np.full(3, 0.88), np.full(3, 0.06))
    image = np.full((size[1], size[0], 3), tone(paper), np.uint8)
    _filled(image, (0, 0, 1, 0.06), np.full(3, 0.06) if dark else colour(rng, (0.4, 0.9), (0, 0.5)))
    text(image, (0.03, 0.012, 0.3, 0.04), 1, np.full(3, 0.3), rng)
    side = rng.uniform(0.12, 0.28) if rng.random() < 0.6 else 0.0
    if side:
        _filled(image, (0, 0.06, side, 0.94), paper * 0.8 + 0.02)
        text(image, (0.02, 0.1, side - 0.04, 0.6), int(rng.integers(6, 16)), ink, rng, ragged=0.8)
    if rng.random() < 0.3:
        _pasted(image, (side + 0.04, 0.12, 0.9 - side, 0.5), chart if rng.random() < 0.5 else landscape, rng)
        text(image, (side + 0.04, 0.67, 0.9 - side, 0.28), 6, ink, rng)
        return image
    lines = min(int(rng.integers(14, 34)), size[1] // 3)
    for line in range(lines):
        hue = colour(rng, (0.5, 0.9), (0.2, 0.7)) if dark else ink
        indent = 0.05 * rng.integers(0, 4) if dark else 0
        text(image, (side + 0.03 + indent, 0.1 + 0.87 * line / lines, 0.9 - side - indent, 0.87 / lines), 1, hue, rng, ragged=0.8)
    return image


def gradient(size: Size, top: Colour, bottom: Colour) -> np.ndarray:
    ends = np.array([[tone(top)], [tone(bottom)]], np.float32)
    shares = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
    rows = ends[0] * (1 - shares) + ends[1] * shares
    return cv2.resize(np.rint(rows).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)


PICTURES = (landscape, shapes)


def _pasted(image: np.ndarray, box: Box, picture, rng: np.random.Generator) -> None:
    x1, y1, x2, y2 = _corners(image, box)
    if x2 - x1 > 3 and y2 - y1 > 3:
        image[y1:y2, x1:x2] = picture((x2 - x1, y2 - y1), rng)


def _filled(image: np.ndarray, box: Box, paint: Colour) -> None:
    x1, y1, x2, y2 = _corners(image, box)
    image[y1:y2, x1:x2] = tone(paint)


def _corners(image: np.ndarray, box: Box) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    x1, y1 = max(0, round(box[0] * width)), max(0, round(box[1] * height))
    return x1, y1, min(width, round((box[0] + box[2]) * width)), min(height, round((box[1] + box[3]) * height))


def _painted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brush strokes and leaves; or it would look like clip art."""
    return mottled(image, rng.uniform(0, 0.12), (rng.uniform(1.5, 8), rng.uniform(1.5, 4)), rng)
