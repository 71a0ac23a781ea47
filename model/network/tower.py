"""A larger preset's own vision tower: any Hugging Face vision model, guided by the face's regions like the evidence encoder, pooled and projected.

It adds tokens and no numbers, so it runs where the language model runs. The guidance is the encoder's very code at the tower's width.
"""

import torch
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from .configuration import FacewiseConfig
from .encoder import pooled
from .looks import TOWER_KIND
from .regions import GuidedCrossAttention, RegionProjector, guiding_mask


class TowerProjector(nn.Module):
    """Pooled patches of the tower's width -> embeddings of the language model; a learned embedding tells the views apart."""

    def __init__(self, width: int, views: int, out: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.views = nn.Embedding(views, width)
        self.up = nn.Linear(width, out)
        self.down = nn.Linear(out, out)

    def forward(self, tokens_FVnC: Tensor) -> Tensor:
        """-> [F, V, n, D]."""
        tokens = self.norm(tokens_FVnC) + self.views.weight[:, None]
        return self.down(nn.functional.gelu(self.up(tokens)))


class FaceTower(nn.Module):
    """Tower, region guidance (FRLP and FRGCA of its own) and projector. `vision_model`: a loaded one; None: one of the config, untrained."""

    def __init__(self, config: FacewiseConfig, vision_model: PreTrainedModel | None = None):
        super().__init__()
        vision = config.vision_config
        self.grid, self.tokens = config.vision_grid, config.vision_tokens
        self.covered = self.grid * vision.patch_size / vision.image_size  # of a view's side, by patches
        # In the type that is wanted around it, not in the one that its config was saved with.
        self.tower = vision_model or AutoModel.from_config(vision, dtype=torch.get_default_dtype())
        # The mean face is taken off before (looks.py), while the points are still float32.
        self.region_projector = RegionProjector(vision.hidden_size, None, config.encoder_config.landmark_std, dense=False)
        self.guidance = GuidedCrossAttention(vision.hidden_size, vision.num_attention_heads)
        self.projector = TowerProjector(vision.hidden_size, len(config.vision_views), config.text_config.hidden_size)

    def forward(self, pixel_values: Tensor, points: Tensor, deviation: Tensor, pose: Tensor, has_landmarks: Tensor) -> Tensor:
        """What looks.tower_inputs gives of F faces -> their tokens [F, V * n, D], view after view, rows of the grid first."""
        guided = self.guided(self.patches(pixel_values), points, deviation, pose, has_landmarks)
        return self.projector(pooled(guided, self.tokens)).flatten(1, 2)

    def patches(self, pixel_values: Tensor) -> Tensor:
        """[F, V, 3, S, S] -> what the tower alone makes of it [F, V, N, C]; a class token and registers are left out. Patches that were kept from before
        stay as they are."""
        if pixel_values.ndim == 4:
            return pixel_values
        faces, views = pixel_values.shape[:2]
        dtype = next(self.tower.parameters()).dtype
        hidden = self.tower(pixel_values=pixel_values.flatten(0, 1).to(dtype)).last_hidden_state
        return hidden[:, -(self.grid**2) :].unflatten(0, (faces, views))

    def guided(self, patches_FVNC: Tensor, points: Tensor, deviation: Tensor, pose: Tensor, has_landmarks: Tensor) -> Tensor:
        """Patches and landmarks -> guided patches [F, V, N, C]. The tower may be stored in another type than the rest."""
        regions = self.region_projector(deviation, pose, has_landmarks)
        mask = guiding_mask(points.float() / self.covered, pose, has_landmarks, self.grid, self.guidance.log_tau)
        return self.guidance(patches_FVNC.to(regions.dtype), regions, mask, has_landmarks)


def face_embeddings(
    projector: nn.Module, vision: FaceTower | None, features_TC: Tensor, kinds_T: Tensor, looked: dict[str, Tensor]
) -> Tensor:
    """A batch's face tokens [T, D] in order: the encoder's through `projector`, and in their places those of `looked` faces' tower."""
    if vision is None or not looked or not len(looked["pixel_values"]):
        return projector(features_TC, kinds_T)
    from_tower = kinds_T >= TOWER_KIND
    tokens = projector(features_TC, kinds_T.masked_fill(from_tower, 0))
    return tokens.masked_scatter(from_tower[:, None], vision(**looked).to(tokens.dtype))
