"""Hair that is made: strands of a wig, or grooves that are cut or cast into the head itself.

Strands run out from one place on the crown; they are noise that is long along them and fine across, in locks of a few widths, and shine in
a band as combed hair does.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .bust import CROWN, Bust
from .head import Head, Light
from .hood import LOWEST_HAIR, Hood
from .pigment import Skin
from .shell import unit

STRANDS = (620, 260, 90, 34)  # about the crown, from single strands to locks
DOME_IOD = 0.45  # how far from its edge a head of hair has its full height
COLOURS = (
    (0.012, 0.01, 0.009),
    (0.035, 0.02, 0.012),
    (0.09, 0.045, 0.02),
    (0.3, 0.19, 0.09),
    (0.45, 0.34, 0.2),
    (0.16, 0.04, 0.015),
    (0.25, 0.25, 0.25),
    (0.55, 0.54, 0.52),
)


@dataclass(frozen=True, eq=False)
class Hair:
    """The share [h, w] of the window that hair covers, its `strands` [h, w] about 0 with deviation 1, `matt` light on a white one and
    what it `mirrors` [h, w]."""

    share: np.ndarray
    strands: np.ndarray
    matt: np.ndarray
    mirrors: np.ndarray


def hair(wearer: Head, skin: Skin, form: Bust, hood: Hood, fringe: float, rng: np.random.Generator) -> Hair:
    """On the head under `hood`, its hairline `fringe` IOD lower than a head's."""
    crown = wearer.projected(np.add(CROWN, (rng.normal(0, 0.2), 0, rng.uniform(-0.5, 0.1)))[None])[0]
    strands, locks = _strands(skin, crown - [skin.window[1].start, skin.window[0].start], rng)
    size = skin.shape[::-1]
    outside = form.drawn == 0
    over = np.where(outside, np.where(-hood.up < LOWEST_HAIR, 0.3, -0.3), form.above + fringe)
    over = cv2.resize(cv2.GaussianBlur(over.astype(np.float32), (0, 0), 0.02 * form.form.iod), size)
    edge = cv2.add(over, 0.035 * locks + 0.012 * strands)
    share = np.clip(edge * np.float32(form.form.iod / 2.5) + np.float32(0.5), 0, 1)
    normals = _dome(hood.head, form.form.iod / 2)
    level = skin.light.on(normals) * (0.45 + 0.55 * np.clip(-normals[..., 2], 0, 1))
    band = (normals @ skin.light.half.astype(np.float32)) - 0.9
    mirrors = np.exp(-((band / 0.12) ** 2))
    matt, mirrors = (cv2.resize(x.astype(np.float32), size) for x in (level, mirrors))
    rooted = np.clip(np.float32(0.55) + np.float32(2.25) * over, 0.55, 1)
    return Hair(share, np.float32(0.8) * strands + np.float32(0.6) * locks, matt * rooted, mirrors)


def combed(hair: Hair, lit: Light, colour: np.ndarray, gloss: float) -> np.ndarray:
    """Light [h, w, 3] from the hair of a wig of reflectance `colour` [3]."""
    tone = hair.matt * cv2.exp(np.float32(0.38) * hair.strands)
    shine = hair.mirrors * np.clip(0.6 + np.float32(0.5) * hair.strands, 0, 2)
    on_both = np.stack([colour * lit.white, 0.5 * gloss * (0.3 + colour) * lit.white], 1).astype(np.float32)
    return cv2.transform(cv2.merge([tone, shine]), on_both)


def carved(hair: Hair, bare: np.ndarray, colour: np.ndarray, depth: float) -> np.ndarray:
    """`bare` light [h, w, 3] with grooves in it, painted with `colour` [3], 1 leaving it as it is."""
    grooves = cv2.GaussianBlur(hair.strands, (0, 0), 1.0)
    return bare * colour * np.exp(depth * np.clip(grooves, -2, 1.5))[..., None]


def _strands(skin: Skin, crown: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noise about `crown` [2] px, (of strands, of locks) [h, w], each about 0."""
    y, x = np.indices(skin.shape, np.float32)
    x, y = x - np.float32(crown[0]), (y - np.float32(crown[1])) * np.float32(0.9)
    radius, angle = cv2.cartToPolar(x, y)
    radius /= np.float32(skin.photo.iod)
    wave = np.float32(rng.uniform(0, 0.012)) * np.sin(radius * np.float32(rng.uniform(4, 9)))
    turn = (angle / np.float32(2 * np.pi) + wave + np.float32(rng.normal(0, 0.05)) * radius) % 1
    parts = []
    for count in STRANDS:
        noise = rng.standard_normal((count // 30 + 6, count + 2), np.float32)
        noise[:, -2:] = noise[:, :2]
        down = np.minimum(radius * np.float32(len(noise) / 3.5), len(noise) - 1)
        parts.append(cv2.remap(noise, turn * count, down, cv2.INTER_LINEAR))
    fine, locks = 0.6 * parts[0] + 0.8 * parts[1], 0.7 * parts[2] + 0.9 * parts[3]
    return fine.astype(np.float32), locks.astype(np.float32)


def _dome(share: np.ndarray, iod: float) -> np.ndarray:
    """Normals [h, w, 3] of what swells from its outline."""
    padded = cv2.copyMakeBorder((share > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    inwards = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    inwards = 1 - np.minimum(1, inwards / (DOME_IOD * iod))
    height = cv2.GaussianBlur(DOME_IOD * iod * np.sqrt(np.maximum(0, 1 - inwards**2)), (0, 0), 0.06 * iod)
    slope = [-cv2.Sobel(height, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ((1, 0), (0, 1))]
    normals = np.stack([*slope, -np.ones(share.shape, np.float32)], 2)
    return unit(normals)
