"""The model behind the page: loaded once, when it is first needed, and asked again after a failure, so that a server may come back.

All looking happens in one thread, because a face detector belongs to its thread and is not small.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...model.asked import asked_for
from ...model.assistant import Assistant, load
from ...model.checkpoint import load_checkpoint, names_server
from ...model.clips import Filmed, shots_of
from ...model.perception.picture import Picture
from .stopping import IsStopped, Stoppable, nobody_stops

if TYPE_CHECKING:
    from ...model.answer import Reply
    from ...model.network.evidence import Evidence
    from ...model.network.perceive import Perceived, Perceiver
    from ...model.network.seen_clip import SeenClip
    from ...model.perception.video import Clip, Frame
    from .conversation import Item


class Models:
    """The perceiver and the assistant of `model`. Every method raises FacewiseError in one line where something is missing."""

    def __init__(self, model: str = "default", engine: str = "hf", emotion: bool = True):
        self.model, self.engine, self.emotion = model, engine, emotion
        self._assistant: Assistant | None = None
        self._perceiver: Perceiver | None = None
        self._loading = threading.RLock()
        self._eyes = ThreadPoolExecutor(1, "facewise-eyes")

    @property
    def is_ready(self) -> bool:
        return self._assistant is not None

    @property
    def calibration(self) -> Mapping[str, float] | None:
        """Of the verdict, once the model is loaded."""
        return self._assistant.calibration if self._assistant else None

    def perceiver(self) -> Perceiver:
        """The embedded encoder where a server writes the words: faces are drawn though it is down."""
        with self._loading:
            if self._perceiver is None:
                self._perceiver = load_checkpoint("default" if names_server(self.model) else self.model).perceiver
            return self._perceiver

    def assistant(self) -> Assistant:
        with self._loading:
            if self._assistant is None:
                assistant = load(self.model, self.engine)
                if self._perceiver is None or not names_server(self.model):
                    self._perceiver = assistant.perceiver
                assistant.perceiver = self._perceiver
                self._assistant = assistant
            return self._assistant

    def look(self, picture: Picture) -> Perceived:
        return self._eyes.submit(lambda: self.perceiver().perceive(picture)).result()

    def watch(self, clip: Clip, progress: Callable[[Frame], None]) -> Future[SeenClip]:
        from ...model.network.seen_clip import look_at

        return self._eyes.submit(lambda: look_at(clip, self.perceiver(), progress))

    def ask(self, source: Picture | Filmed, task: str, is_stopped: IsStopped = nobody_stops) -> Reply:
        """All faces of one input. Raises StoppedError once it `is_stopped`."""
        self._look_first(source, task)
        return self._stoppable(is_stopped).ask(source, task=task, emotion=self.emotion)

    def do(self, work: Callable[[Perceiver], Any]) -> Any:
        """What needs the perceiver beside a picture: attention maps, tables."""
        return self._eyes.submit(lambda: work(self.perceiver())).result()

    def stream(
        self,
        source: Picture | Filmed,
        face: int,
        question: str,
        task: str,
        neutral: Evidence | None,
        is_stopped: IsStopped = nobody_stops,
    ) -> Generator[str, None, Reply]:
        """The text about one face as it grows; returns the reply. Raises StoppedError once it `is_stopped`."""
        neutral = None if task == "spoof" else neutral  # a verdict has no baseline
        asked = asked_for(question, task, neutral is not None, self.emotion)
        self._look_first(source, task)
        return (yield from self._stoppable(is_stopped).stream(source, face, replace(asked, neutral=neutral)))

    def _stoppable(self, is_stopped: IsStopped) -> Assistant:
        assistant = copy(self.assistant())
        assistant.engine = Stoppable(assistant.engine, is_stopped)
        return assistant

    def _look_first(self, source: Picture | Filmed, task: str) -> None:
        """The perceiver remembers what it saw in its own thread, the frames of a clip that a verdict is taken of, too."""
        if isinstance(source, Picture):
            self.look(source)
        elif task == "spoof":
            self.do(lambda perceiver: shots_of(source, source.seen.moments.watched.faces[: perceiver.max_faces], perceiver))

    def forget(self) -> None:
        """After a failure of the server: the next question connects anew."""
        with self._loading:
            if names_server(self.model):
                self._assistant = None


def source_of(item: Item) -> Picture | Filmed | None:
    """What the assistant is asked about; None of an item that holds neither."""
    return Filmed(item.seen.moments.clip, item.seen) if item.seen is not None else item.picture
