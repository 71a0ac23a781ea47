"""Region guidance: where the mask points, and what it does to patches."""

import math

import numpy as np
import pytest
import torch

from facewise.model.network.regions import (
    FAR_LOGIT,
    N_REGIONS,
    GuidedCrossAttention,
    RegionProjector,
    attention_bias,
    interocular,
    patch_centres,
    proximity_mask,
)
from facewise.model.taxonomy import REGIONS

LOG_TAU = torch.full((N_REGIONS,), math.log(0.15))
SAME = {"inner lips": "outer lips", "nostrils": "nose bridge"}


def oval(n: int, centre: tuple[float, float], half: tuple[float, float]) -> np.ndarray:
    """n points from the left corner over the top to the right corner and back below."""
    turn = np.pi + np.arange(n) * 2 * np.pi / n
    return np.stack([centre[0] + half[0] * np.cos(turn), centre[1] + half[1] * np.sin(turn)], axis=1)


def arc(n: int, start: float, stop: float, y: float, lift: float) -> np.ndarray:
    """n points from x = start to stop, their middle `lift` higher than their ends."""
    x = np.linspace(start, stop, n)
    return np.stack([x, y - lift * np.sin(np.linspace(0, np.pi, n))], axis=1)


def upright_face() -> np.ndarray:
    """68 iBUG points of a plain face: outer canthi one apart and at y = 0, y down [68, 2]."""
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.74 * np.cos(turn), 1.2 * np.sin(turn)], axis=1)
    bridge = np.stack([np.zeros(4), np.linspace(0, 0.4, 4)], axis=1)
    eyes = [oval(6, (x, 0), (0.16, 0.05)) for x in (-0.34, 0.34)]
    brows = [arc(5, -0.6, -0.13, -0.2, 0.08), arc(5, 0.13, 0.6, -0.2, 0.08)]
    lips = [oval(12, (0, 0.8), (0.27, 0.1)), oval(8, (0, 0.8), (0.2, 0.03))]
    return np.concatenate([jaw, *brows, bridge, arc(5, -0.13, 0.13, 0.48, -0.04), *eyes, *lips])


def placed_face(roll_deg: float = 25.0, iod: float = 0.36, centre: tuple[float, float] = (0.58, 0.36)) -> torch.Tensor:
    """The face rolled, scaled and off centre, in a view's unit coordinates [1, 1, 68, 2]."""
    roll = np.deg2rad(roll_deg)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    points = upright_face() @ turn.T * iod + np.array(centre)
    return torch.from_numpy(points).float()[None, None]


def mask_of(points: torch.Tensor, grid: int) -> torch.Tensor:
    return proximity_mask(points, grid, interocular(points, torch.zeros(1, 3)), LOG_TAU)


def owners_share(mask_N9: torch.Tensor, points_P2: torch.Tensor, grid: int) -> float:
    """The share of landmarks inside the view whose patch prefers their region."""
    names = list(REGIONS)
    owner = [name for name, (first, stop) in REGIONS.items() for _ in range(first, stop)]
    hits = []
    for name, (x, y) in zip(owner, points_P2.tolist(), strict=True):
        if 0 <= x < 1 and 0 <= y < 1:
            chosen = names[int(mask_N9[int(y * grid) * grid + int(x * grid)].argmax())]
            hits.append(SAME.get(chosen, chosen) == SAME.get(name, name))
    assert len(hits) >= 60
    return float(np.mean(hits))


@pytest.mark.parametrize("grid", [16, 28])
@pytest.mark.parametrize("roll_deg", [-25.0, 0.0, 25.0])
def test_a_patch_that_holds_a_landmark_prefers_its_own_region(grid, roll_deg):
    points = placed_face(roll_deg)
    assert owners_share(mask_of(points, grid)[0, 0], points[0, 0], grid) >= 0.9


def test_a_transposed_mask_would_be_noticed():
    points = placed_face()
    transposed = mask_of(points, 16).unflatten(2, (16, 16)).transpose(2, 3).flatten(2, 3)
    assert owners_share(transposed[0, 0], points[0, 0], 16) < 0.6


def test_patch_centres_run_row_by_row_with_x_first():
    centres = patch_centres(4)
    assert centres[1].tolist() == [0.375, 0.125]
    assert centres[4].tolist() == [0.125, 0.375]


def test_the_mask_is_the_formula_worked_out_by_hand():
    # Only the jaw's first segment, from (.1, .1) to (.1, .9), is near; the patch centre (.25, .25) is .15 away from it.
    points = torch.full((1, 1, 68, 2), 5.0)
    points[0, 0, 0], points[0, 0, 1:17] = torch.tensor([0.1, 0.1]), torch.tensor([0.1, 0.9])
    mask = proximity_mask(points, 2, torch.tensor([[2.0]]), LOG_TAU)
    s = 0.15 * 2.0
    assert mask[0, 0, 0, 0].item() == pytest.approx(-(0.15**2) / (2 * s**2), rel=1e-4)


def test_a_closed_eye_outline_has_its_last_side_and_an_open_jaw_has_none():
    points = torch.full((1, 1, 68, 2), 5.0)
    corners = torch.tensor([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9]])
    points[0, 0, 36:42] = corners
    points[0, 0, :6], points[0, 0, 6:17] = corners, corners[-1]
    mask = proximity_mask(points, 10, torch.ones(1, 1), LOG_TAU)[0, 0].unflatten(0, (10, 10))
    names = list(REGIONS)
    left_side = mask[5, 0]  # y = .55, x = .05: next to the side that closes the square
    assert left_side[names.index("right eye")] > -0.1
    assert left_side[names.index("jaw")] < -1


def test_the_width_is_never_under_half_a_patch_and_tau_stays_in_its_range():
    points = placed_face()
    iod = torch.full((1, 1), 0.36)
    tiny = proximity_mask(points, 14, torch.full((1, 1), 1e-6), LOG_TAU)
    assert torch.allclose(tiny, proximity_mask(points, 14, torch.full((1, 1), 0.5 / 14 / 0.15), LOG_TAU))
    wide = proximity_mask(points, 14, iod, LOG_TAU + 9)
    assert torch.allclose(wide, proximity_mask(points, 14, iod, torch.full((9,), math.log(0.4))))


def test_interocular_distance_undoes_yaw():
    points = placed_face(roll_deg=25, iod=0.3)
    turned = placed_face(roll_deg=0, iod=0.3)
    turned[..., 0] = 0.58 + (turned[..., 0] - 0.58) * math.cos(0.7)
    assert interocular(points, torch.zeros(1, 3)).item() == pytest.approx(0.3, rel=1e-4)
    assert interocular(turned, torch.tensor([[0.0, 0.7, 0.0]])).item() == pytest.approx(0.3, rel=1e-4)


def test_without_landmarks_only_the_null_token_is_open():
    bias = attention_bias(torch.zeros(2, 1, 4, 9), torch.tensor([True, False]))
    assert bias.shape == (2, 1, 4, 11)
    assert bias[0, 0, 0].tolist() == [0.0] * 9 + [FAR_LOGIT] * 2
    assert bias[1, 0, 0].softmax(-1).tolist() == [0.0] * 10 + [1.0]


def test_a_face_without_landmarks_leaves_its_patches_as_the_tower_saw_them():
    torch.manual_seed(0)
    guidance = GuidedCrossAttention(16, 2)
    patches, regions = torch.randn(2, 2, 9, 16), torch.randn(2, 10, 16)
    guided = guidance(patches, regions, torch.zeros(2, 2, 9, 9), torch.tensor([True, False]))
    assert torch.equal(guided[1], patches[1])
    assert not torch.allclose(guided[0], patches[0], atol=1e-3)


def test_a_patch_on_the_mouth_takes_the_lips_and_one_far_away_no_region():
    torch.manual_seed(0)
    guidance = GuidedCrossAttention(16, 2)
    patches = torch.randn(1, 1, 1, 16).expand(1, 1, 2, 16)
    lips = list(REGIONS).index("outer lips")
    mask = torch.full((1, 1, 2, 9), -50.0)
    mask[0, 0, 0, lips] = 0.0
    regions, other = torch.randn(2, 1, 10, 16)
    other[:, -1] = regions[:, -1]  # every region differs, the global token does not
    before, after = (guidance(patches, r, mask, torch.tensor([True]))[0, 0] for r in (regions, other))
    assert (before[0] - after[0]).norm() > 0.01
    assert torch.allclose(before[1], after[1], atol=1e-6)


def test_a_region_token_reads_its_own_points_only_and_the_global_one_all_and_the_pose():
    torch.manual_seed(0)
    project = RegionProjector(16, None, None)
    canonical, pose, known = torch.randn(1, 68, 3), torch.zeros(1, 3), torch.tensor([True])
    before = project(canonical, pose, known)
    moved = canonical.clone()
    moved[:, 60:68] += torch.randn(8, 3)
    changed = (project(moved, pose, known) - before).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [False] * 8 + [True, True]
    changed = (project(canonical, pose + 0.3, known) - before).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [False] * 9 + [True]


def test_points_are_standardised_by_the_given_statistics():
    mean = torch.randn(68, 3)
    project = RegionProjector(16, mean.tolist(), [0.5] * 68)
    tokens = project(mean[None], torch.zeros(1, 3), torch.tensor([True]))
    biases = torch.stack([part.bias for part in [*project.parts, project.whole]])
    assert torch.allclose(tokens[0], biases, atol=1e-5)


def test_missing_landmarks_are_learned_tokens_whatever_the_points_hold():
    project = RegionProjector(16, None, None)
    torch.nn.init.normal_(project.missing)
    tokens = project(torch.full((1, 68, 3), torch.nan), torch.full((1, 3), torch.nan), torch.tensor([False]))
    assert torch.equal(tokens[0], project.missing)
