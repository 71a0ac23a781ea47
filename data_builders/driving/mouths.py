"""The inside of a mouth that a photo does not show, or only a part of: the rig's teeth, gums and tongue, dim, in the photo's light.

Where the photo shows teeth they stay: upper teeth do not move with the face. Nothing behind the lips is ever brighter than they allow.
"""

import cv2
import numpy as np

from ..rig.raster import rasterise
from ..synthesis.photo import Photo
from .bending import filled, interpolated
from .puppet import Placed, Puppet
from .slits import TOUCHING_PX, Slit, seen_rims

FINER = 2
TEETH, FLESH = (0.62, 0.56, 0.47), (0.3, 0.085, 0.08)  # linear reflectances
SCLERA = (0.5, 0.46, 0.43)
FRONT_CM, BACK_CM = 10.5, 4.0  # depth in the head at which light comes in freely and hardly at all
SPREAD_IOD = 0.03  # how far the photo's own teeth are continued where more of them shows
RIM_IOD = 0.008  # of the opening in the photo that may be lip
LINE_IOD = 0.006
OPEN_IOD = 0.1  # an opening from which light comes in freely


def mouth(slit: Slit, photo: Photo, behind: np.ndarray, still: np.ndarray) -> np.ndarray:
    """`behind` [h, w, 3], what the rig has there, under what the photo shows between the lips at px `still` [h, w, 2]."""
    height, width = photo.pixels.shape[:2]
    rim = -RIM_IOD * photo.iod * slit.stirred(photo.iod)
    had = cv2.remap(slit.before.opening((0, 0), (width, height), rim), still, None, cv2.INTER_LINEAR)
    if had.max() < 0.9:
        return behind
    inside = (had > 0.98).astype(np.float32)
    shown = cv2.remap(photo.pixels, still, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    near = 2.5 * cv2.GaussianBlur(inside, (0, 0), SPREAD_IOD * photo.iod)
    u, v = slit.before.along(still)
    near *= np.clip(slit.before.heights(u)[1] - v + 0.5, 0, 1)  # the teeth end behind the lower lip that bared them
    own = np.where(inside[..., None] > 0, shown, filled(shown, inside, 4))
    return behind + np.clip(np.maximum(had, near), 0, 1)[..., None] * (own - behind)


def cavity(slit: Slit, photo: Photo, puppet: Puppet, inner: Placed, depth_cm: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rig's teeth, gums and tongue, `depth_cm` [i] in the head, at px `places` [h, w, 2]: linear light [h, w, 3]."""
    height, width = places.shape[:2]
    if slit.after.open_px <= TOUCHING_PX:
        return np.zeros((height, width, 3), np.float32)
    flat = ((inner.flat - places[0, 0] + 0.5) * FINER - 0.5).astype(np.float32)
    owner, bary, _ = rasterise(flat, inner.depth, puppet.inner_triangles, width * FINER, height * FINER)
    matter = np.where(puppet.teeth[:, None], np.array(TEETH, np.float32), np.array(FLESH, np.float32))
    deep = np.clip((depth_cm - BACK_CM) / (FRONT_CM - BACK_CM), 0.05, 1) ** 1.5
    facing = 0.45 + 0.55 * np.clip(inner.normals[:, 2], 0, 1)
    lit = (matter * (deep * facing)[:, None] * white(photo)).astype(np.float32)
    colours = interpolated(owner, bary, puppet.inner_triangles, lit)
    return cv2.resize(colours, (width, height), interpolation=cv2.INTER_AREA) * _reach(slit, photo, places)


def lip_line(slit: Slit, photo: Photo, places: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`pixels` [h, w, 3] with the dark line between lips that were open and have closed."""
    u, v = slit.after.along(places)
    top, bottom = slit.after.heights(u)
    width = slit.after.width
    line = (v - (top + bottom) / 2) / max(0.6, LINE_IOD * photo.iod)
    shut = slit.closing * np.clip(1 - (bottom - top) / (0.02 * photo.iod), 0, 1)
    within = np.clip(np.minimum(u, width - u) / (0.1 * width) + 0.5, 0, 1)
    dark = 0.6 * np.exp(-(line**2) / 2) + 0.2 * np.exp(-(line**2) / 18)
    return pixels * (1 - dark * shut * within)[..., None].astype(np.float32)


def white(photo: Photo) -> np.ndarray:
    """The light [3] by which a white thing in this face would be seen, from the whites of the eyes."""
    height, width = photo.pixels.shape[:2]
    eyes = [seen_rims(photo, name).opening((0, 0), (width, height)) for name in ("right eye", "left eye")]
    seen = photo.pixels[np.maximum(*eyes) > 0.95]
    if len(seen) < 8:
        return np.full(3, float(np.percentile(photo.pixels, 90)))
    order = np.argsort(seen.sum(1))
    bright = seen[order[int(0.75 * len(order)) : int(0.97 * len(order)) + 1]].mean(0)
    return np.clip(bright / np.array(SCLERA), 0.02, 1.6)


def _reach(slit: Slit, photo: Photo, places: np.ndarray) -> np.ndarray:
    """How much light comes in [h, w, 1]: less through a narrow slit, behind the upper lip and in the corners."""
    u, v = slit.after.along(places)
    top, bottom = slit.after.heights(u)
    opened = np.clip(slit.after.open_px / (OPEN_IOD * photo.iod), 0.15, 1)
    under = 1 - 0.6 * np.exp(-np.maximum(0, v - top) / (0.02 * photo.iod))
    here = np.clip(np.maximum(0, bottom - top) / (0.06 * photo.iod), 0.1, 1)
    return (0.75 * opened * under * here)[..., None].astype(np.float32)
