"""The made face: how one is modelled and painted on a shell, and how the shell is put before its wearer.

A shell has thickness: at its holes and its rim one sees the wall of it, dark inside and lit on the edge, and its shadow on the wearer.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from . import cosmetics
from .head import (
    EYES,
    Light,
    cast_shadow,
    grown,
    lit_edge,
    over,
    rim_visibility,
    smooth_ring,
    softened,
    visibility_within,
)
from .paper import HOLE
from .pigment import Layer, Skin
from .print import GLARE
from .shell import Shell

NOSTRILS = (79, 309)
IRISES = ((0.06, 0.03, 0.015), (0.05, 0.11, 0.2), (0.05, 0.12, 0.06), (0.02, 0.02, 0.02))
RIM = 0.03  # contrast at which an edge that is lit, or shades what is behind, is just visible
LOOKS_MADE = 0.05  # contrast at which something made is just visible where skin should be
THIRDS = np.full((1, 3), 1 / 3, np.float32)
CEILING = np.array([0.0, -0.3], np.float32)  # light from above, beside what the fit finds


@dataclass(frozen=True)
class Rim:
    """`thick` IOD of the wall at holes and edges; whether its edge lies `on_skin`, where a change of colour shows it too."""

    thick: float
    on_skin: bool


def put_on(
    photo: Photo,
    skin: Skin,
    share: np.ndarray,
    surface: tuple[np.ndarray, np.ndarray],
    holes: list[np.ndarray],
    rim: Rim,
    rng: np.random.Generator,
) -> Attack:
    """The shell before the wearer, its `surface` matt and with gloss; beyond the window not a bit changes."""
    share, matt, glossy = (softened(picture, skin.blur) for picture in (share, *surface))
    opening = share * skin.within(*holes)
    deep = np.array([0, rim.thick * photo.iod * 0.9])
    hole = share * np.minimum(opening, skin.within(*(grown(ring, 0.96) + deep for ring in holes)))
    wall = np.maximum(0, opening - hole)[..., None]
    mask = share - hole
    if holes:
        matt, glossy = matt * (1 - 0.75 * wall), glossy * (1 - wall) + 0.25 * wall * matt
    gap = rng.uniform(2, 4) * rim.thick
    behind = skin.photo.pixels * cast_shadow(mask, skin.light, photo.iod, gap, rng.uniform(0.4, 0.8))[..., None]
    edge = lit_edge(share - opening, skin.light, photo.iod * max(0.006, 0.7 * rim.thick))[..., None]
    lit = (
        edge
        * np.float32(min(0.9, 40 * rim.thick) * rng.uniform(0.6, 1))
        * np.minimum(0.5, cv2.transform(glossy.astype(np.float32), THIRDS)[..., None] + 0.05)
    )
    seen, unglossed = (over(behind, np.maximum(x + lit, 0).astype(np.float32), mask) for x in (glossy, matt))
    filled = over(seen, glossy.astype(np.float32), hole)
    plain = over(skin.photo.pixels, glossy.astype(np.float32), mask)
    step = np.float32(max(1.5, 0.03 * photo.iod))
    border = (cv2.GaussianBlur(mask, (0, 0), float(step)) * cv2.GaussianBlur(1 - mask, (0, 0), float(step))) > 0.12
    rims = visibility_within(seen, plain, border, photo.iod, just=RIM)
    cues = {
        "cut-out rim": max(rims, rim_visibility(seen, mask, photo.iod)) if rim.on_skin else rims if rim.thick else 0.0,
        "eye hole": visibility_within(seen, filled, hole, photo.iod, just=HOLE),
        "glare": visibility_within(seen, unglossed, mask, photo.iod, just=GLARE),
        "other": visibility_within(seen, skin.photo.pixels, mask, photo.iod, just=LOOKS_MADE),
    }
    frame, whole = photo.pixels.copy(), np.zeros(photo.pixels.shape[:2], np.float32)
    frame[skin.window], whole[skin.window] = seen, mask
    return Attack(frame, whole, {name: value for name, value in cues.items() if value})


def as_face(form: Shell, skin: Skin, matt: np.ndarray, colour: np.ndarray) -> Skin:
    """The shell as something that cosmetics can be laid on."""
    lit = replace(skin.light, skin=(colour * skin.light.white))
    return replace(skin, photo=Photo(matt, form.points), light=lit, share=form.share)


def relief(height: np.ndarray, lit: Light, iod_px: float) -> np.ndarray:
    """The factor [h, w] that bumps of `height` [h, w] IOD put on the light of a surface."""
    x, y = (cv2.Sobel(height, cv2.CV_32F, *way, ksize=3, scale=iod_px / 8) for way in ((1, 0), (0, 1)))
    towards = lit.slope[:2] + CEILING
    return np.clip(1 - x * np.float32(towards[0]) - y * np.float32(towards[1]), 0.5, 1.6)


def features(face: Skin, colour: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    """Brows, lips and cheeks in the painter's hand; some go without."""
    lip = colour * np.array([0.95, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)])
    dark = np.array([0.05, 0.03, 0.02]) * rng.uniform(0.5, 3)
    layers = [cosmetics.lipstick(face, lip, rng.uniform(0.5, 0.95), rng.uniform(0.95, 1.1))]
    if rng.random() < 0.8:
        layers.append(cosmetics.brows(face, dark, rng.uniform(0.5, 0.95), rng.uniform(0.6, 1.2), rng.uniform(-0.01, 0.03)))
    if rng.random() < 0.5:
        layers.append(cosmetics.blush(face, colour * np.array([1, 0.55, 0.5]), rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.25)))
    if rng.random() < 0.5:
        layers.append(cosmetics.eye_shadow(face, colour * 0.5, rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.8), 0.0))
    return layers


def nostrils(face: Skin, deep: float = 0.8) -> Layer:
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    disc = np.stack([np.cos(turn), 0.5 * np.sin(turn)], 1) * 0.035 * face.photo.iod
    return Layer(
        face.within(*(face.ring([place]) + disc for place in NOSTRILS), soft_iod=0.012), np.array([0.03, 0.02, 0.02]), deep
    )


def painted_eyes(face: Skin, rng: np.random.Generator) -> list[Layer]:
    """Whites, irises that look one way, pupils, a painted catchlight, a line of lashes."""
    rings = [face.ring(eye) for eye in EYES]
    eyeballs = face.within(*(smooth_ring(grown(ring, np.array([1.0, rng.uniform(1.0, 1.3)])), 3) for ring in rings))
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    disc = np.stack([np.cos(turn), np.sin(turn)], 1) * 0.068 * face.photo.iod
    gaze = rng.normal(0, 0.012, 2) * face.photo.iod
    irises, pupils, lights = (
        face.within(*(ring.mean(0) + gaze + shift * face.photo.iod + disc * size for ring in rings), soft_iod=0.004)
        for size, shift in ((1, 0), (0.42, 0), (0.22, -0.02))
    )
    return [
        Layer(eyeballs, np.array([0.62, 0.6, 0.56]) * rng.uniform(0.8, 1.2), 0.95),
        Layer(irises * eyeballs, np.array(IRISES[rng.integers(len(IRISES))]), 0.95),
        Layer(pupils * eyeballs, np.array([0.01, 0.01, 0.01]), 0.95),
        Layer(lights * eyeballs, np.array([0.9, 0.9, 0.9]), float(rng.random() < 0.7)),
        cosmetics.eye_line(
            face, np.array([0.03, 0.02, 0.02]), rng.uniform(0.6, 1), rng.uniform(0.02, 0.04), rng.uniform(0, 0.04), True
        ),
    ]


def eye_hole(
    form: Shell, eye: tuple[int, ...], wide: tuple[float, float], high: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    return smooth_ring(grown(form.points[list(eye), :2], np.array([rng.uniform(*wide), rng.uniform(*high)])), 4)


def flesh(skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Reflectance [3]: the wearer's hue at another tone, or paint for skin as it is sold, from deep to fair."""
    own = skin.light.skin / skin.light.white
    if rng.random() < 0.65:
        colour = own * rng.uniform(0.8, 1.4)
    else:
        depth = rng.beta(1, 1.6)
        colour = np.array([0.74, 0.46, 0.33]) ** (1 - depth) * np.array([0.13, 0.06, 0.035]) ** depth
    return np.clip(colour * (1 + rng.normal(0, 0.06, 3)), 0.02, 0.85)


def plastic(skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Too pink, too orange or too pale."""
    colour = flesh(skin, rng)
    return np.clip(colour.mean() + rng.uniform(0.6, 1.3) * (colour - colour.mean()), 0.02, 0.85)


def speckle(shape: tuple[int, int], cell_px: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise [h, w] of deviation about 1 with cells of that size."""
    rows, columns = (max(2, round(n / max(1.0, cell_px))) + 1 for n in shape)
    return cv2.resize(rng.standard_normal((rows, columns), np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
