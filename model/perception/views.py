"""What the encoder looks at: fixed-size views of one face with the landmarks in each view's own coordinates.

`rgb` is a tight crop, 1.5 x the face, because action units need the pixels. `spoof` is a wide one, 4 IOD, that shows paper edges
and bezels, as [LBP, FFT high-pass, HOG] (FaceShield's SAVP with FA3-CLIP's frequency stream; grey is in rgb already); `spectrum`
is the same crop by frequency, where moire and halftone are peaks. All gains are fixed: a per-image normalisation would make an even
wall as loud as a halftone. One neutral fill pads every view.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from skimage.draw import line
from skimage.feature import local_binary_pattern

from .faces import DetectedFace
from .landmarks import canonical, canonical_mesh, no_mesh

SIZE = 224  # the wide views then show an IOD at 56 px
TIGHT_OVER_FACE = 1.5
WIDE_IOD = 4.0
FILL = 127
HIGH_PASS_NYQUIST = 0.25  # cut-off as a share of Nyquist at the working scale
HIGH_PASS_GAIN = 4.0
HOG_CELL, HOG_BINS, HOG_GAIN = 8, 9, 12.0
# Grey levels of a wave's amplitude: noise of sigma 2 in every pixel leaves the first, which draws 31; the second is white.
SPECTRUM_FLOOR, SPECTRUM_WHITE = 0.05, 16.0

Square = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class FaceViews:
    """`images` uint8 [V, S, S, 3]; `points` [V, 68, 2] in 0..1 of each view, x first; `canonical` [68, 3] and `mesh` [478, 3] in
    IOD; `pose` [3] in radians.

    The spectrum's `points` are those of its crop: its own places are frequencies. Without landmarks `points`, `canonical` and `pose`
    are zeros and `has_landmarks` is False; `mesh` is NaN where the backend has none. `wide_box` is the square of the wide views (x1, y1, x2, y2) in pixels of the picture; it
    may reach beyond the picture.
    """

    images: np.ndarray
    points: np.ndarray
    canonical: np.ndarray
    pose: np.ndarray
    has_landmarks: bool
    wide_box: Square
    mesh: np.ndarray = field(default_factory=no_mesh)


def face_views(pixels: np.ndarray, face: DetectedFace, size: int = SIZE, views: Sequence[str] = ("rgb", "spoof")) -> FaceViews:
    """The named `views` (of VIEWS) of one face, in that order, from RGB pixels [h, w, 3] uint8. The default is what the embedded encoder sees."""
    squares = [VIEWS[name].square(face) for name in views]
    crops = {square: crop(pixels, square, size) for square in squares}
    images = np.stack([VIEWS[name].draw(crops[square]) for name, square in zip(views, squares, strict=True)])
    wide = wide_square(face)
    if face.ibug68 is None:
        nothing = np.zeros((68, 3), np.float32)
        return FaceViews(images, np.zeros((len(views), 68, 2), np.float32), nothing, np.zeros(3, np.float32), False, wide)
    points = np.stack([_within(face.ibug68, square) for square in squares])
    shape, pose = canonical(face.ibug68)
    return FaceViews(images, points, shape, pose, True, wide, canonical_mesh(face.points))


def tight_square(face: DetectedFace) -> Square:
    x1, y1, x2, y2 = face.box
    return _square((x1 + x2) / 2, (y1 + y2) / 2, TIGHT_OVER_FACE * max(x2 - x1, y2 - y1))


def wide_square(face: DetectedFace) -> Square:
    x1, y1, x2, y2 = face.box
    return _square((x1 + x2) / 2, (y1 + y2) / 2, WIDE_IOD * face.iod_px)


def crop(pixels: np.ndarray, square: Square, size: int) -> np.ndarray:
    """The square of the picture at size x size, area-filtered when it shrinks; what lies outside is the neutral fill."""
    height, width = pixels.shape[:2]
    x1, y1 = int(round(square[0])), int(round(square[1]))
    side = max(2, int(round(square[2] - square[0])))
    inner = pixels[max(0, y1) : max(0, min(height, y1 + side)), max(0, x1) : max(0, min(width, x1 + side))]
    canvas = np.full((side, side, 3), FILL, np.uint8)
    top, left = max(0, -y1), max(0, -x1)
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR)


def spoof_view(rgb: np.ndarray) -> np.ndarray:
    """[LBP, FFT high-pass, HOG] of an RGB crop [S, S, 3], as uint8 [S, S, 3]."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.stack([_lbp(grey), _high_pass(grey), np.clip(HOG_GAIN * drawn_hog(grey), 0, 255).astype(np.uint8)], axis=2)


def spectrum_view(rgb: np.ndarray) -> np.ndarray:
    """Log amplitude of an RGB crop [S, S, 3] by frequency, as uint8 [S, S, 3]: luminance, Cr and Cb, because moire is coloured.

    A wave of n periods across the crop is two dots n pixels from the centre (S // 2, S // 2). Without the Hann window the crop's unequal
    borders would draw a cross.
    """
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb).astype(np.float64)
    weights = np.outer(_hann(rgb.shape[0]), _hann(rgb.shape[1]))
    weights /= weights.sum()
    varying = ((planes - np.tensordot(weights, planes)) * weights[..., None]).astype(np.float32)
    amplitude = 2 * np.abs(np.fft.fftshift(np.fft.fft2(varying, axes=(0, 1)), axes=(0, 1)))
    loudness = np.log1p(amplitude / SPECTRUM_FLOOR) / np.log1p(SPECTRUM_WHITE / SPECTRUM_FLOOR)
    return np.minimum(255 * loudness, 255).astype(np.uint8)


def _hann(n: int) -> np.ndarray:
    return np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2


def _lbp(grey: np.ndarray) -> np.ndarray:
    """Uniform local binary patterns, P = 8, R = 1: ten codes spread over 0..252 (Ojala 2002); mirrored borders, or they draw a frame."""
    padded = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_REFLECT_101)
    return (local_binary_pattern(padded, 8, 1, method="uniform")[1:-1, 1:-1] * 28).astype(np.uint8)


def _high_pass(grey: np.ndarray) -> np.ndarray:
    """What lies above the cut-off: mirrored borders, or the crop's edge draws a cross; a Gaussian shoulder, or it rings."""
    pad = grey.shape[0] // 4
    padded = cv2.copyMakeBorder(grey.astype(np.float32), pad, pad, pad, pad, cv2.BORDER_REFLECT_101)
    spectrum = np.fft.rfft2(padded)
    fy = np.abs(np.fft.fftfreq(padded.shape[0]))[:, None]
    fx = np.abs(np.fft.rfftfreq(padded.shape[1]))[None, :]
    cut_off = HIGH_PASS_NYQUIST / 2
    passed = 1 - np.exp(-(fy**2 + fx**2) / (2 * cut_off**2))
    high = np.fft.irfft2(spectrum * passed, s=padded.shape)[pad:-pad, pad:-pad]
    return np.clip(127 + HIGH_PASS_GAIN * high, 0, 255).astype(np.uint8)


def drawn_hog(grey: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal 2005) as scikit-image draws them, before any block normalisation: float32 [S, S] in grey levels.

    Its own drawing, skimage.feature.hog(visualize=True), takes ten times as long; a test holds the two equal.
    """
    soft = grey.astype(np.float32)
    gy, gx = np.zeros_like(soft), np.zeros_like(soft)
    gy[1:-1], gx[:, 1:-1] = soft[2:] - soft[:-2], soft[:, 2:] - soft[:, :-2]
    bins = (np.rad2deg(np.arctan2(gy, gx)) % 180 * (HOG_BINS / 180)).astype(int)
    n = grey.shape[0] // HOG_CELL
    by_bin = np.hypot(gx, gy)[..., None] * (bins[..., None] == np.arange(HOG_BINS))
    cells = by_bin[: n * HOG_CELL, : n * HOG_CELL].reshape(n, HOG_CELL, n, HOG_CELL, HOG_BINS).mean((1, 3))
    picture = np.zeros(grey.shape, np.float32)
    inside = picture[: n * HOG_CELL, : n * HOG_CELL]
    inside[:] = np.einsum("rcb,byx->rycx", cells, _strokes()).reshape(inside.shape)
    return picture


@cache
def _strokes() -> np.ndarray:
    """[bins, cell, cell]: a line through the cell's centre at right angles to each bin's gradient."""
    strokes = np.zeros((HOG_BINS, HOG_CELL, HOG_CELL), np.float32)
    centre, radius = HOG_CELL // 2, HOG_CELL // 2 - 1
    for stroke, angle in zip(strokes, (np.arange(HOG_BINS) + 0.5) * np.pi / HOG_BINS, strict=True):
        down, right = radius * np.sin(angle), radius * np.cos(angle)
        stroke[line(int(centre - right), int(centre + down), int(centre + right), int(centre - down))] = 1
    return strokes


def _square(cx: float, cy: float, side: float) -> Square:
    return (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)


def _within(points68: np.ndarray, square: Square) -> np.ndarray:
    return ((points68[:, :2] - np.array(square[:2])) / (square[2] - square[0])).astype(np.float32)


@dataclass(frozen=True)
class View:
    """`square` frames the face in the picture, `draw` makes the view of that crop, uint8 [S, S, 3] both."""

    square: Callable[[DetectedFace], Square]
    draw: Callable[[np.ndarray], np.ndarray]


VIEWS = {
    "rgb": View(tight_square, np.asarray),
    "spoof": View(wide_square, spoof_view),
    "spectrum": View(wide_square, spectrum_view),
}
