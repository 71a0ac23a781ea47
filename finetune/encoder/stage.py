"""Stage (a): the evidence encoder, FRLP and FRGCA included, on its heads, with transformers' Trainer. Resumes from its last checkpoint."""

from pathlib import Path

import torch

from ...model.assembly import base_tokenizer
from ...model.checkpoint import load_checkpoint
from ...model.errors import FacewiseError
from ...model.network.configuration import FaceEncoderConfig
from ...model.network.encoder import FaceEncoder
from ..language.assistant_start import language_folder
from ..processes import check_share, is_main, wait
from ..recipe import Recipe
from ..sharding import unsharded
from ..stage_trainer import StageTrainer, fit
from ..training_arguments import training_arguments
from .ablation import shut_guidance
from .lesson import EncoderLesson
from .losses import weights_of
from .packed import Packed
from .progress import EncoderProgress, restore_best
from .region_text import RegionText, unit_words
from .sampling import Drawn


def train_encoder(recipe: Recipe, pack: Packed, folder: Path) -> FaceEncoder:
    """Trains on the pack's `train` rows and, each epoch, looks at the people of `val` who do not calibrate; never at `test`."""
    pack = pack.without(recipe.encoder_drop)
    rows, val = pack.where(pack.split("train")), pack.where(pack.halves()[0])
    if recipe.encoder_patience and not len(val):
        raise FacewiseError(f"encoder_patience is {recipe.encoder_patience}, but the pack has no faces of val to wait for")
    torch.manual_seed(recipe.seed)
    lesson = started_lesson(recipe, rows)
    drawn = Drawn(rows, recipe.encoder_batch, recipe.seed, recipe.landmark_jitter)
    check_share("encoder_batch, or the number of rows that train,", drawn.batch)
    if is_main():
        folder.mkdir(parents=True, exist_ok=True)
    progress = EncoderProgress(lesson, val, folder, recipe.encoder_epochs, recipe.encoder_patience, recipe.encoder_batch)
    with unsharded():
        fit(encoder_trainer(recipe, lesson, drawn, folder), "encoder_rate", progress)
    wait()
    if recipe.encoder_patience:
        restore_best(lesson, folder)
    return lesson.encoder.float().cpu().eval()


def encoder_trainer(recipe: Recipe, lesson: EncoderLesson, drawn: Drawn, folder: Path) -> StageTrainer:
    arguments = training_arguments(
        recipe,
        folder,
        recipe.encoder_epochs,
        recipe.encoder_rate,
        drawn.batch,
        weight_decay=recipe.encoder_weight_decay,
        train_sampling_strategy="sequential",  # the order of the rows is their own
        ddp_find_unused_parameters=not all(lesson.weights.values()) or bool(recipe.encoder_drop),  # else all of it learns
    )
    return StageTrainer(model=lesson, args=arguments, train_dataset=drawn, data_collator=drawn.collate)


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
    folder = language_folder(recipe)
    return unit_words(folder, base_tokenizer(folder).encode)


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
