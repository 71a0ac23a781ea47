"""Stage (a): the evidence encoder, FRLP and FRGCA included, on its heads, with transformers' Trainer. Resumes from its last checkpoint."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from ..model.checkpoint import fast_dtype, load_checkpoint
from ..model.network.configuration import FaceEncoderConfig
from ..model.network.encoder import EncoderOutput, FaceEncoder
from .losses import head_losses, total
from .packed import Packed
from .recipe import Recipe


class WithLoss(nn.Module):
    """The encoder and its losses as one module, as the Trainer wants it."""

    def __init__(self, encoder: FaceEncoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, views, points, canonical, pose, has_landmarks, **labels) -> dict[str, Tensor]:
        output: EncoderOutput = self.encoder(views, points, canonical, pose, has_landmarks)
        return {"loss": total(head_losses(output, labels))}


def train_encoder(recipe: Recipe, pack: Packed, folder: Path) -> FaceEncoder:
    """Trains on the pack's `train` rows; the other splits are never looked at here."""
    torch.manual_seed(recipe.seed)
    rows = pack.where(pack.split("train"), jitter=recipe.landmark_jitter)
    encoder = started_encoder(recipe, rows).train()
    arguments = training_arguments(
        recipe,
        folder,
        epochs=recipe.encoder_epochs,
        batch=recipe.encoder_batch,
        rate=recipe.encoder_rate,
        weight_decay=recipe.encoder_weight_decay,
    )
    fit(WithLoss(encoder), rows, arguments)
    return encoder.float().cpu().eval()


def started_encoder(recipe: Recipe, rows: Packed) -> FaceEncoder:
    """What the recipe starts from. Raises FacewiseError when it names no model."""
    if recipe.encoder_from:
        return load_checkpoint(recipe.encoder_from).perceiver.encoder
    return FaceEncoder(encoder_config(recipe, rows))


def fit(model: nn.Module, rows: Dataset, arguments: TrainingArguments) -> None:
    """Trains in place with transformers' Trainer, from the last whole checkpoint if there is one. `rows` has a `collate`."""
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=rows.collate)
    trainer.train(resume_from_checkpoint=last_checkpoint(Path(arguments.output_dir)))


def last_checkpoint(folder: Path) -> str | None:
    """The latest one that was written to its end: the Trainer writes its state last."""
    whole = folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{TRAINER_STATE_NAME}")
    steps = {int(state.parent.name.split("-")[-1]): str(state.parent) for state in whole}
    return steps[max(steps)] if steps else None


def encoder_config(recipe: Recipe, rows: Packed) -> FaceEncoderConfig:
    """The network's shape, with the statistics of the training points."""
    canonical = rows.tensors["canonical"].float()
    mean = canonical.mean(0)
    spread = (canonical - mean).square().mean((0, 2)).sqrt().clamp(min=1e-3)
    return FaceEncoderConfig(
        num_layers=recipe.num_layers,
        hidden_size=recipe.hidden_size,
        num_heads=1 if recipe.hidden_size % 64 else recipe.hidden_size // 64,
        landmark_mean=mean.tolist(),
        landmark_std=spread.tolist(),
        digital=False,  # no such labels yet: the answer stays null
    )


def training_arguments(
    recipe: Recipe, folder: Path, epochs: float, batch: int, rate: float, weight_decay: float = 0.0
) -> TrainingArguments:
    """What both stages share: cosine schedule, autocast where bfloat16 is fast, a checkpoint now and then, nothing reported elsewhere."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch,
        learning_rate=rate,
        weight_decay=weight_decay,
        warmup_steps=0.05,
        lr_scheduler_type="cosine",
        max_grad_norm=1.0,
        bf16=fast_dtype() == "bfloat16",
        use_cpu=not torch.cuda.is_available(),
        logging_steps=20,
        save_strategy="steps",
        save_steps=0.2,
        save_total_limit=1,
        seed=recipe.seed,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )
