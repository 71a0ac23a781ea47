"""The evidence encoder: views of a face and its landmarks in, every number of an answer and the LLM's visual tokens out.

A small vision tower looks at each view alone, landmarks then guide the patches (regions.py), and the heads read what is guided, so
that the numbers themselves depend on where the regions are. It runs before the LLM, in every engine.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, gelu, scaled_dot_product_attention
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from ..taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, NO_PROTOTYPE
from .configuration import FaceEncoderConfig
from .evidence import Evidence
from .heads import AU_BIAS, AuthenticityHead, ExpressionHead
from .regions import (
    GuidedCrossAttention,
    RegionProjector,
    draw_weights,
    guiding_mask,
    merge_heads,
    split_heads,
)


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


class Block(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, hidden_size: int, num_heads: int, mlp_ratio: int):
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(hidden_size)
        self.qkv = nn.Linear(hidden_size, 3 * hidden_size)
        self.out = nn.Linear(hidden_size, hidden_size)
        self.mlp_norm = nn.LayerNorm(hidden_size)
        self.up = nn.Linear(hidden_size, mlp_ratio * hidden_size)
        self.down = nn.Linear(mlp_ratio * hidden_size, hidden_size)

    def forward(self, tokens_BTC: Tensor) -> Tensor:
        qkv = self.qkv(self.attention_norm(tokens_BTC)).chunk(3, dim=-1)
        attended = scaled_dot_product_attention(*(split_heads(x, self.num_heads) for x in qkv))
        tokens = tokens_BTC + self.out(merge_heads(attended))
        return tokens + self.down(gelu(self.up(self.mlp_norm(tokens))))


class Tower(nn.Module):
    """A plain ViT over all views of a batch in one pass.

    Each view has its own patch embedding, because texture and frequency channels are no colours; the rest is shared, and a view
    embedding tells them apart.
    """

    def __init__(self, config: FaceEncoderConfig):
        super().__init__()
        size, patch = config.hidden_size, config.patch_size
        self.patches = nn.ModuleList(nn.Conv2d(3, size, patch, stride=patch) for _ in config.views)
        self.positions = nn.Parameter(torch.zeros(config.grid**2, size))
        self.views = nn.Parameter(torch.zeros(len(config.views), 1, size))
        self.blocks = nn.ModuleList(Block(size, config.num_heads, config.mlp_ratio) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, views_BV3SS: Tensor) -> Tensor:
        """Pixels in [-1, 1] -> patches [B, V, N, C]."""
        embedded = [embed(views_BV3SS[:, v]).flatten(2).mT for v, embed in enumerate(self.patches)]
        tokens = torch.stack(embedded, dim=1) + self.positions + self.views
        batch, views = tokens.shape[:2]
        tokens = tokens.flatten(0, 1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens).unflatten(0, (batch, views))


class FaceEncoder(PreTrainedModel):
    """Tower, region guidance (FRLP and FRGCA) and heads; see the module's docstring."""

    config_class = FaceEncoderConfig
    base_model_prefix = "encoder"
    main_input_name = "views"
    _supports_sdpa = True

    def __init__(self, config: FaceEncoderConfig):
        super().__init__(config)
        size, heads = config.hidden_size, config.num_heads
        self.tower = Tower(config)
        self.region_projector = RegionProjector(size, config.landmark_mean, config.landmark_std)
        self.guidance = GuidedCrossAttention(size, heads)
        self.expression = ExpressionHead(size, heads)
        self.authenticity = AuthenticityHead(size, heads, config.digital)
        self.post_init()

    def forward(
        self, views: Tensor, points: Tensor, canonical: Tensor, pose: Tensor, has_landmarks: Tensor, **_
    ) -> EncoderOutput:
        """views [B,V,3,S,S] in [-1,1], points [B,V,68,2] in unit coordinates (x, y), canonical [B,68,3] in IOD,
        pose [B,3] (pitch, yaw, roll) in radians, has_landmarks [B] bool -> EncoderOutput."""
        self.check(views)
        rgb, wide = (self.config.views.index(name) for name in ("rgb", "spoof"))
        patches_BVNC = self.tower(views.to(self.dtype))
        regions_BRC = self.region_projector(canonical, pose, has_landmarks)
        mask = guiding_mask(points, pose, has_landmarks, self.config.grid, self.guidance.log_tau)
        guided = self.guidance(patches_BVNC, regions_BRC, mask, has_landmarks)
        au, au_active, emotion = self.expression(guided[:, rgb], regions_BRC)
        return EncoderOutput(
            guided=guided,
            pooled=pooled(guided, self.config.tokens_per_view),
            regions=regions_BRC,
            au=au,
            au_active=au_active,
            emotion=emotion,
            **self.authenticity(guided, guided[:, wide], regions_BRC),
        )

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
        if isinstance(module, Tower):
            init.normal_(module.positions, std=std)
            init.normal_(module.views, std=std)
        elif isinstance(module, RegionProjector | GuidedCrossAttention):
            draw_weights(module, std)
        elif isinstance(module, ExpressionHead):
            for queries in (module.au_queries, module.side_queries, module.emotion_query):
                init.normal_(queries, std=1.0)
            init.normal_(module.intensity, std=std)
            init.normal_(module.active, std=std)
            init.constant_(module.geometry.bias, AU_BIAS)
            init.zeros_(module.active_bias)
        elif isinstance(module, AuthenticityHead):
            init.normal_(module.queries, std=1.0)


def pooled(guided_BVNC: Tensor, n: int) -> Tensor:
    """The patch grid averaged down to n tokens a view [B, V, n, C], row-major like the patches."""
    grid, side = round(guided_BVNC.shape[2] ** 0.5), round(n**0.5)
    maps = guided_BVNC.flatten(0, 1).mT.unflatten(-1, (grid, grid))
    return adaptive_avg_pool2d(maps, side).flatten(2).mT.unflatten(0, guided_BVNC.shape[:2])


@torch.no_grad()
def evidence(output: EncoderOutput) -> list[Evidence]:
    """An encoder's output as plain numbers, one Evidence a face; intensities are cut to 0-5."""
    au = output.au.float().clamp(0, 5).tolist()
    active = output.au_active.float().sigmoid().tolist()
    emotion = output.emotion.float().softmax(-1).tolist()
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
