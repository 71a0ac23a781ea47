"""The camera of a clip: the optics and sensor of a still's camera family, its tone curve, and the video codec.

What differs from a still: colours are sampled once a pixel and noise is added in the finished file's sampling, because a frame has a
few milliseconds; and keyframes are coded apart from what lies between, so that strong compression pumps at their rhythm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numba import njit

from ..synthesis.camera import SENSOR, Camera, sample_camera, srgb, toned

PULSING_CRF = 22  # from here on a keyframe differs from the frame before it twice to eight times as much as other frames do
POOL_PX = 64  # the noise is drawn once, this much larger than a frame, and cut anew for each
STEPS = 4095  # of linear light in the tables of tones


@dataclass(frozen=True)
class Codec:
    """H.264 as a family's encoder uses it: ranges of the rate factor and of the keyframes' distance in s, the encoder's effort.

    Above 30 the codec leaves less than half of a movement of one pixel, and the label would be of something that is not there."""

    crf: tuple[int, int]
    keyframe_s: tuple[float, float]
    preset: str


CODECS = {
    "phone": Codec((18, 27), (0.5, 1.0), "veryfast"),
    "dslr": Codec((14, 23), (0.4, 4.0), "faster"),
    "webcam": Codec((20, 28), (1.0, 8.0), "superfast"),
}


@dataclass(frozen=True)
class Camcorder:
    """`gop` frames lie between keyframes; every `gop`-th frame is one and no other."""

    camera: Camera
    crf: int
    gop: int

    @property
    def pulses(self) -> bool:
        return self.crf >= PULSING_CRF


def sample_camcorder(rng: np.random.Generator, family: str, fps: float) -> Camcorder:
    codec = CODECS[family]
    crf = int(rng.integers(codec.crf[0], codec.crf[1] + 1))
    gop = max(2, round(fps * float(np.exp(rng.uniform(*np.log(codec.keyframe_s))))))
    return Camcorder(sample_camera(rng, family), crf, gop)


class Sensor:
    """Linear light to 8-bit pictures; holds the tables and the noise of one clip. `metering` is the gain that the camera chose once."""

    def __init__(self, camera: Camera, size: tuple[int, int], metering: float, rng: np.random.Generator):
        width, height = size
        self._blur = camera.blur / SENSOR
        self._sharpen = camera.sharpen
        self._gain = np.float32(STEPS * camera.exposure * metering) * np.array(camera.balance, np.float32)
        self._tones, self._noise = _tables(camera)
        self._pool = rng.standard_normal((height + POOL_PX, width + POOL_PX, 3), np.float32)
        self._rng = rng

    def developed(self, light: np.ndarray) -> np.ndarray:
        """uint8 [h, w, 3] of linear light float32 [h, w, 3]."""
        top, left = self._rng.integers(0, POOL_PX, 2)
        noise = self._pool[top : top + light.shape[0], left : left + light.shape[1]]
        tones = _exposed(cv2.GaussianBlur(light, (0, 0), self._blur), self._gain, self._tones, self._noise, noise)
        if self._sharpen:
            tones = cv2.addWeighted(tones, 1 + self._sharpen, cv2.GaussianBlur(tones, (0, 0), 1.0), -self._sharpen, 0)
        return _rounded(tones)


@njit(cache=True, fastmath=True)
def _exposed(light, gain, tones, deviation, noise):
    """Tones 0-255 float32 [h, w, 3]: each value of light looked up in the tables, with its share of the noise."""
    height, width, colours = light.shape
    out = np.empty((height, width, colours), np.float32)
    for y in range(height):
        for x in range(width):
            for k in range(colours):
                step = int(min(max(light[y, x, k] * gain[k], np.float32(0)), np.float32(STEPS)))
                out[y, x, k] = tones[step] + deviation[step] * noise[y, x, k]
    return out


@njit(cache=True, fastmath=True)
def _rounded(tones):
    height, width, colours = tones.shape
    out = np.empty((height, width, colours), np.uint8)
    for y in range(height):
        for x in range(width):
            for k in range(colours):
                out[y, x, k] = np.uint8(min(max(tones[y, x, k] + np.float32(0.5), np.float32(0)), np.float32(255)))
    return out


def _tables(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """(tone 0-255, the noise's deviation in tones) by linear light: shot and read noise as in a still, averaged over a pixel of the
    file and seen through the slope of the tone curve."""
    light = np.arange(STEPS + 1) / STEPS
    tones = srgb(light).astype(np.float64)
    tones = 255 * toned(tones, camera.contrast)
    electrons = np.sqrt(0.1 * camera.shot * light + camera.read**2) / SENSOR
    return tones.astype(np.float32), (electrons * np.gradient(tones, light)).astype(np.float32)


def write_clip(path: Path, pixels: Iterable[np.ndarray], fps: float, camcorder: Camcorder) -> int:
    """H.264 (libx264, yuv420p) of uint8 [h, w, 3] frames with even sides; returns how many."""
    written = 0
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.pix_fmt, stream.gop_size = "yuv420p", camcorder.gop
        preset = CODECS[camcorder.camera.family].preset
        # The lookahead of mbtree gives other bytes from run to run, of the same frames and in one thread.
        settings = "scenecut=0:open-gop=0:mbtree=0"
        stream.options = {"crf": str(camcorder.crf), "preset": preset, "x264-params": settings}
        stream.thread_count = 1  # more would change the bytes from machine to machine
        for picture in pixels:
            if not written:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            written += 1
        container.mux(stream.encode())
    return written
