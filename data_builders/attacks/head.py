"""The head of a framed photo as a place to put things: its own axes, the outlines of its features, the light on it.

Everything that is worn or painted is laid out in the head's axes and projected from there, so that it follows the pose and
its mask is exact. The outlines are the ordered rings of MediaPipe's face_mesh_connections (0.10.21); the mesh's triangles are
its FACEMESH_TESSELATION.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numba import njit

from ...model.perception.landmarks import IBUG68_IN_478, head_rotation
from ..rig.raster import rasterise, vertex_normals
from ..synthesis.photo import JUST_VISIBLE, SEEN_IOD_PX, Photo, rim_contrast, seen
from .staging import STEP

# fmt: off
FACE_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
             136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
# fmt: on
EYES = (RIGHT_EYE, LEFT_EYE)
BROWS = (RIGHT_BROW, LEFT_BROW)
OUTER_CANTHI = (33, 263)
STEEPEST = 0.8  # slope of a lamp from the side; fits beyond it follow hair or shadows
FINER = 4  # coverage is counted on a grid so much finer than the pixels
SHARPNESS = (0.09, 0.11, 0.15, 0.21, 0.28, 0.37)  # ratios of energy in second differences
SIGMAS = (2.5, 1.8, 1.2, 0.8, 0.5, 0.0)  # and the blur, px, at which they are met
SKIN_HUE = (1.5, 1.0, 0.75)  # linear, by green
TOWARDS_CAMERA = np.array([0, 0, -1], np.float32)


@dataclass(frozen=True, eq=False)
class Head:
    """`points` [478, 3] in the head's own axes: IOD, x to the picture's right, y down, z away from the camera when looking
    straight at it, origin between the outer eye corners. `rotation` [3, 3], `origin` [3] px and `iod` px take them back to
    the frame."""

    points: np.ndarray
    rotation: np.ndarray
    origin: np.ndarray
    iod: float

    def placed(self, points: np.ndarray) -> np.ndarray:
        """Frame px [n, 3], depth in px too, of `points` [n, 3]."""
        return ((points @ self.rotation.T) * self.iod + self.origin).astype(np.float32)

    def projected(self, points: np.ndarray) -> np.ndarray:
        """Frame px [n, 2] of `points` [n, 3]."""
        return self.placed(points)[:, :2]


@dataclass(frozen=True, eq=False)
class Light:
    """How matt things about this face are lit: 1 + `slope` . (normal - the camera's) times what faces the camera; normals in
    the frame's axes. `skin` [3] is the colour of skin that faces the camera, `white` [3] that of a white thing there."""

    slope: np.ndarray
    skin: np.ndarray
    white: np.ndarray

    def on(self, normals: np.ndarray) -> np.ndarray:
        """The factor [...] by `normals` [..., 3]."""
        return np.clip(1 + (normals - TOWARDS_CAMERA) @ self.slope, 0.25, 1.8)

    @property
    def half(self) -> np.ndarray:
        """The normal [3] that mirrors the light into the camera."""
        from_light = self.slope / max(1e-6, float(np.linalg.norm(self.slope)))
        half = from_light + TOWARDS_CAMERA
        return half / np.linalg.norm(half)


def head(photo: Photo) -> Head:
    points = photo.points.astype(np.float64)
    rotation = head_rotation(points[list(IBUG68_IN_478)])
    origin = points[list(OUTER_CANTHI)].mean(0)
    own = (points - origin) / photo.iod @ rotation
    return Head(own.astype(np.float32), rotation.astype(np.float32), origin.astype(np.float32), photo.iod)


@cache
def neutral_mesh() -> tuple[np.ndarray, np.ndarray]:
    """A neutral face [478, 3] in a head's axes, symmetric (median of the detector's points on 40 neutral portraits), and the
    mesh's triangles [852, 3] as `raster` takes them. Eyes and mouth are open."""
    held = json.loads(files(__package__).joinpath("neutral_mesh.json").read_text())
    return np.array(held["points"], np.float32), np.array(held["triangles"], np.int32)


def bare_skin_colours(photo: Photo) -> np.ndarray:
    """Linear colours [n, 3] about the vertices that lie on bare skin, in a fixed order."""
    x, y = np.rint(photo.points[list(_bare_skin()), :2].T).astype(int)
    height, width = photo.pixels.shape[:2]
    offsets = np.arange(-2, 3)
    rows, columns = (np.clip(n[:, None] + offsets, 0, most - 1) for n, most in ((y, height), (x, width)))
    return photo.pixels[rows[:, :, None], columns[:, None, :]].mean((1, 2), dtype=np.float64)


def light(photo: Photo) -> Light:
    """Fitted to the skin of the face: least squares on its brightness by normal, once more without what is hair, glare or
    shadow."""
    normals = vertex_normals(photo.points, neutral_mesh()[1])[list(_bare_skin())]
    colours = bare_skin_colours(photo)
    brightness = colours.mean(1)
    kept = visible = normals[:, 2] < -0.2
    for _ in range(2):
        design = np.column_stack([np.ones(kept.sum()), normals[kept] - TOWARDS_CAMERA])
        ridge = np.diag([0, 4, 4, 8]).astype(np.float64)
        fitted = np.linalg.solve(design.T @ design + ridge, design.T @ brightness[kept])
        level, slope = float(fitted[0]), fitted[1:].astype(np.float32)
        error = np.abs(brightness - level - (normals - TOWARDS_CAMERA) @ slope)
        kept = visible & (error <= 2.5 * np.median(error[visible]))
    skin = np.median(colours[kept], 0)
    slope = slope / np.float32(max(0.02, level))
    steep = max(1.0, float(np.linalg.norm(slope)) / STEEPEST)
    return Light((slope / np.float32(steep)).astype(np.float32), skin, _white(photo, skin))


def lens_blur(photo: Photo) -> float:
    """How soft the photo already is, as the sigma of a Gaussian in px: enlarged and defocused portraits must not get things
    with sharper edges than their own. From second differences over 2 px against those over 4, calibrated on sharp portraits
    that were blurred."""
    (x1, y1), (x2, y2) = np.maximum(0, photo.points[:, :2].min(0)).astype(int), photo.points[:, :2].max(0).astype(int)
    tones = np.sqrt(np.clip(photo.pixels[y1:y2, x1:x2, 1], 0, 1))
    energy = [
        np.mean((tones[2 * lag :] - 2 * tones[lag:-lag] + tones[: -2 * lag]) ** 2)
        + np.mean((tones[:, 2 * lag :] - 2 * tones[:, lag:-lag] + tones[:, : -2 * lag]) ** 2)
        for lag in (2, 4)
    ]
    return float(np.interp(energy[0] / max(1e-12, energy[1]), SHARPNESS, SIGMAS))


def softened(picture: np.ndarray, blur_px: float) -> np.ndarray:
    """`picture` [h, w, ...] through a lens of that blur."""
    return cv2.GaussianBlur(picture, (0, 0), blur_px) if blur_px > 0.3 else picture


def facing(points: np.ndarray, triangles: np.ndarray, shape: tuple[int, int], coarse: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """(normals [h, w, 3] in the frame's axes, zero where the mesh is not; depth [h, w] px, growing away from the camera) of
    `points` [V, 3] px, drawn on every `coarse`-th pixel: [ceil(shape / coarse)]."""
    rows, columns = (-(-n // coarse) for n in shape)
    placed = points.astype(np.float32).copy()
    placed[:, :2] = (placed[:, :2] + 0.5) * [columns / shape[1], rows / shape[0]] - 0.5
    owner, bary, nearest = rasterise(placed[:, :2], -points[:, 2], triangles, columns, rows)
    normals = vertex_normals(points, triangles)
    drawn = owner >= 0
    corners, (v, w) = normals[triangles[owner[drawn]]], bary[drawn].T[..., None]
    mixed = np.zeros((rows, columns, 3), np.float32)
    mixed[drawn] = (1 - v - w) * corners[:, 0] + v * corners[:, 1] + w * corners[:, 2]
    return mixed, np.where(drawn, -nearest, np.nan).astype(np.float32)


def coverage(shape: tuple[int, ...], polygons: Iterable[np.ndarray]) -> np.ndarray:
    """The share [h, w] of each pixel inside any of `polygons` [n, 2] in px, to an eighth of a pixel: OpenCV fills what an
    edge touches."""
    corners = [np.asarray(polygon, np.float32) for polygon in polygons]
    height, width = shape[:2]
    out = np.zeros((height, width), np.float32)
    if not corners:
        return out
    every = np.concatenate(corners)
    x1, y1 = np.clip(np.floor(every.min(0)).astype(int) - 1, 0, [width, height])
    x2, y2 = np.clip(np.ceil(every.max(0)).astype(int) + 2, 0, [width, height])
    if x1 >= x2 or y1 >= y2:
        return out
    fine = np.zeros(((y2 - y1) * FINER, (x2 - x1) * FINER), np.uint8)
    for polygon in corners:
        placed = (polygon - [x1, y1] + 0.5) * FINER - 0.5
        cv2.fillPoly(fine, [np.rint(placed * 16).astype(np.int32)], 255, shift=4)
    out[y1:y2, x1:x2] = cv2.resize(fine, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return out


def smooth_ring(corners: np.ndarray, per_side: int = 6) -> np.ndarray:
    """A closed curve [n * per_side, d] through `corners` [n, d] (Catmull-Rom)."""
    before, after, next_after = (np.roll(corners, shift, 0) for shift in (1, -1, -2))
    t = (np.arange(per_side) / per_side)[None, :, None]
    a, b, c, d = (ring[:, None] for ring in (before, corners, after, next_after))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.reshape(-1, corners.shape[1]).astype(np.float32)


def grown(ring: np.ndarray, factor: float | np.ndarray) -> np.ndarray:
    """`ring` about its own centre; two factors may scale x and y apart."""
    centre = ring.mean(0)
    return centre + (ring - centre) * factor


def cast_shadow(covered: np.ndarray, lit: Light, iod_px: float, gap: float, strength: float) -> np.ndarray:
    """The factor [h, w] by which what stands `gap` IOD off darkens what is behind it, in holes and beyond the rim alike."""
    away = -lit.slope[:2] * min(1.5, 0.6 / max(1e-3, float(np.linalg.norm(lit.slope[:2])))) * gap * iod_px
    shift = np.array([[1, 0, away[0]], [0, 1, away[1] + 0.25 * gap * iod_px]], np.float32)  # lamps hang above
    moved = cv2.warpAffine(covered, shift, covered.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return 1 - np.float32(strength) * cv2.GaussianBlur(moved, (0, 0), max(0.6, 0.4 * gap * iod_px))


def lit_edge(mask: np.ndarray, lit: Light, thick_px: float) -> np.ndarray:
    """The edge of something that stands off, `thick_px` thick: bright where it faces the lamp and dark beyond, -1 to 1 [h, w]."""
    towards = lit.slope[:2] / max(1e-3, float(np.linalg.norm(lit.slope[:2]))) * max(0.7, thick_px)
    shift = np.array([[1, 0, -towards[0]], [0, 1, -towards[1]]], np.float32)
    return mask - cv2.warpAffine(mask, shift, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


@njit(cache=True)
def over(behind, front, share):
    """`front` laid over `behind`, both [h, w, 3], where `share` [h, w] covers it; elsewhere not a bit changes."""
    out = behind.copy()
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            if share[y, x] > 0:
                for channel in range(3):
                    out[y, x, channel] += share[y, x] * (front[y, x, channel] - behind[y, x, channel])
    return out


def visibility_within(
    with_it: np.ndarray, without: np.ndarray, where: np.ndarray, iod_px: float, just: float = JUST_VISIBLE
) -> float:
    """As photo.visibility, for a structure that is looked for within `where` [h, w] only: `contrast` over the whole face
    would thin it out."""
    shrink = min(1.0, SEEN_IOD_PX / iod_px)
    size = tuple(max(8, int(n * shrink)) for n in where.shape[1::-1])
    a, b = (np.sqrt(np.clip(cv2.resize(x, size, interpolation=cv2.INTER_AREA), 0, 1)) for x in (with_it, without))
    inside = cv2.resize(np.asarray(where, np.float32), size, interpolation=cv2.INTER_AREA) > 0.3
    return seen(float(np.sqrt(((a - b)[inside] ** 2).mean())), just) if inside.any() else 0.0


def rim_visibility(frame: np.ndarray, mask: np.ndarray, iod_px: float) -> float:
    return seen(rim_contrast(frame, mask, iod_px), STEP)


@cache
def _bare_skin() -> tuple[int, ...]:
    """Vertices away from eyes, brows, lips and the outermost ring, where hair hangs."""
    points, _ = neutral_mesh()
    features = [*RIGHT_EYE, *LEFT_EYE, *RIGHT_BROW, *LEFT_BROW, *OUTER_LIPS, *INNER_LIPS, *FACE_OVAL]
    apart = np.linalg.norm(points[:, None, :2] - points[None, features, :2], axis=2).min(1)
    return tuple(np.flatnonzero(apart > 0.05).tolist())


def _white(photo: Photo, skin: np.ndarray) -> np.ndarray:
    """White reflects nearly twice what fair skin does, and is hardly darker than the brightest things of the frame. Half of
    what tells this skin's hue from that of most people is the light's."""
    brightest = np.percentile(photo.pixels[::3, ::3].mean(2), 97)
    level = np.clip(max(1.1 * brightest, 1.8 * skin.mean()), 0.55, 1.1)
    hue = np.maximum(skin, 0.01) / max(0.01, float(skin[1])) / np.array(SKIN_HUE)
    return (level * np.clip(np.sqrt(hue), 0.85, 1.2)).astype(np.float32)
