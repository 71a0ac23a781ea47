"""An instruction row is a conversation about one picture or clip that a model is taught by: TRL's message format, one JSON object a line.

Where things lie on a picture is no text: a message says `<bbox>`, and `objects` holds the box, because every trainer spells boxes in its own way.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model.errors import FacewiseError

BOX = "<bbox>"  # in a text: the next box of `objects`
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode  # one for all: json.dumps makes a new one for each


@dataclass(frozen=True)
class Row:
    """`messages` [{"role", "content": [{"type": "image" | "video" | "text", "text"}]}]; the parts of type image and video stand for `images` and
    `videos`, in their order: paths of the data set's folder, or absolute where media stayed where they were. A video may be a folder of frames.

    `objects` {"ref": [what], "bbox": [[x1, y1, x2, y2]], "bbox_type": "real"}: pixels of the picture as the user sees it, in the order of the `<bbox>` of
    all texts. `meta`: `record` (its id), `dataset`, `licence`, `subject`, `split`, `task` of TASKS, `label` (of the task, in our words), `level` ("au", "emotion"
    or "face", what a description is of), `writer` ("template" or a teacher's model), `wording`, and what else is known; of a part of a longer
    video `frames` [first, last], from 0.
    """

    id: str
    messages: list[dict[str, Any]]
    images: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    objects: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=dict)


def turn(role: str, text: str, media: Sequence[str] = ()) -> dict[str, Any]:
    """A message; `media` are "image" or "video" each, and stand before the text (prefix caches want the picture first)."""
    return {"role": role, "content": [*({"type": kind} for kind in media), {"type": "text", "text": text}]}


def texts(row: Row, role: str = "assistant") -> list[str]:
    """What a role says, one text a message."""
    return [
        "".join(part.get("text", "") for part in message["content"] if part["type"] == "text")
        for message in row.messages
        if message["role"] == role
    ]


def row_line(row: Row) -> str:
    """One JSON object and a newline; what is empty or not known is left out."""
    return _ENCODE({key: value for key, value in vars(row).items() if value}) + "\n"


def row_of(values: dict[str, Any]) -> Row:
    """A row from its JSON object. TypeError where keys are missing or unknown."""
    return Row(**values)


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, one at a time. Raises FacewiseError when there is no such file, or, at its line, for what is no row."""
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of rows; `facewise build` writes one")
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _parsed(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise FacewiseError(f"{path}: not a readable file of rows ({error})") from None


def _parsed(line: str, where: str) -> Row:
    try:
        row = row_of(json.loads(line))
    except (ValueError, TypeError) as error:
        raise FacewiseError(f"{where}: not a row ({error})") from None
    if not (isinstance(row.id, str) and isinstance(row.messages, list) and isinstance(row.meta, dict)):
        raise FacewiseError(f"{where}: not a row (an id, messages and meta are wanted)")
    return row
