"""The assistant's model as a tiny twin: face tokens land in their places, batches answer as singles, nothing loads by halves."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText, LlamaConfig, LlamaForCausalLM

from facewise.model.checkpoint import ADAPTER_PARTS, merged
from facewise.model.errors import FacewiseError
from facewise.model.network import register
from facewise.model.network.configuration import FaceEncoderConfig, FacewiseConfig
from facewise.model.network.loading import load_config, load_strict
from facewise.model.network.modeling import (
    NO_FACE_KIND,
    VIEW_KIND,
    FacewiseForConditionalGeneration,
    repeated_rows,
)

IMAGE = 59


def tiny_config() -> FacewiseConfig:
    text = LlamaConfig(
        vocab_size=60,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=0.3,
    )
    encoder = FaceEncoderConfig(hidden_size=16, num_heads=2)
    return FacewiseConfig(
        encoder_config=encoder,
        text_config=text,
        image_token_id=IMAGE,
        verdict_ids=[5, 6],
        projector_hidden=24,
    )


def tiny_model() -> FacewiseForConditionalGeneration:
    torch.manual_seed(0)
    model = FacewiseForConditionalGeneration(tiny_config()).eval()
    # Fresh projectors whisper; the tests want to hear them.
    for weight in (model.projector.up.weight, model.projector.down.weight, model.projector.no_face):
        torch.nn.init.normal_(weight, std=0.5)
    return model


def prompt(n_face: int = 3, seed: int = 0) -> dict[str, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    words = torch.randint(3, 50, (1, 6), generator=chance)
    ids = torch.cat([words[:, :2], torch.full((1, n_face), IMAGE), words[:, 2:]], dim=1)
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "face_features": torch.randn(n_face, 16, generator=chance),
        "face_kinds": torch.arange(1, n_face + 1),
    }


def left_padded(prompts: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    longest = max(p["input_ids"].shape[1] for p in prompts)
    pad = lambda x: torch.nn.functional.pad(x, (longest - x.shape[1], 0))  # noqa: E731
    rows = {key: torch.cat([pad(p[key]) for p in prompts]) for key in ("input_ids", "attention_mask")}
    return rows | {key: torch.cat([p[key] for p in prompts]) for key in ("face_features", "face_kinds")}


def written(model, inputs, **options) -> torch.Tensor:
    """The new tokens only."""
    ids = model.generate(**inputs, max_new_tokens=6, min_new_tokens=6, do_sample=False, **options)
    return ids[:, inputs["input_ids"].shape[1] :]


def test_face_tokens_fill_the_image_places_in_order_and_nothing_else():
    model, inputs = tiny_model(), prompt()
    inputs.pop("attention_mask")
    embeds = model.embed(**inputs)
    words = model.get_input_embeddings()(inputs["input_ids"])
    assert torch.equal(embeds[0, 2:5], model.projector(inputs["face_features"], inputs["face_kinds"]))
    assert torch.equal(embeds[0, :2], words[0, :2])
    assert torch.equal(embeds[0, 5:], words[0, 5:])


def test_the_kind_of_a_token_changes_it():
    model, features = tiny_model(), torch.ones(2, 16)
    eye, wide_view = model.projector(features, torch.tensor([6, VIEW_KIND + 1]))
    assert not torch.allclose(eye, wide_view, atol=1e-3)


def test_a_picture_without_a_face_is_one_learned_token_whatever_its_features_hold():
    model = tiny_model()
    tokens = model.projector(torch.randn(2, 16), torch.tensor([NO_FACE_KIND, 1]))
    assert torch.equal(tokens[0], model.projector.no_face)
    assert not torch.equal(tokens[1], model.projector.no_face)


@pytest.mark.parametrize("given", [0, 2, 4])
def test_a_wrong_number_of_features_is_refused_with_both_numbers(given):
    model, inputs = tiny_model(), prompt(3)
    inputs["face_features"] = torch.randn(given, 16) if given else None
    inputs["face_kinds"] = torch.ones(given, dtype=torch.long) if given else None
    with pytest.raises(ValueError, match=f"3 image tokens in the text, {given} face features"):
        model(**inputs)


def test_text_alone_is_the_language_model_alone():
    model, ids = tiny_model(), torch.tensor([[3, 4, 5]])
    assert torch.equal(model(input_ids=ids).logits, model.language_model(input_ids=ids).logits)


def test_labels_give_the_language_models_loss_and_its_gradient_reaches_the_projector():
    model, inputs = tiny_model().train(), prompt()
    labels = inputs["input_ids"].masked_fill(inputs["input_ids"] == IMAGE, -100)
    output = model(**inputs, labels=labels)
    kept = labels[0, 1:] != -100
    by_hand = torch.nn.functional.cross_entropy(output.logits[0, :-1][kept], labels[0, 1:][kept])
    assert output.loss.item() == pytest.approx(by_hand.item(), rel=1e-5)
    output.loss.backward()
    assert model.projector.kinds.weight.grad[1:4].abs().min(dim=1).values.max() > 0


def test_gradient_checkpointing_gives_the_same_gradients():
    inputs, gradients = prompt(), []
    for checkpointed in (False, True):
        model = tiny_model().train()
        if checkpointed:
            model.gradient_checkpointing_enable()
        model(**inputs, labels=inputs["input_ids"].clamp(max=50)).loss.backward()
        gradients.append(model.projector.down.weight.grad)
    assert torch.allclose(*gradients, atol=1e-6)


def test_generation_with_the_cache_equals_generation_without():
    model, inputs = tiny_model(), prompt()
    assert torch.equal(written(model, inputs), written(model, inputs, use_cache=False))


def test_generation_depends_on_the_face():
    model, inputs = tiny_model(), prompt()
    other = inputs | {"face_features": -inputs["face_features"]}
    logits, others = (model(**x, logits_to_keep=1).logits for x in (inputs, other))
    assert logits.shape == (1, 1, 60)
    assert not torch.allclose(logits, others, atol=1e-3)


def test_a_left_padded_batch_answers_as_its_rows_do_alone():
    model, prompts = tiny_model(), [prompt(3, seed=1), prompt(1, seed=2), prompt(5, seed=3)]
    together = written(model, left_padded(prompts))
    for row, alone in zip(together, prompts, strict=True):
        assert torch.equal(row, written(model, alone)[0])


def test_a_picture_is_read_once_and_asked_again_from_its_cache():
    model, inputs = tiny_model(), prompt()
    question = torch.tensor([[7, 8]])
    with torch.no_grad():
        cache = model(**inputs, use_cache=True).past_key_values
    ids = torch.cat([inputs["input_ids"], question], dim=1)
    whole = inputs | {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    later = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "past_key_values": cache}
    assert torch.equal(written(model, later), written(model, whole))


def test_several_answers_to_a_prompt_each_see_their_own_face():
    model, prompts = tiny_model(), [prompt(3, seed=1), prompt(1, seed=2)]
    beams = written(model, left_padded(prompts), num_beams=2, num_return_sequences=2)
    for row, alone in enumerate(prompts):
        assert torch.equal(beams[2 * row : 2 * row + 2], written(model, alone, num_beams=2, num_return_sequences=2))


def test_rows_repeat_as_rows():
    assert repeated_rows(torch.arange(3), [2, 1], 2).tolist() == [0, 1, 0, 1, 2, 2]


def test_an_image_token_is_never_written():
    model = tiny_model()
    model.get_output_embeddings().weight.data[IMAGE] *= 100
    assert (written(model, prompt()) != IMAGE).all()


def test_a_folder_brings_back_the_same_model(tmp_path):
    model, inputs = tiny_model(), prompt()
    model.save_pretrained(tmp_path)
    again = load_strict(FacewiseForConditionalGeneration, tmp_path)
    assert "language_model.lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    assert again.get_output_embeddings().weight is again.get_input_embeddings().weight
    assert again.generation_config.suppress_tokens == [IMAGE]
    assert torch.equal(again(**inputs).logits, model(**inputs).logits)
    assert again.config.text_config.hidden_size == 16
    assert again.config.verdict_ids == [5, 6]


def test_a_checkpoint_with_a_missing_key_is_refused_by_its_name(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["projector.no_face"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(FacewiseError, match=r"missing: projector\.no_face"):
        load_strict(FacewiseForConditionalGeneration, tmp_path)


def test_own_weights_and_a_base_language_model_make_the_same_model():
    model, inputs = tiny_model(), prompt()
    base = LlamaForCausalLM(model.config.text_config).eval()
    base.load_state_dict(model.language_model.state_dict())
    again = FacewiseForConditionalGeneration.from_base(tiny_config(), base).eval()
    again.load_own_state_dict(model.own_state_dict())
    assert all(key.startswith("projector.") for key in model.own_state_dict())
    assert torch.equal(again(**inputs).logits, model(**inputs).logits)


def test_a_base_language_model_keeps_weights_that_transformers_did_not_draw():
    base = LlamaForCausalLM(LlamaConfig(**tiny_config().text_config.to_dict() | {"vocab_size": 59}))
    base.resize_token_embeddings(60)
    before = base.get_input_embeddings().weight.clone()
    model = FacewiseForConditionalGeneration.from_base(tiny_config(), base)
    assert torch.equal(model.get_input_embeddings().weight, before)


def test_own_weights_are_loaded_strictly():
    model = tiny_model()
    state = model.own_state_dict()
    with pytest.raises(FacewiseError, match=r"adapter\.bin: .* missing: projector\.no_face"):
        model.load_own_state_dict({k: v for k, v in state.items() if k != "projector.no_face"}, "adapter.bin")
    with pytest.raises(FacewiseError, match=r"unexpected: language_model\.x"):
        model.load_own_state_dict(state | {"language_model.x": torch.zeros(1)})
    with pytest.raises(FacewiseError, match=r"of another shape: projector\.no_face"):
        model.load_own_state_dict(state | {"projector.no_face": torch.zeros(1)})


def test_a_language_model_of_another_size_is_refused():
    other = LlamaForCausalLM(LlamaConfig(**tiny_config().text_config.to_dict() | {"vocab_size": 61}))
    with pytest.raises(FacewiseError, match="vocab_size 61, the config wants 60"):
        FacewiseForConditionalGeneration.from_base(tiny_config(), other)


def test_lora_trains_on_the_language_model_beside_the_projector():
    peft = pytest.importorskip("peft")
    model, inputs = tiny_model(), prompt()
    settings = peft.LoraConfig(r=2, target_modules=r"language_model\..*\.(q_proj|v_proj)", task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(model, settings)
    before = model(**inputs).logits
    adapted(**inputs, labels=inputs["input_ids"].clamp(max=50)).loss.backward()
    trained = [name for name, p in adapted.named_parameters() if p.grad is not None]
    assert len(trained) == 8
    assert all("lora_" in name for name in trained)
    for name, p in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.5)
    assert not torch.allclose(adapted(**inputs).logits, before, atol=1e-3)


@pytest.fixture
def adapter(tmp_path):
    """A folder with a LoRA for the tiny language model, and that model."""
    peft = pytest.importorskip("peft")
    language = LlamaForCausalLM(tiny_config().text_config)
    settings = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    peft.get_peft_model(language, settings).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter", LlamaForCausalLM(tiny_config().text_config)


def test_an_adapter_is_folded_in_from_a_relative_path_too(adapter, monkeypatch):
    folder, language = adapter
    monkeypatch.chdir(folder.parent)
    assert isinstance(merged(language, folder.relative_to(folder.parent)), LlamaForCausalLM)


@pytest.mark.parametrize("part", ADAPTER_PARTS)
def test_a_missing_part_of_an_adapter_is_named_and_not_looked_for_on_the_network(adapter, part):
    folder, language = adapter
    (folder / part).unlink()
    with pytest.raises(FacewiseError, match=f"not whole \\({part} is missing"):
        merged(language, folder)


@pytest.mark.parametrize("part", ADAPTER_PARTS)
def test_an_adapter_that_was_cut_off_is_told_in_one_line(adapter, part):
    folder, language = adapter
    (folder / part).write_bytes((folder / part).read_bytes()[:100])
    with pytest.raises(FacewiseError, match=r"^[^\n]*cannot be put on the base model \([^\n]*\)$"):
        merged(language, folder)


def test_the_auto_classes_know_us_after_registering_twice(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    register()
    register()
    assert isinstance(AutoConfig.from_pretrained(tmp_path), FacewiseConfig)
    assert isinstance(AutoModelForImageTextToText.from_pretrained(tmp_path), FacewiseForConditionalGeneration)


def test_no_token_sees_the_tokens_after_it():
    """Also with one config shared by the assistant and its language model, as training builds it: without the mask a training loss is a fake."""
    torch.manual_seed(0)
    language = LlamaForCausalLM(tiny_config().text_config).eval()
    shared = FacewiseConfig(
        encoder_config=tiny_config().encoder_config, text_config=language.config, image_token_id=IMAGE, projector_hidden=24
    )
    model = FacewiseForConditionalGeneration.from_base(shared, language).eval()
    ids = torch.randint(3, 50, (1, 12))
    later = ids.clone()
    later[0, 8:] = 7
    with torch.inference_mode():
        one, other = (model(input_ids=each, attention_mask=torch.ones_like(ids)).logits[:, :8] for each in (ids, later))
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("garbage{", "no JSON"),
        ("", "no JSON"),
        ("[]", "model_type is None"),
        ("{}", "model_type is None"),
        ('{"model_type": "bert"}', "model_type is 'bert', a folder of ours says 'facewise'"),
    ],
)
def test_a_config_that_is_not_ours_is_refused_in_one_line(tmp_path, text, words):
    (tmp_path / "config.json").write_text(text)
    for load in (lambda: load_config(FacewiseConfig, tmp_path), lambda: load_strict(FacewiseForConditionalGeneration, tmp_path)):
        with pytest.raises(FacewiseError, match=rf"^[^\n]*config\.json: .*{words}[^\n]*$"):
            load()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_llm", "x", "base_llm"),
        ("base_llm", {"package": "p", "sha256": "0"}, "base_llm must hold package, file, sha256"),
        ("base_llm", {"package": "p", "file": "f", "sha256": 5}, "base_llm must hold"),
        ("calibration", "x", "calibration"),
        ("calibration", {"llm": 1.0}, "calibration must hold llm, head, bias, low, high"),
        ("max_faces", 0, "max_faces must be at least 1, got 0"),
        ("max_faces", -1, "max_faces must be at least 1, got -1"),
        ("text_config", {"model_type": "nothing"}, "nothing"),
    ],
)
def test_a_field_out_of_range_is_named(tmp_path, field, value, words):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "facewise", field: value}))
    with pytest.raises(FacewiseError, match=rf"^[^\n]*config\.json: [^\n]*{words}[^\n]*$"):
        load_config(FacewiseConfig, tmp_path)


@pytest.mark.parametrize("size", [0, 7, 1000])
def test_weights_that_were_cut_off_are_told_in_one_line(tmp_path, size):
    tiny_model().save_pretrained(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:size])
    with pytest.raises(FacewiseError, match=r"^[^\n]*no weights could be read \([^\n]*\)$"):
        load_strict(FacewiseForConditionalGeneration, tmp_path)
