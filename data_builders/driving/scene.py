"""One photo's face moved: where every pixel of the new picture finds its skin in the photo.

The finished picture lies on the photo a little turned, grown and shifted, edited or not: what is resampled once everywhere tells nobody
what was edited. Skin comes from the fitted mesh pulled onto the detector's points; above and below a slit the picture bends apart.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..rig.raster import rasterise
from ..synthesis.photo import Photo
from .bending import beyond, filled, interpolated, supple
from .fitting import Fit, seen_spots
from .lids import lid_shift
from .puppet import Placed, Puppet, bent, placed
from .slits import Rims, Slit, rim_spots

TURN_RAD, GROWTH, NUDGE_PX = 0.012, (0.02, 0.07), 0.5  # grown, so that no border shows
MOVED_PX = 0.05
WINDOW_IOD, FRAYED_IOD = 0.25, 0.08  # about a slit; where its bend joins the rest
HIDDEN_CM = 0.3


@dataclass(frozen=True, eq=False)
class Placement:
    """How the finished picture lies on the photo: new px = `turn` @ px + `offset`."""

    turn: np.ndarray
    offset: np.ndarray

    def forth(self, places: np.ndarray) -> np.ndarray:
        return places @ self.turn.T + self.offset

    def grid(self, size: tuple[int, int]) -> np.ndarray:
        """Where the photo shows each pixel of a picture of `size` (w, h), float32 [h, w, 2]."""
        back = np.linalg.inv(self.turn).astype(np.float32)
        x = np.arange(size[0], dtype=np.float32)[None, :] - np.float32(self.offset[0])
        y = np.arange(size[1], dtype=np.float32)[:, None] - np.float32(self.offset[1])
        return np.stack([back[0, 0] * x + back[0, 1] * y, back[1, 0] * x + back[1, 1] * y], 2)


@dataclass(frozen=True, eq=False)
class Scene:
    """Where the photo shows each pixel's place (`still` [h, w, 2]) and the skin that moves there (`source`). The skin `before` lies in px of
    the photo, `after` in the new picture, with its z-buffer `owner`, `bary`; `face` [h, w] is the share of skin that is known; `slits`
    are those that move, `after` in the new picture."""

    photo: Photo
    fit: Fit
    weights: np.ndarray
    placement: Placement
    still: np.ndarray
    source: np.ndarray
    before: Placed
    after: Placed
    owner: np.ndarray
    bary: np.ndarray
    face: np.ndarray
    slits: list[Slit]


def sample_placement(photo: Photo, rng: np.random.Generator) -> Placement:
    angle, growth = rng.uniform(-TURN_RAD, TURN_RAD), np.exp(rng.uniform(*GROWTH))
    turn = growth * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array(photo.centre)
    return Placement(turn, centre - turn @ centre + rng.uniform(-NUDGE_PX, NUDGE_PX, 2))


def scene(photo: Photo, fit: Fit, weights: np.ndarray, slits: list[Slit], puppet: Puppet, placement: Placement) -> Scene:
    """The fit's movements become `weights`, and the slits' rims go where `slits` say."""
    still = placement.grid(fit.size)
    before, moved = _skins(photo, fit, weights, slits, puppet)
    after = Placed(placement.forth(moved.flat).astype(np.float32), moved.depth, moved.normals)
    owner, bary, _ = rasterise(after.flat, after.depth, puppet.triangles, *fit.size)
    values = np.concatenate([before.flat, (puppet.face * _seen(before, puppet, fit.size))[:, None]], 1)
    field = interpolated(owner, bary, puppet.triangles, values.astype(np.float32))
    known = np.ascontiguousarray(field[..., 2])
    shift = (field[..., :2] - still) * (owner >= 0)[..., None]
    bend = beyond(shift, known, photo.iod)
    moving = []
    for slit in slits:
        if slit.moved_px > MOVED_PX:
            lying = Rims(placement.forth(slit.after.upper), placement.forth(slit.after.lower), slit.after.slack)
            moving.append(Slit(slit.name, slit.before, lying, slit.points))
            own = slit.before.upper - slit.after.upper
            _bend_apart(bend, moving[-1], own, photo, still, shift, known, owner, puppet)
    return Scene(photo, fit, weights, placement, still, still + bend, before, after, owner, bary, known, moving)


def pixels_of(window: tuple[slice, slice]) -> np.ndarray:
    """The pixels (x, y) [h, w, 2] of a window."""
    rows, columns = window
    x, y = (np.arange(part.start, part.stop, dtype=np.float32) for part in (columns, rows))
    return np.stack(np.meshgrid(x, y), 2)


def window_of(slit: Slit, iod_px: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """(rows, columns) about a slit, before and after."""
    corners = np.concatenate([slit.before.upper, slit.before.lower, slit.after.upper, slit.after.lower])
    x1, y1 = np.maximum(0, np.floor(corners.min(0) - WINDOW_IOD * iod_px)).astype(int).tolist()
    x2, y2 = np.minimum(shape[1::-1], np.ceil(corners.max(0) + WINDOW_IOD * iod_px)).astype(int).tolist()
    return slice(y1, y2), slice(x1, x2)


def inner_mouth(at: Scene, puppet: Puppet) -> tuple[Placed, np.ndarray]:
    """(teeth, gums and tongue in the new picture, their depth [i] in the head in cm); they lie behind the upper lip as the photo shows it."""
    mesh = bent(at.fit.person.neutral[puppet.inner], puppet.inner_deltas, at.weights)
    inner = placed(mesh, puppet.inner_triangles, at.fit)
    upper, _ = rim_spots(puppet.model.spots, "mouth")
    seen = at.photo.points[puppet.model.spots.points[upper], :2]
    missed = (seen - seen_spots(puppet.model, at.fit, at.fit.weights)[upper]).mean(0)
    flat = at.placement.forth(inner.flat + missed).astype(np.float32)
    return Placed(flat, inner.depth, inner.normals), mesh[:, 2]


def _skins(photo: Photo, fit: Fit, weights: np.ndarray, slits: list[Slit], puppet: Puppet) -> tuple[Placed, Placed]:
    """The skin before and after, both in px of the photo: pulled onto the detector's points and onto where the slits' rims go."""
    model = puppet.model
    seen = photo.points[model.spots.points, :2].astype(np.float64)
    spots, moved = seen_spots(model, fit, fit.weights), seen_spots(model, fit, weights)
    wanted = seen + moved - spots
    for slit in slits:
        for points, rim in zip(slit.points, (slit.after.upper, slit.after.lower), strict=True):
            wanted[points] = rim
    missed = puppet.pull @ np.concatenate([seen - spots, wanted - moved], 1).astype(np.float32)
    mesh = bent(fit.person.neutral[puppet.skin], puppet.deltas, fit.weights)
    skins = [placed(each, puppet.triangles, fit) for each in (mesh, bent(mesh, puppet.deltas, weights - fit.weights))]
    before, after = (
        Placed(skin.flat + missed[:, k : k + 2], skin.depth, skin.normals) for k, skin in zip((0, 2), skins, strict=True)
    )
    return before, after


def _seen(skin: Placed, puppet: Puppet, size: tuple[int, int]) -> np.ndarray:
    """Which vertices [v] the photo shows."""
    *_, nearest = rasterise(skin.flat, skin.depth, puppet.triangles, *size)
    column, row = np.clip(np.rint(skin.flat).astype(int), 0, np.array(size) - 1).T
    in_front = cv2.dilate(nearest, np.ones((3, 3), np.uint8))[row, column]
    return (skin.depth > in_front - HIDDEN_CM) & (skin.normals[:, 2] > 0.1)


def _sides(owner: np.ndarray, puppet: Puppet, name: str) -> np.ndarray:
    """-1 where a pixel [h, w] shows skin from above the slit, 1 from below, 0 elsewhere."""
    return np.where(owner >= 0, puppet.sides[name][puppet.triangles[owner, 0]], 0)


def _bend_apart(
    bend: np.ndarray,
    slit: Slit,
    own: np.ndarray,
    photo: Photo,
    still: np.ndarray,
    shift: np.ndarray,
    known: np.ndarray,
    owner: np.ndarray,
    puppet: Puppet,
) -> None:
    """In place: above a slit the bend is that of the skin above, below that of the skin below. `own` [k, 2] is the upper rim's."""
    window = window_of(slit, photo.iod, bend.shape)
    here, places = shift[window], pixels_of(window)
    u, v = slit.after.along(places)
    top, bottom = slit.after.heights(u)
    beside = (u < 0) | (u > slit.after.width)
    sides = _sides(owner[window], puppet, slit.name)
    found_u, found_v = slit.before.along(still[window] + here)
    above, below = slit.before.heights(found_u)
    upper = (known[window] * (((sides < 0) & (found_v < above - 0.3)) | beside)).astype(np.float32)
    lower = (known[window] * (((sides > 0) & (found_v > below + 0.3)) | beside)).astype(np.float32)
    over = filled(here, upper, 4) if slit.name == "mouth" else lid_shift(slit, photo, places, here, upper, own)
    apart = np.where((v > (top + bottom) / 2)[..., None], supple(filled(here, lower, 4), photo.iod), supple(over, photo.iod))
    inwards = [np.minimum(np.arange(n), np.arange(n)[::-1]) / (FRAYED_IOD * photo.iod) for n in u.shape]
    share = np.clip(np.minimum(inwards[0][:, None], inwards[1]), 0, 1).astype(np.float32)[..., None]
    bend[window] += share * (apart - bend[window])
