"""`facewise serve [MODEL] [flags]`: the OpenAI API and the face endpoint on one port, through vLLM where it is installed.

Everything that makes a served answer equal to an asked one is set here and printed; a flag of vLLM's that the user gives comes after ours and
wins. vLLM runs in this process, so that a signal reaches it as it reaches us.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from importlib.util import find_spec
from threading import Thread
from typing import Any, NoReturn

from ..model.errors import ArgumentParser, FacewiseError
from .limits import Limits

LOOPBACK = "127.0.0.1"
GATE = "facewise.serve.gate.Gate"
DRAIN_S = 30  # what is being answered at SIGTERM has this long
DEFAULT_NEW_TOKENS = 256  # of a chat answer whose client names no length


@dataclass(frozen=True)
class Serving:
    """What was asked for; `more` goes to vLLM as it is."""

    model: str
    engine: str
    host: str
    port: int
    limits: Limits
    max_clip_s: float
    verbose: bool
    more: tuple[str, ...]


def main(argv: list[str]) -> int:
    serving = parse(argv)
    if serving.engine == "hf":
        from .fallback import serve

        return serve(serving)
    return serve_vllm(serving)


def parse(argv: list[str]) -> Serving:
    """Raises FacewiseError for what cannot be; the model, if one is named, comes first, so that a flag's value never passes for it."""
    named = argv[:1] if argv and not argv[0].startswith("-") else ["default"]
    args, more = _parser().parse_known_args(argv[1:] if argv[:1] == named else argv)
    keys = args.api_key or [key for key in (os.environ.get("FACEWISE_API_KEY"),) if key]
    chosen = {name: value for name in vars(Limits()) if (value := getattr(args, name, None)) is not None}
    held = max(Limits.max_held_mb, chosen.get("max_body_mb", 0))
    limits = replace(Limits(api_keys=tuple(keys), max_held_mb=held), **chosen)
    if not 0 <= args.port < 2**16:  # getaddrinfo would take its last sixteen bits
        raise FacewiseError(f"--port {args.port}: give a number below 65536")
    if not args.max_clip_s > 0:
        raise FacewiseError(f"--max-clip-s {args.max_clip_s:g}: give seconds above 0")
    engine = args.engine or ("vllm" if find_spec("vllm") else "hf")
    if engine == "hf" and more:
        raise FacewiseError(f"{' '.join(more)}: flags of vLLM's, which the engine hf does not take (facewise serve --help)")
    return Serving(named[0], engine, args.host, args.port, limits, args.max_clip_s, args.verbose, tuple(more))


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="facewise serve",
        usage="facewise serve [MODEL] [options] [vLLM's flags]",
        description="Serve the OpenAI API and the face endpoint. MODEL is 'default' or a model folder, and comes first.",
        epilog="Any flag of vLLM's is passed on: --api-server-count 2, --allowed-media-domains example.org, --enable-lora ...",
        allow_abbrev=False,
    )
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on (default: {LOOPBACK}, this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="port (default: 8000)")
    parser.add_argument("--engine", choices=("vllm", "hf"), help="default: vllm where it is installed, else hf")
    parser.add_argument(
        "--api-key", action="append", metavar="KEY", help="a key that opens the server (default: $FACEWISE_API_KEY)"
    )
    parser.add_argument("--max-concurrent", type=int, metavar="N", help="requests that are worked on at once (default: 32)")
    parser.add_argument("--queue", type=int, metavar="N", help="requests that may wait (default: 128)")
    parser.add_argument("--queue-timeout-s", type=float, metavar="S", help="how long they may, before 429 (default: 30)")
    parser.add_argument("--max-body-mb", type=float, metavar="MB", help="largest request (default: 64)")
    parser.add_argument("--max-clip-s", type=float, default=60.0, metavar="S", help="longest clip (default: 60)")
    parser.add_argument(
        "--log-content",
        action="store_true",
        default=None,
        help="write questions and the beginnings of answers into the log; pictures never",
    )
    parser.add_argument("--verbose", action="store_true", help="vLLM's own log, too")
    return parser


def serve_vllm(serving: Serving) -> int:
    if find_spec("vllm") is None:
        raise FacewiseError("vLLM is not installed: pip install 'facewise[serve]', or facewise serve --engine hf")
    from ..model.checkpoint import load_checkpoint
    from ..model.export import prepared_whole
    from ..model.network import register

    bound(serving.host, serving.port).close()  # vLLM binds it again, once everything is loaded
    set_environment(serving)
    register()
    checkpoint = load_checkpoint(serving.model)
    print(f"Preparing {checkpoint.name}; a first start takes about a minute ...", file=sys.stderr, flush=True)
    folder = prepared_whole(checkpoint)
    flags = vllm_flags(serving, checkpoint)
    from vllm.entrypoints.cli.serve import ServeSubcommand
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.utils.argparse_utils import FlexibleArgumentParser
    from vllm.version import __version__ as version

    told = " ".join(word if " " not in word else f"'{word}'" for word in flags)
    print(f"vLLM {version}: {told} {' '.join(serving.more)}".rstrip(), file=sys.stderr, flush=True)
    parser = make_arg_parser(FlexibleArgumentParser(prog="facewise serve"))
    parser.error = refuse_flag  # one line instead of all that vLLM knows
    args = parser.parse_args([str(folder), *flags, *serving.more])
    validate_parsed_serve_args(args)
    Thread(target=announce, args=(args.host, args.port, checkpoint.name, serving.limits), daemon=True).start()
    ServeSubcommand.cmd(args)
    return 0


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address. Raises FacewiseError for one that nobody can listen on, before anything is loaded."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FacewiseError(f"{host}:{port}: cannot be listened on ({reason}); give another --host or --port") from None
    return listening


def refuse_flag(message: str) -> NoReturn:
    raise FacewiseError(f"vLLM: {message}")


def set_environment(serving: Serving) -> None:
    """What vLLM, its worker processes and our gate read from the environment."""
    from ..model.engines.vllm import prepare_environment
    from ..model.perception.picture import MAX_PIXELS

    if serving.verbose:
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "INFO")
    prepare_environment()
    os.environ["VLLM_MEDIA_CONNECTOR"] = "facewise"
    os.environ["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] = "0"  # an allowed host may not send us to one that is not
    os.environ.setdefault("VLLM_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    if not serving.verbose:
        os.environ.setdefault("TQDM_DISABLE", "1")  # the progress bars of four libraries, in three processes
    serving.limits.to_env()


def vllm_flags(serving: Serving, checkpoint: Any) -> list[str]:
    """vLLM's settings for a model of ours, as flags."""
    from ..model.engines.vllm import settings

    encoder = checkpoint.perceiver.encoder.config
    clip = {
        "max_faces": checkpoint.config.max_faces,
        "image_size": encoder.image_size,
        "views": list(encoder.views),
        "max_seconds": serving.max_clip_s,
    }
    flags = ["--served-model-name", checkpoint.name, "--host", serving.host, "--port", str(serving.port)]
    for name, value in settings().items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, list):
            flags += [flag, *map(str, value)]
        elif isinstance(value, bool):
            flags += [flag] if value else []
        else:
            flags += [flag, json.dumps(value) if isinstance(value, dict) else str(value)]
    return [
        *flags,
        *("--media-io-kwargs", json.dumps({"video": clip})),
        *("--chat-template-content-format", "openai"),
        # As asked: a client that wants chance or length says so.
        *("--override-generation-config", json.dumps({"temperature": 0, "max_new_tokens": DEFAULT_NEW_TOKENS})),
        *("--middleware", GATE),
        *("--shutdown-timeout", str(DRAIN_S)),
        "--disable-uvicorn-access-log",  # ours tells the same without addresses and queries
    ]


def announce(host: str, port: int, model: str, limits: Limits) -> None:
    """Waits until the server is healthy, then prints how to ask it."""
    shown = LOOPBACK if host in ("0.0.0.0", "::", None) else host
    base = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    request = urllib.request.Request(f"{base}/health")
    if limits.api_keys:
        request.add_header("Authorization", f"Bearer {limits.api_keys[0]}")
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    key = ' -H "Authorization: Bearer $FACEWISE_API_KEY"' if limits.api_keys else ""
    print(f"Ready: {model} at {base}/v1", file=sys.stderr)
    print(f"  curl{key} -F image=@photo.jpg -F task=spoof {base}/v1/faces/ask", file=sys.stderr, flush=True)
