"""Presentation attacks that are painted on: heavy make-up that changes who is seen, and tattoos on the face.

Make-up hides (obfuscation), copies (impersonation) or paints over; each look is a list of cosmetics far from everyday ones. A
tattoo is dye in the skin: strokes laid out in the head's axes, carried to the frame by the points about them.
"""

import cv2
import numpy as np

from ..rig.raster import vertex_normals
from ..synthesis.photo import Attack, Photo
from . import cosmetics
from .head import Head, head, neutral_mesh, visibility_within
from .outlines import stroke
from .pigment import Layer, Skin, painted, skin_of

PAINT = 0.04  # contrast at which paint is just visible as something other than the face
INKED = (0.015, 0.12)  # square IOD
# Vertices that designs are put on, with the largest half size in IOD there.
PLACES = {50: 0.3, 280: 0.3, 151: 0.4, 21: 0.25, 251: 0.25, 199: 0.2, 187: 0.28, 411: 0.28, 68: 0.28, 298: 0.28}
INKS = ((0.06, 0.07, 0.09), (0.03, 0.03, 0.03), (0.1, 0.16, 0.2), (0.08, 0.14, 0.1), (0.4, 0.05, 0.05))


def makeup(photo: Photo, rng: np.random.Generator) -> Attack:
    """Heavy make-up: a glamorous face, an aged or disguised one, another complexion, or a painted face."""
    skin = skin_of(photo)
    look = (_glamour, _disguise, _complexion, _face_paint)[rng.choice(4, p=(0.35, 0.25, 0.25, 0.15))]
    frame, mask = painted(photo, skin, look(skin, rng))
    return Attack(frame, mask, _told(photo, frame, mask))


def tattoo(photo: Photo, rng: np.random.Generator) -> Attack:
    """Designs of faded to fresh ink, until enough of the skin is covered; what lies under hair does not count."""
    skin, wearer = skin_of(photo), head(photo)
    corner = np.array([skin.window[1].start, skin.window[0].start], np.float32)
    facing = vertex_normals(photo.points, neutral_mesh()[1])[:, 2]
    seen = [place for place in PLACES if facing[place] < -0.45]
    layers, inked, wanted = [], 0.0, rng.uniform(*INKED) * photo.iod**2
    ink = np.array(INKS[rng.choice(5, p=(0.35, 0.25, 0.15, 0.15, 0.1))])
    for place in rng.permutation(seen).tolist():
        design = DESIGNS[rng.integers(len(DESIGNS))](rng)
        reach, turn = PLACES[place] * rng.uniform(0.6, 1.0), rng.normal(0, 0.35)
        spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * reach
        rings = [_carried(wearer, wearer.points[place, :2] + ring @ spin) - corner for ring in design]
        share = skin.within(*rings, soft_iod=rng.uniform(0.002, 0.008))
        layers.append(Layer(share, ink, rng.uniform(0.7, 0.97) * _unevenness(skin.shape, rng), dye=True))
        inked += float((share * skin.share).sum())
        if inked >= wanted:
            break
    frame, mask = painted(photo, skin, layers)
    return Attack(frame, mask, _told(photo, frame, mask))


def _told(photo: Photo, frame: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    other = visibility_within(frame, photo.pixels, mask, photo.iod, just=PAINT)
    return {"other": other} if other else {}


def _own(skin: Skin) -> np.ndarray:
    """The skin's reflectance [3]."""
    return skin.light.skin / skin.light.white


def _vivid(rng: np.random.Generator) -> np.ndarray:
    """A saturated pigment [3]."""
    hue = np.array([[[rng.uniform(0, 360), rng.uniform(0.6, 1), rng.uniform(0.25, 0.8)]]], np.float32)
    return cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0] ** 2


def _lip_colour(rng: np.random.Generator) -> np.ndarray:
    return np.array(
        ((0.5, 0.02, 0.03), (0.3, 0.02, 0.06), (0.6, 0.08, 0.22), (0.15, 0.02, 0.06), (0.04, 0.02, 0.03))[rng.integers(5)]
    )


def _dark(rng: np.random.Generator) -> np.ndarray:
    return np.array([0.035, 0.025, 0.02]) * rng.uniform(0.4, 1.8)


def _glamour(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    own = _own(skin)
    return [
        cosmetics.foundation(skin, own * rng.uniform(0.95, 1.2) * (1 + rng.normal(0, 0.04, 3)), rng.uniform(0.65, 0.9), 1.0),
        cosmetics.contour(skin, own * np.array([0.5, 0.42, 0.38]), rng.uniform(0.4, 0.75), rng.uniform(0.1, 0.16)),
        cosmetics.blush(skin, own * np.array([1.1, 0.5, 0.5]), rng.uniform(0.4, 0.7), rng.uniform(0.16, 0.26)),
        cosmetics.highlight(skin, np.minimum(1, own * 1.7), rng.uniform(0.2, 0.6)),
        cosmetics.eye_shadow(skin, _vivid(rng), rng.uniform(0.75, 0.98), rng.uniform(0.7, 1.1), rng.uniform(0.02, 0.15)),
        cosmetics.eye_line(skin, _dark(rng), rng.uniform(0.85, 1), rng.uniform(0.03, 0.06), rng.uniform(0.03, 0.13), True),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.7, 0.95), rng.uniform(0.8, 1.3), rng.uniform(0, 0.06)),
        cosmetics.lipstick(skin, _lip_colour(rng), rng.uniform(0.88, 0.98), rng.uniform(1.02, 1.16)),
    ]


def _disguise(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """Drawn wrinkles, sunken eyes, a drawn beard or other brows: another age, another person."""
    own, dark = _own(skin), _own(skin) * np.array([0.4, 0.33, 0.3])
    tone = rng.uniform(0.6, 0.85) if rng.random() < 0.6 else rng.uniform(1.15, 1.4)
    layers = [
        cosmetics.foundation(skin, own * tone * (1 + rng.normal(0, 0.06, 3)), rng.uniform(0.6, 0.9), 0.8),
        cosmetics.contour(skin, dark, rng.uniform(0.5, 0.85), rng.uniform(0.12, 0.2)),
        cosmetics.eye_shadow(skin, dark * rng.uniform(0.5, 1.2), rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.1), 0.0),
        cosmetics.wrinkles(skin, dark * 0.8, rng.uniform(0.3, 0.6), rng.uniform(0.025, 0.05)),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.6, 0.9), rng.uniform(0.9, 1.7), rng.uniform(-0.03, 0.06)),
    ]
    if rng.random() < 0.5:
        layers.append(cosmetics.beard(skin, _dark(rng), rng.uniform(0.6, 0.95), rng))
    return layers


def _complexion(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """An opaque ground of another tone, lighter, darker, ashen or tanned, with the features drawn on it."""
    tone = rng.uniform(1.25, 1.7) if rng.random() < 0.5 else rng.uniform(0.55, 0.8)
    colour = np.clip(_own(skin) * tone * (1 + rng.normal(0, 0.1, 3)), 0.03, 0.85)
    return [
        cosmetics.foundation(skin, colour, rng.uniform(0.8, 0.97), 1.0),
        cosmetics.contour(skin, colour * 0.55, rng.uniform(0.3, 0.6), rng.uniform(0.1, 0.16)),
        cosmetics.eye_shadow(skin, colour * np.array([0.6, 0.45, 0.4]), rng.uniform(0.5, 0.9), rng.uniform(0.7, 1), 0.03),
        cosmetics.eye_line(skin, _dark(rng), rng.uniform(0.7, 1), rng.uniform(0.02, 0.04), rng.uniform(0, 0.06), True),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.7, 0.95), rng.uniform(0.8, 1.4), rng.uniform(0, 0.05)),
        cosmetics.lipstick(skin, colour * np.array([0.9, 0.45, 0.45]), rng.uniform(0.8, 0.95), rng.uniform(1.0, 1.15)),
    ]


def _face_paint(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """A stage face: white or coloured ground, black or vivid eyes, a painted mouth; or bold bars across the own skin."""
    layers = []
    if rng.random() < 0.6:
        ground = np.array([0.82, 0.8, 0.76]) if rng.random() < 0.6 else _vivid(rng)
        layers.append(cosmetics.foundation(skin, ground, rng.uniform(0.8, 0.97), 1.0))
    else:
        layers += [cosmetics.bar(skin, _vivid(rng), rng.uniform(0.8, 0.97), rng) for _ in range(rng.integers(2, 5))]
    dark_or_vivid = _dark(rng) if rng.random() < 0.5 else _vivid(rng)
    return [
        *layers,
        cosmetics.eye_shadow(skin, dark_or_vivid, rng.uniform(0.85, 1), rng.uniform(0.9, 1.3), rng.uniform(0.05, 0.2)),
        cosmetics.eye_line(skin, _dark(rng), 1.0, rng.uniform(0.05, 0.1), rng.uniform(0.05, 0.2), True),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.8, 1), rng.uniform(1, 2), rng.uniform(0, 0.1)),
        cosmetics.lipstick(skin, _lip_colour(rng), rng.uniform(0.9, 1), rng.uniform(1.05, 1.3)),
    ]


# Tattoos: closed rings [n, 2] within -1 to 1


def _script(rng: np.random.Generator) -> list[np.ndarray]:
    """A line of signs like letters, each of bows and stems."""
    count = int(rng.integers(3, 8))
    width, slant, pen = 2 / count, rng.uniform(0, 0.4), rng.uniform(0.06, 0.12)
    rings = []
    for i in range(count):
        left, tall = -1 + i * width, rng.choice([0.35, 0.35, 0.6])
        for _ in range(rng.integers(2, 4)):
            start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(-4.5, 4.5)
            turn = start + sweep * np.linspace(0, 1, 12)
            bow = np.stack([np.cos(turn) * 0.4 * width, np.sin(turn) * tall * rng.uniform(0.5, 1)], 1)
            bow[:, 0] += left + width * rng.uniform(0.4, 0.6) - slant * bow[:, 1]
            rings.append(stroke(bow, np.linspace(1.3, 0.7, 12) * pen))
        stem = np.array([[left + width / 2 + slant * tall, -tall], [left + width / 2 - slant * tall, tall]])
        rings.append(stroke(np.linspace(stem[0], stem[1], 6), np.full(6, pen)))
    return rings


def _blades(rng: np.random.Generator) -> list[np.ndarray]:
    """Tribal: curved blades about one stem."""
    rings = []
    for _ in range(rng.integers(4, 9)):
        start, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-2.2, 2.2)
        along = np.linspace(0, 1, 16)
        turn = start + bend * along
        line = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), 0) / 16 * rng.uniform(0.7, 1.1) + rng.normal(0, 0.15, 2)
        rings.append(stroke(line, np.sin(np.pi * np.clip(along + 0.02, 0, 1)) * rng.uniform(0.1, 0.3)))
    return rings


def _star(rng: np.random.Generator) -> list[np.ndarray]:
    """One to four stars, full or as outlines."""
    rings = []
    for _ in range(rng.integers(1, 5)):
        points, size, place = int(rng.integers(4, 7)), rng.uniform(0.25, 0.7), rng.uniform(-0.5, 0.5, 2)
        turn = np.arange(2 * points) * np.pi / points + rng.uniform(0, 1)
        outline = np.stack([np.cos(turn), np.sin(turn)], 1) * np.where(np.arange(2 * points) % 2, 0.42, 1)[:, None] * size + place
        if rng.random() < 0.5:
            rings.append(outline.astype(np.float32))
        else:
            rings += [stroke(np.array(side), np.full(2, 0.07)) for side in zip(outline, np.roll(outline, -1, 0))]
    return rings


def _spiral(rng: np.random.Generator) -> list[np.ndarray]:
    """Spirals with parallel lines, as on carved faces."""
    rings = []
    for arm in range(int(rng.integers(1, 4))):
        turn = np.linspace(0, rng.uniform(2, 4) * np.pi, 60)
        radius = np.linspace(0.08, 1.0, 60)
        shift = arm * 2 * np.pi / 3
        rings.append(
            stroke(np.stack([np.cos(turn + shift), np.sin(turn + shift)], 1) * radius[:, None], np.linspace(0.05, 0.16, 60))
        )
    return rings


def _bars(rng: np.random.Generator) -> list[np.ndarray]:
    """Parallel bars, a cross, or a barbed line."""
    pen, kind = rng.uniform(0.08, 0.2), rng.integers(3)
    if kind == 0:
        return [
            stroke(np.array([[-0.9, y], [0.9, y + 0.1]]), np.full(2, pen))
            for y in np.linspace(-0.6, 0.6, int(rng.integers(2, 5)))
        ]
    if kind == 1:
        return [stroke(np.array(line), np.full(2, pen)) for line in (((0, -1), (0, 1)), ((-0.6, -0.35), (0.6, -0.35)))]
    x = np.linspace(-1, 1, 40)
    wire = np.stack([x, 0.12 * np.sin(9 * x)], 1)
    barbs = [stroke(np.array([[b - 0.1, -0.22], [b + 0.1, 0.22]]), np.full(2, pen * 0.7)) for b in np.linspace(-0.85, 0.85, 6)]
    return [stroke(wire, np.full(40, pen * 0.8)), *barbs]


def _dots(rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of dots that grow smaller."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    disc = np.stack([np.cos(turn), np.sin(turn)], 1)
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(3, 8))
    return [
        (disc * rng.uniform(0.05, 0.14) + [x, y]).astype(np.float32)
        for y in np.linspace(-0.4, 0.4, rows)
        for x in np.linspace(-0.9, 0.9, columns)
    ]


def _carried(wearer: Head, ring: np.ndarray) -> np.ndarray:
    """Frame px [n, 2] of a ring [n, 2] in the head's axes: its depth is that of the points about it."""
    apart = ((ring[:, None] - wearer.points[None, :468, :2]) ** 2).sum(2)
    near = np.argpartition(apart, 6, axis=1)[:, :6]
    weight = 1 / (np.take_along_axis(apart, near, 1) + 1e-4)
    depth = (wearer.points[near, 2] * weight).sum(1) / weight.sum(1)
    return wearer.projected(np.column_stack([ring, depth]).astype(np.float32))


def _unevenness(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Ink takes better here than there, factor [h, w]."""
    coarse = rng.uniform(0.75, 1.0, (shape[0] // 12 + 2, shape[1] // 12 + 2)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)


DESIGNS = (_script, _blades, _star, _spiral, _bars, _dots)
PAINTED = {"makeup": makeup, "tattoo": tattoo}
