"""Stage (a): the evidence encoder, FRLP and FRGCA included, on its heads, with transformers' Trainer. Resumes from its last checkpoint."""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.utils import SAFE_WEIGHTS_NAME

from ..model import base_llm
from ..model.assembly import base_folder, base_tokenizer
from ..model.checkpoint import fast_dtype, load_checkpoint
from ..model.errors import FacewiseError
from ..model.network.configuration import FaceEncoderConfig
from ..model.network.encoder import FaceEncoder
from ..model.network.loading import check_keys
from ..model.network.shown import IMAGE_TOKEN, VIDEO_TOKEN
from .ablation import shut_guidance
from .encoder_lesson import EncoderLesson
from .encoder_progress import EncoderProgress, restore_best
from .encoder_sampling import Drawn
from .losses import weights_of
from .packed import Packed
from .recipe import Recipe
from .region_text import RegionText, unit_words
from .watch import StopOnBadLoss, last_checkpoint


def train_encoder(recipe: Recipe, pack: Packed, folder: Path) -> FaceEncoder:
    """Trains on the pack's `train` rows and, each epoch, looks at the people of `val` who do not calibrate; never at `test`."""
    pack = pack.without(recipe.encoder_drop)
    rows, val = pack.where(pack.split("train")), pack.where(pack.halves()[0])
    if recipe.encoder_patience and not len(val):
        raise FacewiseError(f"encoder_patience is {recipe.encoder_patience}, but the pack has no faces of val to wait for")
    torch.manual_seed(recipe.seed)
    lesson = started_lesson(recipe, rows)
    drawn = Drawn(rows, recipe.encoder_batch, recipe.seed, recipe.landmark_jitter)
    folder.mkdir(parents=True, exist_ok=True)
    progress = EncoderProgress(lesson, val, folder, recipe.encoder_epochs, recipe.encoder_patience, recipe.encoder_batch)
    fit(lesson, drawn, encoder_arguments(recipe, folder, drawn.batch), progress, StopOnBadLoss("encoder_rate"))
    if recipe.encoder_patience:
        restore_best(lesson, folder)
    return lesson.encoder.float().cpu().eval()


def started_lesson(recipe: Recipe, rows: Packed) -> EncoderLesson:
    """What the recipe starts from, ready to learn. Raises FacewiseError for a model or weights that do not exist or do not fit the pack."""
    weights = weights_of(recipe.encoder_weights)
    encoder = started_encoder(recipe, rows)
    if recipe.encoder_drop == "frgca":
        shut_guidance(encoder)
    region_text = RegionText(encoder.config.hidden_size, region_words(recipe)) if weights["contrast"] else None
    return EncoderLesson(encoder.train(), weights, region_text)


def started_encoder(recipe: Recipe, rows: Packed) -> FaceEncoder:
    """A new encoder, or that of the model that the recipe names. Raises FacewiseError when there is none, or it sees other views than the pack holds."""
    if not recipe.encoder_from:
        return FaceEncoder(encoder_config(recipe, rows))
    encoder = load_checkpoint(recipe.encoder_from).perceiver.encoder
    (*_, size, _, _), grid = rows.tensors["views"][0].shape, len(rows.tensors["map"][0])
    seen, found = encoder.config, (rows.views, size, grid)
    if (seen.views, seen.image_size, seen.grid) != found:
        raise FacewiseError(
            f"{recipe.encoder_from}: its encoder sees {', '.join(seen.views)} at {seen.image_size} px, the pack holds "
            f"{', '.join(rows.views)} at {size} px; pack the records anew, or train a new encoder (encoder_from empty)"
        )
    return encoder


def region_words(recipe: Recipe) -> torch.Tensor:
    """The word embeddings of the recipe's own language model that the contrast needs."""
    base = recipe.base_llm
    folder = base_folder(**base) if "model" in base else base_llm.prepared(**base, placeholders=(IMAGE_TOKEN, VIDEO_TOKEN))
    return unit_words(folder, base_tokenizer(folder).encode)


def fit(lesson: EncoderLesson, rows: Drawn, arguments: TrainingArguments, *callbacks: TrainerCallback) -> None:
    """Trains in place with transformers' Trainer, from the last whole checkpoint if there is one. Raises FacewiseError where that is another
    model's."""
    trainer = Trainer(model=lesson, args=arguments, train_dataset=rows, data_collator=rows.collate)
    for callback in callbacks:
        trainer.add_callback(callback)
    checkpoint = last_checkpoint(Path(arguments.output_dir))
    if checkpoint:
        check_fits(lesson, Path(checkpoint) / SAFE_WEIGHTS_NAME)
    trainer.train(resume_from_checkpoint=checkpoint)


def check_fits(model: nn.Module, weights: Path) -> None:
    """The Trainer itself loads what fits and warns about the rest."""
    own = {name: list(value.shape) for name, value in model.state_dict().items()}
    with safe_open(weights, "pt") as file:
        stored = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 (no mapping)
    other = [name for name in own.keys() & stored.keys() if own[name] != stored[name]]
    check_keys(f"{weights}: written by another recipe", own.keys() - stored.keys(), stored.keys() - own.keys(), other)


def encoder_config(recipe: Recipe, rows: Packed) -> FaceEncoderConfig:
    """The network's shape, with the statistics of the training points; a head for digital manipulations where faces of both kinds teach it."""
    canonical = rows.tensors["canonical"].float()
    mean = canonical.mean(0)
    spread = (canonical - mean).square().mean((0, 2)).sqrt().clamp(min=1e-3)
    digital = rows.tensors["digital"]
    return FaceEncoderConfig(
        views=rows.views,
        num_layers=recipe.num_layers,
        hidden_size=recipe.hidden_size,
        num_heads=1 if recipe.hidden_size % 64 else recipe.hidden_size // 64,
        landmark_mean=mean.tolist(),
        landmark_std=spread.tolist(),
        digital=bool((digital == 0).any() and (digital > 0).any()),
    )


def encoder_arguments(recipe: Recipe, folder: Path, batch: int) -> TrainingArguments:
    """Cosine schedule, a checkpoint now and then, precision and reports as the recipe says; the order of the rows is their own."""
    precision = fast_dtype() if recipe.precision == "auto" else recipe.precision
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=recipe.encoder_epochs,
        per_device_train_batch_size=batch,
        train_sampling_strategy="sequential",
        learning_rate=recipe.encoder_rate,
        weight_decay=recipe.encoder_weight_decay,
        warmup_steps=0.05,
        lr_scheduler_type="cosine",
        max_grad_norm=1.0,
        bf16=precision == "bfloat16",
        fp16=precision == "float16",
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
