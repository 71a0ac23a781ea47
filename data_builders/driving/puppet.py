"""The rig prepared to drive photos: the skin of its face as a mesh of its own, tied to the detector's points, and what lies behind the lips.

The detector's points are exact where the fit is not, so every vertex is pulled by what its neighbours among the spots miss. Distances are
taken with the mouth open, or the lips would pull each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from ..rig.look import Painting, painting
from ..rig.raster import vertex_normals
from ..rig.render import project
from ..rig.rig import DRAWN, Rig
from .fitting import Fit, Template, template
from .slits import RIMS, rim_spots

# The face without ears, scalp and neck, in points that follow a spot.
# fmt: off
OUTLINE = (10, 338, 297, 332, 284, 447, 366, 401, 361, 435, 367, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 215, 132, 177,
           137, 227, 54, 103, 67, 109)
# fmt: on
RIM_CM = 0.5  # over which the face gives way to its surroundings
OPEN_JAW = 0.5
INNER = ("M_Teeth", "M_GumsTongue")


@dataclass(frozen=True, eq=False)
class Puppet:
    """`skin` [v] are the rig's vertices of the face and `triangles` [t, 3] index into them, as do all that follows: `deltas` [m, v, 3],
    `pull` [v, n] from the spots, the share of `face` 0-1, `sides` {slit: [v], -1 above and 1 below}, `plain` for bare skin whose light
    tells. `inner` [i] are the vertices of teeth, gums and tongue, with `inner_triangles`, `inner_deltas` and which are `teeth`."""

    model: Template
    paint: Painting
    skin: np.ndarray
    triangles: np.ndarray
    deltas: np.ndarray
    pull: np.ndarray
    face: np.ndarray
    sides: dict[str, np.ndarray]
    plain: np.ndarray
    inner: np.ndarray
    inner_triangles: np.ndarray
    inner_deltas: np.ndarray
    teeth: np.ndarray


@dataclass(frozen=True, eq=False)
class Placed:
    """A mesh in a picture: `flat` [v, 2] px, `depth` [v] and `normals` [v, 3] towards the camera."""

    flat: np.ndarray
    depth: np.ndarray
    normals: np.ndarray


def puppet(rig: Rig) -> Puppet:
    """Depends on the rig alone: made once a process."""
    model, paint = template(rig), painting(rig)
    share = _face_share(model)
    on_face = (share[rig.triangles] > 0).any(1) & (rig.part[rig.triangles] == DRAWN.index("M_Face")).all(1)
    skin, triangles = _own(rig.triangles[on_face])
    behind = np.isin(rig.part[rig.triangles], [DRAWN.index(name) for name in INNER]).all(1)
    inner, inner_triangles = _own(rig.triangles[behind])
    opened = rig.vertices + np.float32(OPEN_JAW) * rig.shapes["jawOpen"]
    spots = model.spots.spots(opened)
    pull = RBFInterpolator(spots + _apart(spots), np.eye(len(spots)), kernel="linear", smoothing=0.02)(opened[skin])
    bare = (paint.lips < 0.1) & (paint.brow_cm > 0.6) & (paint.rim_cm > 0.5)
    return Puppet(
        model,
        paint,
        skin,
        triangles,
        np.ascontiguousarray(model.deltas[:, skin]),
        pull.astype(np.float32),
        share[skin],
        _sides(model, spots, opened[skin]),
        (bare & (share > 0.5))[skin],
        inner,
        inner_triangles,
        np.ascontiguousarray(model.deltas[:, inner]),
        rig.part[inner] == DRAWN.index("M_Teeth"),
    )


def placed(mesh: np.ndarray, triangles: np.ndarray, fit: Fit) -> Placed:
    """A mesh [v, 3] in cm, seen by the camera of the fit."""
    flat, turned = project(mesh, np.ones(len(mesh), np.float32), fit.view, fit.size)
    return Placed(flat, np.ascontiguousarray(turned[:, 2]), vertex_normals(turned, triangles))


def bent(neutral: np.ndarray, deltas: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The vertices [v, 3] with the movements that have a weight."""
    used = np.flatnonzero(weights)
    return neutral + np.tensordot(weights[used].astype(np.float32), deltas[used], 1)


def _own(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the vertices used, the triangles as indices into them)."""
    used, own = np.unique(triangles, return_inverse=True)
    return used, np.ascontiguousarray(own.reshape(-1, 3).astype(np.int32))


def _face_share(model: Template) -> np.ndarray:
    rig, at = model.rig, {number: index for index, number in enumerate(model.spots.points.tolist())}
    outline = model.spots.spots(rig.vertices)[[at[number] for number in OUTLINE], :2].astype(np.float32)[:, None]
    inside = np.array([cv2.pointPolygonTest(outline, (x, y), True) for x, y in rig.vertices[:, :2].tolist()])
    front = (rig.part == DRAWN.index("M_Face")) & (rig.vertices[:, 2] > 1.5)
    return (np.clip(1 + inside / RIM_CM, 0, 1) * front).astype(np.float32)


def _apart(spots: np.ndarray) -> np.ndarray:
    """Two points may follow one spot, and the interpolation needs distinct ones."""
    return np.random.default_rng(0).normal(0, 1e-3, spots.shape)


def _sides(model: Template, spots: np.ndarray, vertices: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    for name in RIMS:
        near = [np.linalg.norm(vertices[:, None] - spots[rim[1:-1]], axis=2).min(1) for rim in rim_spots(model.spots, name)]
        found[name] = np.where(near[0] < near[1], -1, 1).astype(np.int8)
    return found
