"""What the page says by itself: of a file that was dropped, of a question that cannot be asked, of a failure. Whole sentences, no jargon."""

from __future__ import annotations

from ...model.errors import FacewiseError
from ...model.questions import task_of
from . import film
from .conversation import Item

NO_FACE = (
    "I found no face in this picture. A face that looks towards the camera, larger than a thumbnail and not covered, can be read."
)
A_MOVEMENT = (
    "A micro-expression is a movement that comes and goes within a moment, which no photo shows. Drop a clip, and I look for one."
)
NOTHING_YET = "Drop a photo or a clip first: on the box below the question, or anywhere on the page."


def told(item: Item) -> str:
    """What the page says of a file that was dropped."""
    if item.is_clip:
        return film.told(item)
    count = len(item.face_ids)
    if not count:
        return NO_FACE
    if count == 1:
        return "I found one face. Ask about it, or choose a question below."
    return f"I found {count} faces. Face 1, the largest, is chosen; click another one to ask about it."


def unaskable(item: Item | None, question: str) -> str:
    """Why the question cannot be asked about what is on view; empty where it can."""
    if item is None:
        return NOTHING_YET
    if item.is_clip:
        return "" if film.person(item) else film.told(item)
    if item.chosen is None:
        return NO_FACE
    return A_MOVEMENT if task_of(question) == "micro" else ""


def sentence(error: FacewiseError) -> str:
    text = str(error)
    begins_with_a_file = "." in text.partition(": ")[0]
    return (text if begins_with_a_file else text[:1].upper() + text[1:]) + ("" if text.endswith((".", "!", "?")) else ".")
