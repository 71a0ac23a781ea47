"""Where a flat picture stands before the camera: its cut, perspective, curl, background and exact mask; shared by prints, replays and null attacks.

The same staging without paper or screen physics is a live sample, so that warp, framing and resampling cannot be the label.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import SENSOR
from .look import backdrop

WIDE_IOD = 4.0  # the widest view that a model gets


@dataclass(frozen=True, eq=False)
class Content:
    """A photo in linear light [h, w, 3] with its face: `centre` (x, y) and `iod`, in pixels."""

    pixels: np.ndarray
    centre: tuple[float, float]
    iod: float


@dataclass(frozen=True, eq=False)
class Stage:
    """`inverse` [3, 3] takes frame px (sensor sampling) to px of `content` (already cut); `size` (w, h) of the frame; `rim` (left, top, right, bottom)
    is the width of the instrument's border in content px; `curl` bends it; `background` [h, w, 3] lies behind."""

    content: Content
    inverse: np.ndarray
    size: tuple[int, int]
    rim: tuple[float, float, float, float]
    curl: float
    background: np.ndarray

    def coordinates(self, samples: int = 1) -> np.ndarray:
        """Content px (x, y) seen by each of samples x samples points in each frame pixel, float32 [h * samples, w * samples, 2]."""
        x, y = (np.arange(n * samples, dtype=np.float32) / samples + (0.5 / samples - 0.5) for n in self.size)
        a = self.inverse.astype(np.float32)
        gx, gy = x[None, :], y[:, None]
        w = a[2, 0] * gx + a[2, 1] * gy + a[2, 2]
        u = (a[0, 0] * gx + a[0, 1] * gy + a[0, 2]) / w
        v = (a[1, 0] * gx + a[1, 1] * gy + a[1, 2]) / w
        v = v + self.curl * self.content.iod * np.sin(np.pi * u / self.content.pixels.shape[1])
        return np.stack([u, v], 2)

    def covers(self, coordinates: np.ndarray) -> np.ndarray:
        """True where the instrument, border included, is seen."""
        height, width = self.content.pixels.shape[:2]
        left, top, right, bottom = self.rim
        u, v = coordinates[..., 0], coordinates[..., 1]
        return (u >= -left - 0.5) & (u < width + right - 0.5) & (v >= -top - 0.5) & (v < height + bottom - 0.5)

    @property
    def iod_px(self) -> float:
        """The face's size in the finished file."""
        return self.content.iod / self._content_per_pixel() / SENSOR

    def _content_per_pixel(self) -> float:
        middle = np.array([self.size[0] / 2, self.size[1] / 2, 1])
        here, there = (self.inverse @ (middle + step) for step in (np.zeros(3), np.array([1.0, 0, 0])))
        return float(np.linalg.norm(there[:2] / there[2] - here[:2] / here[2]))


def stage(
    content: Content,
    rng: np.random.Generator,
    edge: bool,
    rims: tuple[float, float] = (0, 0),
    curl: float = 0.0,
    behind: np.ndarray | None = None,
) -> Stage:
    """A random staging. With `edge` the instrument ends within the wide view on some sides and its rims, drawn from `rims` (in IOD), show."""
    window = framing(content, rng)
    cut = _cut(content, window, rng) if edge else content
    left, top, right, bottom = (rng.uniform(*rims, 4) * cut.iod if edge else np.full(4, 1e4)).tolist()
    window = window - np.tile(np.subtract(content.centre, cut.centre), 2)
    iod_px = rng.uniform(42, 84)
    width, height = (
        int(round(min(400, side / cut.iod * iod_px) * SENSOR / 2) * 2) for side in (window[2] - window[0], window[3] - window[1])
    )
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    x1, y1, x2, y2 = window
    seen = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    tilt = 0.05 if edge else 0.02
    seen = seen + rng.uniform(-tilt, tilt, (4, 2)) * [x2 - x1, y2 - y1]
    if not edge:
        seen = np.clip(seen, 0, [cut.pixels.shape[1] - 1, cut.pixels.shape[0] - 1])
    inverse = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    back = _fitted(behind, (width, height)) if behind is not None else backdrop((width, height), rng)
    return Stage(cut, inverse, (width, height), (left, top, right, bottom), curl, back.astype(np.float32))


def seen_flat(stage: Stage) -> np.ndarray:
    """The content as it stands, without any physics, linear light at the sensor's sampling: what a null attack shows."""
    return composed(stage, stage.content.pixels, np.zeros(2, np.float32), 1.0)


def composed(stage: Stage, surface: np.ndarray, origin: np.ndarray, scale: float, samples: int = 2) -> np.ndarray:
    """`surface` (its pixel 0 at content px `origin`, `scale` pixels a content px) warped over the background, anti-aliased."""
    at = stage.coordinates(samples)
    inside = stage.covers(at)[..., None]
    where = (at - origin + 0.5) * scale - 0.5
    seen = cv2.remap(surface, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    behind = cv2.resize(stage.background, (at.shape[1], at.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(np.where(inside, seen, behind), stage.size, interpolation=cv2.INTER_AREA)


def instrument_mask(stage: Stage, size: tuple[int, int]) -> np.ndarray:
    """uint8 [h, w] at the file's size, 255 where most of a pixel shows the instrument."""
    covered = stage.covers(stage.coordinates(2)).astype(np.float32)
    return np.where(cv2.resize(covered, size, interpolation=cv2.INTER_AREA) >= 0.5, 255, 0).astype(np.uint8)


def edge_shows(stage: Stage) -> bool:
    """True if the instrument ends within the widest view of the face."""
    at = stage.coordinates()
    cx, cy = stage.content.centre
    near = np.abs(at - np.array([cx, cy], np.float32)).max(2) < WIDE_IOD / 2 * stage.content.iod
    return bool((near & ~stage.covers(at)).sum() > 0.02 * near.sum())


def added_contrast(with_it: np.ndarray, without: np.ndarray, iod_px_sensor: float, low_iod: float = 0.0) -> float:
    """RMS, in square-root tones, of what a structure adds at the scale that a model sees (IOD about 45 px), coarser than `low_iod` IOD."""
    shrink = min(1.0, 45 / iod_px_sensor)
    size = tuple(max(8, int(n * shrink)) for n in with_it.shape[1::-1])
    a, b = (np.sqrt(np.clip(cv2.resize(x, size, interpolation=cv2.INTER_AREA), 0, 1)) for x in (with_it, without))
    difference = a - b
    if low_iod:
        difference = cv2.GaussianBlur(difference, (0, 0), low_iod * 45)
    rows, columns = size[1] // 4, size[0] // 4
    middle = difference[rows:-rows, columns:-columns]
    return float((middle - middle.mean((0, 1))).std())


def framing(content: Content, rng: np.random.Generator) -> np.ndarray:
    """What the camera frames, (x1, y1, x2, y2) in content px: within the photo, live or attack alike, or the padding would be the label."""
    height, width = content.pixels.shape[:2]
    reach = rng.uniform(1.9, 2.7, 4) * content.iod
    corners = np.concatenate([content.centre - reach[:2], content.centre + reach[2:]])
    return np.clip(corners, 1, [width - 2, height - 2] * 2)


def _cut(content: Content, window: np.ndarray, rng: np.random.Generator) -> Content:
    """The part of the photo that the instrument shows: it ends within the frame on most sides, at least 1.1 IOD from the face."""
    height, width = content.pixels.shape[:2]
    cx, cy = content.centre
    reach = np.abs(window - np.tile(content.centre, 2)) * rng.uniform(0.72, 1.05, 4)
    left, top, right, bottom = np.maximum(reach, 1.1 * content.iod)
    x1, y1 = max(0, int(cx - left)), max(0, int(cy - top))
    x2, y2 = min(width, int(cx + right)), min(height, int(cy + bottom))
    return Content(np.ascontiguousarray(content.pixels[y1:y2, x1:x2]), (cx - x1, cy - y1), content.iod)


def _fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Covers `size` without changing the aspect: a backdrop stretched only behind attacks would be a cue."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    grown = cv2.resize(picture, (int(np.ceil(width * scale)), int(np.ceil(height * scale))), interpolation=cv2.INTER_LINEAR)
    return grown[: size[1], : size[0]]
