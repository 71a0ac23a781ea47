"""How the evidence encoder looks at its views: with a small ViT at the tight ones, with a convolutional net at the wide ones and at `rgb` once more.

An expression is where things lie and how they bend, an attack is mostly texture and colour; these want many filters at a fine scale and few
layers, and a ViT learns them slowly from few pictures. All give the same grid of patches, so region guidance does not ask which it was.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, group_norm, scaled_dot_product_attention
from transformers import initialization as init

from .configuration import FaceEncoderConfig
from .regions import merge_heads, split_heads

TIGHT = ("rgb",)  # views of the face alone
GROUPS = 8  # of the texture net's channels, each normalised together


class Sight(nn.Module):
    """A net of its own for each look (`looks`), because texture and frequency channels are no colours."""

    def __init__(self, config: FaceEncoderConfig):
        super().__init__()
        self.sources = [config.views.index(name) for name, _ in looks(config)]
        self.looks = nn.ModuleList(net(config) for _, net in looks(config))

    def forward(self, views_BV3SS: Tensor, wanted_BL: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """Pixels in [-1, 1] -> patches [B, L, N, C] and every look's finer map [B, c, 2g, 2g]; those of looks that are not `wanted` are zeros and cost
        nothing."""
        seen = []
        for number, (view, net) in enumerate(zip(self.sources, self.looks, strict=True)):
            if wanted_BL is None or wanted_BL[:, number].all():
                seen.append(net(views_BV3SS[:, view]))
            else:
                wanted = wanted_BL[:, number]
                seen.append([_among(wanted, found) for found in net(views_BV3SS[wanted, view])])
        patches, maps = zip(*seen, strict=True)
        return torch.stack(patches, dim=1), list(maps)


def _among(wanted_B: Tensor, found: Tensor) -> Tensor:
    """What was found of the rows that were wanted, zeros for the others."""
    every = found.new_zeros(len(wanted_B), *found.shape[1:])
    every[wanted_B] = found
    return every


def looks(config: FaceEncoderConfig) -> list[tuple[str, type[nn.Module]]]:
    """(view, net) of every look: one a view, in their order, and the colours and textures of `rgb` last."""
    return [(name, Shape if name in TIGHT else Texture) for name in config.views] + [("rgb", Texture)]


def tells_of_attacks(config: FaceEncoderConfig) -> list[bool]:
    """Of every look, whether authenticity is read from it; expression reads the others."""
    return [net is Texture for _, net in looks(config)]


class Shape(nn.Module):
    """A ViT with a convolutional stem, which learns from fewer pictures than one large step does (Xiao et al. 2021, "Early convolutions help
    transformers see better") and costs less than two layers."""

    def __init__(self, config: FaceEncoderConfig):
        super().__init__()
        size = config.hidden_size
        widths = [3, *(size >> step for step in reversed(range(halvings(config))))]
        self.stem = nn.ModuleList(nn.Conv2d(before, after, 3, 2, 1) for before, after in pairwise(widths))
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for width in widths[1:-1])
        self.positions = nn.Parameter(torch.zeros(config.grid**2, size))
        self.blocks = nn.ModuleList(Block(size, config.num_heads, config.mlp_ratio) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, view_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """-> patches [B, N, C], and the stem's map before the last halving."""
        seen = view_B3SS
        for step, norm in zip(self.stem[:-1], self.norms, strict=True):
            seen = gelu(norm(step(seen)))
        tokens = self.stem[-1](seen).flatten(2).mT + self.positions
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens), seen


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


class Texture(nn.Module):
    """Halvings, and a residual block (He et al. 2016) after each of the last two."""

    def __init__(self, config: FaceEncoderConfig):
        super().__init__()
        size, steps = config.hidden_size, halvings(config)
        widths = [3, *(max(GROUPS, GROUPS * (size // (12 * GROUPS)) << step) for step in range(steps))]
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(widths)):
            layers.append(Filters(before, after, stride=2))
            layers += [Residual(after)] if number >= steps - 2 else []
        self.layers = nn.Sequential(*layers)
        self.out = nn.Conv2d(widths[-1], size, 1)
        self.norm = nn.LayerNorm(size)

    def forward(self, view_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """-> patches [B, N, C], and the map before the last halving."""
        fine = self.layers[:-2](view_B3SS)
        seen = self.out(self.layers[-2:](fine)).flatten(2).mT
        # In the weights' precision also under autocast: on a CPU a layer norm in bfloat16 sums its bias's gradient in bfloat16, which stagnates.
        return self.norm(seen.to(self.norm.weight.dtype)), fine


class Filters(nn.Module):
    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm = Norm(GROUPS, after)

    def forward(self, seen: Tensor) -> Tensor:
        return gelu(self.norm(self.conv(seen)))


class Norm(nn.GroupNorm):
    """In the precision of what it is given, also where autocast would go to float32 and back: a fifth of the net's time in training."""

    def forward(self, seen: Tensor) -> Tensor:
        with torch.autocast(seen.device.type, enabled=False):
            return group_norm(seen, self.num_groups, self.weight.to(seen.dtype), self.bias.to(seen.dtype), self.eps)


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = Filters(width, width), Filters(width, width)

    def forward(self, seen: Tensor) -> Tensor:
        return seen + self.second(self.first(seen))


def map_size(config: FaceEncoderConfig) -> int:
    """Channels of a tight look's finer map."""
    return config.hidden_size >> 1 if halvings(config) > 1 else 3


def halvings(config: FaceEncoderConfig) -> int:
    """How often a view is halved until a pixel is a patch."""
    return config.patch_size.bit_length() - 1


@torch.no_grad()
def draw_sight(module: nn.Module, std: float) -> None:
    """What transformers' own initialisation does not know of a view's net, or draws too small; of other modules nothing."""
    if isinstance(module, Shape):
        init.normal_(module.positions, std=std)
        for step in module.stem:
            init.kaiming_normal_(step.weight, nonlinearity="relu")
    elif isinstance(module, Filters):
        init.kaiming_normal_(module.conv.weight, nonlinearity="relu")
