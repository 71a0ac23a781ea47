"""transformers' Trainer for answers: rows in the sampler's order, and a loss that is the mean over all rows of a step.

The Trainer counts tokens by labels to join the batches of a step; here a row counts one, however long it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import TrainingArguments

from ..lessons.batches import Lessons
from ..lessons.lesson import Lesson
from ..lessons.sampler import LessonSampler
from ..processes import number_of, of_all
from ..recipe import Recipe
from ..stage_trainer import StageTrainer, fit
from ..training_arguments import training_arguments
from .answer_loss import WithLoss


class AnswerTrainer(StageTrainer):
    """`sampler` says what an epoch is made of."""

    loss_is_scaled_for_ga = True  # by compute_loss

    def __init__(self, sampler: LessonSampler, **kwargs: Any):
        super().__init__(**kwargs)
        self._sampler = shared(sampler, self.args.train_batch_size)
        self._looked: list[tuple[float, int]] = []

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return self._sampler

    def _get_eval_sampler(self, eval_dataset: Any) -> Sampler[int]:
        return shared(SequentialSampler(eval_dataset), self.args.eval_batch_size)

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> Tensor:
        rows = torch.tensor(sum(rows_of(batch) for batch in batch_samples), device=device)
        return self.accelerator.gather(rows).sum()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Processes average their gradients, hence their number. The value is that of the whole batch, the gradient that of the own rows."""
        outputs = model(**inputs)
        rows = rows_of(inputs) if num_items_in_batch is None else num_items_in_batch
        loss = outputs["loss"] / rows * number_of()
        if number_of() > 1:
            loss = loss + (self.accelerator.reduce(loss.detach(), "mean") - loss.detach())
        return (loss, outputs) if return_outputs else loss

    def prediction_step(
        self, model: Any, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[None, None, None]:
        """What evaluation_loop adds up, and nothing for the Trainer's own mean, in which a last batch weighs otherwise than its rows where
        processes share it."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            self._looked.append((float(model(**inputs)["loss"]), rows_of(inputs)))
        return None, None, None

    def evaluation_loop(self, *args: Any, metric_key_prefix: str = "eval", **options: Any) -> Any:
        """The loss is the mean over all rows of all processes."""
        self._looked = []
        output = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **options)
        losses, rows = zip(*(told for looked in of_all(self._looked) for told in looked), strict=True)
        output.metrics[f"{metric_key_prefix}_loss"] = sum(losses) / sum(rows)
        return output


def shared(sampler: Sampler[int], batch: int) -> Sampler[int]:
    """So that processes can share its batches."""
    return FullBatches(sampler, batch) if number_of() > 1 else sampler


class FullBatches(Sampler[int]):
    """The sampler's rows, and Filled.BLANK until the last batch is full: the processes that share it need a row each."""

    def __init__(self, sampler: Any, batch: int):
        self.sampler, self.batch = sampler, batch

    def set_epoch(self, epoch: int) -> None:
        if isinstance(self.sampler, LessonSampler):
            self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.batch) * self.batch

    def __iter__(self) -> Iterator[int]:
        yield from self.sampler
        yield from [Filled.BLANK] * (len(self) - len(self.sampler))


class Filled(Dataset):
    """Lessons, and one of which no token counts."""

    BLANK = -1

    def __init__(self, lessons: Lessons):
        self.lessons = lessons

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, index: int) -> Lesson:
        if index != self.BLANK:
            return self.lessons[index]
        shortest = min(self.lessons.lessons, key=len)
        return replace(shortest, counts=torch.zeros_like(shortest.counts), twin=None)


def rows_of(batch: dict[str, Tensor]) -> int:
    """Those that teach anything."""
    return int((batch["counts"] > 0).any(1).sum())


def fit_answers(
    model: WithLoss,
    lessons: Lessons,
    sampler: LessonSampler,
    arguments: TrainingArguments,
    rate: str,
    held_out: Sequence[Lesson] = (),
) -> None:
    """Trains in place, and tells the loss of the `held_out` now and then; raises FacewiseError as `fit` does."""
    looks_at = Filled(Lessons(held_out, lessons.pad_id, lessons.look)) if held_out else None
    data = {"train_dataset": Filled(lessons), "eval_dataset": looks_at, "data_collator": lessons.collate}
    fit(AnswerTrainer(sampler, model=model, args=arguments, **data), rate)


def answer_arguments(recipe: Recipe, folder: Path, epochs: float, rate: float) -> TrainingArguments:
    steps = {"gradient_accumulation_steps": recipe.accumulate}
    # All that trains takes part in every batch (answer_loss.py), so nobody has to look for what does not.
    return training_arguments(recipe, folder, epochs, rate, recipe.language_batch, ddp_find_unused_parameters=False, **steps)
