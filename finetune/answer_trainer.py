"""transformers' Trainer for answers: rows in the sampler's order, and a loss that is the mean over all rows of a step.

The Trainer counts tokens by labels to join the batches of a step; here a row counts one, however long it is.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer, TrainingArguments
from transformers.utils import SAFE_WEIGHTS_NAME

from ..model.checkpoint import fast_dtype
from .answer_loss import WithLoss
from .batches import Lessons
from .encoder_stage import check_fits
from .recipe import Recipe
from .sampler import LessonSampler
from .watch import StopOnBadLoss, last_checkpoint


class AnswerTrainer(Trainer):
    """`sampler` says what an epoch is made of."""

    loss_is_scaled_for_ga = True  # by compute_loss

    def __init__(self, sampler: LessonSampler, **kwargs: Any):
        super().__init__(**kwargs)
        self._sampler = sampler

    def _get_train_sampler(self, train_dataset: Any = None) -> LessonSampler:
        return self._sampler

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> Tensor:
        rows = torch.tensor(sum(len(batch["input_ids"]) for batch in batch_samples), device=device)
        return self.accelerator.gather(rows).sum()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Processes average their gradients, hence their number."""
        outputs = model(**inputs)
        rows = len(inputs["input_ids"]) if num_items_in_batch is None else num_items_in_batch
        loss = outputs["loss"] / rows * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


def fit_answers(model: WithLoss, lessons: Lessons, sampler: LessonSampler, arguments: TrainingArguments, rate: str) -> None:
    """Trains in place, from the last whole checkpoint if there is one; `rate` is the recipe's field that is lowered after a bad loss. Raises
    FacewiseError for that, and where the checkpoint is another model's."""
    trainer = AnswerTrainer(sampler, model=model, args=arguments, train_dataset=lessons, data_collator=lessons.collate)
    trainer.add_callback(StopOnBadLoss(rate))
    checkpoint = last_checkpoint(Path(arguments.output_dir))
    if checkpoint:
        check_fits(model, Path(checkpoint) / SAFE_WEIGHTS_NAME)
    trainer.train(resume_from_checkpoint=checkpoint)


def answer_arguments(recipe: Recipe, folder: Path, epochs: float, rate: float) -> TrainingArguments:
    """Cosine schedule, a checkpoint now and then, precision and reports as the recipe says."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=recipe.language_batch,
        gradient_accumulation_steps=recipe.accumulate,
        learning_rate=rate,
        warmup_steps=0.05,
        lr_scheduler_type="cosine",
        max_grad_norm=1.0,
        bf16=precision(recipe) == "bfloat16",
        fp16=precision(recipe) == "float16",
        use_cpu=not torch.cuda.is_available(),
        logging_steps=20,
        logging_nan_inf_filter=False,  # a bad loss is to be seen
        save_strategy="steps",
        save_steps=0.2,
        save_total_limit=1,
        seed=recipe.seed,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        report_to=recipe.report_to,
        disable_tqdm=True,
    )


def precision(recipe: Recipe) -> str:
    return fast_dtype() if recipe.precision == "auto" else recipe.precision
