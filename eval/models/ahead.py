"""What keeps an engine busy: what it is asked next is read and looked at by other threads, and a server has much to do at once.

A server that is slow is asked less together, so that nobody waits there longer than it lets them.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from threading import Lock, local
from time import perf_counter
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")
QUICK_S = 10.0  # a third of the time that our server lets a request wait for its turn
REMEMBERED = 1024  # pictures: eight groups on their way and the next two, of clips that show eight frames each


def ahead(thread: ThreadPoolExecutor, coming: Iterator[S], ready: Callable[[S], T], most: int) -> Iterator[T]:
    """What comes, made `ready` by the one `thread`, at most `most` of it before it is wanted."""

    def following() -> list[T]:
        return [ready(each) for each in islice(coming, 1)]

    waiting = deque(thread.submit(following) for _ in range(most))
    try:
        while found := waiting.popleft().result():
            waiting.append(thread.submit(following))
            yield from found
    finally:
        for future in waiting:
            future.cancel()


def as_they_come(pool: ThreadPoolExecutor, coming: Iterator[S], ask: Callable[[S], T], room: Callable[[], int]) -> Iterator[T]:
    """Answers in the order in which they are there; `room`: how many may be on their way."""
    waiting: set[Future[T]] = set()
    try:
        while True:
            waiting |= {pool.submit(ask, each) for each in islice(coming, max(0, room() - len(waiting)))}
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


@dataclass
class Width:
    """How many are asked together: half of `most`, then one more after each that was answered quickly, one less after any other."""

    most: int
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._now = max(1, self.most // 2)

    def room(self) -> int:
        return self._now

    def timed(self, ask: Callable[[S], T]) -> Callable[[S], T]:
        def asked(each: S) -> T:
            started = perf_counter()
            found = ask(each)
            self.settle(perf_counter() - started)
            return found

        return asked

    def settle(self, seconds: float) -> None:
        """After an answer that took so long."""
        with self._lock:
            self._now = min(self.most, self._now + 1) if seconds < QUICK_S else max(1, self._now - 1)


class SharedPerceiver:
    """A perceiver (model/network/perceive.py) for several threads: `another` makes one for each, and what one has looked at the others
    know."""

    def __init__(self, perceiver: Any, another: Callable[[], Any], remembered: int = REMEMBERED):
        self._perceiver, self._another, self._remembered = perceiver, another, remembered
        self._found: OrderedDict[str, Any] = OrderedDict()
        self._lock, self._mine = Lock(), local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._perceiver, name)

    def perceive(self, picture: Any, landmarks: Any = None) -> Any:
        if landmarks is not None:
            return self._own.perceive(picture, landmarks)
        key = picture.sha256
        with self._lock:
            found = self._found.get(key)
        return self._kept(key, self._own.perceive(picture)) if found is None else found

    def _kept(self, key: str, found: Any) -> Any:
        with self._lock:
            self._found[key] = found
            while len(self._found) > self._remembered:
                self._found.popitem(last=False)
        return found

    @property
    def _own(self) -> Any:
        if not hasattr(self._mine, "perceiver"):
            self._mine.perceiver = self._another()
        return self._mine.perceiver


def shared(assistant: Any) -> Any:
    """The assistant and its engine with one perceiver that several threads may ask."""
    from ...model.network.perceive import Perceiver

    seen_by = assistant.perceiver
    another = partial(Perceiver, seen_by.encoder, seen_by.max_faces, remembered=1, backend=seen_by.backend)
    assistant.perceiver = SharedPerceiver(seen_by, another)
    if hasattr(assistant.engine, "processor"):
        assistant.engine.processor.perceiver = assistant.perceiver
    return assistant
