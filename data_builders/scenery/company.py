"""Other people beside and behind somebody: a group, a crowd, whoever walks by. Hair, shoulders and other faces next to a face are no sign of an attack.

Who stands there is cut out of a photo of their own, smaller than the person in front, and enters behind that person or behind a print or a screen.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from ..synthesis.photo import Photo
from .matting import cut_out
from .scenes import Scene

SMALLER = (0.5, 0.85)  # than the face in front: theirs is never the picture's largest
APART = (1.5, 2.6)  # IOD of the face in front, from its middle to theirs
DEFOCUS = (0.0, 0.05)  # deviation, in the same unit; nobody stands exactly where the lens is focused


def accompanied(
    behind: Scene, others: Sequence[Photo], centre: tuple[float, float], iod_px: float, rng: np.random.Generator
) -> Scene:
    """`behind` with `others` to the left and right of a face at `centre` px. Who cannot be cut out stays away."""
    pixels = behind.pixels
    side = rng.choice([-1, 1])
    for number, other in enumerate(others):
        cut = cut_out(other)
        if cut.flaw:
            continue
        x = centre[0] + side * (-1) ** number * rng.uniform(*APART) * iod_px
        y = centre[1] + rng.normal(-0.2, 0.4) * iod_px
        placed = _placed(np.dstack([cut.person, cut.matte]), other, (x, y), iod_px * rng.uniform(*SMALLER), pixels.shape)
        soft = cv2.GaussianBlur(placed, (0, 0), 0.4 + rng.uniform(*DEFOCUS) * iod_px)
        matte = soft[..., 3:]
        lit = soft[..., :3] * behind.light * np.float32(2 ** rng.normal(0, 0.3))
        pixels = lit * matte + pixels * (1 - matte)
    return replace(behind, pixels=np.clip(pixels, 0, 1).astype(np.float32))


def _placed(cut: np.ndarray, other: Photo, middle: tuple[float, float], iod_px: float, shape: tuple[int, ...]) -> np.ndarray:
    """[h, w, 4]: their face at `middle`; what their photo's lower edge cuts off goes on below it as it is there."""
    scale = iod_px / other.iod
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    sized = cv2.resize(cut.astype(np.float32), None, fx=scale, fy=scale, interpolation=filter_)
    below = cv2.copyMakeBorder(sized, 0, shape[0], 0, 0, cv2.BORDER_REPLICATE)
    x, y = (there - scale * here for there, here in zip(middle, other.centre, strict=True))
    return cv2.warpAffine(below, np.array([[1, 0, x], [0, 1, y]], np.float32), shape[1::-1])
