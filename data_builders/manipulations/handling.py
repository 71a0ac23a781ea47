"""What handling leaves on a picture without changing what it shows: tint, filters, a generator's small output, JPEG.

A forgery has it in one region, a genuine picture may have it all over; both take it from here. Pictures are tones float32 [h,
w, 3], 0-1.
"""

import cv2
import numpy as np


def tinted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, saturation and tint, each a little: 3 to 8 levels of 100."""
    signs = rng.choice([-1, 1], 3)
    brightness, contrast, saturation = (signs * rng.uniform([0, 0, 0], [0.05, 0.12, 0.3])).tolist()
    tint = rng.normal(0, 0.02, 3)
    vivid = (1 + contrast) * ((1 + saturation) * np.eye(3) - saturation / 3)
    middle = np.array(cv2.mean(picture)[:3])
    return cv2.transform(picture, np.column_stack([vivid, middle - vivid @ middle + brightness + tint]))


def refiltered(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fewer pixels there and back, or sharpened, or as it is."""
    kind = rng.random()
    height, width = picture.shape[:2]
    if kind < 0.55:
        share = 1 / rng.uniform(1.3, 3.5)
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR if kind < 0.3 else cv2.INTER_CUBIC)
    if kind < 0.8:
        return picture + np.float32(rng.uniform(0.4, 1.2)) * (picture - cv2.GaussianBlur(picture, (0, 0), 1.2))
    return picture


def through_generator(picture: np.ndarray, iod_px: float, rng: np.random.Generator) -> np.ndarray:
    """What a generator's small output and its storage leave of a face: fewer pixels, sometimes blocks, a smoothed or a noisy
    skin."""
    height, width = picture.shape[:2]
    share = min(1.0, np.exp(rng.uniform(np.log(28), np.log(90))) / iod_px)
    size = (max(8, round(width * share)), max(8, round(height * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if share < 1 else picture
    if rng.random() < 0.3:
        small = compressed(small, int(rng.integers(25, 85)))
    grown_ = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) if share < 1 else small
    kind = rng.random()
    if kind < 0.2:
        return cv2.bilateralFilter(np.ascontiguousarray(grown_), 5, rng.uniform(0.04, 0.12), 3)
    if kind < 0.35:
        return grown_ + rng.standard_normal(grown_.shape, np.float32) * np.float32(rng.uniform(0.006, 0.025))
    return grown_


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """Tones [h, w, 3] after a JPEG file."""
    file = cv2.imencode(".jpg", eight_bit(picture)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))[..., ::-1].astype(np.float32) / 255


def eight_bit(picture: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
