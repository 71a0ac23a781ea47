"""The page as a web site of this machine: no analytics, no file or script from elsewhere, its temporary files gone when it ends.

A content security policy forbids the browser what the page does not need, every other host among it. What other sites ask through a
visitor's browser is refused: their forms and scripts, and their names that were made to point to this machine (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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


NOT_BY_NAME = "This page answers under this machine's own address; with --auth USER:PASS it takes any name."
NOT_FROM_ELSEWHERE = "Another site may not use this page."


class Sealed:
    """ASGI middleware that adds HEADERS to every answer and turns away what other sites send; `only_local` when the page is for
    this machine and nobody signs in."""

    def __init__(self, app: Any, only_local: bool):
        self.app, self.only_local = app, only_local

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import PlainTextResponse

        async def sealed(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = refusal(scope["method"], headers, self.only_local)
        await (PlainTextResponse(refused, 403) if refused else self.app)(scope, receive, sealed)


def refusal(method: str, headers: Mapping[str, str], only_local: bool) -> str:
    """Why a request is turned away; empty for one that is welcome. A link from another site is."""
    host = headers.get("host", "")
    if only_local and not _is_address(host):
        return NOT_BY_NAME
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_elsewhere = site in ("cross-site", "same-site") if site else bool(origin) and urlsplit(origin or "").netloc != host
    is_link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return NOT_FROM_ELSEWHERE if is_elsewhere and not is_link else ""


def _is_address(host: str) -> bool:
    """Whether a Host header is an address or localhost, which no other site can claim."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


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
        is_here = ipaddress.ip_address(listening.getsockname()[0]).is_loopback
        yield _server(models, auth, save, rows, only_local=is_here and auth is None)


def _server(
    models: Models, auth: tuple[str, str] | None, save: Path | None, rows: Path | None, only_local: bool
) -> uvicorn.Server:
    import fastapi
    import gradio as gr
    import uvicorn

    from .app import Page, blocks
    from .keeping import SEEN

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Sealed, only_local=only_local)
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
