"""What a scene is drawn on: a plane in cm before the camera, kept as 8-bit square-root tones with room for lamps and skies.

Square-root tones let OpenCV draw with soft edges and blur fast; `linear` gives light back. Positions are cm from the upper left corner.
"""

import cv2
import numpy as np

HEADROOM = 2.5  # the brightest light that is kept, where white paper is about .9
_LIGHT = ((np.arange(256) / 255) ** 2 * HEADROOM).astype(np.float32)
_FRACTION = 4  # bits of a pixel in which OpenCV takes positions

Colour = np.ndarray  # [3] linear light


def coded(light: np.ndarray) -> np.ndarray:
    """Square-root tones uint8 of linear light of any shape."""
    return np.rint(255 * np.sqrt(np.clip(light, 0, HEADROOM) / HEADROOM)).astype(np.uint8)


def linear(tones: np.ndarray, tint: Colour) -> np.ndarray:
    """Linear light float32 of tones [h, w, 3] under a light of this colour."""
    return cv2.LUT(tones, _LIGHT[:, None, None] * np.asarray(tint, np.float32))


def tone(colour: Colour) -> tuple[float, float, float]:
    """A colour as OpenCV's drawing functions take it."""
    red, green, blue = coded(np.asarray(colour)).tolist()
    return red, green, blue


class Canvas:
    """`pixels` uint8 [h, w, 3]; `width` and `height` in cm, seen by a camera that is held a little askew."""

    def __init__(self, size: tuple[int, int], width_cm: float, rng: np.random.Generator):
        width, height = size
        self.pixels = np.zeros((height, width, 3), np.uint8)
        self.per_cm = width / width_cm
        self.width, self.height = width_cm, height / self.per_cm
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        turn = rng.normal(0, 0.02) * np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]) * [height / 2, width / 2]
        askew = flat + turn + rng.uniform(-0.03, 0.03, (4, 2)) * size
        self._to_px = cv2.getPerspectiveTransform(flat / np.float32(self.per_cm), askew.astype(np.float32))

    def cells(self, width: float, height: float) -> tuple[int, int]:
        """(w, h) px that a picture of this size in cm covers here."""
        return max(2, round(width * self.per_cm)), max(2, round(height * self.per_cm))

    def fill(self, polygons: np.ndarray, colour: Colour) -> None:
        """`polygons` [n, k, 2] cm, all of one colour."""
        cv2.fillPoly(self.pixels, list(self._fixed(polygons)), tone(colour), cv2.LINE_AA, _FRACTION)

    def fill_each(self, polygons: np.ndarray, colours: np.ndarray) -> None:
        """Convex `polygons` [n, k, 2] cm with a colour each, [n, 3]; many at once are much cheaper."""
        for polygon, shade in zip(self._fixed(polygons), coded(np.asarray(colours)).tolist(), strict=True):
            cv2.fillConvexPoly(self.pixels, polygon, shade, cv2.LINE_AA, _FRACTION)

    def _fixed(self, polygons: np.ndarray) -> np.ndarray:
        at = cv2.perspectiveTransform(np.asarray(polygons, np.float32).reshape(1, -1, 2), self._to_px)
        return np.rint(at.reshape(np.shape(polygons)) * 2**_FRACTION).astype(np.int32)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self.fill(rectangle(x, y, width, height)[None], colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        self.fill(np.stack([x + radius * np.cos(around), y + radius * np.sin(around)], 1)[None], colour)

    def place(self, picture: np.ndarray, x: float, y: float, width: float, height: float) -> None:
        """`picture` uint8 [h, w, 3] in square-root tones stretched over a rectangle."""
        corners = cv2.perspectiveTransform(rectangle(x, y, width, height)[None], self._to_px)[0]
        left, top = np.maximum(0, np.floor(corners.min(0))).astype(int)
        right, bottom = np.minimum(self.pixels.shape[1::-1], np.ceil(corners.max(0)) + 1).astype(int)
        if right <= left or bottom <= top:
            return
        rows, columns = picture.shape[:2]
        ends = rectangle(-0.5, -0.5, columns, rows)
        onto = cv2.getPerspectiveTransform(ends, (corners - [left, top]).astype(np.float32))
        part = np.ascontiguousarray(self.pixels[top:bottom, left:right])
        cv2.warpPerspective(picture, onto, part.shape[1::-1], part, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        self.pixels[top:bottom, left:right] = part

    def shade(self, polygon: np.ndarray, depth: float, softness: float) -> None:
        """Darkens a polygon [k, 2] cm by a share `depth` of its light; `softness` cm."""
        at = cv2.perspectiveTransform(np.asarray(polygon, np.float32)[None], self._to_px)[0]
        blur = max(0.6, softness * self.per_cm)
        left, top = np.maximum(0, np.floor(at.min(0) - 3 * blur)).astype(int)
        right, bottom = np.minimum(self.pixels.shape[1::-1], np.ceil(at.max(0) + 3 * blur)).astype(int)
        if right <= left or bottom <= top:
            return
        step = max(1.0, blur / 2)  # what is soft is drawn small
        veil = np.zeros((int((bottom - top) / step) + 2, int((right - left) / step) + 2), np.uint8)
        cv2.fillPoly(veil, [np.rint((at - [left, top]) / step).astype(np.int32)], 255, cv2.LINE_AA)
        veil = cv2.GaussianBlur(veil, (0, 0), blur / step)
        veil = cv2.resize(veil, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        dim = cv2.LUT(veil, np.rint(255 * np.sqrt(1 - depth * np.arange(256) / 255)).astype(np.uint8))
        part = self.pixels[top:bottom, left:right]
        part[:] = cv2.multiply(part, cv2.cvtColor(dim, cv2.COLOR_GRAY2RGB), scale=1 / 255)


def rectangles(boxes: np.ndarray) -> np.ndarray:
    """[n, 4, 2] of boxes [n, 4] (x, y, width, height)."""
    x, y, width, height = np.asarray(boxes, np.float32).T
    return np.stack([x, y, x + width, y, x + width, y + height, x, y + height], 1).reshape(-1, 4, 2)


def rectangle(x: float, y: float, width: float, height: float) -> np.ndarray:
    """[4, 2] clockwise from the upper left."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)
