"""A row as its mirrored picture would have it: the boxes at the other side, left and right exchanged in what is asked and answered.

Done before anything is perceived, so that views, points and evidence are the mirrored picture's own. A row stays as it is where a clip belongs to it, or
where "left" or "right" may mean anything but a side.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from ...data_builders.rows import texts
from ...model.perception.picture import Picture, read_picture
from ..recipe import Recipe
from .built_rows import TaughtRow

OTHER = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
_SIDE = re.compile(r"\b(?:left|right)(?:most)?\b", re.IGNORECASE)
_PAIR = re.compile(r"\b([Ll]eft|[Rr]ight) (?:or|and) (?:the )?(?!\1)(left|right)\b")
_PLACE_BEFORE = re.compile(r"\b(?:on|to|at) (?:the|his|her|their|its|your|my|the person's)(?: own)? $", re.IGNORECASE)
_PLACE_AFTER = re.compile(r"$|[.,;:!?)]| (?:and|or|but|at|is|are|with|than|side|half)\b")
_PART_BEFORE = re.compile(r"(?:\b(?:the|his|her|their|its|your|my|own|person's|and|or) |^|[.,;:] )$", re.IGNORECASE)
_PART_AFTER = re.compile(
    r"[ -](?:side|half|eyes?|eyelids?|brows?|eyebrows?|cheeks?|nostril|(?:lip |mouth )?corner|edge|border)\b"
)
_CODE_BEFORE, _CODE_AFTER = re.compile(r"\([^()]*\bAU\d+(?:, [A-E])?, $"), re.compile(r"\)")
_TURNED = re.compile(r"mirror|clockwise|selfie", re.IGNORECASE)  # what no exchange of words makes true again


def drawn_mirrored(recipe: Recipe, rows: Sequence[TaughtRow]) -> list[TaughtRow]:
    """The rows, of which a share of `flips` is mirrored if that can be; which ones, seed and id decide."""
    return [mirrored(taught) if may_mirror(taught) and _draw(recipe, taught) < recipe.flips else taught for taught in rows]


def may_mirror(taught: TaughtRow) -> bool:
    """Pictures alone, and words whose sides are known for sides."""
    row = taught.row
    spoken = [text for role in ("system", "user", "assistant") for text in texts(row, role)]
    return bool(row.images) and not row.videos and all(map(can_exchange, spoken))


def mirrored(taught: TaughtRow) -> TaughtRow:
    row, face, objects = taught.row, taught.face, taught.row.objects
    if face is not None or objects:
        width = read_picture(taught.media()[-1][1]).pixels.shape[1]
        face = None if face is None else _turned(face, width)
        objects = objects and {**objects, "bbox": [list(_turned(box, width)) for box in objects.get("bbox", ())]}
    messages = [{**message, "content": [_part(part) for part in message["content"]]} for message in row.messages]
    return replace(taught, row=replace(row, messages=messages, objects=objects), face=face, is_mirrored=True)


def mirrored_picture(picture: Picture) -> Picture:
    return Picture(np.ascontiguousarray(picture.pixels[:, ::-1]), picture.name)


def can_exchange(text: str) -> bool:
    """Whether every left and right in it is a side."""
    pairs = {at for pair in _PAIR.finditer(text) for at in (pair.start(1), pair.start(2))}
    return not _TURNED.search(text) and all(side.start() in pairs or _is_side(text, side) for side in _SIDE.finditer(text))


def exchanged(text: str) -> str:
    """ "the brows are raised on the left" -> "... on the right"."""
    return _SIDE.sub(lambda side: OTHER[side[0]], text)


def _is_side(text: str, side: re.Match[str]) -> bool:
    if side[0] not in OTHER:
        return False
    before, after = text[: side.start()], text[side.end() :]
    is_place = _PLACE_BEFORE.search(before) and _PLACE_AFTER.match(after)
    is_coded = _CODE_BEFORE.search(before) and _CODE_AFTER.match(after)
    is_part = _PART_BEFORE.search(before) and _PART_AFTER.match(after)
    return bool(is_place or is_coded or is_part)


def _part(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "text": exchanged(part["text"])} if part["type"] == "text" else part


def _turned(box: Sequence[float], width: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return width - right, top, width - left, bottom


def _draw(recipe: Recipe, taught: TaughtRow) -> float:
    told = f"{recipe.seed}\nmirror\n{taught.row.id}".encode()
    return int.from_bytes(blake2b(told, digest_size=6).digest()) / 2**48
