"""An engine without a model, for tests and demos: queued answers, a history, and every text says that it is fake."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from .protocol import Completion, Request

FAKE = "These words come from the fake engine."
EVEN = math.log(0.5)


class FakeEngine:
    """Gives the queued `texts` in order, then nothing but the words that it is fake.

    Choices get the queued `logprobs` (None: the engine has none), then even odds. `history` keeps every request.
    """

    name = "fake"

    def __init__(self, texts: Iterable[str] = (), logprobs: Iterable[dict[str, float] | None] = ()):
        self.texts = deque(texts)
        self.logprobs = deque(logprobs)
        self.history: list[Request] = []

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        self.history += requests
        return [self._one(request) for request in requests]

    def stream(self, request: Request) -> Iterator[str]:
        yield from re.findall(r"\s*\S+", self.complete([request])[0].text)

    def _one(self, request: Request) -> Completion:
        text = self._text() if request.max_tokens else ""
        return Completion(text, self._choices(request.choices) if request.choices else None, len(text.split()))

    def _text(self) -> str:
        return f"{self.texts.popleft()} {FAKE}" if self.texts else f" {FAKE}"

    def _choices(self, choices: Sequence[str]) -> dict[str, float] | None:
        return self.logprobs.popleft() if self.logprobs else dict.fromkeys(choices, EVEN)
