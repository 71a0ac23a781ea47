"""The loss of answers: what a token counts, mixed batches equal to their rows, a step of several batches equal to the large one, masked tokens."""

import json
import math

import pytest
import torch
from test_processing import IMAGE_TOKEN, VIDEO_TOKEN, tiny_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from facewise.finetune.language.adapters import check_targets, with_lora
from facewise.finetune.language.answer_loss import WithLoss, counted
from facewise.finetune.language.answer_trainer import answer_arguments, fit_answers
from facewise.finetune.language.projector_start import head_words, hidden_means, start_projector, word_embedding
from facewise.finetune.language.stages import spare_memory
from facewise.finetune.language.token_masking import kept_attention, question_mask
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.lessons.lesson import Lesson, Showing
from facewise.finetune.lessons.sampler import LessonSampler
from facewise.finetune.recipe import Recipe
from facewise.model.errors import FacewiseError
from facewise.model.network.configuration import FaceEncoderConfig, FacewiseConfig
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.network.shown import Shown

TOKENIZER = tiny_tokenizer()
IMAGE, VIDEO = TOKENIZER.convert_tokens_to_ids([IMAGE_TOKEN, VIDEO_TOKEN])
KINDS = torch.tensor([*range(1, 11), *[11] * 16, *[12] * 16])


def tiny_model() -> FacewiseForConditionalGeneration:
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    language = LlamaForCausalLM(LlamaConfig(vocab_size=300, **shape, tie_word_embeddings=True, initializer_range=0.3))
    config = FacewiseConfig(
        encoder_config=FaceEncoderConfig(hidden_size=16, num_heads=2, num_layers=1),
        text_config=language.config,
        image_token_id=IMAGE,
        projector_hidden=64,
    )
    model = FacewiseForConditionalGeneration.from_base(config, language)
    torch.nn.init.normal_(model.projector.down.weight, std=0.3)  # a fresh one whispers
    return model.eval()


class Drawn:
    """Face tokens by key: a face, a face without landmarks as its own kind of noise, a clip of three faces, nobody."""

    def shown(self, key: str) -> Shown:
        count = {"face": 1, "other": 1, "clip": 3, "nobody": 0}[key]
        kinds = KINDS.repeat(count) if count else torch.zeros(1, dtype=torch.long)
        chance = torch.Generator().manual_seed(len(key))
        return Shown("", torch.randn(len(kinds), 16, generator=chance) * (count > 0), kinds)


def lesson(key: str | None, seed: int, prompt: int = 6, answer: int = 4) -> Lesson:
    chance = torch.Generator().manual_seed(seed)
    showings = () if key is None else (Showing(Drawn(), key),)
    places = sum(len(showing.shown().kinds) for showing in showings)
    words = torch.randint(3, 250, (prompt + answer,), generator=chance)
    ids = torch.cat([torch.full((places,), IMAGE), words]).int()
    counts = torch.cat([torch.zeros(places + prompt), torch.full((answer,), 1 / answer)])
    return Lesson(f"{key}{seed}", ids, counts, showings, subject=str(seed))


MIXED = [lesson("face", 1), lesson(None, 2, 9, 7), lesson("clip", 3, 2, 2), lesson("nobody", 4), lesson("other", 5, 11, 3)]


def loss(model: WithLoss, lessons: list[Lesson]) -> torch.Tensor:
    return model(**Lessons(lessons, pad_id=0).collate(lessons))["loss"]


def test_a_token_counts_what_the_lesson_says():
    logits = torch.zeros(1, 3, 7)
    logits[0, 0, 1] = 3.0
    found = counted(logits, torch.tensor([[1, 2, 3]]), torch.tensor([[0.7, 0.3, 0.0]]))
    first = -torch.log_softmax(logits[0, 0], 0)[1].item()
    assert found.item() == pytest.approx(0.7 * first + 0.3 * math.log(7), rel=1e-5)


def test_what_a_batch_mixes_counts_as_each_row_alone():
    """Image, clip, text alone, nobody, in one batch and one by one."""
    model = WithLoss(tiny_model())
    with torch.no_grad():
        together, alone = loss(model, MIXED), sum(loss(model, [one]) for one in MIXED)
    assert together.item() == pytest.approx(alone.item(), rel=1e-5)


def test_a_batch_of_texts_alone_leaves_no_part_waiting():
    model = WithLoss(tiny_model())
    loss(model, [MIXED[1]]).backward()
    assert all(value.grad is not None and not value.grad.any() for value in model.model.projector.parameters())


def trained(tmp_path, name: str, batch: int, accumulate: int, **more) -> dict[str, torch.Tensor]:
    """Projector weights after an epoch of plain gradient descent."""
    model = tiny_model()
    model.freeze("language model")
    recipe = Recipe(pack_rows=1, language_batch=batch, accumulate=accumulate, precision="float32", **more)
    arguments = answer_arguments(recipe, tmp_path / name, 1, 1e-2)
    arguments.logging_steps, arguments.max_grad_norm, arguments.optim, arguments.warmup_steps = 1, 0.0, "sgd", 0
    learner = WithLoss(model, recipe.pvtm_keep, recipe.pvtm_drop, packing=recipe.packing)
    fit_answers(learner, Lessons(MIXED, 0), LessonSampler(MIXED), arguments, "rate")
    return {name: value.detach().clone() for name, value in model.projector.named_parameters()}


def test_a_step_of_several_batches_is_the_step_of_the_large_one(tmp_path):
    """Batches of 2, 2 and 1 rows of unequal length: their mean is over rows, and plain gradient descent shows the gradient itself."""
    large = trained(tmp_path, "large", 5, 1)
    small = trained(tmp_path, "small", 2, 3)
    start = dict(tiny_model().projector.named_parameters())
    for name, value in large.items():
        assert (value - start[name]).abs().max() > 1e-6
        assert torch.allclose(value - start[name], small[name] - start[name], rtol=1e-4, atol=1e-7), name
    told = [json.loads(file.read_text())["log_history"][0]["loss"] for file in tmp_path.glob("*/checkpoint-1/trainer_state.json")]
    assert len(told) == 2 and float(told[0]) == pytest.approx(float(told[1]), rel=1e-5)


def test_the_same_seed_trains_the_same_bits(tmp_path):
    one = trained(tmp_path, "one", 2, 1, pvtm_drop=0.5, pvtm_keep=0.2)
    two = trained(tmp_path, "two", 2, 1, pvtm_drop=0.5, pvtm_keep=0.2)
    other = trained(tmp_path, "other", 2, 1, pvtm_drop=0.5, pvtm_keep=0.2, seed=1)
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert not all(torch.equal(value, other[name]) for name, value in one.items())


def test_gradient_checkpointing_changes_no_gradient():
    grads = []
    for is_sparing in (False, True):
        model = tiny_model().train()
        if is_sparing:
            spare_memory(model)
        loss(WithLoss(model), MIXED).backward()
        grads.append([value.grad for value in model.parameters() if value.grad is not None])
    assert model.language_model.is_gradient_checkpointing
    assert all(torch.allclose(one, two, atol=1e-7) for one, two in zip(*grads, strict=True))


# PVTM


def test_the_question_is_what_stands_between_the_last_face_and_the_answer():
    is_face = torch.tensor([[0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]]).bool()
    counts = torch.tensor([[0, 0, 0, 0, 0, 0.5, 0.5], [0, 0, 0, 1.0, 0, 0, 0]])
    attention = torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    assert question_mask(is_face, counts, attention).tolist() == [
        [False, False, False, True, True, False, False],
        [True, True, True, False, False, False, False],
    ]


def test_the_tokens_that_are_most_like_the_question_stay():
    embeds = torch.tensor([[[1.0, 0], [0, 1], [0.9, 0.1], [-1, 0], [1, 0]]])
    is_face = torch.tensor([[True, True, True, True, False]])
    question = torch.tensor([[False, False, False, False, True]])
    kept = kept_attention(embeds, is_face, question, torch.ones(1, 5, dtype=torch.long), keep=0.5, drop=1.0)
    assert kept.tolist() == [[1, 0, 1, 0, 1]]
    assert kept_attention(embeds, is_face, question, torch.ones(1, 5, dtype=torch.long), 0.5, 0.0).all()
    assert kept_attention(embeds, is_face, question, torch.ones(1, 5, dtype=torch.long), 1.0, 1.0).all()


def test_the_others_are_lost_as_often_as_asked():
    torch.manual_seed(0)
    embeds, is_face = torch.randn(1, 4001, 4), torch.arange(4001)[None] < 4000
    kept = kept_attention(embeds, is_face, ~is_face, torch.ones(1, 4001, dtype=torch.long), keep=0.25, drop=0.3)
    assert 4001 - kept.sum().item() == pytest.approx(3000 * 0.3, rel=0.1)


def test_a_lost_token_moves_no_answer_and_nothing_is_lost_when_it_is_asked():
    model = WithLoss(tiny_model(), pvtm_keep=0.0, pvtm_drop=1.0).eval()
    with torch.no_grad():
        asked, plain = loss(model, MIXED), loss(WithLoss(tiny_model()), MIXED)
        model.train()
        blind, blind_too = loss(model, [MIXED[0]]), loss(model, [lesson_with_other_tokens()])
    assert torch.equal(asked, plain)
    assert blind.item() == pytest.approx(blind_too.item(), rel=1e-5)


def lesson_with_other_tokens() -> Lesson:
    first = MIXED[0]
    return Lesson("x", first.ids, first.counts, (Showing(Drawn(), "other"),))


# Where the projector starts


def cosines(model: FacewiseForConditionalGeneration, batches: list[dict]) -> dict[int, float]:
    views = model.config.encoder_config.views
    hidden = hidden_means(model, batches)
    wanted = {kind: word_embedding(model, TOKENIZER, words) for kind, words in head_words(views).items()}
    return {
        kind: torch.cosine_similarity(model.projector.down(mean), wanted[kind], dim=0).item() for kind, mean in hidden.items()
    }


@torch.no_grad()
def test_each_kind_of_token_starts_as_what_the_language_model_calls_it():
    model, batches = tiny_model(), [Lessons(MIXED, 0).collate([one]) for one in MIXED]
    tokens = model.projector(batches[0]["face_features"], batches[0]["face_kinds"])
    before = cosines(model, batches)
    start_projector(model, TOKENIZER, batches)
    after = cosines(model, batches)
    assert set(after) == set(range(1, 13)) and max(before.values()) < 0.9
    assert min(after.values()) > 0.999 and sum(after.values()) > sum(before.values()) + 3
    assert torch.equal(model.projector.no_face, word_embedding(model, TOKENIZER, " no face"))
    now = model.projector(batches[0]["face_features"], batches[0]["face_kinds"])
    assert now[10:26].std(0).mean() > 0.3 * tokens[10:26].std(0).mean()  # tokens of a kind stay apart


# LoRA


def test_a_lora_target_that_does_not_exist_is_told_with_those_that_do():
    language = tiny_model().language_model
    check_targets(language, ("q_proj", "down_proj"))
    with pytest.raises(FacewiseError, match=r"lora_targets holds 'query', .* it has down_proj, gate_proj, .*q_proj"):
        check_targets(language, ("query",))
    with pytest.raises(FacewiseError, match="lora_targets is empty"):
        check_targets(language, ())


def test_a_lora_has_the_rank_strength_and_dropout_of_the_recipe():
    for recipe, alpha in ((Recipe(lora_rank=4), 8), (Recipe(lora_rank=4, lora_alpha=4, lora_dropout=0.1), 4)):
        config = with_lora(tiny_model().language_model, recipe).peft_config["default"]
        assert (config.r, config.lora_alpha, config.lora_dropout) == (4, alpha, recipe.lora_dropout)
