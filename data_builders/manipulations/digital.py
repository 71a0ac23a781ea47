"""Digital manipulations by the type that an answer names, and genuine pictures that went through the same hands.

There is no simulation of `synthetic`: what a generator of faces leaves cannot be imitated by warping photos, and real outputs
of one are at hand (the StyleGAN tiles of ../shared/data/sfhq). A null may also come before a manipulation: what only genuine
pictures went through would be the label.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ..attacks.head import head
from ..synthesis.photo import Attack, Photo
from .blending import light, tones
from .handling import compressed, refiltered, through_generator, tinted
from .mesh_warp import dense_map, warped
from .morph import morph
from .reenactment import reenactment
from .swaps import face_swap


def warped_there_and_back(photo: Photo, rng: np.random.Generator) -> Attack:
    """The face reshaped and turned as by a reenactment, and all of it undone: only the resampling stays."""
    own, size = head(photo), photo.pixels.shape[1::-1]
    turn = cv2.Rodrigues(rng.normal(0, np.radians(3), 3))[0] @ own.rotation
    points = ((own.points * rng.uniform(0.95, 1.05, 3)) @ turn.T * own.iod + own.origin).astype(np.float32)
    there = warped(tones(photo.pixels), dense_map(points, photo.points, size))
    return _genuine(warped(there, dense_map(photo.points, points, size)))


def refinished(photo: Photo, rng: np.random.Generator) -> Attack:
    """Tinted and filtered as a self-blended copy is, but all over."""
    return _genuine(refiltered(tinted(tones(photo.pixels), rng), rng))


def enlarged(photo: Photo, rng: np.random.Generator) -> Attack:
    """A small picture made large again, as a generator's output is, but all over."""
    return _genuine(through_generator(tones(photo.pixels), photo.iod, rng))


def recompressed(photo: Photo, rng: np.random.Generator) -> Attack:
    """Stored as JPEG once more."""
    return _genuine(compressed(tones(photo.pixels), int(rng.integers(40, 96))))


def _genuine(picture: np.ndarray) -> Attack:
    return Attack(light(picture), np.zeros(picture.shape[:2], np.float32), {})


DIGITAL: dict[str, Callable[[Photo, np.random.Generator, Photo], Attack]] = {
    "face swap": face_swap,
    "reenactment": reenactment,
    "morph": morph,
}
NULLS: dict[str, Callable[[Photo, np.random.Generator], Attack]] = {
    "warped there and back": warped_there_and_back,
    "refinished": refinished,
    "enlarged": enlarged,
    "recompressed": recompressed,
}
