"""Round patches of skin, placed by the mesh: the regions whose movement is read, and the anchors that no expression moves.

Lengths are inter-ocular distances, sides the person's own. A region's value is a Gaussian mean, so that a landmark's wander hardly shows.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from .alignment import IOD_PX, crop_size


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
# The place of each region's counterpart on the other side.
MIRRORED = [
    list(REGIONS).index({"left": "right", "right": "left"}.get(side, side) + gap + part)
    for side, gap, part in (name.partition(" ") for name in REGIONS)
]
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


def patch_means(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The Gaussian mean of every region, [R] or [R, C], of values [S, S] or [S, S, C] on a crop."""
    means = []
    for region in REGIONS.values():
        rows, columns, weights = window(points, region)
        share = weights / max(weights.sum(), 1e-9)
        means.append(np.tensordot(share, values[rows, columns], axes=2))
    return np.array(means)


def centre(points: np.ndarray, region: Region) -> np.ndarray:
    """[3] in the points' unit."""
    return points[list(region.vertices)].mean(0)


def window(points: np.ndarray, region: Region) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and Gaussian weights of a region's pixels inside the crop, sigma .6 of its radius."""
    x, y, _ = centre(points, region)
    reach = int(1.2 * region.radius * IOD_PX) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    rows, columns = rows + int(round(y)), columns + int(round(x))
    weights = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (0.6 * region.radius * IOD_PX) ** 2))
    last = crop_size() - 1
    inside = (rows >= 0) & (rows <= last) & (columns >= 0) & (columns <= last)
    return rows.clip(0, last), columns.clip(0, last), weights * inside


def anchor_pixels(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and depths of the anchors' pixels."""
    parts = []
    for anchor in ANCHORS:
        x, y, z = centre(points, anchor)
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
