"""Eyeballs that turn in their sockets, and lids that slide over them: the rig's shapes know neither.

A ball is its vertices; its centre lies half its height before its back, for the cornea bulges at the front.
"""

import numpy as np

CORNEA_CM = 0.75  # radius of the bulge
LID_CM = 0.06  # thickness
FORWARD = np.array([0, 0, 1], np.float32)


def turn(mesh: np.ndarray, ball: np.ndarray, left: float, up: float) -> np.ndarray:
    """Turns the vertices `ball` of `mesh` [V, 3] in place, by radians to the person's left and up; returns the axis they look along."""
    (cx, cy), (sx, sy) = np.cos([up, left]), np.sin([up, left])
    pitch = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rotation = (yaw @ pitch).astype(np.float32)
    centre, *_ = _sphere(mesh[ball])
    mesh[ball] = (mesh[ball] - centre) @ rotation.T + centre
    return rotation @ FORWARD


def clear(mesh: np.ndarray, ball: np.ndarray, lids: np.ndarray, axis: np.ndarray) -> None:
    """Lifts those vertices `lids` of `mesh` [V, 3] that have sunk into the eyeball onto it, in place; it looks along `axis`."""
    centre, radius, bulge = _sphere(mesh[ball])
    away = mesh[lids] - centre
    distance = np.linalg.norm(away, axis=1)
    ahead = away @ axis
    beside = np.sqrt(np.maximum(0, distance**2 - ahead**2))
    wanted = radius + LID_CM + bulge * np.clip(1 - (beside / CORNEA_CM) ** 2, 0, 1)
    sunk = (distance < wanted) & (ahead > 0)
    mesh[lids[sunk]] = centre + away[sunk] * (wanted[sunk] / distance[sunk])[:, None]


def sliding(vertices: np.ndarray, ball: np.ndarray) -> np.ndarray:
    """Indices of what may touch the eyeball: whatever lies before its middle and near it."""
    centre, radius, _ = _sphere(vertices[ball])
    away = vertices - centre
    return np.flatnonzero((np.linalg.norm(away, axis=1) < 1.6 * radius) & (away[:, 2] > 0))


def _sphere(ball: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(centre, radius, height of the cornea's bulge) in cm."""
    low, high = ball.min(0), ball.max(0)
    radius = float(high[1] - low[1]) / 2
    centre = (low + high) / 2
    centre[2] = low[2] + radius
    return centre, radius, float(np.linalg.norm(ball - centre, axis=1).max()) - radius
