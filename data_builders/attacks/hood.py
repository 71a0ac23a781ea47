"""What of a person a whole false head covers: all of head and hair, and the throat down to the clothes.

The matte of the person says where the head ends; long hair, which falls over the clothes, cannot be told from them, and such photos are
refused. Below the jaw the patch of skin that hangs on the chin is taken, with a smooth edge: a garment keeps no fragments. Where that
patch is torn the neck of the bust itself ends before the garment, as necks of mannequins and bibs of rubber masks do.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ..scenery.matting import matte_flaw, person_matte
from ..synthesis.camera import srgb
from ..synthesis.photo import Photo, resized
from .bust import Bust
from .head import head
from .pigment import Skin, surely_skin
from .shell import Shell, unit

HOOD = (0.75, 1.2, 1.1)  # IOD beside, above and below the face
MATTE_IOD_PX = 45.0  # heads are found on so small a picture
JAW = 1.2  # height in a bust's axes below which its neck begins
BESIDE = (0.55, 0.9)  # heights at which hair beside the jaw is long hair
LONG = 0.4  # IOD, its width on both sides together
LOWEST_HAIR, LOWEST = 0.55, 0.8  # heights below the eyes at which short hair and the head end
AROUND = 0.07  # IOD about the bust that is the person's head where the matte says so
BEARD = 0.06  # IOD that stands out from the jaw
HIDES = 0.035  # IOD by which a hood is larger than what is under it
TORN, COLLAR = 0.77, 1.8  # of the throat's convex hull must be skin, down to that height
LEFT = 0.45  # square IOD of skin that may stay, in shade or behind a collar
BEARD_ENDS, NECK_ENDS, NECK_SLANT = 1.5, 1.8, 0.35  # heights in a bust's axes; how much higher a neck ends behind
THROAT_REACH = (1.25, 2.6)  # IOD beside and below the eyes


@dataclass(frozen=True, eq=False)
class Hood:
    """On every second pixel: the share of `head` and of `throat` 0-1 that are covered, how far `up` and `across` each place is from
    between the eyes in IOD, `beyond` the bust's own outline 0-1."""

    head: np.ndarray
    throat: np.ndarray
    up: np.ndarray
    across: np.ndarray
    beyond: np.ndarray


def hooded(photo: Photo, skin: Skin, form: Bust) -> Hood:
    """Raises FacewiseError where the head cannot be told from hair, clothes or background."""
    rows, columns = form.above.shape
    matte = cv2.resize(_matte(photo)[skin.window], (columns, rows), interpolation=cv2.INTER_AREA)
    drawn = form.drawn
    up, across = _heights(photo, skin, (rows, columns))
    iod = photo.iod / 2
    near = cv2.dilate(drawn, _disc(AROUND * iod))
    beside = (-up > BESIDE[0]) & (-up < BESIDE[1]) & (near < 0.5) & (np.abs(across) < 1.6)
    if (width := float(matte[beside].sum()) / (iod**2 * (BESIDE[1] - BESIDE[0]))) > LONG:
        _refuse(f"long hair hangs beside the jaw, {width:.1f} inter-ocular distances wide")
    above = (-up < LOWEST) & (np.abs(across) < 1.5) & ((-up < 0.45) | (near > 0.5))
    own = _largest((matte > 0.35) & above)
    face = drawn * (form.places[..., 1] < JAW)
    jaw = cv2.dilate(face, _disc(BEARD * iod)) * (matte > 0.35) * (-up < JAW)
    skull = np.maximum.reduce([face, jaw, cv2.dilate(own, _disc(HIDES * iod))]).astype(np.float32)
    skull = _smoothed(_closed(skull, 0.1 * iod), 0.03 * iod)
    return Hood(skull, _throat(photo, skin, form, skull, iod), up, across, np.maximum(0, skull - drawn))


def covered(form: Bust, hood: Hood) -> tuple[Shell, np.ndarray]:
    """The bust as it fills the hood, beyond its own outline too; and the places [..., 3] in its own axes that are seen there."""
    shell, drawn = form.form, form.drawn
    share = cv2.resize(np.maximum(hood.head, hood.throat), shell.share.shape[::-1])
    carried = np.concatenate([shell.normals, shell.sky[..., None], form.places], 2)
    carried = _continued(carried, drawn, shell.iod / 2)
    normals = unit(carried[..., :3])
    return replace(shell, share=share, normals=normals, sky=carried[..., 3]), carried[..., 4:]


def _continued(values: np.ndarray, known: np.ndarray, iod_px: float) -> np.ndarray:
    """`values` [h, w, c] where they are `known` [h, w], and beyond what they are near by; what is that smooth is computed on fewer pixels."""
    rows, columns = known.shape
    weight = cv2.erode(known, np.ones((3, 3), np.uint8), iterations=2, borderValue=1)
    carried = [np.ascontiguousarray(x[1::4, 1::4]) for x in (values * weight[..., None], weight)]
    near, far = ([cv2.GaussianBlur(x, (0, 0), reach * iod_px / 4) for x in carried] for reach in (0.04, 0.25))
    mean = (near[0] + 1e-3 * far[0]) / np.maximum(1e-7, near[1] + 1e-3 * far[1])[..., None]
    return np.where(weight[..., None] > 0, values, cv2.resize(mean, (columns, rows))).astype(np.float32)


def _matte(photo: Photo) -> np.ndarray:
    small = resized(photo, MATTE_IOD_PX / photo.iod)
    matte = person_matte(np.rint(255 * srgb(small.pixels)).astype(np.uint8))
    if flaw := matte_flaw(small, matte):
        _refuse(flaw)
    return cv2.resize(matte, photo.pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _refuse(why: str) -> None:
    raise FacewiseError(f"the person's head cannot be covered whole: {why}; take another photo")


def _heights(photo: Photo, skin: Skin, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    wearer = head(photo)
    down = wearer.rotation[:2, 1] / np.linalg.norm(wearer.rotation[:2, 1])
    y, x = np.indices(size, np.float32)
    x = 2 * x + skin.window[1].start - wearer.origin[0]
    y = 2 * y + skin.window[0].start - wearer.origin[1]
    return -(x * down[0] + y * down[1]) / wearer.iod, (x * down[1] - y * down[0]) / wearer.iod


def _throat(photo: Photo, skin: Skin, form: Bust, skull: np.ndarray, iod: float) -> np.ndarray:
    """The skin that hangs on the chin."""
    rows, columns = form.above.shape
    small = Skin(skin.window, skin.photo, skin.light, cv2.resize(skin.off, (columns, rows)), skin.share, skin.blur)
    certain, possible = surely_skin(small)
    up, across = _heights(photo, skin, (rows, columns))
    neck = form.places[..., 1] >= JAW
    chin = cv2.dilate((skull > 0.5).astype(np.float32), _disc(0.08 * iod))
    bare = np.maximum(certain, possible * chin * neck)
    bare = (bare > 0.5) & (np.abs(across) < THROAT_REACH[0]) & (-up > 0.8) & (-up < THROAT_REACH[1])
    bare = cv2.morphologyEx(_closed(bare.astype(np.float32), 0.13 * iod), cv2.MORPH_OPEN, _disc(0.09 * iod))
    throat = _largest(np.maximum(bare, skull > 0.5) > 0.5) * (-up > 1.0)
    outline, neckline = _outline(throat), _outline(throat * (-up < COLLAR))
    shaven = (throat + (skull > 0.5))[under].mean() if (under := neck & (form.places[..., 1] < BEARD_ENDS)).any() else 0
    if cv2.contourArea(neckline) <= TORN * cv2.contourArea(cv2.convexHull(neckline)) or shaven < 0.5:
        whole = neck & (form.places[..., 1] + NECK_SLANT * (form.places[..., 2] - 0.5) < NECK_ENDS)
    else:
        whole = cv2.fillPoly(np.zeros(up.shape, np.uint8), [outline], 1) > 0
    if (left := float((throat * (1 - whole)).sum()) / iod**2) > LEFT:
        _refuse(f"{left:.1f} square inter-ocular distances of skin would be left beside the throat")
    return _smoothed(np.maximum(whole, (skull > 0.5) & (-up > 0.7)), 0.05 * iod)


def _outline(where: np.ndarray) -> np.ndarray:
    """Of the largest part, [n, 1, 2] px; three times the corner where there is none."""
    outlines, _ = cv2.findContours(where.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(outlines, key=cv2.contourArea, default=np.zeros((3, 1, 2), np.int32))


def _closed(where: np.ndarray, radius_px: float) -> np.ndarray:
    """Morphologically closed; what ends short of the picture's edge does not grow into it."""
    around = 2 * round(radius_px) + 2
    padded = cv2.copyMakeBorder(where, around, around, around, around, cv2.BORDER_REPLICATE)
    return cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _disc(radius_px))[around:-around, around:-around]


def _largest(where: np.ndarray) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8))
    if count < 2:
        return np.zeros(where.shape, np.float32)
    return (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.float32)


def _smoothed(where: np.ndarray, reach_px: float) -> np.ndarray:
    soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), max(0.8, reach_px))
    return np.clip((soft - 0.5) * 3 * max(0.8, reach_px) + 0.5, 0, 1)


def _disc(radius_px: float) -> np.ndarray:
    side = 2 * max(1, round(radius_px)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
