"""What happens on the chat tab: every handler takes the session's Conversation and gives the components that change.

A user's mistake and a server's failure become a sentence in the transcript; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from ...model.clips import Filmed
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture
from . import film, panel, sources, stage
from .conversation import Conversation, Item, Pending
from .drawn import attention
from .keeping import keep, messages
from .layout import PROMPTS, Parts
from .models import Models, source_of
from .notices import sentence, told, unaskable
from .stopping import IsStopped, StoppedError
from .transcript import from_json

if TYPE_CHECKING:
    from ...model.network.perceive import Perceiver

Updates = dict[Any, Any]
WAITING = "Reading the face …"
PREPARING = "Preparing the language model, some 20 s …"


class Talking:
    """The handlers of the chat tab. `save` is a folder in which every conversation is kept, None for none."""

    def __init__(self, parts: Parts, models: Models, save: Path | None = None):
        self.parts, self.models, self.save = parts, models, save

    def shown(self, conversation: Conversation) -> Updates:
        """Everything that depends on the conversation."""
        return panel.shown(self.parts, conversation, self.models)

    def files(self, paths: Sequence[str] | str | None, conversation: Conversation, keep_files: bool = False) -> Iterator[Updates]:
        """Reads what was dropped, one after the other, until that is stopped."""
        parts = self.parts
        paths = [paths] if isinstance(paths, str) else list(paths or ())
        if not paths:
            yield {parts.status: ""}
            return
        mine = conversation.reading = object()

        def is_stopped() -> bool:
            return conversation.reading is not mine

        yield {parts.status: _busy("Looking …"), parts.drop: None, **self._buttons(conversation)}
        for path in paths:
            try:
                item = yield from _lines(sources.read(path, self.models, keep_files), parts.status, is_stopped)
                conversation.add(item, told(item))
            except StoppedError:
                break
            except FacewiseError as error:
                conversation.say(sentence(error))
            yield {**self.shown(conversation), parts.status: _busy("Looking …")}
        if not keep_files:
            sources.forget(paths)
        if not is_stopped():
            conversation.reading = None
        yield from self._ended(conversation)

    def camera(self, pixels: np.ndarray | None, conversation: Conversation) -> Updates:
        if pixels is None:
            return {self.parts.status: ""}
        try:
            item = sources.picture_item(Picture(np.ascontiguousarray(pixels), "camera"), self.models)
            conversation.add(item, told(item))
        except FacewiseError as error:
            conversation.say(sentence(error))
        return {**self.shown(conversation), self.parts.camera: None}

    def asked(self, question: str, conversation: Conversation, event: gr.EventData) -> Iterator[Updates]:
        """By the box, or by a button that carries a question."""
        pressed = event.target.value if isinstance(event.target, gr.Button) else ""
        yield from self.ask(PROMPTS.get(pressed, question), conversation)

    def ask(self, question: str, conversation: Conversation) -> Iterator[Updates]:
        """The answer about the chosen face as it grows."""
        parts, item = self.parts, conversation.item
        question = (question or "").strip()
        if not question:
            yield {parts.status: _note("Write a question first, or choose one below.")}
            return
        refused = unaskable(item, question)
        source = source_of(item) if item else None
        if refused or item is None or source is None:
            conversation.say(refused, question)
            yield {**self.shown(conversation), parts.question: ""}
            return
        mine = conversation.ask(question)
        yield {
            parts.talk: messages(conversation),
            parts.question: "",
            parts.status: _busy(self._waiting()),
            **self._buttons(conversation),
        }
        try:
            yield from self._answer(mine, source, conversation)
        except FacewiseError as error:
            self._failed(error, mine, conversation)
        if conversation.pending is mine:
            conversation.pending = None
        yield from self._ended(conversation)

    def _answer(self, mine: Pending, source: Picture | Filmed, conversation: Conversation) -> Iterator[Updates]:
        """Until it is whole or another question, or none, is the pending one."""

        def is_stopped() -> bool:
            return conversation.pending is not mine

        neutral = (
            conversation.neutral[1] if conversation.neutral and isinstance(source, Picture) else None
        )  # a clip has its own rest
        task = conversation.task_for(mine.question)
        stream = self.models.stream(source, mine.face, mine.question, task, neutral, is_stopped)
        while True:
            try:
                mine.text = next(stream)
            except StopIteration as ended:
                if not is_stopped():
                    conversation.answered(mine.question, ended.value.to_dict(), mine.item, mine.face)
                return
            yield {self.parts.talk: messages(conversation), self.parts.status: _busy("Answering …")}

    def _failed(self, error: FacewiseError, mine: Pending, conversation: Conversation) -> None:
        if isinstance(error, StoppedError):
            return
        self.models.forget()
        if conversation.pending is mine:
            conversation.say(f"I have no answer: {sentence(error)}", mine.question)

    def _ended(self, conversation: Conversation) -> Iterator[Updates]:
        """What a long work leaves on the page: nothing where another conversation is on view by now."""
        if not conversation.is_left:
            self._keep(conversation)
            yield {**self.shown(conversation), self.parts.status: "", **self._buttons(conversation)}

    def _buttons(self, conversation: Conversation) -> Updates:
        """Stop while there is something to stop, Ask while nothing is answered."""
        is_answering = conversation.pending is not None
        return {
            self.parts.ask: gr.update(visible=not is_answering),
            self.parts.stop: gr.update(visible=is_answering or conversation.reading is not None),
        }

    def _waiting(self) -> str:
        return WAITING if self.models.is_ready else PREPARING

    def stop(self, conversation: Conversation) -> Updates:
        """At once on the page; the work itself ends within a token or a frame, and shows the end again."""
        conversation.stop()
        return {**self.shown(conversation), self.parts.status: "", **self._buttons(conversation)}

    def click(self, conversation: Conversation, event: gr.EventData) -> Updates:
        """On a small picture, a face, or a moment of a clip."""
        where = event._data or {}
        conversation.choose(_number(where.get("item")), _number(where.get("face")))
        item, frame = conversation.item, _number(where.get("frame"))
        if item is not None and item.is_clip and frame is not None:
            item.frame = min(max(frame, 0), max(0, len(item.film) - 1))
            return {self.parts.film: film.film(item), self.parts.scrub: item.frame}
        return self.shown(conversation)

    def scrub(self, frame: float, conversation: Conversation) -> Updates:
        item = conversation.item
        if item is None or not item.is_clip:
            return {self.parts.film: ""}
        item.frame = int(frame)
        return {self.parts.film: film.film(item)}

    def views(self, chosen: Sequence[str], conversation: Conversation) -> Updates:
        """Only the attention is worked out on demand; every other view is there already."""
        item = conversation.item
        if "regions" not in chosen or item is None or item.picture is None or item.found is None or item.face in item.regions:
            return {self.parts.status: ""}
        seen = next((face for face in item.found.detected if face.id == item.face), None)
        if seen is None or seen.ibug68 is None:
            return {self.parts.status: _note("No landmarks here, so no region guides the encoder.")}
        picture = item.picture

        def look(perceiver: Perceiver) -> np.ndarray:
            return attention(perceiver, picture, seen)

        item.regions[item.face] = self.models.do(look)
        return {self.parts.stage: stage.stage(item) + stage.region_legend(), self.parts.status: ""}

    def neutral(self, conversation: Conversation) -> Updates:
        try:
            conversation.set_neutral()
        except FacewiseError as error:
            return {self.parts.status: _note(sentence(error))}
        return self.shown(conversation)

    def open(self, path: str | None, conversation: Conversation) -> tuple[Conversation, Updates]:
        """A saved conversation, instead of the one that is there."""
        if path is None:
            return conversation, {}
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
            opened = from_json(text, lambda picture: sources.picture_item(picture, self.models))
        except FacewiseError as error:
            conversation.say(sentence(error))
            return conversation, self.shown(conversation)
        finally:
            sources.forget([path])
        return opened, self.instead(conversation, opened)

    def instead(self, left: Conversation, new: Conversation) -> Updates:
        """`new` is on view, and what was still at work for the one that is `left` shows nothing more."""
        left.leave()
        return {**self.shown(new), self.parts.status: "", **self._buttons(new)}

    def _keep(self, conversation: Conversation) -> None:
        if self.save is None:
            return
        try:
            keep(self.save, conversation)
        except FacewiseError as error:
            conversation.say(sentence(error))


def _lines(reading: Generator[str, None, Item], status: Any, is_stopped: IsStopped) -> Generator[Updates, None, Item]:
    """What a reading tells, and what it ends with. Raises StoppedError where nobody waits for it."""
    with closing(reading):
        while True:
            try:
                line, item = next(reading), None
            except StopIteration as ended:
                line, item = "", ended.value
            if is_stopped():
                raise StoppedError("stopped")
            if item is not None:
                return item
            yield {status: _busy(line)}


def _number(word: Any) -> int | None:
    return int(word) if isinstance(word, str | int) and str(word).isdigit() else None


def _busy(words: str) -> str:
    return f'<p role="status" class="busy"><i aria-hidden="true"></i>{escape(words)}</p>'


def _note(words: str) -> str:
    return f'<p role="status">{escape(words)}</p>'
