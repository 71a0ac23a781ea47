"""The routes without vLLM: OpenAI's chat on one queue, health, metrics and models, with the gate and the face endpoint of vLLM's server."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ..model.engines.protocol import Completion
from ..model.errors import FacewiseError
from ..model.network.configuration import FacewiseConfig
from .batching import QueuedEngine, Worker
from .clips import clip_moments
from .command import DEFAULT_NEW_TOKENS
from .completions import Chat, Sayings, event, finish_reason, first_token, read_body
from .declining import Refused
from .faces import Faces, router
from .gate import Gate
from .limits import Limits
from .visit import leaves_before

FAULT = "the engine failed; the server's log tells why"
_GONE = 499  # to nobody: the client has left
_LOG = logging.getLogger("uvicorn.error")  # where the faults of an app are told


def application(worker: Worker, name: str, config: FacewiseConfig, limits: Limits, max_clip_s: float) -> FastAPI:
    """The routes in front of a worker, behind the gate. `name` is what the model is called, `config` its own."""
    door = Door(worker, name, config, limits, max_clip_s)
    routes: list[BaseRoute] = [
        Route("/health", door.health),
        Route("/metrics", door.metrics),
        Route("/v1/models", door.models),
        Route("/v1/chat/completions", door.chat, methods=["POST"]),
    ]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=routes)
    perceiver = worker.engine.processor.perceiver
    app.state.faces = Faces(perceiver, lambda: QueuedEngine(worker), config, name, limits, max_clip_s)
    app.include_router(router)
    app.add_middleware(Gate)
    app.add_exception_handler(Refused, lambda _, error: _told(error))
    app.add_exception_handler(FacewiseError, lambda _, error: _told(Refused(400, str(error))))
    app.add_exception_handler(HTTPException, lambda _, error: _told(Refused(error.status_code, str(error.detail))))
    app.add_exception_handler(Exception, lambda _, error: _told(Refused(500, FAULT)))
    return app


@dataclass(frozen=True, eq=False)
class Door:
    """The routes that vLLM has of itself."""

    worker: Worker
    name: str
    config: FacewiseConfig
    limits: Limits
    max_clip_s: float

    async def health(self, request: Request) -> Response:
        return Response(status_code=200 if self.worker.is_alive else 503)

    async def metrics(self, request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def models(self, request: Request) -> Response:
        model = {"id": self.name, "object": "model", "created": int(time.time()), "owned_by": "facewise"}
        return JSONResponse({"object": "list", "data": [model | {"max_model_len": self.worker.room}]})

    async def chat(self, request: Request) -> Response:
        """Raises Refused for what the engine cannot do."""
        has_left = Event()
        reading = asyncio.ensure_future(run_in_threadpool(self._read, await request.json(), has_left.is_set))
        if await leaves_before(reading, request.receive):
            has_left.set()
        chat, prompt_tokens = await reading
        said = Sayings(self.name, prompt_tokens)
        if chat.is_stream:
            return StreamingResponse(self._events(chat, said), media_type="text/event-stream")
        job = self.worker.submit(chat.request, wants_logprobs=chat.scores is not None)
        done = asyncio.wrap_future(job.done)
        try:
            if await leaves_before(done, request.receive):
                return Response(status_code=_GONE)
        finally:
            job.leave()
        result = done.result()
        if chat.scores:
            text, logprobs = first_token(result, chat.scores, self.worker.engine.processor)
            return JSONResponse(said.whole(text, 1, "length" if text else "stop", logprobs))
        return JSONResponse(said.whole(result.text, result.tokens, finish_reason(result, chat.request.max_tokens)))

    def _read(self, body: dict[str, Any], has_left: Callable[[], bool]) -> tuple[Chat, int]:
        """What is asked, and how many tokens the prompt has. Raises Refused and FacewiseError."""
        if body.get("model") not in (None, "", self.name):
            raise Refused(404, f"the model {body['model']!r:.80} is not served here; {self.name} is", "model")
        engine, encoder = self.worker.engine, self.config.encoder_config
        wanted = {"max_faces": self.config.max_faces, "image_size": encoder.image_size, "views": tuple(encoder.views)}
        watch = partial(clip_moments, **wanted, max_seconds=self.max_clip_s, has_left=has_left)
        chat = read_body(body, engine.processor, watch)
        if chat.request.schema is not None:
            engine.grammars.matcher(chat.request.schema)  # compiled here, it may take seconds
        if chat.scores and max(chat.scores.ids, default=0) >= engine.grammars.vocabulary:
            raise Refused(400, f"logprob_token_ids must be below {engine.grammars.vocabulary}", "logprob_token_ids")
        length = engine.prompt_tokens(chat.request)
        most = chat.max_tokens or min(DEFAULT_NEW_TOKENS, self.limits.max_new_tokens, max(1, self.worker.room - length))
        self.worker.check_room(length, most)
        return replace(chat, request=replace(chat.request, max_tokens=most)), length

    async def _events(self, chat: Chat, said: Sayings) -> AsyncIterator[str]:
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        tell = partial(_tell, asyncio.get_running_loop(), pieces)
        job = self.worker.submit(chat.request, told=tell)
        job.done.add_done_callback(lambda _: tell(None))
        try:
            yield said.event({"role": "assistant", "content": ""})
            while (piece := await pieces.get()) is not None:
                if piece:
                    yield said.event({"content": piece})
            if fault := job.done.exception():
                _LOG.error("the engine failed", exc_info=fault)
                yield event(Refused(500, FAULT).body().decode())
            else:
                completion: Completion = job.done.result()
                yield said.event({}, finish_reason(completion, chat.request.max_tokens))
                if chat.has_usage:
                    yield said.usage_event(completion.tokens)
            yield event("[DONE]")
        finally:
            job.leave()


def _told(refused: Refused) -> Response:
    return Response(refused.body(), refused.status, media_type="application/json")


def _tell(loop: asyncio.AbstractEventLoop, pieces: asyncio.Queue[str | None], piece: str | None) -> None:
    """From the engine's thread into the loop's queue."""
    with suppress(RuntimeError):  # the server has ended before the engine
        loop.call_soon_threadsafe(pieces.put_nowait, piece)
