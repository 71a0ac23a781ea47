"""Hard and soft masks and mannequins: a shell with its own shape and matter, lit like the face that it hides.

The shell is the neutral mesh with something of a donor's proportions, posed as the wearer's head, so expressions go flat by
themselves. It is drawn with a z-buffer (shell.py), shaded by the light fitted to the wearer's skin, and painted with the
cosmetics that faces are painted with.
"""

from dataclasses import replace

import cv2
import numpy as np

from ..manipulations.mesh_warp import warp_map, warped
from ..synthesis.photo import Attack, Photo
from . import cosmetics
from .head import (
    EYES,
    INNER_LIPS,
    cast_shadow,
    grown,
    head,
    lit_edge,
    over,
    rim_visibility,
    smooth_ring,
    softened,
    visibility_within,
)
from .hood import BUST, hooded
from .paper import HOLE
from .pigment import Layer, Skin, laid, skin_of
from .print import GLARE
from .shell import Matter, Shell, shaded, shape_of, shell, shine

NOSTRILS = (79, 309)
BARE = ((0.8, 0.79, 0.76), (0.55, 0.55, 0.54), (0.75, 0.55, 0.2), (0.55, 0.56, 0.58), (0.04, 0.04, 0.05), (0.55, 0.05, 0.04))
IRISES = ((0.06, 0.03, 0.015), (0.05, 0.11, 0.2), (0.05, 0.12, 0.06), (0.02, 0.02, 0.02))
PAINT_THICK = 0.005  # IOD: what is thinner has no rim, only an end
LOOKS_MADE = 0.05  # contrast at which something made is just visible where skin should be


def rigid_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Painted plastic, a resin face with a donor's print on it, a bare white or metallic mask, or a transparent one;
    hard-edged eye holes."""
    skin, wearer = skin_of(photo), head(photo)
    form = shell(wearer, skin, shape_of(wearer, head(donor), 0.0, rng.uniform(1.0, 1.08), rng.uniform(1.1, 1.4)))
    matter = Matter(rng.uniform(0.1, 0.6), rng.uniform(15, 90), rng.uniform(0, 0.2))
    thick = rng.uniform(0.006, 0.022)
    kind = rng.choice(("painted", "printed", "bare", "clear"), p=(0.35, 0.35, 0.15, 0.15))
    holes = [_eye_hole(form, eye, (1.0, 1.3), (1.2, 2.0), rng) for eye in EYES]
    if kind == "clear":
        matt = skin.photo.pixels * np.float32(rng.uniform(0.75, 0.95)) + np.float32(rng.uniform(0.01, 0.08)) * skin.light.white
        matter = Matter(rng.uniform(0.4, 1.2), rng.uniform(30, 150), 0)
        glossy = matt + shine(form, skin.light, matter, rng)
        return _put_on(photo, skin, form.share, (matt, glossy), holes[: 2 * rng.integers(2)], thick, rng)
    colour = _plastic(skin, rng) if kind == "painted" else np.array(BARE[rng.integers(len(BARE))])
    albedo = _printed_face(form, donor, rng) if kind == "printed" else colour.astype(np.float32)
    matt = shaded(form, skin.light, albedo, matter)
    face = _as_face(form, skin, matt, colour)
    matt, _ = laid(face, [_nostrils(face), *(_features(face, colour, rng) if kind == "painted" else [])])
    return _put_on(photo, skin, form.share, (matt, matt + shine(form, skin.light, matter, rng)), holes, thick, rng)


def flexible_mask(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """Silicone over face, ears and neck: even and waxy, creased about the mouth, with rims about the eyes."""
    skin, wearer = skin_of(photo, *BUST), head(photo)
    form = shell(
        wearer, skin, shape_of(wearer, head(donor), rng.uniform(0.3, 0.6), rng.uniform(1.0, 1.03), rng.uniform(1.2, 1.4))
    )
    matter, colour = Matter(rng.uniform(0.05, 0.2), rng.uniform(5, 16), rng.uniform(0.5, 0.9)), _flesh(skin, rng)
    mottled = colour * (1 + _blotches(skin.shape, rng, rng.uniform(0.02, 0.08))[..., None] * np.array([0.5, 1, 1], np.float32))
    share, matt = hooded(photo, form, skin, mottled.astype(np.float32), matter, rng.uniform(0.2, 0.8))
    face = _as_face(form, skin, matt, colour)
    fold = colour * np.array([0.55, 0.4, 0.35])
    layers = [
        _nostrils(face),
        cosmetics.wrinkles(face, fold, rng.uniform(0.15, 0.7), rng.uniform(0.02, 0.05)),
        cosmetics.eye_line(face, fold * 0.6, rng.uniform(0.5, 0.9), rng.uniform(0.02, 0.04), 0.0, True),
        *_features(face, colour, rng),
    ]
    matt, _ = laid(face, layers)
    holes = [_eye_hole(form, eye, (0.95, 1.1), (1.0, 1.4), rng) for eye in EYES]
    if rng.random() < 0.4:
        holes.append(smooth_ring(grown(form.points[list(INNER_LIPS), :2] + rng.normal(0, 0.3, 2), np.array([0.9, 2.5]))))
    return _put_on(photo, skin, share, (matt, matt + shine(form, skin.light, matter, rng)), holes, rng.uniform(0.002, 0.008), rng)


def fake_head(photo: Photo, rng: np.random.Generator, donor: Photo) -> Attack:
    """A mannequin under the wearer's hair: painted skin from a hard hairline to the neck, painted eyes, brows and lips."""
    skin, wearer = skin_of(photo, *BUST), head(photo)
    form = shell(wearer, skin, shape_of(wearer, head(donor), rng.uniform(0, 0.4), 1.0, rng.uniform(1.2, 1.4)))
    matter = Matter(rng.uniform(0, 0.4), rng.uniform(8, 50), rng.uniform(0, 0.3))
    colour = _plastic(skin, rng) if rng.random() < 0.75 else np.array(BARE[rng.integers(2)])
    share, matt = hooded(photo, form, skin, colour.astype(np.float32), matter, 1.0)
    face = _as_face(form, skin, matt, colour)
    layers = [_nostrils(face), *_features(face, colour, rng), *(_painted_eyes(face, rng) if rng.random() < 0.85 else [])]
    matt, _ = laid(face, layers)
    return _put_on(photo, skin, share, (matt, matt + shine(form, skin.light, matter, rng)), [], rng.uniform(0, 0.005), rng)


def _put_on(
    photo: Photo,
    skin: Skin,
    share: np.ndarray,
    surface: tuple[np.ndarray, np.ndarray],
    holes: list[np.ndarray],
    thick: float,
    rng: np.random.Generator,
) -> Attack:
    """The shell before the wearer, its `surface` matt and with gloss, its rim `thick` IOD, its shadow; beyond the window not
    a bit changes."""
    share, matt, glossy = (softened(picture, skin.blur) for picture in (share, *surface))
    hole = share * skin.within(*holes)
    mask = share - hole
    gap = rng.uniform(2, 4) * thick
    behind = skin.photo.pixels * cast_shadow(mask, skin.light, photo.iod, gap, rng.uniform(0.4, 0.8))[..., None]
    rim = (
        lit_edge(mask, skin.light, photo.iod * rng.uniform(0.005, 0.02))[..., None]
        * np.float32(rng.uniform(0.1, 0.4))
        * skin.light.white
    )
    seen = over(behind, np.maximum(glossy + rim, 0).astype(np.float32), mask)
    unglossed = over(behind, np.maximum(matt + rim, 0).astype(np.float32), mask)
    filled = over(seen, glossy.astype(np.float32), hole)
    cues = {
        "cut-out rim": rim_visibility(seen, mask, photo.iod) if holes or thick > PAINT_THICK else 0.0,
        "eye hole": visibility_within(seen, filled, hole, photo.iod, just=HOLE),
        "glare": visibility_within(seen, unglossed, mask, photo.iod, just=GLARE),
        "other": visibility_within(seen, skin.photo.pixels, mask, photo.iod, just=LOOKS_MADE),
    }
    frame, whole = photo.pixels.copy(), np.zeros(photo.pixels.shape[:2], np.float32)
    frame[skin.window], whole[skin.window] = seen, mask
    return Attack(frame, whole, {name: value for name, value in cues.items() if value})


def _as_face(form: Shell, skin: Skin, matt: np.ndarray, colour: np.ndarray) -> Skin:
    """The shell as something that cosmetics can be laid on."""
    lit = replace(skin.light, skin=(colour * skin.light.white))
    return replace(skin, photo=Photo(matt, form.points), light=lit, share=form.share)


def _features(face: Skin, colour: np.ndarray, rng: np.random.Generator) -> list[Layer]:
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


def _nostrils(face: Skin) -> Layer:
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    disc = np.stack([np.cos(turn), 0.6 * np.sin(turn)], 1) * 0.045 * face.photo.iod
    return Layer(
        face.within(*(face.ring([place]) + disc for place in NOSTRILS), soft_iod=0.012), np.array([0.03, 0.02, 0.02]), 0.85
    )


def _painted_eyes(face: Skin, rng: np.random.Generator) -> list[Layer]:
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


def _eye_hole(
    form: Shell, eye: tuple[int, ...], wide: tuple[float, float], high: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    return smooth_ring(grown(form.points[list(eye), :2], np.array([rng.uniform(*wide), rng.uniform(*high)])), 4)


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


def _blotches(shape: tuple[int, int], rng: np.random.Generator, amount: float) -> np.ndarray:
    coarse = rng.standard_normal((shape[0] // 14 + 2, shape[1] // 14 + 2), np.float32) * np.float32(amount)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _flesh(skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Reflectance [3]: the wearer's hue at another tone, or paint for skin as it is sold, from deep to fair."""
    own = skin.light.skin / skin.light.white
    if rng.random() < 0.6:
        colour = own * rng.uniform(0.7, 1.3)
    else:
        depth = rng.beta(1, 1.6)
        colour = np.array([0.74, 0.46, 0.33]) ** (1 - depth) * np.array([0.13, 0.06, 0.035]) ** depth
    return np.clip(colour * (1 + rng.normal(0, 0.06, 3)), 0.02, 0.85)


def _plastic(skin: Skin, rng: np.random.Generator) -> np.ndarray:
    """Too pink, too orange or too pale."""
    colour = _flesh(skin, rng)
    return np.clip(colour.mean() + rng.uniform(0.6, 1.3) * (colour - colour.mean()), 0.02, 0.85)


MASKS = {"rigid mask": rigid_mask, "flexible mask": flexible_mask, "fake head": fake_head}
