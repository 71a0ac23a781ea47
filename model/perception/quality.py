"""What makes a face hard to read: too small, blurred, dark, bright, oblique, occluded or cut. It never hides an answer, it says why to doubt it.

Everything is measured on a crop at one scale, in numbers that mean the same on every face: sharpness does not know contrast, and light is
judged by the detail that it leaves, not by how dark the skin is. Thresholds were set on 523 good photographs (429 official portraits, 40
neutral studio faces, 54 of StyleGAN), of which under 2 % may be blamed for any one reason, and on 95 of them spoilt in known amounts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..answer import Quality
from .faces import DetectedFace
from .landmarks import canonical
from .occlusion import covered

WORK_IOD_PX = 48  # of the crop: half of what the rgb view shows, most photos have no more

# Under 40 px texture is gone (docs/science.md §3).
SMALL_IOD_PX = 40
# 1 % of the photographs are less sharp; all are that a Gaussian of sigma .04 IOD blurred, 85 % at .03. A shake of
# .2 IOD is told in all if it goes up or aslant, in 75 % if sideways: faces have few upright edges.
SHARP = 1.0
# sRGB luma of the skin's median and of the face's brightest 2 %. None of the photographs, darkest .27 with .51; 1, 17, 73, 100 % of them
# at a half, a quarter, an eighth, a sixteenth of their light. Skin made as dark as an eighth of the light makes it, its shine and the eyes
# as they were: none.
DARK_SKIN, DARK_HIGHLIGHTS = 0.25, 0.35
CRUSHED = 0.2  # a share of the skin; the photographs reach .04
# The photographs have no blown skin and a median up to .80; 47, 87, 99 % of them are told at twice, four and eight times their light.
BRIGHT_SKIN, BLOWN = 0.9, 0.05
# Found angles run 3 degrees over true ones. From here on the brows of turned renders drift by .05 IOD in canonical points, a full AU1;
# the photographs reach 29 and 21.
YAW_DEG, PITCH_DEG = 30.0, 20.0
# Of a region's pixels (occlusion.py). On 65 photographs beside the 32 that its limits were tuned on, landmarks found anew, 98 % of 1,434
# painted covers are told: masks 99, sunglasses 100, patches on a cheek 100, on the mouth 96 %. Of all 523 photographs, with their glasses,
# beards, fringes and make-up, 7 are blamed, and one of these wears an eye patch.
COVERED = 0.5
# Landmarks beyond the border are guessed to .02 of the face's area: 8 % cut off is told in 61 (chin) to 94 %, 15 % always.
CUT = 0.05

EDGE_SCALES = (0.6, 1.2)  # px of the crop
DIRECTIONS = np.arange(8) * np.pi / 8  # of the gradient; 0 is an upright edge
ALONG = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], 1).astype(np.float32)
# The ratio of edge energies at which sharpness is 1: 1 % of the photographs have less, at their own size or reduced to 44 px. Faces have
# more level edges than upright ones, and sharper.
SHARP_RATIO = 1.30 + 0.19 * np.sin(DIRECTIONS) ** 2
LEAST_EDGE = 0.3  # the share of an edge's energy that is never taken for noise
NOISE_KEPT = 0.17  # of white noise's energy at the finer scale, at the coarser one
TEXTURE_KEPT = 1.5  # energy of wrinkled skin at the finer scale over the coarser one: that much is no noise
CHI_SQUARE = -2 * np.log(0.75)  # its first quartile with two degrees of freedom: the flattest skin has no edges, only noise
FEWEST_EDGE_PIXELS = 200
WHITE, BLACK = 250, 16  # grey levels: skin with two channels over the one, or all three under the other, has no texture left

# iBUG outlines: what edges are looked for in (brow to under the eye, nostrils to under the lip), and skin without hair.
FEATURES = ((17, 18, 19, 20, 21, 39, 40, 41, 36), (22, 23, 24, 25, 26, 45, 46, 47, 42), (31, 35, 54, 55, 57, 59, 48))
SKIN = ((1, 41, 31, 48, 3), (15, 46, 35, 54, 13), (27, 31, 33, 35))
# fmt: off
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172,
        58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
# fmt: on


@dataclass(frozen=True)
class QualityNumbers:
    """What was measured; None where the points or the pixels for it are missing.

    `sharpness` 1 is the least that good photographs have. `brightness` (the skin's median) and `highlights` (the brightest 2 % of the
    face) are sRGB luma, 0..1. `blown` and `crushed` are shares of the skin that are white or black, `cut` is the share of the face beyond the
    picture. `yaw_deg` > 0 turns to the person's right, `pitch_deg` > 0 down. `covered` {region: share unlike the face's own skin}.
    """

    iod_px: float
    cut: float
    brightness: float | None = None
    highlights: float | None = None
    blown: float | None = None
    crushed: float | None = None
    sharpness: float | None = None
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    covered: dict[str, float] | None = None


def quality(pixels: np.ndarray, face: DetectedFace) -> Quality:
    """The reasons to doubt what is read from this face of an RGB picture [h, w, 3] uint8, each with its number and threshold."""
    return judged(quality_numbers(pixels, face))


def judged(numbers: QualityNumbers) -> Quality:
    """The same from numbers that are there already."""
    reasons = [reason for check in (_size, _blur, _light, _turn, _cover, _border) for reason in check(numbers)]
    return Quality(ok=not reasons, reasons=tuple(reasons))


def quality_numbers(pixels: np.ndarray, face: DetectedFace) -> QualityNumbers:
    """Without landmarks only size, light and cut are known, from the detector's box."""
    outline = _outline(face)
    closeup = _closeup(pixels, outline, face.iod_px)
    shown = {} if closeup is None else _shown(face, outline, *closeup)
    return QualityNumbers(face.iod_px, _beyond(outline, pixels.shape), **_pose(face), **shown)


def _pose(face: DetectedFace) -> dict[str, Any]:
    if face.ibug68 is None:
        return {}
    pitch, yaw, _ = np.rad2deg(canonical(face.ibug68)[1])
    return {"yaw_deg": float(yaw), "pitch_deg": float(pitch)}


def _shown(face: DetectedFace, outline: np.ndarray, rgb: np.ndarray, place: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """What the close-up `rgb` tells of the face; `place` takes points of the picture there."""
    within = _filled(rgb.shape, place(outline))
    if face.ibug68 is None or face.points is None:
        return _exposure(rgb, within, within)
    points68 = place(face.ibug68)
    skin = _filled(rgb.shape, *(points68[list(part)] for part in SKIN))
    return {
        **_exposure(rgb, skin, within),
        "sharpness": _sharpness(rgb, points68, skin),
        "covered": covered(rgb, place(face.points)) if len(face.points) == 478 else None,
    }


def _outline(face: DetectedFace) -> np.ndarray:
    """The face's convex outline, float32 [n, 2] in pixels of the picture."""
    if face.points is None:
        x1, y1, x2, y2 = face.box
        corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    else:
        corners = face.points[list(OVAL), :2] if len(face.points) == 478 else face.points[:27, :2]
    return cv2.convexHull(corners.astype(np.float32))[:, 0]


def _beyond(outline: np.ndarray, shape: tuple[int, ...]) -> float:
    """The share of the outline's area outside a picture of `shape` (h, w, ...)."""
    height, width = shape[:2]
    picture = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    shared, _ = cv2.intersectConvexConvex(outline, picture)
    return float(np.clip(1 - shared / max(1e-6, cv2.contourArea(outline)), 0, 1))


def _closeup(
    pixels: np.ndarray, outline: np.ndarray, iod_px: float
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]] | None:
    """The face's part of the picture at the working scale, and the function that takes points there; None if it is wholly outside."""
    height, width = pixels.shape[:2]
    margin = iod_px / 10
    x1, y1 = np.clip(np.floor(outline.min(0) - margin), 0, (width, height)).astype(int)
    x2, y2 = np.clip(np.ceil(outline.max(0) + margin), 0, (width, height)).astype(int)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return None
    scale = WORK_IOD_PX / iod_px
    size = max(2, round((x2 - x1) * scale)), max(2, round((y2 - y1) * scale))
    rgb = cv2.resize(pixels[y1:y2, x1:x2], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    stretch = np.array(size) / (x2 - x1, y2 - y1)
    return rgb, lambda points: (points[:, :2] - (x1, y1)) * stretch - 0.5


def _filled(shape: tuple[int, ...], *outlines: np.ndarray) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(16 * outline).astype(np.int32) for outline in outlines], 1, shift=4)
    return mask.astype(bool)


def _exposure(rgb: np.ndarray, skin: np.ndarray, within: np.ndarray) -> dict[str, float]:
    """Of skin in light and shade, and of the whole face with its whites of eyes, teeth and shine: what light there is."""
    if not skin.any():
        return {}
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return {
        "brightness": _quantile(luma[skin], 0.5) / 255,
        "highlights": _quantile(luma[within], 0.98) / 255,
        "blown": float(((rgb[skin] >= WHITE).sum(1) >= 2).mean()),
        "crushed": float((rgb[skin] <= BLACK).all(1).mean()),
    }


def _sharpness(rgb: np.ndarray, points68: np.ndarray, skin: np.ndarray) -> float | None:
    """How much more energy the edges of eyes, nose and mouth have at the finer of two scales, in the direction where it is least.

    A ratio of energies does not know contrast; what the noise of flat skin has at each scale is taken off; and a moving camera blurs one
    direction only. (Re-blurring as Zhuo and Sim 2011 measure defocus, with the energy of many edges in place of each edge's height.)
    """
    features = _filled(rgb.shape, *(points68[list(part)] for part in FEATURES))
    if features.sum() < FEWEST_EDGE_PIXELS or not skin.any():
        return None
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (_gradient(grey, sigma) for sigma in EDGE_SCALES)  # [2, h, w]
    flat = [_quantile((gradient[:, skin] ** 2).sum(0), 0.25) / CHI_SQUARE for gradient in (fine, coarse)]
    noise = max(0.0, flat[0] - TEXTURE_KEPT * flat[1]) / (1 - TEXTURE_KEPT * NOISE_KEPT)
    fine, coarse = (ALONG @ gradient[:, features] for gradient in (fine, coarse))  # [directions, n]
    facing = (coarse**2 / ((coarse**2).sum(0) + 1e-6)) ** 2  # an edge speaks for its own direction
    fine, coarse = ((facing * edges**2).sum(1) / (facing.sum(1) + 1e-6) for edges in (fine, coarse))
    fine, coarse = np.maximum(fine - noise, fine * LEAST_EDGE), np.maximum(coarse - NOISE_KEPT * noise, coarse * LEAST_EDGE)
    return float(np.clip((fine / (coarse + 1e-6) - 1) / (SHARP_RATIO - 1), 0, None).min())


def _gradient(grey: np.ndarray, sigma: float) -> np.ndarray:
    """[2, h, w] in grey levels a pixel, x first."""
    soft = cv2.GaussianBlur(grey, (0, 0), sigma)
    return np.stack([cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0)])


def _quantile(values: np.ndarray, share: float) -> float:
    """Without interpolation, in a tenth of numpy's time."""
    rank = int(share * (values.size - 1))
    return float(np.partition(values, rank)[rank])


def _size(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.yaw_deg is None:
        yield "landmarks not found"
    if numbers.iod_px < SMALL_IOD_PX:
        yield f"small: {int(numbers.iod_px)} px between the outer eye corners, {SMALL_IOD_PX} wanted"


def _blur(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.sharpness is not None and numbers.sharpness < SHARP:
        yield f"blurred: sharpness {numbers.sharpness:.2f}, {SHARP:.2f} wanted"


def _light(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.brightness is None or numbers.highlights is None or numbers.crushed is None or numbers.blown is None:
        return
    if numbers.brightness < DARK_SKIN and numbers.highlights < DARK_HIGHLIGHTS:
        brightest = f"and the brightest of the face {numbers.highlights:.2f}, {DARK_SKIN:.2f} or {DARK_HIGHLIGHTS:.2f} wanted"
        yield f"dark: the skin's luma is {numbers.brightness:.2f} {brightest}"
    elif numbers.crushed > CRUSHED:
        yield f"dark: {numbers.crushed:.0%} of the skin is black, {CRUSHED:.0%} allowed"
    if numbers.blown > BLOWN:
        yield f"bright: {numbers.blown:.0%} of the skin is white, {BLOWN:.0%} allowed"
    elif numbers.brightness > BRIGHT_SKIN:
        yield f"bright: the skin's luma is {numbers.brightness:.2f}, {BRIGHT_SKIN:.2f} allowed"


def _turn(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.yaw_deg is not None and abs(numbers.yaw_deg) > YAW_DEG:
        yield f"oblique: turned {abs(numbers.yaw_deg):.0f} degrees to the side, {YAW_DEG:.0f} allowed"
    if numbers.pitch_deg is not None and abs(numbers.pitch_deg) > PITCH_DEG:
        way = "down" if numbers.pitch_deg > 0 else "up"
        yield f"oblique: turned {abs(numbers.pitch_deg):.0f} degrees {way}, {PITCH_DEG:.0f} allowed"


def _cover(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.blown is not None and numbers.blown > BLOWN:
        return  # white has no colour to compare
    hidden = [f"{name} {share:.0%}" for name, share in (numbers.covered or {}).items() if share > COVERED]
    if hidden:
        yield f"occluded: {', '.join(hidden)} unlike the face's own skin, {COVERED:.0%} allowed"


def _border(numbers: QualityNumbers) -> Iterator[str]:
    if numbers.cut > CUT:
        yield f"cut: {numbers.cut:.0%} of the face lies beyond the picture, {CUT:.0%} allowed"
