"""Hard and soft masks: a shell with its own shape and matter, lit like the face that it hides.

The shell is the neutral mesh with something of a donor's proportions, posed as the wearer's head, so expressions go flat by themselves. Rigid
ones hide the face, those of silicone the whole head, or the face to a seam where the wearer's hair is long. They are drawn with a z-buffer
(shell.py, bust.py), shaded by the light fitted to the wearer's skin, and painted with the cosmetics that faces are painted with.
"""

from dataclasses import replace

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ..manipulations.mesh_warp import warp_map, warped
from ..synthesis.photo import Attack, Photo
from . import cosmetics
from .bust import Bust, bust
from .facade import Rim, as_face, eye_hole, features, flesh, nostrils, plastic, put_on, relief, speckle
from .head import EYES, FACE_OVAL, INNER_LIPS, grown, head, smooth_ring
from .hood import HOOD, Hood, covered, hooded
from .mannequin import BULKY, fake_head
from .outlines import stroke
from .pigment import Layer, Skin, laid, skin_of
from .shell import Matter, Shell, shaded, shape_of, shell, shine
from .wig import COLOURS, combed, hair

BARE = ((0.8, 0.79, 0.76), (0.55, 0.55, 0.54), (0.75, 0.55, 0.2), (0.55, 0.56, 0.58), (0.04, 0.04, 0.05), (0.55, 0.05, 0.04))
PORE_IOD = 0.012
CROWS_FEET = ((33, 139, 34), (33, 156, 143), (263, 368, 264), (263, 383, 372))


def rigid_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Painted plastic, a resin face with a donor's print on it, a bare white or metallic mask, or a transparent one;
    hard-edged eye holes."""
    skin, wearer = skin_of(photo), head(photo)
    form = shell(wearer, skin, shape_of(wearer, head(donor), 0.0, rng.uniform(1.0, 1.08), rng.uniform(1.1, 1.4)))
    matter = Matter(rng.uniform(0.5, 1.2), rng.uniform(16, 80), rng.uniform(0, 0.1))
    rim = Rim(rng.uniform(0.014, 0.03), True)
    kind = rng.choice(("painted", "printed", "bare", "clear"), p=(0.35, 0.3, 0.2, 0.15))
    holes = [eye_hole(form, eye, (1.0, 1.3), (1.2, 2.0), rng) for eye in EYES]
    if kind == "clear":
        matt = skin.photo.pixels * np.float32(rng.uniform(0.65, 0.85)) + np.float32(rng.uniform(0.06, 0.14)) * skin.light.white
        matter = Matter(rng.uniform(1.5, 3), rng.uniform(30, 120), 0)
        glossy = matt + shine(form, skin.light, matter, rng)
        return put_on(photo, skin, form.share, (matt, glossy), holes[: 2 * rng.integers(2)], rim, rng)
    colour = plastic(skin, rng) if kind == "painted" else np.array(BARE[rng.integers(len(BARE))])
    albedo = _printed_face(form, donor, rng) if kind == "printed" else colour.astype(np.float32)
    matt = shaded(form, skin.light, albedo, matter)
    face = as_face(form, skin, matt, colour)
    matt, _ = laid(face, [nostrils(face), *(features(face, colour, rng) if kind == "painted" else [])])
    return put_on(photo, skin, form.share, (matt, matt + shine(form, skin.light, matter, rng)), holes, rim, rng)


def flexible_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Silicone over the whole head, with pores, blotches, folds, gaping at eyes and mouth; over the face alone, to a seam, where the
    wearer's head cannot be cut out."""
    skin, wearer = skin_of(photo, *HOOD), head(photo)
    shape = shape_of(wearer, head(donor), rng.uniform(0.3, 0.6), rng.uniform(1.0, 1.04), 1.0)
    model, matter, colour = bust(wearer, skin, shape, rng.uniform(1.03, 1.1)), _silicone(rng), flesh(skin, rng)
    hood = _hood(photo, skin, model)
    form = covered(model, hood)[0] if hood else replace(model.form, share=_to_the_hairline(model.form, skin))
    matt = shaded(form, skin.light, _skin_tones(skin, colour, rng), matter)
    bumps = relief(_pores_and_folds(form, skin, rng), skin.light, photo.iod)[..., None]
    face = as_face(form, skin, matt * bumps, colour)
    lip = colour * np.array([0.95, rng.uniform(0.5, 0.8), rng.uniform(0.5, 0.8)])
    matt, _ = laid(face, [nostrils(face), cosmetics.lipstick(face, lip, rng.uniform(0.5, 0.95), 1.0), _planted_brows(face, rng)])
    glossy = matt + shine(form, skin.light, matter, rng) * bumps**3
    if hood and (float(hood.beyond.sum()) > BULKY * (photo.iod / 2) ** 2 or rng.random() < 0.35):
        own = hair(wearer, skin, model, hood, rng.uniform(-0.02, 0.14), rng)
        wig = combed(own, skin.light, np.array(COLOURS[rng.integers(len(COLOURS))]), rng.uniform(0.1, 0.5))
        matt, glossy = (x + own.share[..., None] * (wig - x) for x in (matt, glossy))
    holes = [eye_hole(form, eye, (1.0, 1.12), (1.1, 1.45), rng) for eye in EYES]
    if rng.random() < 0.6:
        slit = grown(form.points[list(INNER_LIPS), :2] + rng.normal(0, 0.3, 2), np.array([0.9, rng.uniform(1.5, 3)]))
        holes.append(smooth_ring(slit))
    rim = Rim(rng.uniform(0.008, 0.018), hood is None)
    return put_on(photo, skin, form.share, (matt.astype(np.float32), glossy.astype(np.float32)), holes, rim, rng)


def _hood(photo: Photo, skin: Skin, model: Bust) -> Hood | None:
    try:
        return hooded(photo, skin, model)
    except FacewiseError:
        return None


def _silicone(rng: np.random.Generator) -> Matter:
    return Matter(rng.uniform(0.12, 0.45), rng.uniform(6, 22), rng.uniform(0.2, 0.5))


def _to_the_hairline(form: Shell, skin: Skin) -> np.ndarray:
    """The share [h, w] of a mask that ends on the forehead, before the ears and under the chin, in a line that is cut by hand."""
    return form.share * skin.within(smooth_ring(grown(form.points[list(FACE_OVAL), :2], np.array([0.99, 1.03])), 3))


def _skin_tones(skin: Skin, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Reflectance [h, w, 3]: layers of paint in the silicone, red and brown blotches, speckles that are spattered on."""
    iod = skin.photo.iod
    red = np.float32(rng.uniform(0.04, 0.12)) * speckle(skin.shape, 0.16 * iod, rng)
    brown = np.float32(rng.uniform(0.03, 0.08)) * speckle(skin.shape, 0.045 * iod, rng)
    spots = np.maximum(0, speckle(skin.shape, 0.02 * iod, rng) - 2) * rng.uniform(0.1, 0.5)
    tones = np.stack([-0.2 * red - 0.6 * brown - spots, -red - brown - 1.3 * spots, -red - 1.2 * brown - 1.5 * spots], 2)
    return cv2.exp(tones.astype(np.float32)) * colour.astype(np.float32)


def _pores_and_folds(form: Shell, skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Height [h, w] IOD: pores, and furrows about mouth and eyes, on the forehead and where rubber bags."""
    iod = form.iod
    pores = rng.uniform(0.0006, 0.0015) * speckle(skin.shape, PORE_IOD * iod, rng)
    lines = [line for line in (*cosmetics.WRINKLES, *CROWS_FEET) if rng.random() < 0.6]
    wide = rng.uniform(0.02, 0.04)
    furrows = [
        stroke(form.points[list(line), :2], np.sin(np.pi * np.linspace(0.12, 0.9, len(line))) * wide * iod) for line in lines
    ]
    deep = cv2.GaussianBlur(skin.within(*furrows), (0, 0), 0.016 * iod)
    sag = rng.uniform(0.004, 0.012) * speckle(skin.shape, 0.22 * iod, rng)
    return (pores + sag - rng.uniform(0.005, 0.016) * deep).astype(np.float32)


def _planted_brows(face: Skin, rng: np.random.Generator) -> Layer:
    """Hair that is punched in, unevenly."""
    dark = np.array([0.05, 0.03, 0.02]) * rng.uniform(0.5, 4)
    drawn = cosmetics.brows(face, dark, rng.uniform(0.4, 0.9), rng.uniform(0.7, 1.3), rng.uniform(-0.01, 0.02))
    hairs = np.clip(0.8 + 0.25 * speckle(face.shape, 0.012 * face.photo.iod, rng), 0, 1)
    return replace(drawn, share=drawn.share * hairs)


def _printed_face(form: Shell, donor: Photo, rng: np.random.Generator) -> np.ndarray:
    """The donor's skin as a colour printer lays it on resin: without the light of its photo, soft, a little pale; reflectance
    [h, w, 3]."""
    map_xy, _ = warp_map(form.points, donor.points, form.share.shape[::-1])
    skin = warped(donor.pixels, map_xy)
    lamp = cv2.blur(cv2.blur(skin[..., 1], side := 2 * (round(0.4 * form.iod),)), side)
    even = skin * (np.average(lamp, weights=form.share + 1e-6) / np.maximum(0.02, lamp))[..., None].astype(np.float32)
    soft = cv2.GaussianBlur(even, (0, 0), form.iod * rng.uniform(0.004, 0.02))
    grey = soft.mean(2, keepdims=True)
    return np.clip(grey + np.float32(rng.uniform(0.7, 1.1)) * (soft - grey), 0.01, 0.9)


MASKS = {"rigid mask": rigid_mask, "flexible mask": flexible_mask, "fake head": fake_head}
