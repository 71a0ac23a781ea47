"""What a frozen tower makes of every face, kept on disk as seen_store.py keeps the encoder's: it looks at a face once, however many epochs and runs
show it.

A key is the hash of a face's crops with the tower's: a tower that has learned finds nothing here. It is asked before a stage begins, because FSDP
cuts it up afterwards; of several processes each looks at its share.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...model.network.looks import Look, tower_inputs
from ...model.network.tower import FaceTower
from ...model.perception.views import FaceViews
from ..lessons.shards import Shards

FORMAT = "1"  # raise when a tower is shown something else
A_SHARD = 64  # faces; of a SigLIP 2 at 384 px 1.7 MB each
A_BATCH = 16


class TowerStore:
    """`print_`: see tower_print."""

    def __init__(self, folder: Path, print_: str):
        self.folder, self.print = folder, print_
        self.shards = Shards(folder, A_SHARD)

    def __len__(self) -> int:
        return sum(key.endswith(self.print) for key in self.shards)

    def key(self, face: FaceViews) -> str:
        return f"{hashlib.sha256(face.images.tobytes()).hexdigest()[:32]}-{self.print}"

    def patches(self, faces: Sequence[FaceViews]) -> Tensor:
        """[F, V, N, C] of faces that have been looked at."""
        kept = [self.shards[self.key(face)]["patches"] for face in faces]
        return torch.stack(kept) if kept else torch.zeros(0, 1, 1, 1)

    def look_at(self, faces: Iterable[FaceViews], tower: FaceTower, look: Look, precision: str) -> None:
        """Those that are new, on the tower's own device, in the type that training computes in. Raises FacewiseError for a full disk."""
        waiting: dict[str, FaceViews] = {}
        for face in faces:
            key = self.key(face)
            if key not in self.shards:
                waiting[key] = face
            if len(waiting) == A_BATCH:
                self._keep(waiting, tower, look, precision)
                waiting = {}
        self._keep(waiting, tower, look, precision)
        self.shards.flush()

    @torch.no_grad()
    def _keep(self, faces: dict[str, FaceViews], tower: FaceTower, look: Look, precision: str) -> None:
        if not faces:
            return
        device = next(tower.parameters()).device
        pixels = tower_inputs(list(faces.values()), look)["pixel_values"].to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            seen = tower.patches(pixels).cpu()
        for key, patches in zip(faces, seen, strict=True):
            self.shards.keep(key, {"patches": patches.clone()})


def tower_print(tower: FaceTower, look: Look, precision: str) -> str:
    """Of everything but the face that decides what the tower makes of it."""
    told = (FORMAT, tower.grid, look.views, look.image_size, look.mean, look.std, precision)
    digest = hashlib.sha256(str(told).encode())
    for name, value in sorted(tower.tower.state_dict().items()):
        digest.update(name.encode() + value.cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
