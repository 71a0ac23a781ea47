"""One request on its way through the gate: its client's ear and mouth, and what is counted and logged of it when it is over.

The log holds numbers and names from our own lists; pictures, words, keys and queries are private unless the limits say otherwise.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from .declining import Refused
from .limits import Limits

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LINGER_S = 1.0
_GONE = 499  # nginx's word for a client that left before it had its answer
_LOGGED_CHARS = 2000
_LOG = logging.getLogger("facewise.serve")


class Left(Exception):  # noqa: N818 - nothing is wrong
    """The client left before the app was called."""


class Visit:
    """Times are of the monotonic clock, in seconds. `route` is one of the gate's own names."""

    def __init__(self, scope: Message, receive: Receive, send: Send, limits: Limits):
        self.headers: list[tuple[bytes, bytes]] = [(name.lower(), value) for name, value in scope["headers"]]
        self.method: str = scope["method"]
        given = self.header(b"x-request-id")
        self.id = given[0].decode() if len(given) == 1 and _PLAIN_ID.fullmatch(given[0]) else uuid.uuid4().hex
        self.route = "other"
        self.body: bytes | None = None  # until the app has taken it
        self.bytes_in = 0
        self.sends_a_body = bool(self.header(b"transfer-encoding")) or self.header(b"content-length") not in ([], [b"0"])
        self.is_read = not self.sends_a_body
        self.admitted: float | None = None  # when the app's work, or the gate's for it, began
        self.queue_s: float | None = None  # only of those that may have to wait
        self.receive = receive
        self._send = send
        self._limits = limits
        self._begun = time.monotonic()
        self._status = 500  # until an answer begins; it stays if the app breaks before
        self._is_answered = False
        self._has_left = False
        self._listening: asyncio.Future[Message] | None = None
        self._stalled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._content = {"query": scope.get("query_string", b"").decode(errors="replace"), "words": "", "answer": ""}

    def header(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.headers if given == name]

    async def hear(self) -> Message:
        """`receive` for the app: the body, which is no longer kept here, then the client itself, whose leaving must end the work."""
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        # Whoever only looks whether the client is still there cancels the call before a message can come: listening outlives it.
        self._listening = self._listening or asyncio.ensure_future(self.receive())
        if not self._listening.done() and not self._stalled.done():
            await asyncio.wait((self._listening, self._stalled), return_when=asyncio.FIRST_COMPLETED)
        message: Message = {"type": "http.disconnect"}
        if self._listening.done():
            message, self._listening = self._listening.result(), None
        self._has_left |= message["type"] == "http.disconnect" and not self._is_answered
        return message

    async def leaving(self) -> None:
        """Returns when the client has left; to be awaited once the body is read."""
        await _left(self.receive)

    async def answer(self, message: Message) -> None:
        """`send` for the app, with our id among the headers. A client that takes nothing for body_timeout_s has left: the app hears of
        it as of every leaving, because an error here would let its stream go on until Python collects it."""
        if self._stalled.done():
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() != b"x-request-id"]
            message = {**message, "headers": [*others, (b"x-request-id", self.id.encode())]}
        elif message["type"] == "http.response.body":
            self._is_answered = not message.get("more_body", False)
            if self._limits.log_content:
                self._content["answer"] += bytes(message.get("body", b"")[:_LOGGED_CHARS]).decode(errors="replace")
                self._content["answer"] = self._content["answer"][:_LOGGED_CHARS]
        try:
            async with asyncio.timeout(self._limits.body_timeout_s):
                await self._send(message)
        except TimeoutError:
            self._has_left = True
            self._stalled.set_result(None)

    async def say(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer of the gate's own."""
        everything = {"content_type": "application/json", **headers, "content_length": str(len(body))}
        if not self.is_read:
            everything["connection"] = "close"
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in everything.items()]
        await self.answer({"type": "http.response.start", "status": status, "headers": named})
        await self.answer({"type": "http.response.body", "body": body, "more_body": not self.is_read})
        if not self.is_read:
            await self._linger()
            await self.answer({"type": "http.response.body", "body": b""})

    async def refuse(self, refused: Refused) -> None:
        await self.say(refused.status, refused.body(), **refused.headers)

    async def _linger(self) -> None:
        """Takes for a moment what a client is still sending: closing on it would reset the connection, and the answer were lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while (await self.receive()).get("more_body"):
                    pass

    def leave(self) -> None:
        self._has_left = True

    def note_words(self, words: str) -> None:
        self._content["words"] = words[:_LOGGED_CHARS]

    def write_down(self) -> None:
        """Counts the request and logs its line; nobody listens any more."""
        if self._listening is not None:
            self._listening.cancel()
        now = time.monotonic()
        status = _GONE if self._has_left else self._status
        metrics().requests.labels(self.route, status).inc()
        if self.queue_s is not None:
            metrics().seconds.labels(self.route, "queue").observe(self.queue_s)
        if self.admitted is not None:
            metrics().seconds.labels(self.route, "answer").observe(now - self.admitted)
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": self.id,
            "method": self.method[:16],
            "route": self.route,
            "status": status,
            "bytes_in": self.bytes_in,
            "ms_queue": round((self.queue_s or 0) * 1000, 1),
            "ms_total": round((now - self._begun) * 1000, 1),
        }
        _LOG.info(json.dumps(line | (self._content if self._limits.log_content else {})))


async def leaves_before(work: asyncio.Future, receive: Receive) -> bool:
    """Whether the client leaves before the work for it is done; once its body is read."""
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((work, leaving), return_when=asyncio.FIRST_COMPLETED)
        return not work.done()
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True)
class Metrics:
    requests: Counter
    seconds: Histogram
    in_flight: Gauge


@cache
def metrics() -> Metrics:
    """Registered once in a process, beside vLLM's own. Imported late, because prometheus_client looks for vLLM's folder of several
    processes when it is imported."""
    from prometheus_client import Counter, Gauge, Histogram

    buckets = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
    phases = "Seconds of a request in a phase: queue or answer"
    return Metrics(
        Counter("facewise_http_requests", "Requests that came to an end", ["route", "status"]),
        Histogram("facewise_http_seconds", phases, ["route", "phase"], buckets=buckets),
        Gauge(
            "facewise_http_in_flight", "Requests that came and have no end yet, this one included", multiprocess_mode="livesum"
        ),
    )


def log_somewhere() -> None:
    """The lines go to stderr as they are, unless someone has set the log up: vLLM's processes know of their own loggers only."""
    if not _LOG.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        _LOG.addHandler(handler)
    if _LOG.level == logging.NOTSET:
        _LOG.setLevel(logging.INFO)
