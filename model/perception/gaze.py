"""Where the eyes look relative to the head, and how far the lids are open, from the 478 points of one frame.

The pose is taken out, the irises' centres are compared with the eye corners, and lengths become angles by how far an iris travels. It is
a person's gaze to some 5 degrees sideways and 10 up and down: enough to tell a glance from an expression, not to say what is looked at.
"""

import numpy as np

from .landmarks import IBUG68_IN_478, head_rotation, iod

# Centre of the iris, outer and inner corner, and upper with lower lid; sides are the person's own.
EYES = {"left": (473, 263, 362), "right": (468, 33, 133)}
LIDS = {"left": ((387, 373), (386, 374), (385, 380)), "right": ((160, 144), (159, 145), (158, 153))}

# Where irises rest that look straight ahead, outwards and up from the middle of the corners, in IOD: means of 40 neutral faces and 357
# portraits that look into the camera.
REST_OUT, REST_UP = 0.011, 0.019
# IOD per sine of the angle. An iris 10.5 mm from the eyeball's centre would travel .117; detected ones .095 to .11 sideways (portraits,
# whose eyes make up for the turn of the head, and renders), and half of that up and down, where lids follow and hide them.
TRAVEL_SIDEWAYS, TRAVEL_UP = 0.105, 0.057
CLOSED_IOD = 0.035


def gaze(points: np.ndarray) -> tuple[float, float] | None:
    """(to the person's left, up) in radians relative to the head, from [478, 3] in pixels; None while both lids are closed."""
    points68 = points[list(IBUG68_IN_478)]
    upright = points @ head_rotation(points68) / iod(points68)
    opened = [side for side, opening in zip(EYES, lid_openings(points), strict=True) if opening > CLOSED_IOD]
    if not opened:
        return None
    left, up = np.mean([_off_rest(upright, side) for side in opened], axis=0)
    return _angle(left / TRAVEL_SIDEWAYS), _angle(up / TRAVEL_UP)


def lid_openings(points: np.ndarray) -> tuple[float, float]:
    """(left, right), the person's own, in IOD: the median distance of three pairs of lid points of [478, 3]."""
    eyes = iod(points[list(IBUG68_IN_478)])
    left, right = (np.median([np.linalg.norm(points[a] - points[b]) for a, b in pairs]) / eyes for pairs in LIDS.values())
    return float(left), float(right)


def _off_rest(upright: np.ndarray, side: str) -> np.ndarray:
    """How far one iris is from where it rests, to the person's left and up [2], in IOD."""
    iris, outer, inner = EYES[side]
    x, y = (upright[iris] - (upright[outer] + upright[inner]) / 2)[:2]
    outwards = REST_OUT if side == "left" else -REST_OUT
    return np.array([x - outwards, -y - REST_UP])


def _angle(sine: float) -> float:
    return float(np.arcsin(np.clip(sine, -1, 1)))
