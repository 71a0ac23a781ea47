"""What every forger's tool does with two faces on one grid: outline a region, match colours, blend, and leave traces of it.

Work is done in display tones, as those tools do; square-root tones stand for them, because they come back to linear light
without loss. Outside of its mask a forgery is the photo, bit for bit.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..attacks.head import BROWS, EYES, FACE_OVAL, OUTER_LIPS, coverage, grown, smooth_ring
from ..synthesis.photo import SEEN_IOD_PX, Attack, Photo, cropped, seen, visibility
from .handling import eight_bit

STEP = 0.02  # a step in tones along a rim that is just visible on skin
RIM_IOD = 0.04  # the width of a rim
NOTHING = 1 / 255  # a share of a pixel that no tool writes
ALTERED = 0.02  # a change of tone that can be seen; what moves on a flat background changes less
BEYOND_OVAL = 1.06
BRIDGED_IOD, ROUNDED_IOD = 0.22, 0.08  # gaps that are closed in what was altered, and how far its rim is smoothed
NOSE_TIP = 4
CHIN = (176, 148, 152, 377, 400)

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Workspace:
    """The part `box` (x1, y1, x2, y2) of a `photo` about its face: `face` is cut out there, `tones` float32 [h, w, 3] are its
    display tones."""

    photo: Photo
    box: Box
    face: Photo
    tones: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        return self.tones.shape[1], self.tones.shape[0]

    def finished(self, forged: np.ndarray, mask: np.ndarray, cues: dict[str, float]) -> Attack:
        """`forged` tones [h, w, 3] put back where `mask` [h, w] is not zero."""
        x1, y1, x2, y2 = self.box
        frame, whole = self.photo.pixels.copy(), np.zeros(self.photo.pixels.shape[:2], np.float32)
        frame[y1:y2, x1:x2] = np.where(mask[..., None] > 0, light(forged), self.face.pixels)
        whole[y1:y2, x1:x2] = mask
        return Attack(frame, whole, {name: amount for name, amount in cues.items() if amount > 0})


def workspace(photo: Photo, around_iod: float) -> Workspace:
    """About the points, `around_iod` more on each side, within the picture."""
    height, width = photo.pixels.shape[:2]
    low = np.floor(photo.points[:, :2].min(0) - around_iod * photo.iod).astype(int)
    high = np.ceil(photo.points[:, :2].max(0) + around_iod * photo.iod).astype(int) + 1
    x1, y1 = np.maximum(low, 0).tolist()
    x2, y2 = np.minimum(high, (width, height)).tolist()
    face = cropped(photo, (x1, y1, x2, y2))
    return Workspace(photo, (x1, y1, x2, y2), face, tones(face.pixels))


def tones(light_: np.ndarray) -> np.ndarray:
    return np.sqrt(np.clip(light_, 0, 1))


def light(tones_: np.ndarray) -> np.ndarray:
    return np.square(np.clip(tones_, 0, 1))


def outline(face: Photo, rng: np.random.Generator) -> np.ndarray:
    """The region [n, 2] px that a tool would cut: the face, the face without chin or forehead, the features' hull, an ellipse,
    seldom a box."""
    xy = face.points[:, :2]
    oval = xy[list(FACE_OVAL)]
    kind = rng.random()
    if kind < 0.4:
        ring = grown(oval, rng.uniform(0.88, 0.99))
    elif kind < 0.65:
        ring = grown(features_hull(face, CHIN if rng.random() < 0.4 else ()), rng.uniform(1.03, 1.2))
    elif kind < 0.93:
        ring = grown(_ellipse(oval), rng.uniform(0.82, 0.98))
    else:
        ring = grown(cv2.boxPoints(cv2.minAreaRect(_hull(xy[[*sum(BROWS, ()), *OUTER_LIPS]]))), rng.uniform(1.1, 1.3))
        return ring.astype(np.float32)
    return deformed(ring, rng, rng.uniform(0, 0.05))


def features_hull(face: Photo, also: tuple[int, ...] = ()) -> np.ndarray:
    """[36, 2] px about brows, eyes, nose and lips, and vertices `also`."""
    return _hull(face.points[[*sum(BROWS, ()), *sum(EYES, ()), *OUTER_LIPS, NOSE_TIP, *also], :2])


def deformed(ring: np.ndarray, rng: np.random.Generator, amount: float) -> np.ndarray:
    """A smooth ring whose distance from its middle swings by `amount` (one deviation)."""
    angle = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
    waves = [rng.normal(0, 1 / n) * np.cos(n * angle + rng.uniform(0, 2 * np.pi)) for n in range(1, 5)]
    middle = ring.mean(0)
    return smooth_ring(middle + (ring - middle) * (1 + amount * np.sum(waves, 0)[:, None]), 3)


def feathered(shape: tuple[int, ...], ring: np.ndarray, width_px: float, inwards: bool) -> np.ndarray:
    """The region's mask [h, w], 1 within and fading over about `width_px`, 0 at the border; `inwards` keeps the fading within
    the outline."""
    middle, reach = ring.mean(0), np.abs(ring - ring.mean(0)).mean()
    ring = middle + (ring - middle) * max(0.75, 1 - width_px / reach) if inwards else ring
    mask = softened(coverage(shape, [ring]), width_px)
    mask[[0, -1]] = mask[:, [0, -1]] = 0
    return mask


def softened(mask: np.ndarray, width_px: float) -> np.ndarray:
    """Blurred over `width_px`, without shares that no tool would write."""
    soft = cv2.GaussianBlur(mask, (0, 0), width_px / 2) if width_px > 0.6 else mask.copy()
    soft[soft < NOTHING] = 0
    return np.minimum(soft, 1)


def recoloured(theirs: np.ndarray, mine: np.ndarray, mask: np.ndarray, strength: float, spread: bool) -> np.ndarray:
    """`theirs` moved by `strength` (0-1) to the mean colour of `mine` under the mask and, with `spread`, to its deviation,
    channel by channel (Reinhard et al. 2001, without the change of axes)."""
    under = (mask > 0.5).astype(np.uint8)
    if not under.any():
        return theirs
    (mean, deviation), (wanted, goal) = (cv2.meanStdDev(x, mask=under) for x in (theirs, mine))
    gain = np.clip(goal / np.maximum(deviation, 1e-3), 0.7, 1.35) if spread else np.ones_like(mean)
    gain = 1 + strength * (gain - 1)
    return cv2.transform(theirs, np.hstack([np.diag(gain[:, 0]), (1 - gain) * mean + strength * (wanted - mean)]))


def without_seam(theirs: np.ndarray, mine: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`theirs` under the light of `mine`: Poisson blending (Perez et al. 2003). What it adds to `theirs` is a membrane as
    smooth as can be, so it is solved at half size."""
    half = tuple(max(8, n // 2) for n in mask.shape[::-1])
    region = np.where(cv2.resize(mask, half, interpolation=cv2.INTER_AREA) > 0.3, 255, 0).astype(np.uint8)
    region[[0, 1, -2, -1]] = region[:, [0, 1, -2, -1]] = 0
    x, y, width, height = cv2.boundingRect(region)
    if min(width, height) < 8:
        return theirs
    source, target = (eight_bit(cv2.resize(x, half, interpolation=cv2.INTER_AREA)) for x in (theirs, mine))
    cloned = cv2.seamlessClone(source, target, region, (x + width // 2, y + height // 2), cv2.NORMAL_CLONE)
    membrane = (cloned.astype(np.float32) - source) / 255
    within = (region > 0).astype(np.float32)
    share = cv2.GaussianBlur(within, (0, 0), 1.5)
    smooth = cv2.GaussianBlur(membrane * within[..., None], (0, 0), 1.5) / np.maximum(share, 1e-3)[..., None]
    return theirs + cv2.resize(smooth, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)


def mixed(mine: np.ndarray, theirs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`theirs` over `mine` [h, w, 3] by `mask` [h, w]."""
    window = window_of(mask)
    out = mine.copy()
    out[window] += mask[window][..., None] * (theirs[window] - mine[window])
    return out


def window_of(mask: np.ndarray) -> tuple[slice, slice]:
    """The upright box about what is not zero."""
    x, y, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    return slice(y, y + height), slice(x, x + width)


def altered(forged: np.ndarray, mine: np.ndarray, face: np.ndarray, iod_px: float) -> np.ndarray:
    """0-1 [h, w]: one region with a smooth rim about a face of points `face` [478, 3] px and what can be seen to differ about it
    between two pictures in tones [h, w, 3]; without holes."""
    change = cv2.GaussianBlur(as_seen(forged - mine, iod_px), (0, 0), 1.0)
    seen_scale = min(iod_px, SEEN_IOD_PX)
    ring = grown(face[list(FACE_OVAL), :2], BEYOND_OVAL) * np.array(change.shape[1::-1]) / mine.shape[1::-1]
    certain = coverage(change.shape, [ring]) > 0.5
    there = ((np.abs(change).max(2) > ALTERED) | certain).astype(np.uint8)
    there = cv2.morphologyEx(there, cv2.MORPH_CLOSE, _disc(BRIDGED_IOD * seen_scale), borderValue=0)
    there = cv2.morphologyEx(there, cv2.MORPH_OPEN, _disc(BRIDGED_IOD / 2 * seen_scale))
    contours, _ = cv2.findContours(there, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(there)
    for contour in contours:
        piece = cv2.drawContours(np.zeros_like(there), [contour], -1, 1, cv2.FILLED)
        if (piece.astype(bool) & certain).any():
            filled |= piece
    rounded = cv2.GaussianBlur(filled.astype(np.float32), (0, 0), ROUNDED_IOD * seen_scale)
    rounded = cv2.resize(rounded, mine.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(3 * rounded - 0.7, 0, 1)


def seam_visibility(forged: np.ndarray, mine: np.ndarray, mask: np.ndarray, iod_px: float) -> float:
    """0-1 by the mean step, across the mask's rim and at the scale that a model sees, of what the forgery changed; tones [h, w,
    3]."""
    inside, change = as_seen(mask, iod_px), as_seen(forged - mine, iod_px)
    sigma = RIM_IOD * min(iod_px, SEEN_IOD_PX)
    share = cv2.GaussianBlur(inside, (0, 0), sigma)
    rim = (share > 0.25) & (share < 0.75)
    if not rim.any():
        return 0.0
    within = cv2.GaussianBlur(change * inside[..., None], (0, 0), sigma)[rim] / share[rim, None]
    beyond = cv2.GaussianBlur(change * (1 - inside[..., None]), (0, 0), sigma)[rim] / (1 - share[rim, None])
    return seen(float(np.linalg.norm(within - beyond, axis=1).mean() / np.sqrt(3)), STEP)


def trace_visibility(forged: np.ndarray, without: np.ndarray, iod_px: float) -> float:
    """`visibility` of what sets two pictures in tones [h, w, 3] apart."""
    forged, without = (light(as_seen(picture, iod_px)) for picture in (forged, without))
    return visibility(forged, without, min(iod_px, SEEN_IOD_PX))


def as_seen(picture: np.ndarray, iod_px: float) -> np.ndarray:
    """Shrunk to the scale at which a model sees a face."""
    shrink = min(1.0, SEEN_IOD_PX / iod_px)
    size = tuple(max(8, int(n * shrink)) for n in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _disc(reach_px: float) -> np.ndarray:
    side = 2 * round(reach_px) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _hull(points: np.ndarray) -> np.ndarray:
    """[36, 2], evenly spaced along the convex hull."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    closed = np.concatenate([hull, hull[:1]])
    along = np.append(0, np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1)))
    at = np.linspace(0, along[-1], 36, endpoint=False)
    return np.column_stack([np.interp(at, along, closed[:, k]) for k in range(2)]).astype(np.float32)


def _ellipse(oval: np.ndarray) -> np.ndarray:
    (x, y), (first, second), degrees = cv2.fitEllipse(oval.astype(np.float32))
    angle, turn = np.linspace(0, 2 * np.pi, 36, endpoint=False), np.radians(degrees)
    a, b = first / 2 * np.cos(angle), second / 2 * np.sin(angle)
    return np.column_stack([x + a * np.cos(turn) - b * np.sin(turn), y + a * np.sin(turn) + b * np.cos(turn)]).astype(np.float32)
