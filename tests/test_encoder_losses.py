"""The encoder's losses against numbers worked out by hand, and what is not known teaching nothing."""

import math

import pytest
import torch
from noise_pack import INPUTS, noise, tiny_encoder, written
from safetensors.torch import save_file

from facewise.finetune.encoder.losses import WEIGHTS, head_losses, presence, total, weights_of
from facewise.finetune.encoder.order_losses import change_loss, rank_loss
from facewise.finetune.encoder.packed import read_pack
from facewise.finetune.encoder.region_text import REGION_UNITS, TEMPERATURE, RegionText, contrast, region_tokens, unit_words
from facewise.model.errors import FacewiseError
from facewise.model.network.encoder import EncoderOutput, FaceEncoder
from facewise.model.taxonomy import ACTION_UNITS, AU_CODES, REGIONS

NAN = math.nan


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return read_pack(written(noise(8), tmp_path_factory.mktemp("pack") / "noise.safetensors"))


def losses(pack, rows: list[int], encoder: FaceEncoder | None = None, **changed: torch.Tensor) -> dict[str, torch.Tensor]:
    batch = pack.collate([pack[i] for i in rows]) | changed
    inputs = {name: batch.pop(name) for name in INPUTS}
    return head_losses((encoder or tiny_encoder())(**inputs), batch)


def test_unknown_labels_teach_nothing(pack):
    assert all(loss.item() == 0 for loss in losses(pack, [1, 3, 5]).values())


def test_every_head_learns_from_what_is_known(pack):
    known = losses(pack, [0, 2, 4, 6])
    assert all(0 < known[name].item() < math.inf for name in known if name != "change")


def test_rows_without_labels_do_not_dilute_those_with(pack):
    alone, among = losses(pack, [0, 4]), losses(pack, [0, 4, 1, 3])
    assert all(alone[name].item() == pytest.approx(among[name].item(), rel=1e-4) for name in alone)


def test_every_heads_loss_is_the_one_worked_out_by_hand():
    """Of two faces the second has no labels at all; every logit is 0."""
    nothing = {"emotion": torch.zeros(2, 9), "spoof": torch.zeros(2), "attack": torch.zeros(2, 11), "cues": torch.zeros(2, 12)}
    output = EncoderOutput(
        au=torch.full((2, 22, 2), 2.0), au_active=torch.zeros(2, 22), attack_map=torch.zeros(2, 14, 14), **nothing
    )
    au = torch.full((2, 22, 2), NAN)
    au[0, 0], au[0, 1] = torch.tensor([3.0, 2.25]), torch.tensor([0.0, 2.0])
    batch = {
        "au": au,
        "shown": torch.full((2, 22), -1),
        "change": torch.full((2, 22, 2), NAN),
        "before": torch.tensor([-1, -1]),
        "emotion": torch.tensor([3, -1]),
        "live": torch.tensor([1, -1]),
        "attack": torch.tensor([0, -1]),
        "cues": torch.tensor([[1] * 12, [-1] * 12]),
        "map": torch.stack([torch.full((14, 14), 127), torch.full((14, 14), 255)]),
        "digital": torch.tensor([-1, -1]),
    }
    found = {name: loss.item() for name, loss in head_losses(output, batch).items()}
    # Errors of 1, .25, 2 and 0 levels by smooth L1 with beta .5: .75, .0625, 1.75 and 0.
    by_hand = {"au": (0.75 + 0.0625 + 1.75) / 4, "emotion": math.log(9), "attack": math.log(11), "change": 0.0, "rank": 0.0}
    assert found == pytest.approx(by_hand | dict.fromkeys(("au_active", "spoof", "cues", "map"), math.log(2)), rel=1e-5)


def test_a_change_is_held_against_the_difference_of_two_readings():
    au = torch.tensor([1.0, 3.0, 5.0])[:, None, None].repeat(1, 2, 2)
    change = torch.full((3, 2, 2), NAN)
    change[1] = torch.tensor([[2.5, 2.0], [1.0, NAN]])  # of face 1 against face 0, whose readings differ by 2
    # Smooth L1 with beta .5: an error of .5 costs .25, none 0, one of 1 costs .75.
    assert change_loss(au, change, torch.tensor([-1, 0, -1])).item() == pytest.approx((0.25 + 0 + 0.75) / 3)


def test_a_change_whose_other_face_is_not_in_the_batch_teaches_nothing():
    au, change = torch.ones(2, 1, 2), torch.full((2, 1, 2), 4.0)
    assert change_loss(au, change, torch.tensor([-1, -1])).item() == 0


def test_a_changed_face_teaches_both_of_its_pair():
    au = torch.tensor([1.0, 1.0])[:, None, None].repeat(1, 1, 2).requires_grad_()
    change_loss(au, torch.tensor([NAN, 2.0])[:, None, None].repeat(1, 1, 2), torch.tensor([-1, 0])).backward()
    assert au.grad[0, 0, 0] > 0 > au.grad[1, 0, 0]


def test_the_stronger_of_two_has_to_read_higher_by_half_of_what_lies_between():
    levels = torch.tensor([0.0, 1.0, 3.0])[:, None, None].repeat(1, 1, 2)
    read = torch.tensor([0.0, 1.0, 1.0])[:, None, None].repeat(1, 1, 2)
    # B over none: .5 wanted, 1 read: 0. D over none: 1.5 wanted, 1 read: .5. D over B: 1 wanted, 0 read: 1.
    assert rank_loss(read, levels).item() == pytest.approx((0 + 0.5 + 1) / 3)


@pytest.mark.parametrize("levels", [[2.0, 2.3], [NAN, 5.0], [NAN, NAN]])
def test_equal_and_unknown_levels_rank_nobody(levels):
    assert rank_loss(torch.tensor([3.0, 0.0])[:, None, None], torch.tensor(levels)[:, None, None]).item() == 0


def test_a_side_is_ranked_against_the_same_side_only():
    levels, read = torch.tensor([[[0.0, 5.0]], [[5.0, 0.0]]]), torch.tensor([[[0.0, 4.0]], [[4.0, 0.0]]])
    assert rank_loss(read, levels).item() == 0


def test_what_is_shown_without_a_level_teaches_presence_and_no_level(pack):
    nothing, shown = torch.full((1, 22, 2), NAN), torch.full((1, 22), -1, dtype=torch.int8)
    shown[0, 3], shown[0, 4] = 1, 0
    encoder = tiny_encoder()
    batch = pack.collate([pack[0]])
    read = encoder(**{name: batch[name] for name in INPUTS}).au_active[0].tolist()
    found = losses(pack, [0], encoder, au=nothing, shown=shown)
    by_hand = (math.log1p(math.exp(-read[3])) + math.log1p(math.exp(read[4]))) / 2
    assert found["au_active"].item() == pytest.approx(by_hand, rel=1e-5) and found["au"].item() == found["rank"].item() == 0


def test_a_level_says_more_than_what_is_shown():
    active, known = presence(torch.tensor([0.0, 2.0, NAN, NAN, NAN]), torch.tensor([1, 0, 1, 0, -1]))
    assert active.tolist() == [False, True, True, False, False] and known.tolist() == [True, True, True, True, False]


def test_a_digital_face_teaches_the_head_that_there_is(pack):
    encoder = tiny_encoder(digital=True)
    batch = pack.collate([pack[0]] * 3)
    read = encoder(**{name: batch[name] for name in INPUTS}).digital[0].item()
    found = losses(pack, [0, 0, 0], encoder, digital=torch.tensor([0, 3, -1]))
    assert found["digital"].item() == pytest.approx((math.log1p(math.exp(read)) + math.log1p(math.exp(-read))) / 2, rel=1e-5)
    assert "digital" not in losses(pack, [0])


def test_a_weight_multiplies_its_loss_and_a_zero_turns_it_off():
    weights = weights_of(" au = 2, contrast=0,map=.25")
    assert weights == WEIGHTS | {"au": 2.0, "contrast": 0.0, "map": 0.25} and weights_of("") == WEIGHTS
    assert total({"au": torch.tensor(3.0), "map": torch.tensor(4.0)}, weights).item() == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aus=1", "no loss 'aus'; there are au"),
        ("au", "'au' is no weight"),
        ("au=-1", "no weight"),
        ("au=nan", "no weight"),
        ("au=x", "no weight"),
    ],
)
def test_a_wrong_weight_is_one_line(text, words):
    with pytest.raises(FacewiseError, match=words) as caught:
        weights_of(text)
    assert "\n" not in str(caught.value)


# Regions and their words


def faces(count: int, width: int = 4) -> tuple[torch.Tensor, ...]:
    """Tokens and texts [count, 9, width] of which each face has its own, acts [count, 9, 22] of which only region 0's differ, all known."""
    own = torch.eye(width, dtype=torch.double)[:count, None].repeat(1, 9, 1)
    acting = torch.zeros(count, 9, 22, dtype=torch.bool)
    acting[range(count), 0, range(count)] = True
    return own, own.clone(), acting, torch.ones(count, 9, dtype=torch.bool)


def test_a_token_is_drawn_to_the_words_of_its_own_face():
    tokens, texts, acting, known = faces(2)
    right, wrong = contrast(tokens, texts, acting, known), contrast(tokens.flip(0), texts, acting, known)
    assert right.item() == pytest.approx(math.log1p(math.exp(-1 / TEMPERATURE)), rel=1e-3)
    assert wrong.item() == pytest.approx(1 / TEMPERATURE, rel=1e-5)


def test_faces_that_do_the_same_are_no_negatives_of_each_other():
    tokens, texts, acting, known = faces(3)
    acting[2] = acting[1]
    texts[2] = texts[1]
    tokens[:] = torch.ones(4) / 2  # every cosine is .5
    # Face 0 has two negatives, faces 1 and 2 have one each, both ways.
    assert contrast(tokens, texts, acting, known).item() == pytest.approx((math.log(3) + 2 * math.log(2)) / 3, rel=1e-5)


def test_a_batch_that_does_the_same_or_is_not_known_teaches_no_words():
    tokens, texts, acting, known = faces(2)
    assert contrast(tokens, texts, torch.zeros_like(acting), known).item() == 0
    known[1] = False
    assert contrast(tokens, texts, acting, known).item() == 0


def test_the_person_s_own_left_brow_speaks_of_the_left_level():
    levels = torch.zeros(1, 22, 2)
    levels[0, AU_CODES.index("AU1"), 0] = 3.0  # left alone
    levels[0, AU_CODES.index("AU12"), 1] = 3.0
    acting, known = RegionText(4, torch.randn(23, 5)).acting(levels, torch.full((1, 22), -1))
    shown = {region: [AU_CODES[i] for i in row.nonzero().flatten()] for region, row in zip(REGIONS, acting[0], strict=True)}
    assert shown["left brow"] == ["AU1"] and shown["outer lips"] == ["AU12"] and known.all()
    assert not any(shown[region] for region in REGIONS if region not in ("left brow", "outer lips"))


def test_a_region_is_known_when_all_of_its_units_are():
    levels = torch.full((1, 22, 2), NAN)
    for code in REGION_UNITS["nose bridge"]:
        levels[0, AU_CODES.index(code)] = 0.0
    known = RegionText(4, torch.randn(23, 5)).acting(levels, torch.full((1, 22), -1))[1]
    assert [region for region, told in zip(REGIONS, known[0], strict=True) if told] == ["nose bridge"]


def test_every_region_has_units_and_every_unit_a_region():
    assert REGION_UNITS.keys() == REGIONS.keys() and {code for units in REGION_UNITS.values() for code in units} == {*AU_CODES}


def test_a_text_is_the_mean_of_its_units_words_and_rest_has_its_own():
    words = torch.randn(23, 5)
    module = RegionText(4, words)
    acting = torch.zeros(1, 9, 22, dtype=torch.bool)
    acting[0, 0, [2, 5]] = True
    texts = module.texts(acting)[0] + words.mean(0)
    assert torch.allclose(texts[0], (words[2] + words[5]) / 2, atol=1e-6) and torch.allclose(texts[1], words[22], atol=1e-6)


def test_a_regions_token_is_the_mean_of_its_patches_by_the_mask():
    guided, mask = torch.tensor([[[1.0], [4.0]]]), torch.tensor([[[0.0, 0.0], [math.log(2), -1e9]]])
    assert region_tokens(guided, mask)[0, :, 0].tolist() == pytest.approx([(1 + 2 * 4) / 3, 1.0])


def test_words_are_rows_of_the_language_models_own_table(tmp_path):
    table = torch.arange(20.0)[:, None].repeat(1, 3)
    save_file({"model.embed_tokens.weight": table, "lm_head.weight": table + 1}, tmp_path / "model.safetensors")

    def encode(text: str, add_special_tokens: bool) -> list[int]:
        assert text.startswith(" ") and not add_special_tokens
        return [len(word) for word in text.split()]

    words = unit_words(tmp_path, encode)
    assert words.shape == (23, 3) and words[-1, 0].item() == 3.0  # "at rest"
    lengths = [len(word) for word in ACTION_UNITS[0].words.split()]
    assert words[0, 0].item() == pytest.approx(sum(lengths) / len(lengths))


def test_a_language_model_without_a_table_is_one_line(tmp_path):
    with pytest.raises(FacewiseError, match="set encoder_weights: contrast=0"):
        unit_words(tmp_path, lambda text, add_special_tokens: [0])


def test_the_contrast_reaches_tower_landmarks_and_guidance(pack):
    encoder = tiny_encoder()
    module = RegionText(16, torch.randn(23, 8))
    batch = pack.collate([pack[0], pack[2], pack[4]])
    output = encoder(**{name: batch[name] for name in INPUTS})
    guides = (batch[name] for name in ("points", "pose", "has_landmarks"))
    module(module.tokens(encoder, output, *guides), batch).backward()
    reached = ("sight.looks.0.stem.0.weight", "guidance.value.weight", "region_projector.parts.0.weight")
    assert all(dict(encoder.named_parameters())[name].grad.any() for name in reached)
