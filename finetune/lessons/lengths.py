"""Rows that are too long, told before the first stage trains: what is certain of a row by the base's tokenizer and the tokens of one face.

Its evidence in words, more faces and movements come on top, which only a trained encoder knows; lessons.py counts those.
"""

from collections.abc import Sequence
from typing import Any

from ...data_builders.rows import texts
from ...model.assembly import base_tokenizer
from ...model.errors import FacewiseError
from ...model.network.configuration import FacewiseConfig
from ...model.network.encoder import FaceEncoder
from ...model.network.perceive import Perceiver
from ...model.network.processing import FacewiseProcessor
from ...model.network.regions import N_REGIONS
from ...model.network.shown import face_text
from ..language.assistant_start import language_folder
from ..recipe import Recipe
from .built_rows import TaughtRow
from .conversations import BY_EVIDENCE, Conversation, Turn
from .lesson import tokenised
from .media import shown_kind

TEMPLATE = 100  # tokens that a chat template adds to a message, at most


def check_lengths(recipe: Recipe, config: FacewiseConfig, rows: Sequence[TaughtRow]) -> None:
    """Raises FacewiseError for built rows of more than `max_length` tokens, unless they are to be left out and others stay."""
    encoder: Any = config.encoder_config
    processor = FacewiseProcessor(base_tokenizer(language_folder(recipe)), Perceiver(FaceEncoder(encoder)))
    face = face_text(1, None, face_tokens(config))
    at_least = {taught.row.id: fewest(recipe, taught, face, face_tokens(config), processor) for taught in rows}
    long = {name: count for name, count in at_least.items() if count > recipe.max_length}
    if long and not recipe.drop_long:
        name, count = next(iter(long.items()))
        raise FacewiseError(
            f"row {name!r} has at least {count} tokens and {len(long) - 1} more are over max_length {recipe.max_length}; raise it, or "
            f"give --drop_long true"
        )
    if long and len(long) == len(rows) and not recipe.pack_rows:
        raise FacewiseError(f"all {len(rows)} rows are longer than max_length {recipe.max_length}; raise it")


def face_tokens(config: FacewiseConfig) -> int:
    """Places of one face in a prompt."""
    encoder: Any = config.encoder_config
    of_tower = 0 if config.vision_config is None else len(config.vision_views) * config.vision_tokens
    return N_REGIONS + 1 + len(encoder.views) * encoder.tokens_per_view + of_tower


def fewest(recipe: Recipe, taught: TaughtRow, face: str, places: int, processor: FacewiseProcessor) -> int:
    """Tokens of a row when each of its media shows one face; of a row that is short by its letters, a number that is too high and yet short."""
    told = as_known(recipe, taught)
    spoken = [part for turn in told.turns for part in (turn.question, turn.answer)] + [told.system or ""]
    letters = sum(len(text.encode()) for text in spoken)  # no token is less than a byte
    most = letters + len(told.media) * (len(face) + places) + TEMPLATE * len(spoken)
    if most <= recipe.max_length:
        return most
    return len(tokenised(told, [face for _ in told.media], processor, recipe.verdict_weight)[0])


def as_known(recipe: Recipe, taught: TaughtRow) -> Conversation:
    """The row's own words; an answer that the evidence will give is not known yet."""
    system = texts(taught.row, "system")
    turns = [Turn(*pair) for pair in zip(texts(taught.row, "user"), texts(taught.row), strict=True)]
    if recipe.answers == "evidence" and taught.row.meta.get("kind") in BY_EVIDENCE.get(taught.task, ()):
        turns = [Turn(turns[0].question, "")]
    media = tuple(shown_kind(kind, taught) for kind, _ in taught.media())
    return Conversation(tuple(turns), media, system[0] if system else None)
