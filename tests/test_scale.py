"""Several processes train as one does, launch configs that accelerate can read, and what memory and disks allow: on CPU, where gloo stands for NCCL."""

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from accelerate.state import AcceleratorState
from noise_pack import noise, written
from safetensors.torch import load_file
from test_answer_loss import MIXED, tiny_model
from test_language_stage import row
from tiny_assistant import tiny_language
from torch.distributed.device_mesh import init_device_mesh
from transformers import TrainerCallback

from facewise.cli import main
from facewise.data_builders.records import Record, write_records
from facewise.data_builders.rows import row_line
from facewise.finetune import stage_trainer
from facewise.finetune.curves import LOSSES
from facewise.finetune.encoder import stage as encoder_stage
from facewise.finetune.encoder.lesson import EncoderLesson, places_before
from facewise.finetune.encoder.losses import WEIGHTS
from facewise.finetune.encoder.packed import Packed, read_pack
from facewise.finetune.encoder.region_text import RegionText
from facewise.finetune.encoder.sampling import Drawn
from facewise.finetune.encoder.stage import started_encoder, train_encoder
from facewise.finetune.language.answer_loss import WithLoss
from facewise.finetune.language.answer_trainer import Filled, FullBatches, answer_arguments, fit_answers, rows_of
from facewise.finetune.lessons.batches import Lessons
from facewise.finetune.lessons.sampler import LessonSampler
from facewise.finetune.processes import check_shares, is_main, main_first, of_main, together
from facewise.finetune.recipe import Recipe
from facewise.finetune.sharding import make_whole
from facewise.finetune.watch import last_checkpoint
from facewise.model.errors import FacewiseError

ROOT = Path(__file__).parent.parent
LAUNCH = ROOT / "finetune" / "launch"


def two(work: Callable[[int], object], folder: Path) -> list:
    """What `work` gives in each of two processes that have found each other."""

    def one(rank: int) -> None:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
        torch.save(work(rank), folder / f"{rank}.pt")
        dist.barrier()  # one that ends while the other still connects is a fault there

    started = [multiprocessing.get_context("fork").Process(target=one, args=(rank,)) for rank in (0, 1)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0, 0]
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


# What processes do together


def test_a_fault_of_one_is_told_by_the_main_one_and_ends_all(tmp_path):
    def work(rank: int) -> str:
        try:
            with together():
                if rank == 1:
                    raise FacewiseError("the disk of the other one")
        except (FacewiseError, SystemExit) as end:
            return f"{type(end).__name__}: {end}"
        return "went on"

    assert two(work, tmp_path) == ["FacewiseError: the disk of the other one", "SystemExit: 2"]


def test_the_main_one_goes_first_and_the_others_find_what_it_kept(tmp_path):
    def work(rank: int) -> tuple[bool, int]:
        with main_first():
            found = (tmp_path / "kept").exists()
            (tmp_path / "kept").touch()
        return found, of_main(7 + rank)

    assert two(work, tmp_path) == [(False, 7), (True, 7)]


@pytest.mark.parametrize("name", ["encoder_batch", "language_batch"])
def test_a_batch_that_two_cannot_share_is_one_line(tmp_path, name):
    def work(rank: int) -> str:
        with pytest.raises(FacewiseError) as caught:
            check_shares(Recipe(**{name: 5}))
        return str(caught.value)

    assert two(work, tmp_path)[0] == f"{name} is 5, and 2 processes cannot share it evenly; give a multiple of 2"
    check_shares(Recipe(**{name: 5}))  # alone nobody shares


# The encoder's losses are of the whole batch


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Packed:
    """Rows of which every fourth is the change of the one two places on."""
    tensors = noise(24) | {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    tensors["pair"] = torch.where(torch.arange(24) % 4 == 0, torch.arange(24) + 2, -1)
    tensors["change"][::4] = 1.0
    return read_pack(written(tensors, tmp_path_factory.mktemp("pack") / "noise.safetensors"))


def lesson(pack: Packed) -> EncoderLesson:
    torch.manual_seed(0)
    encoder = started_encoder(Recipe(hidden_size=16, num_layers=1), pack)
    return EncoderLesson(encoder.train(), WEIGHTS, RegionText(16, torch.randn(23, 8)))


def gradients(learner: EncoderLesson, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    learner(**batch)["loss"].backward()
    return {name: value.grad for name, value in learner.named_parameters()}


def test_two_halves_of_a_batch_have_its_losses_and_gradients_ranks_changes_and_negatives_included(pack, tmp_path):
    rows = Drawn(pack, 8, seed=0, jitter=0.01)
    whole = lesson(pack)
    expected = gradients(whole, rows.collate([rows[place] for place in range(8)]))

    def work(rank: int) -> tuple[dict, dict]:
        half = lesson(pack)
        found = gradients(half, rows.collate([rows[place] for place in range(4 * rank, 4 * rank + 4)]))
        for value in found.values():
            dist.all_reduce(value)  # as DDP does
        return {name: value / 2 for name, value in found.items()}, half.told()

    told = whole.told()
    assert told["change"] > 0 and told["rank"] > 0 and told["contrast"] > 0
    for found, losses in two(work, tmp_path):
        assert losses == pytest.approx(told, abs=1e-4)
        assert all(torch.allclose(found[name], value, rtol=1e-4, atol=1e-6) for name, value in expected.items())


def test_the_face_before_is_found_wherever_in_the_whole_batch_it_is():
    row, pair = torch.tensor([4, 9, 7, 9, 2]), torch.tensor([-1, 4, 9, -1, 8])
    assert places_before(row, pair).tolist() == [-1, 0, 3, -1, -1]


# Answers


def test_the_last_batch_is_filled_with_rows_of_which_nothing_counts():
    lessons = Lessons(MIXED, 0)
    order = list(FullBatches(LessonSampler(MIXED), 2))
    assert (
        len(order) == len(FullBatches(LessonSampler(MIXED), 2)) == 6
        and order[5:] == [Filled.BLANK]
        and Filled.BLANK not in order[:5]
    )
    batch = lessons.collate([Filled(lessons)[place] for place in (order[4], Filled.BLANK)])
    assert rows_of(batch) == 1
    learner = WithLoss(tiny_model())
    alone, filled = (
        learner(**lessons.collate([Filled(lessons)[place] for place in places]))["loss"] for places in ([0], [0, -1])
    )
    nothing = learner(**lessons.collate([Filled(lessons)[-1]]))["loss"]
    assert filled.item() == pytest.approx(alone.item(), rel=1e-5) and nothing.item() == 0 and nothing.requires_grad


def looked_at(folder: Path) -> tuple[float, list[float]]:
    """An epoch on five rows in batches of two, then a look at three: the loss that is told of them, and what each has."""
    model = tiny_model()
    model.freeze("language model")
    learner, held_out = WithLoss(model, packing=True), MIXED[:3]
    arguments = answer_arguments(Recipe(pack_rows=1, language_batch=2, precision="float32"), folder, 1, 1e-2)
    fit_answers(learner, Lessons(MIXED, 0), LessonSampler(MIXED), arguments, "rate", held_out)
    with torch.no_grad():
        each = [learner.eval()(**Lessons(held_out, 0).collate([row]))["loss"].item() for row in held_out]
    if not is_main():
        return 0.0, each
    ((_, told),) = json.loads((folder / LOSSES).read_text())["validation"]
    return told, each


def test_the_held_out_loss_is_the_mean_over_rows_however_many_processes_look_at_a_batch_that_is_not_full(tmp_path):
    def work(rank: int) -> tuple[float, list[float]]:
        for name, value in (("RANK", rank), ("LOCAL_RANK", rank), ("WORLD_SIZE", 2), ("LOCAL_WORLD_SIZE", 2)):
            os.environ[name] = str(value)  # as a launcher tells them
        AcceleratorState._reset_state(reset_partial_state=True)
        return looked_at(tmp_path / "both")

    alone, each = looked_at(tmp_path / "alone")
    (shared, of_both), _ = two(work, tmp_path)
    assert max(each) > 1.1 * min(each) and alone == pytest.approx(sum(each) / 3, rel=1e-5)
    assert of_both == pytest.approx(each, rel=1e-5) and shared == pytest.approx(alone, rel=1e-5)


# FSDP2


def test_a_model_that_was_sharded_is_whole_again_as_if_it_had_never_been_and_can_be_sharded_anew(tmp_path):
    """By torch's own fully_shard, because accelerate shards on GPUs alone."""
    from torch.distributed.fsdp import FSDPModule, fully_shard

    def learned(learner: WithLoss) -> float:
        learner.zero_grad()
        loss = learner(**Lessons(MIXED, 0).collate(MIXED))["loss"]
        loss.backward()
        torch.optim.SGD([value for value in learner.parameters() if value.requires_grad], lr=1e-3).step()
        return loss.item()

    def sharded(learner: WithLoss) -> WithLoss:
        mesh = init_device_mesh("cpu", (2,))
        for layer in learner.model.language_model.model.layers:
            fully_shard(layer, mesh=mesh)
        return fully_shard(learner, mesh=mesh)

    def work(rank: int) -> tuple[list[float], dict[str, torch.Tensor]]:
        model = tiny_model()
        losses = []
        for _ in range(2):
            learner = sharded(WithLoss(model).train())
            losses.append(learned(learner))
            make_whole(learner)
            assert not any(isinstance(part, FSDPModule) for part in model.modules())
        assert model.language_model.lm_head.weight is model.language_model.model.embed_tokens.weight
        return [*losses, WithLoss(model)(**Lessons(MIXED, 0).collate(MIXED))["loss"].item()], model.state_dict()

    alone = tiny_model()
    expected = [learned(WithLoss(alone).train()) for _ in range(2)]
    for losses, weights in two(work, tmp_path):
        assert losses[:2] == pytest.approx(expected, rel=1e-5) and weights.keys() == alone.state_dict().keys()
        assert all(torch.allclose(weights[name], value, rtol=1e-4, atol=1e-6) for name, value in alone.state_dict().items())


# What stops a training


class Full(TrainerCallback):
    """From the second checkpoint on no file of more than some bytes can be written."""

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.bytes, resource.RLIM_INFINITY))

    def __init__(self, bytes_: int):
        self.bytes = bytes_


@pytest.mark.parametrize(("bytes_", "half"), [(1_000, "weights"), (200_000, "optimiser")])
def test_a_disk_that_is_full_midway_through_a_checkpoint_leaves_the_one_before_and_it_goes_on_from_there(
    pack, tmp_path, monkeypatch, bytes_, half
):
    recipe = Recipe(hidden_size=16, num_layers=1, encoder_epochs=2, encoder_batch=4, encoder_weights="contrast=0")
    whole = train_encoder(recipe, pack, tmp_path / "whole").state_dict()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with monkeypatch.context() as patch:
        patch.setattr(stage_trainer, "StopOnBadLoss", lambda rate: Full(bytes_))
        try:
            with pytest.raises(FacewiseError, match=r"cannot be written \(.*\); free some space and start again") as caught:
                train_encoder(recipe, pack, tmp_path / "full")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    kept = last_checkpoint(tmp_path / "full")
    assert kept.endswith("checkpoint-1") and kept in str(caught.value) and "\n" not in str(caught.value)
    again = train_encoder(recipe, pack, tmp_path / "full").state_dict()
    assert all(torch.equal(value, again[name]) for name, value in whole.items())


@pytest.fixture(scope="module")
def bench(tmp_path_factory, examples) -> Path:
    """A recipe of all stages on a pack and on rows, with a tiny language model: `recipe.yaml` in a folder."""
    folder = tmp_path_factory.mktemp("bench")
    tensors = noise(24) | {"split": torch.arange(24) // 8, "subject": torch.arange(24) // 2}
    pack = written(tensors, folder / "noise.safetensors")
    built = folder / "set"
    built.mkdir()
    shutil.copy(examples / "invented-face.jpg", built)
    rows = [
        row("a", "spoof", "Is this face real?", "Live. A person is there.", "invented-face.jpg", subject="ann", label="live"),
        row("b", "chat", "Who are you?", "Facewise.", None, subject="bob", label="about"),
        row("c", "chat", "What can you do?", "I look at faces.", None, subject="cid", label="about"),
    ]
    (built / "rows.jsonl").write_text("".join(map(row_line, rows)))
    write_records(built / "records.jsonl", [Record(id="one", media="invented-face.jpg", live=True)])
    (folder / "base").mkdir()
    sizes = "hidden_size: 16\nnum_layers: 1\nencoder_epochs: 2\nencoder_batch: 4\nlanguage_batch: 2\nlora_rank: 2\n"
    learned = f"pack: {pack}\nrows: [{built}]\npack_rows: 4\nadapter_tasks: [chat]\n"
    (folder / "recipe.yaml").write_text(f"llm: {tiny_language(folder / 'base')}\nval_share: 0.0\n{learned}{sizes}")
    return folder


def test_rows_that_are_too_long_are_told_before_the_encoder_trains(bench, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(encoder_stage, "StageTrainer", None)
    flags = ["--output_dir", str(tmp_path / "out"), "--max_length", "60"]
    assert main(["train", str(bench / "recipe.yaml"), *flags]) == 2
    told = capsys.readouterr().err.splitlines()
    assert "row 'a' has at least" in told[-1] and "and 0 more are over max_length 60; raise it" in told[-1]
    assert not (tmp_path / "out").exists()


FILES = ("evidence/model", "stage-align/aligned", "adapter/adapter_model", "model", "adapters/chat/adapter_model")


@pytest.mark.slow
def test_two_processes_give_the_weights_of_one_and_print_once(bench, tmp_path):
    """Of all stages, in float32: in bfloat16 gradients are rounded once for each process. Sums are taken in another order, so weights differ by some
    millionths: by float16 where a folder holds that, and in the biases of keys by what Adam makes of a gradient that is 0 but for rounding
    (attention does not depend on them), a step of the size of the rate."""
    one, both = tmp_path / "one", tmp_path / "both"
    flags = [str(bench / "recipe.yaml"), "--precision", "float32", "--output_dir"]
    assert main(["train", *flags, str(one)]) == 0
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(LAUNCH / "ddp.yaml"),
        "--main_process_port",
        "0",
    ]
    ended = subprocess.run(
        [*launch, "-m", "facewise.cli", "train", *flags, str(both)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    for file in FILES:
        alone, shared = (load_file(folder / f"{file}.safetensors") for folder in (one, both))
        assert alone.keys() == shared.keys()
        for name, value in alone.items():
            tolerance = 1e-3 if name.endswith("key.bias") else 1e-5
            assert torch.allclose(value.float(), shared[name].float(), rtol=1e-3, atol=tolerance), f"{file}: {name}"
    assert (one / "rows.jsonl").read_text() == (both / "rows.jsonl").read_text()
    assert len(list((both / "seen").iterdir())) == len(list((one / "seen").iterdir())) == 1
    losses = [json.loads((folder / "stage-encoder" / "progress.jsonl").read_text().splitlines()[-1]) for folder in (one, both)]
    assert losses[0]["train"] == pytest.approx(losses[1]["train"], abs=1e-4)
    assert ended.stderr.count("encoder, epoch 1 of 2") == ended.stderr.count("score, AUC") == 1
