"""One verdict however it is asked for: the symmetric KL by hand, its gradient, and whose rows have a twin."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_processing import tiny_tokenizer
from tiny_assistant import tiny_encoder
from transformers import LlamaConfig, LlamaForCausalLM

from facewise.finetune.language.answer_loss import WithLoss
from facewise.finetune.language.consistency import POOL, consistency_loss, own_prompt, symmetric_kl, twin_of
from facewise.finetune.language.packing import read_rows_apart
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.lessons.conversations import Conversation, Turn
from facewise.finetune.lessons.lesson import Lesson, Showing, tokenised
from facewise.model.network.configuration import FacewiseConfig
from facewise.model.network.modeling import FacewiseForConditionalGeneration
from facewise.model.network.perceive import Perceiver
from facewise.model.network.processing import FacewiseProcessor
from facewise.model.network.shown import Shown
from facewise.model.wording import CHOICES


class OneFace:
    """One and the same face, whatever the key."""

    def shown(self, key: str) -> Shown:
        chance = torch.Generator().manual_seed(1)
        return Shown("", torch.randn(43, 16, generator=chance), torch.tensor([*range(1, 12), *[11] * 16, *[12] * 16]))


FACE = Showing(OneFace(), "face")


@pytest.fixture(scope="module")
def processor() -> FacewiseProcessor:
    """One token a byte."""
    return FacewiseProcessor(tiny_tokenizer(), Perceiver(tiny_encoder()))


@pytest.fixture
def model(processor) -> FacewiseForConditionalGeneration:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    language = LlamaForCausalLM(LlamaConfig(**sizes, vocab_size=len(processor.tokenizer)))
    verdicts = [processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in CHOICES]
    config = FacewiseConfig(
        encoder_config=tiny_encoder().config,
        text_config=language.config,
        image_token_id=processor.image_token_id,
        verdict_ids=verdicts,
    )
    return FacewiseForConditionalGeneration.from_base(config, language)


def test_equal_distributions_are_at_no_distance_and_others_at_the_mean_of_both():
    logits = torch.tensor([[0.0, math.log(3)], [2.0, 2.0]])
    assert symmetric_kl(logits, logits + 7).tolist() == pytest.approx([0, 0], abs=1e-6)
    p, q = (0.25, 0.75), (0.5, 0.5)
    by_hand = 0.5 * sum(a * math.log(a / b) + b * math.log(b / a) for a, b in zip(p, q))
    assert symmetric_kl(logits[:1], logits[1:]).item() == pytest.approx(by_hand, rel=1e-5)
    assert symmetric_kl(logits[1:], logits[:1]).item() == pytest.approx(by_hand, rel=1e-5)


def test_the_gradient_pulls_the_two_together():
    one, other = torch.tensor([[1.0, -1.0]], requires_grad=True), torch.tensor([[-1.0, 1.0]], requires_grad=True)
    for _ in range(50):
        symmetric_kl(one, other).sum().backward()
        with torch.no_grad():
            for logits in (one, other):
                logits.sub_(0.5 * logits.grad)
                logits.grad = None
    assert symmetric_kl(one, other).item() < 1e-3


def told(answer: str, settled: str = "", question: str = "Face 2: Real or fake?") -> Conversation:
    return Conversation((Turn(question, answer, settled),))


def test_only_a_verdict_of_the_rows_own_has_a_twin(processor):
    live = told("Live. A person is before the camera.")
    ids = twin_of(live, [], processor, "a")
    assert torch.equal(ids, twin_of(live, [], processor, "a"))
    text = processor.tokenizer.decode(ids)
    assert any(f"Face 2: {question}" in text for question in POOL) and "Real or fake?" not in text and "Live" not in text
    assert twin_of(told("Uncertain. It is hard to say.", "Uncertain."), [], processor, "b") is None
    assert twin_of(told("The face shows a smile."), [], processor, "c") is None


def lesson(processor, name: str, answer: str) -> Lesson:
    conversation = told(answer)
    ids, counts = tokenised(conversation, [], processor, 0.7)
    return Lesson(name, ids, counts, twin=twin_of(conversation, [], processor, name))


def test_a_batch_holds_own_prompt_and_twin_in_turn_and_only_of_verdicts(processor):
    rows = [lesson(processor, "a", "Live. It is a person."), lesson(processor, "b", "A smile."), lesson(processor, "c", "Spoof.")]
    batch = Lessons(rows, processor.tokenizer.pad_token_id).collate(rows)
    ids, mask = batch["pairs"]["input_ids"], batch["pairs"]["attention_mask"]
    assert len(batch["input_ids"]) == 3 and len(ids) == 4
    expected = [own_prompt(rows[0]), rows[0].twin, own_prompt(rows[2]), rows[2].twin]
    assert all(torch.equal(row[kept.bool()], each.long()) for row, kept, each in zip(ids, mask, expected))
    assert "pairs" not in Lessons(rows, 0).collate(rows[1:2])
    silent = replace(rows[0], counts=torch.zeros_like(rows[0].counts))
    assert "pairs" not in Lessons([silent], 0).collate([silent])


def test_the_loss_is_the_distance_of_the_two_verdicts_by_its_weight(processor, model):
    rows = [lesson(processor, "a", "Live. It is a person."), lesson(processor, "c", "Spoof.")]
    batch = Lessons(rows, processor.tokenizer.pad_token_id).collate(rows)
    plain, weighted = WithLoss(model).train(), WithLoss(model, consistency=1e6).train()
    by_hand = 0.0
    for row in rows:
        logits = [
            model(input_ids=ids.long()[None]).logits[0, -1, list(model.config.verdict_ids)] for ids in (own_prompt(row), row.twin)
        ]
        by_hand += symmetric_kl(logits[0][None], logits[1][None]).item()
    assert by_hand > 0
    assert consistency_loss(model, batch["pairs"]).item() == pytest.approx(by_hand, rel=1e-4)
    assert weighted(**batch)["loss"].item() - plain(**batch)["loss"].item() == pytest.approx(1e6 * by_hand, rel=0.01)
    assert weighted.eval()(**batch)["loss"].item() == pytest.approx(plain.eval()(**batch)["loss"].item())
    same = [replace(row, twin=own_prompt(row)) for row in rows]
    equal = Lessons(same, processor.tokenizer.pad_token_id).collate(same)["pairs"]
    assert consistency_loss(model, equal).item() == pytest.approx(0, abs=1e-6)


def test_packed_pairs_are_at_the_same_distance_with_the_same_gradients_and_what_they_share_is_read_once(processor, model):
    rows = [replace(lesson(processor, "a", "Live. It is a person."), showings=(FACE,)), lesson(processor, "c", "Spoof.")]
    place = torch.full((43,), processor.image_token_id).int()
    rows[0] = replace(rows[0], ids=torch.cat([place, rows[0].ids]), twin=torch.cat([place, rows[0].twin]))
    rows[0] = replace(rows[0], counts=torch.cat([torch.zeros(43), rows[0].counts]))
    pairs = Lessons(rows, processor.tokenizer.pad_token_id).collate(rows)["pairs"]
    read_rows_apart(model.language_model)
    read, found = [], []
    model.language_model.model.norm.register_forward_pre_hook(lambda _, args: read.append(args[0].numel() // 16))
    for is_packed in (False, True):
        model.zero_grad()
        loss = consistency_loss(model, pairs, is_packed)
        loss.backward()
        found.append((loss.item(), [value.grad.clone() for value in model.parameters() if value.grad is not None]))
    (padded, padded_grads), (packed, packed_grads) = found
    assert packed == pytest.approx(padded, rel=1e-4) and len(packed_grads) == len(padded_grads)
    for one, other in zip(packed_grads, padded_grads, strict=True):
        assert (one - other).norm() <= 1e-4 * other.norm() + 1e-8
    assert read[1] < 0.6 * read[0]


def test_training_on_it_brings_the_verdicts_together(processor, model):
    row = lesson(processor, "a", "Live. It is a person.")
    pairs = Lessons([row], 0).collate([row])["pairs"]
    optimiser = torch.optim.Adam(model.language_model.parameters(), 1e-3)
    distances = []
    for _ in range(20):
        loss = consistency_loss(model, pairs)
        distances.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert np.isfinite(distances).all() and distances[-1] < 0.1 * distances[0]
