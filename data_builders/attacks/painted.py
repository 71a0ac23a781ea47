"""Presentation attacks that are painted on: heavy make-up that changes who is seen, and tattoos on the face.

Make-up makes another person (a stage face, an aged one), or paints over who is there; each look is a list of cosmetics far from
everyday ones. A tattoo is dye in the skin: strokes laid out on the surface where they stand, and kept to bare skin.
"""

from itertools import product

import cv2
import numpy as np

from ..rig.raster import vertex_normals
from ..synthesis.photo import Attack, Photo
from . import cosmetics, face_paint
from .designs import DESIGNS
from .head import BROWS, EYES, FACE_OVAL, OUTER_LIPS, Head, coverage, grown, head, neutral_mesh, visibility_within
from .pigment import Layer, Skin, painted, skin_of, surely_skin

FOREHEAD = 0.75  # IOD above the points: make-up ends at the hair, not at the window
HAIRLINE = 0.45  # IOD above the detector's oval that paint may go
PAINT, INK = 0.04, 0.012  # RMS in square-root tones, over the face, at which paint and ink are just noticed
INKED = (0.025, 0.12)  # square IOD
ON_SKIN = (0.93, 0.7, 0.3)  # of a design's outline, at least; less only where nothing finds room
SMALLER = (1.0, 0.8, 0.6)  # sizes that are tried
# Vertices that designs are put on, with the largest half size in IOD there.
PLACES = {50: 0.3, 280: 0.3, 151: 0.4, 21: 0.25, 251: 0.25, 199: 0.2, 187: 0.28, 411: 0.28, 68: 0.28, 298: 0.28}
WHITE = np.array([0.82, 0.8, 0.76])
GREENS = ((0.09, 0.12, 0.04), (0.2, 0.16, 0.08), (0.015, 0.02, 0.012), (0.3, 0.3, 0.14))
FAIR = 0.2  # reflectance of skin on which red and faded ink are seen
NOSTRILS = (98, 327, 2)
# What is left of the light after a full layer: blue-black, black, faded blue, green-black, red.
INKS = ((0.05, 0.08, 0.13), (0.06, 0.06, 0.065), (0.11, 0.18, 0.27), (0.06, 0.14, 0.1), (0.55, 0.06, 0.07))


def makeup(photo: Photo, rng: np.random.Generator) -> Attack:
    """Heavy make-up: a stage face, an aged or disguised one, a dead one, or a painted face."""
    skin = skin_of(photo, above=FOREHEAD)
    look = (_stage, _disguise, _corpse, _face_paint)[rng.choice(4, p=(0.3, 0.2, 0.1, 0.4))]
    frame, mask = painted(photo, skin, look(skin, rng))
    return Attack(frame, mask, _told(skin, frame, PAINT))


def tattoo(photo: Photo, rng: np.random.Generator) -> Attack:
    """Designs of faded to fresh ink, until enough of the skin is covered."""
    skin, wearer = skin_of(photo), head(photo)
    bare = _bare(skin)
    facing = vertex_normals(photo.points, neutral_mesh()[1])[:, 2]
    places = rng.permutation([place for place in PLACES if facing[place] < -0.45]).tolist()
    layers, inked, wanted = [], 0.0, rng.uniform(*INKED) * photo.iod**2
    shares = np.array((0.35, 0.25, 0.15, 0.15, 0.1)) * ([1, 1, 1, 1, 1] if _own(skin).mean() > FAIR else [1, 1, 0, 1, 0])
    ink = np.array(INKS[rng.choice(len(INKS), p=shares / shares.sum())])
    for least, place in product(ON_SKIN, places):
        if inked >= (wanted if least == ON_SKIN[0] else 0.01 * photo.iod**2):
            break
        if rings := _design(skin, wearer, bare, place, least, rng):
            share = skin.within(*rings, soft_iod=rng.uniform(0.004, 0.01)) * bare
            layers.append(Layer(share, ink, rng.uniform(0.8, 0.97) * _unevenness(skin.shape, rng), dye=True, on_hair=True))
            inked += float(share.sum())
    frame, mask = painted(photo, skin, layers)
    return Attack(frame, mask, _told(skin, frame, INK))


def _told(skin: Skin, frame: np.ndarray, just: float) -> dict[str, float]:
    """.5 where the change is just noticed and slowly towards 1: of paint, a linear scale would say 1 throughout."""
    face = coverage(skin.shape, [skin.ring(FACE_OVAL)])
    amount = visibility_within(frame[skin.window], skin.photo.pixels, face, skin.photo.iod, just=0.5)  # the RMS itself
    return {"other": round(amount / (amount + just), 3)} if amount else {}


# Make-up


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


def _ground(skin: Skin, colour: np.ndarray, opacity: float, rng: np.random.Generator) -> list[Layer]:
    """Paint from hairline to jaw in strokes, and the own brows under it."""
    thick = opacity * face_paint.brushwork(skin, rng, 0.8)
    brows = [grown(skin.ring(brow), np.array([1.05, 1.25])) for brow in BROWS]
    return [
        cosmetics.foundation(skin, colour, thick, 0.5, HAIRLINE),
        Layer(skin.within(*brows, soft_iod=0.02), colour, 0.75 * thick, 0.8, on_hair=True),
    ]


def _stage(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """Another's features over the own ones: brows painted out and drawn higher, cheekbones, eyes and lips that are not there."""
    own, base = _own(skin), _own(skin) * rng.uniform(1.05, 1.3) * (1 + rng.normal(0, 0.04, 3))
    lid, crease = _vivid(rng), _vivid(rng) if rng.random() < 0.5 else own * 0.15
    high = rng.uniform(0.07, 0.13)
    return [
        *_ground(skin, np.minimum(base, 0.85), rng.uniform(0.8, 0.95), rng),
        cosmetics.contour(skin, own * np.array([0.36, 0.26, 0.21]), rng.uniform(0.7, 0.95), rng.uniform(0.13, 0.2)),
        cosmetics.blush(skin, own * np.array([1.1, 0.4, 0.45]), rng.uniform(0.5, 0.85), rng.uniform(0.18, 0.26)),
        cosmetics.highlight(skin, np.minimum(1, own * 1.9), rng.uniform(0.4, 0.75)),
        cosmetics.eye_shadow(skin, lid, rng.uniform(0.85, 1), rng.uniform(1.15, 1.5), rng.uniform(0.12, 0.25)),
        cosmetics.eye_shadow(skin, crease, rng.uniform(0.7, 0.95), rng.uniform(0.5, 0.8), rng.uniform(0.05, 0.15)),
        cosmetics.eye_line(skin, _dark(rng), rng.uniform(0.9, 1), rng.uniform(0.045, 0.075), rng.uniform(0.1, 0.2), True),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.8, 0.95), rng.uniform(0.6, 0.9), high),
        cosmetics.lipstick(skin, _lip_colour(rng), rng.uniform(0.9, 0.98), rng.uniform(1.12, 1.3)),
    ]


def _disguise(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """Drawn wrinkles, sunken eyes and cheeks, a drawn beard, other brows: another age, another person."""
    own, dark = _own(skin), _own(skin) * np.array([0.3, 0.22, 0.19])
    grey = rng.random() < 0.6
    tone = own.mean() * np.array([1.05, 0.98, 0.88]) if grey else own * rng.uniform(0.78, 0.95)
    hair = np.array([0.45, 0.44, 0.42]) * rng.uniform(0.6, 1.2) if grey else _dark(rng)
    layers = [
        *_ground(skin, tone * (1 + rng.normal(0, 0.05, 3)), rng.uniform(0.6, 0.85), rng),
        cosmetics.contour(skin, dark, rng.uniform(0.7, 0.95), rng.uniform(0.14, 0.24)),
        cosmetics.eye_shadow(skin, dark * rng.uniform(0.6, 1.1), rng.uniform(0.6, 0.9), rng.uniform(0.9, 1.1), 0.03),
        cosmetics.wrinkles(skin, dark, rng.uniform(0.75, 0.98), rng.uniform(0.035, 0.06)),
        cosmetics.brows(skin, hair, rng.uniform(0.7, 0.95), rng.uniform(1.2, 2.0), rng.uniform(-0.04, 0.05)),
    ]
    if rng.random() < 0.75:
        layers.append(cosmetics.beard(skin, hair, rng.uniform(0.75, 0.97), rng))
    return layers


def _corpse(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    """Ashen or greenish, with dark sockets, hollow cheeks and black lips."""
    ground = np.array([0.5, 0.52, 0.46]) * (1 + rng.normal(0, 0.07, 3)) * rng.uniform(0.6, 1.2)
    dark = np.array([0.05, 0.025, 0.04]) * rng.uniform(0.6, 2)
    return [
        *_ground(skin, ground, rng.uniform(0.8, 0.95), rng),
        cosmetics.contour(skin, dark, rng.uniform(0.6, 0.9), rng.uniform(0.18, 0.28)),
        face_paint.sockets(skin, dark, rng.uniform(0.6, 0.9), 0.05, rng),
        cosmetics.wrinkles(skin, dark, rng.uniform(0.4, 0.8), rng.uniform(0.03, 0.05)),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.6, 0.9), rng.uniform(0.7, 1.2), rng.uniform(0, 0.06)),
        cosmetics.lipstick(skin, dark, rng.uniform(0.8, 0.95), 1.05),
    ]


def _face_paint(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    pattern = (_clown, _skull, _beast, _two_halves, _camouflage, _masked)[rng.choice(6, p=(0.22, 0.2, 0.16, 0.14, 0.14, 0.14))]
    return pattern(skin, rng.uniform(0.85, 0.97) * face_paint.brushwork(skin, rng, 0.85), rng)


def _white_or_vivid(skin: Skin, rng: np.random.Generator) -> list[Layer]:
    return _ground(skin, WHITE if rng.random() < 0.6 else _vivid(rng), rng.uniform(0.85, 0.96), rng)


def _dark_or_vivid(rng: np.random.Generator) -> np.ndarray:
    return _dark(rng) if rng.random() < 0.5 else _vivid(rng)


def _clown(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    return [
        *_white_or_vivid(skin, rng),
        face_paint.sockets(skin, _dark_or_vivid(rng), thick, rng.uniform(0.015, 0.04), rng),
        cosmetics.eye_line(skin, _dark(rng), 1.0, rng.uniform(0.04, 0.07), rng.uniform(0.05, 0.2), True),
        cosmetics.brows(skin, _dark(rng), rng.uniform(0.8, 1), rng.uniform(0.6, 1.2), rng.uniform(0.1, 0.22)),
        cosmetics.lipstick(skin, _lip_colour(rng), rng.uniform(0.9, 1), rng.uniform(1.3, 1.6)),
    ]


def _skull(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    return [*_ground(skin, WHITE, 0.95, rng), *face_paint.skull(skin, thick, rng)]


def _beast(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    ground = _white_or_vivid(skin, rng) if rng.random() < 0.7 else []
    return [*ground, face_paint.stripes(skin, _dark_or_vivid(rng), thick, rng)]


def _two_halves(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    area = cosmetics.face_area(skin, HAIRLINE)
    return [*_white_or_vivid(skin, rng), face_paint.half(skin, area, _dark_or_vivid(rng), thick, rng)]


def _camouflage(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    colours = [np.array(GREENS[n]) for n in rng.permutation(len(GREENS))[: rng.integers(3, 5)]]
    return face_paint.patches(skin, cosmetics.face_area(skin, HAIRLINE), colours, thick, rng)


def _masked(skin: Skin, thick: np.ndarray, rng: np.random.Generator) -> list[Layer]:
    """A painted mask about the eyes, mostly with bars on the cheeks."""
    colours = [_dark_or_vivid(rng), _vivid(rng), WHITE][: rng.choice([0, 2, 3])]
    return [
        face_paint.eye_mask(skin, _dark_or_vivid(rng), thick),
        *face_paint.cheek_bars(skin, colours, thick, rng.uniform(0.08, 0.14)),
    ]


# Tattoos


def _bare(skin: Skin) -> np.ndarray:
    """The share [h, w] of skin that is tattooed: not hair, brows, eyes, lips or nostrils."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    disc = np.stack([np.cos(turn), 0.7 * np.sin(turn)], 1) * 0.07 * skin.photo.iod
    kept = skin.within(
        *(grown(skin.ring(eye), np.array([1.25, 2.0])) for eye in EYES),
        *(grown(skin.ring(brow), np.array([1.15, 1.6])) for brow in BROWS),
        *(skin.ring([nostril]) + disc for nostril in NOSTRILS),
        grown(skin.ring(OUTER_LIPS), np.array([1.1, 1.15])),
        soft_iod=0.015,
    )
    return (
        np.minimum(skin.share, surely_skin(skin)[0]) * skin.within(grown(skin.ring(FACE_OVAL), 0.98), soft_iod=0.02) * (1 - kept)
    )


def _design(skin: Skin, wearer: Head, bare: np.ndarray, place: int, least: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Rings px of the window, as large as the bare skin about a vertex is; none where there is none."""
    design, reach, turn = DESIGNS[rng.integers(len(DESIGNS))](rng), PLACES[place] * rng.uniform(0.75, 1.05), rng.normal(0, 0.35)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * reach
    flat, corner = np.concatenate(design) @ spin, np.array([skin.window[1].start, skin.window[0].start], np.float32)
    for smaller in SMALLER:
        few = _carried(wearer, place, flat[::4] * smaller) - corner
        if (cv2.remap(bare, few[None, :, 0].copy(), few[None, :, 1].copy(), cv2.INTER_LINEAR) > 0.6).mean() >= least:
            every = _carried(wearer, place, flat * smaller) - corner
            return np.split(every, np.cumsum([len(ring) for ring in design])[:-1])
    return []


def _carried(wearer: Head, place: int, ring: np.ndarray) -> np.ndarray:
    """Frame px [n, 2] of a ring [n, 2] IOD on the face's surface about a vertex: laid out in the plane that touches it there,
    and from there as deep as the vertices about are."""
    normal = -vertex_normals(wearer.points, neutral_mesh()[1])[place]
    across = np.cross([0, 1, 0], normal)
    across /= np.linalg.norm(across)
    axes = np.stack([across, np.cross(normal, across), normal], 1).astype(np.float32)
    local = (wearer.points[:468] - wearer.points[place]) @ axes
    local = local[np.linalg.norm(local, axis=1) < np.abs(ring).max() * 1.5 + 0.15]
    weight = 1 / (((ring[:, None] - local[None, :, :2]) ** 2).sum(2) ** 2 + 1e-6)
    depth = (weight @ local[:, 2]) / weight.sum(1)
    return wearer.projected((np.column_stack([ring, depth]) @ axes.T + wearer.points[place]).astype(np.float32))


def _unevenness(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Ink takes better here than there, factor [h, w]."""
    coarse = rng.uniform(0.75, 1.0, (shape[0] // 12 + 2, shape[1] // 12 + 2)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)


PAINTED = {"makeup": makeup, "tattoo": tattoo}
