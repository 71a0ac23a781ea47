"""One queue in front of one engine: a single thread takes what waits as one batch, so that several clients cost little more than one.

Three kinds of work, each in batches of its own: answers that are written, the scores of a first word, which would wait for the longest
answer beside them, and streams, one at a time. Whoever leaves is dropped, from the queue and from a batch that is being written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import closing
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Any

from ..model.engines.protocol import Completion, Request
from ..model.engines.vllm import MAX_MODEL_LEN
from ..model.errors import FacewiseError
from .declining import NOBODY_WAITS

if TYPE_CHECKING:
    from ..model.engines.hf import HfEngine

Told = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Job:
    """A request on its way; `done` becomes a Completion, or the log-probabilities [V] of its first token. `told` gets a stream's pieces, in
    the engine's thread."""

    request: Request
    told: Told | None = None
    wants_logprobs: bool = False
    done: Future = field(default_factory=Future)
    gone: Event = field(default_factory=Event)

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self.gone.set()
        self.done.cancel()

    @property
    def kind(self) -> tuple[bool, bool, bool]:
        """What may share a batch."""
        return self.told is not None, self.wants_logprobs, self.request.max_tokens <= 1


class Worker:
    """Owns `engine`; its length is the number of jobs that wait, `room` how many tokens a prompt and its answer may have."""

    def __init__(self, engine: HfEngine):
        self.engine = engine
        self.room = min(MAX_MODEL_LEN, engine.model.config.text_config.max_position_embeddings)
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        self._changed = Condition()
        self._is_open = True
        self._thread = Thread(target=self._work, name="facewise-engine", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        with self._changed:
            return sum(not job.gone.is_set() for job in self._waiting)

    @property
    def is_alive(self) -> bool:
        return self._is_open and self._thread.is_alive()

    def check_room(self, length: int, most: int) -> None:
        """Raises FacewiseError where a prompt of that length and an answer of so many tokens are more than the model reads."""
        if length + most > self.room:
            told = f"the prompt has {length} tokens and its answer may have {most}; the model reads {self.room}, ask for less"
            raise FacewiseError(told)

    def submit(self, request: Request, told: Told | None = None, wants_logprobs: bool = False) -> Job:
        """Raises FacewiseError once the worker is closed."""
        job = Job(request, told, wants_logprobs)
        with self._changed:
            if not self._is_open:
                raise FacewiseError("the server is about to stop; ask again later")
            self._waiting.append(job)
            self._changed.notify()
        return job

    def close(self) -> None:
        """Ends all work at the next token, and the thread."""
        with self._changed:
            self._is_open = False
            for job in (*self._waiting, *self._running):
                job.leave()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._batch():
            wanted = [job for job in jobs if job.done.set_running_or_notify_cancel()]
            if wanted:
                self._answer(wanted)

    def _batch(self) -> list[Job]:
        """The job that has waited longest and those of its kind, as many as the engine takes; none once the worker is closed."""
        with self._changed:
            while True:
                self._waiting = deque(job for job in self._waiting if not job.gone.is_set())
                if self._waiting or not self._is_open:
                    break
                self._changed.wait()
            first = self._waiting[0] if self._is_open else None
            most = 1 if first and first.told else self.engine.batch_size
            self._running = [job for job in self._waiting if first and job.kind == first.kind][:most]
            self._waiting = deque(job for job in self._waiting if job not in self._running)
            return self._running

    def _answer(self, jobs: Sequence[Job]) -> None:
        try:
            results = self._results(jobs)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told, and the next ones answered
            for job in jobs:
                job.done.set_exception(error)
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done.set_result(result)

    def _results(self, jobs: Sequence[Job]) -> Sequence[Any]:
        requests = [job.request for job in jobs]
        if jobs[0].told:
            return [self._streamed(jobs[0], jobs[0].told)]
        if jobs[0].wants_logprobs:
            return list(self.engine.first_logprobs(requests))
        return self.engine.complete(requests, lambda number: jobs[number].gone.is_set())

    def _streamed(self, job: Job, told: Told) -> Completion | None:
        """The whole of a stream; None if its client has left."""
        with closing(self.engine.stream(job.request)) as pieces:
            while not job.gone.is_set():
                try:
                    told(next(pieces))
                except StopIteration as end:
                    return end.value
        return None


class QueuedEngine:
    """An engine for one caller, whose requests stand in the worker's queue; `cancel` drops them."""

    def __init__(self, worker: Worker):
        self.worker = worker
        self.name = worker.engine.name
        self._jobs: list[Job] = []
        self._is_gone = Event()

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """Raises FacewiseError after `cancel`, and for a prompt that leaves no room."""
        for request in requests:
            self.worker.check_room(self.worker.engine.prompt_tokens(request), request.max_tokens)
        self._jobs = [self.worker.submit(request) for request in requests]
        if self._is_gone.is_set():  # while they were handed in
            self.cancel()
        try:
            done = [job.done.result() for job in self._jobs]
        except CancelledError:
            done = []
        finally:
            for job in self._jobs:  # one that failed leaves the others behind
                job.leave()
            self._jobs = []  # and their pictures
        if len(done) < len(requests) or self._is_gone.is_set():
            raise FacewiseError(NOBODY_WAITS)
        return done

    def stream(self, request: Request) -> Iterator[str]:
        yield self.complete([request])[0].text

    def cancel(self) -> None:
        self._is_gone.set()
        for job in self._jobs:
            job.leave()
