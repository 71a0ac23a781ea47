"""What a face looks like apart from its shape: skin, hair and eye colours, a fine skin texture, light, clothes, backdrop.

All that is random and yet constant over a clip is drawn once into a frozen `Look`. The texture lies on a cylinder about the
head at rest and moves with the skin, because optical flow holds on to pores, freckles and brow hairs; its strength is random.
Folds deepen with their action unit at a random strength, none included, and some faces have them at rest.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..scenery.scenes import scene
from .folds import Furrow, furrows
from .raster import rasterise, vertex_normals
from .regions import NUMBER, inside, triangle_regions
from .rig import DRAWN, Rig
from .texture import sample_texture, texel

LINES = ((17, 22), (22, 27))  # brows, iBUG ranges
EYES = ((36, 42), (42, 48))
LASH_CM = 0.9
RAYS = 60
FRINGE_CM = 7.5, 10.0  # height of the forehead, and its depth, below which hair would hide what brows do
NAPE_CM = (-5.0, 1.0), (-3.0, 2.5)  # depth and height of the hair's edge from the nape to behind the ears
COLLAR_CM = (5.6, -8.5)  # shoulders are wider and lower
SUNK_CM = 2.0  # farther than lips roll in, cheeks are drawn in by an open jaw, or a head's teeth stand out
IRISES = ((0.09, 0.04, 0.02), (0.06, 0.03, 0.015), (0.16, 0.09, 0.04), (0.13, 0.12, 0.06), (0.1, 0.14, 0.17), (0.16, 0.18, 0.18))
NECK_CM = (-13.5, -8.5)  # heights between which the neck twists: shoulders do not follow the head
THROAT_CM = (-10.0, -6.5)  # heights between which the texture fades: the cylinder draws it out under the chin
FAIR, DEEP = np.array([0.72, 0.48, 0.38]), np.array([0.1, 0.055, 0.04])  # skins and hairs, linear RGB
BLOND, BLACK, GREY = np.array([0.42, 0.26, 0.12]), np.array([0.014, 0.01, 0.008]), np.array([0.22, 0.21, 0.19])


@dataclass(frozen=True, eq=False)
class Painting:
    """What depends on the rig alone, per vertex [V]: distances in cm to brows, lid rims and eye axis, `lips` 0-1, how thick the `lash`
    is there, how `hairy` it may be, the `texel` [V, 2] of the texture and how much `skin` takes of it, the share of the `sky` that
    is seen from it at rest, the share of the head's `turn` that it follows, and how far in cm it is `sunk` behind where it lies when
    surfaces hide each other; `folds` {code: (left, right)}, the `regions` [T] of the triangles, and by how much shoulders `slump` [V, 3] under clothes."""

    brow_cm: np.ndarray
    rim_cm: np.ndarray
    lips: np.ndarray
    lash: np.ndarray
    hairy: np.ndarray
    folds: dict[str, tuple[Furrow, Furrow]]
    iris_cm: np.ndarray
    texel: np.ndarray
    skin: np.ndarray
    sky: np.ndarray
    turn: np.ndarray
    sunk: np.ndarray
    regions: np.ndarray
    slump: np.ndarray


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
    `raster.shade` takes them; folds at level E and at rest and lashes 0-1; `backdrop` [h, w, 3] linear."""

    albedo: np.ndarray
    hair: np.ndarray
    texture: tuple[np.ndarray, ...]
    surface: np.ndarray
    fold: float
    fold_at_rest: float
    lashes: float
    light: Light
    clothes: tuple[float, float, float] | None
    backdrop: np.ndarray


def painting(rig: Rig) -> Painting:
    """Depends on the rig alone: computed once a process."""
    mean, marks = rig.vertices, rig.vertices[rig.landmark68]
    face = rig.part == DRAWN.index("M_Face")
    brow = np.minimum(*(_polyline_cm(mean, marks[a:b]) for a, b in LINES))
    rim = np.minimum(*(_polyline_cm(mean, marks[[*range(a, b), a]]) for a, b in EYES))
    lips = np.clip(0.5 + inside(mean, marks[48:60]) / 0.2, 0, 1) * (mean[:, 2] > marks[48, 2] - 1.0) * face
    lash = np.clip(1 - rim / LASH_CM, 0, 1) ** 1.5
    outside = face | (rig.part == DRAWN.index("M_BackHead"))
    regions = triangle_regions(rig, brow, rim)
    bald = np.unique(rig.triangles[np.isin(regions, [NUMBER["left ear"], NUMBER["right ear"]])])
    hairy = outside.astype(np.float32)
    hairy[bald] = 0
    return Painting(
        brow,
        rim,
        lips.astype(np.float32),
        lash.astype(np.float32),
        hairy,
        furrows(mean, face),
        _iris_cm(rig),
        texel(mean),
        (outside * np.interp(mean[:, 1], THROAT_CM, (0.3, 1))).astype(np.float32),
        _sky(rig),
        _turn(mean),
        _sunk(rig, regions),
        regions,
        _slump(mean),
    )


def sample_look(rig: Rig, paint: Painting, rng: np.random.Generator, size: tuple[int, int]) -> Look:
    """`size` (width, height) of the picture that the backdrop is for."""
    fairness = rng.random()
    hair = _hair_colour(fairness, rng)
    iris = np.array(IRISES[rng.integers(len(IRISES))]) * rng.uniform(0.5, 1)
    sclera = np.array([0.42, 0.39, 0.36]) * rng.uniform(0.75, 1.1)
    surface = np.array([rng.uniform(0, 0.1), *hair, *sclera, *iris, rng.uniform(0.18, 0.3)], np.float32)
    return Look(
        _albedo(rig, paint, fairness, hair, rng),
        _hair(rig, paint, rng),
        sample_texture(rng),
        surface,
        fold=rng.uniform(0.1, 0.75) * (rng.random() < 0.8),
        fold_at_rest=rng.uniform(0, 0.25) * (rng.random() < 0.4),
        lashes=rng.uniform(0.1, 0.5),
        light=_sample_light(rng),
        clothes=tuple((rng.random(3) * rng.uniform(0.05, 0.5)).tolist()) if rng.random() < 0.92 else None,
        backdrop=scene(size, rng).pixels,
    )


def lit(normals: np.ndarray, paint: Painting, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """(light [V, 3], cosine to the mirror direction [V]) at `normals` [V, 3]: a wrapped key light, a fill where the sky is seen."""
    key = np.array(light.key, np.float32)
    wrap = np.float32(light.wrap) + np.array([0.12, 0.03, 0], np.float32)  # red light goes farther through skin
    diffuse = np.maximum(0, ((normals @ key)[:, None] + wrap) / (1 + wrap))
    half = key + np.array([0, 0, 1], np.float32)
    fill = np.float32(light.ambient) * (np.float32(0.7) + np.float32(0.3) * normals[:, 1]) * paint.sky
    direct = np.float32(1 - light.ambient) * np.minimum(1, np.float32(0.3) + paint.sky)
    strength = direct[:, None] * diffuse + fill[:, None]
    return strength * np.array(light.tint, np.float32), normals @ (half / np.linalg.norm(half))


def _sample_light(rng: np.random.Generator) -> Light:
    key = np.array([rng.normal(0, 0.6), rng.normal(0.4, 0.4), 1.0])
    x, y, z = (key / np.linalg.norm(key)).tolist()
    warmth, green = rng.uniform(-0.12, 0.12), rng.uniform(-0.03, 0.03)  # lamps and sky differ along the line of black bodies
    tint = np.array([1 + warmth, 1 + green, 1 - warmth]) * rng.uniform(0.9, 1.4)
    return Light((x, y, z), rng.uniform(0, 0.4), rng.uniform(0.15, 0.5), tuple(tint.tolist()))


# Colours on the vertices


def _albedo(rig: Rig, paint: Painting, fairness: float, hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    part = {name: rig.part == index for index, name in enumerate(DRAWN)}
    skin = FAIR**fairness * DEEP ** (1 - fairness) * (1 + rng.uniform(-0.05, 0.05, 3))
    colour = _waves(rig.vertices, rng)[:, None] * skin.astype(np.float32)
    lips = paint.lips * np.float32(rng.uniform(0.2, 0.9))
    colour *= 1 - lips[:, None] * (np.array([0.15, 0.5, 0.4]) * rng.uniform(0.5, 1.1)).astype(np.float32)
    lined = _smooth(rng.uniform(0.02, 0.16) - paint.rim_cm, 0.08) * rng.uniform(0.3, 1) * part["M_Face"]
    colour += lined.astype(np.float32)[:, None] * (hair.astype(np.float32) * 0.5 - colour)
    colour[part["M_GumsTongue"]] = np.array([0.35, 0.1, 0.1]) * rng.uniform(0.3, 0.8)
    colour[part["M_Teeth"]] = np.array([0.6, 0.56, 0.47]) * rng.uniform(0.6, 1)
    balls = part["M_ScleraLeft"] | part["M_ScleraRight"]
    redness = np.clip((paint.iris_cm[balls] - 0.7) / 0.9, 0, 1) * rng.uniform(0, 0.35)
    colour[balls] = 1 - redness[:, None] * np.array([0.2, 0.7, 0.7], np.float32)
    return colour


def _hair_colour(fairness: float, rng: np.random.Generator) -> np.ndarray:
    """From black to blond, dark on a deep skin; one head in eight is grey."""
    light = rng.random() * fairness
    colour = BLOND**light * BLACK ** (1 - light)
    grey = rng.uniform(0.2, 0.9) * (rng.random() < 0.125)
    return (colour + grey * (GREY - colour)) * (1 + rng.uniform(-0.05, 0.05, 3))


def _waves(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    waves = [
        np.sin(vertices @ rng.normal(0, s, 3).astype(np.float32) + np.float32(rng.uniform(0, 6.3))) / np.float32(s**0.5)
        for s in (0.3, 0.6, 1.2, 2.5)
    ]
    return np.clip(1 + np.float32(rng.uniform(0, 0.05)) * sum(waves), 0.5, 1.5)


def _hair(rig: Rig, paint: Painting, rng: np.random.Generator) -> np.ndarray:
    """Brows, and on most heads a cap: the top and back beyond a random tilted plane. Far above 1 no skin shows between strands."""
    brow = _smooth(rng.uniform(0.3, 0.5) - paint.brow_cm, 0.3) * rng.uniform(0.55, 1.2)
    x, y, z = rig.vertices.T
    tilt, fall, edge = rng.uniform(-0.35, 0.1), 0.4 * rng.uniform(0.0, 0.35), rng.uniform(5.5, 8.0)
    height = y + tilt * z - fall * np.abs(x) - max(edge, FRINGE_CM[0] + tilt * FRINGE_CM[1])
    back = rng.uniform(-1.5, 2.0) - z
    cap = (
        _smooth(np.maximum(height, np.minimum(back, y - np.interp(z, *NAPE_CM))), 1.2)
        * rng.uniform(1.5, 3)
        * (rng.random() < 0.85)
    )
    return (np.maximum(brow, cap) * paint.hairy).astype(np.float32)


def _smooth(inside: np.ndarray, width: float) -> np.ndarray:
    return np.clip(0.5 + inside / width, 0, 1)


# Where things lie on the rig


def _polyline_cm(vertices: np.ndarray, line: np.ndarray) -> np.ndarray:
    best = np.full(len(vertices), np.inf, np.float32)
    for a, b in pairwise(line):
        along = np.clip((vertices - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(vertices - a - along[:, None] * (b - a), axis=1))
    return best


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


def _slump(vertices: np.ndarray) -> np.ndarray:
    """Clothes are drawn as if far away, and the shoulders of a head that is close to the camera would stand out behind them."""
    wide, low = COLLAR_CM
    out = np.zeros_like(vertices)
    out[:, 1] = -1.5 * np.maximum(0, np.abs(vertices[:, 0]) - wide) * np.clip(low - vertices[:, 1], 0, 1)
    return out


def _sunk(rig: Rig, regions: np.ndarray) -> np.ndarray:
    """What lies in the mouth shows only between the lips: teeth and the mouth's lining would break through the skin of a moving face."""
    within = regions == NUMBER["inner mouth"]
    out = np.zeros(len(rig.vertices), np.float32)
    out[np.setdiff1d(rig.triangles[within], rig.triangles[~within])] = SUNK_CM
    return out


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
