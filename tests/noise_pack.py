"""For the tests of training: a pack of noise in the format of `facewise.data_builders.pack`, every other row without labels, and a tiny encoder."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder

INPUTS = ("views", "points", "canonical", "pose", "has_landmarks", "mesh")  # of the encoder


def tiny_encoder(digital: bool = False, places: bool = True) -> FaceEncoder:
    """The same one every time."""
    torch.manual_seed(0)
    return FaceEncoder(
        FaceEncoderConfig(image_size=112, patch_size=8, hidden_size=16, num_heads=2, num_layers=1, digital=digital, places=places)
    ).eval()


def noise(n: int) -> dict[str, torch.Tensor]:
    """Rows of noise, every other one without labels; in each eight the first four are live."""
    chance = torch.Generator().manual_seed(0)
    place = torch.arange(n) % 8
    known = place % 2 == 0
    au = torch.randint(0, 6, (n, 22, 2), generator=chance).float()
    au[~known] = math.nan
    return {
        "views": torch.randint(0, 255, (n, 2, 112, 112, 3), generator=chance, dtype=torch.uint8),
        "points": torch.rand(n, 2, 68, 2, generator=chance),
        "canonical": torch.randn(n, 68, 3, generator=chance),
        "pose": torch.zeros(n, 3),
        "mesh": torch.randn(n, 478, 3, generator=torch.Generator().manual_seed(1)).half(),
        "au": au,
        "change": torch.full((n, 22, 2), math.nan),
        "shown": torch.full((n, 22), -1, dtype=torch.int8),
        "emotion": torch.where(known, place, -1),
        "live": torch.where(known, place // 4, -1),
        "attack": torch.where(known & (place >= 4), 1, -1),
        "digital": torch.full((n,), -1),
        "cues": torch.where(known[:, None], 0, -1).repeat(1, 12),
        "map": torch.where(known[:, None, None], 0, 255).repeat(1, 14, 14).to(torch.uint8),
        "split": torch.zeros(n, dtype=torch.long),
        "subject": torch.arange(n),
        "pair": torch.full((n,), -1),
        "photo": torch.zeros(n, dtype=torch.long),
        "held_out": (place == 4).long(),
        "mirrored": torch.zeros(n, dtype=torch.long),
    }


def written(tensors: dict[str, torch.Tensor], path: Path, views: tuple[str, ...] = ("rgb", "spoof")) -> Path:
    """The rows as one file with its JSON beside it."""
    told = ("subject", "pair")  # of the set and not of a file
    save_file({name: values.contiguous() for name, values in tensors.items() if name not in told}, path)
    rows = range(len(tensors["views"]))
    about = {
        "files": [path.name],
        "views": list(views),
        "ids": [str(row) for row in rows],
        "pair": tensors["pair"].tolist(),
        "subjects": [f"{subject:06d}" for subject in tensors["subject"].tolist()],
        "dataset": ["noise" for _ in rows],
        "source": [{} for _ in rows],
        "dropped": {},
    }
    path.with_suffix(".json").write_text(json.dumps(about))
    return path
