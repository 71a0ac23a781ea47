"""A photo of somebody in linear light with the detector's points: what every simulator takes, and what an attack gives back.

The live class is framed by `framed` and goes through the same camera as every attack: only the attack itself may tell them apart.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np

from ...model.errors import FacewiseError
from ...model.perception.faces import find_faces
from ...model.perception.landmarks import IBUG68_IN_478, iod
from ...model.perception.picture import read_picture
from .camera import SENSOR, linear_light

SMALLEST_IOD_PX = 28.0  # below it a portrait has no skin texture, and every live face would be an enlargement
FILE_IOD_PX = (42.0, 84.0)  # of a face in the finished file
UNSURE = 0.06  # of the inter-ocular distance: masks seem up to .04 larger, and without it the reach would tell them
WIDE_IOD = 4.0  # the widest view that a model gets, in IOD
SEEN_IOD_PX = 45.0  # the scale at which it is seen there, about
JUST_VISIBLE = 0.012  # RMS contrast in square-root tones
GLARE = 0.03  # the contrast at which gloss is just visible
# What is measured in the finished picture: by structure, the cue and the contrast at which it is just visible.
TRACES = {"dots": ("halftone", JUST_VISIBLE), "paper": ("paper texture", JUST_VISIBLE), "reflection": ("glare", GLARE)}
WHOLLY = "attack"
SCREEN = "screen"  # its coarse traces are moire, its fine ones the grid of its pixels
MOIRE_VISIBLE, GRID_VISIBLE = 0.012, 0.014
MOIRE_COARSER, GRID_FINER = 0.05, 0.03  # IOD


@dataclass(frozen=True, eq=False)
class Photo:
    """`pixels` linear light float32 [h, w, 3] in 0-1; `points` float32 [478, 3], the detector's, in px of `pixels`."""

    pixels: np.ndarray
    points: np.ndarray

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Of the points' bounding box, px."""
        x, y = ((self.points.min(0) + self.points.max(0)) / 2)[:2].tolist()
        return x, y

    @cached_property
    def iod(self) -> float:
        """Between the outer canthi, px."""
        return iod(self.points[list(IBUG68_IN_478)])


@dataclass(frozen=True, eq=False)
class Attack:
    """`frame` linear light [h, w, 3] at the sensor's sampling, `mask` [h, w] the share of each pixel that shows the instrument, `cues`
    {name: visibility 0-1 in the final crop}, .5 being just visible.

    What a camera may swallow is no cue before it is photographed: `without` holds the frame as it would be without a structure of `TRACES`
    or the `SCREEN`, which `traces` measures in the finished pictures, or `WHOLLY` without the attack, whose `strength` (`contrast`) all its
    cues are measured at; `iod` is the face's in such a frame, px.
    """

    frame: np.ndarray
    mask: np.ndarray
    cues: dict[str, float]
    without: dict[str, np.ndarray] = field(default_factory=dict)
    iod: float = 0.0
    strength: float = 0.0

    def against(self, photo: Photo) -> "Attack":
        """On the face of a framed photo of the frame's size."""
        strength = contrast(self.frame, photo.pixels, photo.iod)
        return replace(self, without={WHOLLY: photo.pixels}, iod=photo.iod, strength=strength)

    def overdrawn(self, frame: np.ndarray, mask: np.ndarray) -> "Attack":
        """With something before it: what hides the attack hides it with and without its structures."""
        drawn = (frame != self.frame).any(2, keepdims=True)
        bare = {name: np.where(drawn, frame, each) for name, each in self.without.items()}
        return replace(self, frame=frame, mask=mask, without=bare)


def read_photo(path: Path) -> Photo:
    """Raises FacewiseError where there is no picture, no face, or one too small to be photographed again."""
    points = _points(path)
    if points is None:
        raise FacewiseError(f"{path}: no face with landmarks was found")
    photo = Photo(linear_light(read_picture(path).pixels), points)
    if photo.iod < SMALLEST_IOD_PX:
        raise FacewiseError(
            f"{path}: the face is too small, {photo.iod:.0f} px between the outer eye corners; {SMALLEST_IOD_PX:.0f} are wanted"
        )
    return photo


@lru_cache(maxsize=4096)  # a portrait is photographed again and again
def _points(path: Path) -> np.ndarray | None:
    faces = [face for face in find_faces(read_picture(path).pixels) if face.points is not None]
    return np.asarray(faces[0].points, np.float32) if faces else None


def framed(photo: Photo, rng: np.random.Generator) -> Photo:
    """The photo itself before the camera: framed and sized as staged faces are, at the sensor's sampling."""
    x1, y1, x2, y2 = framing(photo, rng).astype(int)
    return resized(cropped(photo, (x1, y1, x2, y2)), rng.uniform(*FILE_IOD_PX) * SENSOR / photo.iod)


def framing(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """What the camera frames, (x1, y1, x2, y2) in px: within the photo, live or attack alike, or the padding would be the label."""
    height, width = photo.pixels.shape[:2]
    reach = rng.uniform(1.9, 2.7, 4) * photo.iod * np.exp(rng.normal(0, UNSURE))
    corners = np.concatenate([photo.centre - reach[:2], photo.centre + reach[2:]])
    return np.clip(corners, 1, [width - 2, height - 2] * 2)


def cropped(photo: Photo, box: tuple[int, int, int, int]) -> Photo:
    x1, y1, x2, y2 = box
    return Photo(np.ascontiguousarray(photo.pixels[y1:y2, x1:x2]), photo.points - np.array([x1, y1, 0], np.float32))


def resized(photo: Photo, scale: float) -> Photo:
    """Pixel centres: the point x of the old grid is (x + .5) * scale - .5 of the new one."""
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=filter_)
    half = np.array([0.5, 0.5, 0], np.float32)
    return Photo(pixels, ((photo.points + half) * np.float32(scale) - half).astype(np.float32))


def visibility(with_it: np.ndarray, without: np.ndarray, iod_px: float) -> float:
    """0-1 from `contrast`; .5 where it is just visible."""
    return seen(contrast(with_it, without, iod_px), JUST_VISIBLE)


def seen(amount: float, just: float) -> float:
    """A measured amount as visibility 0-1: .5 where it is `just` visible, 1 at twice that."""
    return round(min(1.0, amount / (2 * just)), 3)


def contrast(with_it: np.ndarray, without: np.ndarray, iod_px: float) -> float:
    """RMS, in square-root tones, of what a structure adds about the face at the scale that a model sees; `iod_px` of these pixels."""
    return _about_face(_added(with_it, without, iod_px))


def traces(structure: str, picture: np.ndarray, bare: np.ndarray, iod_px: float) -> dict[str, float]:
    """cue -> visibility of what a structure left in a finished picture, uint8 [h, w, 3], against the same shot without it."""
    added = _added(linear_light(picture), linear_light(bare), iod_px)
    if structure != SCREEN:
        cue, just = TRACES[structure]
        return {cue: seen(_about_face(added), just)}
    coarse, less_fine = (cv2.GaussianBlur(added, (0, 0), scale * SEEN_IOD_PX) for scale in (MOIRE_COARSER, GRID_FINER))
    return {"moire": seen(_about_face(coarse), MOIRE_VISIBLE), "screen grid": seen(_about_face(added - less_fine), GRID_VISIBLE)}


def _added(with_it: np.ndarray, without: np.ndarray, iod_px: float) -> np.ndarray:
    """The difference in square-root tones, of linear light, at the scale that a model sees."""
    shrink = min(1.0, SEEN_IOD_PX / iod_px)
    size = tuple(max(8, int(n * shrink)) for n in with_it.shape[1::-1])
    a, b = (np.sqrt(np.clip(cv2.resize(x, size, interpolation=cv2.INTER_AREA), 0, 1)) for x in (with_it, without))
    return a - b


def _about_face(added: np.ndarray) -> float:
    rows, columns = added.shape[0] // 4, added.shape[1] // 4
    middle = added[rows:-rows, columns:-columns]
    return float((middle - middle.mean((0, 1))).std())


def rim_contrast(frame: np.ndarray, mask: np.ndarray, iod_px: float) -> float:
    """Mean step, in square-root tones, between what lies just inside and just outside of `mask` at the scale that a model sees; 0 without a rim."""
    shrink = min(1.0, SEEN_IOD_PX / iod_px)
    size = tuple(max(8, int(n * shrink)) for n in mask.shape[1::-1])
    inside = cv2.resize(np.asarray(mask, np.float32), size, interpolation=cv2.INTER_AREA)
    tones = np.sqrt(np.clip(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), 0, 1))
    sigma = 0.04 * SEEN_IOD_PX
    share = cv2.GaussianBlur(inside, (0, 0), sigma)
    rim = (share > 0.25) & (share < 0.75)
    if not rim.any():
        return 0.0
    within = cv2.GaussianBlur(tones * inside[..., None], (0, 0), sigma)[rim] / share[rim, None]
    beyond = cv2.GaussianBlur(tones * (1 - inside[..., None]), (0, 0), sigma)[rim] / (1 - share[rim, None])
    return float(np.abs(within - beyond).mean())
