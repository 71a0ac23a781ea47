"""A connection until it is a request: what never becomes one is cut off while it is small and while it is young.

uvicorn's own readers keep address, headers and trailers of any length, and a half-sent head for ever, before the gate hears of it, so
nobody needs a key for that. h11 bounds what it keeps; it is read in small pieces here, because all of a piece is parsed in one go.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, h11

MAX_HEAD = 16 * 1024  # bytes, as nginx and h11 have it; with it go trailers and the extensions of a chunk
PIECE = 16 * 1024  # bytes read at once: other connections have their turn in between
HEAD_S = 10.0  # a request's head is there by then
FREE_PIECES, LEAST_PIECE = 1024, 64  # a body may come in some small pieces; in many only if they have so many bytes on average


class Bounded(asyncio.BufferedProtocol):
    """uvicorn's H11Protocol behind these bounds; uvicorn makes one for each connection, as it makes its own."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None):
        self._inner = H11Protocol(config, server_state, app_state, _loop)
        self._inner.conn = _Reader(h11.SERVER, MAX_HEAD)
        self._inner.ws_protocol_class = None  # no route that the gate knows is a websocket
        self._loop = self._inner.loop
        self._piece = memoryview(b"")
        self._unsent: int | None = None  # when it was last looked at, since it is closing
        self._waiting_since: float | None = None  # for the head of a request that has begun, or for the first one

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._inner.connection_made(self._transport)
        self._waiting_since = self._loop.time()
        self._looking = self._loop.call_later(HEAD_S, self._look)

    def get_buffer(self, sizehint: int) -> memoryview:
        self._piece = memoryview(bytearray(PIECE))
        return self._piece

    def buffer_updated(self, nbytes: int) -> None:
        data, self._piece = bytes(self._piece[:nbytes]), memoryview(b"")
        try:
            self._inner.data_received(data)
        except h11.LocalProtocolError:  # nonsense behind an answer that has begun: there is no room for a 400
            self._transport.abort()
        if self._is_answering:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self._loop.time()

    def eof_received(self) -> None:
        self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._looking.cancel()
        self._inner.connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        cycle = self._inner.cycle
        return cycle is not None and not cycle.response_complete

    def _look(self) -> None:
        """Every HEAD_S. Between two requests uvicorn has its own patience, during one the gate has."""
        if self._transport.is_closing():  # an answer that nobody takes would keep it open for ever
            before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
            is_over = before is not None and self._unsent >= before
        else:
            is_over = self._waiting_since is not None and self._loop.time() - self._waiting_since >= HEAD_S
        if is_over:
            self._transport.abort()
        else:
            self._looking = self._loop.call_later(HEAD_S, self._look)


class _Reader(h11.Connection):
    """h11's, which spends 10 us on a chunk, be it of one byte: a megabyte of those would hold up everybody for seconds."""

    _pieces = _bytes = 0  # of the body that is read

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._pieces = self._bytes = 0
        elif isinstance(event, h11.Data):
            self._pieces += 1
            self._bytes += len(event.data)
            if self._pieces > FREE_PIECES + self._bytes // LEAST_PIECE:
                raise h11.RemoteProtocolError("the body comes in too many pieces")
        return event
