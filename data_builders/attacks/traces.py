"""How visible the traces of paper are at the scale that a model sees: the rim of a cut, the pattern of its print.

Both are measured apart from what looks like them: the rim from edges that were there before and from texture that crosses it,
the pattern from what it does to the tones about it.
"""

import cv2
import numpy as np

from ..synthesis.photo import JUST_VISIBLE, SEEN_IOD_PX, seen
from .staging import STEP

RIM_PX, ALONG_PX, PATTERN_PX = 1.1, 1.5, 3.0  # there: beside a rim, along it, of a pattern


def rim_added(finished: np.ndarray, before: np.ndarray, mask: np.ndarray, iod_px: float) -> float:
    """Visibility 0-1 of the rim of `mask` in `finished` [h, w, 3] beyond the edges that `before` has there:
    the step from just inside to just outside, kept where it goes on along the rim, which texture does not."""
    inside, *pictures = (_as_seen(picture, iod_px) for picture in (np.asarray(mask, np.float32), finished, before))
    share = cv2.GaussianBlur(inside, (0, 0), RIM_PX)
    rim = ((share > 0.25) & (share < 0.75)).astype(np.float32)
    if not rim.any():
        return 0.0
    near = cv2.GaussianBlur(rim, (0, 0), ALONG_PX)
    steps = [_strength(_along(rim, near, _across(np.sqrt(picture), inside, share))) for picture in pictures]
    return seen(float(np.clip(steps[0] - steps[1], 0, 2 * STEP)[rim > 0].mean()), STEP)


def _across(tones: np.ndarray, inside: np.ndarray, share: np.ndarray) -> np.ndarray:
    """What lies just inside less what lies just outside, [h, w, 3]."""
    within = cv2.GaussianBlur(tones * inside[..., None], (0, 0), RIM_PX) / np.maximum(share, 0.1)[..., None]
    beyond = cv2.GaussianBlur(tones * (1 - inside[..., None]), (0, 0), RIM_PX) / np.maximum(1 - share, 0.1)[..., None]
    return within - beyond


def _along(rim: np.ndarray, near: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(steps * rim[..., None], (0, 0), ALONG_PX) / np.maximum(near, 1e-3)[..., None]


def _strength(steps: np.ndarray) -> np.ndarray:
    return np.sqrt((steps**2).mean(2))


def _as_seen(picture: np.ndarray, iod_px: float) -> np.ndarray:
    """At the scale that a model sees, 0-1."""
    shrink = min(1.0, SEEN_IOD_PX / iod_px)
    size = tuple(max(8, int(n * shrink)) for n in picture.shape[1::-1])
    return np.clip(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), 0, 1)


def pattern_visibility(structured: np.ndarray, plain: np.ndarray, where: np.ndarray, iod_px: float) -> float:
    """Visibility 0-1 of what is finer in `structured` than in `plain` [h, w, 3], within `where` [h, w]."""
    inside = _as_seen(where, iod_px) > 0.3
    if not inside.any():
        return 0.0
    difference = np.sqrt(_as_seen(structured, iod_px)) - np.sqrt(_as_seen(plain, iod_px))
    pattern = difference - cv2.GaussianBlur(difference, (0, 0), PATTERN_PX)
    return seen(float(np.sqrt((pattern[inside] ** 2).mean())), JUST_VISIBLE)
