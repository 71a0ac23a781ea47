"""The face endpoint inside vLLM's server: vLLM's `vllm.endpoint_plugins` entry point, and an engine that asks its EngineClient.

Perceiver and processor are those of vLLM's own chat route, so a picture is looked at once, whichever route asks.
"""

from __future__ import annotations

import asyncio
import uuid
from argparse import Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from threading import Event
from typing import Any

from ..model.engines.protocol import Completion, Request
from ..model.engines.vllm import completion, sampling, vllm_prompt
from ..model.errors import FacewiseError
from ..model.network.processing import FacewiseProcessor
from .declining import NOBODY_WAITS
from .faces import Faces, router
from .limits import Limits
from .media import MAX_SECONDS


class FacesEndpoint:
    """What vLLM makes of the entry point."""

    name = "facewise-faces"
    required_tasks = ("generate",)

    def attach_router(self, app: Any) -> None:
        app.include_router(router)

    async def init_state(self, engine_client: Any, state: Any, args: Namespace) -> None:
        """Only for a model of ours; another one served with this plugin has no faces."""
        info = engine_client.renderer.get_mm_processor().info
        processor: FacewiseProcessor = info.get_hf_processor()
        loop = asyncio.get_running_loop()
        name = (args.served_model_name or [args.model])[0]
        for served in state.openai_serving_models.base_model_paths:
            served.model_path = served.name  # /v1/models would tell where the folder lies
        config, limits = info.get_hf_config(), Limits.from_env()
        clip = (args.media_io_kwargs or {}).get("video", {})
        engine = lambda: ClientEngine(engine_client, processor, loop)  # noqa: E731
        state.faces = Faces(processor.perceiver, engine, config, name, limits, clip.get("max_seconds", MAX_SECONDS))


class ClientEngine:
    """One call's engine: `complete` is called in a worker thread and waits for vLLM's event loop; `cancel` ends what runs, and all that would."""

    name = "vllm"

    def __init__(self, client: Any, processor: FacewiseProcessor, loop: asyncio.AbstractEventLoop):
        self.client, self.processor, self.loop = client, processor, loop
        self._running: Future | None = None
        self._is_gone = Event()

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """Raises FacewiseError after `cancel`."""
        if self._is_gone.is_set():
            raise FacewiseError(NOBODY_WAITS)
        self._running = asyncio.run_coroutine_threadsafe(self._all(requests), self.loop)
        if self._is_gone.is_set():  # while they were handed in
            self._running.cancel()
        try:
            return self._running.result()
        except CancelledError:
            raise FacewiseError(NOBODY_WAITS) from None

    def stream(self, request: Request) -> Iterator[str]:
        yield self.complete([request])[0].text

    def cancel(self) -> None:
        self._is_gone.set()
        if self._running is not None:
            self._running.cancel()

    async def _all(self, requests: Sequence[Request]) -> list[Completion]:
        return await asyncio.gather(*map(self._one, requests))

    async def _one(self, request: Request) -> Completion:
        (prompt,) = await self.client.renderer.render_cmpl_async([vllm_prompt(request, self.processor)])
        last = None
        async for output in self.client.generate(prompt, sampling(request, self.processor), f"faces-{uuid.uuid4().hex}"):
            last = output
        return completion(last, request, self.processor)
