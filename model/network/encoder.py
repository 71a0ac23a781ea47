"""The evidence encoder: views of a face and its landmarks in, every number of an answer and the LLM's visual tokens out.

Each view is looked at alone (sight.py), landmarks then guide the patches (regions.py), and the heads read what is guided, so
that the numbers themselves depend on where the regions are. It runs before the LLM, in every engine.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from ..readings import ACTIVE_INTENSITY, NEUTRAL
from ..taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, MIRROR, NO_PROTOTYPE
from .configuration import FaceEncoderConfig
from .evidence import Evidence
from .heads import AU_BIAS, AuthenticityHead, ExpressionHead
from .regions import (
    GuidedCrossAttention,
    RegionProjector,
    draw_weights,
    guiding_mask,
    turned_pose,
)
from .sight import Sight, draw_sight, map_size, tells_of_attacks

TURNED = ("au", "attack_map")  # their last dimension is sides, or x


@dataclass
class EncoderOutput(ModelOutput):
    """guided [B,V,N,C], pooled [B,V,n,C], regions [B,10,C], au [B,22,2] intensities from 0 (left, right), au_active [B,22],
    emotion [B,9], spoof [B], attack [B,11], cues [B,12], attack_map [B,g,g] over the wide crop and digital [B]: logits."""

    guided: Tensor = None
    pooled: Tensor = None
    regions: Tensor = None
    au: Tensor = None
    au_active: Tensor = None
    emotion: Tensor = None
    spoof: Tensor = None
    attack: Tensor = None
    cues: Tensor = None
    attack_map: Tensor = None
    digital: Tensor = None


class FaceEncoder(PreTrainedModel):
    """Sight, region guidance (FRLP and FRGCA) and heads; see the module's docstring."""

    config_class = FaceEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "views"
    _supports_sdpa = True

    def __init__(self, config: FaceEncoderConfig):
        super().__init__(config)
        size, heads = config.hidden_size, config.num_heads
        self.sight = Sight(config)
        self.region_projector = RegionProjector(size, config.landmark_mean, config.landmark_std)
        self.guidance = GuidedCrossAttention(size, heads)
        self.expression = ExpressionHead(size, heads)
        if config.places:
            self.expression.add_places(map_size(config))
        self.textures = [number for number, tells in enumerate(tells_of_attacks(config)) if tells]
        self.authenticity = AuthenticityHead(size, heads, len(self.textures), config.digital)
        self.post_init()

    def forward(
        self,
        views: Tensor,
        points: Tensor,
        canonical: Tensor,
        pose: Tensor,
        has_landmarks: Tensor,
        mesh: Tensor | None = None,
        wanted: Tensor | None = None,
        **_,
    ) -> EncoderOutput:
        """views [B,V,3,S,S] in [-1,1], points [B,V,68,2] in unit coordinates (x, y), canonical [B,68,3] in IOD, pose [B,3]
        (pitch, yaw, roll) in radians, has_landmarks [B] bool, mesh [B,478,3] in IOD, NaN for a face that has none -> EncoderOutput.

        `wanted` [B,L] bool: looks (sight.py) that are taken, all by default; a head whose looks are left out is not to be read."""
        self.check(views)
        views = views.contiguous()  # group norms take six times as long over pixels whose channels lie together
        regions_BRC = self.region_projector(canonical, pose, has_landmarks, mesh)
        mirrored_BRC = self.region_projector.mirrored(canonical, pose, has_landmarks, mesh)
        guided_BLNC, numbers = self._read(views, points, pose, has_landmarks, regions_BRC, mirrored_BRC, wanted)
        if not self.training:
            image = (views.flip(-1), turned_points(points), turned_pose(pose))
            numbers = both_ways(numbers, self._read(*image, has_landmarks, mirrored_BRC, regions_BRC, wanted)[1])
        guided = guided_BLNC[:, : views.shape[1]]
        return EncoderOutput(guided=guided, pooled=pooled(guided, self.config.tokens_per_view), regions=regions_BRC, **numbers)

    def _read(
        self, views, points, pose, has_landmarks, regions_BRC, mirrored_BRC, wanted
    ) -> tuple[Tensor, dict[str, Tensor | None]]:
        """Guided patches of every look [B, L, N, C] and the heads' outputs, of these views alone."""
        rgb, wide = (self.config.views.index(name) for name in ("rgb", "spoof"))
        patches_BLNC, maps = self.sight(views.to(self.dtype), wanted)
        guided = self._guided(patches_BLNC, points, pose, has_landmarks, regions_BRC, wanted)
        places = (maps[rgb], points[:, rgb], has_landmarks)
        au, au_active, emotion = self.expression(guided[:, rgb], regions_BRC, mirrored_BRC, places)
        read = {"au": au, "au_active": au_active, "emotion": emotion}
        return guided, read | self.authenticity(guided[:, self.textures], guided[:, wide], regions_BRC)

    def _guided(self, patches_BLNC, points, pose, has_landmarks, regions_BRC, wanted_BL) -> Tensor:
        """[B, L, N, C]; looks that no face of the batch wants stay as they are."""
        seen = [look for look in range(patches_BLNC.shape[1]) if wanted_BL is None or wanted_BL[:, look].any()]
        sources = [self.sight.sources[look] for look in seen]
        mask = guiding_mask(points[:, sources], pose, has_landmarks, self.config.grid, self.guidance.log_tau)
        guided = self.guidance(patches_BLNC[:, seen], regions_BRC, mask, has_landmarks)
        looks = list(patches_BLNC.unbind(1))
        for look, patches in zip(seen, guided.unbind(1), strict=True):
            looks[look] = patches.to(patches_BLNC.dtype)
        return torch.stack(looks, dim=1)

    def add_places(self) -> None:
        """Gives the skin's places to an encoder that has learned without them; its numbers are the same until it goes on."""
        self.config.places = True
        self.expression.add_places(map_size(self.config))

    def check(self, views: Tensor) -> None:
        """Raises ValueError when views are not [B, V, 3, S, S] of the config."""
        size = self.config.image_size
        expected = (len(self.config.views), 3, size, size)
        if tuple(views.shape[1:]) != expected:
            raise ValueError(f"views must be [B, {', '.join(map(str, expected))}], got {list(views.shape)}")

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        std = self.config.initializer_range
        draw_sight(module, std)
        if isinstance(module, RegionProjector | GuidedCrossAttention):
            draw_weights(module, std)
        elif isinstance(module, ExpressionHead):
            for queries in (module.au_queries, module.side_queries, module.emotion_query):
                init.normal_(queries, std=1.0)
            init.normal_(module.intensity, std=std)
            init.normal_(module.active, std=std)
            init.constant_(module.geometry[-1].bias, AU_BIAS)
            if module.places is not None:
                module.places.draw()
            init.zeros_(module.active_bias)
        elif isinstance(module, AuthenticityHead):
            init.normal_(module.queries, std=1.0)


def both_ways(numbers: dict[str, Tensor | None], of_mirror_image: dict[str, Tensor | None]) -> dict[str, Tensor | None]:
    """The mean of what a face and its mirror image show, the latter turned back. A face read both ways is read more surely, and its sides turn with the
    picture exactly. Texture views are turned as they are drawn, which is not quite what they show of a mirrored picture (a gradient's cells and a
    spectrum's middle are off), and near enough to know an attack by."""
    told = {}
    for name, one in numbers.items():
        other = of_mirror_image[name]
        told[name] = None if one is None or other is None else (one + (other.flip(-1) if name in TURNED else other)) / 2
    return told


def turned_points(points_BVP2: Tensor) -> Tensor:
    """Landmarks in unit coordinates of the views' mirror images."""
    return points_BVP2[:, :, MIRROR] * points_BVP2.new_tensor([-1, 1]) + points_BVP2.new_tensor([1, 0])


def pooled(guided_BVNC: Tensor, n: int) -> Tensor:
    """The patch grid averaged down to n tokens a view [B, V, n, C], row-major like the patches."""
    grid, side = round(guided_BVNC.shape[2] ** 0.5), round(n**0.5)
    maps = guided_BVNC.flatten(0, 1).mT.unflatten(-1, (grid, grid))
    return adaptive_avg_pool2d(maps, side).flatten(2).mT.unflatten(0, guided_BVNC.shape[:2])


def appearance(logits_BE: Tensor, active_BA: Tensor, levels_BAs: Tensor) -> Tensor:
    """Probabilities of the emotions [B, 9]: neutral is that nothing moves, which the action units tell, and the logits share out the rest.

    Neutral is so by definition; as a class of its own it is lost to the faint movements that resemble nothing.
    """
    moves = torch.where(levels_BAs.amax(-1) >= ACTIVE_INTENSITY, active_BA, 0.0).amax(-1, keepdim=True)
    at_rest = torch.zeros(logits_BE.shape[-1], dtype=torch.bool, device=logits_BE.device)
    at_rest[EMOTIONS.index(NEUTRAL)] = True
    return torch.where(at_rest, 1 - moves, moves * logits_BE.masked_fill(at_rest, -torch.inf).softmax(-1))


@torch.no_grad()
def evidence(output: EncoderOutput) -> list[Evidence]:
    """An encoder's output as plain numbers, one Evidence a face; intensities are cut to 0-5."""
    au = output.au.float().clamp(0, 5).tolist()
    active = output.au_active.float().sigmoid()
    emotion = appearance(output.emotion.float(), active, output.au.float()).tolist()
    active = active.tolist()
    spoof = output.spoof.float().tolist()
    attack = output.attack.float().softmax(-1).tolist()
    cues = output.cues.float().sigmoid().tolist()
    maps = output.attack_map.float().sigmoid().cpu().numpy()
    digital = [None] * len(spoof) if output.digital is None else output.digital.float().sigmoid().tolist()
    return [
        Evidence(
            aus={code: (left, right, p) for code, (left, right), p in zip(AU_CODES, au[i], active[i])},
            emotion=dict(zip((*EMOTIONS, NO_PROTOTYPE), emotion[i])),
            spoof_logit=spoof[i],
            attack=dict(zip(ATTACKS, attack[i])),
            cues=dict(zip(CUES, cues[i])),
            attack_map=maps[i],
            digital=digital[i],
        )
        for i in range(len(spoof))
    ]
