"""Before a stage in which the tower rests: all faces of the stage are looked at, and its batches bring the tower's patches in the place of pixels.

What that takes on disk is told first, and a disk that has no room for it ends the training before the tower has looked at anything.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ...model.errors import FacewiseError
from ...model.network.configuration import FacewiseConfig
from ...model.network.modeling import FacewiseForConditionalGeneration
from ...model.network.regions import N_REGIONS
from ...model.perception.views import FaceViews
from ..lessons.batches import Lessons, shown_of
from ..lessons.lesson import Lesson
from ..processes import number_of, tell, together, wait
from ..recipe import Recipe
from ..training_arguments import precision
from .tower_store import TowerStore, tower_print

CACHE = "tower"  # beside the encoder's (answering.py)


def keep_patches(
    recipe: Recipe, model: FacewiseForConditionalGeneration, rows: Lessons, held_out: Sequence[Lesson], run: Path
) -> None:
    """Into $FACEWISE_CACHE, where there is one, else into the `run`'s folder. Nothing where there is no tower or where it learns. Raises FacewiseError
    for a disk without room."""
    vision, look = model.vision, rows.look
    if not recipe.cache_tower or vision is None or look is None or any(one.requires_grad for one in vision.tower.parameters()):
        return
    folder = Path(os.environ.get("FACEWISE_CACHE") or run) / CACHE
    numbers = precision(recipe)
    if torch.cuda.is_available():
        vision.tower.to("cuda")  # the Trainer moves the rest
    lessons = [*rows.lessons, *held_out]
    store = TowerStore(folder, tower_print(vision, look, numbers))
    with together():
        check_room(store, face_count(lessons, model.config), face_bytes(model.config, numbers))
        store.look_at(faces_of(lessons), vision, look, numbers)
    wait()
    rows.kept = TowerStore(folder, store.print)


def faces_of(lessons: Sequence[Lesson]) -> Iterator[FaceViews]:
    """Of this process's share of all media, each once."""
    showings = {(id(one.source), one.key, one.has_tokens): one for lesson in lessons for one in lesson.showings}
    rank = dist.get_rank() if dist.is_initialized() else 0
    for showing in list(showings.values())[rank :: number_of()]:
        yield from shown_of(showing).faces


def face_count(lessons: Sequence[Lesson], config: FacewiseConfig) -> int:
    """By their tokens, without a look at the media; a face that is shown with and without its tokens counts twice."""
    encoder: Any = config.encoder_config
    a_face = N_REGIONS + 1 + len(encoder.views) * encoder.tokens_per_view + len(config.vision_views) * config.vision_tokens
    shown = {
        tuple((id(one.source), one.key, one.has_tokens) for one in lesson.showings): int(
            (lesson.ids == config.image_token_id).sum()
        )
        for lesson in lessons
    }
    return sum(tokens // a_face for tokens in shown.values())


def face_bytes(config: FacewiseConfig, numbers: str) -> int:
    """Of what is kept of one face."""
    vision: Any = config.vision_config
    return len(config.vision_views) * config.vision_grid**2 * vision.hidden_size * (2 if numbers == "bfloat16" else 4)


def check_room(store: TowerStore, faces: int, a_face: int) -> None:
    """Tells the size. Raises FacewiseError where what is not there yet does not fit."""
    wanted = max(0, faces - len(store)) * a_face
    there = next(place for place in (store.folder, *store.folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    size = f"what the frozen tower makes of {faces:,} faces takes up to {faces * a_face / 1e9:.2f} GB in {store.folder}"
    if wanted > free:
        raise FacewiseError(f"{size}, and {free / 1e9:.2f} GB are free; free some space there, or give --cache_tower false")
    tell(size)
