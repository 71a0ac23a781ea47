"""`facewise serve --engine hf`: the same API without vLLM, one process, transformers behind one queue (batching.py, routes.py)."""

from __future__ import annotations

import signal
import socket
import sys
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..model.errors import FacewiseError
from .command import DRAIN_S, LEAVE_S, Serving, bound, leave_within, tell_if_open
from .ready import announce

if TYPE_CHECKING:
    import uvicorn

    from .batching import Worker


def serve(serving: Serving) -> int:
    """Serves until a signal ends it; what is being answered then has DRAIN_S to end. Raises FacewiseError for a model or an address that
    cannot be had, and where the web libraries are not installed."""
    try:
        import python_multipart  # noqa: F401 - by which FastAPI reads forms
        import uvicorn  # noqa: F401

        from .routes import application
    except ImportError as error:
        raise FacewiseError(f"a server needs {error.name}, which is not installed: pip install 'facewise[http]'") from None
    from transformers.utils.logging import disable_progress_bar

    from ..model.checkpoint import load_checkpoint
    from ..model.network import register
    from .batching import Worker
    from .perceiving import SharedPerceiver

    listening = bound(serving.host, serving.port)  # before the model is loaded; nobody is let in before uvicorn listens
    tell_if_open(serving)
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
    port = listening.getsockname()[1]
    Thread(target=announce, args=(serving.host, port, checkpoint.name, serving.limits), daemon=True).start()
    run(app, listening, worker, serving.verbose)
    return 0


def configured(app: Any, verbose: bool) -> uvicorn.Config:
    """uvicorn's settings for a server of ours."""
    import uvicorn

    from .transport import Bounded

    return uvicorn.Config(
        app,
        http=Bounded,  # type: ignore[arg-type]  # a protocol of asyncio's, which uvicorn types as typing's
        ws="none",
        access_log=False,  # the gate tells the same without addresses and queries
        log_level="info" if verbose else "warning",
        timeout_graceful_shutdown=DRAIN_S,
    )


def run(app: Any, listening: socket.socket, worker: Worker, verbose: bool) -> None:
    """Serves until a signal. DRAIN_S and LEAVE_S later the process ends whatever it does; a further signal, when only the engine still works,
    ends it at once."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            leave_within(DRAIN_S + LEAVE_S)
            super().handle_exit(sig, frame)

    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them once more when it has ended, which is no fault
        signal.signal(number, lambda *_: None)
    Server(configured(app, verbose)).run(sockets=[listening])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    worker.close()
