"""A rigid shell in the shape of a face, posed as a head is: its form, its normals, and how its matter takes the light."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from ..manipulations.mesh_warp import face_triangles
from .head import EYES, FACE_OVAL, LEFT_EYE, OUTER_LIPS, RIGHT_EYE, TOWARDS_CAMERA, Head, Light, coverage, facing, neutral_mesh
from .pigment import Skin

BROW_LINE = -0.25  # y in a head's axes above which a shell is stretched towards the hairline
HOLLOWS = 5.0  # how fast a hollow loses the sky, per IOD of depth
HOLLOW_IOD = 0.05


@dataclass(frozen=True)
class Matter:
    """`gloss` and `sharpness` (an exponent) of its highlights; `glow` 0-1: light that wanders under the surface and flattens
    it."""

    gloss: float
    sharpness: float
    glow: float


@dataclass(frozen=True, eq=False)
class Shell:
    """On a window of the frame: `points` [478, 3] px and the `share` [h, w] that it covers; on every second pixel its
    `normals` [..., 3] in the frame's axes and how much of the `sky` its hollows see; `iod` px."""

    points: np.ndarray
    share: np.ndarray
    normals: np.ndarray
    sky: np.ndarray
    iod: float


def shape_of(wearer: Head, donor: Head, follows: float, size: float, forehead: float) -> np.ndarray:
    """[478, 3] in the wearer's axes: neutral, with a donor's proportions but not its expression; `follows` 0-1 the wearer's
    face; `size` 1 is snug; the forehead is `forehead` times as high."""
    neutral, _ = neutral_mesh()
    own, eyes = _at_rest()[:, None], [list(eye) for eye in EYES]
    shape = neutral + 0.8 * own * (donor.points - neutral)
    shape = shape + follows * own * (wearer.points - shape)
    shape = shape + np.mean([wearer.points[eye].mean(0) - shape[eye].mean(0) for eye in eyes], 0)
    height = np.clip(wearer.points[152, 1] / shape[152, 1], 0.92, 1.1)
    shape = shape * np.array([size, height * size, size])
    above = np.maximum(0, BROW_LINE - shape[:, 1:2]) * (forehead - 1)
    return (shape + above * np.array([0, -1, 0.35]) - [0, 0, 0.04]).astype(np.float32)


def shell(wearer: Head, skin: Skin, shape: np.ndarray) -> Shell:
    """`shape` as the camera sees it in the window of `skin`."""
    points = wearer.placed(shape) - np.array([skin.window[1].start, skin.window[0].start, 0], np.float32)
    normals, depth = facing(points, face_triangles(), skin.shape, coarse=2)
    drawn = np.isfinite(depth).astype(np.float32)
    normals, sky = hollows(normals, np.where(drawn > 0, depth, 0).astype(np.float32), drawn, wearer.iod)
    return Shell(points, _silhouette(points, skin.shape), normals, sky, wearer.iod)


def hollows(normals: np.ndarray, depth: np.ndarray, drawn: np.ndarray, iod_px: float) -> tuple[np.ndarray, np.ndarray]:
    """(normals [h, w, 3] without facets, the share of the `sky` [h, w] that hollows see) of what is `drawn` [h, w] on every second
    pixel; `depth` px."""
    reach = HOLLOW_IOD * iod_px / 2
    about = cv2.GaussianBlur(depth, (0, 0), reach) / np.maximum(1e-3, cv2.GaussianBlur(drawn, (0, 0), reach))
    hollow = drawn * np.maximum(0, depth - about) / iod_px
    normals = cv2.GaussianBlur(normals, (0, 0), max(0.6, 0.007 * iod_px))
    normals[..., 2] -= (normals[..., 2] == 0) & (normals[..., 0] == 0)
    return unit(normals), np.exp(-HOLLOWS * hollow)


def unit(normals: np.ndarray) -> np.ndarray:
    """[h, w, 3] of length 1."""
    squared = cv2.transform(normals * normals, np.ones((1, 3), np.float32))
    return normals / np.sqrt(np.maximum(1e-12, squared))[..., None]


def _silhouette(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The share [h, w] that the shell covers: what lies within its rim, and what a turned head shows beyond."""
    rim = points[list(FACE_OVAL), None, :2]
    outside = np.array([cv2.pointPolygonTest(rim, (float(x), float(y)), False) < 0 for x, y in points[:, :2]])
    corners = points[face_triangles()][outside[face_triangles()].any(1)]
    front = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] < 0
    return coverage(shape, [rim[:, 0], *corners[front][..., :2]])


def shaded(form: Shell, lit: Light, albedo: np.ndarray, matter: Matter) -> np.ndarray:
    """Matt light [h, w, 3] from reflectance `albedo` [h, w, 3] or [3]."""
    level = lit.on(form.normals)
    level = level + 0.6 * matter.glow * (np.average(level, weights=form.normals[..., 2] < -0.2) - level)
    hollow = form.sky ** (1 - 0.5 * matter.glow)
    red = matter.glow * np.array([0.25, -0.1, -0.15])
    light = (level * hollow)[..., None] * lit.white * (1 + (1 - hollow[..., None]) * red)
    return cv2.resize(light.astype(np.float32), form.share.shape[::-1]) * albedo


def shine(form: Shell, lit: Light, matter: Matter, rng: np.random.Generator) -> np.ndarray:
    """Light [h, w, 1] that the surface mirrors: the main lamp, one or two others, and at grazing angles the room."""
    total = 0.3 * np.clip(1 - form.normals @ TOWARDS_CAMERA, 0, 1) ** 4
    for strength, stray in ((1.0, 0.05), *((rng.uniform(0.1, 0.7), 0.35) for _ in range(rng.integers(1, 3)))):
        half = lit.half + rng.normal(0, stray, 3)
        half /= np.linalg.norm(half)
        total += np.float32(strength) * np.clip(form.normals @ half.astype(np.float32), 0, 1) ** np.float32(matter.sharpness)
    inside = np.clip(2 * cv2.GaussianBlur(form.share, (0, 0), 0.05 * form.iod) - 1, 0, 1)
    mirrored = (total * form.sky * np.float32(matter.gloss * lit.white.max())).astype(np.float32)
    return (cv2.resize(mirrored, form.share.shape[::-1]) * inside)[..., None]


@cache
def _at_rest() -> np.ndarray:
    """[478] how much of a person's own shape is kept: little about the mouth and the lids, where expressions are."""
    neutral, _ = neutral_mesh()
    mouth, lids = (
        np.linalg.norm(neutral[:, None] - neutral[None, list(ring)], axis=2).min(1) for ring in (OUTER_LIPS, RIGHT_EYE + LEFT_EYE)
    )
    return np.clip(np.minimum(mouth / 0.4, lids / 0.15), 0.15, 1)
