"""What a face looks like apart from its shape: skin, hair and eye colours, a fine skin texture, light, clothes, backdrop.

All that is random and yet constant over a clip is drawn once into a frozen `Look`. The texture lies on a cylinder about the
head at rest and moves with the skin, because optical flow holds on to pores, freckles and brow hairs; its strength is random.
Folds darken with their action unit at a random strength, none included, and some faces have them at rest.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from .raster import rasterise, vertex_normals
from .rig import DRAWN, Rig, Sides

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
TEXELS_CM = 24.0  # a pore is half a millimetre; a face of 110 px inter-ocular distance at two samples a pixel has as many
TEXTURE = (704, 1152)  # rows and columns: from the crown to below the chin, once about the head
RADIUS_CM = 7.6
LEVELS = 4
RAYS = 60
IRISES = ((0.09, 0.04, 0.02), (0.06, 0.03, 0.015), (0.16, 0.09, 0.04), (0.13, 0.12, 0.06), (0.1, 0.14, 0.17), (0.16, 0.18, 0.18))
NECK_CM = (-13.5, -8.5)  # heights between which the neck twists: shoulders do not follow the head


@dataclass(frozen=True, eq=False)
class Painting:
    """What depends on the rig alone, per vertex [V]: distances in cm to brows, lid rims and eye axis, `lips` 0-1, `folds` {code:
    2 x [V]} (left, right), the `texel` [V, 2] of the texture, the share of the `sky` that is seen from it at rest, and the share
    of the head's `turn` that it follows."""

    brow_cm: np.ndarray
    rim_cm: np.ndarray
    lips: np.ndarray
    folds: dict[str, tuple[np.ndarray, np.ndarray]]
    iris_cm: np.ndarray
    texel: np.ndarray
    sky: np.ndarray
    turn: np.ndarray


@dataclass(frozen=True)
class Light:
    """One key light (unit vector, y up, z to the camera), a weak fill, and the colour of both with their gain."""

    key: tuple[float, float, float]
    wrap: float
    ambient: float
    tint: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Look:
    """`albedo` [V, 3] linear; `hair` [V], 1 and above where it is dense; `texture` a pyramid of [h, w, 4] and `surface` as
    `raster.shade` takes them; `backdrop` [h, w, 3] linear."""

    albedo: np.ndarray
    hair: np.ndarray
    texture: tuple[np.ndarray, ...]
    surface: np.ndarray
    fold: float
    fold_at_rest: float
    light: Light
    clothes: tuple[float, float, float] | None
    backdrop: np.ndarray


def painting(rig: Rig) -> Painting:
    """Depends on the rig alone: computed once a process."""
    mean, marks = rig.vertices, rig.vertices[rig.landmark68]
    brow = np.minimum(*(_polyline_cm(mean, marks[a:b]) for a, b in LINES))
    rim = np.minimum(*(_polyline_cm(mean, marks[[*range(a, b), a]]) for a, b in EYES))
    lips = _inside(mean, marks[48:60]) * (mean[:, 2] > marks[48, 2] - 1.0) * (rig.part == DRAWN.index("M_Face"))
    folds = {code: (_folds(mean, lines, 1), _folds(mean, lines, -1)) for code, lines in FOLDS.items()}
    return Painting(brow, rim, lips, folds, _iris_cm(rig), _texel(mean), _sky(rig), _turn(mean))


def sample_look(rig: Rig, paint: Painting, rng: np.random.Generator, size: tuple[int, int]) -> Look:
    """`size` (width, height) of the picture that the backdrop is for."""
    colour = _skin(rng) * np.array([1, 0.8, 0.6]) * rng.uniform(0.08, 0.7)
    iris = np.array(IRISES[rng.integers(len(IRISES))]) * rng.uniform(0.6, 1.3)
    sclera = np.array([0.55, 0.5, 0.47]) * rng.uniform(0.8, 1.1)
    surface = np.array([rng.uniform(0, 0.12), *colour, *sclera, *iris, rng.uniform(0.18, 0.3)], np.float32)
    return Look(
        _albedo(rig, paint, colour, rng),
        _hair(rig, paint, rng),
        _texture(rng),
        surface,
        fold=rng.uniform(0, 0.5) * (rng.random() < 0.75),
        fold_at_rest=rng.uniform(0, 0.2) * (rng.random() < 0.4),
        light=_sample_light(rng),
        clothes=tuple((rng.random(3) * rng.uniform(0.05, 0.5)).tolist()) if rng.random() < 0.7 else None,
        backdrop=backdrop(size, rng),
    )


def folded(paint: Painting, look: Look, aus: dict[str, Sides]) -> np.ndarray:
    """The factor [V] by which folds darken the skin at these levels."""
    shade = np.ones(len(paint.brow_cm), np.float32)
    for code, (left, right) in paint.folds.items():
        levels = aus.get(code, (0.0, 0.0))
        if look.fold_at_rest or max(levels):
            depth = [max(look.fold_at_rest, look.fold * level / 5) for level in levels]
            shade -= left * np.float32(depth[0]) + right * np.float32(depth[1])
    return np.clip(shade, 0.4, 1)


def lit(normals: np.ndarray, paint: Painting, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """(light [V, 3], cosine to the mirror direction [V]) at `normals` [V, 3]: a wrapped key light, a fill where the sky is seen."""
    key = np.array(light.key, np.float32)
    diffuse = np.clip((normals @ key + light.wrap) / (1 + light.wrap), 0, None)
    half = key + np.array([0, 0, 1], np.float32)
    fill = light.ambient * (0.7 + 0.3 * normals[:, 1])
    strength = (1 - light.ambient) * diffuse * np.minimum(1, 0.3 + paint.sky) + fill * paint.sky
    return strength[:, None] * np.array(light.tint, np.float32), normals @ (half / np.linalg.norm(half))


def _sample_light(rng: np.random.Generator) -> Light:
    key = np.array([rng.normal(0, 0.6), rng.normal(0.4, 0.4), 1.0])
    x, y, z = (key / np.linalg.norm(key)).tolist()
    warmth, green = rng.uniform(-0.12, 0.12), rng.uniform(-0.03, 0.03)  # lamps and sky differ along the line of black bodies
    tint = np.array([1 + warmth, 1 + green, 1 - warmth]) * rng.uniform(0.9, 1.4)
    return Light((x, y, z), rng.uniform(0, 0.4), rng.uniform(0.15, 0.5), tuple(tint.tolist()))


# Colours on the vertices


def _albedo(rig: Rig, paint: Painting, hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    part = {name: rig.part == index for index, name in enumerate(DRAWN)}
    colour = np.tile(_skin(rng), (len(rig.vertices), 1)) * _waves(rig.vertices, rng)[:, None]
    lips = paint.lips[:, None] * rng.uniform(0.2, 0.9)
    colour *= 1 - lips * np.array([0.15, 0.5, 0.4]) * rng.uniform(0.5, 1.1)
    _blend(colour, hair * 0.5, _smooth(rng.uniform(0.02, 0.16) - paint.rim_cm, 0.08) * rng.uniform(0.3, 1) * part["M_Face"])
    colour[part["M_GumsTongue"]] = np.array([0.35, 0.1, 0.1]) * rng.uniform(0.3, 0.8)
    colour[part["M_Teeth"]] = np.array([0.75, 0.7, 0.6]) * rng.uniform(0.55, 0.95)
    return colour.astype(np.float32)


def _skin(rng: np.random.Generator) -> np.ndarray:
    """Along the line from deep to fair skin in linear RGB, with a little hue about it."""
    depth = rng.random()
    fair, deep = np.array([0.72, 0.48, 0.38]), np.array([0.1, 0.055, 0.04])
    return fair**depth * deep ** (1 - depth) * (1 + rng.uniform(-0.05, 0.05, 3))


def _waves(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    waves = sum(np.sin(vertices @ rng.normal(0, s, 3) + rng.uniform(0, 6.3)) / s**0.5 for s in (0.3, 0.6, 1.2, 2.5))
    return np.clip(1 + rng.uniform(0, 0.05) * waves, 0.5, 1.5)


def _hair(rig: Rig, paint: Painting, rng: np.random.Generator) -> np.ndarray:
    """Brows, and on most heads a cap: the top and back beyond a random tilted plane. Far above 1 no skin shows between strands."""
    brow = _smooth(rng.uniform(0.3, 0.55) - paint.brow_cm, 0.3) * rng.uniform(0.4, 1)
    x, y, z = rig.vertices.T
    height = y + rng.uniform(-0.35, 0.1) * z - rng.uniform(0.0, 0.35) * np.abs(x) * 0.4 - rng.uniform(5.5, 8.0)
    back = rng.uniform(-1.5, 2.0) - z
    cap = _smooth(np.maximum(height, np.where(y > -3, back, -9)), 1.2) * rng.uniform(1, 2.5) * (rng.random() < 0.85)
    has_skin = (rig.part == DRAWN.index("M_Face")) | (rig.part == DRAWN.index("M_BackHead"))
    return (np.maximum(brow, cap) * has_skin).astype(np.float32)


def _blend(colour: np.ndarray, paint: np.ndarray, weight: np.ndarray) -> None:
    colour += weight[:, None] * (paint - colour)


def _smooth(inside: np.ndarray, width: float) -> np.ndarray:
    return np.clip(0.5 + inside / width, 0, 1)


# The texture of the skin


def _texture(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Factors on red, green, blue, and a fourth channel with the strands of hair 0-1; each level half the one before."""
    strength = float(rng.uniform(0.3, 1.3))
    pores, blotch = _grain(rng, 0.6) - 0.6 * np.maximum(0, _grain(rng, 1.0) - 1), _grain(rng, 9) + _grain(rng, 30)
    freckle = np.maximum(0, _grain(rng, 1.6) - rng.uniform(1.6, 4)) * np.clip(1 + _grain(rng, 40), 0, 2)
    moles = _moles(rng)
    tone = 1 + strength * (0.05 * pores + 0.035 * blotch)
    red = strength * (0.02 * blotch + 0.03 * _grain(rng, 5))
    spots = np.float32(-0.5 * strength) * freckle - 2 * moles
    factors = [tone * (1 + sign * red) * np.exp(darker * spots) for sign, darker in ((1, 0.6), (-1, 1.0), (-1, 1.2))]
    level = np.clip(np.stack([*factors, _strands(rng)], 2), 0, 1.6, dtype=np.float32)
    pyramid = [level]
    while len(pyramid) < LEVELS:
        level = cv2.resize(level, (level.shape[1] // 2, level.shape[0] // 2), interpolation=cv2.INTER_AREA)
        pyramid.append(level)
    return tuple(pyramid)


def _grain(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Gaussian noise of unit deviation and this size in texels; coarse noise is drawn coarsely."""
    step = max(1, int(sigma / 2))
    shape = (TEXTURE[0] // step + 1, TEXTURE[1] // step + 1)
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), sigma / step)
    noise /= noise.std()
    return noise[: TEXTURE[0], : TEXTURE[1]] if step == 1 else cv2.resize(noise, TEXTURE[::-1], interpolation=cv2.INTER_CUBIC)


def _moles(rng: np.random.Generator) -> np.ndarray:
    mole = np.zeros(TEXTURE, np.float32)
    for _ in range(rng.integers(0, 14)):
        centre = (int(rng.integers(TEXTURE[1])), int(rng.integers(TEXTURE[0])))
        cv2.circle(mole, centre, int(rng.integers(1, 4)), float(rng.uniform(0.2, 1)), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(mole, (0, 0), 0.8)


def _strands(rng: np.random.Generator) -> np.ndarray:
    """Hairs grow up and outwards, so the two halves are mirrored."""
    length, slope = int(rng.integers(7, 16)) | 1, rng.uniform(0.2, 1.0)
    kernel = np.zeros((length, length), np.float32)
    half = length // 2
    cv2.line(kernel, (0, round(half * (1 + slope))), (length - 1, round(half * (1 - slope))), 1.0, 1, cv2.LINE_AA)
    columns = TEXTURE[1] // 2
    noise = cv2.filter2D(rng.standard_normal((TEXTURE[0], columns), np.float32), -1, kernel / kernel.sum())
    left = np.clip(0.5 + 0.5 * noise / noise.std(), 0, 1)
    return np.concatenate([left[:, ::-1], left], 1)


def _texel(vertices: np.ndarray) -> np.ndarray:
    x, y, z = vertices.T
    column = np.arctan2(x, z) * RADIUS_CM * TEXELS_CM + TEXTURE[1] / 2
    row = TEXTURE[0] / 2 - (y - 0.5) * TEXELS_CM
    return np.stack([column, row], 1).astype(np.float32)


# Behind the face


def backdrop(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Flat, gradient, soft noise or blocks, linear light [h, w, 3]."""
    kind = rng.integers(4)
    cells = (1, 2, int(rng.integers(4, 12)), int(rng.integers(2, 7)))[kind]
    small = (rng.random((cells, cells, 3)) * rng.uniform(0.2, 1) + rng.random(3) * 0.3).astype(np.float32)
    grey = small.mean(2, keepdims=True)
    small = grey + rng.uniform(0.1, 0.5) * (small - grey)  # rooms are duller than random colours
    filter_ = cv2.INTER_NEAREST if kind == 3 else cv2.INTER_CUBIC
    wall = cv2.resize(small, size, interpolation=filter_).reshape(size[1], size[0], 3)
    plaster = cv2.GaussianBlur(rng.standard_normal((size[1], size[0], 1), np.float32), (0, 0), 1.5)[..., None]
    return (np.clip(wall + rng.uniform(0, 0.1) * plaster, 0, 1) ** 1.8).astype(np.float32)


# Where things lie on the rig


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
    return (np.exp(-(distance**2) / (2 * FOLD_WIDTH_CM**2)) * front).astype(np.float32)


def _iris_cm(rig: Rig) -> np.ndarray:
    """Distance of an eye's vertices to its axis at rest; the back of the ball is far."""
    out = np.full(len(rig.vertices), 9.0, np.float32)
    for name in ("M_ScleraLeft", "M_ScleraRight"):
        chosen = rig.part == DRAWN.index(name)
        ball = rig.vertices[chosen]
        centre = (ball.min(0) + ball.max(0)) / 2
        out[chosen] = np.minimum(2.9, np.hypot(*(ball - centre).T[:2]) + 9.0 * (ball[:, 2] < centre[2]))
    return out


def _turn(vertices: np.ndarray) -> np.ndarray:
    share = np.clip((vertices[:, 1] - NECK_CM[0]) / (NECK_CM[1] - NECK_CM[0]), 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _sky(rig: Rig) -> np.ndarray:
    """Ambient occlusion 0-1 of the face at rest, from depth maps seen along `RAYS` directions (a Fibonacci sphere)."""
    normals = vertex_normals(rig.vertices.astype(np.float32), rig.triangles)
    size, scale = 320, 8.0
    seen, whole = np.zeros(len(normals)), np.full(len(normals), 1e-6)
    for i in range(RAYS):
        height, around = 1 - (2 * i + 1) / RAYS, i * 2.399963
        ray = np.array([np.sqrt(1 - height**2) * np.cos(around), height, np.sqrt(1 - height**2) * np.sin(around)])
        side = np.cross([0, 1, 0] if abs(height) < 0.9 else [1, 0, 0], ray)
        side /= np.linalg.norm(side)
        turned = (rig.vertices @ np.stack([side, np.cross(ray, side), ray], 1)).astype(np.float32)
        flat = (turned[:, :2] * np.array([scale, -scale]) + size / 2).astype(np.float32)
        *_, nearest = rasterise(flat, turned[:, 2], rig.triangles, size, size)
        column, row = np.clip(np.rint(flat).astype(int), 0, size - 1).T
        cosine = np.clip(normals @ ray, 0, None)
        whole += cosine
        seen += cosine * (turned[:, 2] > nearest[row, column] - 0.3)
    sky = seen / whole
    inside = np.isin(rig.part, [DRAWN.index("M_Teeth"), DRAWN.index("M_GumsTongue")])
    sky[inside] = 0.5 * np.clip(
        (rig.vertices[inside, 2] - 6.5) / 4, 0.1, 1
    )  # the mouth is shut at rest; cheeks shade the back teeth
    return np.clip(sky, 0.1, 1).astype(np.float32)
