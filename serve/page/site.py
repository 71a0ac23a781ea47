"""The page as a web site of this machine: no analytics, no file or script from elsewhere, its temporary files gone when it ends.

A content security policy forbids the browser what the page does not need, every other host among it.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn

    from .models import Models

HERE = Path(__file__).parent
MAX_FILE = "128mb"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' data: blob:; frame-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
ENVIRONMENT = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}


class Sealed:
    """ASGI middleware that adds HEADERS to every answer."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sealed(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self.app(scope, receive, sealed if scope["type"] == "http" else send)


@contextmanager
def served(
    models: Models,
    listening: socket.socket,
    auth: tuple[str, str] | None = None,
    save: Path | None = None,
    rows: Path | None = None,
) -> Iterator[uvicorn.Server]:
    """A server that is ready to `run(sockets=[listening])`; its temporary folder is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="facewise-") as folder:
        os.environ.update(ENVIRONMENT, GRADIO_TEMP_DIR=folder)  # read by gradio when it is imported
        yield _server(models, auth, save, rows)


def _server(models: Models, auth: tuple[str, str] | None, save: Path | None, rows: Path | None) -> uvicorn.Server:
    import fastapi
    import gradio as gr
    import uvicorn

    from .app import Page, blocks
    from .keeping import SEEN

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Sealed)
    app.get(f"/{SEEN}/{{name}}")(_seen)
    gr.mount_gradio_app(
        app,
        blocks(Page(models, save, rows)),
        path="/",
        auth=auth,
        auth_message="This page is for those who were given a name and a password.",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        show_error=False,
        max_file_size=MAX_FILE,
        favicon_path=str(HERE / "face.svg"),
        theme=theme(),
        css_paths=[HERE / "page.css"],
        head=f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
    )
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))


def _seen(name: str) -> Any:
    from fastapi import Response

    from .keeping import seen

    data = seen(name.removesuffix(".jpg"))
    if data is None:
        return Response("gone", status_code=404)
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})


def theme() -> Any:
    """Fonts of the reader's own system: none is fetched."""
    import gradio as gr

    return gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=["system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
