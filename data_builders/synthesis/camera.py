"""One camera for every picture, live, attack or render: lens, exposure, white balance, Bayer sensor, noise, tone, finish (finish.py), JPEG.

What only attacks went through would be the label, so nobody else resizes, encodes or adds noise; and what prints look like at a glance,
hazy and flat, cheap cameras and dirty lenses make of anybody. Three families; `webcam` is held out of training. Some
pictures have no camera but the photo's own (`stored_alike`), live ones and attacks alike. Input is linear light at the sensor's sampling, `SENSOR` pixels a side for each pixel of the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .finish import UNTOUCHED, Finish, finished

HELD_OUT = "webcam"
UNSHOT = "none"  # of pictures that no simulated camera took
SENSOR = 1.5
STORED_QUALITY = (75, 97)


@dataclass(frozen=True)
class Family:
    """Ranges that settings are drawn from: lens blur in sensor px, electron noise (shot, read), sharpening, JPEG quality; tint, and the most
    haze: the share of the light that the lens scatters over all of the picture."""

    blur: tuple[float, float]
    shot: tuple[float, float]
    read: tuple[float, float]
    sharpen: tuple[float, float]
    quality: tuple[int, int]
    tint: float
    haze: float


@dataclass(frozen=True)
class Camera:
    family: str
    blur: float
    shot: float
    read: float
    sharpen: float
    quality: int
    balance: tuple[float, float, float]
    exposure: float
    contrast: float
    haze: float
    finish: Finish = UNTOUCHED


FAMILIES = {
    "phone": Family((0.4, 1.0), (0.002, 0.012), (0.001, 0.006), (0.2, 0.9), (70, 93), 0.12, 0.25),
    "dslr": Family((0.3, 1.2), (0.0, 0.004), (0.0, 0.003), (0.0, 0.4), (85, 97), 0.08, 0.15),
    "webcam": Family((0.7, 1.6), (0.006, 0.025), (0.003, 0.012), (0.0, 1.2), (50, 85), 0.15, 0.3),
}


def sample_camera(rng: np.random.Generator, family: str) -> Camera:
    ranges = FAMILIES[family]
    red, green, blue = (1 + rng.uniform(-ranges.tint, ranges.tint, 3)).tolist()
    return Camera(
        family,
        rng.uniform(*ranges.blur),
        rng.uniform(*ranges.shot),
        rng.uniform(*ranges.read),
        rng.uniform(*ranges.sharpen),
        int(rng.integers(*ranges.quality)),
        (red, green, blue),
        float(2 ** rng.normal(0, 0.25)),
        float(rng.uniform(-0.3, 0.3)),
        float(ranges.haze * rng.random() ** 3),
    )


def shoot(frame: np.ndarray, camera: Camera, rng: np.random.Generator) -> bytes:
    """The JPEG file of linear light [h, w, 3] float32 at the sensor's sampling; `SENSOR` times smaller a side."""
    return shot_alike([frame], camera, rng)[0]


def shot_alike(frames: Sequence[np.ndarray], camera: Camera, rng: np.random.Generator) -> list[bytes]:
    """The same moment with and without something: `shoot` of the first, and what the others give with its exposure and its noise."""
    seen = [_through_lens(frame, camera) for frame in frames]
    gain = camera.exposure * _metering(seen[0]) * np.array(camera.balance, np.float32)
    noise = rng.standard_normal(seen[0].shape[:2], np.float32)
    grain = _grain(frames[0], camera.finish, rng)
    return [_developed(light * gain, camera, noise, grain) for light in seen]


def stored_alike(frames: Sequence[np.ndarray], finish: Finish, rng: np.random.Generator) -> list[bytes]:
    """The same frames as `shot_alike` takes, stored by a program: what is a photo already has its camera behind it, and a real one."""
    quality = int(rng.integers(*STORED_QUALITY))
    small = [cv2.resize(frame, picture_size(frame.shape), interpolation=cv2.INTER_AREA) for frame in frames]
    grain = _grain(frames[0], finish, rng)
    return [encoded(np.rint(255 * finished(srgb(light), finish, grain)).astype(np.uint8), quality) for light in small]


def _through_lens(frame: np.ndarray, camera: Camera) -> np.ndarray:
    light = cv2.GaussianBlur(frame, (0, 0), camera.blur)
    return light + np.float32(camera.haze) * (light.mean((0, 1)) - light)


def _grain(frame: np.ndarray, finish: Finish, rng: np.random.Generator) -> np.ndarray:
    width, height = picture_size(frame.shape)
    if finish == UNTOUCHED:
        return np.zeros((height, width, 3), np.float32)
    return rng.standard_normal((height, width, 3), np.float32)


def _developed(light: np.ndarray, camera: Camera, noise: np.ndarray, grain: np.ndarray) -> bytes:
    raw = _mosaic(light.astype(np.float32))
    raw = raw + noise * np.sqrt(camera.shot * raw * 0.1 + camera.read**2)
    small = cv2.resize(_demosaic(np.clip(raw, 0, 1)), picture_size(light.shape), interpolation=cv2.INTER_AREA)
    tones = finished(_sharpened(toned(srgb(small), camera.contrast), camera.sharpen), camera.finish, grain)
    return encoded(np.rint(255 * np.clip(tones, 0, 1)).astype(np.uint8), camera.quality)


def picture_size(sensor_shape: tuple[int, ...]) -> tuple[int, int]:
    """(width, height) of the file for a frame of this shape."""
    return round(sensor_shape[1] / SENSOR), round(sensor_shape[0] / SENSOR)


def encoded(pixels: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, 0-1."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055).astype(np.float32)


def linear_light(pixels: np.ndarray) -> np.ndarray:
    """The inverse of `srgb`, from uint8."""
    table = np.arange(256) / 255
    table = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return table[pixels]


def _metering(light: np.ndarray) -> float:
    """Auto-exposure, half-hearted: brings the middle of the frame two thirds of the way to mid grey."""
    height, width = light.shape[:2]
    middle = light[height // 4 : -height // 4, width // 4 : -width // 4].mean()
    return float((0.22 / max(0.02, middle)) ** 0.66)


def _mosaic(light: np.ndarray) -> np.ndarray:
    raw = light[..., 1].copy()
    raw[0::2, 0::2] = light[0::2, 0::2, 0]
    raw[1::2, 1::2] = light[1::2, 1::2, 2]
    return np.clip(raw, 0, 1)


def _demosaic(raw: np.ndarray) -> np.ndarray:
    """Square-root coded 16 bit, because the demosaicer rounds; OpenCV names the pattern by its second row: RGGB is BayerBG."""
    coded = np.rint(np.sqrt(raw) * 65535).astype(np.uint16)
    colours = cv2.demosaicing(coded, cv2.COLOR_BayerBG2RGB)
    return (colours.astype(np.float32) / 65535) ** 2


def toned(tones: np.ndarray, contrast: float) -> np.ndarray:
    return tones + contrast * np.sin(2 * np.pi * (tones - 0.5)) / (2 * np.pi) * 1.5


def _sharpened(tones: np.ndarray, amount: float) -> np.ndarray:
    return tones + amount * (tones - cv2.GaussianBlur(tones, (0, 0), 1.0))
