"""What portraits lack and snapshots have: a head that is turned, a camera that is tilted, light from one side, and shadows with an edge.

Of a person before anything else happens, live or attacked: without them everything that is not a studio would look like an attack.
"""

import cv2
import numpy as np

from ..attacks.head import TOWARDS_CAMERA, head, neutral_mesh
from ..manipulations.mesh_warp import dense_map, warped
from ..rig.raster import vertex_normals
from ..synthesis.photo import Photo

SHARES = {"turned": 0.4, "lit": 0.3, "shaded": 0.1, "tilted": 0.3}  # of all pictures, live or attacked
TURN = np.radians([6.0, 13.0, 4.0])  # deviation of pitch, yaw and roll
FARTHEST = np.radians(24)  # from how the photo has it: what is hidden has no pixels
AXIS_DEPTH = 0.45  # IOD; where a head turns about, behind the eyes
TILT, STEEPEST = 9.0, 22.0  # deviation and most, degrees
STRENGTH = (0.4, 2.4)  # of the light: how much of the log of brightness goes with the cosine of its angle
SOFT_IOD, WIDE_IOD = 0.14, 0.9  # about a point, where its light is seen, and hair and shoulders are lit by it
FEW = 4.0  # points near a pixel below which it does not belong to the face
EDGE_IOD = (0.02, 0.2)  # of a shadow
LEFT = (0.3, 0.75)  # of the light, in a shadow


def snapped(photo: Photo, rng: np.random.Generator) -> tuple[Photo, tuple[str, ...]]:
    """At random some of SHARES, or nothing, and which; points go with the pixels."""
    done = tuple(name for name, share in SHARES.items() if rng.random() < share)
    if "turned" in done:
        photo = turned(photo, rng.normal(0, TURN))
    if "lit" in done:
        photo = lit_from(photo, float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(*STRENGTH)))
    if "shaded" in done:
        photo = shaded(photo, rng)
    if "tilted" in done:
        photo = tilted(photo, float(np.clip(rng.normal(0, TILT), -STEEPEST, STEEPEST)))
    return photo, done


def turned(photo: Photo, turn: np.ndarray) -> Photo:
    """The head turned by `turn` [3], a rotation vector in radians, FARTHEST at most; what stands behind it stays."""
    own, pivot = head(photo), np.array([0, 0, AXIS_DEPTH])
    turn = turn * min(1.0, FARTHEST / max(1e-6, float(np.linalg.norm(turn))))
    rotation = own.rotation @ cv2.Rodrigues(np.asarray(turn, np.float64))[0]
    placed = (own.points - pivot) @ rotation.T + pivot @ own.rotation.T
    points = (placed * own.iod + own.origin).astype(np.float32)
    map_xy = dense_map(points, photo.points, photo.pixels.shape[1::-1])
    return Photo(np.clip(warped(photo.pixels, map_xy), 0, 1), points)


def tilted(photo: Photo, degrees: float) -> Photo:
    """The camera turned about the face; what it then sees beyond the photo is the photo's mirror image."""
    matrix = cv2.getRotationMatrix2D(photo.centre, degrees, 1.0)
    size = photo.pixels.shape[1::-1]
    pixels = cv2.warpAffine(photo.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    points = photo.points.copy()
    points[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return Photo(np.clip(pixels, 0, 1), points)


def lit_from(photo: Photo, angle: float, strength: float) -> Photo:
    """More light on the side of the face that looks to `angle`, radians in the picture, and less on the other; hair and shoulders as what is next to them."""
    towards = np.array([np.cos(angle), np.sin(angle), 0]) + TOWARDS_CAMERA
    cosine = vertex_normals(photo.points.astype(np.float64), neutral_mesh()[1]) @ (towards / np.linalg.norm(towards))
    log_light = strength * (cosine - cosine.mean())
    return _times(photo, np.exp(_spread_out(photo, log_light)))


def shaded(photo: Photo, rng: np.random.Generator) -> Photo:
    """The shadow of something with a straight edge that lies across the face."""
    angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(*EDGE_IOD) * photo.iod
    height, width = photo.pixels.shape[:2]
    x, y = np.meshgrid(np.arange(width) - photo.centre[0], np.arange(height) - photo.centre[1])
    beyond = (np.cos(angle) * x + np.sin(angle) * y) / photo.iod - rng.uniform(-0.6, 0.6)
    share = 1 / (1 + np.exp(-np.clip(beyond * photo.iod / soft * 2, -30, 30)))
    return _times(photo, 1 - (1 - rng.uniform(*LEFT)) * share)


def _spread_out(photo: Photo, values: np.ndarray) -> np.ndarray:
    """[h, w]: of values [478] at the face's points the mean of those near each pixel, beyond the face of ever more of them; on fewer pixels, since it is
    smooth."""
    step = max(1.0, 0.04 * photo.iod)
    height, width = photo.pixels.shape[:2]
    few = max(2, round(height / step)), max(2, round(width / step))
    (near, count), (wide, _) = (_mean_about(photo, values, few, reach * photo.iod) for reach in (SOFT_IOD, WIDE_IOD))
    share = count / (count + FEW)
    mean = (share * near + (1 - share) * wide).astype(np.float32)
    return cv2.resize(mean, (width, height), interpolation=cv2.INTER_CUBIC)


def _mean_about(photo: Photo, values: np.ndarray, few: tuple[int, int], reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(the mean by a Gaussian of `reach` px, how many points it is of), each on `few` (rows, columns) of the picture."""
    weights = []
    for axis, n, side in zip((1, 0), few, photo.pixels.shape[:2], strict=True):
        apart = (np.arange(n)[:, None] + 0.5) * side / n - photo.points[:, axis]
        weights.append(np.exp(-((apart / reach) ** 2) / 2))
    down, across = weights
    count = down @ across.T
    return (down * values) @ across.T / np.maximum(count, 1e-12), count


def _times(photo: Photo, factor: np.ndarray) -> Photo:
    return Photo(np.clip(photo.pixels * factor[..., None].astype(np.float32), 0, 1), photo.points)
