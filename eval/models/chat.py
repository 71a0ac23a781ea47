"""A model that answers in words: any OpenAI-compatible server, or a folder of transformers. Labels are read from its text.

Of a two-way verdict the engine is also asked for the log-probabilities of its two first words, where it has any; they give the score.
A server is kept busy with up to 64 requests. One that refuses a single picture (HTTP 400) has refused that item; the first request of a
run has to be answered, or else all would be refused.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from math import exp
from typing import Any

from ...model.engines.protocol import Completion, Request
from ...model.errors import FacewiseError
from ...model.replies import REFUSED
from ..benchmark import Benchmark
from ..items import Item
from ..parsing import label_of
from ..strategies import WORDS
from .protocol import Said, Shown

AT_ONCE = 64
REFUSES = "the server refused the request"
CHOICES = {"live": ("Live", "Spoof"), "genuine": ("Real", "Fake"), "attacked": ("Real", "Fake")}


class ChatModel:
    """`engine`: of model/engines/protocol.py, which may be called by `at_once` threads."""

    together = 1
    looks = True

    def __init__(self, engine: Any, name: str, strategy: str, at_once: int = AT_ONCE):
        self.engine, self.name, self.strategy, self.at_once = engine, name, strategy, at_once

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        coming = (shown for group in groups for shown in group)
        for shown in islice(coming, 1):
            yield shown.item, self._said(shown, benchmark)
        ask = _refusable(lambda shown: self._said(shown, benchmark))
        if self.at_once == 1:
            yield from ((shown.item, ask(shown)) for shown in coming)
            return
        with ThreadPoolExecutor(self.at_once) as pool:
            yield from _as_they_come(pool, coming, ask, self.at_once)

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


def _refusable(ask: Callable[[Shown], Said]) -> Callable[[Shown], Said]:
    def asked(shown: Shown) -> Said:
        try:
            return ask(shown)
        except FacewiseError as error:
            if REFUSES not in str(error):
                raise
            return Said(str(error), REFUSED)

    return asked


def _as_they_come(
    pool: ThreadPoolExecutor, coming: Iterator[Shown], ask: Callable[[Shown], Said], at_once: int
) -> Iterator[tuple[Item, Said]]:
    """Half as many again as are at work wait with their pictures read, so that none stands idle while one is decoded."""
    waiting: dict[Future[Said], Item] = {}
    try:
        while True:
            for shown in islice(coming, at_once + at_once // 2 - len(waiting)):
                waiting[pool.submit(ask, shown)] = shown.item
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    finally:
        for future in waiting:
            future.cancel()
