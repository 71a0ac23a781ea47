"""Pictures as the page needs them: JPEG and PNG bytes, data URIs, and maps as coloured layers to lie over a photo."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from ...model.network.perceive import Perceiver
    from ...model.perception.faces import DetectedFace
    from ...model.perception.picture import Picture

STAGE_PX = 1280
HEAT = (240, 90, 30)  # RGB
# One colour a region, jaw to inner lips: Okabe and Ito's, told apart by colour-blind readers, too
REGION_COLOURS = ("#8c8c8c", "#e69f00", "#e69f00", "#cc79a7", "#cc79a7", "#56b4e9", "#56b4e9", "#d55e00", "#d55e00")


def smaller(pixels: np.ndarray, longest: int) -> np.ndarray:
    scale = longest / max(pixels.shape[:2])
    return pixels if scale >= 1 else cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def jpeg(pixels: np.ndarray, longest: int = STAGE_PX, quality: int = 86) -> bytes:
    """RGB uint8 [h, w, 3]."""
    drawn = cv2.cvtColor(smaller(pixels, longest), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def uri(data: bytes, kind: str = "jpeg") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def heat(shares: np.ndarray, colour: tuple[int, int, int] = HEAT, size: int = 224) -> str:
    """A map [g, g] of 0..1 as a see-through layer."""
    large = np.clip(cv2.resize(shares.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)
    layer = np.zeros((size, size, 4), np.uint8)
    layer[..., :3] = colour[::-1]
    layer[..., 3] = np.rint(190 * large)
    return uri(cv2.imencode(".png", layer)[1].tobytes(), "png")


def regions(attention: np.ndarray, size: int = 224) -> str:
    """Attention [g, g, 9] as a layer: each patch in the colours of the regions that guide it, as strong as they do together."""
    colours = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in REGION_COLOURS], np.float32)
    total = attention.sum(-1, keepdims=True)
    mixed = attention @ colours / np.maximum(total, 1e-6)
    layer = np.concatenate([mixed[..., ::-1], 200 * np.clip(total, 0, 1)], axis=-1)
    large = cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC)
    return uri(cv2.imencode(".png", np.clip(np.rint(large), 0, 255).astype(np.uint8))[1].tobytes(), "png")


def attention(perceiver: Perceiver, picture: Picture, face: DetectedFace) -> np.ndarray:
    """How much each patch of the tight view asks each of the nine regions [g, g, 9]; what is missing to 1 asks the whole face or nothing."""
    import torch

    from ...model.network.perceive import as_input
    from ...model.network.regions import guiding_mask
    from ...model.perception.views import face_views

    encoder, config = perceiver.encoder, perceiver.encoder.config
    tight = config.views.index("rgb")
    view = face_views(picture.pixels, face, config.image_size, config.views)
    parts = (view.points, view.canonical, view.pose, view.has_landmarks, view.mesh)
    points, shape, pose, known, mesh = (torch.from_numpy(np.asarray(part)[None]) for part in parts)
    with torch.inference_mode():
        patches = encoder.sight.looks[tight](as_input(torch.from_numpy(view.images[None]))[:, tight])[0][:, None]
        tokens = encoder.region_projector(shape, pose, known, mesh)
        mask = guiding_mask(points[:, tight, None], pose, known, config.grid, encoder.guidance.log_tau)
        shares = encoder.guidance.attention(patches, tokens, mask, known)[0, 0]
    return shares[..., :9].reshape(config.grid, config.grid, 9).numpy()
