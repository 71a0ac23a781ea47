"""Pigment on skin: how a layer of colour looks that is laid on a face, and which pixels of the photo are skin that can take
it.

A layer is lit as the skin under it is; thick ones hide its pores. Make-up, tattoos and the everyday make-up of live faces are
all drawn here, so that only what is painted, and how much of it, tells them apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from ..synthesis.photo import Photo, cropped
from .head import INNER_LIPS, Light, bare_skin_colours, coverage, lens_blur, light, softened

REACH = 0.3  # IOD about the face's points that a window holds
PORE = 0.06  # of the skin's brightness: finer detail below it is pores and spots, above it a crease or a lash
DETAIL_IOD = 0.035
LOG_COLOUR = np.array([[1, -1, 0], [0, 1, -1], [1 / 3, 1 / 3, 1 / 3]])  # of log red, green, blue
CHROMA_SPREAD, TONE_SPREAD = 0.13, 0.38  # of skin about its mean, in log colour; at least


@dataclass(frozen=True, eq=False)
class Skin:
    """The `window` of a framed photo that holds its face: `photo` cut to it, its `light`, how far each pixel's colour is
    `off` [h, w, 3] that of bare skin (in deviations of red-green, green-blue, tone), and the `share` [h, w] 0-1 of skin in
    it; the photo's own `blur`, px."""

    window: tuple[slice, slice]
    photo: Photo
    light: Light
    off: np.ndarray
    share: np.ndarray
    blur: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.share.shape

    def within(self, *rings: np.ndarray, soft_iod: float = 0.0) -> np.ndarray:
        """The share [h, w] inside any of `rings` [n, 2] px of the window, its edge blurred over `soft_iod` and by the lens."""
        covered, sigma = coverage(self.shape, rings), float(np.hypot(soft_iod * self.photo.iod, self.blur))
        if rings:
            reach = int(np.ceil(4 * sigma)) + 2  # nothing is blurred farther
            every = np.concatenate(rings)
            (x1, y1), (x2, y2) = (
                np.maximum(every.min(0) - reach, 0).astype(int),
                np.maximum(every.max(0) + reach + 1, 0).astype(int),
            )
            if x2 > x1 and y2 > y1 and covered[y1:y2, x1:x2].size:
                covered[y1:y2, x1:x2] = softened(covered[y1:y2, x1:x2], sigma)
        return covered

    def ring(self, vertices: Iterable[int]) -> np.ndarray:
        return self.photo.points[list(vertices), :2]


@dataclass(frozen=True, eq=False)
class Layer:
    """What is laid on: where (`share` [h, w]), its `colour` [3] as a reflectance, `opacity` 0-1 ([h, w] where it is uneven),
    and how much it `hides` of the pores. A `dye` darkens the skin by its colour instead of covering it; `on_hair` tells what
    is not kept to bare skin."""

    share: np.ndarray
    colour: np.ndarray
    opacity: float | np.ndarray
    hides: float = 0.0
    dye: bool = False
    on_hair: bool = False


def skin_of(photo: Photo, sides: float = REACH, above: float = REACH, below: float = REACH) -> Skin:
    """Of a framed photo, with so many IOD about the face's points."""
    height, width = photo.pixels.shape[:2]
    low = np.clip(photo.points[:, :2].min(0) - np.array([sides, above]) * photo.iod, 0, [width - 2, height - 2]).astype(int)
    high = np.clip(photo.points[:, :2].max(0) + np.array([sides, below]) * photo.iod, low + 2, [width, height]).astype(int)
    (x1, y1), (x2, y2) = low.tolist(), high.tolist()
    part = cropped(photo, (x1, y1, x2, y2))
    off = _off_skin(part.pixels, bare_skin_colours(photo))
    return Skin((slice(y1, y2), slice(x1, x2)), part, light(photo), off, _skin_share(part, off), lens_blur(photo))


def painted(photo: Photo, skin: Skin, layers: list[Layer]) -> tuple[np.ndarray, np.ndarray]:
    """(the frame with the layers on, linear light [h, w, 3]; the share [h, w] of its pixels that any of them covers)."""
    part, share = laid(skin, layers)
    frame, mask = photo.pixels.copy(), np.zeros(photo.pixels.shape[:2], np.float32)
    frame[skin.window] = np.where(share[..., None] > 0, part, skin.photo.pixels)
    mask[skin.window] = share
    return frame, mask


def laid(skin: Skin, layers: list[Layer]) -> tuple[np.ndarray, np.ndarray]:
    """As `painted`, of the window alone."""
    part, bare = skin.photo.pixels.copy(), np.ones(skin.shape, np.float32)
    fine, smooth = brightness(skin)
    for layer in layers:
        colour = (layer.colour if layer.dye else layer.colour * skin.light.white).astype(np.float32)
        kept = layer.share if layer.on_hair else layer.share * skin.share
        opacity = np.full(skin.shape, layer.opacity, np.float32)
        _lay(part, bare, kept.astype(np.float32), fine, smooth, layer.hides, colour, opacity, layer.dye)
    return part, np.clip(1 - bare, 0, 1)


@njit(cache=True, fastmath=True)
def _lay(part, bare, share, fine, smooth, hides, colour, opacity, dye):
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            if share[y, x] > 0:
                bare[y, x] *= 1 - share[y, x]
                lit = fine[y, x] + hides * (smooth[y, x] - fine[y, x])
                for channel in range(3):
                    onto = colour[channel] * (part[y, x, channel] if dye else lit)
                    part[y, x, channel] += opacity[y, x] * share[y, x] * (onto - part[y, x, channel])


def brightness(skin: Skin) -> tuple[np.ndarray, np.ndarray]:
    """[h, w] of the light on the skin, relative to what faces the camera: with its fine detail, and without what is as small
    as pores."""
    fine = cv2.transform(skin.photo.pixels, np.full((1, 3), 1 / (3 * max(0.02, skin.light.skin.mean()))))
    coarse = cv2.GaussianBlur(fine, (0, 0), DETAIL_IOD * skin.photo.iod)
    detail = fine - coarse
    smooth = coarse + np.sign(detail) * np.maximum(np.abs(detail) - PORE, 0)
    return np.clip(fine, 0, 2), np.clip(smooth, 0, 2)


def surely_skin(skin: Skin) -> tuple[np.ndarray, np.ndarray]:
    """Two shares [h, w] of the window for what lies beyond the face: of skin, shaded as necks are, but no fair hair and no
    white collar; and of what may be skin in deep shadow or under a beard."""
    red, green, tone = cv2.split(skin.off)
    apart = np.sqrt(red * red + green * green + (np.maximum(tone, 0) - 0.5 * np.minimum(tone, 0)) ** 2)
    certain = cv2.GaussianBlur(np.clip(2.8 - apart, 0, 1), (0, 0), max(0.6, 0.02 * skin.photo.iod))
    return certain, np.clip(1.5 - tone, 0, 1) * np.clip(7 - np.abs(green), 0, 1)


def _skin_share(part: Photo, off: np.ndarray) -> np.ndarray:
    """Hair, spectacles, lips and lashes fall out; a highlight is white and bright, and still skin."""
    red, green, tone = cv2.split(off)
    gloss = np.maximum(tone, 0)
    apart = np.sqrt((red * red + green * green) / (1 + 0.8 * gloss) ** 2 + (tone / (1 + 0.5 * gloss)) ** 2)
    side = 2 * max(1, round(0.018 * part.iod)) + 1  # creases and nostrils' rims are filled, frames of spectacles are wider
    share = cv2.morphologyEx(
        np.clip(3.2 - apart, 0, 1), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    )
    share = cv2.GaussianBlur(share, (0, 0), max(0.6, 0.012 * part.iod))
    return share * (1 - coverage(share.shape, [part.points[list(INNER_LIPS), :2]]))


def _off_skin(pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """[h, w, 3] of `pixels` by `colours` [n, 3] of bare skin."""
    known, here = _log_colour(colours.astype(np.float32)[None])[0], _log_colour(pixels)
    middle = np.median(known, 0)
    spread = np.maximum(1.5 * np.median(np.abs(known - middle), 0), [CHROMA_SPREAD, CHROMA_SPREAD, TONE_SPREAD])
    return cv2.transform(here, np.column_stack([np.diag(1 / spread), -middle / spread]))


def _log_colour(pixels: np.ndarray) -> np.ndarray:
    return cv2.transform(cv2.log(np.maximum(pixels, 0) + np.float32(0.01)), LOG_COLOUR)
