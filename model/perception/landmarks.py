"""From MediaPipe's 478 points to iBUG-68, the lingua franca of the field, and to canonical coordinates.

Points are [n, 3] in pixels of the picture: x right, y down, z away from the camera, all on one scale. Lengths are in units of IOD, the 3-D
distance of the outer eye corners: a 2-D one shrinks by 23 % at 40 degrees of yaw.
"""

import json
from functools import cache
from importlib.resources import files

import numpy as np

# fmt: off
IBUG68_IN_478 = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)
# fmt: on
OUTER_CANTHI = (36, 45)
MESH_POINTS = 478
# What no expression moves much: temples, nose bridge, eye corners, base of the nose.
RIGID = (0, 16, 27, 28, 29, 30, 33, 36, 39, 42, 45)


def iod(points68: np.ndarray) -> float:
    """Inter-ocular distance in the points' own unit; [68, 3] or [68, 2]."""
    right, left = OUTER_CANTHI
    return float(np.linalg.norm(points68[left] - points68[right]))


@cache
def mean_face() -> np.ndarray:
    """The frontal reference [68, 3] in IOD, centred on the rigid points: Procrustes mean of detected points on many faces."""
    text = files(__package__).joinpath("mean_face.json").read_text()
    return np.array(json.loads(text)["points"], dtype=np.float64)


def canonical(points68: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points without pose and size, [68, 3] in IOD, and the pose (pitch, yaw, roll) in radians, [3].

    The rotation is the least-squares one (Kabsch, SVD) of the rigid points onto `mean_face`; expression moves the rest freely.
    """
    scaled = points68.astype(np.float64) / iod(points68)
    rotation = head_rotation(points68)
    return ((scaled - scaled[list(RIGID)].mean(0)) @ rotation).astype(np.float32), _euler(rotation).astype(np.float32)


def canonical_mesh(points: np.ndarray | None) -> np.ndarray:
    """All of MediaPipe's points in the frame of `canonical`, [478, 3] in IOD; of a backend that has the iBUG ones alone NaN."""
    if points is None or len(points) != MESH_POINTS:
        return no_mesh()
    ibug68 = points[list(IBUG68_IN_478)].astype(np.float64)
    centred = points.astype(np.float64) - ibug68[list(RIGID)].mean(0)
    return (centred / iod(ibug68) @ head_rotation(ibug68)).astype(np.float32)


def no_mesh() -> np.ndarray:
    return np.full((MESH_POINTS, 3), np.nan, np.float32)


def head_rotation(points68: np.ndarray) -> np.ndarray:
    """R [3, 3] such that points @ R are those of the head looking straight ahead; any points of the same face."""
    rigid = list(RIGID)
    scaled = points68[rigid].astype(np.float64) / iod(points68)
    return _rotation_onto(scaled - scaled.mean(0), mean_face()[rigid])


def _rotation_onto(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """R of least |points @ R - target|, a proper rotation."""
    u, _, vt = np.linalg.svd(points.T @ target)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return u @ flip @ vt


def _euler(rotation: np.ndarray) -> np.ndarray:
    """(pitch, yaw, roll) of the head: the inverse of the rotation that undoes them, row-vector convention."""
    head = rotation  # points = canonical @ R^T, so column-vector R is the head's own rotation
    yaw = np.arcsin(np.clip(-head[2, 0], -1, 1))
    pitch = np.arctan2(head[2, 1], head[2, 2])
    roll = np.arctan2(head[1, 0], head[0, 0])
    return np.array([pitch, yaw, roll])
