"""Stage (a): the evidence encoder, FRLP and FRGCA included, on its heads, with transformers' Trainer: all at once or, where authenticity has epochs of
its own, in two parts. Resumes from its last checkpoint."""

from collections.abc import Callable
from pathlib import Path

import torch

from ...model.assembly import base_tokenizer
from ...model.checkpoint import load_checkpoint
from ...model.errors import FacewiseError
from ...model.network.configuration import FaceEncoderConfig
from ...model.network.encoder import FaceEncoder
from ...model.network.heads import N_EMOTIONS
from ...model.network.loading import load_strict
from ...model.network.processing import EVIDENCE_FOLDER
from ...model.network.regions import turned
from ...model.network.sight import tells_of_attacks
from ...model.taxonomy import MIRROR
from ..language.assistant_start import language_folder
from ..processes import check_share, is_main, wait
from ..recipe import Recipe
from ..sharding import unsharded
from ..stage_trainer import StageTrainer, fit
from ..training_arguments import training_arguments
from .ablation import shut_guidance
from .lesson import EncoderLesson
from .losses import AUTHENTICITY, EXPRESSION, weights_of
from .packed import Packed
from .progress import EncoderProgress, restore_best
from .region_text import RegionText, unit_words
from .sampling import TEMPERING, Drawn


def learned_encoder(recipe: Recipe, pack: Packed, folder: Path) -> FaceEncoder:
    """Every part that the recipe wants, each in a folder of its own."""
    first = folder / "stage-encoder"
    if not recipe.authenticity_epochs:
        return train_encoder(recipe, pack, first)
    if recipe.encoder_epochs:
        encoder = kept_encoder(first / EVIDENCE_FOLDER, lambda: train_encoder(recipe, pack, first))
    else:
        encoder = started_encoder(recipe, pack.where(pack.split("train")))
    return train_authenticity(recipe, encoder, pack, folder / "stage-authenticity")


def kept_encoder(done: Path, make: Callable[[], FaceEncoder]) -> FaceEncoder:
    """The encoder that lies at `done`; if none does, what is made now, kept there in halves."""
    if not done.is_dir():
        half = done.with_name(f".{done.name}")
        encoder = make().half()
        if is_main():
            encoder.save_pretrained(half)
            half.rename(done)  # never half a folder
    wait()
    return load_strict(FaceEncoder, done, dtype=torch.float32)


def check_parts(recipe: Recipe, pack: Packed) -> None:
    """Raises FacewiseError for a part of the encoder that nothing of the pack, or no loss, would teach."""
    train, weights = pack.split("train"), weights_of(recipe.encoder_weights)
    parts: list[tuple[str, torch.Tensor, tuple[str, ...]]] = []
    if recipe.authenticity_epochs:
        parts.append(("authenticity_epochs", pack.tells_of_attacks(), AUTHENTICITY))
    if recipe.encoder_epochs and (recipe.authenticity_epochs or recipe.encoder_frozen):
        parts.append(("encoder_epochs", pack.tells_of_expressions(), EXPRESSION))
    for field, tells, losses in parts:
        if not (train & tells).any():
            raise FacewiseError(f"{field} is {getattr(recipe, field):g}, but no row of the pack's part train has a label for it")
        if not any(weights[name] for name in losses):
            raise FacewiseError(
                f"{field} is {getattr(recipe, field):g}, but encoder_weights has 0 for each of {', '.join(losses)}"
            )


def train_encoder(recipe: Recipe, pack: Packed, folder: Path) -> FaceEncoder:
    """Trains on the pack's `train` rows and, each epoch, looks at the people of `val` who do not calibrate; never at `test`. Where authenticity
    has epochs of its own, or the encoder is frozen, these are of expressions alone."""
    pack = pack.without(recipe.encoder_drop)
    torch.manual_seed(recipe.seed)
    lesson = started_lesson(recipe, pack.where(pack.split("train")))
    if recipe.authenticity_epochs or recipe.encoder_frozen:
        pack = pack.where(pack.tells_of_expressions())
        lesson.weights |= dict.fromkeys(AUTHENTICITY, 0.0)
        let_learn(lesson.encoder, authenticity=False, expression=True)
    if recipe.encoder_frozen:
        lesson.encoder.requires_grad_(False).expression.requires_grad_(True)
    return _trained(recipe, lesson, pack, folder, recipe.encoder_epochs, "encoder_rate")


def train_authenticity(recipe: Recipe, encoder: FaceEncoder, pack: Packed, folder: Path) -> FaceEncoder:
    """Goes on with what tells of attacks alone, on the rows that say anything about them: it learns more slowly than expressions do, and no longer
    spoils them."""
    pack = pack.without(recipe.encoder_drop)
    torch.manual_seed(recipe.seed)
    let_learn(encoder, authenticity=True, expression=False)
    weights = weights_of(recipe.encoder_weights)
    lesson = EncoderLesson(encoder.train(), {name: weight if name in AUTHENTICITY else 0.0 for name, weight in weights.items()})
    return _trained(recipe, lesson, pack.where(pack.tells_of_attacks()), folder, recipe.authenticity_epochs, "authenticity_rate")


def _trained(recipe: Recipe, lesson: EncoderLesson, pack: Packed, folder: Path, epochs: float, rate: str) -> FaceEncoder:
    rows, val = pack.where(pack.split("train")), pack.where(pack.halves()[0])
    if recipe.encoder_patience and not len(val):
        raise FacewiseError(f"encoder_patience is {recipe.encoder_patience}, but the pack has no faces of val to wait for")
    if recipe.encoder_drop == "frgca":
        shut_guidance(lesson.encoder)
    drawn = Drawn(rows, recipe.encoder_batch, recipe.seed, recipe.landmark_jitter)
    check_share("encoder_batch, or the number of rows that train,", drawn.batch)
    if is_main():
        folder.mkdir(parents=True, exist_ok=True)
    progress = EncoderProgress(lesson, val, folder, epochs, recipe.encoder_patience, recipe.encoder_batch)
    with unsharded():
        fit(encoder_trainer(recipe, lesson, drawn, folder, epochs, getattr(recipe, rate)), rate, progress)
    wait()
    if recipe.encoder_patience:
        restore_best(lesson, folder)
        lesson.encoder.config.chosen_on_val = True
    return lesson.encoder.float().cpu().eval()


def encoder_trainer(
    recipe: Recipe, lesson: EncoderLesson, drawn: Drawn, folder: Path, epochs: float, rate: float
) -> StageTrainer:
    arguments = training_arguments(
        recipe,
        folder,
        epochs,
        rate,
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
    region_text = RegionText(encoder.config.hidden_size, region_words(recipe)) if weights["contrast"] else None
    return EncoderLesson(encoder.train(), weights, region_text, emotion_prior(rows))


def emotion_prior(rows: Packed) -> torch.Tensor:
    """[9]: what the training adds to an emotion's logit, so that a common one need not be likelier by itself (logit adjustment, Menon et al. 2021,
    arXiv 2007.07314), tempered as the sampling is."""
    shown = rows.tensors["emotion"]
    counts = shown[shown >= 0].bincount(minlength=N_EMOTIONS).clamp(min=1)
    return TEMPERING * (counts / counts.sum()).log()


def let_learn(encoder: FaceEncoder, *, authenticity: bool, expression: bool) -> None:
    """One of the two, or both; region guidance belongs to expressions, too."""
    encoder.requires_grad_(expression)
    encoder.authenticity.requires_grad_(authenticity)
    for tells, look in zip(tells_of_attacks(encoder.config), encoder.sight.looks, strict=True):
        look.requires_grad_(authenticity if tells else expression)


def started_encoder(recipe: Recipe, rows: Packed) -> FaceEncoder:
    """A new encoder, or that of the model that the recipe names. Raises FacewiseError when there is none, or it sees other views than the pack holds."""
    if not recipe.encoder_from:
        encoder = FaceEncoder(encoder_config(recipe, rows))
        encoder.region_projector.standardise(known_meshes(rows))
        return encoder
    encoder = encoder_of(recipe.encoder_from)
    check_start(recipe, encoder.config, rows)
    if will_have_places(recipe) and not encoder.config.places:
        encoder.add_places()
    return encoder


def will_have_places(recipe: Recipe) -> bool:
    """Whether an encoder that has none is given some: they are no use unlearned."""
    return recipe.places and "encoder" in recipe.stages and recipe.encoder_epochs > 0


def check_start(recipe: Recipe, seen: FaceEncoderConfig, rows: Packed) -> None:
    """Raises FacewiseError where the encoder that the recipe starts from sees other views than the pack holds, or would have to unlearn places."""
    name = recipe.encoder_from
    if seen.places and not recipe.places and "encoder" in recipe.stages:
        raise FacewiseError(
            f"{name}: its encoder reads places of the skin; leave places as it is, or train a new encoder (encoder_from empty)"
        )
    size, grid = shape_of(rows)
    if (seen.views, seen.image_size, seen.grid) != (rows.views, size, grid):
        raise FacewiseError(
            f"{name}: its encoder sees {', '.join(seen.views)} at {seen.image_size} px, the pack holds "
            f"{', '.join(rows.views)} at {size} px; pack the records anew, or train a new encoder (encoder_from empty)"
        )


def encoder_of(name: str) -> FaceEncoder:
    """That of a model, or of a run whose other stages are not done. Raises FacewiseError where there is none."""
    folder = Path(name) / EVIDENCE_FOLDER
    return load_strict(FaceEncoder, folder, dtype=torch.float32) if folder.is_dir() else load_checkpoint(name).perceiver.encoder


def shape_of(rows: Packed) -> tuple[int, int]:
    """Pixels and patches along a view's side."""
    return rows.tensors["views"][0].shape[-2], len(rows.tensors["map"][0])


def known_meshes(rows: Packed) -> torch.Tensor:
    """[N, 478, 3]; N may be 0."""
    mesh = rows.tensors["mesh"]
    return mesh[mesh.isfinite().all(-1).all(-1)].float()


def region_words(recipe: Recipe) -> torch.Tensor:
    """The word embeddings of the recipe's own language model that the contrast needs."""
    folder = language_folder(recipe)
    return unit_words(folder, base_tokenizer(folder).encode)


def encoder_config(recipe: Recipe, rows: Packed) -> FaceEncoderConfig:
    """The network's shape, with the statistics of the training points; a head for digital manipulations where faces of both kinds teach it."""
    canonical = rows.tensors["canonical"].float()
    mean = canonical.mean(0)
    mean = (mean + turned(mean[None], MIRROR)[0]) / 2
    spread = (canonical - mean).square().mean((0, 2)).sqrt().clamp(min=1e-3)
    digital = rows.tensors["digital"]
    size, grid = shape_of(rows)
    return FaceEncoderConfig(
        image_size=size,
        patch_size=size // grid,
        views=rows.views,
        num_layers=recipe.num_layers,
        hidden_size=recipe.hidden_size,
        num_heads=1 if recipe.hidden_size % 64 else recipe.hidden_size // 64,
        landmark_mean=mean.tolist(),
        landmark_std=spread.tolist(),
        digital=bool((digital == 0).any() and (digital > 0).any()),
        places=recipe.places,
    )
