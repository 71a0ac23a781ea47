"""A photo of somebody with other action units: the skin from the photo, the movement from the rig fitted to it, so the change is known exactly.

The same path with no change is the null edit: resampled, framed and lit by the same code. Levels `before` are fitted and may err; what was
added is exact. Neutralise first (`towards`) where a level itself is the label.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..rig.rig import LIP_GAP_IOD, Sides
from ..synthesis.photo import Photo
from .bending import filled, interpolated
from .fitting import JAW, Fit, levels, weights_at
from .lids import eyeball, lash_line, smooth_lid
from .mouths import cavity, lip_line, mouth
from .puppet import Puppet
from .relighting import creased, furrowed, light_of, relit, uncreased
from .scene import MOVED_PX, Scene, inner_mouth, pixels_of, sample_placement, scene, window_of
from .slits import PARTING, Rims, Slit, moved_slits, seen_rims

Aus = dict[str, Sides]
PARTED_IOD = (0.0, 0.023, 0.05, 0.095, 0.155, 0.21)  # the lips' opening in the middle of AU25's levels
JAW_PARTS_IOD = 0.37  # by the jaw at full weight
STIRRED = 0.1  # the change of an opening from which its rims are looked after
MELLOW_IOD = 0.005  # the light across folds of the mesh
EYE_RIM_IOD, LIP_RIM_IOD = 0.015, 0.02  # what is then taken for eye or teeth beyond them


@dataclass(frozen=True, eq=False)
class Driven:
    """`pixels` linear light [h, w, 3], `mask` [h, w] 0-1 of what moved; AU levels {code: (left, right)} 0-5 as fitted `before` and as
    shown `after`, and the `change` of those that changed."""

    pixels: np.ndarray
    mask: np.ndarray
    aus_before: Aus
    aus_after: Aus
    change: Aus


def shown(photo: Photo, fit: Fit, puppet: Puppet) -> Aus:
    """The levels that the photo shows, as fitted; AU25 as the lips stand open."""
    return levels(puppet.model, fit.weights) | {"AU25": _parting(seen_rims(photo, "mouth"), photo)}


def towards(photo: Photo, fit: Fit, puppet: Puppet, aus: Aus) -> Aus:
    """The change that leaves the face with `aus` {code: (left, right)} alone; none of them is a neutral face. Where `aus` part the lips without
    AU25, they part as far as that goes."""
    before = shown(photo, fit, puppet)
    if "AU25" not in aus and {*PARTING, "AU26", "AU27"} & set(aus):
        del before["AU25"]
    wanted = {code: aus.get(code, (0.0, 0.0)) for code in before}
    return {code: (wanted[code][0] - left, wanted[code][1] - right) for code, (left, right) in before.items()}


def driven(photo: Photo, fit: Fit, change: Aus, puppet: Puppet, rng: np.random.Generator) -> Driven:
    """The photo, in its own size, with every unit's level changed by `change` {code: (left, right)}, within 0-5; {} is the null edit.

    FacewiseError where eyes shall open wider than the photo can show: what closed lids hide is not in it."""
    before = shown(photo, fit, puppet)
    after = {code: _raised(sides, change.get(code, (0.0, 0.0))) for code, sides in before.items()}
    if max(after["AU27"]):
        after["AU26"] = (0.0, 0.0)  # one jaw
    moved = {code: sides for code, sides in after.items() if sides != before[code]}
    if {"AU26", "AU27"} & set(moved):
        moved |= {code: after[code] for code in ("AU26", "AU27")}
    weights = weights_at(puppet.model, moved, fit.weights)
    slits = moved_slits(photo, puppet.model, fit, weights)
    if "AU25" in change:
        weights, slits = _parted(photo, fit, puppet, weights, slits[0], before["AU25"][0], after["AU25"][0])
    after["AU25"] = _parting(slits[0].after, photo)
    at = scene(photo, fit, weights, slits, puppet, sample_placement(photo, rng))
    pixels = _with_openings(at, puppet, _skin(at, puppet, before, after, rng))
    mask = np.clip((np.linalg.norm(at.source - at.still, axis=2) - MOVED_PX) / MOVED_PX, 0, 1)
    did = {
        code: (after[code][0] - left, after[code][1] - right)
        for code, (left, right) in before.items()
        if after[code] != (left, right)
    }
    return Driven(np.clip(pixels, 0, 1), mask.astype(np.float32), before, after, did)


def _raised(sides: Sides, by: Sides) -> Sides:
    left, right = (float(np.clip(level + more, 0, 5)) for level, more in zip(sides, by, strict=True))
    return left, right


def _parting(lips: Rims, photo: Photo) -> Sides:
    level = float(np.searchsorted(LIP_GAP_IOD, lips.open_px / photo.iod))
    return level, level


def _parted(
    photo: Photo, fit: Fit, puppet: Puppet, weights: np.ndarray, lips: Slit, before: float, after: float
) -> tuple[np.ndarray, list[Slit]]:
    """Lips open as far as AU25 wants them, half of it by the jaw where more is wanted than the other movements open."""
    wanted = lips.before.open_px if after == before else np.interp(after, range(6), PARTED_IOD) * photo.iod
    weights = weights.copy()
    more = max(0.0, wanted - lips.after.open_px) / photo.iod
    weights[puppet.model.movements.index(JAW)] += 0.5 * more / JAW_PARTS_IOD
    opened = moved_slits(photo, puppet.model, fit, weights)[0].after.open_px
    return weights, moved_slits(photo, puppet.model, fit, weights, wanted - opened if after else -photo.iod)


def _skin(at: Scene, puppet: Puppet, before: Aus, after: Aus, rng: np.random.Generator) -> np.ndarray:
    """The skin where it is now, in the light that falls on it there, with the furrows of `after`."""
    skin = cv2.remap(_closed(at), at.source, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    plain = puppet.plain & (at.before.normals[:, 2] > 0.2)
    light = light_of(at.photo.pixels, at.before.flat[plain], at.before.normals[plain])
    ratio = relit(light, at.before.normals, at.after.normals)
    values = np.concatenate([ratio[:, None], puppet.plain[:, None], puppet.paint.texel[puppet.skin]], 1).astype(np.float32)
    field = interpolated(at.owner, at.bary, puppet.triangles, values)
    lit = cv2.GaussianBlur(1 + (field[..., 0] - 1) * at.face, (0, 0), MELLOW_IOD * at.photo.iod)
    bare, texels = field[..., 1] * at.face, np.ascontiguousarray(field[..., 2:])
    deeper = furrowed(puppet.paint, before, after, light, texels, at.photo.iod, rng)
    skin *= lit[..., None]
    skin = uncreased(skin, creased(puppet.paint, before, after, texels, at.photo.iod), bare, at.photo.iod)
    return skin * (1 + (deeper - 1) * at.face)[..., None]


def _closed(at: Scene) -> np.ndarray:
    """The photo with skin where a slit that changes was open, or its rim would carry teeth or eye along."""
    pixels = at.photo.pixels
    for slit in at.slits:
        if (amount := slit.stirred(at.photo.iod)) > STIRRED:
            rows, columns = window = window_of(slit, at.photo.iod, pixels.shape)
            rim = LIP_RIM_IOD if slit.name == "mouth" else EYE_RIM_IOD
            size = columns.stop - columns.start, rows.stop - rows.start
            opened = slit.before.opening((columns.start, rows.start), size, rim * amount * at.photo.iod)
            pixels = pixels.copy()
            pixels[window] = filled(pixels[window], 1 - opened, 4)
    return pixels


def _with_openings(at: Scene, puppet: Puppet, pixels: np.ndarray) -> np.ndarray:
    """What is seen through the slits that move, and what their lids or lips do where they meet."""
    for slit in at.slits:
        rows, columns = window = window_of(slit, at.photo.iod, pixels.shape)
        places, still, skin = pixels_of(window), at.still[window], pixels[window]
        if slit.name == "mouth":
            skin = lip_line(slit, at.photo, places, skin)
            behind = mouth(slit, at.photo, cavity(slit, at.photo, puppet, *inner_mouth(at, puppet), places), still)
        else:
            skin = lash_line(slit, at.photo, places, smooth_lid(slit, at.photo, places, skin))
            raised = (at.placement.forth(slit.before.upper) - slit.after.upper) @ slit.after.down
            behind = eyeball(slit, at.photo, places, still, raised)
        opened = slit.after.opening((columns.start, rows.start), (places.shape[1], places.shape[0]))
        pixels[window] = skin + opened[..., None] * (behind - skin)
    return pixels
