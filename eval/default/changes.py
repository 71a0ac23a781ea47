"""What may happen to a picture on its way: harmless changes that an answer must survive, and bad conditions that it may not.

Each takes RGB pixels uint8 [h, w, 3] and chance, and gives pixels of the same kind; places and sizes are in shares of the face.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ...data_builders.synthesis.camera import encoded, linear_light, srgb
from ...model.perception.faces import find_faces

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
ROLL_DEG = 10.0
SMALL_IOD_PX = 20.0
FOG_LIGHT = 0.75  # linear light of the fog itself
DROPS = 0.004  # of the pixels begin a streak


def mirror(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(pixels[:, ::-1])


def half_size(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return scaled(pixels, 0.5)


def jpeg(quality: int) -> Change:
    def through(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        data = np.frombuffer(encoded(pixels, quality), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))

    return through


def rolled(degrees: float) -> Change:
    """About the middle, the border drawn out."""

    def turned(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    return turned


def gain(factor: float) -> Change:
    """On the values of the file, as an editor's slider."""
    return lambda pixels, rng: np.clip(np.rint(pixels * factor), 0, 255).astype(np.uint8)


def exposed(factor: float) -> Change:
    """In linear light, as less of it."""
    return lambda pixels, rng: _file(factor * linear_light(pixels))


def low_resolution(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The eyes' outer corners 20 px apart."""
    return scaled(pixels, min(1.0, SMALL_IOD_PX / _face_iod(pixels)))


def blurred(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(pixels, (0, 0), 0.04 * _face_iod(pixels))


def noisy(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(pixels + 12 * rng.standard_normal(pixels.shape)), 0, 255).astype(np.uint8)


def rain(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bright slanted streaks, a third of an IOD long, before a slightly dimmer scene."""
    drops = (rng.random(pixels.shape[:2]) < DROPS).astype(np.float32)
    length = max(3, int(_face_iod(pixels) / 3) | 1)
    streak = np.zeros((length, length), np.float32)
    slant = int(length * rng.uniform(-0.25, 0.25))
    cv2.line(streak, (length // 2 - slant, 0), (length // 2 + slant, length - 1), 1.0, 1)
    light = cv2.filter2D(drops, -1, streak / 2, borderType=cv2.BORDER_REFLECT)[..., None]
    return _file(linear_light(pixels) * 0.85 * (1 - 0.5 * np.clip(light, 0, 1)) + 0.4 * np.clip(light, 0, 1))


def fog(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the light comes from the air (Koschmieder)."""
    return _file(0.5 * linear_light(pixels) + 0.5 * FOG_LIGHT)


def covered(part: str) -> Change:
    """A plain object before the `mouth`, or before one `eye`."""

    def over(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        faces = find_faces(pixels)
        if not faces or faces[0].ibug68 is None:
            return pixels
        points, iod = faces[0].ibug68[:, :2], faces[0].iod_px
        centre = points[48:60].mean(0) if part == "mouth" else points[36:42].mean(0)
        axes = (0.45, 0.28) if part == "mouth" else (0.28, 0.22)
        out = pixels.copy()
        tone = tuple(int(value) for value in rng.integers(40, 160, 3))
        cv2.ellipse(
            out, tuple(np.rint(centre).astype(int).tolist()), tuple(int(iod * a) for a in axes), 0, 0, 360, tone, -1, cv2.LINE_AA
        )
        return out

    return over


HARMLESS: dict[str, dict[str, Change]] = {
    "half size": {"half size": half_size},
    "JPEG 60": {"JPEG 60": jpeg(60)},
    "roll": {"roll +10": rolled(ROLL_DEG), "roll -10": rolled(-ROLL_DEG)},
    "gain": {"gain 0.8": gain(0.8), "gain 1.25": gain(1.25)},
}
BAD: dict[str, Change] = {
    "low resolution": low_resolution,
    "blur": blurred,
    "noise": noisy,
    "JPEG 20": jpeg(20),
    "darkness": exposed(0.12),
    "rain": rain,
    "fog": fog,
    "mouth covered": covered("mouth"),
    "eye covered": covered("eye"),
}


def scaled(pixels: np.ndarray, factor: float) -> np.ndarray:
    size = tuple(max(16, round(side * factor)) for side in pixels.shape[1::-1])
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _file(light: np.ndarray) -> np.ndarray:
    return np.rint(255 * srgb(light)).astype(np.uint8)


def _face_iod(pixels: np.ndarray) -> float:
    """Of the largest face; a quarter of the picture where there is none."""
    faces = find_faces(pixels)
    return faces[0].iod_px if faces else min(pixels.shape[:2]) / 4
