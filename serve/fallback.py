"""`facewise serve --engine hf`: the same API without vLLM, one process, transformers behind one queue (batching.py, routes.py)."""

from __future__ import annotations

import signal
import sys
from threading import Thread
from typing import Any

from ..model.errors import FacewiseError
from .command import DRAIN_S, Serving, announce, bound


def serve(serving: Serving) -> int:
    """Serves until a signal ends it; what is being answered then has DRAIN_S to end. Raises FacewiseError for a model or an address that
    cannot be had, and where the web libraries are not installed."""
    try:
        import python_multipart  # noqa: F401 - by which FastAPI reads forms
        import uvicorn

        from .routes import application
    except ImportError as error:
        raise FacewiseError(f"a server needs {error.name}, which is not installed: pip install 'facewise[http]'") from None
    from transformers.utils.logging import disable_progress_bar

    from ..model.checkpoint import load_checkpoint
    from ..model.network import register
    from .batching import Worker
    from .perceiving import SharedPerceiver

    listening = bound(serving.host, serving.port)  # before the model is loaded; nobody is let in before uvicorn listens
    if not serving.verbose:
        disable_progress_bar()
    register()
    checkpoint = load_checkpoint(serving.model)
    print(f"Loading {checkpoint.name} ...", file=sys.stderr, flush=True)
    engine: Any = checkpoint.engine("hf")
    engine.processor.perceiver = SharedPerceiver(engine.processor.perceiver)
    serving.limits.to_env()
    worker = Worker(engine)
    app = application(worker, checkpoint.name, checkpoint.config, serving.limits, serving.max_clip_s)
    config = uvicorn.Config(
        app,
        access_log=False,  # the gate tells the same without addresses and queries
        log_level="info" if serving.verbose else "warning",
        timeout_graceful_shutdown=DRAIN_S,
    )
    port = listening.getsockname()[1]
    Thread(target=announce, args=(serving.host, port, checkpoint.name, serving.limits), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them once more when it has ended, which is no fault
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])
    worker.close()
    return 0
