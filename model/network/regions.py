"""Landmarks guide the network: nine face regions as tokens (FRLP) and as a mask on cross-attention (FRGCA).

Tokens come from canonical points, the mask from the view's own points: distance to a region's polyline, not to its centroid,
or the jaw, whose centroid is mid-face, wins nearly every patch. Grids are row-major: rows are y, columns are x.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import initialization as init

from ..perception.landmarks import MESH_POINTS
from ..taxonomy import MIRROR, REGIONS

REGION_SLICES = tuple(slice(*bounds) for bounds in REGIONS.values())
N_REGIONS = len(REGIONS)
CLOSED = ("right eye", "left eye", "outer lips", "inner lips")
OUTER_CANTHI = (36, 45)
TAU_START, TAU_MIN, TAU_MAX = 0.15, 0.06, 0.4
# As a mask value: a region farther than 2 s from a patch counts less than the global and the null token.
FAR_LOGIT = -2.0


def polyline_segments() -> tuple[list[int], list[int], list[int]]:
    """Point indices of every segment's start and end, region after region, and the number of segments in each region."""
    starts, ends, counts = [], [], []
    for name, (first, stop) in REGIONS.items():
        chain = [*range(first, stop), *([first] if name in CLOSED else [])]
        starts += chain[:-1]
        ends += chain[1:]
        counts.append(len(chain) - 1)
    return starts, ends, counts


STARTS, ENDS, COUNTS = polyline_segments()


def interocular(points_BVP2: Tensor, pose_B3: Tensor) -> Tensor:
    """The 3-D outer-canthus distance in each view's unit coordinates [B, V].

    A yaw foreshortens the line between the canthi by its cosine, pitch and roll do not; past 60 degrees one canthus is guessed
    anyway, and the correction stops there. `pose` is (pitch, yaw, roll) in radians.
    """
    right, left = (points_BVP2[:, :, index] for index in OUTER_CANTHI)
    return (right - left).norm(dim=-1) / pose_B3[:, 1:2].cos().clamp(min=0.5)


def patch_centres(grid: int, device: torch.device | None = None) -> Tensor:
    """Centres (x, y) of a grid's patches in unit coordinates [N, 2], row by row."""
    steps = (torch.arange(grid, device=device, dtype=torch.float32) + 0.5) / grid
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1)


def squared_distances(centres_N2: Tensor, points_BVP2: Tensor) -> Tensor:
    """Squared distance of every patch centre to every region's polyline [B, V, N, 9]."""
    start, end = points_BVP2[:, :, STARTS].unsqueeze(2), points_BVP2[:, :, ENDS].unsqueeze(2)
    # x and y apart: a last dimension of two would be slow.
    along_x, along_y = (end - start).unbind(-1)
    x, y = (centres_N2[:, None] - start).unbind(-1)
    share = ((x * along_x + y * along_y) / (along_x.square() + along_y.square()).clamp(min=1e-12)).clamp(0, 1)
    squared = (x - share * along_x).square() + (y - share * along_y).square()
    return torch.stack([part.amin(-1) for part in squared.split(COUNTS, dim=-1)], dim=-1)


def proximity_mask(points_BVP2: Tensor, grid: int, iod_BV: Tensor, log_tau_9: Tensor) -> Tensor:
    """m[p, r] = -d(p, polyline_r)^2 / (2 s_r^2) [B, V, N, 9], for attention logits; s_r = tau_r * IOD, at least half a patch."""
    tau = log_tau_9.float().exp().clamp(TAU_MIN, TAU_MAX)
    scale = (iod_BV.float()[:, :, None, None] * tau).clamp(min=0.5 / grid)
    points = points_BVP2.float()
    return -squared_distances(patch_centres(grid, points.device), points) / (2 * scale.square())


def guiding_mask(points: Tensor, pose: Tensor, has_landmarks: Tensor, grid: int, log_tau: Tensor) -> Tensor:
    """The proximity mask [B, V, N, 9] of points [B, V, 68, 2] in each view's unit coordinates, pose [B, 3] in radians; the points of a face
    without landmarks may hold anything."""
    known = has_landmarks[:, None, None, None]
    points = torch.where(known, points.float(), 0.0)
    pose = torch.where(has_landmarks[:, None], pose.float(), 0.0)
    return proximity_mask(points, grid, interocular(points, pose), log_tau)


class RegionProjector(nn.Module):
    """FRLP: canonical points to nine region tokens and a global one, that also knows the pose and the dense mesh. Missing: learned tokens.

    A region is given twice, standardised in the face and about its own centroid: where it is, and how it is bent. iBUG-68 has no point on
    cheek or nasolabial fold; the mesh has (docs/science.md §2). `dense` False: there is never a mesh.
    """

    def __init__(self, hidden_size: int, mean: list[list[float]] | None, std: list[float] | None, dense: bool = True):
        super().__init__()
        self.statistics = (mean or [[0.0] * 3] * 68, std or [1.0] * 68)
        # Persistent: from_pretrained builds on the meta device, and what is not in the file would come back as noise.
        self.register_buffer("mean", torch.tensor(self.statistics[0]))
        self.register_buffer("std", torch.tensor(self.statistics[1]))
        self.parts = nn.ModuleList(nn.Linear(6 * (s.stop - s.start), hidden_size) for s in REGION_SLICES)
        self.whole = nn.Linear(3 * 68 + 3, hidden_size)
        self.missing = nn.Parameter(torch.zeros(N_REGIONS + 1, hidden_size))
        self.mesh = MeshProjector(hidden_size) if dense else None

    def forward(self, canonical_BP3: Tensor, pose_B3: Tensor, has_landmarks_B: Tensor, mesh_BM3: Tensor | None = None) -> Tensor:
        """Canonical points in IOD, pose in radians, the mesh in IOD, NaN for a face that has none -> tokens [B, 10, C], the global one last."""
        known = has_landmarks_B[:, None, None]
        # Differences of a hundredth IOD matter: they are taken in float32 whatever the weights are.
        change = torch.where(known, canonical_BP3.float() - self.mean.float(), 0.0)
        pose = torch.where(known[:, 0], pose_B3.float(), 0.0)
        std, dtype = self.std.float()[:, None], self.whole.weight.dtype
        tokens = [part(shape_of(change[:, s], std[s]).to(dtype)) for part, s in zip(self.parts, REGION_SLICES)]
        whole = self.whole(torch.cat([(change / std).flatten(1), pose], dim=1).to(dtype))
        tokens.append(whole if self.mesh is None else whole + self.mesh(mesh_BM3, len(whole)))
        tokens_BRC = torch.stack(tokens, dim=1)
        return torch.where(known, tokens_BRC, self.missing.to(tokens_BRC.dtype))

    def mirrored(self, canonical_BP3: Tensor, pose_B3: Tensor, has_landmarks_B: Tensor, mesh_BM3: Tensor | None) -> Tensor:
        """The tokens of the same face in a mirror."""
        mesh = None if mesh_BM3 is None else turned(mesh_BM3, self.mesh.mirror)
        return self(turned(canonical_BP3, MIRROR), turned_pose(pose_B3), has_landmarks_B, mesh)

    def standardise(self, mesh_NM3: Tensor) -> None:
        """Takes the mesh's statistics from faces."""
        if self.mesh is not None:
            self.mesh.standardise(mesh_NM3)


class MeshProjector(nn.Module):
    """The dense mesh as one token; a learned one where there is none."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(MESH_POINTS, 3))
        self.register_buffer("std", torch.ones(MESH_POINTS))
        self.register_buffer("mirror", torch.arange(MESH_POINTS))
        self.out = nn.Linear(3 * MESH_POINTS, hidden_size)
        self.missing = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, mesh_BM3: Tensor | None, batch: int) -> Tensor:
        """-> [B, C]; None: no face of the batch has one."""
        if mesh_BM3 is None:
            return self.missing.expand(batch, -1)
        known = mesh_BM3.isfinite().all(-1).all(-1)[:, None]
        change = (mesh_BM3.float() - self.mean.float()) / self.std.float()[:, None]
        token = self.out(torch.where(known, change.flatten(1), 0.0).to(self.out.weight.dtype))
        return torch.where(known, token, self.missing.to(token.dtype))

    @torch.no_grad()
    def standardise(self, mesh_NM3: Tensor) -> None:
        """Takes mean, deviation and symmetry from faces, if there are any: in their mean each point's mirror is the point nearest to its mirrored place."""
        if not len(mesh_NM3):
            return
        mean = mesh_NM3.mean(0)
        nearest = torch.cdist(mean * mean.new_tensor([-1, 1, 1]), mean).argmin(1)
        self.mirror.copy_(nearest)
        self.mean.copy_((mean + turned(mean[None], nearest)[0]) / 2)
        self.std.copy_((mesh_NM3 - self.mean).square().mean((0, 2)).sqrt().clamp(min=1e-3))


def turned(points_BP3: Tensor, mirror: Sequence[int] | Tensor) -> Tensor:
    """Canonical points of the face in a mirror."""
    return points_BP3[:, mirror] * points_BP3.new_tensor([-1, 1, 1])


def turned_pose(pose_B3: Tensor) -> Tensor:
    """(pitch, yaw, roll) of the face in a mirror."""
    return pose_B3 * pose_B3.new_tensor([1, -1, -1])


def shape_of(change_BK3: Tensor, std_K1: Tensor) -> Tensor:
    """One region's standardised points, in the face and about their own centroid [B, 6 K]."""
    about_centroid = change_BK3 - change_BK3.mean(1, keepdim=True)
    return torch.cat([change_BK3 / std_K1, about_centroid / std_K1], dim=1).flatten(1)


class GuidedCrossAttention(nn.Module):
    """FRGCA: patches ask the region tokens, each patch mostly the regions it lies on; a gated residual.

    The null key has a learned place and no value: a patch that chooses it stays as it was seen. It is the only choice of
    a face without landmarks.
    """

    def __init__(self, hidden_size: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.patch_norm = nn.LayerNorm(hidden_size)
        self.region_norm = nn.LayerNorm(hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size, bias=False)
        self.out = nn.Linear(hidden_size, hidden_size, bias=False)
        self.null_key = nn.Parameter(torch.zeros(hidden_size))
        self.log_tau = nn.Parameter(torch.full((N_REGIONS,), math.log(TAU_START)))
        self.gate = nn.Parameter(torch.tensor(0.5))

    def forward(self, patches_BVNC: Tensor, regions_BRC: Tensor, mask_BVN9: Tensor, has_landmarks_B: Tensor) -> Tensor:
        """Patches and their mask, region tokens [B, 10, C] -> guided patches [B, V, N, C]."""
        views, n = patches_BVNC.shape[1:3]
        q, k, v, bias = self._parts(patches_BVNC, regions_BRC, mask_BVN9, has_landmarks_B)
        attended = scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return patches_BVNC + self.gate * self.out(merge_heads(attended)).unflatten(1, (views, n))

    def attention(self, patches_BVNC: Tensor, regions_BRC: Tensor, mask_BVN9: Tensor, has_landmarks_B: Tensor) -> Tensor:
        """What each patch asks, mean of the heads [B, V, N, 11]: nine regions, the global token, the null token; adds up to 1."""
        views, n = patches_BVNC.shape[1:3]
        q, k, _, bias = self._parts(patches_BVNC, regions_BRC, mask_BVN9, has_landmarks_B)
        shares = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias).softmax(-1)
        return shares.mean(1).unflatten(1, (views, n))

    def _parts(
        self, patches_BVNC: Tensor, regions_BRC: Tensor, mask_BVN9: Tensor, has_landmarks_B: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries, keys and values by head, and what is added to the logits."""
        batch, channels = patches_BVNC.shape[0], patches_BVNC.shape[3]
        regions = self.region_norm(regions_BRC)
        keys, values = self.key(regions), self.value(regions)
        null = self.null_key.to(keys.dtype).expand(batch, 1, channels)
        keys = torch.cat([keys, null], dim=1)
        values = torch.cat([values, torch.zeros_like(null)], dim=1)
        queries = self.query(self.patch_norm(patches_BVNC)).flatten(1, 2)
        bias = attention_bias(mask_BVN9, has_landmarks_B).flatten(1, 2).unsqueeze(1)
        q, k, v = (split_heads(x, self.num_heads) for x in (queries, keys, values))
        return q, k, v, bias.to(queries.dtype)


@torch.no_grad()
def draw_weights(module: nn.Module, std: float) -> None:
    """What transformers' own initialisation does not know of a RegionProjector or a GuidedCrossAttention; of other modules nothing."""
    if isinstance(module, RegionProjector):
        init.copy_(module.mean, torch.tensor(module.statistics[0]))
        init.copy_(module.std, torch.tensor(module.statistics[1]))
        init.normal_(module.missing, std=std)
        for part in module.parts:
            init.normal_(part.weight, std=part.in_features**-0.5)
    elif isinstance(module, GuidedCrossAttention):
        init.normal_(module.null_key, std=std)
        init.constant_(module.log_tau, math.log(TAU_START))
        init.constant_(module.gate, 0.5)


def attention_bias(mask_BVN9: Tensor, has_landmarks_B: Tensor) -> Tensor:
    """The mask with its global and null columns [B, V, N, 11]; without landmarks all but null are closed."""
    constant = torch.full_like(mask_BVN9[..., :1], FAR_LOGIT)
    guide = torch.cat([mask_BVN9, constant], dim=-1)
    guide = torch.where(has_landmarks_B[:, None, None, None], guide, -torch.inf)
    return torch.cat([guide, constant], dim=-1)


def split_heads(tokens_BTC: Tensor, num_heads: int) -> Tensor:
    """[B, T, C] -> [B, heads, T, C / heads]."""
    return tokens_BTC.unflatten(-1, (num_heads, -1)).transpose(1, 2)


def merge_heads(tokens_BHTD: Tensor) -> Tensor:
    """[B, heads, T, D] -> [B, T, heads * D]."""
    return tokens_BHTD.transpose(1, 2).flatten(2)
