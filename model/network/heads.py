"""The heads that turn guided tokens into numbers: expression (action units, emotion) and authenticity (spoof and its reasons).

Each reads its tokens with learned queries, so what a number looked at can be seen. An action unit has one query with a side added
to it, and both sides share the readout: what is learned on the left is known on the right.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention, softplus

from ..taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS
from .places import PlaceReadout
from .regions import N_REGIONS, merge_heads, split_heads

N_AUS = len(AU_CODES)
N_EMOTIONS = len(EMOTIONS) + 1  # and "no clear prototype"
GEOMETRY_WIDTH = 256
AU_BIAS = -1.0  # action units start near 0.3, not at softplus(0) = 0.7: most are silent most of the time


class QueryPool(nn.Module):
    """Queries read a set of tokens: one cross-attention and a small residual layer."""

    def __init__(self, hidden_size: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.mix = nn.Linear(hidden_size, hidden_size)
        self.final_norm = nn.LayerNorm(hidden_size)

    def forward(self, queries_QC: Tensor, tokens_BTC: Tensor) -> Tensor:
        """-> [B, Q, C]."""
        tokens = self.norm(tokens_BTC)
        keys, values = self.key(tokens), self.value(tokens)
        queries = queries_QC.to(keys.dtype).expand(len(tokens), -1, -1)
        read = merge_heads(scaled_dot_product_attention(*(split_heads(x, self.num_heads) for x in (queries, keys, values))))
        return self.final_norm(read + gelu(self.mix(read)))


class ExpressionHead(nn.Module):
    """Action units by side and the emotion, from the tight crop's guided patches and the region tokens.

    Intensities add a readout of all region tokens: points alone carry most of what they can say [docs/science.md §2]. It reads the
    left side; the right one is the left of the mirrored face, so what points tell turns with the picture, exactly. What lies at certain places
    of the skin (places.py) adds to both. The emotion sees the action units as well, because its prototypes are combinations of them.
    """

    def __init__(self, hidden_size: int, num_heads: int):
        super().__init__()
        self.pool = QueryPool(hidden_size, num_heads)
        self.au_queries = nn.Parameter(torch.zeros(N_AUS, hidden_size))
        self.side_queries = nn.Parameter(torch.zeros(2, hidden_size))
        self.emotion_query = nn.Parameter(torch.zeros(hidden_size))
        self.intensity = nn.Parameter(torch.zeros(N_AUS, hidden_size))
        self.active = nn.Parameter(torch.zeros(N_AUS, hidden_size))
        self.active_bias = nn.Parameter(torch.zeros(N_AUS))
        self.geometry = nn.Sequential(
            nn.Linear((N_REGIONS + 1) * hidden_size, GEOMETRY_WIDTH), nn.GELU(), nn.Linear(GEOMETRY_WIDTH, N_AUS)
        )
        self.emotion = nn.Sequential(nn.Linear(hidden_size + 2 * N_AUS, 64), nn.GELU(), nn.Linear(64, N_EMOTIONS))
        self.places: PlaceReadout | None = None

    def add_places(self, map_size: int) -> None:
        """From now on the skin is read, too."""
        self.places = PlaceReadout(map_size)

    def forward(
        self, patches_BNC: Tensor, regions_BRC: Tensor, mirrored_BRC: Tensor, skin: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`skin`: the tight view's fine map, landmarks in it, whether a face has any -> intensities [B, 22, 2] (left, right), activity logits [B, 22],
        emotion logits [B, 9]."""
        au_queries = (self.au_queries[:, None] + self.side_queries).flatten(0, 1)
        queries = torch.cat([au_queries, self.emotion_query[None]])
        read = self.pool(queries, torch.cat([patches_BNC, regions_BRC], dim=1))
        units_BAsC = read[:, :-1].unflatten(1, (N_AUS, 2))
        raw_BAs = torch.einsum("basc,ac->bas", units_BAsC, self.intensity.to(read.dtype))
        raw_BAs = raw_BAs + torch.stack([self.geometry(face.flatten(1)) for face in (regions_BRC, mirrored_BRC)], dim=-1)
        active = torch.einsum("bac,ac->ba", units_BAsC.mean(2), self.active.to(read.dtype))
        if self.places is not None:
            at_sides, present = self.places(*skin)
            raw_BAs, active = raw_BAs + at_sides, active + present
        active = active + raw_BAs.amax(-1) + self.active_bias
        return softplus(raw_BAs), active, self.emotion(torch.cat([read[:, -1], raw_BAs.flatten(1)], dim=1))


class AuthenticityHead(nn.Module):
    """Spoof, attack type, cues and digital from the guided patches of all textures and the region tokens; the map from the wide crop.

    Each also reads mean and maximum of every texture's patches: what is everywhere, and what is somewhere.
    """

    def __init__(self, hidden_size: int, num_heads: int, textures: int, digital: bool):
        super().__init__()
        self.pool = QueryPool(hidden_size, num_heads)
        self.queries = nn.Parameter(torch.zeros(4, hidden_size))
        self.summary = nn.Sequential(
            nn.Linear(2 * textures * hidden_size, hidden_size), nn.GELU(), nn.Linear(hidden_size, 4 * hidden_size)
        )
        self.spoof = nn.Linear(hidden_size, 1)
        self.attack = nn.Linear(hidden_size, len(ATTACKS))
        self.cues = nn.Linear(hidden_size, len(CUES))
        self.digital = nn.Linear(hidden_size, 1) if digital else None
        self.map_norm = nn.LayerNorm(hidden_size)
        self.map = nn.Linear(hidden_size, 1)

    def forward(self, patches_BTNC: Tensor, wide_BNC: Tensor, regions_BRC: Tensor) -> dict[str, Tensor | None]:
        """-> the logits spoof [B], attack [B, 11], cues [B, 12], attack_map [B, g, g] and digital [B] or None."""
        tokens = torch.cat([patches_BTNC.flatten(1, 2), regions_BRC], dim=1)
        whole = torch.cat([patches_BTNC.mean(2), patches_BTNC.amax(2)], dim=-1).flatten(1)
        spoof, attack, cues, digital = (self.pool(self.queries, tokens) + self.summary(whole).unflatten(1, (4, -1))).unbind(1)
        grid = round(wide_BNC.shape[1] ** 0.5)
        return {
            "spoof": self.spoof(spoof).squeeze(-1),
            "attack": self.attack(attack),
            "cues": self.cues(cues),
            "attack_map": self.map(self.map_norm(wide_BNC)).squeeze(-1).unflatten(1, (grid, grid)),
            "digital": self.digital(digital).squeeze(-1) if self.digital is not None else None,
        }
