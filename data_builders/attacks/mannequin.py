"""Fake heads: mannequins of one material from crown to neck, with a wig, hair of the same material, or bald; the wearer is their stand.

All of the person's head goes, hair and ears too; where that cannot be cut out cleanly the photo is refused (hood.py).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..synthesis.photo import Attack, Photo
from .bust import bust
from .facade import Rim, as_face, features, nostrils, painted_eyes, plastic, put_on, relief, speckle
from .head import head
from .hood import HOOD, covered, hooded
from .pigment import laid, skin_of
from .shell import Matter, shaded, shape_of, shine
from .wig import COLOURS, carved, combed, hair

BULKY = 0.3  # square IOD of hair beyond a bust, which no bald head hides


@dataclass(frozen=True)
class Stuff:
    """What heads are made of: colours [n][3], `gloss` and `sharpness` from and to, how `rough` its surface is (IOD, cells of the size
    of `grain` IOD), and whether it is painted as a face."""

    colours: tuple[tuple[float, float, float], ...]
    gloss: tuple[float, float]
    sharpness: tuple[float, float]
    rough: float
    grain: float
    painted: float


PLASTIC = Stuff((), (0.08, 0.5), (12, 60), 0.0, 0.02, 1.0)
BLANK = Stuff(
    ((0.78, 0.77, 0.74), (0.5, 0.5, 0.5), (0.03, 0.03, 0.035), (0.6, 0.6, 0.62)), (0.15, 0.7), (20, 80), 0.0, 0.02, 0.25
)
FOAM = Stuff(((0.82, 0.82, 0.8), (0.78, 0.75, 0.68)), (0.0, 0.04), (4, 8), 0.0022, 0.02, 0.15)
PLASTER = Stuff(((0.72, 0.69, 0.62), (0.62, 0.6, 0.56), (0.5, 0.3, 0.2)), (0.0, 0.06), (6, 14), 0.0012, 0.035, 0.1)
WOOD = Stuff(((0.42, 0.25, 0.12), (0.55, 0.36, 0.2), (0.2, 0.1, 0.05)), (0.08, 0.3), (10, 40), 0.0, 0.02, 0.1)
STUFFS = ((PLASTIC, 0.5), (BLANK, 0.18), (FOAM, 0.14), (PLASTER, 0.1), (WOOD, 0.08))


def fake_head(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A mannequin's head and neck for the wearer's. Raises FacewiseError where the wearer's head cannot be cut out."""
    skin, wearer = skin_of(photo, *HOOD), head(photo)
    stuff = STUFFS[rng.choice(len(STUFFS), p=[share for _, share in STUFFS])][0]
    shape = shape_of(wearer, head(donor), rng.uniform(0, 0.4), 1.0, 1.0)
    model = bust(wearer, skin, shape, rng.uniform(1.03, 1.1))
    hood = hooded(photo, skin, model)
    form, places = covered(model, hood)
    colour = plastic(skin, rng) if stuff is PLASTIC else np.array(stuff.colours[rng.integers(len(stuff.colours))])
    matter = Matter(rng.uniform(*stuff.gloss), rng.uniform(*stuff.sharpness), rng.uniform(0, 0.15))
    albedo = colour.astype(np.float32) * (_grain(places, skin.shape, rng) if stuff is WOOD else 1)
    matt = shaded(form, skin.light, albedo, matter)
    if stuff.rough:
        bumps = stuff.rough * speckle(skin.shape, stuff.grain * photo.iod, rng)
        matt *= relief(bumps, skin.light, photo.iod)[..., None]
    face = as_face(form, skin, matt, colour)
    layers = [nostrils(face, 0.5)]
    if rng.random() < stuff.painted:
        layers += [*features(face, colour, rng), *painted_eyes(face, rng)]
    matt, _ = laid(face, layers)
    gloss = shine(form, skin.light, matter, rng)
    bulk = float(hood.beyond.sum()) / (photo.iod / 2) ** 2
    style = rng.random()
    if bulk > BULKY or style < 0.75:
        own = hair(wearer, skin, model, hood, rng.uniform(-0.02, 0.16), rng)
        part = own.share[..., None]
        if stuff in (PLASTER, WOOD, BLANK) and style < 0.5:
            tone = np.ones(3) if rng.random() < 0.7 else np.array([0.35, 0.25, 0.2])
            matt = matt + part * (carved(own, matt, tone, rng.uniform(0.15, 0.35)) - matt)
        else:
            wig = combed(own, skin.light, np.array(COLOURS[rng.integers(len(COLOURS))]), rng.uniform(0.1, 0.6))
            matt, gloss = matt + part * (wig - matt), gloss * (1 - part)
    return put_on(photo, skin, form.share, (matt.astype(np.float32), (matt + gloss).astype(np.float32)), [], Rim(0.0, False), rng)


def _grain(places: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The factor [h, w, 1] of wood on its colour: a trunk's rings, cut by the head's surface."""
    tilt, pith = rng.normal(0, 0.12, 2), rng.uniform(-1.5, 1.5, 2)
    across = [places[..., axis] - pith[i] - tilt[i] * places[..., 1] for i, axis in enumerate((0, 2))]
    radius = np.hypot(*across) + 0.02 * speckle(places.shape[:2], 18, rng)
    rings = (radius * rng.uniform(5, 12)) % 1
    early = cv2.resize(cv2.GaussianBlur((0.75 + 0.35 * rings**2).astype(np.float32), (0, 0), 0.7), shape[::-1])
    return early[..., None]
