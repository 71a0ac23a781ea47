"""What live people wear and have on their faces: the nulls of worn and painted attacks, drawn by the very same code.

Spectacles take the path of paper glasses, scarfs and fingers that of paper pieces, lipstick that of make-up, freckles that of
tattoos, shiny skin that of masks: what then tells live from attack is the print, the matter and the amount, and no overlay as
such.
"""

from dataclasses import replace

import numpy as np

from ..scenery.surfaces import noise
from ..synthesis.photo import Photo
from . import cosmetics
from .hand import AT_THE_FACE, Face, hand_at, look_of, sketch
from .head import EYES, Head, coverage, head, lens_blur, light, softened
from .inks import Area, Print, area_of
from .outlines import bands, bridge, lens_outlines, rounded, widened
from .paper import Cut, Sheet, worn
from .pigment import Layer, painted, skin_of
from .scarf import knitted, sample_scarf, slope_of
from .shell import Matter, shell, shine

FRAMES = (
    (0.01, 0.01, 0.01),
    (0.02, 0.02, 0.025),
    (0.12, 0.05, 0.02),
    (0.3, 0.3, 0.32),
    (0.45, 0.32, 0.12),
    (0.03, 0.04, 0.12),
    (0.2, 0.02, 0.03),
)
TINTS = ((0.1, 0.1, 0.1), (0.2, 0.12, 0.06), (0.08, 0.14, 0.1), (0.25, 0.25, 0.3), (0.05, 0.05, 0.06))
# The edge of a medical mask: over the nose and the cheeks, down and along the jaw; the fold lines and ears that its loops go to.
MASK_EDGE = (
    116,
    117,
    118,
    100,
    6,
    329,
    347,
    346,
    345,
    323,
    361,
    288,
    397,
    365,
    379,
    378,
    400,
    377,
    152,
    148,
    176,
    149,
    150,
    136,
    172,
    58,
    132,
    93,
)


def spectacles(photo: Photo, rng: np.random.Generator) -> Photo:
    """Frames of metal or plastic with clear glass and its reflections."""
    return _eyewear(photo, rng, rng.uniform(0.012, 0.05), np.ones(3), rng.uniform(0, 0.35) * (rng.random() < 0.6))


def sunglasses(photo: Photo, rng: np.random.Generator) -> Photo:
    """Tinted, from brown through which eyes show to black."""
    tint = np.array(TINTS[rng.integers(len(TINTS))]) * rng.uniform(0.6, 3.0)
    return _eyewear(photo, rng, rng.uniform(0.015, 0.07), np.minimum(tint, 0.9), rng.uniform(0.02, 0.25))


def light_makeup(photo: Photo, rng: np.random.Generator) -> Photo:
    """Lipstick, a little powder, shadow, liner and blush: each in some, none of it strong."""
    skin = skin_of(photo)
    own = skin.light.skin / skin.light.white
    lip = own * np.array([rng.uniform(0.8, 1.1), rng.uniform(0.3, 0.7), rng.uniform(0.35, 0.75)])
    every = (
        cosmetics.foundation(skin, own * rng.uniform(0.95, 1.06), rng.uniform(0.2, 0.5), 1.0),
        cosmetics.blush(skin, own * np.array([1.05, 0.65, 0.65]), rng.uniform(0.1, 0.3), rng.uniform(0.14, 0.22)),
        cosmetics.eye_shadow(skin, own * np.array([0.75, 0.6, 0.6]), rng.uniform(0.1, 0.4), rng.uniform(0.3, 0.6), 0.0),
        cosmetics.eye_line(skin, np.array([0.04, 0.03, 0.03]), rng.uniform(0.3, 0.7), rng.uniform(0.01, 0.02), 0.0, False),
        cosmetics.lipstick(skin, lip, rng.uniform(0.3, 0.85), 1.0),
    )
    kept = [layer for layer in every if rng.random() < 0.6] or [every[-1]]
    return _with_pixels(photo, painted(photo, skin, kept)[0])


def spots(photo: Photo, rng: np.random.Generator) -> Photo:
    """Freckles, moles, a rash."""
    skin, wearer = skin_of(photo), head(photo)
    own = skin.light.skin / skin.light.white
    count, size = (int(rng.integers(60, 220)), 0.012) if rng.random() < 0.5 else (int(rng.integers(2, 12)), 0.022)
    chosen = wearer.points[rng.integers(0, 468, count)] + rng.normal(0, 0.03, (count, 3)) * [1, 1, 0]
    turn = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    disc = np.stack([np.cos(turn), np.sin(turn)], 1) * photo.iod
    corner = np.array([skin.window[1].start, skin.window[0].start])
    middles = wearer.projected(chosen.astype(np.float32)) - corner
    share = skin.within(*(middle + disc * size * rng.uniform(0.5, 1.2) for middle in middles), soft_iod=0.006)
    colour = np.array([0.55, 0.4, 0.3]) if count > 12 else np.clip(own, 0.1, 0.4)
    return _with_pixels(photo, painted(photo, skin, [Layer(share, colour, rng.uniform(0.4, 0.9), dye=True)])[0])


def plaster(photo: Photo, rng: np.random.Generator) -> Photo:
    """One or two sticking plasters on cheek, forehead, chin or nose."""
    skin, wearer = skin_of(photo), head(photo)
    corner = np.array([skin.window[1].start, skin.window[0].start])
    colour = np.array(((0.6, 0.42, 0.28), (0.8, 0.78, 0.74), (0.35, 0.2, 0.12))[rng.integers(3)])
    layers = []
    for place in rng.choice((50, 280, 151, 199, 197, 69), rng.integers(1, 3), replace=False):
        ring = rounded(np.zeros(2), np.array([rng.uniform(0.12, 0.22), rng.uniform(0.045, 0.08)]), rng)
        turn = rng.uniform(0, np.pi)
        spun = ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        on_skin = np.column_stack([spun, np.zeros(len(spun))]) + wearer.points[place]
        share = skin.within(wearer.projected(on_skin.astype(np.float32)) - corner, soft_iod=0.004)
        layers.append(Layer(share, colour, rng.uniform(0.85, 0.98), 1.0, on_hair=True))
    return _with_pixels(photo, painted(photo, skin, layers)[0])


def stubble(photo: Photo, rng: np.random.Generator) -> Photo:
    """A shaved beard's shadow, or a few days of it."""
    skin = skin_of(photo)
    colour = np.array([0.06, 0.05, 0.045]) * rng.uniform(0.5, 2)
    return _with_pixels(photo, painted(photo, skin, [cosmetics.beard(skin, colour, rng.uniform(0.12, 0.5), rng)])[0])


def shiny_skin(photo: Photo, rng: np.random.Generator) -> Photo:
    """Sweat or oil on the own face."""
    skin, wearer = skin_of(photo), head(photo)
    gloss = shine(shell(wearer, skin, wearer.points), skin.light, Matter(rng.uniform(0.08, 0.35), rng.uniform(10, 50), 0.0), rng)
    wet = skin.share * np.clip(0.7 + 0.3 * noise(skin.shape[::-1], 0.06 * photo.iod, rng), 0, 1.5)
    frame = photo.pixels.copy()
    frame[skin.window] += gloss * wet[..., None]
    return _with_pixels(photo, frame)


def medical_mask(photo: Photo, rng: np.random.Generator) -> Photo:
    """A pleated mask of cloth over nose, mouth and chin, its loops about the ears."""
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[1, 2]) - 0.04, rng.uniform(0.45, 0.75))
    edge = sheet.flattened(wearer.points[list(MASK_EDGE)])
    colour = np.array(((0.35, 0.55, 0.68), (0.78, 0.78, 0.76), (0.03, 0.03, 0.035), (0.45, 0.62, 0.58))[rng.integers(4)])
    pleats = rng.uniform(0.05, 0.25) * (rng.random() < 0.8)

    def cloth(area: Area) -> np.ndarray:
        down = np.arange(area.size[1], dtype=np.float32)[:, None] / area.scale + area.corner[1] - edge[:, 1].mean()
        folds = 1 - pleats * np.exp(-((np.abs(np.mod(down + 0.1, 0.2) - 0.1) / 0.02) ** 2)) * (np.abs(down) < 0.35)
        return _woven(area, colour, rng) * folds[..., None]

    cut = Cut([edge], bands=bands(sheet, edge, wearer, 0.02), colour=(0.75, 0.75, 0.75), thick=0.006)
    return _worn_cloth(photo, sheet, cut, cloth, rng)


def scarf(photo: Photo, rng: np.random.Generator) -> Photo:
    """A tube of cloth about the neck, up to the chin or over mouth and nose, in folds."""
    wearer, lit = head(photo), light(photo)
    tube = sample_scarf(wearer, rng)

    def cloth(area: Area) -> np.ndarray:
        shade = knitted(area, rng) * tube.shading(area, slope_of(lit, wearer), rng)
        return _striped(area, rng) * shade[..., None]

    return _worn_cloth(photo, tube.sheet, Cut([tube.ring], thick=0.012), cloth, rng)


def headband(photo: Photo, rng: np.random.Generator) -> Photo:
    """A band of cloth about the forehead, under the hair."""
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[10, 2]) - 0.05, rng.uniform(0.7, 0.95))
    low, high = rng.uniform(-0.62, -0.42), rng.uniform(0.12, 0.35)
    x = np.linspace(-1, 1, 24) * rng.uniform(0.88, 0.98)
    bow = rng.uniform(-0.05, 0.12) * x * x
    edge = np.concatenate([np.column_stack([x, low - high + bow]), np.column_stack([x, low + bow])[::-1]]).astype(np.float32)
    on_all = _worn_cloth(photo, sheet, Cut([edge], thick=0.004), lambda area: _striped(area, rng), rng).pixels
    skin = skin_of(photo, 0.2, 0.6, 0.0)
    frame = photo.pixels.copy()
    frame[skin.window] += skin.share[..., None] * (on_all[skin.window] - frame[skin.window])
    return _with_pixels(photo, frame)


def fingers(photo: Photo, rng: np.random.Generator) -> Photo:
    """The own hand at the chin, on the cheek or before the mouth."""
    wearer, lit, side = head(photo), light(photo), int(rng.choice([-1, 1]))
    sheet = Sheet(float(wearer.points[[17, 50, 280], 2].min()) - 0.12, 0.35)
    limb = hand_at(Face(sheet.flattened(wearer.points), 1.0), str(rng.choice(AT_THE_FACE)), side, rng)
    look = look_of(photo, lit, side, rng)
    white = lit.white.astype(np.float32)
    look = replace(
        look,
        skin=look.skin / white,
        sleeve=look.sleeve / white,
        sheen=look.sheen / white,
        light=lambda normals: lit.on(normals @ wearer.rotation.T),
        half=lit.half @ wearer.rotation,
    )
    hand = sketch(limb, 1.1 * photo.iod, look, rng)
    print_ = Print(hand.area, hand.reflectance, None, "", 0.0)
    return _with_pixels(photo, worn(photo, sheet, Cut(hand.outlines, hand.holes, thick=0.0), print_, rng).frame)


def _eyewear(photo: Photo, rng: np.random.Generator, rim: float, tint: np.ndarray, reflection: float) -> Photo:
    wearer = head(photo)
    sheet = Sheet(float(wearer.points[168, 2]) - rng.uniform(0.03, 0.08), rng.uniform(0.05, 0.2))
    lenses = lens_outlines([sheet.flattened(wearer.points[list(eye)]).mean(0) for eye in EYES], rng)
    pieces = [*(widened(lens, rim) for lens in lenses), bridge(lenses, max(0.025, 0.7 * rim))]
    colour = np.array(FRAMES[rng.integers(len(FRAMES))])
    glass = softened(coverage(photo.pixels.shape, [wearer.projected(sheet.placed(lens)) for lens in lenses]), lens_blur(photo))[
        ..., None
    ]
    through = photo.pixels * (1 + glass * (tint - 1)).astype(np.float32)
    window = _reflected(photo.pixels.shape[:2], wearer, rng) * np.float32(reflection) * glass
    seen = replace(photo, pixels=through + window)
    every = np.concatenate(pieces)
    cut = Cut(pieces, lenses, bands(sheet, every, wearer, max(0.02, 0.8 * rim)), tuple(colour.tolist()))
    area = area_of(every, 1.1 * photo.iod)
    plain = np.full((*area.size[::-1], 3), colour, np.float32)
    return _with_pixels(photo, worn(seen, sheet, cut, Print(area, plain, None, "", rng.uniform(0, 0.8)), rng).frame)


def _reflected(shape: tuple[int, int], wearer: Head, rng: np.random.Generator) -> np.ndarray:
    """What glass mirrors, [h, w, 1] 0-1: a soft gradient with a bright pane or two across it."""
    y, x = np.indices(shape, np.float32)
    turn = rng.uniform(0, np.pi)
    across = ((x - wearer.origin[0]) * np.cos(turn) + (y - wearer.origin[1]) * np.sin(turn)).astype(np.float32) / wearer.iod
    panes = [np.clip(1.2 - np.abs(across - rng.normal(0, 0.5)) / rng.uniform(0.05, 0.2), 0, 1) for _ in range(rng.integers(1, 3))]
    return np.maximum.reduce([0.25 + 0.2 * np.tanh(across), *panes])[..., None]


def _worn_cloth(photo: Photo, sheet: Sheet, cut: Cut, picture, rng: np.random.Generator) -> Photo:
    """By the path of a paper piece, without ink."""
    area = area_of(np.concatenate(cut.pieces), 1.1 * photo.iod)
    return _with_pixels(photo, worn(photo, sheet, cut, Print(area, picture(area).astype(np.float32), None, "", 0.0), rng).frame)


def _woven(area: Area, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weave = 1 + 0.04 * noise(area.size, 1.5, rng) + rng.uniform(0.02, 0.12) * noise(area.size, 0.2 * area.scale, rng)
    return np.clip(weave, 0.3, 1.6)[..., None] * colour


def _striped(area: Area, rng: np.random.Generator) -> np.ndarray:
    """Plain, striped or checked cloth in two colours that go together."""
    kind, period = rng.choice(3, p=(0.7, 0.2, 0.1)), rng.uniform(0.1, 0.4)
    grey = rng.uniform(0.03, 0.6)
    first_colour = grey * (1 + rng.uniform(0.2, 1.2) * (rng.random(3) - 0.5))
    other = first_colour * rng.uniform(0.3, 1.8)
    y, x = (np.arange(n, dtype=np.float32) / area.scale for n in area.size[::-1])
    down, along = (np.clip(np.sin(2 * np.pi * axis / period) * 6 + 0.5, 0, 1) for axis in (y[:, None], x[None]))
    share = (0 * down + 0 * along, down + 0 * along, 0.5 * (down + along))[kind]
    return _woven(area, np.ones(3), rng) * np.clip(first_colour + share[..., None] * (other - first_colour), 0.01, 0.85)


def _with_pixels(photo: Photo, pixels: np.ndarray) -> Photo:
    return Photo(pixels.astype(np.float32), photo.points)


NULLS = {
    "spectacles": spectacles,
    "sunglasses": sunglasses,
    "light makeup": light_makeup,
    "spots": spots,
    "plaster": plaster,
    "stubble": stubble,
    "shiny skin": shiny_skin,
    "medical mask": medical_mask,
    "scarf": scarf,
    "headband": headband,
    "fingers": fingers,
}
