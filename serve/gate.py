"""The gate in front of every route: who passes, how much, and how many at once.

A pure ASGI middleware, because streams must stream. Whatever passes is written anew for the app (path, headers, body), so that the app
cannot read in it what the gate did not see.
"""

from __future__ import annotations

import asyncio
import hmac
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

from .body import read_json
from .chat_request import ChatRequest, read_chat
from .declining import Refused, declining_answer
from .limits import Limits
from .visit import Left, Message, Receive, Send, Visit, log_somewhere, metrics

App = Callable[[Message, Receive, Send], Awaitable[None]]

CHAT, FACES = "/v1/chat/completions", "/v1/faces/ask"
_POST = (CHAT, FACES)
_GET = ("/v1/models", "/v1/faces/config", "/v1/faces/openapi.json", "/health", "/metrics")
# vLLM takes priorities, ranks and sessions from headers too: the app gets those that say how to read and to answer, and no other.
_KEPT_HEADERS = (b"accept", b"authorization", b"content-type", b"host", b"origin", b"user-agent")
_MB = 10**6
_RETRY_AFTER_S = 5  # a queue moves on within seconds, and clients that are told less come back all at once


class Slots:
    """Who is worked for, and who waits for it in the order of arrival."""

    def __init__(self, count: int):
        self.free = count
        self.waiting: deque[asyncio.Future[None]] = deque()

    def enter(self) -> asyncio.Future[None]:
        """A place; it is done as soon as it is a slot."""
        place = asyncio.get_running_loop().create_future()
        if self.free:
            self.free -= 1
            place.set_result(None)
        else:
            self.waiting.append(place)
        return place

    def leave(self, place: asyncio.Future[None]) -> None:
        """Gives a place back, whatever has become of it."""
        if not place.done():
            self.waiting.remove(place)
        elif self.waiting:
            self.waiting.popleft().set_result(None)
        else:
            self.free += 1


class Gate:
    """`Gate(app)`, as vLLM's --middleware and FastAPI's add_middleware make it. Raises FacewiseError for limits that cannot be."""

    def __init__(self, app: App):
        self.app = app
        self.limits = Limits.from_env()
        self.keys = [sha256(key.encode()).digest() for key in self.limits.api_keys]
        self.slots = Slots(self.limits.max_concurrent)
        self.held = 0  # bytes of bodies
        self.in_flight = metrics().in_flight
        log_somewhere()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            visit = Visit(scope, receive, send, self.limits)
            with self.in_flight.track_inprogress():
                try:
                    await self._pass(visit, scope)
                except Refused as refused:
                    await visit.refuse(refused)
                except Left:
                    visit.leave()
                finally:
                    self.held -= visit.bytes_in
                    visit.write_down()

    async def _pass(self, visit: Visit, scope: Message) -> None:
        path = _path(scope)
        if path is None or path not in {"GET": _GET, "POST": _POST}.get(visit.method, ()):
            raise Refused(404, f"there is no such route; there are POST {', '.join(_POST)} and GET {', '.join(_GET)}")
        visit.route = path
        if self.keys and not self._has_key(visit):
            raise Refused(401, "this server wants a key: Authorization: Bearer KEY", www_authenticate="Bearer")
        if visit.method == "POST":
            is_form = _is_form(visit, path)
            visit.body = await self._body(visit)
            async with self._slot(visit):
                if is_form or not await self._declines(visit, path):
                    await self.app(_rewritten(scope, path, visit), visit.hear, visit.answer)
        elif visit.sends_a_body:
            raise Refused(400, "a GET has no body")
        else:
            visit.admitted = time.monotonic()
            await self.app(_rewritten(scope, path, visit), visit.hear, visit.answer)

    def _has_key(self, visit: Visit) -> bool:
        """Hashes are compared, of one length and all of them, so that the time tells nothing."""
        given = visit.header(b"authorization")
        scheme, _, key = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        digest = sha256(key.strip()).digest()
        fits = [hmac.compare_digest(digest, known) for known in self.keys]
        return scheme.lower() == b"bearer" and any(fits)

    async def _body(self, visit: Visit) -> bytes:
        """The whole body. Raises Refused for one that is encoded, too large, too slow or too much with all others."""
        encodings = b",".join((*visit.header(b"content-encoding"), *visit.header(b"transfer-encoding"))).lower().split(b",")
        if {encoding.strip() for encoding in encodings} - {b"", b"identity", b"chunked"}:
            raise Refused(415, "the body is encoded; send it as it is")
        self._check_room()
        claimed = visit.header(b"content-length")
        self._check_size(max((int(length[:18]) for length in claimed if length.isdigit()), default=0))
        pieces = []
        try:
            async with asyncio.timeout(self.limits.body_timeout_s):
                more = True
                while more:
                    message = await visit.receive()
                    if message["type"] == "http.disconnect":
                        raise Left
                    pieces.append(message.get("body", b""))
                    visit.bytes_in += len(pieces[-1])
                    self.held += len(pieces[-1])
                    self._check_size(visit.bytes_in)
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {self.limits.body_timeout_s:g} s") from None
        visit.is_read = True
        return b"".join(pieces)

    def _check_size(self, size: int) -> None:
        if size > self.limits.max_body_mb * _MB:
            raise Refused(413, f"the body is larger than {self.limits.max_body_mb:g} MB; send a smaller picture or clip")
        if self.held > self.limits.max_held_mb * _MB:
            raise _busy("the server holds as many bodies as it can")

    def _check_room(self) -> None:
        if not self.slots.free and len(self.slots.waiting) >= self.limits.queue:
            raise _busy("the server's queue is full")

    @asynccontextmanager
    async def _slot(self, visit: Visit) -> AsyncIterator[None]:
        """Held until the answer is sent. Raises Refused (429) if none comes free in time, Left if the client leaves before."""
        self._check_room()
        arrived = time.monotonic()
        place = self.slots.enter()
        try:
            try:
                if not place.done():
                    await self._wait(place, visit)
            finally:
                visit.queue_s = time.monotonic() - arrived
            visit.admitted = time.monotonic()
            yield
        finally:
            self.slots.leave(place)

    async def _wait(self, place: asyncio.Future[None], visit: Visit) -> None:
        leaving = asyncio.ensure_future(visit.leaving())
        try:
            await asyncio.wait((place, leaving), timeout=self.limits.queue_timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if leaving.done():
            raise Left
        if not place.done():
            raise _busy(f"no slot came free within {self.limits.queue_timeout_s:g} s")

    async def _declines(self, visit: Visit, path: str) -> bool:
        """Whether the gate has answered a chat request itself, because its question is declined. Raises Refused (400)."""
        chat, sentence = await asyncio.to_thread(self._read, visit.body or b"", path)  # a long one would hold up every stream
        if chat is not None:
            visit.note_words(chat.words[0])
        if chat is None or sentence is None:
            return False
        kind, said = declining_answer(sentence, visit.id, chat.model, chat.is_stream, chat.has_usage)
        await visit.say(200, said, content_type=kind)
        return True

    def _read(self, body: bytes, path: str) -> tuple[ChatRequest | None, str | None]:
        """A chat request that the body holds, if that is wanted, and the sentence that declines it."""
        given = read_json(body, self.limits.max_text_chars)
        chat = read_chat(given, self.limits) if path == CHAT else None
        return chat, None if chat is None else chat.declined()


def _is_form(visit: Visit, path: str) -> bool:
    """Whether the body is a form, by which only faces are asked; it is JSON else. Raises Refused (415) for what does not say so."""
    kinds = visit.header(b"content-type")
    kind, _, more = kinds[0].lower().partition(b";") if len(kinds) == 1 else (b"", b"", b"")
    if kind == b"application/json":
        return False
    # Any codec of Python's would be taken for a charset: slow ones, and such that make half a character.
    if path == FACES and kind == b"multipart/form-data" and b"charset" not in more.replace(b"charset=utf-8", b""):
        return True
    told = "application/json, or a form (multipart/form-data) in UTF-8" if path == FACES else "application/json"
    raise Refused(415, f"the body does not say what it is; send it as Content-Type: {told}")


def _path(scope: Message) -> str | None:
    """The path as the list and the app know it; None for one that is not allowed, or not written plainly."""
    path: str = scope["path"]
    if scope.get("raw_path") not in (None, path.encode("ascii", "replace")):
        return None
    root = scope.get("root_path", "").rstrip("/")
    if root and path.startswith(f"{root}/"):
        path = path.removeprefix(root)
    return path if path in _GET or path in _POST else None


def _rewritten(scope: Message, path: str, visit: Visit) -> Message:
    """The scope for the app: its own root, the path that was looked up, and an id that no other request has, because vLLM knows its
    work by it."""
    headers = [(name, value) for name, value in visit.headers if name in _KEPT_HEADERS]
    headers.append((b"x-request-id", f"{visit.id}-{uuid.uuid4().hex[:8]}".encode()))
    if visit.body is not None:
        headers.append((b"content-length", str(len(visit.body)).encode()))
    return {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "headers": headers}


def _busy(reason: str) -> Refused:
    return Refused(429, f"{reason}; come again in {_RETRY_AFTER_S} s", retry_after=str(_RETRY_AFTER_S))
