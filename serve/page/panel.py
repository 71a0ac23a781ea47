"""What the page shows of a conversation: the transcript, the strip of its files, and the evidence of the chosen face."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ...model.readings import action_units, emotion
from . import bars, film, stage
from .conversation import Conversation, Item
from .keeping import messages
from .layout import Parts
from .models import Models

Updates = dict[Any, Any]


def shown(parts: Parts, conversation: Conversation, models: Models) -> Updates:
    """Everything that depends on the conversation."""
    item = conversation.item
    evidence = {} if item is None else _clip(parts, item, models) if item.is_clip else _photo(parts, conversation, item, models)
    return {parts.talk: messages(conversation), **evidence, parts.strip: stage.strip(conversation)}


def _photo(parts: Parts, conversation: Conversation, item: Item, models: Models) -> Updates:
    is_neutral = conversation.neutral is not None and conversation.neutral[0] == f"{item.name}, face {item.face + 1}"
    return {
        parts.stage: stage.stage(item) + (stage.region_legend() if item.face in item.regions else ""),
        parts.neutral: gr.update(value="Forget the neutral face" if is_neutral else "This is the neutral face"),
        parts.numbers: _numbers(conversation, item, models),
    }


def _numbers(conversation: Conversation, item: Item, models: Models) -> str:
    face, numbers = item.chosen, conversation.evidence()
    if face is None or numbers is None:
        return ""
    seen = next((one for one in item.found.detected if one.id == face.id), None) if item.found else None
    return "".join(
        (
            bars.head(f"Face {face.id + 1}", face.quality, face.streams),
            bars.gauge(conversation.answer("spoof"), models.calibration),
            bars.action_units(action_units(numbers), conversation.neutral[0] if conversation.neutral else "people at large"),
            bars.appearance(emotion(numbers)) if models.emotion else "",
            stage.sees(item.picture, seen) if item.picture is not None and seen is not None else "",
            bars.limits(),
        )
    )


def _clip(parts: Parts, item: Item, models: Models) -> Updates:
    return {
        parts.film: film.film(item),
        parts.scrub: gr.update(maximum=max(1, len(item.film) - 1), value=item.frame),
        parts.moves: verdict(item, models) + film.moves(item) + bars.limits(),
    }


def verdict(item: Item, models: Models) -> str:
    """Of a clip, once it was asked for."""
    answer = item.answers.get((item.face, "spoof"))
    return "" if answer is None else bars.gauge(answer, models.calibration)
