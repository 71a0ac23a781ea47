"""`facewise chat`: the page, for this machine unless another address is named."""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn, TextIO

from ...model.errors import FacewiseError

PORT = 7860


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default="default",
        metavar="M",
        help="'default' (the embedded model), a model folder, or an OpenAI-compatible server (http://host:8000/v1; key in FACEWISE_API_KEY)",
    )
    parser.add_argument(
        "--engine", choices=("hf", "fake"), default="hf", help="what runs a folder (default: hf; fake: to try the page)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine only)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port; 0 takes any that is free (default: {PORT})")
    parser.add_argument(
        "--auth", metavar="USER:PASS", help="ask for this name and password (FACEWISE_AUTH in the environment: ps shows a flag)"
    )
    parser.add_argument("--save", metavar="DIR", help="keep every conversation in this folder; without it nothing is kept")
    parser.add_argument(
        "--rows",
        metavar="DIR",
        help="show the instruction rows of this folder, which `facewise build` wrote, or of a .jsonl or .parquet file",
    )
    parser.add_argument("--no-emotion", action="store_true", help="action units only, no emotion words")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")


def chat(args: argparse.Namespace, console: TextIO) -> int:
    """Serves until Ctrl-C. Raises FacewiseError for what cannot be, before anything is loaded."""
    from ..command import bound

    auth, save, rows = (
        signed_in(args.auth or os.environ.get("FACEWISE_AUTH")),
        _folder("--save", args.save, makes=True),
        _rows(args.rows),
    )
    if not 0 <= args.port < 2**16:
        raise FacewiseError(f"--port {args.port}: give a number below 65536")
    if auth is None and not _is_loopback(args.host):
        print(f"facewise: whoever reaches {args.host} may use this page; --auth USER:PASS shuts it", file=console, flush=True)
    _installed()
    with bound(args.host, args.port) as listening:
        return _serve(args, listening, console, auth, save, rows)


def _serve(args: Any, listening: Any, console: TextIO, auth: tuple[str, str] | None, save: Path | None, rows: Path | None) -> int:
    print("Opening the page ...", file=console, flush=True)
    from .models import Models
    from .site import served

    models = Models(args.model, args.engine, not args.no_emotion)
    with served(models, listening, auth, save, rows) as server:
        from .app import prepare

        prepare(models)
        host, port = listening.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        print(f"Facewise is at http://{shown}:{port}  (Ctrl-C ends it)", file=console, flush=True)
        signal.signal(signal.SIGTERM, _leave)  # uvicorn raises it anew when it has shut down, and temporary files are to go
        server.run(sockets=[listening])
    return 0


def _leave(*_: Any) -> NoReturn:
    sys.exit(0)


def signed_in(words: str | None) -> tuple[str, str] | None:
    """Raises FacewiseError for what is no USER:PASS; the words are not repeated."""
    if words is None:
        return None
    user, _, password = words.partition(":")
    if not user or not password:
        raise FacewiseError("--auth: give a name and a password as USER:PASS")
    return user, password


def _folder(flag: str, name: str | None, makes: bool = False) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        if makes:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FacewiseError(f"{flag}: {folder}: the folder cannot be made ({error.strerror})") from None
    if not folder.is_dir():
        raise FacewiseError(f"{flag}: {folder}: no such folder")
    return folder


def _rows(name: str | None) -> Path | None:
    return Path(name) if name is not None and Path(name).is_file() else _folder("--rows", name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _installed() -> None:
    from importlib.util import find_spec

    if find_spec("gradio") is None:
        raise FacewiseError("the page needs Gradio: pip install 'facewise[page]'")
