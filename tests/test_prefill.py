"""A picture is prefilled once: the same logits and words as without, for batches of any mix, and nothing computed twice."""

import pytest
import torch
from test_modeling import IMAGE, left_padded, prompt, tiny_model

from facewise.model.engines.prefill import Prefill, next_positions


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def words_only() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[7, 9, 11, 8]])
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "face_features": torch.zeros(0, 16),
        "face_kinds": torch.zeros(0, dtype=torch.long),
    }


BATCH = [prompt(3, 0), prompt(5, 1), words_only(), prompt(1, 2)]


@torch.inference_mode()
def next_logits(model, begun) -> torch.Tensor:
    known = begun["past_key_values"].get_seq_length()
    asked = {**begun, "input_ids": begun["input_ids"][:, known:]}
    positions = next_positions(begun["attention_mask"], asked["input_ids"].shape[1])
    return model(**asked, position_ids=positions).logits[:, -1]


@torch.inference_mode()
def test_logits_after_a_remembered_beginning_are_those_of_the_whole_prompt(model):
    together = next_logits(model, Prefill(model).begun(left_padded(BATCH)))
    for row, alone in zip(together, BATCH, strict=True):
        torch.testing.assert_close(row, model(**alone).logits[0, -1], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_the_same_words_are_written(model):
    begun = Prefill(model).begun(left_padded(BATCH))
    options = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False}
    together = model.generate(**begun, **options)[:, begun["input_ids"].shape[1] :]
    for row, alone in zip(together, BATCH, strict=True):
        faces = {} if not len(alone["face_features"]) else {k: alone[k] for k in ("face_features", "face_kinds")}
        ids = {k: alone[k] for k in ("input_ids", "attention_mask")}
        assert torch.equal(row, model.generate(**ids, **faces, **options)[0, alone["input_ids"].shape[1] :])


@torch.inference_mode()
def test_a_second_question_about_a_picture_prefills_nothing(model):
    prefill, asked = Prefill(model), prompt(3, 0)
    other = {**asked, "input_ids": torch.cat([asked["input_ids"], torch.tensor([[4, 6]])], dim=1)}
    other["attention_mask"] = torch.ones_like(other["input_ids"])
    prefill.begun(asked)
    prefill.begun(other)
    assert prefill.prefilled == 1
    prefill.begun(prompt(3, 5))
    assert prefill.prefilled == 2


@torch.inference_mode()
def test_other_features_are_another_picture(model):
    prefill, asked = Prefill(model), prompt(3, 0)
    first = next_logits(model, prefill.begun(asked))
    second = next_logits(model, prefill.begun({**asked, "face_features": asked["face_features"] + 1}))
    assert prefill.prefilled == 2 and not torch.allclose(first, second)


@torch.inference_mode()
def test_only_the_last_pictures_are_remembered(model):
    prefill = Prefill(model, remembered=2)
    for seed in (0, 1, 2, 0):
        prefill.begun(prompt(3, seed))
    assert prefill.prefilled == 4 and len(prefill._memory) == 2


def test_a_prompt_without_a_picture_is_left_as_it_is(model):
    words = {k: v for k, v in words_only().items() if not k.startswith("face")}
    assert Prefill(model).begun(words) is words


def test_the_beginning_ends_with_the_last_face_token():
    from facewise.model.engines.prefill import _beginning

    assert _beginning(torch.tensor([1, IMAGE, 5, IMAGE, 9, 9]), IMAGE) == 4
    assert _beginning(torch.tensor([1, 2]), IMAGE) == 0
