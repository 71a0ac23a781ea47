"""Packed rows: the loss and the gradients of the padded batch, whatever is mixed, weighted or masked; the model reads all else as before."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from test_answer_loss import MIXED, TOKENIZER, lesson, tiny_model, trained
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen3Config, Qwen3ForCausalLM

from facewise.finetune.language.adapters import with_lora
from facewise.finetune.language.answer_loss import WithLoss, counted, weighed
from facewise.finetune.language.packing import beginning, check_packs, laid_out, read_rows_apart, shared_heads
from facewise.finetune.language.stages import spare_memory
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.lessons.lesson import Lesson
from facewise.finetune.recipe import Recipe
from facewise.model.errors import FacewiseError
from facewise.model.network.modeling import FacewiseForConditionalGeneration

SHAPE = {"vocab_size": 300, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def learned(rows: list[Lesson], is_packed: bool, prepare: Callable = lambda model: model, **options) -> tuple[float, dict]:
    """The loss of a batch and its gradients."""
    model = prepare(tiny_model().train())
    torch.manual_seed(3)
    loss = WithLoss(model, packing=is_packed, **options).train()(**Lessons(rows, pad_id=0).collate(rows))["loss"]
    loss.backward()
    return loss.item(), {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


def check_same(rows: list[Lesson], **options) -> None:
    (packed, packed_grads), (padded, padded_grads) = (learned(rows, is_packed, **options) for is_packed in (True, False))
    assert packed == pytest.approx(padded, rel=1e-6) and packed_grads.keys() == padded_grads.keys()
    for name, value in padded_grads.items():
        assert (packed_grads[name] - value).norm() <= 1e-5 * value.norm() + 1e-7, name


def test_a_packed_batch_has_the_loss_and_the_gradients_of_the_padded_one():
    """Image, clip, text alone, nobody, of five lengths."""
    assert len({len(row) for row in MIXED}) == len(MIXED)
    check_same(MIXED)
    check_same([MIXED[1]])


def test_a_verdict_that_counts_more_does_so_in_a_packed_batch():
    weighed = torch.tensor([0.0] * 48 + [0.7, 0.1, 0.1, 0.1])
    first = lesson("face", 1)
    assert len(first) == 52
    check_same([MIXED[2], replace(first, counts=weighed), MIXED[1]])


def test_a_row_that_begins_with_what_counts_learns_nothing_from_the_row_before():
    first = replace(MIXED[1], counts=torch.full((len(MIXED[1]),), 1 / len(MIXED[1])))
    check_same([MIXED[3], first, first])


def test_a_batch_of_which_no_token_counts_has_no_loss():
    blank = [replace(row, counts=torch.zeros_like(row.counts)) for row in MIXED[:2]]
    loss, grads = learned(blank, is_packed=True)
    assert loss == 0.0 and grads and not any(value.any() for value in grads.values())


def test_a_lora_and_activations_that_are_computed_again_learn_the_same():
    def prepared(model: FacewiseForConditionalGeneration) -> FacewiseForConditionalGeneration:
        torch.manual_seed(1)
        model.freeze("language model")
        model.language_model = with_lora(model.language_model, Recipe(lora_rank=2))
        for name, value in model.language_model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(value, std=0.3)
        spare_memory(model)
        return model

    check_same(MIXED, prepare=prepared)


def test_tokens_that_are_lost_leave_the_others_where_they_were():
    plain, _ = learned(MIXED, is_packed=True)
    masked, _ = learned(MIXED, is_packed=True, pvtm_keep=0.3, pvtm_drop=0.5)
    assert masked != pytest.approx(plain, rel=1e-3)
    check_same(MIXED, pvtm_keep=0.3, pvtm_drop=0.5)


# Rows that begin alike


def begun(row: Lesson, length: int) -> Lesson:
    """With the first words of a system turn before it."""
    head = torch.arange(100, 100 + length)
    return replace(row, ids=torch.cat([head, row.ids]).int(), counts=torch.cat([torch.zeros(length), row.counts]))


ALIKE = [
    *(begun(row, 20) for row in MIXED),
    begun(MIXED[1], 7),  # another system turn after the first words
    begun(MIXED[1], 20),  # the same row once more
    replace(begun(MIXED[4], 20), counts=torch.full((len(MIXED[4]) + 20,), 1 / (len(MIXED[4]) + 20))),  # its first words count
    replace(begun(MIXED[1], 20), counts=torch.zeros(len(MIXED[1]) + 20)),  # nothing of it counts
]


def test_what_rows_have_in_common_is_read_once_and_learned_the_same():
    read: list[int] = []

    def watched(model: FacewiseForConditionalGeneration) -> FacewiseForConditionalGeneration:
        model.language_model.model.norm.register_forward_pre_hook(lambda _, args: read.append(args[0].shape[1]))
        return model

    check_same(ALIKE)
    learned(ALIKE, is_packed=True, prepare=watched)
    again = 4 * 20 + 7 + 2 * (20 + 9 - 1)  # of the same prompt all but its last word, which the answer follows
    assert read == [sum(map(len, ALIKE)) - again]


def test_what_rows_have_in_common_may_be_computed_again_on_the_way_back_or_lose_tokens():
    def sparing(model: FacewiseForConditionalGeneration) -> FacewiseForConditionalGeneration:
        spare_memory(model)
        return model

    check_same(ALIKE, prepare=sparing)
    check_same(ALIKE[:7], pvtm_keep=0.3, pvtm_drop=0.5)  # in the next one face tokens count, which none do in truth


def test_a_head_ends_where_words_differ_faces_begin_or_a_token_is_to_be_said():
    ids = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 9, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 6]])
    may, nobody = torch.ones(4, 5).bool(), torch.zeros(4, 5).bool()
    each, same = torch.arange(4), torch.zeros(4, dtype=torch.long)
    faces = torch.tensor([False, True, True, False, False]).expand(4, 5)
    assert shared_heads(ids, may, nobody, each) == [(0, 0), (0, 2), (0, 5), (0, 4)]
    assert shared_heads(ids, may, faces, each) == [(0, 0), (0, 1), (0, 1), (0, 1)]
    assert shared_heads(ids, may, faces, same) == [(0, 0), (0, 2), (0, 5), (0, 4)]
    may[2, 3] = False
    assert shared_heads(ids, may, nobody, each)[2] == (0, 3)


def test_a_head_of_a_row_that_has_one_itself_lies_in_both():
    assert laid_out([10, 8, 9], [(0, 0), (0, 4), (1, 6)]) == [[(0, 10)], [(0, 4), (10, 14)], [(0, 4), (10, 12), (14, 17)]]
    assert beginning([(0, 4), (10, 12)], 4) == [(0, 4)]


def test_tokens_that_all_count_are_counted_as_those_that_are_chosen():
    logits, ids, counts = torch.randn(6, 300), torch.arange(6), torch.rand(6) + 0.1
    assert torch.equal(weighed(logits, ids, counts), counted(logits[None], ids[None], counts[None]))


@pytest.mark.parametrize(
    "other",
    [
        LlamaForCausalLM(LlamaConfig(**SHAPE, num_key_value_heads=1, initializer_range=0.3)),
        Qwen3ForCausalLM(Qwen3Config(**SHAPE, num_key_value_heads=1, head_dim=8, initializer_range=0.3)),
    ],
    ids=["grouped heads", "qwen3"],
)
def test_other_language_models_pack_too(other):
    def prepared(model: FacewiseForConditionalGeneration) -> FacewiseForConditionalGeneration:
        model.language_model = other
        return model

    other.zero_grad()
    packed, _ = learned(MIXED, is_packed=True, prepare=prepared)
    padded, _ = learned(MIXED, is_packed=False, prepare=prepared)
    assert packed == pytest.approx(padded, rel=1e-6)


def test_a_step_of_packed_rows_is_the_step_of_padded_ones(tmp_path):
    """Mean over rows, in batches of 2, 2 and 1, by the Trainer."""
    padded, packed = trained(tmp_path, "padded", 5, 1, packing=False), trained(tmp_path, "packed", 2, 3, packing=True)
    start = dict(tiny_model().projector.named_parameters())
    for name, value in padded.items():
        assert torch.allclose(value - start[name], packed[name] - start[name], rtol=1e-4, atol=1e-7), name


@torch.no_grad()
def test_what_is_not_packed_is_read_as_before():
    before, after = tiny_model(), tiny_model()
    read_rows_apart(after.language_model)
    batch = Lessons(MIXED, pad_id=0).collate(MIXED)
    asked = {name: value for name, value in batch.items() if name != "counts"}
    assert torch.equal(before(**asked).logits, after(**asked).logits)
    alone = {"input_ids": torch.tensor([TOKENIZER.encode("Is this face real?", add_special_tokens=False)])}
    written = [model.generate(**alone, max_new_tokens=5, do_sample=False).tolist() for model in (before, after)]
    assert written[0] == written[1]


def test_a_model_is_written_down_without_the_name_of_its_attention(tmp_path):
    model = tiny_model().language_model
    read_rows_apart(model)
    model.save_pretrained(tmp_path)
    assert "facewise_rows" not in (tmp_path / "config.json").read_text()
    check_packs(LlamaForCausalLM.from_pretrained(tmp_path))


def test_a_model_that_looks_back_only_so_far_is_refused_with_one_line():
    mistral = MistralForCausalLM(MistralConfig(**SHAPE, num_key_value_heads=1, sliding_window=8))
    with pytest.raises(FacewiseError, match="packing wants plain attention in every layer.*mistral.*--packing false"):
        check_packs(mistral)
