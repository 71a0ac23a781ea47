"""What a larger preset's own tower is shown of a face: its crops at the tower's size, and where the landmarks lie in them.

All floats here may be rounded to bfloat16 on their way to the tower (vLLM does so), so landmarks travel as deviations from the mean face,
whose rounding is a share of a movement and not of the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ..perception.views import FaceViews
from .configuration import FacewiseConfig

TOWER_KIND = 32  # + v: a token of the tower's view v; below are the kinds of the encoder's tokens
LOOKED = ("pixel_values", "points", "deviation", "pose", "has_landmarks")  # one entry a face
FACE_INPUTS = ("face_features", "face_kinds", *LOOKED)  # the first two have one entry a token


@dataclass(frozen=True)
class Look:
    """How the tower sees a face: `views` by name, `image_size` px, `tokens` a view, `mean` and `std` of its pixels in 0..1, and the
    `mean_face` [68, 3] in IOD of the detector it was trained with."""

    views: tuple[str, ...]
    image_size: int
    tokens: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    mean_face: np.ndarray


def look_of(config: FacewiseConfig) -> Look | None:
    """None for a model without a tower of its own."""
    if config.vision_config is None:
        return None
    mean_face = np.array(config.encoder_config.landmark_mean or np.zeros((68, 3)), np.float32)
    vision: Any = config.vision_config
    pixels = tuple(config.vision_mean), tuple(config.vision_std)
    return Look(tuple(config.vision_views), vision.image_size, config.vision_tokens, *pixels, mean_face)


def enlarged(seen: FaceViews, names: Sequence[str], look: Look) -> FaceViews:
    """The tower's views made of the encoder's, whose `names` are given: a clip keeps no other pixels of a moment."""
    chosen = [names.index(name) for name in look.views]
    size = (look.image_size, look.image_size)
    images = np.stack([cv2.resize(seen.images[view], size, interpolation=cv2.INTER_LINEAR) for view in chosen])
    return replace(seen, images=images, points=seen.points[chosen])


def tower_inputs(faces: Sequence[FaceViews], look: Look) -> dict[str, Tensor]:
    """The tower's views of F faces -> pixel_values [F, V, 3, S, S], points [F, V, 68, 2] in 0..1 of each view, deviation [F, 68, 3] of the
    canonical points from the mean face in IOD, pose [F, 3] in radians, has_landmarks [F] bool. F may be 0."""
    count, views, size = len(faces), len(look.views), look.image_size
    images = np.array([face.images for face in faces], np.float32).reshape(count, views, size, size, 3)
    pixels = (images / 255 - np.array(look.mean, np.float32)) / np.array(look.std, np.float32)
    pixels_FV3SS = np.ascontiguousarray(pixels.transpose(0, 1, 4, 2, 3))
    return {"pixel_values": torch.from_numpy(pixels_FV3SS), **landmark_inputs(faces, look)}


def landmark_inputs(faces: Sequence[FaceViews], look: Look) -> dict[str, Tensor]:
    """All of `tower_inputs` but the pixels."""
    count, views = len(faces), len(look.views)
    known = [face.has_landmarks for face in faces]
    change = [face.canonical - look.mean_face if face.has_landmarks else np.zeros((68, 3)) for face in faces]
    return {
        "points": torch.from_numpy(np.array([face.points for face in faces], np.float32).reshape(count, views, 68, 2)),
        "deviation": torch.from_numpy(np.array(change, np.float32).reshape(count, 68, 3)),
        "pose": torch.from_numpy(np.array([face.pose for face in faces], np.float32).reshape(count, 3)),
        "has_landmarks": torch.tensor(known, dtype=torch.bool),
    }


def with_tower(features_TC: Tensor, kinds_T: Tensor, look: Look | None) -> tuple[Tensor, Tensor]:
    """One face's tokens, those of the tower behind the encoder's: empty features in their places, and kinds that say so."""
    if look is None:
        return features_TC, kinds_T
    kinds = TOWER_KIND + torch.arange(len(look.views)).repeat_interleave(look.tokens)
    return torch.cat([features_TC, features_TC.new_zeros(len(kinds), features_TC.shape[1])]), torch.cat([kinds_T, kinds])


def row_sizes(faces: dict[str, Tensor], counts: Sequence[int], tokens_a_view: int) -> dict[str, list[int]]:
    """How many entries each row of a batch has of each of its face inputs (of FACE_INPUTS); it has `counts` face tokens."""
    kinds = faces["face_kinds"].split(list(counts))
    numbers = [int((row == TOWER_KIND).sum()) // tokens_a_view for row in kinds]
    return {name: numbers if name in LOOKED else list(counts) for name in faces}
