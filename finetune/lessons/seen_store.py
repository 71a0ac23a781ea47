"""What the encoder saw of every medium, kept on disk: a picture or clip is perceived once, however many rows, epochs and runs ask for it.

A key is the medium's own hash with the encoder's: another encoder finds nothing here.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...model.network.encoder import FaceEncoder
from ...model.network.evidence import Evidence
from ...model.network.looks import Look
from ...model.network.shown import Shown
from ...model.perception.views import FaceViews
from .seen import Seen, SeenFace
from .shards import Shards

FORMAT = "3"  # raise when what is perceived changes
A_SHARD = 256  # media
VIEW_PARTS = ("images", "points", "canonical", "pose", "has_landmarks", "mesh")
NOWHERE = (0.0, 0.0, 0.0, 0.0)  # a tower asks for no place in the picture


def fingerprint(encoder: FaceEncoder, look: Look | None, max_faces: int) -> str:
    """Of everything but the medium that decides what is seen."""
    digest = hashlib.sha256(f"{FORMAT} {max_faces} {encoder.config.to_json_string()} {look}".encode())
    for name, value in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + value.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


class SeenStore:
    """What shards.py keeps, as media."""

    def __init__(self, folder: Path):
        self.shards = Shards(folder, A_SHARD)

    def __contains__(self, key: str) -> bool:
        return key in self.shards

    def __getitem__(self, key: str) -> Seen:
        return unpacked(self.shards[key])

    def shown(self, key: str) -> Shown:
        return self[key].shown

    def keep(self, key: str, look: Callable[[], Seen]) -> None:
        """Unless the key is known, what `look` sees now is kept."""
        if key not in self:
            self.shards.keep(key, packed(look()))

    def flush(self) -> None:
        self.shards.flush()


def packed(seen: Seen) -> dict[str, Tensor]:
    """As tensors: `about` is JSON."""
    shown, faces = seen.shown, [_told(face) for face in seen.faces]
    about = {"words": shown.words, "faces": faces, "is_clip": seen.is_clip}
    tensors = {
        "features": shown.features.contiguous(),
        "kinds": shown.kinds.contiguous(),
        "about": torch.frombuffer(bytearray(json.dumps(about).encode()), dtype=torch.uint8),
    }
    if shown.faces:
        views = {name: torch.from_numpy(np.stack([getattr(face, name) for face in shown.faces])) for name in VIEW_PARTS}
        tensors |= {f"views.{name}": value for name, value in views.items()}
    return tensors


def unpacked(tensors: dict[str, Tensor]) -> Seen:
    about = json.loads(tensors["about"].numpy().tobytes())
    faces = tuple(_face(told) for told in about["faces"])
    return Seen(_shown(about["words"], tensors), faces, about["is_clip"])


def _shown(words: str, tensors: dict[str, Tensor]) -> Shown:
    views = [tensors[f"views.{name}"].numpy() if f"views.{name}" in tensors else () for name in VIEW_PARTS]
    faces = tuple(
        FaceViews(images, points, canonical, pose, bool(known), NOWHERE, mesh)
        for images, points, canonical, pose, known, mesh in zip(*views, strict=True)
    )
    return Shown(words, tensors["features"], tensors["kinds"], faces)


def _told(face: SeenFace) -> dict[str, Any]:
    told = dataclasses.asdict(face)
    told["evidence"]["attack_map"] = face.evidence.attack_map.tolist()
    return told


def _face(told: dict[str, Any]) -> SeenFace:
    numbers = told["evidence"]
    aus = {code: tuple(values) for code, values in numbers["aus"].items()}
    attack_map = np.array(numbers["attack_map"], np.float32)
    wide = tuple(told["wide_box"]) if told["wide_box"] else None
    evidence = Evidence(**{**numbers, "aus": aus, "attack_map": attack_map})
    begun, said = told.get("movements") or ("", "")
    return SeenFace(told["number"], tuple(told["box"]), wide, evidence, (begun, said) if said else None)
