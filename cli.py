"""The front door: one command, `facewise`; `facewise VERB --help` says what each verb takes.

Heavy libraries are imported inside the verbs, so that --help answers at once. Exit code 0 only on success; 2 is a user error, told in
one line on stderr; 130 is Ctrl-C. What libraries write to stderr is dropped unless --verbose is given.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import __version__
from .model.checkpoint import ENGINES
from .model.errors import FacewiseError
from .model.taxonomy import TASKS

BATCH = 16  # pictures answered together; their answers are printed before the next ones are read


def main(argv: Sequence[str] | None = None) -> int:
    try:
        args = _parser().parse_args(argv)
        return args.verb(args)
    except FacewiseError as error:
        print(f"facewise: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("facewise: stopped; what was printed or written so far is complete", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `facewise ask ... | head`: Python would complain once more when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are one line, like every other user error."""

    def error(self, message: str) -> NoReturn:
        raise FacewiseError(f"{message} ({self.prog} --help tells more)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="facewise", description="Reasons about faces in pictures.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"facewise {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_ask(verbs)
    _add_train(verbs)
    _add_doctor(verbs)
    return parser


def _add_ask(verbs: Any) -> None:
    parser = verbs.add_parser("ask", help="answer a question about the faces in pictures", allow_abbrev=False)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture files (JPEG, PNG, WebP, BMP, GIF, TIFF)")
    parser.add_argument("--question", metavar="TEXT", help="what to ask, in your own words")
    parser.add_argument("--task", choices=TASKS, metavar="TASK", help=f"what to ask, by name: {', '.join(TASKS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture, each on one line")
    parser.add_argument("--model", default="default", metavar="M", help="'default' (the embedded model) or a model folder")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="hf",
        metavar="E",
        help=f"what runs it: {', '.join(ENGINES)} (default: hf)",
    )
    parser.add_argument(
        "--neutral",
        metavar="PATH",
        help="a picture of the same person at rest, as the baseline of action units",
    )
    parser.add_argument("--no-emotion", action="store_true", help="action units only, no emotion words")
    parser.add_argument(
        "--prior",
        type=_probability,
        default=0.5,
        metavar="P",
        help="expected share of spoofs, 0 < P < 1 (default: 0.5)",
    )
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=_ask)


def _add_train(verbs: Any) -> None:
    parser = verbs.add_parser("train", help="fine-tune a model from a recipe", allow_abbrev=False)
    parser.add_argument("recipe", metavar="RECIPE.yaml", help="the recipe, one of finetune/recipes or your own")
    parser.add_argument(
        "fields",
        nargs=argparse.REMAINDER,
        metavar="--field value",
        help="any field of the recipe, overridden",
    )
    parser.set_defaults(verb=_train)


def _add_doctor(verbs: Any) -> None:
    parser = verbs.add_parser(
        "doctor",
        help="what is installed, what works, what is missing and the fix",
        epilog="Exit code 0: the embedded model can answer; 1: something that it needs is missing.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=_doctor)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability between 0 and 1")
    return value


def _ask(args: argparse.Namespace) -> int:
    with _own_stderr(args.verbose) as console:
        faults = {path: fault for path in args.paths if (fault := _fault(path))}
        if args.neutral and (fault := _fault(args.neutral)):
            raise FacewiseError(f"--neutral: {fault}")
        assistant = None if len(faults) == len(set(args.paths)) else _loaded(args, console)
        bad = 0
        for start in range(0, len(args.paths), BATCH):
            for reply in _replies(assistant, args.paths[start : start + BATCH], faults, args):
                bad += "error" in reply
                _show(reply, args.json, console)
    return 2 if bad else 0


def _fault(path: str) -> str | None:
    """What keeps a file from being read as a picture, told before any model is loaded."""
    from .model.perception.picture import read_picture

    if Path(path).is_dir():
        return f"{path}: a directory; clips are not answered yet, give the picture files inside it"
    try:
        read_picture(path)
    except FacewiseError as error:
        return str(error)
    return None


def _loaded(args: argparse.Namespace, console: TextIO) -> Any:
    if console.isatty():
        print("Loading the model; its first use prepares it, about 20 s ...", file=console)
    from .model.assistant import load

    return load(model=args.model, engine=args.engine)


def _replies(assistant: Any, paths: list[str], faults: dict[str, str], args: argparse.Namespace) -> Iterator[dict]:
    """One object per path, in the order given."""
    good = [path for path in paths if path not in faults]
    answered = (
        assistant.ask(
            good,
            question=args.question,
            task=args.task,
            neutral=args.neutral,
            emotion=not args.no_emotion,
            prior=args.prior,
        )
        if good
        else []
    )
    replies = iter(answered)
    for path in paths:
        yield {"input": path, "error": faults[path]} if path in faults else next(replies).to_dict()


def _show(reply: dict, as_json: bool, console: TextIO) -> None:
    if as_json:
        print(json.dumps(reply, ensure_ascii=False), flush=True)
    if "error" in reply:
        print(f"facewise: {reply['error']}", file=console, flush=True)
    elif not as_json:
        print(_readable(reply), flush=True)


def _readable(reply: dict) -> str:
    lines = [reply["input"]]
    for face in reply["faces"]:
        box = ", ".join(f"{value:.0f}" for value in face["box"])
        lines.append(f"  face {face['id'] + 1} at [{box}]: {face['answer']['text']}")
    if reply.get("note"):
        lines.append(f"  {reply['note']}")
    return "\n".join(lines)


def _train(args: argparse.Namespace) -> int:
    if not Path(args.recipe).is_file():
        raise FacewiseError(f"{args.recipe}: no such recipe; the recipe comes first, then its fields")
    from .finetune.train import main as train

    train([args.recipe, *args.fields])
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from .model.doctor import examine, readable

    with _own_stderr(args.verbose):
        report = examine()
    print(json.dumps(report, ensure_ascii=False) if args.json else readable(report))
    return 0 if report["can_answer"] else 1


@contextmanager
def _own_stderr(verbose: bool) -> Iterator[TextIO]:
    """A stream to the user's stderr; everybody else's writing there, Python's and C's alike, is dropped meanwhile.

    MediaPipe, TFLite and absl print from C++ and through sys.stderr, and no flag of theirs silences all of it. Their threads go on
    printing afterwards, so C's stderr stays dropped until the process ends; Python's comes back.
    """
    if verbose:
        yield sys.stderr
        return
    sys.stderr.flush()
    console = os.fdopen(os.dup(2), "w", buffering=1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        sys.stderr = nowhere
        try:
            yield console
        finally:
            sys.stderr = console


if __name__ == "__main__":
    sys.exit(main())
