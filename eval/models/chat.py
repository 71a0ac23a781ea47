"""A model that answers in words: any OpenAI-compatible server, or a folder of transformers. Labels are read from its text.

Of a two-way verdict the engine is also asked for the log-probabilities of its two first words, where it has any; they give the score.
A server is kept busy with up to 64 requests, and the next pictures are read meanwhile. One that refuses a single picture (HTTP 400) has
refused that item; the first request of a run has to be answered, or else all would be refused.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from math import exp
from typing import Any

from ...model.engines.protocol import Completion, Request
from ...model.errors import FacewiseError
from ...model.replies import REFUSED
from ..answers.parsing import label_of
from ..asking.items import Item
from ..asking.strategies import WORDS
from ..benchmark import Benchmark
from .ahead import ahead, as_they_come
from .protocol import Said, Shown

AT_ONCE = 64
AHEAD = 2  # pictures that are read before somebody wants them
REFUSES = "the server refused the request"
CHOICES = {"live": ("Live", "Spoof"), "genuine": ("Real", "Fake"), "attacked": ("Real", "Fake")}


class ChatModel:
    """`engine`: of model/engines/protocol.py, which may be called by `at_once` threads."""

    together = 1
    looks = True

    def __init__(self, engine: Any, name: str, strategy: str, at_once: int = AT_ONCE):
        self.engine, self.name, self.strategy, self.at_once = engine, name, strategy, at_once
        self._reader = ThreadPoolExecutor(1, "facewise-reader")

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        coming = ahead(self._reader, (shown for group in groups for shown in group), _as_it_is, AHEAD)
        for shown in islice(coming, 1):
            yield shown.item, self._said(shown, benchmark)
        ask = _refusable(lambda shown: self._said(shown, benchmark))
        if self.at_once == 1:
            yield from map(ask, coming)
            return
        with ThreadPoolExecutor(self.at_once) as pool:
            yield from as_they_come(pool, coming, ask, lambda: self.at_once + self.at_once // 2)

    def _said(self, shown: Shown, benchmark: Benchmark) -> Said:
        content = [*({"type": "image"} for _ in shown.pictures), {"type": "text", "text": shown.prompt}]
        choices = CHOICES[benchmark.truth] if benchmark.task == "spoof" and self.strategy in ("direct", "choice") else ()
        request = Request(
            [{"role": "user", "content": content}], shown.pictures, choices=choices, max_tokens=WORDS[self.strategy]
        )
        started = time.perf_counter()
        done: Completion = self.engine.complete([request])[0]
        label = label_of(done.text, benchmark, self.strategy == "choice", shown.fps)
        scores = {"spoof": round(exp(done.choice_logprobs[choices[1]]), 6)} if done.choice_logprobs and choices else {}
        return Said(done.text, label, scores, done.choice_logprobs or {}, round(time.perf_counter() - started, 4))


def _as_it_is(shown: Shown) -> Shown:
    return shown


def _refusable(ask: Callable[[Shown], Said]) -> Callable[[Shown], tuple[Item, Said]]:
    def asked(shown: Shown) -> tuple[Item, Said]:
        try:
            return shown.item, ask(shown)
        except FacewiseError as error:
            if REFUSES not in str(error):
                raise
            return shown.item, Said(str(error), REFUSED)

    return asked
