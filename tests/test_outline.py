"""The table before a training: memory by worked numbers, in 4 bits as bitsandbytes stores them, and what is not counted."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from facewise.finetune.language.adapters import four_bit_bytes, four_bit_layers
from facewise.finetune.outline import memory, outline, table
from facewise.finetune.recipe import Recipe
from facewise.model.network.configuration import FaceEncoderConfig
from facewise.model.network.dry_run import dry_run
from facewise.model.presets import preset_config

# Of Qwen3-8B: 36 layers 4096 wide with 8 of 32 heads for keys and an MLP of 12288, embeddings and logits apart; of SigLIP 2 so400m.
LANGUAGE, TOWER = 8_190_735_360, 412_987_248
LINEAR = 36 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 12288)
Q_OR_O = 8_388_608 + 262_144 + 4 * (1_024 + 273)  # half a byte, scales, scales of scales, tables
K_OR_V = 2_164_804
OF_MLP = 25_165_824 + 786_432 + 4 * (3_072 + 273)
IN_4_BITS = 36 * (2 * Q_OR_O + 2 * K_OR_V + 3 * OF_MLP)


@pytest.fixture(scope="module")
def largest() -> tuple:
    """The language model of facewise-8b without numbers, and a dry run of its stage `instruct`."""
    config = preset_config("facewise-8b")
    with torch.device("meta"):
        language = AutoModelForCausalLM.from_config(config.text_config)
    return language, dry_run(config, length=512, trained=("LoRA", "projector"))


@pytest.mark.parametrize(
    ("shape", "kept"), [((4096, 1024), 2_164_804), ((576, 192), 58_144), ((100, 33), 2_798)], ids=["k of 8B", "k of 135M", "odd"]
)
def test_a_layer_in_4_bits_takes_what_bitsandbytes_keeps_of_it(shape, kept):
    """Summed over the tensors that its quantize_4bit (0.50.2, NF4, compress_statistics) gives of such a weight."""
    assert four_bit_bytes(shape[0] * shape[1]) == kept


def test_linear_layers_are_in_4_bits_and_what_gives_the_logits_is_not(largest):
    language, _ = largest
    layers = four_bit_layers(language)
    assert len(layers) == 36 * 7 and sum(layer.weight.numel() for layer in layers) == LINEAR
    assert language.lm_head not in layers


@pytest.mark.parametrize(
    ("told", "resting"),
    [
        ({"load_in_4bit": True, "precision": "bfloat16"}, IN_4_BITS + 2 * (LANGUAGE - LINEAR + TOWER)),
        ({"precision": "bfloat16"}, 2 * (LANGUAGE + TOWER)),
        ({"precision": "float32"}, 4 * (LANGUAGE + TOWER)),
    ],
    ids=["4 bits", "half", "full"],
)
def test_what_rests_is_counted_as_the_recipe_keeps_it_and_what_trains_pays_for_gradients_and_moments(largest, told, resting):
    language, found = largest
    parts = memory(Recipe(preset="facewise-8b", **told), language, found)
    guidance = found.parameters["guidance"]  # rests here
    width = 4 if told["precision"] == "float32" else 2
    assert parts["weights"] == resting + width * guidance + 4 * found.trainable
    assert (parts["gradients"], parts["optimiser"]) == (4 * found.trainable, 8 * found.trainable)
    assert parts["activations"] == found.memory["activations"]


def test_the_table_tells_the_parts_and_what_is_not_in_them():
    recipe = Recipe(rows=("a set",), encoder_from="default", stages=("instruct",), precision="bfloat16")
    config = preset_config("facewise-135m")
    (row,) = outline(recipe, FaceEncoderConfig(), config.text_config)
    learns = dry_run("facewise-135m", length=512, lora_rank=8, trained=("LoRA", "projector")).trainable
    weights = 4 * (134_515_008 + learns) / 1e9  # the package's language model is read in float32
    assert row["parameters"] == f"{learns:,}" and f"at 512 tokens a row: weights {weights:.2f} GB, gradients" in row["memory"]
    assert table([row]).splitlines()[-1].startswith("memory is counted by formula, activations as in bfloat16; beside it come")
