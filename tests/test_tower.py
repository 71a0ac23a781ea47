"""A larger preset's own tower, as a tiny twin: its tokens land in their places, landmarks move them, and a folder of it is whole."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_processing import Eyes, tiny_encoder, tiny_tokenizer
from transformers import (
    AutoModelForImageTextToText,
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    DINOv3ViTConfig,
    Qwen3Config,
    Qwen3ForCausalLM,
    SiglipConfig,
    SiglipModel,
    SiglipVisionConfig,
)

from facewise.cli import main
from facewise.model.answer import schema
from facewise.model.assembly import assembled, base_folder, base_tokenizer, write_light
from facewise.model.checkpoint import load_checkpoint
from facewise.model.engines.hf import HfEngine
from facewise.model.engines.protocol import Request
from facewise.model.errors import FacewiseError
from facewise.model.export import export, prepared_whole
from facewise.model.network import register
from facewise.model.network.configuration import FaceEncoderConfig, FacewiseConfig
from facewise.model.network.loading import load_strict
from facewise.model.network.looks import LOOKED, TOWER_KIND, Look, enlarged, look_of, row_sizes, tower_inputs, with_tower
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.network.perceive import Perceiver
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN, longest
from facewise.model.network.tower import FaceTower
from facewise.model.perception.faces import find_faces
from facewise.model.perception.landmarks import mean_face
from facewise.model.perception.moments import moments_of, nobody
from facewise.model.perception.picture import Picture, read_picture
from facewise.model.perception.video import open_clip
from facewise.model.perception.views import FaceViews
from facewise.model.questions import prompt

TINY = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
SEEN = {"image_size": 64, "patch_size": 8}
TOWERS = {
    "siglip": SiglipVisionConfig(**TINY, **SEEN, vision_use_head=False),
    "clip": CLIPVisionConfig(**TINY, **SEEN),
    "dinov3": DINOv3ViTConfig(**TINY, **SEEN, num_register_tokens=2),
}
SIGLIP = TOWERS["siglip"]
ENCODER = 10 + 2 * 16
IMAGE, VOCABULARY = 258, 300


def text_config(**changes) -> Qwen3Config:
    sizes = {**TINY, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": VOCABULARY, "initializer_range": 0.3}
    return Qwen3Config(**sizes | {"bos_token_id": None, "eos_token_id": 257, "pad_token_id": 256} | changes)


def tiny_config(vision=SIGLIP, **changes) -> FacewiseConfig:
    encoder = FaceEncoderConfig(
        hidden_size=16, num_heads=2, num_layers=1, landmark_mean=mean_face().tolist(), landmark_std=[0.1] * 68
    )
    return FacewiseConfig(
        encoder_config=encoder,
        text_config=text_config(),
        projector_hidden=24,
        **{"vision_config": vision, "vision_tokens": 4, "image_token_id": IMAGE} | changes,
    )


def loud(model: FacewiseForConditionalGeneration) -> FacewiseForConditionalGeneration:
    """Fresh projectors whisper; the tests want to hear them."""
    torch.manual_seed(1)
    vision = model.vision
    parts = (model.projector.up, model.projector.down, vision.projector.up, vision.projector.down, vision.guidance.out)
    for part in parts:
        torch.nn.init.normal_(part.weight, std=0.4)
    return model


def tiny_model(**options) -> FacewiseForConditionalGeneration:
    torch.manual_seed(0)
    return loud(FacewiseForConditionalGeneration(tiny_config(**options)).eval())


def seen_face(seed: int, has_landmarks: bool = True, views: int = 1, size: int = 64) -> FaceViews:
    """A made-up face: noise, and a mean face a little changed, in the middle of the crop."""
    chance = np.random.default_rng(seed)
    images = chance.integers(0, 255, (views, size, size, 3)).astype(np.uint8)
    if not has_landmarks:
        return FaceViews(
            images,
            np.zeros((views, 68, 2), np.float32),
            np.zeros((68, 3), np.float32),
            np.zeros(3, np.float32),
            False,
            (0, 0, 1, 1),
        )
    shape = (mean_face() + 0.02 * chance.normal(size=(68, 3))).astype(np.float32)
    points = np.repeat((0.5 + 0.3 * shape[None, :, :2]).astype(np.float32), views, 0)
    return FaceViews(images, points, shape, chance.normal(0, 0.1, 3).astype(np.float32), True, (0, 0, 1, 1))


def asked(config: FacewiseConfig, *faces: FaceViews, seed: int = 0) -> dict[str, torch.Tensor]:
    """A row with the tokens of these faces, or of nobody, between its words."""
    look, chance = look_of(config), torch.Generator().manual_seed(seed)
    words = torch.randint(3, 200, (7,), generator=chance)
    own = [(torch.randn(ENCODER, 16, generator=chance), torch.arange(1, ENCODER + 1).clamp(max=12)) for _ in faces]
    tokens = [with_tower(features, kinds, look) for features, kinds in own]
    features = torch.cat([part for part, _ in tokens]) if faces else torch.zeros(1, 16)
    kinds = torch.cat([part for _, part in tokens]) if faces else torch.zeros(1, dtype=torch.long)
    ids = torch.cat([words[:3], torch.full((len(kinds),), IMAGE), words[3:]])[None]
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "face_features": features,
        "face_kinds": kinds,
        **tower_inputs(faces, look),
    }


def text_only(seed: int = 0) -> dict[str, torch.Tensor]:
    ids = torch.randint(3, 200, (1, 9), generator=torch.Generator().manual_seed(seed))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def together(rows: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Left-padded; faces flat over the batch."""
    longest_row = max(row["input_ids"].shape[1] for row in rows)
    words = ("input_ids", "attention_mask")
    padded = {
        name: torch.cat([torch.nn.functional.pad(row[name], (longest_row - row[name].shape[1], 0)) for row in rows])
        for name in words
    }
    names = [name for name in rows[0] if name not in words] or [name for name in rows[-1] if name not in words]
    return padded | {name: torch.cat([row[name] for row in rows if name in row]) for name in names}


def written(model, inputs, **options) -> torch.Tensor:
    ids = model.generate(**inputs, max_new_tokens=6, min_new_tokens=6, do_sample=False, **options)
    return ids[:, inputs["input_ids"].shape[1] :]


def last_logits(model, inputs) -> torch.Tensor:
    with torch.no_grad():
        return model(**inputs, logits_to_keep=1).logits


# The tower by itself


@pytest.mark.parametrize("vision", TOWERS.values(), ids=TOWERS)
def test_any_vision_model_gives_its_tokens_a_view(vision):
    model = tiny_model(vision=vision, vision_views=("rgb", "spoof"))
    faces = [seen_face(0, views=2), seen_face(1, False, views=2)]
    tokens = model.vision(**tower_inputs(faces, look_of(model.config)))
    assert tokens.shape == (2, 2 * 4, 32) and tokens.isfinite().all()


@pytest.mark.parametrize("vision", TOWERS.values(), ids=TOWERS)
def test_patches_are_the_towers_own_without_class_token_and_registers(vision):
    model = tiny_model(vision=vision)
    pixels = tower_inputs([seen_face(0)], look_of(model.config))["pixel_values"]
    whole = model.vision.tower(pixel_values=pixels[:, 0]).last_hidden_state
    patches = model.vision.patches(pixels)
    assert patches.shape == (1, 1, 64, 32) and torch.equal(patches[:, 0], whole[:, whole.shape[1] - 64 :])


def test_pixels_are_normalised_as_the_tower_was_trained():
    config = tiny_config(vision_mean=(0.1, 0.2, 0.3), vision_std=(0.5, 0.25, 0.2))
    face = seen_face(0)
    face.images[:] = 255
    pixels = tower_inputs([face], look_of(config))["pixel_values"]
    assert torch.allclose(pixels[0, 0, :, 0, 0], torch.tensor([0.9 / 0.5, 0.8 / 0.25, 0.7 / 0.2]))


def test_a_patch_that_holds_a_landmark_asks_its_own_region_on_a_grid_that_leaves_an_edge_out():
    """68 px and patches of 8: the tower sees 64 px, and a point at 60 px lies in the last patch."""
    vision = SiglipVisionConfig(**TINY, image_size=68, patch_size=8, vision_use_head=False)
    tower = FaceTower(tiny_config(vision=vision))
    assert tower.grid == 8 and tower.covered == 64 / 68
    face = seen_face(0, size=68)
    face.points[:] = 0.05
    face.points[0, 36:42] = 60 / 68  # the right eye, and one canthus: the distance of the eyes is that of the corners
    seen = []
    tower.guidance.register_forward_hook(lambda _, args, __: seen.append(args[2]))
    tower(**tower_inputs([face], look_of(tiny_config(vision=vision))))
    eye = seen[0][0, 0, :, 5].unflatten(0, (8, 8))
    assert divmod(int(eye.argmax()), 8) == (7, 7)


def test_guidance_is_on_and_a_face_without_landmarks_stays_as_the_tower_saw_it():
    model, look = tiny_model(), look_of(tiny_config())
    inputs = tower_inputs([seen_face(0), seen_face(0, False)], look)
    patches = model.vision.patches(inputs["pixel_values"])
    guided = model.vision.guided(patches, **{name: inputs[name] for name in LOOKED[1:]})
    assert not torch.allclose(guided[0], patches[0], atol=1e-2) and torch.allclose(guided[1], patches[1], atol=1e-6)


def test_landmarks_survive_a_trip_in_bfloat16():
    """vLLM casts all floats: the deviation of a point is then off by a share of itself, not of the face."""
    config = tiny_config()
    inputs = tower_inputs([seen_face(0)], look_of(config))
    off = (inputs["deviation"].bfloat16().float() - inputs["deviation"]).abs().max()
    assert off < 3e-4 and inputs["deviation"].abs().max() < 0.2


# In the model


def test_the_towers_tokens_fill_their_places_behind_the_encoders():
    model = tiny_model()
    inputs = asked(model.config, seen_face(0), seen_face(1, False))
    embeds = model.embed(**{name: value for name, value in inputs.items() if name != "attention_mask"})[0, 3:-4]
    is_tower = inputs["face_kinds"] >= TOWER_KIND
    own = model.projector(inputs["face_features"], inputs["face_kinds"].masked_fill(is_tower, 0))
    tower = model.vision(**{name: inputs[name] for name in LOOKED})
    block = ENCODER + 4
    for face in range(2):
        start = face * block
        assert torch.equal(embeds[start : start + ENCODER], own[start : start + ENCODER])
        assert torch.allclose(embeds[start + ENCODER : start + block], tower[face], atol=1e-5)


def test_tokens_without_what_the_tower_sees_are_refused_with_both_numbers():
    model = tiny_model()
    inputs = {name: value for name, value in asked(model.config, seen_face(0)).items() if name not in LOOKED}
    with pytest.raises(ValueError, match="4 tokens of a tower in the text, 0 from the faces"):
        model(**inputs)


@pytest.mark.parametrize("part", ["points", "deviation", "pixel_values"])
def test_what_the_tower_sees_changes_the_logits(part):
    model = tiny_model()
    inputs = asked(model.config, seen_face(0))
    moved = inputs[part].clone()
    if part == "pixel_values":
        moved = -moved
    else:
        moved[..., 48:68, 1] += 0.1  # the mouth moves down
    assert not torch.allclose(last_logits(model, inputs), last_logits(model, inputs | {part: moved}), atol=1e-3)


def test_the_points_of_a_face_without_landmarks_may_hold_anything():
    model = tiny_model()
    inputs = asked(model.config, seen_face(0, False))
    other = inputs | {"points": torch.full_like(inputs["points"], torch.nan), "deviation": inputs["deviation"] + 9}
    assert torch.equal(last_logits(model, inputs), last_logits(model, other))


def test_a_batch_answers_as_its_rows_do_alone():
    """One face, two of which one lacks landmarks, nobody, and words alone."""
    model = tiny_model()
    config = model.config
    rows = [
        asked(config, seen_face(0), seed=1),
        asked(config, seen_face(1, False), seen_face(2), seed=2),
        asked(config, seed=3),
        text_only(4),
    ]
    for row, alone in zip(written(model, together(rows)), rows, strict=True):
        assert torch.equal(row, written(model, alone)[0])


def test_several_answers_to_a_prompt_each_see_their_own_faces():
    model = tiny_model()
    rows = [
        asked(model.config, seen_face(0), seed=1),
        asked(model.config, seed=2),
        asked(model.config, seen_face(1), seen_face(2), seed=3),
    ]
    beams = written(model, together(rows), num_beams=2, num_return_sequences=2)
    for row, alone in enumerate(rows):
        assert torch.equal(beams[2 * row : 2 * row + 2], written(model, alone, num_beams=2, num_return_sequences=2))


def test_entries_are_counted_by_row():
    config = tiny_config()
    rows = [asked(config, seen_face(0)), asked(config), asked(config, seen_face(1), seen_face(2))]
    faces = {name: value for name, value in together(rows).items() if name not in ("input_ids", "attention_mask")}
    counts = [46, 1, 92]
    sizes = row_sizes(faces, counts, config.vision_tokens)
    assert sizes["face_kinds"] == counts and all(sizes[name] == [1, 0, 2] for name in LOOKED)


def test_gradient_checkpointing_gives_the_same_gradients_in_the_tower_too():
    gradients = []
    for checkpointed in (False, True):
        model = tiny_model().train()
        inputs = asked(model.config, seen_face(0))
        if checkpointed:
            model.gradient_checkpointing_enable()
            assert model.vision.tower.is_gradient_checkpointing
        model(**inputs, labels=inputs["input_ids"].clamp(max=250)).loss.backward()
        tower = dict(model.vision.tower.named_parameters())
        gradients.append([tower["embeddings.patch_embedding.weight"].grad, model.vision.guidance.query.weight.grad])
    for plain, checkpointed in zip(*gradients, strict=True):
        assert plain.abs().max() > 0 and torch.allclose(plain, checkpointed, atol=1e-6)


def test_the_groups_hold_every_parameter_once():
    model = tiny_model()
    groups = model.parameter_groups()
    assert list(groups) == ["tower", "guidance", "projector", "language model"]
    found = [id(value) for values in groups.values() for value in values]
    assert sorted(found) == sorted(id(value) for value in model.parameters())


def test_a_frozen_group_takes_no_gradient_and_stays_in_evaluation_mode():
    model = tiny_model()
    inputs = asked(model.config, seen_face(0))
    model.freeze("tower", "language model")
    model.train()
    assert not model.vision.tower.training and not model.language_model.training and model.vision.guidance.training
    model(**inputs, labels=inputs["input_ids"].clamp(max=250)).loss.backward()
    for name, values in model.parameter_groups().items():
        assert any(value.grad is not None for value in values) == (name in ("guidance", "projector")), name
    model.freeze("language model")
    assert model.vision.tower.training and all(value.requires_grad for value in model.vision.tower.parameters())
    with pytest.raises(
        FacewiseError, match="no part of the model is named eyes; there are tower, guidance, projector, language model"
    ):
        model.freeze("eyes")


def test_the_small_preset_has_no_tower_and_names_its_two_groups():
    config = FacewiseConfig(encoder_config=FaceEncoderConfig(hidden_size=16, num_heads=2), text_config=text_config())
    model = FacewiseForConditionalGeneration(config)
    assert model.vision is None and list(model.groups) == ["projector", "language model"] and look_of(config) is None
    assert not [name for name in model.state_dict() if name.startswith("vision.")]


@pytest.mark.parametrize("vision", TOWERS.values(), ids=TOWERS)
def test_a_folder_brings_back_the_same_model_under_the_same_names(vision, tmp_path):
    """vLLM reads the file's own names, so transformers may rename nothing in it."""
    model = tiny_model(vision=vision)
    inputs = asked(model.config, seen_face(0))
    model.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    assert stored.keys() == model.state_dict().keys()
    again = load_strict(FacewiseForConditionalGeneration, tmp_path)
    assert all(torch.equal(value, stored[name]) for name, value in again.state_dict().items())
    assert torch.allclose(last_logits(again, inputs), last_logits(model, inputs), atol=1e-4)
    del stored["vision.guidance.gate"]
    save_file(stored, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(FacewiseError, match=r"missing: vision\.guidance\.gate"):
        load_strict(FacewiseForConditionalGeneration, tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vision_views": ("rgb", "thermal")}, "vision_views must be of rgb, spoof"),
        ({"vision_views": ()}, "vision_views must be of"),
        ({"vision_tokens": 5}, "a square of at most 64, got 5"),
        ({"vision_tokens": 16, "vision_views": ("rgb", "spoof")}, "74 visual tokens, 60 at most"),
        ({"vision_mean": (0.5,)}, "three numbers"),
        ({"vision": {"model_type": "no-such-tower"}}, "no model_type 'no-such-tower'"),
        ({"vision": {"model_type": "siglip2_vision_model"}}, "siglip2_vision_model has no image_size"),
        ({"base_tower": {"model": "x"}}, "base_tower must hold model, revision"),
        ({"base_llm": {"model": "x", "sha256": "0"}}, "base_llm must hold model, revision"),
    ],
)
def test_a_tower_that_cannot_be_is_refused(changes, words):
    with pytest.raises(Exception, match=words):
        tiny_config(**changes)


# In the processor


@pytest.fixture(scope="module")
def processor() -> FacewiseProcessor:
    config = tiny_config(vision_tokens=16)
    perceiver = Perceiver(tiny_encoder(), max_faces=3)
    return FacewiseProcessor(tiny_tokenizer(), perceiver, look=look_of(config))


@pytest.fixture(scope="module")
def pictures(examples) -> dict[str, Picture]:
    live, printed = (read_picture(examples / name).pixels for name in ("invented-face.jpg", "printed-face.jpg"))
    height = min(len(live), len(printed))
    return {
        "one": Picture(live),
        "two": Picture(np.ascontiguousarray(np.hstack([live[:height], printed[:height]]))),
        "nobody": Picture(np.full((120, 160, 3), 90, np.uint8)),
    }


def real_prompt(processor, *pictures: Picture):
    texts = [processor.render(prompt("Real?", 0)) for _ in pictures]
    return processor(images=list(pictures), text=texts, padding=True)


def test_a_face_brings_its_crop_its_points_and_as_many_tokens_more(processor, pictures):
    inputs = real_prompt(processor, *pictures.values())
    faces = len(inputs["pixel_values"])
    assert faces >= 2 and inputs["pixel_values"].shape == (faces, 1, 3, 64, 64) and inputs["has_landmarks"].all()
    assert inputs["points"].min() > -0.2 and inputs["points"].max() < 1.2 and inputs["deviation"].abs().mean() < 0.5
    assert (inputs["face_kinds"] == TOWER_KIND).sum() == 16 * faces
    assert (inputs["input_ids"] == processor.image_token_id).sum() == faces * (ENCODER + 16) + 1
    assert set(LOOKED) <= set(processor.model_input_names)


def test_a_face_costs_at_most_110_tokens_with_a_tower_too(pictures):
    embedded = load_checkpoint()
    look = look_of(tiny_config(vision_tokens=16))
    processor = FacewiseProcessor(embedded.processor.tokenizer, embedded.perceiver, look=look)
    text = processor.render([{"role": "user", "content": [{"type": "image"}]}])
    empty = len(processor.tokenizer.encode(text))
    assert processor(images=[pictures["one"]], text=text)["input_ids"].shape[1] - empty <= 110


def test_nobody_has_no_crop(processor, pictures):
    inputs = real_prompt(processor, pictures["nobody"])
    assert inputs["pixel_values"].shape == (0, 1, 3, 64, 64) and inputs["points"].shape == (0, 1, 68, 2)
    assert inputs["face_kinds"].tolist() == [0]


def test_a_picture_is_cut_once(processor, pictures, monkeypatch):
    real_prompt(processor, pictures["one"])
    monkeypatch.setattr("facewise.model.network.processing.face_views", None)
    real_prompt(processor, pictures["one"], pictures["one"])


def test_given_landmarks_are_looked_at_and_remembered_by_nobody(processor, pictures):
    points = 40 * mean_face()[:, :2] + 60
    moved = points.copy()
    moved[48:, 1] -= 4
    text = processor.render(prompt("Real?", 0))
    one, other = (processor(images=[pictures["one"]], text=text, landmarks=given)["deviation"] for given in (points, moved))
    assert not torch.allclose(one, other)


def test_a_clip_shows_the_tower_each_moment_that_is_told(processor, examples):
    clip = open_clip(examples / "invented-clip.mp4")
    moments = moments_of(clip, processor.perceiver.max_faces).light()
    text = processor.render([{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "What moved?"}]}])
    inputs = processor(videos=[moments], text=text)
    blocks = processor.tokenizer.decode(inputs["input_ids"][0]).count("movement") + 1
    assert blocks > 1 and len(inputs["pixel_values"]) == blocks == (inputs["face_kinds"] == TOWER_KIND).sum() / 16
    assert inputs["has_landmarks"].all() and inputs["points"].max() < 1.5
    assert len(processor(videos=[nobody()], text=text)["pixel_values"]) == 0


def test_the_encoders_view_is_enlarged_for_the_tower_by_name():
    look = Look(("spoof",), 64, 16, (0.5,) * 3, (0.5,) * 3, np.zeros((68, 3)))
    face = seen_face(0, views=2, size=32)
    found = enlarged(face, ["rgb", "spoof"], look)
    assert found.images.shape == (1, 64, 64, 3) and abs(found.images.mean() - face.images[1].mean()) < 1
    assert np.array_equal(found.points, face.points[1:])


def test_without_a_text_what_the_tower_sees_comes_apart(processor, pictures):
    """As vLLM asks."""
    apart = processor(images=[pictures["two"], pictures["nobody"], pictures["one"]])
    whole = real_prompt(processor, pictures["two"], pictures["nobody"], pictures["one"])
    assert apart["image_faces"][1] == 0 and apart["image_faces"].sum() == len(whole["pixel_values"])
    assert all(torch.equal(apart[f"image_{name}"], whole[name]) for name in LOOKED)
    assert apart["image_counts"].tolist() == [int(faces) * (ENCODER + 16) or 1 for faces in apart["image_faces"]]


def test_a_servers_crowd_is_seen_whole_and_counted(processor):
    apart = processor(images=[processor.perceiver.crowd()])
    assert apart["image_faces"].tolist() == [3] and not apart["image_has_landmarks"].any()
    assert longest(processor.perceiver, processor.look)["image"] > 3 * (ENCODER + 16)
    assert longest(processor.perceiver)["image"] < longest(processor.perceiver, processor.look)["image"]


def test_a_batch_of_the_engine_is_prefilled_with_its_faces(processor, pictures):
    config = tiny_config(vision_tokens=16, image_token_id=processor.image_token_id)
    model = loud(FacewiseForConditionalGeneration(config).eval())
    engine = HfEngine(model, processor)
    requests = [Request(prompt("Real?", 0), (picture,), max_tokens=4) for picture in (*pictures.values(), pictures["one"])]
    requests.append(Request([{"role": "user", "content": "Hello"}], (), max_tokens=4))
    together_ = [done.text for done in engine.complete(requests)]
    assert engine.prefill.prefilled == 3
    alone = [HfEngine(model, processor).complete([request])[0].text for request in requests]
    assert together_ == alone


# Folders


def bases(folder: Path, knows_pictures: bool = False) -> tuple[Path, Path]:
    """A language model and a two-sided vision model, as a hub has them."""
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    llm, tower = folder / "llm", folder / "tower"
    if not knows_pictures:  # a tokenizer that has never heard of pictures
        keep = {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
        state = json.loads(tokenizer.backend_tokenizer.to_str())
        state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] not in (IMAGE_TOKEN, VIDEO_TOKEN)]
        tokenizer = type(tokenizer)(
            tokenizer_object=tokenizer.backend_tokenizer.from_str(json.dumps(state)), pad_token="<pad>", eos_token="<|im_end|>"
        )
        tokenizer.add_special_tokens(keep)
    tokenizer.save_pretrained(llm)
    Qwen3ForCausalLM(text_config(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)).save_pretrained(llm)
    text = {**TINY, "vocab_size": 99}
    SiglipModel(SiglipConfig(text_config=text, vision_config=SIGLIP.to_dict())).save_pretrained(tower)
    (tower / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.4, 0.5, 0.6], "image_std": [0.5, 0.5, 0.5]}))
    return llm, tower


@pytest.fixture(scope="module")
def light(tmp_path_factory) -> Path:
    register()
    folder = tmp_path_factory.mktemp("bases")
    llm, tower = bases(folder)
    model, processor = assembled(str(llm), str(tower), tiny_encoder())
    loud(model)
    write_light(model, processor, folder / "light")
    return folder / "light"


def test_bases_make_a_model_with_tokens_for_pictures_and_settings_of_the_tower(light):
    checkpoint = load_checkpoint(str(light))
    config, processor = checkpoint.config, checkpoint.processor
    assert config.image_token_id == processor.image_token_id == processor.tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    assert processor.tokenizer.encode(f"a{VIDEO_TOKEN}", add_special_tokens=False)[1:] == [processor.video_token_id]
    assert config.vision_mean == [0.4, 0.5, 0.6] and processor.look.mean == (0.4, 0.5, 0.6)
    assert config.verdict_ids == [processor.tokenizer.encode(word, add_special_tokens=False)[0] for word in ("Live", "Spoof")]
    own = load_file(light / "model.safetensors")
    assert not [name for name in own if name.startswith(("language_model.", "vision.tower."))]


def test_the_weights_are_the_bases_own(light):
    model = load_checkpoint(str(light)).model("float32")
    language = load_file(light.parent / "llm" / "model.safetensors")
    tower = load_file(light.parent / "tower" / "model.safetensors")
    assert torch.equal(model.get_input_embeddings().weight, language["model.embed_tokens.weight"])
    (key,) = [name for name in tower if name.endswith("patch_embedding.weight")]
    assert torch.equal(model.vision.tower.embeddings.patch_embedding.weight, tower[key])


def test_the_light_folder_becomes_a_whole_one_that_says_the_same(light, tmp_path, pictures):
    checkpoint = load_checkpoint(str(light))
    whole = load_checkpoint(str(export(checkpoint, tmp_path / "whole")))
    assert whole.config.base_llm is None and whole.config.base_tower is None and prepared_whole(whole) == whole.folder
    asked_ = [Request(prompt("Real?", 0), (picture,), max_tokens=6) for picture in pictures.values()]
    here, there = (one.engine("hf").complete(asked_) for one in (checkpoint, whole))
    assert [done.text for done in here] == [done.text for done in there]
    told = "".join(path.read_text() for path in whole.folder.rglob("*.json") if path.name != "tokenizer.json")
    assert str(light.parent) not in told
    assert AutoModelForImageTextToText.from_pretrained(whole.folder).vision is not None
    loaded = FacewiseProcessor.from_pretrained(whole.folder)
    assert loaded.look.views == ("rgb",) and loaded.look.image_size == 64


def test_the_command_answers_with_a_folder_of_it(light, tmp_path, examples, capsys):
    """Random weights: the words are nonsense, the object is whole."""
    whole = export(load_checkpoint(str(light)), tmp_path / "whole")
    assert main(["ask", str(examples / "invented-face.jpg"), "--model", str(whole), "--json", "--task", "describe"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["faces"]) == 1 and answer["model"] == "whole"


def test_a_base_that_does_not_fit_is_told_in_one_line(light, tmp_path, monkeypatch):
    llm, tower = light.parent / "llm", light.parent / "tower"

    def refused(*_, **__):
        raise OSError("no such repository\nand much more")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refused)
    for model, other, words in (
        (
            "nobody/nothing",
            str(tower),
            r"nobody/nothing: neither a folder nor a model that can be fetched \(no such repository\)",
        ),
        (str(tower), str(tower), "no tokenizer could be read|the tokenizer has no"),
        (str(llm), str(llm), "no vision tower with its picture settings"),
    ):
        with pytest.raises(FacewiseError, match=rf"^[^\n]*({words})[^\n]*$"):
            assembled(model, other, tiny_encoder())
    with pytest.raises(FacewiseError, match="74 visual tokens"):
        assembled(str(llm), str(tower), tiny_encoder(), views=("rgb", "spoof"))


def test_a_hub_id_is_kept_with_the_commit_that_was_read(light, tmp_path, monkeypatch):
    fetched = {"a/llm": tmp_path / "0123abc", "a/tower": tmp_path / "4567def"}
    for name, kind in (("a/llm", "llm"), ("a/tower", "tower")):
        fetched[name].symlink_to(light.parent / kind)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda model, revision, allow_patterns: str(fetched[model]))
    model, _ = assembled("a/llm", "a/tower", tiny_encoder())
    assert model.config.base_llm == {"model": "a/llm", "revision": "0123abc"}
    assert model.config.base_tower == {"model": "a/tower", "revision": "4567def"}
    assert base_folder("a/llm", "0123abc") == fetched["a/llm"]


def test_a_tokenizer_that_knows_pictures_is_left_as_it_is(tmp_path):
    llm, _ = bases(tmp_path, knows_pictures=True)
    before = tiny_tokenizer()
    after = base_tokenizer(llm)
    assert len(after) == len(before) and after.get_vocab() == before.get_vocab()


def test_eyes_of_other_tests_need_no_look():
    """The small preset's processor is called as before."""
    processor = FacewiseProcessor(tiny_tokenizer(), Eyes(tiny_encoder()))
    assert processor.look is None and processor.model_input_names[-1] == "face_kinds"


def test_a_clip_tower_of_a_whole_clip_model_is_read(tmp_path):
    from facewise.model.assembly import base_tower

    torch.manual_seed(0)
    both = CLIPModel(CLIPConfig(text_config={**TINY, "vocab_size": 99}, vision_config=TOWERS["clip"].to_dict()))
    both.save_pretrained(tmp_path)
    tower = base_tower(tmp_path, TOWERS["clip"])
    assert torch.equal(tower.embeddings.patch_embedding.weight, both.vision_model.embeddings.patch_embedding.weight)
    with pytest.raises(FacewiseError, match="of another shape"):
        base_tower(tmp_path, CLIPVisionConfig(**TINY | {"hidden_size": 64}, **SEEN))


def test_the_object_keeps_the_contract(light, examples):
    from facewise.model.assistant import load

    reply = load(str(light)).ask(examples / "printed-face.jpg", task="spoof")
    jsonschema.validate(json.loads(json.dumps(reply.to_dict())), schema())


# In vLLM


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_vllm_says_what_transformers_says_and_looks_at_the_same_points(pictures, examples, tmp_path):
    """One face, several, nobody, two pictures, a clip, words alone; random weights, so that every token counts."""
    pytest.importorskip("vllm")
    from test_vllm import Case, by_transformers, by_vllm

    from facewise.model.engines.vllm import VllmEngine

    register()
    embedded = load_checkpoint()
    torch.manual_seed(0)
    config = FacewiseConfig(
        encoder_config=embedded.config.encoder_config,
        text_config=text_config(vocab_size=49152, hidden_size=64, head_dim=32, bos_token_id=1, eos_token_id=2, pad_token_id=2),
        vision_config=SIGLIP,
        image_token_id=embedded.config.image_token_id,
    )
    model = loud(FacewiseForConditionalGeneration(config).eval())
    processor = FacewiseProcessor(embedded.processor.tokenizer, embedded.perceiver, look=look_of(config))
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    turn = lambda *kinds: [{"role": "user", "content": [*({"type": kind} for kind in kinds), {"type": "text", "text": "Well?"}]}]  # noqa: E731
    one, two, none = pictures.values()
    cases = [
        Case(prompt(question, 0), (picture,)) for question in ("Real?", "Which muscles move?") for picture in (one, two, none)
    ]
    cases += [Case(turn("image", "image"), (two, none)), Case(turn("image", "image"), (none, one)), Case(turn())]
    cases.append(Case(turn("video"), (), (open_clip(examples / "invented-clip.mp4"),)))
    here = by_transformers(HfEngine(model, processor), cases)
    engine = VllmEngine(tmp_path, embedded.perceiver, dtype="float32")
    assert by_vllm(engine, cases) == here and len({tuple(said) for _, said in here}) > 6
    assert moved_logprob(engine, one) > 0.01


def moved_logprob(engine, picture: Picture) -> float:
    """By how much a moved mouth moves the log-probability of a token inside vLLM; the same points must move nothing."""
    from vllm import SamplingParams

    ids = engine.processor.tokenizer.encode(engine.processor.render(prompt("Real?", 0)), add_special_tokens=False)
    points = find_faces(picture.pixels)[0].ibug68[:, :2]
    moved = points.copy()
    moved[48:, 1] -= 6
    sampling, seen = SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=[100]), []
    for landmarks in (points, moved, points):
        asked_ = {"prompt_token_ids": ids, "multi_modal_data": {"image": [picture]}}
        asked_["mm_processor_kwargs"] = {"landmarks": landmarks.tolist()}
        seen.append(engine.llm.generate([asked_], sampling, use_tqdm=False)[0].outputs[0].logprobs[0][100].logprob)
    assert abs(seen[0] - seen[2]) < 1e-3
    return abs(seen[0] - seen[1])
