"""What becomes of a picture between the sensor and the file that is looked at: film and high ISO grain, denoising, sharpening with halos, "clarity", a
picture made smaller and larger again, stored twice.

Of live people and attacks alike (spoofs.py); faces and clips have none. Without it grain means a print and a halo means a screen: noise of 8
grey levels made three of four live portraits look like attacks, and photos from elsewhere have it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..manipulations.handling import compressed

FINISHED = 0.6  # of all pictures; of those each step has a share of its own
CONTRAST_SHARE, CONTRAST = 0.3, (0.8, 1.6)  # factor, about the middle
CLARITY_SHARE, CLARITY, CLARITY_PX = 0.25, (0.15, 0.7), (6.0, 24.0)
GRAIN_SHARE, GRAIN, GRAIN_PX = 0.45, (2 / 255, 16 / 255), (0.0, 1.3)
COLOURED = 0.4  # of grain: every colour has its own, as sensors have and film does not
SMOOTHED_SHARE, SMOOTHED = 0.3, (0.04, 0.25)
SMALLER_SHARE, SMALLER = 0.25, (0.45, 0.9)
SHARPENED_SHARE, SHARPENED, HALO_PX = 0.45, (0.3, 1.6), (0.7, 4.0)
STORED_SHARE, STORED = 0.3, (35, 92)
STEPS = ("contrast", "clarity", "grain", "smoothed", "smaller", "sharpened", "stored")
FILTERS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True)
class Finish:
    """In tones 0-1 and px of the file: `contrast` a factor; `clarity` and `sharpened` shares of what differs from the surroundings, `clarity_px` and `halo_px`
    wide, that are added; `grain` a deviation, of spots `grain_px` wide; `smoothed` the difference that a denoiser takes for noise; `smaller` the share
    of its sides that a picture once had, enlarged by `filter`; `stored` the quality of an earlier JPEG file, 0 for none."""

    contrast: float = 1.0
    clarity: float = 0.0
    clarity_px: float = 0.0
    grain: float = 0.0
    grain_px: float = 0.0
    is_coloured: bool = False
    smoothed: float = 0.0
    smaller: float = 1.0
    filter: int = cv2.INTER_LINEAR
    sharpened: float = 0.0
    halo_px: float = 0.0
    stored: int = 0

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, by name."""
        return tuple(name for name in STEPS if getattr(self, name) != getattr(UNTOUCHED, name))


UNTOUCHED = Finish()


def sample_finish(rng: np.random.Generator) -> Finish:
    """Of each picture some steps or none."""
    if rng.random() > FINISHED:
        return UNTOUCHED
    finish: dict[str, float] = {}
    if rng.random() < CONTRAST_SHARE:
        finish |= {"contrast": _between(rng, CONTRAST)}
    if rng.random() < CLARITY_SHARE:
        finish |= {"clarity": rng.uniform(*CLARITY), "clarity_px": _between(rng, CLARITY_PX)}
    if rng.random() < GRAIN_SHARE:
        finish |= {"grain": _between(rng, GRAIN), "grain_px": rng.uniform(*GRAIN_PX), "is_coloured": rng.random() < COLOURED}
    if rng.random() < SMOOTHED_SHARE:
        finish |= {"smoothed": _between(rng, SMOOTHED)}
    if rng.random() < SMALLER_SHARE:
        finish |= {"smaller": rng.uniform(*SMALLER), "filter": int(rng.choice(FILTERS))}
    if rng.random() < SHARPENED_SHARE:
        finish |= {"sharpened": rng.uniform(*SHARPENED), "halo_px": _between(rng, HALO_PX)}
    if rng.random() < STORED_SHARE:
        finish |= {"stored": int(rng.integers(*STORED))}
    return Finish(**finish)  # type: ignore[arg-type]


def finished(tones: np.ndarray, finish: Finish, noise: np.ndarray) -> np.ndarray:
    """Tones float32 [h, w, 3], cut to 0-1 where something was done; `noise` normal with deviation 1, of the same shape."""
    if finish == UNTOUCHED:
        return tones
    tones = 0.45 + np.float32(finish.contrast) * (tones - 0.45)
    tones = _apart(tones, finish.clarity, finish.clarity_px)
    tones = np.clip(tones + np.float32(finish.grain) * _spots(noise, finish), 0, 1)
    if finish.smoothed:
        tones = cv2.bilateralFilter(np.ascontiguousarray(tones, np.float32), 7, finish.smoothed, 2.0)
    if finish.smaller < 1:
        size = tones.shape[1::-1]
        small = cv2.resize(tones, tuple(max(8, round(finish.smaller * side)) for side in size), interpolation=cv2.INTER_AREA)
        tones = cv2.resize(small, size, interpolation=finish.filter)
    tones = np.clip(_apart(tones, finish.sharpened, finish.halo_px), 0, 1)
    return compressed(tones, finish.stored) if finish.stored else tones


def _apart(tones: np.ndarray, share: float, px: float) -> np.ndarray:
    """Unsharp masking: farther from their surroundings."""
    return tones + np.float32(share) * (tones - cv2.GaussianBlur(tones, (0, 0), px)) if share else tones


def _spots(noise: np.ndarray, finish: Finish) -> np.ndarray:
    """`noise` as wide and as coloured as the grain is; its deviation stays 1."""
    spots = noise if finish.is_coloured else noise[..., :1]
    if finish.grain_px < 0.3:
        return spots
    wide = cv2.GaussianBlur(spots, (0, 0), finish.grain_px).reshape(spots.shape)
    return wide / max(1e-6, float(wide.std()))


def _between(rng: np.random.Generator, ends: tuple[float, float]) -> float:
    """As likely to double as to halve."""
    return float(np.exp(rng.uniform(*np.log(ends))))
