"""`facewise train RECIPE.yaml [--field value ...]`: from packs and built rows to a folder that `facewise ask --model` loads.

Stages that are done are skipped, a stage that was cut off goes on from its last checkpoint; so a folder belongs to one recipe, and another one
is refused. The folder is light: own weights, and the base language model by name (model/checkpoint.py).

`accelerate launch --config_file finetune/launch/ddp.yaml -m facewise.cli train RECIPE.yaml` shares each batch among processes (processes.py).
"""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from ..model.checkpoint import load_checkpoint, recipe_of
from ..model.errors import FacewiseError
from ..model.export_run import ADAPTERS
from ..model.network.configuration import FaceEncoderConfig
from ..model.network.encoder import FaceEncoder
from ..model.network.processing import EVIDENCE_FOLDER
from .encoder.folds import check_folds
from .encoder.losses import weights_of
from .encoder.packed import Packed, read_pack
from .encoder.stage import check_parts, check_start, encoder_config, encoder_of, kept_encoder, learned_encoder, will_have_places
from .language.adapters import check_targets
from .language.answering import answers
from .language.assistant_start import base_configs
from .language.recalibrating import recalibrated
from .lessons.built_rows import TaughtRow, taught_rows
from .lessons.lengths import check_lengths
from .lessons.pack_lessons import PACK, TASK_SHARE, PackSeen
from .lessons.unseen import teaching_rows
from .material import built_records, check_packs, packed_records
from .measure import measure, say
from .outline import outline, planned_config, table
from .processes import begin, check_shares, end, is_main, main_first, tell, together
from .recipe import Recipe, read_recipe
from .recipe_checks import WORDS
from .run_folder import alone, check_folder, claim
from .validation import TABLE, write_table
from .watch import told_when_full


def main(argv: list[str]) -> None:
    begin()
    with together():
        recipe = read_recipe(argv)
        check_shares(recipe)
        out = Path(recipe.output_dir)
        has_words = any(stage in recipe.stages for stage in WORDS)
        check_folder(recipe, out)
        check_packs(recipe.pack)
        check_bases(recipe, has_words)
        with main_first():
            pack, rows = material(recipe)
        is_model = has_words or "calibrate" in recipe.stages
        is_done = (out / ("config.json" if is_model else TABLE)).exists()  # written last
        planned = [] if is_done else plan(recipe, pack, rows, has_words)
    with ExitStack() as held:
        with together():
            if is_main():
                claim(recipe, out)
                held.enter_context(alone(out))
        if is_done:
            tell(f"{out}: trained already by this recipe; delete the folder to train anew")
        else:
            tell(table(planned))
            with told_when_full(out):
                run(recipe, pack, rows, out)
    end()


def run(recipe: Recipe, pack: Packed | None, rows: list[TaughtRow], out: Path) -> None:
    """All stages, into a folder that is this recipe's."""
    encoder = evidence_encoder(recipe, pack, out)
    if pack is not None and is_main():
        tested = pack.where(pack.split("test"))
        say(out, measure(tested, PackSeen(encoder, tested)), "heads.json")
    if any(stage in recipe.stages for stage in WORDS):
        answers(recipe, encoder, pack, rows, out)
    elif is_main():
        if "calibrate" in recipe.stages:
            recalibrated(recipe, encoder, pack, out)
        else:
            write_table(out)


def check_bases(recipe: Recipe, has_words: bool) -> None:
    """Raises FacewiseError for an encoder or a language model that cannot be had, before pictures are packed for them."""
    if recipe.encoder_from:
        encoder_of(recipe.encoder_from)
    if "calibrate" in recipe.stages:
        check_words(recipe)
    if has_words:
        text, _ = base_configs(recipe)
        with torch.device("meta"):
            check_targets(AutoModelForCausalLM.from_config(text), recipe.lora_targets)


def check_words(recipe: Recipe) -> None:
    """Raises FacewiseError where the model whose words stay has none, or has them on another base than the recipe says."""
    start = load_checkpoint(recipe.encoder_from)
    _ = start.config, start.language_folder
    base = recipe_of(start.folder).get("adapters_on", recipe.adapters_on)
    if (start.folder / ADAPTERS).is_dir() and base != recipe.adapters_on:
        raise FacewiseError(f"{recipe.encoder_from}: its adapters lie on the {base}; give --adapters_on {base}")


def material(recipe: Recipe) -> tuple[Packed | None, list[TaughtRow]]:
    """What the recipe learns from, checked. Raises FacewiseError for what no training could use."""
    weights_of(recipe.encoder_weights)
    pack = None
    if recipe.pack or recipe.pack_rows or "encoder" in recipe.stages:
        pack = read_pack(packed_records(recipe.pack, tell), recipe.limit, recipe.encoder_drop)
        pack = pack.leaving_out(recipe.left_out)
        pack.refuse_gaps(recipe.experimental)
        if "encoder" in recipe.stages:
            check_parts(recipe, pack)
        if recipe.encoder_folds > 1:
            check_folds(recipe, pack)
    rows = teaching_rows(recipe, taught_rows(built_records(recipe.rows, tell)), pack, tell) if recipe.rows else []
    if recipe.limit:
        chosen = np.random.default_rng(recipe.seed).permutation(len(rows))[: recipe.limit]
        rows = [rows[i] for i in sorted(chosen)]
    check_adapters(recipe, rows)
    return pack, rows


def check_adapters(recipe: Recipe, rows: list[TaughtRow]) -> None:
    """Raises FacewiseError for a name that no row bears."""
    there = {name for row in rows for name in (row.task, row.row.meta.get("dataset")) if name}
    there |= {*TASK_SHARE, PACK} if recipe.pack_rows else set()
    if unknown := next((name for name in recipe.adapter_tasks if name not in there), None):
        raise FacewiseError(
            f"adapter_tasks holds {unknown!r}, neither a task nor a dataset; there are {', '.join(sorted(there))}"
        )


def plan(recipe: Recipe, pack: Packed | None, rows: list[TaughtRow], has_words: bool) -> list[dict[str, str]]:
    """The table of what is going to happen. Raises FacewiseError for what can be known by now to fail later."""
    encoder = planned_encoder(recipe, pack)
    if not has_words:
        return outline(recipe, encoder)
    bases = base_configs(recipe)
    planned = outline(recipe, encoder, *bases)
    if rows:
        check_lengths(recipe, planned_config(recipe, encoder, *bases), rows)
    return planned


def planned_encoder(recipe: Recipe, pack: Packed | None) -> FaceEncoderConfig:
    if recipe.encoder_from or pack is None:
        config = encoder_of(recipe.encoder_from).config
        if pack is not None:
            check_start(recipe, config, pack)
        config.places |= will_have_places(recipe)
        return config
    return encoder_config(recipe, pack.where(pack.split("train")))


def evidence_encoder(recipe: Recipe, pack: Packed | None, out: Path) -> FaceEncoder:
    """Trained, or as it is."""

    def make() -> FaceEncoder:
        return (
            learned_encoder(recipe, pack, out)
            if "encoder" in recipe.stages and pack is not None
            else encoder_of(recipe.encoder_from)
        )

    return kept_encoder(out / EVIDENCE_FOLDER, make)
