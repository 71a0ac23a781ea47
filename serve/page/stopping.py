"""An engine that a visitor can stop between two tokens: of the text that streams, and of what is settled or written again without streaming.

A handler that is cancelled from outside would leave the engine running, with Gradio waiting for it under a lock that every visitor's
answers need. So Stop is a word that the work itself looks for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from ...model.errors import FacewiseError

if TYPE_CHECKING:
    from ...model.engines.protocol import Completion, Engine, Request

IsStopped = Callable[[], bool]


class StoppedError(FacewiseError):
    """Nobody waits any more."""


def nobody_stops() -> bool:
    return False


class Stoppable:
    """An engine whose every call raises StoppedError once `is_stopped`."""

    def __init__(self, engine: Engine, is_stopped: IsStopped):
        self.engine, self.is_stopped, self.name = engine, is_stopped, engine.name

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        self._check()
        engine: Any = self.engine  # of the engines only that of transformers looks between tokens
        done = engine.complete(requests, lambda _: self.is_stopped()) if self.name == "hf" else engine.complete(requests)
        self._check()
        return done

    def stream(self, request: Request) -> Generator[str, None, Any]:
        self._check()
        with closing(cast("Generator[str, None, Any]", self.engine.stream(request))) as pieces:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as ended:
                    self._check()
                    return ended.value
                self._check()
                yield piece

    def _check(self) -> None:
        if self.is_stopped():
            raise StoppedError("stopped")
