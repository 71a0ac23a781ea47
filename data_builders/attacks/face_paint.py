"""Patterns of paint on a face: halves, stripes, patches, a skull, a mask about the eyes, bars on the cheeks.

They are laid out on the detector's vertices, so that they turn and bulge with the face, with edges as a brush or a sponge leaves
them. Eyes and, unless they are painted over, lips stay clear.
"""

import cv2
import numpy as np

from .cosmetics import features, up_of
from .head import BROWS, EYES, FACE_OVAL, OUTER_LIPS, grown, smooth_ring
from .outlines import stroke
from .pigment import Layer, Skin

MIDLINE = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 2, 164, 0, 17, 18, 200, 199, 175, 152)
HALF = len(FACE_OVAL) // 2
EYE_MASK = (
    71,
    68,
    104,
    69,
    108,
    151,
    337,
    299,
    333,
    298,
    301,
    356,
    447,
    346,
    347,
    329,
    277,
    437,
    168,
    217,
    47,
    100,
    118,
    117,
    227,
    127,
)
CHEEK_LINES = (
    ((117, 118, 101, 100), (123, 50, 205, 36), (147, 187, 207, 206)),
    ((346, 347, 330, 329), (352, 280, 425, 266), (376, 411, 427, 426)),
)
NOSE_HOLE = (195, 198, 98, 2, 327, 420)
HOLLOWS = ((147, 123, 50, 205, 207, 213), (376, 352, 280, 425, 427, 433))


def brushwork(skin: Skin, rng: np.random.Generator, least: float) -> np.ndarray:
    """How thick paint lies, `least` to 1 [h, w]: streaks across the face in patches."""
    rows, columns = (n // 3 + 2 for n in skin.shape)
    grain = rng.standard_normal((rows, columns), np.float32)
    scale = skin.photo.iod / 3
    streaks = cv2.GaussianBlur(grain, (0, 0), 0.1 * scale, sigmaY=0.02 * scale)
    patches = cv2.GaussianBlur(grain, (0, 0), 0.12 * scale)
    field = streaks / streaks.std() + patches / patches.std()
    return cv2.resize(least + (1 - least) * np.clip(0.6 + 0.3 * field, 0, 1), skin.shape[::-1], interpolation=cv2.INTER_LINEAR)


def half(skin: Skin, area: np.ndarray, colour: np.ndarray, opacity: np.ndarray, rng: np.random.Generator) -> Layer:
    """One side of the painted `area` [h, w], to the middle line."""
    oval, middle = skin.ring(FACE_OVAL), skin.ring(MIDLINE)
    side = oval[HALF:] if rng.random() < 0.5 else oval[HALF::-1]
    above = middle[0] + up_of(skin) * skin.photo.iod
    out = (side[len(side) // 2] - middle[5]) * 0.5
    ring = np.concatenate([[middle[-1] - up_of(skin) * 0.3 * skin.photo.iod], side[1:-1] + out, [above + 2 * out, above], middle])
    return Layer(skin.within(ring, soft_iod=0.02) * area * (1 - features(skin)), colour, opacity, 0.3)


def stripes(skin: Skin, colour: np.ndarray, opacity: np.ndarray, rng: np.random.Generator) -> Layer:
    """A beast's: blades from the rim of the face towards its middle, waved and pointed."""
    oval, middle = skin.ring(FACE_OVAL), skin.ring([6, 5]).mean(0)
    blades = []
    for k in range(int(rng.integers(0, 2)), len(oval), int(rng.integers(2, 4))):
        along = np.linspace(0, rng.uniform(0.3, 0.6), 12)[:, None]
        line = oval[k] + along * (middle - oval[k])
        across = np.array([-(middle - oval[k])[1], (middle - oval[k])[0]])
        line += np.sin(along * rng.uniform(6, 12)) * across * rng.normal(0, 0.06)
        blades.append(stroke(line, np.linspace(rng.uniform(0.08, 0.16), 0.01, 12) * skin.photo.iod))
    return Layer(skin.within(*blades, soft_iod=0.012) * (1 - features(skin)), colour, opacity, 0.3)


def patches(
    skin: Skin, area: np.ndarray, colours: list[np.ndarray], opacity: np.ndarray, rng: np.random.Generator
) -> list[Layer]:
    """Camouflage: patches of each colour over the one before, on `area` [h, w], eyes left out."""
    face = area * (1 - skin.within(*(skin.ring(eye) for eye in EYES)))
    layers = [Layer(face, colours[0], opacity, 0.3)]
    for colour in colours[1:]:
        few = rng.standard_normal((skin.shape[0] // 3 + 2, skin.shape[1] // 3 + 2), np.float32)
        field = cv2.GaussianBlur(few, (0, 0), 0.14 * skin.photo.iod / 3, sigmaY=0.08 * skin.photo.iod / 3)
        field = cv2.resize(field / field.std(), skin.shape[::-1], interpolation=cv2.INTER_LINEAR)
        layers.append(Layer(face * np.clip(4 * (field - rng.uniform(0, 0.5)) + 0.5, 0, 1), colour, opacity, 0.3))
    return layers


def skull(skin: Skin, opacity: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    """Black sockets, nose and cheeks, and teeth drawn over the lips."""
    dark = np.array([0.025, 0.022, 0.02])
    seams = _teeth(skin, int(rng.integers(6, 11)))
    return [
        sockets(skin, dark, opacity, 0.025, rng),
        Layer(skin.within(smooth_ring(skin.ring(NOSE_HOLE), 3), soft_iod=0.015), dark, opacity, 0.3),
        Layer(skin.within(*(smooth_ring(skin.ring(hollow), 3) for hollow in HOLLOWS), soft_iod=0.05), dark, 0.8 * opacity, 0.3),
        Layer(skin.within(*seams, soft_iod=0.006), dark, opacity, 0.3, on_hair=True),
    ]


def sockets(skin: Skin, colour: np.ndarray, opacity: float | np.ndarray, soft_iod: float, rng: np.random.Generator) -> Layer:
    """All about the eyes, up to the brows and as far below."""
    size, rings = rng.uniform(1.0, 1.3), []
    for eye, brow in zip(EYES, BROWS, strict=True):
        middle = skin.ring(eye).mean(0)
        above = skin.ring(brow)[5:]
        below = middle - 0.75 * (above - middle)
        hull = cv2.convexHull(np.concatenate([grown(skin.ring(eye), 1.15), above, below]).astype(np.float32))[:, 0]
        rings.append(smooth_ring(grown(hull, size), 3))
    eyes = skin.within(*(skin.ring(eye) for eye in EYES))
    return Layer(skin.within(*rings, soft_iod=soft_iod) * (1 - eyes), colour, opacity, 0.3, on_hair=True)


def eye_mask(skin: Skin, colour: np.ndarray, opacity: np.ndarray) -> Layer:
    """A band from temple to temple, as robbers and heroes wear it."""
    eyes = skin.within(*(skin.ring(eye) for eye in EYES))
    return Layer(
        skin.within(smooth_ring(skin.ring(EYE_MASK), 3), soft_iod=0.015) * (1 - eyes), colour, opacity, 0.3, on_hair=False
    )


def cheek_bars(skin: Skin, colours: list[np.ndarray], opacity: np.ndarray, thick_iod: float) -> list[Layer]:
    """One bar of each colour across either cheek, drawn with fingers."""
    return [
        Layer(
            skin.within(
                *(stroke(skin.ring(side[row]), np.array([0.7, 1, 1, 0.6]) * thick_iod * skin.photo.iod) for side in CHEEK_LINES),
                soft_iod=0.015,
            ),
            colour,
            opacity,
            0.3,
        )
        for row, colour in enumerate(colours)
    ]


def _teeth(skin: Skin, count: int) -> list[np.ndarray]:
    """Lines [n, 2] across the lips and one between them, beyond the corners."""
    lips = skin.ring(OUTER_LIPS)
    left, right = lips[0], lips[len(lips) // 2]
    along, up = right - left, (lips[5] - lips[15]) / 2
    rim = 0.018 * skin.photo.iod
    gap = stroke(left + np.linspace(-0.35, 1.35, 10)[:, None] * along, np.full(10, 1.4 * rim))
    ticks = [
        stroke(left + at * along + np.linspace(-1.3, 1.3, 5)[:, None] * up, np.array([0.4, 1, 1.2, 1, 0.4]) * rim)
        for at in np.linspace(-0.25, 1.25, count)
    ]
    return [gap, *ticks]
