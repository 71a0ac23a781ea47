"""Where a flat picture stands before the camera: its cut, perspective, curl, background and exact mask; shared by prints, replays and null attacks.

The same staging without paper or screen physics is a live sample, so that warp, framing and resampling cannot be the label.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from ..scenery.scenes import scene
from ..synthesis.camera import SENSOR
from ..synthesis.photo import FILE_IOD_PX, WIDE_IOD, Photo, cropped, framing, rim_contrast, seen

# An edge is just visible when this share of the widest view lies beyond it and the tones differ by so much across it.
BEYOND, STEP = 0.02, 0.06
BLEEDS = 1e4  # a rim this wide never ends within the frame


@dataclass(frozen=True, eq=False)
class Stage:
    """`inverse` [3, 3] takes frame px (sensor sampling) to px of `content` (already cut); `size` (w, h) of the frame; `rim` (left, top, right, bottom)
    is the width of the instrument's border in content px; `curl` bends it; `background` [h, w, 3] lies behind."""

    content: Photo
    inverse: np.ndarray
    size: tuple[int, int]
    rim: tuple[float, float, float, float]
    curl: float
    background: np.ndarray

    def coordinates(self) -> np.ndarray:
        """Content px (x, y) that each frame pixel sees at its middle, float32 [h, w, 2]."""
        return _coordinates(self.size[0], self.size[1], self.inverse, self._bend, self.content.pixels.shape[1])

    @property
    def bounds(self) -> np.ndarray:
        """(left, top, right, bottom) of the instrument, border included, in content px, float64 [4]."""
        height, width = self.content.pixels.shape[:2]
        left, top, right, bottom = self.rim
        return np.array([-left - 0.5, -top - 0.5, width + right - 0.5, height + bottom - 0.5])

    def sampling(self, samples: int, spread: float = 1.0) -> tuple:
        """What a kernel needs to visit samples x samples points over `spread` sensor pixels in each frame pixel."""
        return self.inverse, self._bend, self.content.pixels.shape[1], self.bounds, samples, spread

    @property
    def unit(self) -> tuple[np.ndarray, np.ndarray]:
        """x [1, w] and y [h, 1] over the frame, 0-1."""
        width, height = self.size
        return np.linspace(0, 1, width, dtype=np.float32)[None, :], np.linspace(0, 1, height, dtype=np.float32)[:, None]

    @property
    def _bend(self) -> float:
        return self.curl * self.content.iod

    @property
    def iod_px(self) -> float:
        """The face's size in the finished file."""
        return self.content.iod / self._content_per_pixel() / SENSOR

    def _content_per_pixel(self) -> float:
        middle = np.array([self.size[0] / 2, self.size[1] / 2, 1])
        here, there = (self.inverse @ (middle + step) for step in (np.zeros(3), np.array([1.0, 0, 0])))
        return float(np.linalg.norm(there[:2] / there[2] - here[:2] / here[2]))


def stage(
    content: Photo,
    rng: np.random.Generator,
    edge: bool,
    rims: tuple[float, float] = (0, 0),
    curl: float = 0.0,
    behind: np.ndarray | None = None,
) -> Stage:
    """A random staging. With `edge` the instrument ends within the wide view on some sides and its rims, drawn from `rims` (in IOD), show."""
    window = framing(content, rng)
    cut = _cut(content, window, rng) if edge else content
    left, top, right, bottom = (rng.uniform(*rims, 4) * cut.iod if edge else np.full(4, BLEEDS)).tolist()
    window = window - np.tile(np.subtract(content.centre, cut.centre), 2)
    iod_px = rng.uniform(*FILE_IOD_PX)
    scale = iod_px * SENSOR / cut.iod
    width, height = round((window[2] - window[0]) * scale), round((window[3] - window[1]) * scale)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    x1, y1, x2, y2 = window
    seen = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    tilt = 0.05 if edge else 0.02
    seen = seen + rng.uniform(-tilt, tilt, (4, 2)) * [x2 - x1, y2 - y1]
    if not edge:
        seen = np.clip(seen, 0, [cut.pixels.shape[1] - 1, cut.pixels.shape[0] - 1])
    inverse = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    back = _fitted(behind, (width, height)) if behind is not None else scene((width, height), rng).pixels
    return Stage(cut, inverse, (width, height), (left, top, right, bottom), curl, back.astype(np.float32))


def seen_flat(stage: Stage) -> np.ndarray:
    """The content as it stands, without any physics, linear light at the sensor's sampling: what a null attack shows."""
    return composed(stage, stage.content.pixels, np.zeros(2, np.float32), 1.0)


def composed(
    stage: Stage, surface: np.ndarray, origin: np.ndarray, scale: float, samples: int = 2, spread: float = 1.0
) -> np.ndarray:
    """`surface` (its pixel 0 at content px `origin`, `scale` pixels a content px) warped over the background, anti-aliased."""
    return _composed(surface, origin.astype(np.float64), scale, stage.background, *stage.sampling(samples, spread))


def covered_share(stage: Stage) -> np.ndarray:
    """float32 [h, w] 0-1: how much of each frame pixel shows the instrument."""
    if max(stage.rim) >= BLEEDS:
        return np.ones(stage.size[::-1], np.float32)
    return _covered(stage.size[0], stage.size[1], *stage.sampling(4))


@njit(cache=True, inline="always")
def seen_at(x, y, inverse, bend, columns):
    """Content px under the frame point (x, y)."""
    w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
    u = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w
    v = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w
    return u, v + bend * np.sin(np.pi * u / columns) if bend else v


@njit(cache=True, inline="always")
def footprint(x, y, inverse, bend, columns):
    """Content px under the middle of a frame pixel and how they change along x and y: within a pixel the map is straight."""
    u, v = seen_at(x, y, inverse, bend, columns)
    right, below = seen_at(x + 1, y, inverse, bend, columns), seen_at(x, y + 1, inverse, bend, columns)
    return u, v, right[0] - u, right[1] - v, below[0] - u, below[1] - v


@njit(cache=True, inline="always")
def within(u, v, bounds):
    return u >= bounds[0] and v >= bounds[1] and u < bounds[2] and v < bounds[3]


@njit(cache=True, inline="always")
def bilinear(picture, u, v, out):
    """Writes the three channels at (u, v), clamped to the picture, into `out` [3]."""
    u, v = min(max(u, 0.0), picture.shape[1] - 1.001), min(max(v, 0.0), picture.shape[0] - 1.001)
    c, r = int(u), int(v)
    a, b = np.float32(u - c), np.float32(v - r)
    for k in range(3):
        top = (1 - a) * picture[r, c, k] + a * picture[r, c + 1, k]
        out[k] = (1 - b) * top + b * ((1 - a) * picture[r + 1, c, k] + a * picture[r + 1, c + 1, k])


@njit(cache=True)
def _coordinates(width, height, inverse, bend, columns):
    out = np.empty((height, width, 2), np.float32)
    for y in range(height):
        for x in range(width):
            out[y, x, 0], out[y, x, 1] = seen_at(x, y, inverse, bend, columns)
    return out


@njit(cache=True, fastmath=True)
def _composed(surface, origin, scale, background, inverse, bend, columns, bounds, samples, spread):
    height, width = background.shape[:2]
    out = np.zeros((height, width, 3), np.float32)
    light = np.zeros(3, np.float32)
    share = np.float32(1 / (samples * samples))
    for y in range(height):
        for x in range(width):
            u0, v0, ux, vx, uy, vy = footprint(x, y, inverse, bend, columns)
            for k in range(samples * samples):
                dx, dy = ((k % samples + 0.5) / samples - 0.5) * spread, ((k // samples + 0.5) / samples - 0.5) * spread
                u, v = u0 + dx * ux + dy * uy, v0 + dx * vx + dy * vy
                if within(u, v, bounds):
                    bilinear(surface, (u - origin[0] + 0.5) * scale - 0.5, (v - origin[1] + 0.5) * scale - 0.5, light)
                    for channel in range(3):
                        out[y, x, channel] += share * light[channel]
                else:
                    for channel in range(3):
                        out[y, x, channel] += share * background[y, x, channel]
    return out


@njit(cache=True, fastmath=True)
def _covered(width, height, inverse, bend, columns, bounds, samples, spread):
    out = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            u0, v0, ux, vx, uy, vy = footprint(x, y, inverse, bend, columns)
            u, v = (abs(ux) + abs(uy)) / 2, (abs(vx) + abs(vy)) / 2
            if within(u0 - u, v0 - v, bounds) and within(u0 + u, v0 + v, bounds):  # all of a pixel, as most are
                out[y, x] = 1
                continue
            for k in range(samples * samples):
                dx, dy = ((k % samples + 0.5) / samples - 0.5) * spread, ((k // samples + 0.5) / samples - 0.5) * spread
                u, v = u0 + dx * ux + dy * uy, v0 + dx * vx + dy * vy
                out[y, x] += within(u, v, bounds) / np.float32(samples * samples)
    return out


def edge_visibility(stage: Stage, frame: np.ndarray, mask: np.ndarray) -> float:
    """Whether the instrument ends within the widest view of the face, and against a different background."""
    near = np.abs(stage.coordinates() - np.array(stage.content.centre, np.float32)).max(2) < WIDE_IOD / 2 * stage.content.iod
    beyond = float((near & (mask < 0.5)).sum() / max(1, near.sum()))
    step = rim_contrast(frame, mask, stage.iod_px * SENSOR)
    return seen(min(beyond / BEYOND, step / STEP), 1.0)


def _cut(content: Photo, window: np.ndarray, rng: np.random.Generator) -> Photo:
    """The part of the photo that the instrument shows: it ends within the frame on most sides, at least 1.1 IOD from the face."""
    height, width = content.pixels.shape[:2]
    cx, cy = content.centre
    reach = np.abs(window - np.tile(content.centre, 2)) * rng.uniform(0.72, 1.05, 4)
    left, top, right, bottom = np.maximum(reach, 1.1 * content.iod)
    x1, y1 = max(0, int(cx - left)), max(0, int(cy - top))
    x2, y2 = min(width, int(cx + right)), min(height, int(cy + bottom))
    return cropped(content, (x1, y1, x2, y2))


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Covers `size` without changing the aspect: a backdrop stretched only behind attacks would be a cue."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    grown = cv2.resize(picture, (int(np.ceil(width * scale)), int(np.ceil(height * scale))), interpolation=cv2.INTER_LINEAR)
    return grown[: size[1], : size[0]]
