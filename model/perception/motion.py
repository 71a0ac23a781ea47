"""What moved on a face between two moments: dense flow, light and head motion taken out, in inter-ocular distances (IOD).

Flow is OpenCV's DIS between upright crops at one working size. Light goes first: a logarithm and a fine high-pass leave edges and
texture, so that exposure, a shade and a soft shadow's edge hardly show. Head motion is u = a + Bx + cz, exact for any rotation of a
rigid face seen from afar, fitted robustly on what no expression moves. Under the noise floor nothing shows: a still pair is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np

IOD_PX = 64  # of a crop; from 40 px up a movement of .02 IOD shows, smaller faces are upsampled to it alike
CROP_IOD = 2.5
EYE_LINE = 0.36  # height of the eyes in a crop, as a share of it
HIGH_PASS_IOD = 0.047  # a shadow's edge wider than twice this vanishes, the edges of lips and brows stay (tests: shadow, pull)
LOG_OFFSET = 8.0  # grey levels; darker than that is noise
LOG_GAIN = 400.0
LIGHT_IOD = 0.1  # the blur at which light is compared: a movement of .02 IOD changes it by under .02, a shadow's edge by .1
IOD_A_LIGHT = (
    0.35  # IOD of false movement that a change of light by one (natural logarithm) may leave; .24 at worst on shadow edges
)
PAIR_FLOOR_IOD = 0.006  # science.md §3: what two pictures of one still face differ by
DEPTH_DOUBT_IOD = 0.06  # how far MediaPipe's depth may be off; a turn of the head by an angle leaves its sine times this
SOFT_PX = 1.0  # before slopes are taken
PRIOR = 0.5  # grey levels squared of slope, under which a window tells nothing
NOISE_AREA_PX = 12.0  # noise of neighbouring pixels is one: warped, filtered and softened
FULL_COLOUR_IOD = 0.06  # the length that gets full colour in the motion view


@dataclass(frozen=True)
class Region:
    """A round patch of skin: the mesh vertices whose mean is its centre, its radius in IOD, and the person's own side."""

    vertices: tuple[int, ...]
    radius: float
    side: str = "middle"


def _paired(name: str, right: tuple[int, ...], left: tuple[int, ...], radius: float) -> dict[str, Region]:
    return {f"right {name}": Region(right, radius, "right"), f"left {name}": Region(left, radius, "left")}


REGIONS: dict[str, Region] = {
    **_paired("inner brow", (107, 66, 55, 65), (336, 296, 285, 295), 0.10),
    **_paired("outer brow", (70, 63, 46, 53), (300, 293, 276, 283), 0.10),
    **_paired("upper lid", (27, 28, 29, 158, 159, 160), (257, 258, 259, 385, 386, 387), 0.07),
    **_paired("lower lid", (22, 23, 24, 110, 230), (252, 253, 254, 339, 450), 0.07),
    **_paired("cheek", (36, 50, 101, 205), (266, 280, 330, 425), 0.13),
    **_paired("nose wing", (48, 64, 98, 129), (278, 294, 327, 358), 0.08),
    **_paired("lip corner", (57, 61, 76, 146, 185), (287, 291, 306, 375, 409), 0.09),
    "glabella": Region((8, 9, 107, 336), 0.09),
    "upper lip": Region((0, 37, 164, 267), 0.09),
    "lower lip": Region((17, 18, 84, 314), 0.09),
    "chin": Region((175, 199, 200, 208, 428), 0.12),
}
BROWS = tuple(name for name in REGIONS if "brow" in name or name == "glabella")
LIDS = tuple(name for name in REGIONS if name.endswith("lid"))
MOUTH = ("right lip corner", "left lip corner", "upper lip", "lower lip", "chin")

# What no expression moves much: nose bridge, canthi, temples, cheekbones. Never the nose tip (AU9), the forehead or the upper temples (AU1, AU2,
# AU4). Canthi are small, since a blink drags them; cheekbones and the skin before the ears reach down, or the chin would lie far outside.
ANCHORS = (
    Region((6, 168, 197), 0.09),
    Region((133, 243), 0.04),
    Region((362, 463), 0.04),
    Region((33, 130), 0.04),
    Region((263, 359), 0.04),
    Region((34, 127, 139), 0.09),
    Region((264, 356, 368), 0.09),
    Region((114, 188), 0.07),
    Region((343, 412), 0.07),
    Region((116, 123, 227), 0.09),
    Region((345, 352, 447), 0.09),
    Region((93, 137, 177), 0.08),
    Region((323, 366, 401), 0.08),
)
RIGID = tuple(sorted({vertex for anchor in ANCHORS for vertex in anchor.vertices}))
OUTER_CANTHI, INNER_CANTHI = (33, 263), (133, 362)


@dataclass(frozen=True, eq=False)
class Aligned:
    """A face cut out upright at the working size: `grey` and `detail` (its fine structure, light removed) uint8 [S, S], the mesh's
    `points` [478, 3] in crop px, and the similarity `matrix` [2, 3] from picture to crop."""

    grey: np.ndarray
    detail: np.ndarray
    points: np.ndarray
    matrix: np.ndarray


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


def aligned(pixels: np.ndarray, points: np.ndarray) -> Aligned:
    """The upright crop of a face from RGB or grey pixels [h, w(, 3)] uint8 and its 478 points in pixels of the picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    matrix = upright(points)
    crop = _warped(grey, matrix)
    scale = _scale(matrix)
    placed = np.concatenate([points[:, :2] @ matrix[:, :2].T + matrix[:, 2], points[:, 2:] * scale], axis=1)
    return Aligned(crop, detail(crop), placed.astype(np.float32), matrix)


def upright(points: np.ndarray) -> np.ndarray:
    """The similarity [2, 3] from picture to crop px: level eyes at EYE_LINE, IOD_PX between the outer corners (3-D)."""
    eyes = points[[*OUTER_CANTHI, *INNER_CANTHI]]
    right, left = eyes[[0, 2], :2].mean(0), eyes[[1, 3], :2].mean(0)
    scale = IOD_PX / float(np.linalg.norm(eyes[1] - eyes[0]))
    angle = np.arctan2(*(left - right)[::-1])
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    size = crop_size()
    return np.concatenate([turn, (np.array([size / 2, size * EYE_LINE]) - turn @ ((right + left) / 2))[:, None]], axis=1)


def crop_size() -> int:
    return int(round(CROP_IOD * IOD_PX / 8)) * 8


def detail(grey: np.ndarray) -> np.ndarray:
    """Logarithm and high-pass, uint8: gain, shade and soft shadows gone, the edges of features kept; fixed gains."""
    light = np.log(grey.astype(np.float32) + LOG_OFFSET)
    fine = light - cv2.GaussianBlur(light, (0, 0), HIGH_PASS_IOD * IOD_PX)
    return np.clip(128 + LOG_GAIN * fine, 0, 255).astype(np.uint8)


def flow(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Dense flow [S, S, 2] in px (x right, y down) between two `detail` pictures."""
    return _dis().calc(before, after, None)


def head_motion(flow_px: np.ndarray, points: np.ndarray, shade: np.ndarray | None = None) -> np.ndarray:
    """[4, 2]: (a, Bx, By, c) of u = a + Bx + cz in IOD, by iteratively reweighted least squares on the anchors' pixels; where the light
    changed (`shade` [S, S]: false movement in IOD) they count less."""
    rows, columns, depth = _anchor_pixels(points)
    basis = _basis(columns, rows, depth)
    moved = flow_px[rows, columns].astype(np.float64) / IOD_PX
    trust = np.ones(len(rows)) if shade is None else 1 / (1 + (shade[rows, columns] / PAIR_FLOOR_IOD) ** 2)
    weights = trust
    ridge = np.diag([0.0, 0.0, 0.0, 1e-4 * len(rows)])  # a face seen flat tells nothing of its depth
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


def patch_means(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The Gaussian mean of every region, [R] or [R, C], of values [S, S] or [S, S, C] on a crop."""
    means = []
    for region in REGIONS.values():
        rows, columns, weights = _window(points, region)
        share = weights / max(weights.sum(), 1e-9)
        means.append(np.tensordot(share, values[rows, columns], axes=2))
    return np.array(means)


def light(grey: np.ndarray) -> np.ndarray:
    """The logarithm of the light on a crop [S, S], blurred until no small movement shows in it."""
    return cv2.GaussianBlur(np.log(grey.astype(np.float32) + LOG_OFFSET), (0, 0), LIGHT_IOD * IOD_PX)


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


def depth_map(points: np.ndarray) -> np.ndarray:
    """The mesh's depth at every pixel of a crop [S, S] in px: a kernel mean over its vertices, on a coarse grid."""
    step = 4
    grid = np.arange(step / 2 - 0.5, crop_size(), step)
    x, y = np.meshgrid(grid, grid)
    squared = (x.reshape(-1, 1) - points[:, 0]) ** 2 + (y.reshape(-1, 1) - points[:, 1]) ** 2
    squared -= squared.min(1, keepdims=True)  # outside the mesh the nearest vertices decide
    weights = np.exp(-squared / (2 * (0.06 * IOD_PX) ** 2))
    coarse = (weights @ points[:, 2] / weights.sum(1)).reshape(x.shape).astype(np.float32)
    return cv2.resize(coarse, (crop_size(),) * 2, interpolation=cv2.INTER_LINEAR)


def face_mask(points: np.ndarray) -> np.ndarray:
    """[S, S] bool: within the mesh's outline. Hair and background move on their own account."""
    mask = np.zeros((crop_size(),) * 2, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points[:, :2]).astype(np.int32)), 1)
    return mask.astype(bool)


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


def _warped(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Area-filtered when it shrinks, by a Gaussian before: warpAffine samples points."""
    size = (crop_size(),) * 2
    return cv2.warpAffine(_softened(grey, _scale(matrix)), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _softened(grey: np.ndarray, scale: float) -> np.ndarray:
    return cv2.GaussianBlur(grey, (0, 0), 0.4 * np.sqrt(scale**-2 - 1)) if scale < 0.9 else grey


def _scale(matrix: np.ndarray) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _basis(x_px: np.ndarray, y_px: np.ndarray, z_px: np.ndarray) -> np.ndarray:
    """[n, 4]: 1, x, y, z in IOD about the middle of the eyes."""
    size = crop_size()
    columns = (np.ones(len(x_px)), (x_px - size / 2) / IOD_PX, (y_px - size * EYE_LINE) / IOD_PX, z_px / IOD_PX)
    return np.stack(columns, axis=1).astype(np.float64)


def _centre(points: np.ndarray, region: Region) -> np.ndarray:
    return points[list(region.vertices)].mean(0)


def _anchor_pixels(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and depths of the anchors' pixels."""
    parts = []
    for anchor in ANCHORS:
        x, y, z = _centre(points, anchor)
        rows, columns = _disc(anchor.radius * IOD_PX)
        rows, columns = rows + int(round(y)), columns + int(round(x))
        inside = (rows >= 0) & (rows < crop_size()) & (columns >= 0) & (columns < crop_size())
        parts.append((rows[inside], columns[inside], np.full(inside.sum(), z)))
    rows, columns, depth = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows, columns, depth


@cache
def _disc(radius_px: float) -> tuple[np.ndarray, np.ndarray]:
    reach = int(radius_px) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.nonzero(x**2 + y**2 <= radius_px**2)[0] - reach, np.nonzero(x**2 + y**2 <= radius_px**2)[1] - reach


def _window(points: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and Gaussian weights of a region's pixels inside the crop, sigma .6 of its radius."""
    x, y, _ = _centre(points, region)
    reach = int(1.2 * region.radius * IOD_PX) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    rows, columns = rows + int(round(y)), columns + int(round(x))
    weights = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (0.6 * region.radius * IOD_PX) ** 2))
    last = crop_size() - 1
    inside = (rows >= 0) & (rows <= last) & (columns >= 0) & (columns <= last)
    return rows.clip(0, last), columns.clip(0, last), weights * inside


def _register(
    before: np.ndarray, after: np.ndarray, points: np.ndarray, region: Region, start: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """A region's movement [2] in IOD, what is left in its window (squared grey levels), and the squared error in IOD that each of it makes."""
    rows, columns, weights = _window(points, region)
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
    centres = np.array([_centre(points, anchor) for anchor in ANCHORS])
    basis = _basis(*centres.T)
    columns, rows = np.rint(centres[:, :2].T).astype(int).clip(0, crop_size() - 1)
    errors = np.linalg.norm(flow_px[rows, columns] / IOD_PX - basis @ head, axis=1)
    return (1.4826 * np.median(errors)) ** 2 * np.linalg.inv(basis.T @ basis + 1e-3 * np.eye(4))


def _doubt(basis: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Standard error [n] in IOD of the head's motion at places [n, 4]: it grows away from the anchors, the chin is far from all."""
    return np.sqrt(np.einsum("ni,ij,nj->n", basis, spread, basis))


def _regions_basis(points: np.ndarray) -> np.ndarray:
    return _basis(*np.array([_centre(points, region) for region in REGIONS.values()]).T)


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
    return cv2.remap(_softened(grey, scale), where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _round_trip(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Forward-backward error [S, S] in IOD: how far a point lands from itself after going there and back."""
    size = len(there)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.linalg.norm(there + returned, axis=2) / IOD_PX


def _turn(first: np.ndarray, second: np.ndarray) -> float:
    """The angle in radians by which yaw and pitch differ; roll is an affine motion and leaves nothing."""
    from .landmarks import IBUG68_IN_478, canonical

    poses = [canonical(points[list(IBUG68_IN_478)])[1] for points in (first, second)]
    return float(min(np.hypot(*(poses[1] - poses[0])[:2]), np.pi / 2))


def _told(name: str, vector: np.ndarray) -> RegionMotion:
    right, up = float(vector[0]), -float(vector[1])
    return RegionMotion(name, float(np.hypot(right, up)), right, up, direction(right, up, REGIONS[name].side))


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
