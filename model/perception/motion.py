"""What moved on a face between two moments: dense flow, light and head motion taken out, in inter-ocular distances (IOD).

Flow is OpenCV's DIS between aligned crops. Head motion is u = a + Bx + cz, exact for any rotation of a rigid face seen from afar, fitted
robustly on what no expression moves. Under the noise floor nothing shows: a still pair is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np

from .alignment import EYE_LINE, IOD_PX, Aligned, aligned, crop_size, depth_map, detail, face_mask, light, softened
from .landmarks import IBUG68_IN_478, canonical
from .patches import ANCHORS, REGIONS, RIGID, Region, anchor_pixels, centre, patch_means, window

# IOD of false movement that a change of light by one (natural logarithm) may leave; .24 at worst on shadow edges.
IOD_A_LIGHT = 0.35
PAIR_FLOOR_IOD = 0.006  # science.md §3: what two pictures of one still face differ by
DEPTH_DOUBT_IOD = 0.06  # how far MediaPipe's depth may be off; a turn of the head by an angle leaves its sine times this
SOFT_PX = 1.0  # before slopes are taken
PRIOR = 0.5  # grey levels squared of slope, under which a window tells nothing
NOISE_AREA_PX = 12.0  # noise of neighbouring pixels is one: warped, filtered and softened
FULL_COLOUR_IOD = 0.06  # the length that gets full colour in the motion view


@dataclass(frozen=True)
class RegionMotion:
    """How one region moved: `magnitude` in IOD, the vector (`right`, `up`) in IOD in the upright picture, and in words for people."""

    region: str
    magnitude: float
    right: float
    up: float
    direction: str

    def to_dict(self) -> dict:
        return {
            "region": self.region,
            "magnitude_iod": round(self.magnitude, 4),
            "direction": self.direction,
            "degrees": round(float(np.degrees(np.arctan2(self.up, self.right))) % 360) if self.magnitude else None,
        }


@dataclass(frozen=True, eq=False)
class Motion:
    """The movement between two moments of a face: `field` [S, S, 2] in IOD (x right, y down), zero under the `floor` [S, S]; `before` is
    the first moment; `regions` [R, 2] and `region_floors` [R] in REGIONS' order; `turned` the angle in radians that the head turned."""

    before: Aligned
    field: np.ndarray
    floor: np.ndarray
    regions: np.ndarray
    region_floors: np.ndarray
    turned: float

    @cached_property
    def moved(self) -> tuple[RegionMotion, ...]:
        """The regions above their floor, strongest first. Valid JSON by `to_dict`."""
        told = [
            _told(name, vector)
            for name, vector, floor in zip(REGIONS, self.regions, self.region_floors, strict=True)
            if np.hypot(*vector) > floor
        ]
        return tuple(sorted(told, key=lambda motion: -motion.magnitude))


def flow(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Dense flow [S, S, 2] in px (x right, y down) between two `detail` pictures."""
    return _dis().calc(before, after, None)


def head_motion(flow_px: np.ndarray, points: np.ndarray, shade: np.ndarray | None = None) -> np.ndarray:
    """[4, 2]: (a, Bx, By, c) of u = a + Bx + cz in IOD, by iteratively reweighted least squares on the anchors' pixels; where the light
    changed (`shade` [S, S]: false movement in IOD) they count less."""
    rows, columns, depth = anchor_pixels(points)
    basis = _basis(columns, rows, depth)
    moved = flow_px[rows, columns].astype(np.float64) / IOD_PX
    trust = np.ones(len(rows)) if shade is None else 1 / (1 + (shade[rows, columns] / PAIR_FLOOR_IOD) ** 2)
    return rigid_motion(basis, moved, trust)


def rigid_motion(basis: np.ndarray, moved: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """[4, 2] by iteratively reweighted least squares: the motion of a head of which places with the `basis` [n, 4] (1, x, y, z) `moved` [n, 2], with a
    `trust` [n] each; who moves otherwise counts less."""
    weights = trust
    ridge = np.diag([1e-6, 1e-6, 1e-6, 1e-4]) * max(len(basis), 1)  # a face seen flat tells nothing of its depth
    for _ in range(6):
        weighted = basis * weights[:, None]
        fit = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ moved)
        errors = np.linalg.norm(moved - basis @ fit, axis=1)
        scale = 2 * 1.4826 * np.median(errors) + 1e-5
        weights = trust / (1 + (errors / scale) ** 2) ** 2
    return fit


def region_motion(flow_px: np.ndarray, points: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Mean movement of every region beyond the head's, [R, 2] in IOD (x right, y down)."""
    return patch_means(flow_px, points) / IOD_PX - _rigid_at_regions(points, head)


def between(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> Motion:
    """The movement from one picture of a face to another of the same face: (pixels, 478 points) each, any size and pose.

    The second is first laid over the first as a rigid head by its points (affine plus depth), so that a turn leaves little to the flow.
    """
    before = aligned(*first)
    depth = depth_map(before.points)
    turned = _turn(first[1], second[1])
    laid_grey = _laid_over(second[0], _rigid_map(before.points, second[1]), depth)
    laid = detail(laid_grey)
    there, back = flow(before.detail, laid), flow(laid, before.detail)
    shade = IOD_A_LIGHT * _light_change(before, laid_grey)
    head = head_motion(there, before.points, shade)
    doubt = DEPTH_DOUBT_IOD * np.sin(turned)
    regions, noise = registered(before.detail, laid, before.points, patch_means(there, before.points) / IOD_PX)
    regions -= _rigid_at_regions(before.points, head)
    spread = _head_spread(there, before.points, head)
    floors = np.maximum(PAIR_FLOOR_IOD, 3 * np.hypot(noise, _doubt(_regions_basis(before.points), spread))) + doubt
    floors = np.maximum(floors, patch_means(shade, before.points))
    rows, columns = (grid.ravel() for grid in np.indices(depth.shape))
    rigid = _basis(columns, rows, depth.ravel())
    field = (there / IOD_PX - (rigid @ head).reshape(there.shape)).astype(np.float32)
    round_trip = cv2.GaussianBlur(_round_trip(there, back), (0, 0), 0.05 * IOD_PX)
    floor = np.maximum(PAIR_FLOOR_IOD, np.hypot(round_trip, 3 * _doubt(rigid, spread).reshape(depth.shape))) + doubt
    floor = np.maximum(floor, shade)
    field[~face_mask(before.points) | (np.linalg.norm(field, axis=2) <= floor)] = 0
    return Motion(before, field, floor.astype(np.float32), regions, floors, turned)


def registered(before: np.ndarray, after: np.ndarray, points: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each region's movement between two `detail` pictures, [R, 2] in IOD, and its standard error [R] from the noise of the pictures.

    Dense flow underrates a small patch's movement by a third; Lucas-Kanade on the region's own window, begun from it, does not (a pull
    of .0166 IOD reads .010 and .017). A weak prior holds what the window cannot tell, along a lip's line, say, where it began.
    """
    first, second = (cv2.GaussianBlur(picture.astype(np.float32), (0, 0), SOFT_PX) for picture in (before, after))
    found = [_register(first, second, points, region, begin) for region, begin in zip(REGIONS.values(), start, strict=True)]
    moved, noises, gains = (np.array(part) for part in zip(*found, strict=True))
    # The pictures' noise is one; what is left in a region that moves unevenly is no noise.
    return moved, np.sqrt(np.median(noises) * gains)


def motion_view(motion: Motion, size: int) -> np.ndarray:
    """uint8 RGB [size, size, 3]: the first moment in grey, movement as its colour: red to the picture's right, green to its left, blue up,
    yellow down, the fuller the longer, at a fixed gain.

    Luma is the grey picture, a little compressed, and nothing else, so the face stays readable under the movement; Cr and Cb are the
    vector. Without movement the picture is grey.
    """
    luma = 40 + motion.before.grey.astype(np.float32) * (175 / 255)
    chroma = motion.field / FULL_COLOUR_IOD
    chroma = 100 * chroma / np.maximum(1.0, np.linalg.norm(chroma, axis=2, keepdims=True))
    coded = np.dstack([luma, 128 + chroma[..., 0], 128 - chroma[..., 1]])
    rgb = cv2.cvtColor(np.rint(coded).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    return cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA if size < len(rgb) else cv2.INTER_LINEAR)


def direction(right: float, up: float, side: str = "middle") -> str:
    """A vector in words: up, down, and outward or inward on a side of the face, to the person's left or right in its middle.

    The picture's right is the person's left.
    """
    octant = round(float(np.arctan2(up, right)) / (np.pi / 4)) % 8
    vertical = {1: "up", 2: "up", 3: "up", 5: "down", 6: "down", 7: "down"}.get(octant)
    across = {7: 1, 0: 1, 1: 1, 3: -1, 4: -1, 5: -1}.get(octant)
    if across and side in ("left", "right"):
        sideways = "outward" if (across > 0) == (side == "left") else "inward"
    else:
        sideways = {1: "to the person's left", -1: "to the person's right"}.get(across or 0, "")
    return " and ".join(part for part in (vertical, sideways) if part)


# Parts


@cache
def _dis() -> Any:
    """Half resolution, patches of .375 IOD without variational smoothing: of nine settings the best ratio of a .02 IOD pull to still noise."""
    dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(1)
    dis.setPatchSize(12)
    dis.setPatchStride(4)
    dis.setGradientDescentIterations(16)
    dis.setVariationalRefinementIterations(0)
    return dis


def _basis(x_px: np.ndarray, y_px: np.ndarray, z_px: np.ndarray) -> np.ndarray:
    """[n, 4]: 1, x, y, z in IOD about the middle of the eyes."""
    size = crop_size()
    columns = (np.ones(len(x_px)), (x_px - size / 2) / IOD_PX, (y_px - size * EYE_LINE) / IOD_PX, z_px / IOD_PX)
    return np.stack(columns, axis=1).astype(np.float64)


def _register(
    before: np.ndarray, after: np.ndarray, points: np.ndarray, region: Region, start: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """A region's movement [2] in IOD, what is left in its window (squared grey levels), and the squared error in IOD that each of it makes."""
    rows, columns, weights = window(points, region)
    here = before[rows, columns]
    y, x = rows.astype(np.float32), columns.astype(np.float32)
    moved = start * IOD_PX
    prior = PRIOR * weights.sum() * np.eye(2)
    for _ in range(4):
        there = cv2.remap(
            after, x + np.float32(moved[0]), y + np.float32(moved[1]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        slopes = np.stack(np.gradient((here + there) / 2)[::-1], axis=-1)  # along x, along y
        weighted = slopes * weights[..., None]
        structure = np.einsum("rci,rcj->ij", weighted, slopes) + prior
        wanted = np.einsum("rci,rc->i", weighted, here - there) + prior @ (start * IOD_PX - moved)
        moved = moved + np.clip(np.linalg.solve(structure, wanted), -2, 2)
    inverse = np.linalg.inv(structure)
    noise = float((weights * (here - there) ** 2).sum() / max(weights.sum(), 1e-9))
    spread = NOISE_AREA_PX * inverse @ np.einsum("rci,rcj->ij", weighted, weighted) @ inverse
    return moved / IOD_PX, noise, float(np.trace(spread)) / IOD_PX**2


def _light_change(before: Aligned, after_grey: np.ndarray) -> np.ndarray:
    """By how much the light changed [S, S], beyond an exposure that changed it everywhere."""
    change = light(after_grey) - light(before.grey)
    return np.abs(change - np.median(change[face_mask(before.points)]))


def _head_spread(flow_px: np.ndarray, points: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Covariance [4, 4] of the head's motion: what the anchors still disagree by."""
    centres = np.array([centre(points, anchor) for anchor in ANCHORS])
    basis = _basis(*centres.T)
    columns, rows = np.rint(centres[:, :2].T).astype(int).clip(0, crop_size() - 1)
    errors = np.linalg.norm(flow_px[rows, columns] / IOD_PX - basis @ head, axis=1)
    return (1.4826 * np.median(errors)) ** 2 * np.linalg.inv(basis.T @ basis + 1e-3 * np.eye(4))


def _doubt(basis: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Standard error [n] in IOD of the head's motion at places [n, 4]: it grows away from the anchors, the chin is far from all."""
    return np.sqrt(np.einsum("ni,ij,nj->n", basis, spread, basis))


def _regions_basis(points: np.ndarray) -> np.ndarray:
    return _basis(*np.array([centre(points, region) for region in REGIONS.values()]).T)


def _rigid_at_regions(points: np.ndarray, head: np.ndarray) -> np.ndarray:
    return _regions_basis(points) @ head


def _rigid_map(before_crop: np.ndarray, after_picture: np.ndarray) -> np.ndarray:
    """[4, 2]: picture px of the second moment from (1, x, y, z) of the first moment's crop, least squares on rigid vertices."""
    chosen = list(RIGID)
    basis = np.concatenate([np.ones((len(chosen), 1)), before_crop[chosen]], axis=1).astype(np.float64)
    return np.linalg.lstsq(basis, after_picture[chosen, :2].astype(np.float64), rcond=None)[0]


def _laid_over(pixels: np.ndarray, rigid: np.ndarray, depth: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    size = len(depth)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    where = (rigid[0] + x[..., None] * rigid[1] + y[..., None] * rigid[2] + depth[..., None] * rigid[3]).astype(np.float32)
    scale = 1 / max(1e-3, float(np.sqrt(abs(np.linalg.det(rigid[1:3])))))
    return cv2.remap(softened(grey, scale), where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _round_trip(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Forward-backward error [S, S] in IOD: how far a point lands from itself after going there and back."""
    size = len(there)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.linalg.norm(there + returned, axis=2) / IOD_PX


def _turn(first: np.ndarray, second: np.ndarray) -> float:
    """The angle in radians by which yaw and pitch differ; roll is an affine motion and leaves nothing."""
    poses = [canonical(points[list(IBUG68_IN_478)])[1] for points in (first, second)]
    return float(min(np.hypot(*(poses[1] - poses[0])[:2]), np.pi / 2))


def _told(name: str, vector: np.ndarray) -> RegionMotion:
    right, up = float(vector[0]), -float(vector[1])
    return RegionMotion(name, float(np.hypot(right, up)), right, up, direction(right, up, REGIONS[name].side))
