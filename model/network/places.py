"""Where on the face its skin is read for action units: at the 68 landmarks, and at places between them where skin folds and iBUG has no point.

Features of the picture are taken at these places (shape-indexed features: Cao et al. 2014, "Face alignment by explicit shape regression"; centres of action
units: Li et al. 2018, "EAC-Net"), so that a small net always finds the same piece of skin at the same entrance, wherever the face lies and however it is
turned. Attention over patches has to learn that first, from many more pictures.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, grid_sample
from transformers import initialization as init

from ..taxonomy import AU_CODES, MIRROR

Place = dict[int, float]  # what of each landmark: shares, which add up to 1
MIDLINE: dict[str, Place] = {
    "glabella": {21: 0.5, 22: 0.5},
    "nose root": {21: 0.25, 22: 0.25, 27: 0.5},
    "forehead": {21: 0.75, 22: 0.75, 27: -0.5},
    "upper forehead": {21: 1.25, 22: 1.25, 27: -1.5},
    "philtrum": {33: 0.5, 51: 0.5},
    "chin boss": {57: 0.5, 8: 0.5},
}
RIGHT: dict[str, Place] = {  # the person's; the left ones are their mirror images
    "forehead over the inner brow": {21: 1.6, 39: -0.6},
    "forehead over the brow": {19: 1.5, 37: -0.5},
    "upper forehead over the brow": {19: 2.0, 37: -1.0},
    "temple": {17: 1.5, 36: -0.5},
    "crow's feet": {36: 1.3, 39: -0.3},
    "cheekbone": {36: 1.4, 39: -0.4},
    "side of the nose root": {39: 0.5, 28: 0.5},
    "side of the nose": {40: 0.5, 29: 0.5},
    "nose wing": {31: 0.8, 40: 0.2},
    "inner cheek": {40: 0.6, 31: 0.4},
    "under the eye": {41: 0.7, 48: 0.3},
    "outer cheek": {36: 0.4, 48: 0.6},
    "cheek": {41: 0.4, 48: 0.6},
    "cheek before the ear": {2: 0.5, 41: 0.5},
    "lower cheek before the ear": {3: 0.5, 31: 0.5},
    "nasolabial fold, upper part": {31: 0.6, 48: 0.4},
    "nasolabial fold, lower part": {31: 0.3, 48: 0.7},
    "beside the nasolabial fold": {31: 0.4, 48: 0.2, 3: 0.4},
    "beside the lip corner": {48: 1.2, 54: -0.2},
    "dimple": {48: 1.35, 54: -0.35},
    "jowl": {48: 0.6, 4: 0.4},
    "under the lip corner": {48: 0.5, 5: 0.5},
    "marionette line": {48: 0.6, 6: 0.4},
    "side of the chin": {59: 0.5, 7: 0.5},
}
EACH, HIDDEN = 16, 256


def place_shares() -> Tensor:
    """[K, 68]: what of each landmark every place is; landmarks first, then the midline, then right and left by turns."""
    rows = torch.zeros(68 + len(MIDLINE) + 2 * len(RIGHT), 68)
    rows[:68] = torch.eye(68)
    pairs = [(place, {MIRROR[point]: share for point, share in place.items()}) for place in RIGHT.values()]
    for row, place in zip(rows[68:], [*MIDLINE.values(), *(place for pair in pairs for place in pair)], strict=True):
        for point, share in place.items():
            row[point] = share
    return rows


SHARES = place_shares()


class PlaceReadout(nn.Module):
    """Intensity by side and presence of every action unit from a fine map of the picture, at all places. A new one says nothing: it can be given to an
    encoder that has learned without."""

    def __init__(self, map_size: int):
        super().__init__()
        self.norm = nn.LayerNorm(map_size)
        self.each = nn.Linear(map_size, EACH)
        self.read = nn.Sequential(nn.Linear(len(SHARES) * EACH, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 3 * len(AU_CODES)))
        self.draw()

    def draw(self) -> None:
        """Weights as PyTorch draws them, whether it is new with its encoder or comes later; the last layer says nothing yet."""
        for layer in (self.each, self.read[0]):
            init.kaiming_uniform_(layer.weight, a=5**0.5)
            init.zeros_(layer.bias)
        init.zeros_(self.read[-1].weight)
        init.zeros_(self.read[-1].bias)

    def forward(self, map_BCHW: Tensor, points_BP2: Tensor, known_B: Tensor) -> tuple[Tensor, Tensor]:
        """A map of the view, landmarks in its unit coordinates, whether a face has any -> what is added to raw intensities [B, A, 2] (left, right) and to
        activities [B, A]; nothing without landmarks."""
        known = known_B[:, None, None]
        there = at_places(
            map_BCHW.to(self.norm.weight.dtype), torch.where(known, points_BP2, 0.5)
        )  # as sight.py's norm, not in bfloat16
        told = self.read(gelu(self.each(self.norm(there))).flatten(1)).unflatten(1, (3, -1))
        left, right, active = torch.where(known, told, 0.0).unbind(1)
        return torch.stack([left, right], dim=-1), active


def at_places(map_BCHW: Tensor, points_BP2: Tensor) -> Tensor:
    """[B, K, C], between the cells by what lies around (bilinear); beyond the border the border. In float32 also under autocast: in bfloat16 a place
    is off by up to a pixel and a half of 224."""
    with torch.autocast(points_BP2.device.type, enabled=False):
        places = SHARES.to(points_BP2) @ points_BP2
        grid = (2 * places - 1)[:, :, None].to(map_BCHW.dtype)
        return grid_sample(map_BCHW, grid, align_corners=False, padding_mode="border")[..., 0].mT
