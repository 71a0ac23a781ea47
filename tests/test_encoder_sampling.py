"""How often rows are drawn, by counts; that an epoch is the same for the same seed; that a pair is never parted."""

from collections import Counter

import pytest
import torch
from noise_pack import noise

from facewise.finetune.encoder.packed import Packed
from facewise.finetune.encoder.sampling import Drawn, epoch_order, row_weights
from facewise.finetune.encoder.variation import Chance, finish, finished


def pack_of(n: int, **columns: torch.Tensor) -> Packed:
    """Rows of which nothing is known but these columns, each of another person."""
    tensors = noise(n)
    tensors["au"][:] = torch.nan
    for name in ("live", "attack", "emotion"):
        tensors[name][:] = -1
    return Packed(tensors | columns, {"views": ["rgb", "spoof"]})


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn_share(pack: Packed, chosen: torch.Tensor, batch: int = 4) -> float:
    order = epoch_order(row_weights(pack), pack.tensors["pair"], batch, chance())
    return float(chosen[order].float().mean())


def test_a_class_nine_times_as_rare_is_drawn_three_times_as_often():
    live = (torch.arange(40) % 10 == 0).long()
    assert drawn_share(pack_of(40, live=live), live == 1) == pytest.approx(3 * 4 / (3 * 4 + 36), abs=0.03)


def test_attack_types_are_balanced_within_the_attacks():
    attack = torch.tensor([0] * 32 + [1] * 2 + [-1] * 6)
    weights = row_weights(pack_of(40, attack=attack))
    assert weights[32].item() == pytest.approx(4 * weights[0].item()) and weights[0] == weights[-1]


def test_rare_units_come_first():
    shown = torch.full((40, 22), -1, dtype=torch.int8)
    shown[:32, 0] = 1
    shown[30:32, 5] = 1  # with the common one
    weights = row_weights(pack_of(40, shown=shown))
    assert weights[30].item() == pytest.approx(4.0) and weights[0] == weights[-1] == 1


def test_who_is_there_sixteen_times_is_drawn_four_times_as_often_as_who_is_there_once():
    subject = torch.tensor([0] * 16 + list(range(1, 17)))
    assert drawn_share(pack_of(32, subject=subject), subject == 0) == pytest.approx(4 / 20, abs=0.04)


def test_every_row_comes_as_often_as_it_is_expected_to_rounded():
    weights = 1 + 4 * torch.rand(60, generator=chance(3))
    counts = Counter(epoch_order(weights, torch.full((60,), -1), 6, chance(1)))
    expected = 60 * weights / weights.sum()
    assert all(abs(counts[row] - float(expected[row])) < 1 for row in range(60)) and sum(counts.values()) == 60


def test_a_seed_and_an_epoch_settle_the_order():
    pack = pack_of(20)
    one, same, other = Drawn(pack, 4, seed=1), Drawn(pack, 4, seed=1), Drawn(pack, 4, seed=2)
    assert one.order == same.order != other.order
    one.set_epoch(1)
    assert one.order != same.order
    same.set_epoch(1)
    assert one.order == same.order


def test_noise_and_light_are_drawn_anew_each_epoch_and_the_same_after_a_resume():
    drawn, again = (Drawn(pack_of(8), 4, seed=0, jitter=0.01) for _ in range(2))
    first, resumed = (rows.collate([rows[place] for place in range(4, 8)]) for rows in (drawn, again))
    assert all(torch.equal(values, resumed[name]) or values.isnan().any() for name, values in first.items())
    still = drawn.pack.collate([drawn[place] for place in range(4, 8)])
    assert not torch.equal(first["canonical"], still["canonical"]) and not torch.equal(first["views"][:, 0], still["views"][:, 0])
    assert torch.equal(first["views"][:, 1, 0], still["views"][:, 1, 0]) and first["views"].abs().max() <= 1
    drawn.set_epoch(1)
    at_first = [drawn.order.index(row) for row in again.order[4:8] if row in drawn.order]
    assert at_first and not torch.equal(drawn.collate([drawn[at_first[0]]])["canonical"], first["canonical"][:1])


def test_a_picture_of_more_contrast_has_more_high_pass_and_gradients_and_the_same_binary_patterns():
    textures = torch.tensor([0.4, 0.4, -0.6])[:, None, None].expand(3, 4, 4)
    views = torch.stack([torch.full((3, 4, 4), 0.5), textures])[None]
    finish(views, ["rgb", "spoof"], Chance(chance(), 1, slice(1)))
    patterns, high, gradients = views[0, 1, :, 0, 0].tolist()
    assert patterns == pytest.approx(0.4) and high != pytest.approx(0.4)
    assert high / 0.4 == pytest.approx((gradients + 1) / 0.4)


def test_a_finish_may_leave_a_picture_alone_or_take_its_colours():
    picture = torch.rand(2, 3, 4, 4) * 2 - 1
    one, none = torch.ones(2, 1, 1, 1), torch.zeros(2, 3, 1, 1)
    assert torch.allclose(finished(picture, one, one, one, none), picture, atol=1e-6)
    grey = finished(picture, one, one, 0 * one, none)
    assert torch.allclose(grey, picture.mean(1, keepdim=True).expand_as(picture), atol=1e-6)
    assert (finished(picture, one, 2 * one, one, none) <= picture + 1e-6).all()


@pytest.mark.parametrize("drop", ["rgb", "spoof"])
def test_a_view_that_an_ablation_goes_without_is_not_varied_either(drop):
    rows = Drawn(pack_of(8).without(drop), 4, seed=0, jitter=0.01)
    assert not rows.collate([rows[place] for place in range(4)])["views"][:, rows.pack.views.index(drop)].any()


@pytest.mark.parametrize("batch", [2, 3, 4, 7])
@pytest.mark.parametrize("pairs", [1, 5, 10])
def test_a_changed_face_is_followed_by_the_face_before_it_in_its_own_batch(batch, pairs):
    pair = torch.full((20,), -1)
    pair[:pairs] = torch.arange(10, 10 + pairs)
    order = epoch_order(torch.ones(20), pair, batch, chance())
    assert len(order) == -(-20 // batch) * batch
    for place, row in enumerate(order):
        if pair[row] >= 0:
            assert (place + 1) // batch == place // batch and order[place + 1] == pair[row]


def test_a_batch_of_one_has_no_pairs_and_a_pack_smaller_than_a_batch_is_one():
    pair = torch.tensor([1, -1, -1])
    assert len(epoch_order(torch.ones(3), pair, 1, chance())) == 3
    assert len(Drawn(pack_of(3, pair=pair), 32, seed=0)) == 3


def test_a_batch_says_where_the_face_before_is():
    drawn = Drawn(pack_of(16, pair=torch.tensor([1] + [-1] * 15)), 8, seed=0)
    at = drawn.order.index(0)
    assert drawn.collate([drawn[at + 1], drawn[at]])["before"].tolist() == [-1, 0]
    assert drawn.collate([drawn[at]])["before"].tolist() == [-1]
