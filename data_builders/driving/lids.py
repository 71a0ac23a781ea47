"""Lids that close over an eye or open further, out of what the photo shows: skin from above, and the eyeball's lower half for its upper.

A closing lid carries its rim and lashes down and stretches the skin up to its fold, which is too little for a whole lid: streaks are
smoothed away, and its tone is that of the skin below the eye.
"""

import cv2
import numpy as np

from ..synthesis.photo import Photo
from .bending import filled
from .slits import Rims, Slit

BROWS = {"right eye": (55, 65, 52, 53, 46), "left eye": (285, 295, 282, 283, 276)}  # their lower edges
IRISES = {"right eye": 468, "left eye": 473}
LID_SHARE, LID_IOD = 0.4, (0.045, 0.1)  # of the way to the brow
RIM_IOD = 0.016  # what goes with the lid's rim unstretched: lashes and their shadow
SHADOW_IOD = 0.03  # that a lid casts on the ball
LID_TONE = 0.92  # of a closed lid, against the skin below the eye
CHEEK_IOD = (0.04, 0.1)  # where that is
WET_IOD = 0.012  # the lower lid's edge
LINE_IOD, LASHES_IOD = 0.008, 0.022  # half width of the line between closed lids, length of the lashes below it


def lid_shift(slit: Slit, photo: Photo, places: np.ndarray, shift: np.ndarray, known: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The shift [h, w, 2] above the upper rim at px `places` [h, w, 2]: the rim's own there, `shift` where it is `known` [h, w] and beyond
    the lid. `back` [k, 2] takes the new rim to where it is in the photo, both before the picture was placed anew."""
    u, v = slit.after.along(places)
    rim_v, _ = slit.after.heights(u)
    above = rim_v - v
    rim_u, _ = slit.after.along(slit.after.upper)
    own = np.stack([np.interp(u, rim_u, back[:, k]) for k in range(2)], 2)
    reach = lid_height(slit, photo) + np.interp(u, rim_u, np.maximum(0, -back @ slit.after.down))
    beside = np.maximum(0, np.maximum(-u, u - slit.after.width)) / (0.08 * photo.iod)
    rim = RIM_IOD * photo.iod
    share = np.clip((reach - above) / np.maximum(1, reach - rim), 0, 1) * np.clip(1 - beside, 0, 1)
    far = filled(shift, known * ((above > reach) | (beside > 0)).astype(np.float32), 4)
    return (far + share[..., None] * (own - far)).astype(np.float32)


def lid_height(slit: Slit, photo: Photo) -> float:
    """px of skin over the upper rim that stretch when it closes: up to the fold, wherever that is."""
    _, brow = slit.before.along(photo.points[list(BROWS[slit.name]), :2])
    _, rim = slit.before.along(slit.before.upper)
    return float(np.clip(LID_SHARE * (np.median(rim) - np.median(brow)), *np.multiply(LID_IOD, photo.iod)))


def eyeball(slit: Slit, photo: Photo, places: np.ndarray, still: np.ndarray, raised: np.ndarray) -> np.ndarray:
    """Linear light [h, w, 3] of the ball at px `places`, which the photo shows at `still`. What a rising lid bares, by `raised` [k] px along
    its rim, is taken from below, as far from the pupil; the lid's shadow goes with it."""
    u, v = slit.before.along(still)
    top, bottom = slit.before.heights(u)
    rim_u, _ = slit.before.along(slit.before.upper)
    bared = np.clip(np.interp(u, rim_u, raised) / (SHADOW_IOD * photo.iod), 0, 1)
    own = np.minimum(v, np.maximum(bottom - WET_IOD * photo.iod, top))
    shown = _remapped(photo, still + (own - v)[..., None] * slit.before.down)
    if not bared.any():
        return shown
    over = np.clip((top + SHADOW_IOD * photo.iod * bared - v) / 2 + 0.5, 0, 1) * (bared > 0)
    after_u, after_v = slit.after.along(places)
    below_rim = np.maximum(0, after_v - slit.after.heights(after_u)[0])
    shadow = 0.55 * bared * np.exp(-below_rim / (0.6 * SHADOW_IOD * photo.iod))
    return ((shown + over[..., None] * (_from_below(slit, photo, still) - shown)) * (1 - shadow)[..., None]).astype(np.float32)


def _from_below(slit: Slit, photo: Photo, still: np.ndarray) -> np.ndarray:
    """For the ball at `still` [h, w, 2] what the photo shows as far from the pupil, as far down as it shows it, on both sides."""
    u, v = slit.before.along(still)
    pupil_u, pupil_v = slit.before.along(photo.points[IRISES[slit.name], :2].astype(np.float64))
    room = max(1.0, slit.before.heights(pupil_u)[1] - WET_IOD * photo.iod - pupil_v)
    beside, under = u - pupil_u, np.minimum(np.abs(v - pupil_v), 0.8 * room)
    away = np.sqrt(np.maximum(0, beside**2 + (v - pupil_v) ** 2 - under**2))
    across, down = slit.before.down[::-1] * (1, -1), slit.before.down
    fall = (pupil_v + under - v)[..., None] * down
    left, right = (_remapped(photo, still + (side * away - beside)[..., None] * across + fall) for side in (-1, 1))
    return left + np.clip(0.5 + beside / (0.03 * photo.iod), 0, 1)[..., None] * (right - left)


def smooth_lid(slit: Slit, photo: Photo, places: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`pixels` [h, w, 3] without the streaks and the shadow that stretching draws out of rim and lashes of a lid that closes."""
    u, v = slit.after.along(places)
    above = slit.after.heights(u)[0] - v
    inside = np.minimum(u, slit.after.width - u) / (0.05 * photo.iod)
    height, rim = lid_height(slit, photo), RIM_IOD * photo.iod
    closed = slit.closing * slit.before.open_px
    skin = (((above > 1.3 * rim) | (inside < 0)) & (above > 0)).astype(np.float32)
    blurred = [cv2.GaussianBlur(x, (0, 0), 0.035 * photo.iod, sigmaY=0.012 * photo.iod) for x in (pixels * skin[..., None], skin)]
    smooth = blurred[0] / np.maximum(blurred[1], 1e-3)[..., None]
    up = above / max(1.0, height + closed)  # 0 at the rim, 1 at the fold
    below = (v - slit.after.heights(u)[1]) / photo.iod
    cheek = (below > CHEEK_IOD[0]) & (below < CHEEK_IOD[1]) & (inside > 0)
    if cheek.any():
        smooth = _toned(smooth, np.median(pixels[cheek], 0).astype(np.float32), up)
    within = np.clip((above - rim) / (0.6 * rim), 0, 1) * np.clip((1 - up) / 0.3, 0, 1) * np.clip(inside, 0, 1)
    return pixels + np.float32(0.8 * slit.closing) * within[..., None].astype(np.float32) * (smooth - pixels)


def _toned(lid: np.ndarray, cheek: np.ndarray, up: np.ndarray) -> np.ndarray:
    """A lid in the tone of the skin below the eye, a little darker at the rim and its own at the fold; painted lids keep half of their paint."""
    tone = LID_TONE * cheek * (1 - 0.15 * np.exp(-((up / 0.2) ** 2)))[..., None].astype(np.float32)
    bare = np.clip((lid.mean(2) / max(1e-3, float(LID_TONE * cheek.mean())) - 0.15) / 0.25, 0.5, 1)
    return lid + (0.75 * bare * np.clip(2 * (1 - up), 0, 1))[..., None] * (tone - lid)


def lash_line(slit: Slit, photo: Photo, places: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """`pixels` [h, w, 3] with the dark line where closed lids meet, and the lashes that hang below it."""
    shut = np.clip((slit.closing - 0.6) / 0.4, 0, 1)
    u, v = slit.after.along(places)
    line = v - np.mean(slit.after.heights(u), axis=0)
    within = np.clip(np.minimum(u, slit.after.width - u) / (0.25 * slit.after.width) + 0.2, 0, 1)
    across = np.exp(-((line / (max(0.6, LINE_IOD * photo.iod) * (0.6 + 0.5 * within))) ** 2) / 2)
    hanging = 0.35 * (line > 0) * np.exp(-line / (0.5 * LASHES_IOD * photo.iod))
    share = np.float32(shut) * within * np.maximum(0.8 * across, hanging)
    return pixels + share[..., None].astype(np.float32) * (_lash_colour(slit.before, photo) - pixels)


def _lash_colour(rims: Rims, photo: Photo) -> np.ndarray:
    """The darkest that the photo shows along the upper rim."""
    offsets = np.linspace(-0.015, 0.015, 7)[:, None, None] * photo.iod * rims.down
    at = (rims.upper[1:-1] + offsets).reshape(-1, 1, 2).astype(np.float32)
    seen = cv2.remap(photo.pixels, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    order = np.argsort(seen.sum(1))
    return np.minimum(seen[order[: len(order) // 5]].mean(0), 0.4 * np.median(seen, 0))


def _remapped(photo: Photo, at: np.ndarray) -> np.ndarray:
    return cv2.remap(photo.pixels, at.astype(np.float32), None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
