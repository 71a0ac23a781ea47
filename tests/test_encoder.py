"""The evidence encoder: region guidance reaches the numbers, rows of a batch do not mix, folders bring back what was saved."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.encoder import FaceEncoder, appearance, evidence, pooled
from facewise.model.network.loading import load_strict
from facewise.model.network.regions import turned
from facewise.model.taxonomy import ATTACKS, AU_CODES, CUES, EMOTIONS, MIRROR, NO_PROTOTYPE

MOUTH = slice(48, 68)
AU12 = AU_CODES.index("AU12")
NUMBERS = ("au", "au_active", "emotion", "spoof", "attack", "cues", "attack_map", "digital")


def tiny_config(**changes) -> FaceEncoderConfig:
    sizes = {"image_size": 32, "patch_size": 8, "hidden_size": 16, "num_layers": 2, "num_heads": 2, "tokens_per_view": 4}
    return FaceEncoderConfig(**sizes | changes)


def tiny_encoder(**changes) -> FaceEncoder:
    torch.manual_seed(0)
    return FaceEncoder(tiny_config(**changes)).eval()


def faces(n: int, seed: int = 1) -> dict[str, torch.Tensor]:
    """n random faces for the tiny encoder, landmarks known."""
    chance = torch.Generator().manual_seed(seed)
    return {
        "views": torch.rand(n, 2, 3, 32, 32, generator=chance) * 2 - 1,
        "points": torch.rand(n, 2, 68, 2, generator=chance),
        "canonical": torch.randn(n, 68, 3, generator=chance) * 0.3,
        "pose": torch.randn(n, 3, generator=chance) * 0.2,
        "has_landmarks": torch.ones(n, dtype=torch.bool),
        "mesh": torch.randn(n, 478, 3, generator=chance) * 0.3,
    }


@torch.no_grad()
def numbers(encoder: FaceEncoder, inputs: dict[str, torch.Tensor]):
    return encoder(**inputs)


def test_shapes_and_size_of_the_default_are_the_contract():
    encoder = FaceEncoder(FaceEncoderConfig()).eval()
    inputs = faces(2)
    inputs["views"] = torch.zeros(2, 2, 3, 224, 224)
    output = numbers(encoder, inputs)
    assert {name: tuple(value.shape) for name, value in output.items()} == {
        "guided": (2, 2, 196, 192),
        "pooled": (2, 2, 16, 192),
        "regions": (2, 10, 192),
        "au": (2, 22, 2),
        "au_active": (2, 22),
        "emotion": (2, 9),
        "spoof": (2,),
        "attack": (2, 11),
        "cues": (2, 12),
        "attack_map": (2, 14, 14),
        "digital": (2,),
    }
    assert sum(p.numel() for p in encoder.parameters()) <= 4.2e6
    assert (output.au >= 0).all()


@pytest.mark.parametrize("which", ["canonical", "points"])
def test_moving_the_mouth_points_moves_au12(which):
    encoder, inputs = tiny_encoder(), faces(1)
    before = numbers(encoder, inputs)
    inputs[which] = inputs[which].clone()
    inputs[which][..., MOUTH, :] += 0.3
    after = numbers(encoder, inputs)
    assert (after.au[0, AU12] - before.au[0, AU12]).abs().min() > 1e-6


def test_region_guidance_is_on_in_evaluation_mode_and_its_gate_reaches_every_number():
    encoder, inputs = tiny_encoder(), faces(2)
    on = numbers(encoder, inputs)
    encoder.guidance.gate.data.zero_()
    off = numbers(encoder, inputs)
    for name in ("guided", "pooled", *NUMBERS):
        assert not torch.allclose(on[name], off[name], atol=1e-6), name


def test_every_part_of_the_guidance_learns():
    encoder = tiny_encoder().train()
    output = encoder(**faces(2))
    sum(output[name].square().sum() for name in NUMBERS).backward()
    for name in ("gate", "log_tau", "null_key"):
        assert getattr(encoder.guidance, name).grad.abs().max() > 0, name
    silent = [name for name, p in encoder.named_parameters() if p.grad is None and name != "region_projector.missing"]
    assert silent == []


def test_faces_with_and_without_landmarks_in_one_batch_answer_as_alone():
    encoder, inputs = tiny_encoder(), faces(3)
    inputs["has_landmarks"] = torch.tensor([True, False, True])
    inputs["points"][1], inputs["canonical"][1], inputs["pose"][1] = torch.nan, torch.nan, torch.nan
    together = numbers(encoder, inputs)
    for row in range(3):
        alone = numbers(encoder, {name: value[row : row + 1] for name, value in inputs.items()})
        for name in ("guided", "pooled", "regions", *NUMBERS):
            assert torch.allclose(together[name][row], alone[name][0], atol=1e-5), (row, name)


def test_faces_without_landmarks_train_without_a_nan():
    encoder, inputs = tiny_encoder().train(), faces(2)
    inputs["has_landmarks"] = torch.tensor([True, False])
    inputs["points"][1], inputs["canonical"][1] = torch.nan, torch.nan
    output = encoder(**inputs)
    sum(output[name].square().sum() for name in NUMBERS).backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


def test_what_is_read_turns_with_the_mirror_exactly():
    encoder, inputs = tiny_encoder(places=True), faces(2)
    torch.nn.init.normal_(encoder.expression.places.read[-1].weight)
    mesh = encoder.region_projector.mesh
    mesh.standardise(torch.cat([inputs["mesh"], turned(inputs["mesh"], mirror := torch.arange(478).flip(0))]))
    assert torch.equal(mesh.mirror, mirror)
    turned_inputs = inputs | {
        "views": inputs["views"].flip(-1),
        "points": inputs["points"][:, :, MIRROR] * torch.tensor([-1.0, 1]) + torch.tensor([1.0, 0]),
        "canonical": turned(inputs["canonical"], MIRROR),
        "pose": inputs["pose"] * torch.tensor([1.0, -1, -1]),
        "mesh": turned(inputs["mesh"], mesh.mirror),
    }
    plain, mirrored = numbers(encoder, inputs), numbers(encoder, turned_inputs)
    assert torch.allclose(plain.au, mirrored.au.flip(-1), atol=1e-5)
    assert (plain.au[..., 0] - plain.au[..., 1]).abs().max() > 1e-4
    assert torch.allclose(plain.attack_map, mirrored.attack_map.flip(-1), atol=1e-5)
    for name in ("au_active", "emotion", "spoof", "attack", "cues", "digital"):
        assert torch.allclose(plain[name], mirrored[name], atol=1e-5), name


def test_an_encoder_that_is_given_places_reads_as_before():
    encoder, inputs = tiny_encoder(), faces(2)
    before = numbers(encoder, inputs)
    encoder.add_places()
    after = numbers(encoder, inputs)
    assert all(torch.equal(before[name], after[name]) for name in NUMBERS)
    assert {name for name in encoder.state_dict() if ".places." in name} and encoder.config.places


def test_in_training_a_face_is_read_once():
    encoder, inputs = tiny_encoder(), faces(2)
    twice, once = numbers(encoder, inputs), numbers(encoder.train(), inputs)
    assert all((twice[name] - once[name]).abs().max() > 1e-7 for name in ("au", "spoof"))


def test_the_mesh_counts_and_a_face_without_one_has_a_token_for_that():
    encoder, inputs = tiny_encoder(), faces(2)
    full = numbers(encoder, inputs).au
    inputs["mesh"][1] = torch.nan
    half, none = numbers(encoder, inputs).au, numbers(encoder, inputs | {"mesh": None}).au
    assert torch.allclose(half[0], full[0], atol=1e-6) and torch.allclose(half[1], none[1], atol=1e-6)
    assert (half[1] - full[1]).abs().max() > 1e-5


def test_looks_that_nobody_wants_cost_nothing_and_change_nothing_else():
    encoder, inputs = tiny_encoder(), faces(3)
    shape, textures = [True, False, False], [False, True, True]
    full, part = (numbers(encoder, inputs | {"wanted": wanted}) for wanted in (None, torch.tensor([shape, textures, [True] * 3])))
    assert torch.allclose(full.au[[0, 2]], part.au[[0, 2]], atol=1e-6)
    assert torch.allclose(full.spoof[1:], part.spoof[1:], atol=1e-6)
    nobody = numbers(encoder, inputs | {"wanted": torch.tensor([shape] * 3)})
    assert torch.allclose(full.au, nobody.au, atol=1e-6)


def test_attacks_are_read_from_the_colours_of_the_tight_view_too():
    encoder, inputs = tiny_encoder(), faces(1)
    inputs["views"].requires_grad_()
    encoder(**inputs).spoof.sum().backward()
    assert inputs["views"].grad.abs().amax((0, 2, 3, 4)).min() > 0


def test_the_views_are_told_apart():
    encoder, inputs = tiny_encoder(), faces(1)
    swapped = inputs | {"views": inputs["views"].flip(1)}
    assert not torch.allclose(numbers(encoder, inputs).spoof, numbers(encoder, swapped).spoof, atol=1e-5)


def test_the_attack_map_has_rows_for_y():
    encoder = tiny_encoder()
    guided, regions = torch.randn(1, 2, 16, 16), torch.randn(1, 10, 16)
    before = encoder.authenticity(guided, guided[:, 1], regions)["attack_map"]
    guided[0, 1, 12] = torch.randn(16)  # bottom left of the wide crop
    changed = (encoder.authenticity(guided, guided[:, 1], regions)["attack_map"] - before).abs()[0]
    assert changed[3, 0] > 1e-5 and (changed > 1e-6).sum() == 1


@pytest.mark.parametrize("look", [0, 1])
def test_patches_lie_where_they_were_seen(look):
    encoder, pixels = tiny_encoder(num_layers=0), faces(1)["views"][:, look].requires_grad_()
    encoder.sight.looks[look](pixels)[0][0, 12].square().sum().backward()  # bottom left
    told = pixels.grad.abs().sum((0, 1))
    assert told[16:, :16].sum() == max(told[r : r + 16, c : c + 16].sum() for r in (0, 16) for c in (0, 16))


def test_pooling_keeps_rows_and_columns():
    guided = torch.arange(16.0).reshape(1, 1, 16, 1)
    assert pooled(guided, 4)[0, 0, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]


def test_views_of_another_size_are_refused_with_both_shapes():
    inputs = faces(1) | {"views": torch.zeros(1, 1, 3, 32, 32)}
    with pytest.raises(ValueError, match=r"\[B, 2, 3, 32, 32\], got \[1, 1, 3, 32, 32\]"):
        tiny_encoder()(**inputs)


def test_patches_are_a_power_of_two():
    with pytest.raises(ValueError, match="patch_size must be a power of 2"):
        tiny_config(image_size=36, patch_size=6)


def test_evidence_is_plain_numbers_in_the_order_of_the_vocabulary():
    encoder = tiny_encoder()
    output = numbers(encoder, faces(2))
    output.au[0, AU12] = torch.tensor([7.0, 2.5])
    first, second = evidence(output)
    assert list(first.aus) == list(AU_CODES)
    assert first.aus["AU12"][:2] == (5.0, 2.5)
    assert first.aus["AU12"][2] == pytest.approx(output.au_active[0, AU12].sigmoid().item())
    assert list(first.emotion) == [*EMOTIONS, NO_PROTOTYPE]
    assert list(first.attack) == list(ATTACKS)
    assert list(first.cues) == list(CUES)
    for distribution in (first.emotion, first.attack):
        assert sum(distribution.values()) == pytest.approx(1, abs=1e-5)
    assert first.spoof_logit == pytest.approx(output.spoof[0].item())
    assert first.attack_map.shape == (4, 4)
    assert first.attack_map.dtype == "float32"
    assert second.digital == pytest.approx(output.digital[1].sigmoid().item())
    numbers_only = {k: v for k, v in vars(first).items() if k != "attack_map"}
    assert json.loads(json.dumps(numbers_only))["cues"] == first.cues


def test_an_encoder_without_a_digital_head_says_nothing_about_it():
    output = numbers(tiny_encoder(digital=False), faces(1))
    assert output.digital is None
    assert evidence(output)[0].digital is None


def test_a_folder_brings_back_every_weight_and_the_point_statistics(tmp_path):
    mean = torch.randn(68, 3).tolist()
    encoder = tiny_encoder(landmark_mean=mean, landmark_std=[0.1] * 68)
    encoder.save_pretrained(tmp_path)
    again = load_strict(FaceEncoder, tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    assert again.config.landmark_mean == mean
    assert encoder.state_dict().keys() == again.state_dict().keys()
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in encoder.state_dict().items())
    # Not bit for bit: on some processors a sum's order hangs on where in memory the weights came to lie.
    torch.testing.assert_close(numbers(encoder, faces(1)).au, numbers(again, faces(1)).au, rtol=0, atol=1e-6)


@pytest.mark.parametrize("fault", ["missing", "unexpected", "of another shape"])
def test_a_checkpoint_that_does_not_fit_is_refused_by_the_name_of_its_key(tmp_path, fault):
    tiny_encoder().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    if fault == "missing":
        del weights["guidance.gate"]
    elif fault == "unexpected":
        weights["guidance.gate_2"] = torch.zeros(1)
    else:
        weights["guidance.gate"] = torch.zeros(3)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(FacewiseError, match=f"{fault}: guidance.gate"):
        load_strict(FaceEncoder, tmp_path)


def test_a_folder_without_a_model_is_a_user_error(tmp_path):
    with pytest.raises(FacewiseError, match=r"config\.json is missing"):
        load_strict(FaceEncoder, tmp_path)


def test_a_face_on_which_nothing_moves_is_neutral_whatever_the_emotions_say():
    logits = torch.zeros(3, 9)
    logits[:, 1] = 5.0
    active, levels = torch.zeros(3, 22), torch.zeros(3, 22, 2)
    active[:, AU12] = torch.tensor([0.1, 0.9, 0.9])
    levels[:2, AU12] = 2.0  # of the third one too faint to be told
    told = appearance(logits, active, levels)
    assert torch.allclose(told.sum(1), torch.ones(3))
    assert torch.allclose(told[:, 0], torch.tensor([0.9, 0.1, 1.0])) and told[1].argmax() == 1
