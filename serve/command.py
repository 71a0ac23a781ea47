"""`facewise serve [MODEL] [flags]`: the OpenAI API and the face endpoint on one port, through vLLM where it is installed.

Everything that makes a served answer equal to an asked one is set here and printed; a flag of vLLM's that the user gives comes after ours and
wins. vLLM runs in this process, so that a signal reaches it as it reaches us.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import resource
import socket
import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from threading import Thread
from typing import Any, NoReturn

from ..model.errors import ArgumentParser, FacewiseError
from .limits import Limits
from .ready import LOOPBACK, announce

GATE = "facewise.serve.gate.Gate"
DRAIN_S = 30  # what is being answered at SIGTERM has this long
LEAVE_S = 5  # and threads that nobody waits for have this long after it
MAX_FILES = 2**16  # as many as vLLM wants
DEFAULT_NEW_TOKENS = 256  # of a chat answer whose client names no length
VERBOSE = {"VLLM_LOGGING_LEVEL": "INFO"}
# Four libraries in three processes: their progress bars, and warnings of what nobody can change.
QUIET = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONWARNINGS": "ignore",
    "TORCH_LOGS": "-all",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}


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
    may_open()
    if serving.engine == "hf":
        from .fallback import serve

        return serve(serving)
    return serve_vllm(serving)


def parse(argv: list[str]) -> Serving:
    """Raises FacewiseError for what cannot be; the model, if one is named, comes first, so that a flag's value never passes for it."""
    named = argv[:1] if argv and not argv[0].startswith("-") else []
    args, more = _parser().parse_known_args(argv[len(named) :])
    named += [args.model] if args.model else []
    if len(named) > 1:
        raise FacewiseError(f"two models: {named[0]} and --model {named[1]}; one is served, name it once")
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
    return Serving((named or ["default"])[0], engine, args.host, args.port, limits, args.max_clip_s, args.verbose, tuple(more))


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="facewise serve",
        usage="facewise serve [MODEL] [options] [vLLM's flags]",
        description="Serve the OpenAI API and the face endpoint. MODEL is 'default' or a model folder, and comes first or after --model.",
        epilog="Any flag of vLLM's is passed on: --api-server-count 2, --allowed-media-domains example.org, --enable-lora ...",
        allow_abbrev=False,
    )
    parser.add_argument("--model", metavar="MODEL", help="the same as MODEL in the first place")
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
    serving = settled(serving)
    tell_if_open(serving)
    set_environment(serving)
    from ..model.checkpoint import load_checkpoint
    from ..model.export import prepared_whole
    from ..model.network import register

    register()
    checkpoint = load_checkpoint(serving.model)
    print(f"Preparing {checkpoint.name}; a first start takes about a minute ...", file=sys.stderr, flush=True)
    folder = prepared_whole(checkpoint)
    flags = vllm_flags(serving, checkpoint)
    from vllm.entrypoints.cli.serve import ServeSubcommand
    from vllm.entrypoints.launchers.cli_args import validate_parsed_serve_args
    from vllm.logger import configure_logging_from_args
    from vllm.version import __version__ as version

    told = " ".join(word if " " not in word else f"'{word}'" for word in flags)
    print(f"vLLM {version}: {told} {' '.join(serving.more)}".rstrip(), file=sys.stderr, flush=True)
    args = vllm_parser().parse_args([str(folder), *flags, *serving.more])
    configure_logging_from_args(args)  # as vLLM's own command does
    validate_parsed_serve_args(args)
    if args.uds:
        print(f"Nothing says when it is ready: it will listen on the socket {args.uds}", file=sys.stderr, flush=True)
    else:
        told_to = (args.host, args.port, checkpoint.name, serving.limits, args.ssl_certfile is not None)
        Thread(target=announce, args=told_to, daemon=True).start()
    ServeSubcommand.cmd(args)
    leave_within(LEAVE_S)
    return 0


def settled(serving: Serving) -> Serving:
    """With the port that will be listened on, 0 being any that is free. Raises FacewiseError for an address that cannot be had."""
    with bound(serving.host, serving.port) as listening:  # vLLM binds it again, once everything is loaded
        return replace(serving, port=listening.getsockname()[1])


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


def tell_if_open(serving: Serving) -> None:
    """One line where other machines may ask and need no key."""
    try:
        is_loopback = ipaddress.ip_address(serving.host).is_loopback
    except ValueError:
        is_loopback = serving.host == "localhost"
    if not is_loopback and not serving.limits.api_keys:
        told = f"facewise: whoever reaches {serving.host} may ask this server; --api-key KEY or FACEWISE_API_KEY shuts it"
        print(told, file=sys.stderr, flush=True)


def may_open() -> None:
    """Lets this process, and those that it starts, open as many files and connections as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def leave_within(seconds: float) -> None:
    """Ends the process by then, whatever still works in it: at its end Python waits for the threads of every pool, for a clip that is watched
    or a prompt that is read, though nobody waits for the answer."""

    def leave() -> None:
        time.sleep(seconds)
        sys.stderr.flush()
        os._exit(0)

    Thread(target=leave, name="facewise-leave", daemon=True).start()


def vllm_parser() -> Any:
    """vLLM's own, which tells a mistake in one line instead of with all that it knows, and guesses no flag."""
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = make_arg_parser(FlexibleArgumentParser(prog="facewise serve", allow_abbrev=False))
    parser.error = refuse_flag
    return parser


def refuse_flag(message: str) -> NoReturn:
    raise FacewiseError(f"vLLM: {message}")


def set_environment(serving: Serving) -> None:
    """What vLLM, its worker processes and our gate read from the environment; what the user has set of their talk stays."""
    for name, value in (VERBOSE if serving.verbose else QUIET).items():
        os.environ.setdefault(name, value)
    # Only now, because libraries look at their settings when they are imported.
    from ..model.engines.vllm import prepare_environment
    from ..model.perception.picture import MAX_PIXELS

    prepare_environment()
    os.environ["VLLM_MEDIA_CONNECTOR"] = "facewise"
    os.environ["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] = "0"  # an allowed host may not send us to one that is not
    os.environ.setdefault("VLLM_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
    serving.limits.to_env()


def vllm_flags(serving: Serving, checkpoint: Any) -> list[str]:
    """vLLM's settings for a model of ours, as flags."""
    from ..model.engines.vllm import settings
    from ..model.export import as_flags

    encoder = checkpoint.perceiver.encoder.config
    clip = {
        "max_faces": checkpoint.config.max_faces,
        "image_size": encoder.image_size,
        "views": list(encoder.views),
        "max_seconds": serving.max_clip_s,
    }
    return [
        *("--served-model-name", checkpoint.name, "--host", serving.host, "--port", str(serving.port)),
        *as_flags(settings()),
        *("--media-io-kwargs", json.dumps({"video": clip})),
        *("--chat-template-content-format", "openai"),
        # As asked: a client that wants chance or length says so.
        *("--override-generation-config", json.dumps({"temperature": 0, "max_new_tokens": DEFAULT_NEW_TOKENS})),
        *("--middleware", GATE),
        *("--shutdown-timeout", str(DRAIN_S)),
        "--disable-uvicorn-access-log",  # ours tells the same without addresses and queries
        *(() if serving.verbose else ("--uvicorn-log-level", "warning", "--no-use-tqdm-on-load")),
    ]
