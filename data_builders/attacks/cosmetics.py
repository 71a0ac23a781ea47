"""Where cosmetics go on a face: lids, lines, lips, brows, cheeks, contours, as layers of pigment. Heavy or light is the
caller's choice."""

import cv2
import numpy as np

from .head import BROWS, EYES, FACE_OVAL, INNER_LIPS, OUTER_LIPS, grown, smooth_ring
from .outlines import stroke
from .pigment import Layer, Skin, surely_skin

RISE = 0.2  # IOD
BLENDED = ((1.1, 0.4), (0.75, 0.35), (0.45, 0.25))  # sizes of an eye shadow's coats, and their weights
LID = 9  # vertices of an eye's ring from the outer to the inner corner over the upper lid
CHEEKS, EARS, MOUTH_CORNERS, NOSE_WINGS = (205, 425), (234, 454), (61, 291), (129, 358)
UNDER_CHEEKBONES = ((234, 137, 123, 187, 207), (454, 366, 352, 411, 427))
NOSE_SIDES = ((107, 193, 122, 196, 3, 131), (336, 417, 351, 419, 248, 360))
WRINKLES = (
    (104, 69, 108, 151, 337, 299, 333),
    (193, 55, 107),
    (417, 285, 336),
    (129, 203, 206, 216, 212),
    (358, 423, 426, 436, 432),
    (204, 211, 170),
    (424, 431, 395),
    (31, 228, 229, 230, 231, 232),
    (261, 448, 449, 450, 451, 452),
)
BEARD = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 432, 410, 291, 17, 61, 186, 212)
MOUSTACHE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 426, 327, 2, 98, 206)
NOSE_RIDGE = (168, 6, 197, 195, 5)


def foundation(skin: Skin, colour: np.ndarray, opacity: float | np.ndarray, hides: float, rise_iod: float = RISE) -> Layer:
    """The whole face but eyes, brows and mouth; see `face_area`."""
    return Layer(face_area(skin, rise_iod) * (1 - features(skin)), colour, opacity, hides)


def face_area(skin: Skin, rise_iod: float) -> np.ndarray:
    """The share [h, w] of the face: it fades at the jaw, and `rise_iod` above the detector's oval, which ends below the hairline,
    where no hair ends it before."""
    ring = skin.ring(FACE_OVAL)
    high = np.clip((ring - skin.ring([9])) @ up_of(skin) / skin.photo.iod / 0.4, 0, 1)
    risen = grown(ring, 1.03) + high[:, None] * rise_iod * up_of(skin) * skin.photo.iod
    beyond = skin.within(risen, soft_iod=0.3 * rise_iod) * surely_skin(skin)[0]
    return np.maximum(skin.within(grown(ring, 0.98), soft_iod=0.03), beyond)


def features(skin: Skin) -> np.ndarray:
    """The share [h, w] of eyes, brows and lips."""
    return skin.within(
        *(skin.ring(eye) for eye in EYES), *(skin.ring(brow) for brow in BROWS), skin.ring(OUTER_LIPS), soft_iod=0.01
    )


def eye_shadow(skin: Skin, colour: np.ndarray, opacity: float, height: float, wing: float) -> Layer:
    """From the lashes up to `height` 0-1 of the way to the brows, `wing` IOD beyond the outer corners; blended upwards and
    outwards, as a brush does."""
    blended = np.zeros(skin.shape, np.float32)
    for part, weight in BLENDED:
        shapes = [_above_lid(skin, eye, brow, part * height, part * wing) for eye, brow in zip(EYES, BROWS)]
        blended += weight * skin.within(*shapes, soft_iod=0.03)
    open_eyes = skin.within(*(skin.ring(eye) for eye in EYES))
    return Layer(np.minimum(blended, 1) * (1 - open_eyes), colour, opacity, 0.1, on_hair=True)


def eye_line(skin: Skin, colour: np.ndarray, opacity: float, thick_iod: float, wing: float, lower: bool) -> Layer:
    """Along the upper lids, thicker outwards; `wing` IOD beyond the corner; along the lower lids too if `lower`."""
    shapes = []
    for eye in EYES:
        ring = skin.ring(eye)
        upper = ring[:LID]
        out = (ring[0] - ring[LID - 1]) / np.linalg.norm(ring[0] - ring[LID - 1])
        tip = ring[0] + (out + up_of(skin) * 0.6) * wing * skin.photo.iod
        shapes.append(stroke(np.concatenate([[tip], upper]), np.linspace(1.2, 0.4, LID + 1) * thick_iod * skin.photo.iod))
        if lower:
            shapes.append(stroke(np.roll(ring[::-1], 1, 0)[:LID], np.linspace(0.8, 0.3, LID) * thick_iod * skin.photo.iod))
    return Layer(skin.within(*shapes, soft_iod=0.006), colour, opacity, 0.5, on_hair=True)


def lipstick(skin: Skin, colour: np.ndarray, opacity: float, size: float) -> Layer:
    """The lips, `size` 1 keeping to their own outline; teeth and the gap stay."""
    lips = skin.within(smooth_ring(grown(skin.ring(OUTER_LIPS), size), 3), soft_iod=0.008)
    return Layer(lips * (1 - skin.within(skin.ring(INNER_LIPS))), colour, opacity, 0.2, on_hair=True)


def brows(skin: Skin, colour: np.ndarray, opacity: float, thick: float, lift_iod: float) -> Layer:
    """Drawn over the own ones, `thick` times as high, the arch lifted."""
    shapes = []
    for brow in BROWS:
        ring = skin.ring(brow)
        along = np.linspace(0, 1, 5)
        upper, lower = ring[:5], ring[:4:-1]
        spine, half = (upper + lower) / 2, (upper - lower) / 2 * thick
        arch = up_of(skin) * (np.sin(np.pi * along) * lift_iod * skin.photo.iod)[:, None]
        shapes.append(smooth_ring(np.concatenate([spine + half + arch, (spine - half + arch)[::-1]]), 4))
    return Layer(skin.within(*shapes, soft_iod=0.014), colour, opacity, 0.0, on_hair=True)


def blush(skin: Skin, colour: np.ndarray, opacity: float, radius_iod: float) -> Layer:
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    disc = np.stack([np.cos(turn), 0.75 * np.sin(turn)], 1) * radius_iod * skin.photo.iod
    return Layer(skin.within(*(skin.ring([cheek]) + disc for cheek in CHEEKS), soft_iod=radius_iod / 2.5), colour, opacity)


def contour(skin: Skin, colour: np.ndarray, opacity: float, thick_iod: float) -> Layer:
    """Dark under the cheekbones and beside the nose."""
    lines = [stroke(skin.ring(line), np.linspace(1.4, 0.5, len(line)) * thick_iod * skin.photo.iod) for line in UNDER_CHEEKBONES]
    lines += [stroke(skin.ring(line), np.full(len(line), 0.5 * thick_iod * skin.photo.iod)) for line in NOSE_SIDES]
    return Layer(skin.within(*lines, soft_iod=thick_iod / 2), colour, opacity)


def highlight(skin: Skin, colour: np.ndarray, opacity: float) -> Layer:
    """Along the ridge of the nose."""
    line = stroke(skin.ring(NOSE_RIDGE), np.full(len(NOSE_RIDGE), 0.05 * skin.photo.iod))
    return Layer(skin.within(line, soft_iod=0.02), colour, opacity)


def _above_lid(skin: Skin, eye: tuple[int, ...], brow: tuple[int, ...], height: float, wing: float) -> np.ndarray:
    lid, under_brow = skin.ring(eye)[:LID], skin.ring(brow)[:4:-1]
    places = np.linspace(0, 4, LID)
    upper = np.stack([np.interp(places, range(5), under_brow[:, axis]) for axis in (0, 1)], 1)
    top = lid + height * (upper - lid)
    out = (lid[0] - lid[-1]) / np.linalg.norm(lid[0] - lid[-1]) * wing * skin.photo.iod
    return np.concatenate([lid, top[::-1], [(lid[0] + top[0]) / 2 + out]]).astype(np.float32)


def up_of(skin: Skin) -> np.ndarray:
    """Unit vector [2] from the chin to the forehead, in the frame."""
    way = skin.ring([10])[0] - skin.ring([152])[0]
    return way / np.linalg.norm(way)


def wrinkles(skin: Skin, colour: np.ndarray, opacity: float, thick_iod: float) -> Layer:
    """Lines drawn across the forehead, beside nose and mouth, under the eyes, and rubbed."""
    taper = [np.sin(np.pi * np.linspace(0.12, 0.9, len(line))) * thick_iod * skin.photo.iod for line in WRINKLES]
    return Layer(
        skin.within(*(stroke(skin.ring(line), width) for line, width in zip(WRINKLES, taper)), soft_iod=0.25 * thick_iod),
        colour,
        opacity,
    )


def beard(skin: Skin, colour: np.ndarray, opacity: float, rng: np.random.Generator) -> Layer:
    """Stubble that is stippled on: moustache, chin and jaw, or a part of them."""
    parts = [BEARD, MOUSTACHE][: rng.integers(1, 3)] if rng.random() < 0.7 else [MOUSTACHE]
    area = skin.within(*(skin.ring(part) for part in parts), soft_iod=0.035) * (1 - skin.within(skin.ring(OUTER_LIPS)))
    stipple = cv2.GaussianBlur(rng.standard_normal(skin.shape, np.float32), (0, 0), max(0.4, 0.006 * skin.photo.iod))
    return Layer(area * np.clip(0.6 + 0.18 * stipple / stipple.std(), 0, 1), colour, opacity)
