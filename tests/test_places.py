"""Places of the skin: where they lie, what is read there, and that an encoder is the same when they are given to it."""

import pytest
import torch

from facewise.model.network.places import MIDLINE, RIGHT, SHARES, PlaceReadout, at_places
from facewise.model.taxonomy import AU_CODES, MIRROR


def points(n: int = 2) -> torch.Tensor:
    return torch.rand(n, 68, 2, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3


def ramp(size: int = 32) -> torch.Tensor:
    """A map whose two channels are x and y of each cell's centre."""
    steps = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x, y])[None]


def test_every_place_is_a_mix_of_landmarks():
    assert SHARES.shape == (68 + len(MIDLINE) + 2 * len(RIGHT), 68)
    assert torch.allclose(SHARES.sum(1), torch.ones(len(SHARES)), atol=1e-6)
    assert torch.equal(SHARES[:68], torch.eye(68))


def test_places_of_both_sides_lie_mirrored():
    right, left = SHARES[68 + len(MIDLINE) :: 2], SHARES[69 + len(MIDLINE) :: 2]
    assert torch.equal(right[:, MIRROR], left)
    assert torch.equal(SHARES[68 : 68 + len(MIDLINE)].sum(0)[list(MIRROR)], SHARES[68 : 68 + len(MIDLINE)].sum(0))


def test_what_lies_at_a_place_is_read_there():
    where = points()
    found = at_places(ramp().expand(2, -1, -1, -1), where)
    assert torch.allclose(found, torch.einsum("kp,bpc->bkc", SHARES, where), atol=1e-5)


def test_a_new_readout_says_nothing_and_learns():
    readout, skin = PlaceReadout(2), (ramp().expand(2, -1, -1, -1), points(), torch.tensor([True, True]))
    sides, active = readout(*skin)
    assert sides.shape == (2, len(AU_CODES), 2) and active.shape == (2, len(AU_CODES))
    assert not sides.any() and not active.any()
    (sides.sum() + active.sum()).backward()
    assert readout.read[-1].weight.grad.abs().max() > 0


@pytest.mark.parametrize("missing", [0.0, torch.nan])
def test_a_face_without_landmarks_is_told_nothing(missing):
    readout, where = PlaceReadout(2), points()
    torch.nn.init.normal_(readout.read[-1].weight)
    where[1] = missing
    sides, active = readout(ramp().expand(2, -1, -1, -1), where, torch.tensor([True, False]))
    assert sides[0].any() and not sides[1].any() and not active[1].any()
