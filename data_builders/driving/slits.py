"""Mouth and eyes as slits in the skin: where their rims run before and after a movement, and how far they stand open.

A mesh fitted to a photo misses the lips by a pixel, which would double them; the rims are therefore the detector's, moved as the rig
moves, and an opening follows the rig's in proportion, so that a lid that the rig shuts is shut.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ..rig.rig import LIP_GAP_IOD
from ..synthesis.photo import Photo
from .correspondence import Correspondence
from .fitting import Fit, Template, seen_spots

# MediaPipe's points from the corner at the picture's left to the other one, above and below; sides are the person's.
RIMS = {
    "mouth": ((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308), (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)),
    "right eye": ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    "left eye": ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
}
PARTING = ("AU10", "AU16", "AU22", "jaw")  # movements that part lips which touch; the rig parts them with AU9, 12 and 20, too
SHUT_IOD = LIP_GAP_IOD[0]  # lips that the detector sees so far apart touch
WIDEST_LIDS = 2.0  # the largest growth of an eye's opening
STIRRED_IOD = 0.06
TOUCHING_PX = 0.35
FINER = 4  # openings are drawn on a grid so much finer


@dataclass(frozen=True, eq=False)
class Rims:
    """`upper` and `lower` [k, 2] px, both from corner to corner; `slack` px are between them where they touch."""

    upper: np.ndarray
    lower: np.ndarray
    slack: float = 0.0

    @cached_property
    def down(self) -> np.ndarray:
        """The unit vector [2] from the upper rim to the lower one, square to the line between the corners."""
        x, y = self.upper[-1] - self.upper[0]
        return np.array([-y, x]) / np.hypot(x, y)

    @cached_property
    def gap(self) -> np.ndarray:
        """How far the rims are apart [k], px; negative where they cross."""
        return (self.lower - self.upper) @ self.down

    @cached_property
    def open_px(self) -> float:
        """How wide they stand open; 0 where they touch."""
        return max(0.0, float(self.gap.max()) - self.slack)

    @cached_property
    def width(self) -> float:
        """From corner to corner, px."""
        return float(np.linalg.norm(self.upper[-1] - self.upper[0]))

    def along(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(along the line between the corners, below it) in px, of px [..., 2]."""
        (right_x, right_y), (down_x, down_y) = self.down[::-1] * (1, -1), self.down
        x, y = places[..., 0] - self.upper[0, 0], places[..., 1] - self.upper[0, 1]
        return x * right_x + y * right_y, x * down_x + y * down_y

    def heights(self, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far below that line the upper and the lower rim run; level beyond the corners."""
        found = []
        for rim in (self.upper, self.lower):
            u, v = self.along(rim)
            order = np.argsort(u)
            found.append(np.interp(along, u[order], v[order]))
        return found[0], found[1]

    def opening(self, corner: tuple[int, int], size: tuple[int, int], grown: float = 0.0) -> np.ndarray:
        """The share [h, w] of each pixel between the rims, in a window of `size` (w, h) whose first pixel is `corner`; where rims cross
        nothing is open. `grown` px move each rim outwards where they are open."""
        half = np.maximum(self.gap - self.slack, 0) / 2
        half = np.maximum(0, half + grown * (half > TOUCHING_PX / 2))[:, None] * self.down
        middle = (self.upper + self.lower) / 2 - corner
        mask = np.zeros((size[1] * FINER, size[0] * FINER), np.uint8)
        if self.open_px > TOUCHING_PX:
            outline = ((np.concatenate([middle - half, (middle + half)[::-1]]) + 0.5) * FINER - 0.5) * 16
            cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255, cv2.LINE_8, shift=4)
        return cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@dataclass(frozen=True, eq=False)
class Slit:
    """One slit `before` in the photo and `after` the movement, in the same pixels; `points` are the rims' indices into the spots."""

    name: str
    before: Rims
    after: Rims
    points: tuple[list[int], list[int]]

    @property
    def moved_px(self) -> float:
        return float(max(np.abs(self.after.upper - self.before.upper).max(), np.abs(self.after.lower - self.before.lower).max()))

    def stirred(self, iod_px: float) -> float:
        """0-1 by how much the opening changes: the more, the less may be left to chance where exactly its rims run."""
        return float(np.clip(np.abs(self.after.gap - self.before.gap).max() / (STIRRED_IOD * iod_px), 0, 1))

    @property
    def closing(self) -> float:
        """0-1: the share of the opening that goes."""
        before = self.before.open_px
        return float(np.clip(1 - self.after.open_px / before, 0, 1)) if before > 0.5 else 0.0


def seen_rims(photo: Photo, name: str) -> Rims:
    """One slit's rims as the detector sees them; lips that touch have a little between them there."""
    upper, lower = (photo.points[list(rim), :2].astype(np.float64) for rim in RIMS[name])
    rims = Rims(upper, lower)
    touching = name == "mouth" and rims.gap.max() <= SHUT_IOD * photo.iod
    return replace(rims, slack=max(0.0, float(rims.gap.max()))) if touching else rims


def rim_spots(spots: Correspondence, name: str) -> tuple[list[int], list[int]]:
    """The indices into the spots of one slit's upper and lower rim."""
    at = {number: index for index, number in enumerate(spots.points.tolist())}
    upper, lower = ([at[number] for number in rim] for rim in RIMS[name])
    return upper, lower


def moved_slits(photo: Photo, model: Template, fit: Fit, weights: np.ndarray, parted_px: float = 0.0) -> list[Slit]:
    """Mouth, right and left eye when the fit's movements become `weights`; `parted_px` opens the lips beyond that, or shuts them.

    Raises FacewiseError where an eye would open wider than what the photo shows of it can be stretched to."""
    was, is_now = seen_spots(model, fit, fit.weights), seen_spots(model, fit, weights)
    code = np.array([code for code, _ in model.movements])
    parted = seen_spots(model, fit, np.where(np.isin(code, PARTING), weights, fit.weights))
    blink = seen_spots(model, fit, np.where(code == "AU43", 1.0, np.where(code == "AU5", 0.0, weights)))
    rest = seen_spots(model, fit, np.zeros_like(weights))
    slits = []
    for name in RIMS:
        before, (upper, lower) = seen_rims(photo, name), rim_spots(model.spots, name)
        gaps = [(spots[lower] - spots[upper]) @ before.down for spots in (was, is_now, parted, blink, rest)]
        carried = Rims(before.upper + (is_now - was)[upper], before.lower + (is_now - was)[lower])
        if name == "mouth":
            wanted = _parted(_lip_gap(before, gaps[0], gaps[1], gaps[2], gaps[4]), parted_px)
        else:
            wanted = _lid_gap(before.gap, gaps[0] - gaps[3], gaps[1] - gaps[3], photo.iod)
        missing = (wanted - carried.gap)[:, None] * carried.down
        above = 0.5 if name == "mouth" else 1.0  # the upper lid does what lids do
        after = Rims(carried.upper - above * missing, carried.lower + (1 - above) * missing, before.slack)
        slits.append(Slit(name, before, after, (upper, lower)))
    return slits


def _lip_gap(seen: Rims, was: np.ndarray, is_now: np.ndarray, parted: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Lips part as the rig's do by what parts lips, and close in proportion; lips that touch are left as the detector sees them."""
    is_now = np.minimum(is_now, parted)
    open_px = np.maximum(0, seen.gap) * (seen.slack == 0)
    closed = open_px * np.clip((is_now - rest) / np.maximum(was - rest, 1e-3), 0, 1)
    return seen.gap + np.where(is_now < was, closed - open_px, is_now - was)


def _parted(gap: np.ndarray, by_px: float) -> np.ndarray:
    """Widest in the middle; lips shut all along."""
    return gap + by_px * (1 - np.linspace(-1, 1, len(gap)) ** 2) if by_px >= 0 else np.maximum(0, gap + by_px)


def _lid_gap(seen: np.ndarray, was: np.ndarray, is_now: np.ndarray, iod_px: float) -> np.ndarray:
    """In proportion to the rig's lids, of which `was` and `is_now` tell how far they are from shut."""
    growth = np.clip(is_now / np.maximum(was, 1e-3 * iod_px), 0, None)
    if (widest := float(growth[len(growth) // 2])) > WIDEST_LIDS:
        raise FacewiseError(
            f"an eye would have to open {widest:.1f} times as wide as the photo shows it, at most {WIDEST_LIDS} can be made up; "
            "take a photo with open eyes or less of AU5"
        )
    return np.maximum(0, seen) * np.minimum(growth, WIDEST_LIDS)
