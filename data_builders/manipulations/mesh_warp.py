"""One face's pixels carried to another face's points, over the detector's mesh of 478.

Every triangle is drawn with a z-buffer, so a turned head hides what it should. Rings about the face continue the map beyond its
rim, because a blend needs pixels there. Eyes and mouth are closed by strips from lid to lid and from lip to lip.
"""

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numba import njit

from ..attacks.head import EYES, FACE_OVAL, INNER_LIPS, neutral_mesh
from ..rig.raster import rasterise

BEYOND = (1.35,)  # a ring's distance from the middle of the face, the rim's being 1
FADING = ((1.15, 0.8), (1.4, 0.35), (1.7, 0.0))  # rings and the share of the rim's motion that they follow
BEHIND = 1e3  # px: a ring never hides the face
FOLDS_IOD = 0.05  # triangles that turn away within the face, as at the wings of the nose, are no holes of it


def warp_map(to_points: np.ndarray, from_points: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Where a frame of `size` (w, h) with a face at `to_points` finds its pixels in a picture with a face at `from_points`;
    both [478, 3] px.

    Returns `map_xy` float32 [h, w, 2] for cv2.remap, defined everywhere: on the mesh, on a ring about it and, beyond, by the
    affine map that fits the points best; and `inside` float32 [h, w], the share of each pixel on triangles that face the camera
    in both pictures.
    """
    to_ringed, from_ringed = (np.concatenate([points, *_rings(points, BEYOND)]) for points in (to_points, from_points))
    map_xy = _carried(to_ringed, from_ringed, _affine(to_points, from_points, size))
    return map_xy, _seen_in_both(to_points, from_points, size)


def dense_map(to_points: np.ndarray, from_points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`map_xy` float32 [h, w, 2] of the whole frame when its own face moves from `from_points` to `to_points`: hair and
    neck follow the rim less and less, and what lies beyond the head stays."""
    motion = (from_points - to_points)[list(FACE_OVAL)]
    motion[:, 2] = 0
    rings = _rings(to_points, tuple(reach for reach, _ in FADING))
    sources = [ring + share * motion for ring, (_, share) in zip(rings, FADING, strict=True)]
    return _carried(np.concatenate([to_points, *rings]), np.concatenate([from_points, *sources]), identity_map(size))


def identity_map(size: tuple[int, int]) -> np.ndarray:
    return np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in size)), 2)


def warped(pixels: np.ndarray, map_xy: np.ndarray) -> np.ndarray:
    """`pixels` [h, w, ...] as a map finds them, the picture's own edge repeated beyond it."""
    return cv2.remap(pixels, map_xy[..., 0], map_xy[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@cache
def face_triangles() -> np.ndarray:
    """[898, 3] vertices of the mesh, eyes and mouth closed, turned as `raster.rasterise` takes them."""
    points, skin = neutral_mesh()
    parts = (skin, *(_strip(ring) for ring in (*EYES, INNER_LIPS)))
    return np.concatenate([_turned(part, points) for part in parts]).astype(np.int32)


@cache
def mirrored_vertices() -> np.ndarray:
    """[478]: the vertex that takes each one's place in a mirror."""
    points, _ = neutral_mesh()
    apart = np.linalg.norm(points[:, None] * np.array([-1, 1, 1], np.float32) - points[None], axis=2)
    return apart.argmin(1)


def _carried(to_vertices: np.ndarray, from_vertices: np.ndarray, map_xy: np.ndarray) -> np.ndarray:
    """`map_xy` with what the triangles of the face and its rings say written over it."""
    height, width = map_xy.shape[:2]
    x1, y1, x2, y2 = _window(to_vertices, (width, height))
    if x2 > x1 and y2 > y1:
        triangles = _ringed_triangles((len(to_vertices) - 478) // len(FACE_OVAL))
        flat = (to_vertices[:, :2] - np.array([x1, y1])).astype(np.float32)
        owner, shares, _ = rasterise(flat, (-to_vertices[:, 2]).astype(np.float32), triangles, x2 - x1, y2 - y1)
        _carry(owner, shares, triangles, from_vertices.astype(np.float32), map_xy[y1:y2, x1:x2])
    return map_xy


def _seen_in_both(to_points: np.ndarray, from_points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Counted on a grid twice as fine."""
    out = np.zeros(size[::-1], np.float32)
    x1, y1, x2, y2 = _window(to_points, size)
    if x2 <= x1 or y2 <= y1:
        return out
    fine = ((to_points[:, :2] - np.array([x1, y1]) + 0.5) * 2 - 0.5).astype(np.float32)
    depth = (-to_points[:, 2]).astype(np.float32)
    owner, _, _ = rasterise(fine, depth, face_triangles(), 2 * (x2 - x1), 2 * (y2 - y1))
    seen = np.append(_signed_area(from_points, face_triangles()) < 0, False)[owner].astype(np.uint8) * 255
    reach = 1 + 2 * round(FOLDS_IOD * float(np.linalg.norm(to_points[33] - to_points[263])))
    closed = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    out[y1:y2, x1:x2] = cv2.resize(closed, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return out


@cache
def _ringed_triangles(rings: int) -> np.ndarray:
    """The face's triangles and those between it and `rings` rings, whose vertices follow the 478 in the order of FACE_OVAL."""
    circles = [np.array(FACE_OVAL), *(478 + len(FACE_OVAL) * ring + np.arange(len(FACE_OVAL)) for ring in range(rings))]
    bands = []
    for inner, outer in pairwise(circles):
        after, outer_after = np.roll(inner, -1), np.roll(outer, -1)
        bands += [np.column_stack([inner, after, outer]), np.column_stack([after, outer_after, outer])]
    points, _ = neutral_mesh()
    points = np.concatenate([points, *_rings(points, tuple(1.0 + ring for ring in range(1, rings + 1)))])
    return np.concatenate([face_triangles(), *(_turned(band, points) for band in bands)]).astype(np.int32)


def _strip(ring: tuple[int, ...]) -> np.ndarray:
    """Triangles [len(ring) - 2, 3] between the two halves of a closed ring that begins at a corner."""
    half = len(ring) // 2
    upper, lower = ring[: half + 1], (ring[0], *ring[:half:-1], ring[half])
    across = [(upper[i], lower[i], lower[i + 1]) for i in range(1, half)]
    down = [(upper[i], lower[i + 1], upper[i + 1]) for i in range(half - 1)]
    return np.array(across + down)


def _turned(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Triangles that all turn the same way, facing the camera on `points`, a face that looks straight at it."""
    return triangles[:, ::-1] if np.median(_signed_area(points, triangles)) > 0 else triangles


def _signed_area(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Twice the area [T], negative where a triangle faces the camera: y runs down."""
    a, b, c = (points[triangles[:, corner], :2] for corner in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])


def _rings(points: np.ndarray, reaches: tuple[float, ...]) -> list[np.ndarray]:
    """[36, 3] each: the rim pushed outwards, and behind the face."""
    rim = points[list(FACE_OVAL)]
    middle = rim.mean(0)
    away = np.array([0, 0, BEHIND])
    return [np.where([True, True, False], middle + reach * (rim - middle), rim + reach * away) for reach in reaches]


def _window(points: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part (x1, y1, x2, y2) of a frame that the points cover."""
    low, high = np.floor(points[:, :2].min(0)).astype(int), np.ceil(points[:, :2].max(0)).astype(int) + 1
    x1, y1 = np.clip(low, 0, size).tolist()
    x2, y2 = np.clip(high, 0, size).tolist()
    return x1, y1, x2, y2


def _affine(to_points: np.ndarray, from_points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    design = np.column_stack([to_points[:, :2], np.ones(len(to_points))])
    across, down, shift = np.linalg.lstsq(design, from_points[:, :2], rcond=None)[0].astype(np.float32)
    x, y = np.arange(size[0], dtype=np.float32)[None, :, None], np.arange(size[1], dtype=np.float32)[:, None, None]
    return x * across + (y * down + shift)


@njit(cache=True)
def _carry(owner, shares, triangles, values, out):
    """Writes what the corners carry, `values` [V, >= 2], into `out` [h, w, 2] where a triangle is seen."""
    for y in range(owner.shape[0]):
        for x in range(owner.shape[1]):
            t = owner[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            v, w = shares[y, x, 0], shares[y, x, 1]
            for k in range(2):
                out[y, x, k] = (1 - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]
