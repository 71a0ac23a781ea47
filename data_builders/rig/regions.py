"""Which part of the face every triangle of the rig belongs to: the labels of a render's pixels.

Named by what action units move, on the person's own sides, and read off the mean face about the 68 landmarks; hair and clothes are
told only when a picture is drawn, for they lie where a look puts them.
"""

import cv2
import numpy as np

from .rig import DRAWN, Rig

REGION_NAMES = (
    "none",
    "forehead",
    "right brow",
    "left brow",
    "glabella",
    "right lids",
    "left lids",
    "right eye",
    "left eye",
    "nose",
    "right cheek",
    "left cheek",
    "upper lip",
    "lips",
    "inner mouth",
    "chin",
    "right jaw",
    "left jaw",
    "right ear",
    "left ear",
    "neck",
    "scalp",
    "hair",
    "clothes",
)
NUMBER = {name: index for index, name in enumerate(REGION_NAMES)}
EYES = (NUMBER["right eye"], NUMBER["left eye"])
BROW_CM = 0.55  # half the width of a brow's region
LID_CM = 0.75  # how far the lids reach from the rim
HAIRLINE_CM = 9.5  # where the forehead ends on the mean head


def triangle_regions(rig: Rig, brow_cm: np.ndarray, rim_cm: np.ndarray) -> np.ndarray:
    """uint8 [T] indices into REGION_NAMES, by the triangles' centres; `brow_cm`, `rim_cm` [V] as in `Painting`."""
    centres = rig.vertices[rig.triangles].mean(1)
    near_brow, near_rim = brow_cm[rig.triangles].mean(1), rim_cm[rig.triangles].mean(1)
    part = rig.part[rig.triangles].max(1)
    out = _skin(centres, near_brow, near_rim, rig.vertices[rig.landmark68])
    _behind_the_skin(out, centres, part)
    return out


def inside(places: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Signed distance [N] in cm of `places` [N, 3] to a polygon, as seen from the front; -1 for places farther away."""
    contour = polygon[:, None, :2].astype(np.float32)
    low, high = polygon[:, :2].min(0) - 1, polygon[:, :2].max(0) + 1
    out = np.full(len(places), -1.0, np.float32)
    for index in np.flatnonzero(((places[:, :2] > low) & (places[:, :2] < high)).all(1) & (places[:, 2] > 2)):
        out[index] = cv2.pointPolygonTest(contour, places[index, :2].astype(float).tolist(), True)
    return out


def _skin(centres: np.ndarray, near_brow: np.ndarray, near_rim: np.ndarray, marks: np.ndarray) -> np.ndarray:
    x, y, z = centres.T
    left, wide, front = x > 0, np.abs(x), z > 2.5
    side = {
        name: np.where(left, NUMBER[f"left {name}"], NUMBER[f"right {name}"]) for name in ("brow", "lids", "cheek", "jaw", "ear")
    }
    corner, canthus, root, wing, chin = marks[54], marks[45], marks[27], marks[35], marks[8]
    over = marks[22:27, 1].max()
    opening = np.maximum(inside(centres, marks[42:48]), inside(centres, marks[36:42]))
    # The first that holds names the triangle.
    rules = (
        (front & (inside(centres, marks[48:60]) > 0) & (z > corner[2] - 1.2), NUMBER["lips"]),
        (front & (near_brow < BROW_CM), side["brow"]),
        (front & ((near_rim < LID_CM) | (opening > 0)), side["lids"]),
        ((z < 3.2) & (wide > 6.2) & (y > -3) & (y < 4.2), side["ear"]),
        (front & (wide < marks[22, 0]) & (y > root[1] + 0.3) & (y < over + 0.8), NUMBER["glabella"]),
        (front & (wide < _nose_width(y, marks)) & (y < root[1] + 0.3) & (y > wing[1] - 0.35), NUMBER["nose"]),
        (front & (y >= canthus[1]) & (y < over - 0.3) & (wide < canthus[0] + 0.5), side["lids"]),
        (front & (y >= canthus[1] + 0.8) & (y < HAIRLINE_CM), NUMBER["forehead"]),
        (y >= canthus[1] + 0.8, NUMBER["scalp"]),
        (front & (wide < corner[0] + 0.3) & (y < wing[1]) & (y > corner[1]), NUMBER["upper lip"]),
        (front & (wide < corner[0] - 0.3) & (y < corner[1]) & (y > chin[1] - 0.6) & (z > 6), NUMBER["chin"]),
        ((z > 2.0) & (y > corner[1] - 0.3), side["cheek"]),
        ((z > 1.0) & (y > _jaw_line(wide, marks)), side["jaw"]),
        (y < -3.0, NUMBER["neck"]),
    )
    labels = [np.broadcast_to(label, x.shape) for _, label in rules]
    return np.select([each for each, _ in rules], labels, NUMBER["scalp"]).astype(np.uint8)


def _behind_the_skin(out: np.ndarray, centres: np.ndarray, part: np.ndarray) -> None:
    """Eyeballs, and what fills the mouth and lies behind the lids: the rig counts the last two to the back of the head."""
    x, y, z = centres.T
    names = np.array(DRAWN)[part]
    out[names == "M_ScleraRight"], out[names == "M_ScleraLeft"] = EYES
    socket = (names == "M_BackHead") & (z > 1) & (np.abs(x) < 5.5) & (y > -7.4)
    out[socket] = NUMBER["inner mouth"]
    for side, half in (("right", x < 0), ("left", x > 0)):
        out[socket & (y > 1.5) & half] = NUMBER[f"{side} lids"]
    out[np.isin(names, ("M_GumsTongue", "M_Teeth"))] = NUMBER["inner mouth"]


def _nose_width(y: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Half of it: narrow at the root, to the wings below."""
    return np.interp(y, [marks[33, 1], marks[35, 1] + 0.9, marks[29, 1], marks[27, 1]], [2.0, 2.0, 1.4, 0.9])


def _jaw_line(wide: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The height of the jaw's edge at a distance from the midline."""
    return np.interp(wide, marks[8:17, 0], marks[8:17, 1])
