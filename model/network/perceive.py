"""perceive(picture) -> faces with evidence: detector, views and the evidence encoder in one step, remembered per picture.

The processor and the assistant both ask here, so a picture is encoded once however many questions follow; the memory is keyed by the
sha256 of the decoded pixels.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..answer import Quality
from ..errors import FacewiseError
from ..perception.faces import BACKEND, SMALLEST_PICTURE_PX, DetectedFace, FaceBackend, find_faces
from ..perception.picture import Picture
from ..perception.quality import quality
from ..perception.shipped_points import ShippedPoints
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

    def __deepcopy__(self, memo: dict) -> "Perceiver":
        """transformers copies a processor with all its parts to write it down; nobody wants a second encoder and memory."""
        return self

    def perceive(self, picture: Picture, landmarks: Any = None) -> Perceived:
        """`landmarks` [68, 2 or 3] in pixels stand for what the backend would find. Raises FacewiseError for those that are none."""
        if landmarks is not None:
            return self._given(picture, landmarks)
        key = picture.sha256
        if key not in self._memory:
            self._memory[key] = self._look(picture, self.backend)
            self.encoded += 1
            while len(self._memory) > self._remembered:
                self._memory.popitem(last=False)
        self._memory.move_to_end(key)
        return self._memory[key]

    def _given(self, picture: Picture, landmarks: Any) -> Perceived:
        """Not remembered: whoever gives points gives other ones next time."""
        height, width = picture.pixels.shape[:2]
        try:
            points = np.asarray(landmarks, dtype=np.float64)
        except (TypeError, ValueError):
            raise FacewiseError("landmarks: not a table of numbers; 68 rows of x and y are wanted, in iBUG order") from None
        self.encoded += 1
        return self._look(picture, ShippedPoints(points, (width, height), "given"))

    def crowd(self) -> Picture:
        """A blank picture, remembered as one of `max_faces` faces: what a server measures its memory with."""
        blank = Picture(np.zeros((SMALLEST_PICTURE_PX, SMALLEST_PICTURE_PX, 3), np.uint8), "crowd")
        everywhere = (0.0, 0.0, float(SMALLEST_PICTURE_PX), float(SMALLEST_PICTURE_PX))
        faces = [DetectedFace(number, everywhere, 1.0, None) for number in range(self.max_faces)]
        self._memory[blank.sha256] = self._read(blank, faces, BACKEND)
        return blank

    def _look(self, picture: Picture, finder: FaceBackend | None) -> Perceived:
        found = find_faces(picture.pixels, finder)
        return self._read(picture, found, BACKEND if finder is None else finder.name)

    def _read(self, picture: Picture, found: Sequence[DetectedFace], backend: str) -> Perceived:
        shown = found[: self.max_faces]
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
        mesh=torch.from_numpy(np.stack([v.mesh for v in views])),
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
