"""A clip as the encoder reads it: the moments that matter, each with its numbers and face tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ..perception.clip import Spotting, WatchedFace
from ..perception.moments import Moments, moments_of, rest_frames
from ..perception.spotting import Spot, spot
from ..perception.video import Clip, Frame
from ..perception.views import FaceViews
from ..readings import beyond_rest, median_evidence
from .encoder import FaceEncoder, evidence
from .evidence import Evidence
from .kinematics import of_movement
from .perceive import Perceiver, encode, face_tokens

ENCODED_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class SeenClip:
    """`moments`, and by (face id, frame) the `evidence` and the `features` [T, C] of their faces; `kinds` [T] of every feature row."""

    moments: Moments
    evidence: dict[tuple[int, int], Evidence]
    features: dict[tuple[int, int], torch.Tensor]
    kinds: torch.Tensor


def look_at(
    clip: Clip, perceiver: Perceiver, progress: Callable[[Frame], None] | None = None, spotting: Spotting = spot
) -> SeenClip:
    """Watches the clip and reads the frames that matter, those of the movements that `spotting` tells. Raises FacewiseError for a clip that cannot be read."""
    config = perceiver.encoder.config
    moments = moments_of(clip, perceiver.max_faces, perceiver.backend, config.image_size, config.views, progress, spotting)
    return read_moments(moments, perceiver.encoder)


def read_moments(moments: Moments, encoder: FaceEncoder) -> SeenClip:
    places = list(moments.views)
    numbers, features, kinds = read_views([moments.views[place] for place in places], encoder)
    return SeenClip(moments, dict(zip(places, numbers, strict=True)), dict(zip(places, features, strict=True)), kinds)


def read_views(views: Sequence[FaceViews], encoder: FaceEncoder) -> tuple[list[Evidence], list[torch.Tensor], torch.Tensor]:
    """Evidence and face tokens [T, C] of faces, a batch at a time, and the kinds [T] of the tokens."""
    numbers: list[Evidence] = []
    features: list[torch.Tensor] = []
    kinds = torch.zeros(0, dtype=torch.long)
    for start in range(0, len(views), ENCODED_AT_ONCE):
        output = encode(encoder, views[start : start + ENCODED_AT_ONCE])
        tokens, kinds = face_tokens(output)
        numbers += evidence(output)
        features += list(tokens)
    return numbers, features, kinds


def rest_of(face: WatchedFace, seen: SeenClip) -> Evidence | None:
    """The median of a person's calmest frames; None where none could be read."""
    read = [seen.evidence[face.id, frame] for frame in rest_frames(face) if (face.id, frame) in seen.evidence]
    return median_evidence(read) if read else None


def at_apex(spot: Spot, face: WatchedFace, seen: SeenClip, neutral: Evidence | None = None) -> Evidence | None:
    """What a movement shows at its apex: beyond the person's rest in the clip, by how the skin moved, or beyond the `neutral` that was given, by its look.
    None where the face could not be read then, or never at rest."""
    apex, rest = seen.evidence.get((face.id, spot.apex)), neutral or rest_of(face, seen)
    if apex is None or rest is None or face.spotted is None:
        return None
    beyond = beyond_rest(apex, rest)
    return beyond if neutral else of_movement(beyond, spot.moved)
