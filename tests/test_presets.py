"""The sizes that Facewise comes in, on the meta device: public parameter counts, shapes that fit, and memory by the formula."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen3Config, SiglipVisionConfig

from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig, FacewiseConfig
from facewise.model.network.dry_run import dry_run, lora_parameters
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.presets import PRESETS, preset, preset_config

GIB = 2**30
# Of the language model (Qwen's and SmolLM2's model cards) and of the vision tower without its pooling head.
PUBLIC = {
    "facewise-135m": (134_515_008, 0),
    "facewise-2b": (1_720_574_976, 85_843_200),
    "facewise-8b": (8_190_735_360, 412_987_248),
}


@pytest.fixture(scope="module")
def runs() -> dict:
    return {name: dry_run(name, batch=2, length=512) for name in PRESETS}


def tiny_config() -> FacewiseConfig:
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2}
    return FacewiseConfig(
        encoder_config=FaceEncoderConfig(hidden_size=16, num_heads=2, num_layers=1),
        text_config=Qwen3Config(**sizes, num_key_value_heads=1, head_dim=24, vocab_size=90),
        vision_config=SiglipVisionConfig(**sizes, image_size=32, patch_size=8, vision_use_head=False),
        image_token_id=89,
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_parameters_that_its_bases_are_known_for(runs, name):
    language, tower = PUBLIC[name]
    counts = runs[name].parameters
    assert (counts["language model"], counts.get("tower", 0)) == (language, tower)
    assert counts["evidence encoder"] < 10_000_000


@pytest.mark.parametrize(("name", "patches", "width"), [("facewise-2b", 16 * 16, 2048), ("facewise-8b", 27 * 27, 4096)])
def test_the_forward_pass_fits_from_pixels_to_logits(runs, name, patches, width):
    shapes = runs[name].shapes
    assert shapes["patches"][:3] == shapes["guided"][:3] == (2, 1, patches)
    assert shapes["tower_tokens"] == (2, 16, width) and shapes["logits"] == (2, 512, 151936)
    assert shapes["face_kinds"] == (2 * (10 + 2 * 16 + 16),)


def test_the_embedded_preset_is_the_model_that_is_shipped(runs):
    from facewise.model.checkpoint import load_checkpoint

    config = load_checkpoint().config
    shipped = {name: getattr(config.text_config, name) for name in preset("facewise-135m").text}
    assert shipped == preset("facewise-135m").text and config.base_llm["package"] == preset("facewise-135m").llm
    assert "tower" not in runs["facewise-135m"].parameters


@pytest.mark.parametrize("name", [name for name, chosen in PRESETS.items() if chosen.tower])
def test_a_larger_preset_names_its_bases_and_says_what_transformers_reads(name):
    chosen, config = preset(name), preset_config(name)
    assert chosen.llm.startswith("Qwen/Qwen3-") and chosen.tower.startswith("google/siglip2-")
    assert f"patch{config.vision_config.patch_size}-{config.vision_config.image_size}" in chosen.tower
    for told, read in ((chosen.text, config.text_config), (chosen.vision, config.vision_config)):
        assert read.model_type == told["model_type"]
        assert {key: getattr(read, key) for key in told if key not in ("model_type", "dtype", "rope_parameters")} == {
            key: value for key, value in told.items() if key not in ("model_type", "dtype", "rope_parameters")
        }


def test_an_unknown_preset_is_told_with_the_choices():
    with pytest.raises(FacewiseError, match="no preset 'facewise-70b'; there are facewise-135m, facewise-2b, facewise-8b"):
        dry_run("facewise-70b")


def test_lora_counts_what_peft_makes():
    config = tiny_config()
    model = FacewiseForConditionalGeneration(config)
    targets = ["q_proj", "v_proj", "down_proj"]
    counted = lora_parameters(model.language_model, 4, targets)
    adapted = get_peft_model(model.language_model, LoraConfig(r=4, target_modules=targets, task_type="CAUSAL_LM"))
    assert counted == sum(value.numel() for name, value in adapted.named_parameters() if "lora_" in name)
    assert dry_run(config, length=64, lora_rank=4, lora_targets=targets).parameters["LoRA"] == counted


def test_what_learns_is_counted_and_paid_for():
    config = tiny_config()
    resting, learning = (
        dry_run(config, length=64, trained=trained)
        for trained in ((), ("tower", "guidance", "projector", "language model", "LoRA"))
    )
    counts = resting.parameters
    total = sum(count for name, count in counts.items() if name not in ("LoRA", "evidence encoder"))
    assert resting.trainable == 0 and resting.memory["gradients"] == resting.memory["optimiser"] == 0
    assert resting.memory["weights"] == 2 * total
    assert learning.trainable == total + counts["LoRA"] and learning.memory["gradients"] == 4 * learning.trainable
    assert learning.memory["weights"] == 4 * learning.trainable and learning.memory["optimiser"] == 8 * learning.trainable
    assert learning.memory["total"] == sum(value for name, value in learning.memory.items() if name != "total")


def test_activations_grow_with_the_batch_and_shrink_with_checkpointing():
    config = tiny_config()
    one, two, stored = (
        dry_run(config, length=128, **options).memory["activations"] for options in ({}, {"batch": 2}, {"checkpointing": False})
    )
    assert two == 2 * one and stored > one


def test_the_formula_by_hand():
    """H 32, I 48, 2 query heads and 1 key head of 24, 3 layers, 90 words; 16 patches of a resting tower, of whose layers one exists."""
    layer, tower = 2 * (4 * 32 + 2 * 3 * 24 + 4 * 48), 2 * (4 * 32 + 2 * 4 * 16 + 2 * 48)
    expected = 64 * (3 * 2 * 32 + layer + 10 * 90) + 16 * tower
    assert dry_run(tiny_config(), length=64).memory["activations"] == expected


def test_activations_are_near_what_autograd_really_keeps():
    """In bfloat16, of a model that is wide enough for its layers to count: what is saved for the backward pass, each storage once."""
    sizes = {
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    text = Qwen3Config(**sizes, head_dim=64, vocab_size=2000)
    config = FacewiseConfig(encoder_config=tiny_config().encoder_config, text_config=text, image_token_id=1999)
    model = FacewiseForConditionalGeneration(config).bfloat16().train()
    weights = {value.untyped_storage().data_ptr() for value in model.parameters()}
    kept: dict[int, int] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return value

    ids = torch.randint(3, 1900, (2, 128))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        model(input_ids=ids, labels=ids)
    estimate = dry_run(config, batch=2, length=128, faces=0, checkpointing=False).memory["activations"]
    assert 0.8 < sum(kept.values()) / estimate < 1.4


def test_faces_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 faces have 116 tokens, a row has 100"):
        dry_run(tiny_config(), length=100, faces=2)


def test_by_the_estimate_an_adapter_of_the_largest_trains_on_a_card_of_24_gib(runs):
    assert runs["facewise-8b"].memory["total"] < 24 * GIB < 3 * runs["facewise-8b"].memory["total"]
