"""What happens on the chat tab: every handler takes the session's Conversation and gives the components that change.

A user's mistake and a server's failure become a sentence in the transcript; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from ...model.clips import Filmed
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture
from ...model.readings import action_units, emotion
from . import bars, film, sources, stage
from .conversation import Conversation, Item
from .drawn import attention
from .keeping import keep, messages
from .layout import PROMPTS, Parts
from .models import Models, source_of
from .notices import sentence, told, unaskable
from .transcript import from_json

if TYPE_CHECKING:
    from ...model.network.perceive import Perceiver

Updates = dict[Any, Any]
WAITING = "Reading the face …"
PREPARING = "Preparing the language model; the first answer takes some 20 s …"


class Talking:
    """The handlers of the chat tab. `save` is a folder in which every conversation is kept, None for none."""

    def __init__(self, parts: Parts, models: Models, save: Path | None = None):
        self.parts, self.models, self.save = parts, models, save

    # What is shown

    def shown(self, conversation: Conversation) -> Updates:
        """Everything that depends on the conversation."""
        parts, item = self.parts, conversation.item
        return {
            parts.talk: messages(conversation),
            parts.strip: stage.strip(conversation),
            parts.empty: gr.update(visible=item is None),
            parts.panel: gr.update(visible=item is not None),
            parts.photo: gr.update(visible=item is not None and not item.is_clip),
            parts.clip: gr.update(visible=item is not None and item.is_clip),
            **(self._photo(conversation, item) if item is not None and not item.is_clip else {}),
            **(self._clip(item) if item is not None and item.is_clip else {}),
        }

    def _photo(self, conversation: Conversation, item: Item) -> Updates:
        parts, face = self.parts, item.chosen
        has_face = face is not None
        is_neutral = conversation.neutral is not None and conversation.neutral[0] == f"{item.name}, face {item.face + 1}"
        seen = next((one for one in item.found.detected if one.id == item.face), None) if item.found else None
        return {
            parts.stage: stage.stage(item) + (stage.region_legend() if item.face in item.regions else ""),
            parts.sees: stage.sees(item.picture, seen) if item.picture is not None and seen is not None else "",
            parts.views: gr.update(visible=has_face),
            parts.neutral: gr.update(
                visible=has_face,
                value="Forget the neutral face" if is_neutral else "This is the neutral face",
            ),
            parts.numbers: self._numbers(conversation),
        }

    def _numbers(self, conversation: Conversation) -> str:
        item, numbers = conversation.item, conversation.evidence()
        if item is None or item.chosen is None or numbers is None:
            return ""
        face = item.chosen
        baseline = conversation.neutral[0] if conversation.neutral else "people at large"
        calibration = self.models.calibration
        return "".join(
            (
                bars.head(f"Face {face.id + 1}", face.quality, face.streams),
                bars.gauge(conversation.answer("spoof"), calibration),
                bars.action_units(action_units(numbers), baseline),
                bars.appearance(emotion(numbers)) if self.models.emotion else "",
                bars.limits(),
            )
        )

    def _clip(self, item: Item) -> Updates:
        parts = self.parts
        return {
            parts.film: film.film(item),
            parts.scrub: gr.update(maximum=max(1, len(item.film) - 1), value=item.frame),
            parts.moves: film.moves(item),
            parts.numbers: self._verdict(item) + bars.limits(),
            parts.neutral: gr.update(visible=False),
            parts.sees: "",
        }

    def _verdict(self, item: Item) -> str:
        """Of a clip, once it was asked for."""
        answer = item.answers.get((item.face, "spoof"))
        return "" if answer is None else bars.gauge(answer, self.models.calibration)

    # What is done

    def files(self, paths: Sequence[str] | str | None, conversation: Conversation, keep_files: bool = False) -> Iterator[Updates]:
        """Reads what was dropped, one after the other."""
        parts = self.parts
        paths = [paths] if isinstance(paths, str) else list(paths or ())
        if not paths:
            yield {parts.status: ""}
            return
        yield {parts.status: _busy("Looking …"), parts.stop: gr.update(visible=True), parts.drop: None}
        for path in paths:
            try:
                reading = sources.read(path, self.models, keep_files)
                item = yield from _lines(reading, parts.status)
                conversation.add(item, told(item))
            except FacewiseError as error:
                conversation.say(sentence(error))
            yield {**self.shown(conversation), parts.status: _busy("Looking …")}
        self._keep(conversation)
        # All of it again: what is set in the moment in which a hidden part appears can get lost in the browser
        yield {**self.shown(conversation), parts.status: "", parts.stop: gr.update(visible=False)}

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
            yield {parts.status: _note("Write a question first, or choose one above.")}
            return
        refused = unaskable(item, question)
        source = source_of(item) if item else None
        if refused or item is None or source is None:
            conversation.say(refused, question)
            yield {**self.shown(conversation), parts.question: ""}
            return
        conversation.pending = (question, "", conversation.at, item.face)
        busy = {parts.ask: gr.update(visible=False), parts.stop: gr.update(visible=True)}
        yield {parts.talk: messages(conversation), parts.question: "", parts.status: _busy(self._waiting()), **busy}
        try:
            yield from self._answer(question, item, source, conversation)
        except FacewiseError as error:
            self.models.forget()
            conversation.say(f"I have no answer: {error}", question)
        conversation.pending = None
        self._keep(conversation)
        yield {
            **self.shown(conversation),
            parts.status: "",
            parts.ask: gr.update(visible=True),
            parts.stop: gr.update(visible=False),
        }

    def _answer(self, question: str, item: Item, source: Picture | Filmed, conversation: Conversation) -> Iterator[Updates]:
        place, face = conversation.at, item.face
        task = conversation.task_for(question)
        neutral = conversation.neutral[1] if conversation.neutral and not item.is_clip else None  # a clip has its own rest
        stream = self.models.stream(source, face, question, task, neutral)
        while True:
            try:
                text = next(stream)
            except StopIteration as ended:
                if conversation.pending:
                    conversation.answered(question, ended.value.to_dict(), place, face)
                return
            if conversation.pending is None:  # stopped in another thread
                stream.close()
                return
            conversation.pending = (question, text, place, face)
            yield {self.parts.talk: messages(conversation), self.parts.status: _busy("Answering …")}

    def _waiting(self) -> str:
        return WAITING if self.models.is_ready else PREPARING

    def stop(self, conversation: Conversation) -> Updates:
        conversation.stop()
        parts = self.parts
        return {
            **self.shown(conversation),
            parts.status: "",
            parts.ask: gr.update(visible=True),
            parts.stop: gr.update(visible=False),
        }

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
            return {self.parts.status: _note("This face has no landmarks, so no region guides the encoder.")}
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
            conversation = from_json(text, lambda picture: sources.picture_item(picture, self.models))
        except FacewiseError as error:
            conversation.say(sentence(error))
        finally:
            Path(path).unlink(missing_ok=True)
        return conversation, self.shown(conversation)

    def _keep(self, conversation: Conversation) -> None:
        if self.save is None:
            return
        try:
            keep(self.save, conversation)
        except FacewiseError as error:
            conversation.say(sentence(error))


def _lines(reading: Any, status: Any) -> Any:
    while True:
        try:
            line = next(reading)
        except StopIteration as ended:
            return ended.value
        yield {status: _busy(line)}


def _number(word: Any) -> int | None:
    return int(word) if isinstance(word, str | int) and str(word).isdigit() else None


def _busy(words: str) -> str:
    return f'<p role="status" class="busy"><i aria-hidden="true"></i>{escape(words)}</p>'


def _note(words: str) -> str:
    return f'<p role="status">{escape(words)}</p>'
