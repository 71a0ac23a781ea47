"""The verdict of a model calibrated anew, on a pack of other people, cameras or attacks, or for an encoder that went on learning; its words stay."""

import shutil
from pathlib import Path

import torch

from ...model.checkpoint import ADAPTER, OWN_WEIGHTS, Checkpoint, load_checkpoint
from ...model.export_run import ADAPTERS
from ...model.network.encoder import FaceEncoder
from ...model.network.perceive import Perceiver
from ...model.network.processing import EVIDENCE_FOLDER, FacewiseProcessor
from ..encoder.packed import Packed
from ..recipe import Recipe
from ..validation import write_table
from .answering import calibration_of

OF_THE_RUN = (EVIDENCE_FOLDER, "config.json", "README.md")  # a card tells other numbers


def recalibrated(recipe: Recipe, encoder: FaceEncoder, pack: Packed | None, out: Path) -> None:
    """Makes `out` the model that the recipe starts from, with the run's own encoder. Raises FacewiseError where its words cannot be loaded."""
    start = load_checkpoint(recipe.encoder_from)
    looks = Perceiver(encoder, start.config.max_faces)
    processor = FacewiseProcessor(start.processor.tokenizer, looks, look=start.processor.look)
    model = start.model("float32").eval().to("cuda" if torch.cuda.is_available() else "cpu")
    before = start.config.calibration
    may_vote = before is None or bool(before["llm"])  # the same words tell no more than they did
    model.config.calibration = calibration_of(recipe, model, processor, encoder, pack, out, may_vote)
    for part in words_of(start):
        if part.is_dir():
            shutil.copytree(part, out / part.name, dirs_exist_ok=True)  # a run that was killed here goes on
        else:
            shutil.copy2(part, out / part.name)
    write_table(out)
    encoder.config.name_or_path = ""  # no path of this machine
    model.config.encoder_config = encoder.config
    model.config.save_pretrained(out)  # last: it makes the folder a model


def words_of(model: Checkpoint) -> list[Path]:
    """The files and folders that hold its language: of a light folder a few by name, for a run's holds much else; of a whole one all that is no evidence."""
    if model.config.base_llm is None:
        return [part for part in model.folder.iterdir() if part.name not in OF_THE_RUN]
    return [part for name in (OWN_WEIGHTS, ADAPTER, ADAPTERS) if (part := model.folder / name).exists()]
