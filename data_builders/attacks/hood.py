"""What a mask of rubber or a mannequin has beyond the face: forehead, ears and throat, found as the skin about the shell and
lit as in the photo."""

import cv2
import numpy as np

from ..synthesis.photo import Photo
from .head import head
from .pigment import Skin, brightness, surely_skin
from .shell import Matter, Shell, shaded

BUST = (0.45, 0.5, 1.1)  # IOD beside, above and below the face
# In a head's axes: middle and reach of the forehead and the ears; the outline of the throat, whose lower corners are moved down.
UPPER_HEAD = (((0, -0.42, 0.05), (0.8, 0.58)), ((-0.88, 0.12, 0.75), (0.13, 0.32)), ((0.88, 0.12, 0.75), (0.13, 0.32)))
THROAT = ((-0.72, 0.65, 0.6), (-0.62, 1.15, 0.5), (-0.6, 1.25, 0.65), (0.6, 1.25, 0.65), (0.62, 1.15, 0.5), (0.72, 0.65, 0.6))


def hooded(
    photo: Photo, form: Shell, skin: Skin, albedo: np.ndarray, matter: Matter, neck: float
) -> tuple[np.ndarray, np.ndarray]:
    """(share [h, w], light [h, w, 3]) of the shell and of what it has beyond the face: the skin of forehead, ears and `neck`
    IOD below the jaw takes its colour, lit as the photo shows it."""
    share = _covered(photo, form, skin, neck)
    _, smooth = brightness(skin)
    inner = shaded(form, skin.light, albedo, matter)
    outer = smooth[..., None] * albedo * skin.light.white
    inner *= _as_lit(outer, inner, (share * form.share * skin.share > 0.8).astype(np.float32), form.iod)[..., None]
    steps = max(1, round(0.05 * form.iod))
    within = cv2.GaussianBlur(cv2.erode(form.share, np.ones((3, 3)), iterations=steps), (0, 0), steps)
    near_both = np.clip(8 * cv2.GaussianBlur(np.maximum(0, share - form.share), (0, 0), steps), 0, 1)
    return share, outer + (1 - near_both * (1 - within))[..., None] * (inner - outer)


def _as_lit(seen: np.ndarray, drawn: np.ndarray, known: np.ndarray, iod_px: float) -> np.ndarray:
    """The smooth factor [h, w] that takes the light of `drawn` to that of `seen` where skin is `known`: shadows that a fitted
    lamp does not cast."""
    size = tuple(max(8, round(n * 12 / iod_px)) for n in known.shape[1::-1])
    whole = known.shape[::-1]
    seen, drawn = (cv2.resize(x * known, size, interpolation=cv2.INTER_AREA) for x in (seen[..., 1], drawn[..., 1]))
    seen, drawn = (cv2.GaussianBlur(x, (0, 0), 2.0) + np.float32(1e-3) for x in (seen, drawn))
    return cv2.resize(np.clip(seen / drawn, 0.5, 1.7), whole)


def _covered(photo: Photo, form: Shell, skin: Skin, neck: float) -> np.ndarray:
    """The share [h, w] of the shell with the skin of forehead, ears and throat about it, with the smooth hard edge that paint
    and rubber have."""
    wearer, corner = head(photo), np.array([skin.window[1].start, skin.window[0].start], np.float32)
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    disc = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1)
    upper = [wearer.projected(np.array(middle) + disc * [*reach, 0]) - corner for middle, reach in UPPER_HEAD]
    lowered = np.array(THROAT) + np.array([0, neck, 0]) * (np.array(THROAT)[:, 1:2] > 1.2)
    throat = skin.within(wearer.projected(lowered) - corner)
    certain, possible = surely_skin(skin)
    size = skin.shape[::-1]
    low = cv2.resize(form.share, (size[0] // 4 + 1, size[1] // 4 + 1), interpolation=cv2.INTER_AREA)
    chin = cv2.resize(cv2.dilate(low, _disc(0.05 * form.iod)), size)
    bare = np.maximum(skin.within(*upper) * certain, throat * np.maximum(certain, chin * possible))
    whole = cv2.morphologyEx(np.maximum(form.share, bare), cv2.MORPH_CLOSE, _disc(0.06 * form.iod))
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, _disc(0.04 * form.iod))
    return np.maximum(form.share, np.clip((cv2.GaussianBlur(whole, (0, 0), 0.02 * form.iod) - 0.5) * 4 + 0.5, 0, 1))


def _disc(radius_px: float) -> np.ndarray:
    side = 2 * max(1, round(radius_px)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
