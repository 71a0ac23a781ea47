"""The loss of every stage as numbers and as a picture: round ticks, both curves in their colours, whole after a resume."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Trainer, TrainingArguments

from facewise.finetune.curves import APART, COLOURS, LOSSES, LossCurve, curves, of_log, ticks, write_curves


class Line(torch.nn.Module):
    """Learns a number."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(5.0))

    def forward(self, x, labels):
        return {"loss": (self.weight * x - labels).square().mean()}


ROWS = [{"x": torch.tensor(1.0), "labels": torch.tensor(2.0)}] * 24


def trainer(folder, epochs, has_validation=True):
    arguments = TrainingArguments(
        str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=2,
        learning_rate=0.05,
        save_steps=6,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        lr_scheduler_type="constant",
    )
    return Trainer(Line(), arguments, train_dataset=ROWS, eval_dataset=ROWS[:4], callbacks=[LossCurve(has_validation)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    trainer(folder / "stage-align", 1).train()
    trainer(folder / "stage-adapter-spoof", 1, has_validation=False).train()
    return folder


def test_a_short_stage_is_logged_often_enough_to_be_drawn(run):
    told = curves(run)
    assert list(told) == ["align", "adapter-spoof"]
    assert [step for step, _ in told["align"]["train"]] == list(range(1, 13))
    assert [step for step, _ in told["align"]["validation"]] == [APART, 2 * APART, 12]
    assert told["adapter-spoof"]["validation"] == [] and told["align"]["train"][0][1] > told["align"]["train"][-1][1]


def test_numbers_and_picture_lie_beside_the_run(run):
    told = json.loads((run / "loss.json").read_text())
    assert told["align"]["validation"] == json.loads((run / "stage-align" / LOSSES).read_text())["validation"]
    pixels = np.asarray(Image.open(run / "loss.png"))
    for colour in COLOURS.values():
        assert (np.abs(pixels.astype(int) - colour).max(-1) < 40).sum() > 60, "a curve that cannot be seen"
    assert (pixels[:10] == 255).all() and (pixels[:, :10] == 255).all()


def test_a_run_that_goes_on_draws_the_whole_curve(run, tmp_path):
    folder = tmp_path / "stage-align"
    trainer(folder, 1).train()
    (tmp_path / "loss.json").unlink()
    trainer(folder, 1).train(resume_from_checkpoint=str(folder / "checkpoint-6"))
    assert json.loads((tmp_path / "loss.json").read_text())["align"] == json.loads((run / "loss.json").read_text())["align"]


def test_the_encoder_is_validated_by_its_epochs(tmp_path):
    folder = tmp_path / "stage-encoder"
    folder.mkdir()
    (folder / LOSSES).write_text(json.dumps({"train": [[1, 4.0], [2, 3.0]], "validation": []}))
    (folder / "progress.jsonl").write_text('{"epoch": 1, "step": 2, "loss": 3.5}\n{"epoch": 2, "step": 4}\n')
    assert curves(tmp_path) == {"encoder": {"train": [[1, 4.0], [2, 3.0]], "validation": [(2, 3.5)]}}


def test_nothing_is_drawn_of_nothing(tmp_path):
    write_curves(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_is_parted_into_training_and_validation():
    history = [{"step": 1, "loss": 2.0}, {"step": 2, "eval_loss": 1.5, "eval_runtime": 1}, {"step": 2, "train_loss": 1.8}]
    assert of_log(history) == {"train": [(1, 2.0)], "validation": [(2, 1.5)]}


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 1200, True, [0, 250, 500, 750, 1000, 1250]),
        (0, 3, True, [0, 1, 2, 3]),
        (0, 1, True, [0, 1]),
        (1.94, 2.09, False, [1.9, 1.95, 2.0, 2.05, 2.1]),
        (0.41, 2.62, False, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
    ],
)
def test_ticks_are_round_and_hold_all_values(low, high, whole, expected):
    assert ticks(low, high, whole) == pytest.approx(expected)


def test_one_value_lies_between_two_ticks():
    found = ticks(0.5, 0.5)
    assert found[0] < 0.5 < found[-1] and len(found) >= 2
