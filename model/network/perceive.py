"""perceive(picture) -> faces with evidence: detector, views and the evidence encoder in one step, remembered per picture.

The processor and the assistant both ask here, so a picture is encoded once however many questions follow; the memory is keyed by the
sha256 of the decoded pixels.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..answer import Quality
from ..perception.faces import BACKEND, DetectedFace, FaceBackend, find_faces
from ..perception.picture import Picture
from ..perception.quality import quality
from ..perception.views import FaceViews, face_views
from .encoder import EncoderOutput, FaceEncoder, evidence
from .evidence import Evidence


@dataclass(frozen=True, eq=False)
class PerceivedFace:
    """One face with all that is known of it before a language model speaks.

    `box` and `wide_box` in pixels of the picture; `features` [T, C] float32 and `kinds` [T] int64 are its visual tokens.
    """

    id: int
    box: tuple[float, float, float, float]
    wide_box: tuple[float, float, float, float]
    quality: Quality
    streams: dict[str, bool]
    evidence: Evidence
    features: torch.Tensor
    kinds: torch.Tensor


@dataclass(frozen=True, eq=False)
class Perceived:
    """The faces of one picture, largest first, how many more there were, and, in the same order, how each was `detected`."""

    faces: tuple[PerceivedFace, ...]
    not_shown: int = 0
    backend: str = BACKEND
    detected: tuple[DetectedFace, ...] = ()


class Perceiver:
    """Faces with evidence, the last `remembered` pictures kept. `encoded` counts the pictures that were really worked on; `backend` finds
    the faces, the bundled models if it is None."""

    def __init__(self, encoder: FaceEncoder, max_faces: int = 8, remembered: int = 64, backend: FaceBackend | None = None):
        self.encoder = encoder.eval()
        self.max_faces = max_faces
        self.backend = backend
        self.encoded = 0
        self._memory: OrderedDict[str, Perceived] = OrderedDict()
        self._remembered = remembered

    def perceive(self, picture: Picture) -> Perceived:
        key = picture.sha256
        if key not in self._memory:
            self._memory[key] = self._look(picture)
            self.encoded += 1
            while len(self._memory) > self._remembered:
                self._memory.popitem(last=False)
        self._memory.move_to_end(key)
        return self._memory[key]

    def _look(self, picture: Picture) -> Perceived:
        found = find_faces(picture.pixels, self.backend)
        shown = found[: self.max_faces]
        backend = BACKEND if self.backend is None else self.backend.name
        if not shown:
            return Perceived((), backend=backend)
        config = self.encoder.config
        views = [face_views(picture.pixels, face, config.image_size, config.views) for face in shown]
        output = encode(self.encoder, views)
        numbers = evidence(output)
        features, kinds = face_tokens(output)
        faces = tuple(
            PerceivedFace(
                id=face.id,
                box=face.box,
                wide_box=view.wide_box,
                quality=quality(picture.pixels, face),
                streams={"landmarks": view.has_landmarks, "spoof": True, "motion": False},
                evidence=numbers[i],
                features=features[i],
                kinds=kinds,
            )
            for i, (face, view) in enumerate(zip(shown, views, strict=True))
        )
        return Perceived(faces, len(found) - len(shown), backend, tuple(shown))


@torch.inference_mode()
def encode(encoder: FaceEncoder, views: Sequence[FaceViews]) -> EncoderOutput:
    """The encoder's output for a batch of faces."""
    images = torch.from_numpy(np.stack([v.images for v in views]))
    return encoder(
        views=as_input(images),
        points=torch.from_numpy(np.stack([v.points for v in views])),
        canonical=torch.from_numpy(np.stack([v.canonical for v in views])),
        pose=torch.from_numpy(np.stack([v.pose for v in views])),
        has_landmarks=torch.tensor([v.has_landmarks for v in views]),
    )


def as_input(images: torch.Tensor) -> torch.Tensor:
    """uint8 [B, V, S, S, 3] -> float [B, V, 3, S, S] in -1..1."""
    return images.permute(0, 1, 4, 2, 3).float() / 127.5 - 1


def face_tokens(output: EncoderOutput) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens that the language model sees: regions and global first, then each view; [B, T, C] and their kinds [T].

    Kinds: 1..9 the regions, 10 global, 11 + v view v; 0 is kept for "no face".
    """
    regions, pooled = output.regions, output.pooled
    batch, n_views, per_view, width = pooled.shape
    features = torch.cat([regions, pooled.reshape(batch, n_views * per_view, width)], dim=1)
    views = 11 + torch.arange(n_views).repeat_interleave(per_view)
    return features.float(), torch.cat([torch.arange(1, regions.shape[1] + 1), views])
