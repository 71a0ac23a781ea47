"""One visitor's session: what was dropped, which face is chosen, what was asked and answered. Pure: no web library, no model.

A question that names no task ("why?", "where?") goes on with the task of the answer before it about the same face.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...model.errors import FacewiseError
from ...model.questions import task_of
from ...model.readings import less_neutral

if TYPE_CHECKING:
    import numpy as np

    from ...model.network.evidence import Evidence
    from ...model.network.perceive import Perceived, PerceivedFace
    from ...model.network.seen_clip import SeenClip
    from ...model.perception.picture import Picture

MAX_ITEMS = 24


@dataclass(eq=False)
class Item:
    """A dropped picture with what was `found` on it, or a clip with what was `seen` in it and its `film`, a small JPEG a frame.

    `face` is the chosen one's id; `regions` holds attention maps by face id, once asked for; `answers` the latest by (face, task);
    whoever knows the `token` may fetch its small picture.
    """

    name: str
    picture: Picture | None = None
    found: Perceived | None = None
    seen: SeenClip | None = None
    film: list[bytes] = field(default_factory=list)
    face: int = 0
    frame: int = 0
    regions: dict[int, np.ndarray] = field(default_factory=dict)
    answers: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def is_clip(self) -> bool:
        return self.seen is not None

    @property
    def face_ids(self) -> list[int]:
        if self.seen is not None:
            return [face.id for face in self.seen.moments.watched.faces]
        return [face.id for face in self.found.faces] if self.found else []

    @property
    def chosen(self) -> PerceivedFace | None:
        """The chosen face of a picture."""
        faces = self.found.faces if self.found else ()
        return next((face for face in faces if face.id == self.face), None)


@dataclass(frozen=True)
class Turn:
    """A `question` about a face of an item, or what the page says of a file that was dropped (`is_drop`) or by itself; `reply` is the answer's
    object."""

    question: str
    text: str
    item: int | None = None
    face: int | None = None
    reply: dict[str, Any] | None = None
    is_drop: bool = False


@dataclass(eq=False)
class Pending:
    """A question that is being answered, about a face of an item, and the answer's `text` so far."""

    question: str
    item: int
    face: int
    text: str = ""


@dataclass(eq=False)
class Conversation:
    """Everything of a session; `neutral` is (its name, the face's evidence), `at` the item on view, `pending` the question that is
    being answered and `reading` the upload that is being read, each until it ends or is stopped, `is_left` once the visitor has begun
    another one, `name` that of its file once it is kept."""

    items: list[Item] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    at: int = -1
    neutral: tuple[str, Evidence] | None = None
    pending: Pending | None = None
    reading: object = None
    is_left: bool = False
    name: str = ""

    @property
    def item(self) -> Item | None:
        return self.items[self.at] if self.items else None

    def add(self, item: Item, told: str) -> None:
        """Raises FacewiseError where the session is full."""
        if len(self.items) >= MAX_ITEMS:
            raise FacewiseError(f"{item.name}: a session holds {MAX_ITEMS} files; begin a new one")
        self.items.append(item)
        self.at = len(self.items) - 1
        self.turns.append(Turn("", told, self.at, item.face, is_drop=True))

    def choose(self, item: int | None = None, face: int | None = None) -> None:
        """What is not there is left as it was: a click can come late."""
        if item is not None and 0 <= item < len(self.items):
            self.at = item
        if face is not None and self.item is not None and face in self.item.face_ids:
            self.item.face = face

    def set_neutral(self) -> None:
        """The chosen face becomes the baseline; once more, and it is taken back. Raises FacewiseError without a face."""
        item = self.item
        if item is None or item.chosen is None:
            raise FacewiseError("choose a face in a photo first")
        name = f"{item.name}, face {item.face + 1}"
        self.neutral = None if self.neutral and self.neutral[0] == name else (name, item.chosen.evidence)

    def evidence(self) -> Evidence | None:
        """The chosen face's numbers, above the neutral face's where one is set."""
        face = self.item.chosen if self.item else None
        if face is None:
            return None
        return less_neutral(face.evidence, self.neutral[1]) if self.neutral else face.evidence

    def task_for(self, question: str) -> str:
        item = self.item
        task = task_of(question, item is not None and item.is_clip)
        last = self.turns[-1] if self.turns else None
        if task != "chat" or last is None or not last.reply or item is None:
            return task
        is_same = last.item == self.at and last.face == item.face
        return last.reply["faces"][0]["answer"]["task"] if is_same and last.reply.get("faces") and _goes_on(question) else task

    def answered(self, question: str, reply: dict[str, Any], place: int, face: int) -> None:
        """A reply about a face of an item, which need no longer be the one on view. A clip shows the frame that it speaks of."""
        answer, item = reply["faces"][0]["answer"], self.items[place]
        item.answers[face, answer["task"]] = answer
        item.frame = reply["faces"][0].get("frame", item.frame)
        self.turns.append(Turn(question, answer["text"], place, face, reply))

    def ask(self, question: str) -> Pending:
        """About the chosen face. Whoever answers goes on while `pending` is what is returned here."""
        self.pending = Pending(question, self.at, self.item.face if self.item else 0)
        return self.pending

    def stop(self) -> None:
        """Nothing is read or answered any more; what was written until now stays, and says that it was stopped."""
        pending, self.pending, self.reading = self.pending, None, None
        if pending:
            self.turns.append(Turn(pending.question, f"{pending.text} … (stopped)".strip(), pending.item, pending.face))

    def leave(self) -> None:
        """Another conversation takes its place."""
        self.is_left = True
        self.stop()

    def say(self, text: str, question: str = "") -> None:
        """What the page itself tells: a notice, an error."""
        self.turns.append(Turn(question, text, self.at if self.items else None, self.item.face if self.item else None))

    def answer(self, task: str) -> dict[str, Any] | None:
        return self.item.answers.get((self.item.face, task)) if self.item else None


def _goes_on(question: str) -> bool:
    """Whether a few words can only mean the answer before them."""
    words = question.lower().strip(" ?!.").split()
    return bool(words) and len(words) <= 4 and words[0] in ("why", "where", "how", "and", "what", "which", "show", "explain")
