"""The stage `align` on CPU: what spares memory and what halves numbers changes no result, or little, though the language model rests."""

from pathlib import Path

import torch
from test_answer_loss import MIXED, tiny_model

from facewise.finetune.language.answer_loss import WithLoss
from facewise.finetune.language.stages import ALIGNED, fit_words, rest
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.recipe import Recipe


def language_recipe(**more) -> Recipe:
    return Recipe(pack_rows=1, language_batch=2, align_rate=1e-2, **{"precision": "float32", **more})


def aligned(folder: Path, **more) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The projector after an epoch of `align`, and which layers of the resting language model were computed, in order."""
    model, computed = tiny_model(), []
    for name, part in model.language_model.named_modules():
        if name.endswith("mlp"):
            part.register_forward_pre_hook(lambda *_, name=name: computed.append(name))
    rest(model, ALIGNED)
    fit_words(language_recipe(**more), WithLoss(model), Lessons(MIXED, 0), folder, 1.0, "align_rate")
    return {name: value.detach().clone() for name, value in model.projector.named_parameters()}, computed


def test_gradient_checkpointing_spares_memory_in_align_too_and_changes_no_weight(tmp_path):
    plain, once = aligned(tmp_path / "plain")
    spared, computed = aligned(tmp_path / "spared", gradient_checkpointing=True)
    assert len(computed) == 2 * len(once)  # every layer once more on the way back
    assert all(torch.allclose(spared[name], value, atol=1e-6) for name, value in plain.items())


def test_bfloat16_trains_on_cpu_close_to_float32_and_keeps_its_weights_in_float32(tmp_path):
    start = dict(tiny_model().projector.named_parameters())
    full, half = (aligned(tmp_path / name, precision=name)[0] for name in ("float32", "bfloat16"))
    assert {value.dtype for value in half.values()} == {torch.float32}
    moved, off = (torch.cat([(half[n] - other[n]).flatten() for n in half]).norm() for other in (start, full))
    assert 0 < off < 0.2 * moved
