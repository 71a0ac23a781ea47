"""What transformers' Trainer is told of every stage: one table, so that no stage is resumed, shared among processes or reported otherwise."""

from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from ..model.checkpoint import fast_dtype
from .recipe import Recipe


def training_arguments(recipe: Recipe, folder: Path, epochs: float, rate: float, batch: int, **more: Any) -> TrainingArguments:
    """Cosine schedule, a checkpoint now and then, precision and reports as the recipe says. `batch` is that of all processes together."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch,
        per_device_eval_batch_size=batch,
        accelerator_config={"split_batches": True},
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
        **more,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # DataParallel would cut tensors that are flat over the batch as if they were rows
    return arguments


def precision(recipe: Recipe) -> str:
    return fast_dtype() if recipe.precision == "auto" else recipe.precision
