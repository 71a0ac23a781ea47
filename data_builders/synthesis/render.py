"""Pictures of the rig: a numba z-buffer, colours painted on the vertices, one key light, a random camera and background.

The renders have no skin texture and no hair strands, so that they teach geometry and shading of action units, not photography; they carry
no live/spoof label. Folds darken with their action unit at a random strength, none included, and some faces have them at rest.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numba import njit

from .rig import DRAWN, Person, Rig, Sides, expressed

SUPERSAMPLE = 2
LINES = ((17, 22), (22, 27))  # brows, iBUG ranges
EYES = ((36, 42), (42, 48))
# Where skin folds when a unit contracts, in cm of the mean face; mirrored for the other side.
FOLDS = {
    "AU1": (((0.0, 7.6), (2.6, 7.7)), ((0.0, 8.5), (2.6, 8.6))),
    "AU2": (((2.6, 7.7), (5.0, 7.2)), ((2.6, 8.6), (5.0, 8.0))),
    "AU4": (((0.45, 4.4), (0.6, 6.0)),),
    "AU6": (((5.1, 3.7), (6.4, 4.3)), ((5.1, 3.2), (6.4, 3.0))),
    "AU9": (((0.9, 2.9), (0.2, 3.4)), ((0.9, 2.3), (0.2, 2.8))),
    "AU10": (((1.9, 0.0), (3.0, -2.0)),),
    "AU12": (((2.0, -0.2), (3.5, -3.2)),),
    "AU17": (((-1.0, -5.6), (1.0, -5.6)),),
}
FOLD_WIDTH_CM = 0.16


@dataclass(frozen=True, eq=False)
class Painting:
    """Where to paint, per vertex [V]: distances in cm to brows and lid rims, `lips` and `cap` 0-1, `folds` {code: 2 x [V]} (left, right), `axis` of the eye."""

    brow_cm: np.ndarray
    rim_cm: np.ndarray
    lips: np.ndarray
    folds: dict[str, tuple[np.ndarray, np.ndarray]]
    iris_cm: np.ndarray


@dataclass(frozen=True, eq=False)
class View:
    """A pinhole camera before a turned head: angles in radians, `distance_cm`, `iod_px`, the head's place in the picture in shares of its size."""

    yaw: float
    pitch: float
    roll: float
    distance_cm: float
    iod_px: float
    place: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Render:
    """`pixels` linear light float32 [S, S, 3] in 0-1, the rig's own `points` [68, 2] px and the `covered` mask [S, S] 0-1."""

    pixels: np.ndarray
    points: np.ndarray
    covered: np.ndarray


def painting(rig: Rig) -> Painting:
    """Depends on the rig alone: computed once a process."""
    mean, marks = rig.vertices, rig.vertices[rig.landmark68]
    brow = np.minimum(*(_polyline_cm(mean, marks[a:b]) for a, b in LINES))
    rim = np.minimum(*(_polyline_cm(mean, marks[[*range(a, b), a]]) for a, b in EYES))
    lips = _inside(mean, marks[48:60]) * (mean[:, 2] > marks[48, 2] - 1.0) * (rig.part == DRAWN.index("M_Face"))
    folds = {code: (_folds(mean, lines, 1), _folds(mean, lines, -1)) for code, lines in FOLDS.items()}
    return Painting(brow, rim, lips, folds, _iris_cm(rig))


def sample_view(rng: np.random.Generator, size: int) -> View:
    yaw, pitch, roll = np.clip(rng.normal(0, (14, 8, 7)), -40, 40) * np.pi / 180
    distance = float(np.exp(rng.uniform(np.log(40), np.log(200))))
    place = (0.5 + rng.uniform(-0.07, 0.07), 0.5 + rng.uniform(-0.07, 0.07))
    return View(yaw, pitch, roll, distance, size * rng.uniform(0.2, 0.3), place)


def render(
    rig: Rig, paint: Painting, person: Person, aus: dict[str, Sides], view: View, rng: np.random.Generator, size: int = 256
) -> Render:
    """One picture of the person showing `aus`; colours, light and background are drawn from `rng`."""
    gaze = tuple(np.clip(rng.normal(0, 0.12, 2), -0.4, 0.4))
    mesh = expressed(rig, person, aus, rng, gaze)
    large = size * SUPERSAMPLE
    points, turned = project(mesh, view, large)
    owner, bary = rasterise(points, turned[:, 2], rig.triangles, large)
    normals = vertex_normals(turned, rig.triangles)
    lit = _albedo(rig, paint, aus, rng) * _light(normals, rng)
    drawn = interpolate(owner, bary, rig.triangles, lit.astype(np.float32))
    covered = (owner >= 0).astype(np.float32)
    drawn, covered = (cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in (drawn, covered))
    pixels = drawn + background(size, rng) * (1 - covered[..., None])
    return Render(np.clip(pixels, 0, 1), points[rig.landmark68] / SUPERSAMPLE, covered)


def project(mesh: np.ndarray, view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [V, 2], turned mesh [V, 3]); depth grows towards the camera."""
    turned = ((mesh - _CENTRE) @ _rotation(view).T).astype(np.float32)
    iod_cm = 8.9  # of the mean head; a camera does not know the head before it
    scale = view.iod_px * size / (size // SUPERSAMPLE) * view.distance_cm / iod_cm
    away = view.distance_cm - turned[:, 2] + _CENTRE[2]
    x = view.place[0] * size + scale * turned[:, 0] / away
    y = view.place[1] * size - scale * turned[:, 1] / away
    return np.stack([x, y], 1).astype(np.float32), turned


@njit(cache=True)
def rasterise(points, depth, triangles, size):
    """The nearest triangle of each pixel, int32 [S, S] (-1: none), and its barycentric weights [S, S, 2]."""
    owner = np.full((size, size), -1, np.int32)
    bary = np.zeros((size, size, 2), np.float32)
    nearest = np.full((size, size), -1e9, np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:  # y runs down, so front faces turn this way
            continue
        x1, x2 = max(0, int(np.ceil(min(ax, bx, cx)))), min(size - 1, int(max(ax, bx, cx)))
        y1, y2 = max(0, int(np.ceil(min(ay, by, cy)))), min(size - 1, int(max(ay, by, cy)))
        for y in range(y1, y2 + 1):
            for x in range(x1, x2 + 1):
                v = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
                w = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
                if v < 0 or w < 0 or v + w > 1:
                    continue
                z = depth[a] + v * (depth[b] - depth[a]) + w * (depth[c] - depth[a])
                if z > nearest[y, x]:
                    nearest[y, x] = z
                    owner[y, x] = t
                    bary[y, x, 0] = v
                    bary[y, x, 1] = w
    return owner, bary


@njit(cache=True)
def interpolate(owner, bary, triangles, values):
    """Vertex `values` [V, C] at each pixel [S, S, C]; nothing where no triangle is."""
    height, width = owner.shape
    out = np.zeros((height, width, values.shape[1]), np.float32)
    for y in range(height):
        for x in range(width):
            t = owner[y, x]
            if t < 0:
                continue
            v, w = bary[y, x, 0], bary[y, x, 1]
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(values.shape[1]):
                out[y, x, k] = (1 - v - w) * values[a, k] + v * values[b, k] + w * values[c, k]
    return out


@njit(cache=True)
def vertex_normals(mesh, triangles):
    normals = np.zeros_like(mesh)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        normal = np.cross(mesh[b] - mesh[a], mesh[c] - mesh[a])
        normals[a] += normal
        normals[b] += normal
        normals[c] += normal
    for v in range(len(normals)):
        length = np.sqrt((normals[v] ** 2).sum())
        if length > 0:
            normals[v] /= length
    return normals


def background(size: int, rng: np.random.Generator) -> np.ndarray:
    """Flat, gradient, soft noise or blocks, linear light [size, size, 3]."""
    kind = rng.integers(4)
    cells = (1, 2, int(rng.integers(4, 12)), int(rng.integers(2, 7)))[kind]
    small = (rng.random((cells, cells, 3)) * rng.uniform(0.2, 1) + rng.random(3) * 0.3).astype(np.float32)
    small = 0.5 * small + 0.5 * small.mean(2, keepdims=True)  # rooms are duller than random colours
    filter_ = cv2.INTER_NEAREST if kind == 3 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(small, (size, size), interpolation=filter_).reshape(size, size, 3), 0, 1) ** 1.8


_CENTRE = np.array([0, 0, 2], np.float32)


def _rotation(view: View) -> np.ndarray:
    angles = np.array([view.pitch, view.yaw, view.roll])
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return (about_z @ about_y @ about_x).astype(np.float32)


def _light(normals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[V, 3]: a wrapped key light, a weak fill from the camera and a gloss; gain set so that faces are exposed alike."""
    key = np.array([rng.normal(0, 0.6), rng.normal(0.4, 0.4), 1.0])
    key /= np.linalg.norm(key)
    wrap, ambient = rng.uniform(0, 0.4), rng.uniform(0.15, 0.5)
    diffuse = np.clip((normals @ key + wrap) / (1 + wrap), 0, None)
    half = key + np.array([0, 0, 1.0])
    gloss = np.clip(normals @ (half / np.linalg.norm(half)), 0, None) ** 24 * rng.uniform(0, 0.25)
    tint = 1 + rng.uniform(-0.12, 0.12, 3)
    fill = ambient * (0.7 + 0.3 * normals[:, 1])
    return (((1 - ambient) * diffuse + fill + gloss)[:, None] * tint * rng.uniform(0.9, 1.4)).astype(np.float32)


def _albedo(rig: Rig, paint: Painting, aus: dict[str, Sides], rng: np.random.Generator) -> np.ndarray:
    part = {name: rig.part == index for index, name in enumerate(DRAWN)}
    colour = np.tile(_skin(rng), (len(rig.vertices), 1))
    colour *= _mottle(rig.vertices, rng)[:, None] * _folded(paint, aus, rng)[:, None]
    lips = paint.lips[:, None] * rng.uniform(0.2, 0.9)
    colour *= 1 - lips * np.array([0.15, 0.5, 0.4]) * rng.uniform(0.5, 1.1)
    hair = _skin(rng) * np.array([1, 0.8, 0.6]) * rng.uniform(0.08, 0.7)
    _blend(colour, hair, _smooth(rng.uniform(0.3, 0.6) - paint.brow_cm, 0.25) * rng.uniform(0.4, 1) * part["M_Face"])
    _blend(colour, hair * 0.5, _smooth(rng.uniform(0.02, 0.16) - paint.rim_cm, 0.08) * rng.uniform(0.3, 1) * part["M_Face"])
    if rng.random() < 0.7:
        _blend(colour, hair, _cap(rig, rng))
    colour[part["M_GumsTongue"]] = np.array([0.35, 0.1, 0.1]) * rng.uniform(0.3, 0.8)
    colour[part["M_Teeth"]] = np.array([0.75, 0.7, 0.6]) * rng.uniform(0.55, 0.95)
    eyes = part["M_ScleraLeft"] | part["M_ScleraRight"]
    colour[eyes] = _eyes(paint.iris_cm[eyes], rng)
    return colour


def _skin(rng: np.random.Generator) -> np.ndarray:
    """Along the line from deep to fair skin in linear RGB, with a little hue about it."""
    depth = rng.random()
    fair, deep = np.array([0.72, 0.48, 0.38]), np.array([0.1, 0.055, 0.04])
    return fair**depth * deep ** (1 - depth) * (1 + rng.uniform(-0.08, 0.08, 3))


def _mottle(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    waves = sum(np.sin(vertices @ rng.normal(0, s, 3) + rng.uniform(0, 6.3)) / s**0.5 for s in (0.3, 0.6, 1.2, 2.5))
    speckle = rng.normal(0, rng.uniform(0, 0.06), len(vertices))
    return np.clip(1 + rng.uniform(0, 0.05) * waves + speckle, 0.5, 1.5)


def _folded(paint: Painting, aus: dict[str, Sides], rng: np.random.Generator) -> np.ndarray:
    strength, at_rest = rng.uniform(0, 0.5) * (rng.random() < 0.75), rng.uniform(0, 0.2) * (rng.random() < 0.4)
    shade = np.ones(len(paint.brow_cm))
    for code, (left, right) in paint.folds.items():
        levels = aus.get(code, (0.0, 0.0))
        shade -= left * max(at_rest, strength * levels[0] / 5) + right * max(at_rest, strength * levels[1] / 5)
    return np.clip(shade, 0.4, 1)


def _cap(rig: Rig, rng: np.random.Generator) -> np.ndarray:
    """A painted hairline: the top and back of the head beyond a random tilted plane."""
    x, y, z = rig.vertices.T
    height = y + rng.uniform(-0.35, 0.1) * z - rng.uniform(0.0, 0.35) * np.abs(x) * 0.4 - rng.uniform(5.5, 8.0)
    back = rng.uniform(-1.5, 2.0) - z
    top = _smooth(np.maximum(height, np.where(y > -3, back, -9)), 0.8)
    return top * ((rig.part == 0) | (rig.part == 1))


def _eyes(iris_cm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    colour = np.tile(np.array([0.62, 0.58, 0.55]) * rng.uniform(0.8, 1.1), (len(iris_cm), 1))
    iris = np.array([rng.uniform(0.02, 0.2), rng.uniform(0.02, 0.2), rng.uniform(0.01, 0.2)])
    _blend(colour, iris, _smooth(0.6 - iris_cm, 0.12))
    _blend(colour, np.full(3, 0.01), _smooth(rng.uniform(0.18, 0.3) - iris_cm, 0.1))
    return colour


def _blend(colour: np.ndarray, paint: np.ndarray, weight: np.ndarray) -> None:
    colour += weight[:, None] * (paint - colour)


def _smooth(inside: np.ndarray, width: float) -> np.ndarray:
    return np.clip(0.5 + inside / width, 0, 1)


def _polyline_cm(vertices: np.ndarray, line: np.ndarray) -> np.ndarray:
    best = np.full(len(vertices), np.inf)
    for a, b in pairwise(line):
        along = np.clip((vertices - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(vertices - a - along[:, None] * (b - a), axis=1))
    return best


def _inside(vertices: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    contour = polygon[:, None, :2].astype(np.float32)
    signed = [cv2.pointPolygonTest(contour, (float(x), float(y)), True) for x, y in vertices[:, :2]]
    return np.clip(0.5 + np.array(signed) / 0.2, 0, 1)


def _folds(vertices: np.ndarray, lines: tuple, side: int) -> np.ndarray:
    flat = vertices[:, :2]
    distance = np.minimum.reduce([_polyline_cm(flat, np.array(line) * (side, 1)) for line in lines])
    front = vertices[:, 2] > 5
    return np.exp(-(distance**2) / (2 * FOLD_WIDTH_CM**2)) * front


def _iris_cm(rig: Rig) -> np.ndarray:
    """Distance of an eye's vertices to its axis at rest; the back of the ball is far."""
    out = np.full(len(rig.vertices), 9.0)
    for name in ("M_ScleraLeft", "M_ScleraRight"):
        chosen = rig.part == DRAWN.index(name)
        ball = rig.vertices[chosen]
        centre = (ball.min(0) + ball.max(0)) / 2
        out[chosen] = np.hypot(*(ball - centre).T[:2]) + 9.0 * (ball[:, 2] < centre[2])
    return out
