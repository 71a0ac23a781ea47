"""The front door: one command, `facewise`; `facewise VERB --help` says what each verb takes.

Heavy libraries are imported inside the verbs, so that --help answers at once. Exit code 0 only on success; 2 is a user error, told in
one line on stderr; 130 is Ctrl-C. What libraries write to stderr is dropped unless --verbose is given.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from . import __version__
from .model.checkpoint import ENGINES
from .model.errors import ArgumentParser, FacewiseError, one_line
from .model.taxonomy import ANSWERED

BATCH = 8  # pictures read and answered together; their answers are printed before the next ones are read


def main(argv: Sequence[str] | None = None) -> int:
    try:
        _ready_streams()
        words = list(sys.argv[1:] if argv is None else argv)
        if words[:1] == ["serve"]:  # the flags of the server behind it are nobody's to list
            from .serve.command import main as serve

            return serve(words[1:])
        args = _parser().parse_args(words)
        return args.verb(args)
    except FacewiseError as error:
        print(f"facewise: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("facewise: stopped; what was printed or written so far is complete", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `facewise ask ... | head`
        _drop_stdout()
        return 1


def _ready_streams() -> None:
    """What an encoding cannot hold is printed escaped, what goes to a closed stderr is dropped. Raises FacewiseError for a closed stdout."""
    if sys.stderr is None:  # `2>&-`: the next file that is opened would get the number 2, and the noise of libraries
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        sys.stderr = os.fdopen(2, "w")
    if sys.stdout is None:
        raise FacewiseError("standard output is closed, what is printed would be lost; leave it open")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _print(text: str) -> None:
    """To standard output, at once. Raises FacewiseError where it takes no more, on a full disk; a closed pipe is left to `main`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _drop_stdout()
        raise FacewiseError(f"standard output cannot be written ({error.strerror})") from None


def _drop_stdout() -> None:
    """What is still in its buffer would make Python complain once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="facewise", description="Reasons about faces in pictures.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"facewise {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _add_ask(verbs)
    _add_see(verbs)
    _add_chat(verbs)
    verbs.add_parser("serve", help="serve the OpenAI API and the face endpoint, through vLLM", add_help=False)
    _add_synth(verbs)
    _add_build(verbs)
    _add_data(verbs)
    _add_train(verbs)
    _add_export(verbs)
    _add_eval(verbs)
    _add_doctor(verbs)
    return parser


def _add_ask(verbs: Any) -> None:
    parser = verbs.add_parser("ask", help="answer a question about the faces in pictures and clips", allow_abbrev=False)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pictures, videos, and folders of frames")
    parser.add_argument("--question", metavar="TEXT", help="what to ask, in your own words")
    parser.add_argument("--task", choices=ANSWERED, metavar="TASK", help=f"what to ask, by name: {', '.join(ANSWERED)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object per input, each on one line")
    parser.add_argument(
        "--model",
        default="default",
        metavar="M",
        help="'default' (the embedded model), a model folder, or an OpenAI-compatible server (http://host:8000/v1; key in FACEWISE_API_KEY)",
    )
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
    parser.add_argument("--fps", type=_rate, metavar="N", help="frames per second; a folder of frames needs it")
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


def _add_see(verbs: Any) -> None:
    parser = verbs.add_parser(
        "see",
        help="what perception and the evidence encoder find, before any language model",
        epilog="A clip is a video file, an animated GIF, or a folder of frames. Movements in clips are candidates with a score, no facts.",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pictures, videos, and folders of frames")
    parser.add_argument("--json", action="store_true", help="print one JSON object per input, each on one line")
    parser.add_argument("--csv", metavar="OUT.csv", help="write one row per frame and face")
    parser.add_argument(
        "--csv-columns",
        choices=("openface", "py-feat"),
        default="openface",
        metavar="NAMES",
        help="whose column names: openface or py-feat (default: openface)",
    )
    parser.add_argument("--draw", metavar="OUT", help="draw what was found: a .png or .mp4, or a folder for several inputs")
    parser.add_argument(
        "--fps", type=_rate, metavar="N", help="frames per second; a folder of frames needs it (200 for CASME II and SAMM)"
    )
    parser.add_argument("--landmarker", metavar="FILE.task", help="find faces with MediaPipe Tasks and this file of yours")
    parser.add_argument("--model", default="default", metavar="M", help="'default' (the embedded model) or a model folder")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=_see)


def _add_chat(verbs: Any) -> None:
    from .serve.page.command import add_arguments

    parser = verbs.add_parser(
        "chat",
        help="open the web page: drop a photo or a clip, ask, and see what the answer rests on",
        epilog="Nothing is kept after a session unless --save names a folder; the page is for this machine unless --host says otherwise.",
        allow_abbrev=False,
    )
    add_arguments(parser)
    parser.set_defaults(verb=_chat)


def _add_synth(verbs: Any) -> None:
    from .data_builders.synthesis.command import add_arguments, synth

    parser = verbs.add_parser(
        "synth", help="make labelled pictures and clips: spoofs, faces with action units, micro-expressions", allow_abbrev=False
    )
    add_arguments(parser)
    parser.set_defaults(verb=synth)


def _add_build(verbs: Any) -> None:
    from .data_builders.build.command import add_arguments, build

    parser = verbs.add_parser(
        "build", help="turn labelled datasets into checked instruction data", allow_abbrev=False, add_help=False
    )
    add_arguments(parser)
    parser.set_defaults(verb=build)


def _add_data(verbs: Any) -> None:
    from .data_builders.browse.command import add_verbs as add_looking
    from .data_builders.exporters.command import add_verbs as add_handing_on

    parser = verbs.add_parser("data", help="count, show, export or upload what `facewise build` wrote", allow_abbrev=False)
    below = parser.add_subparsers(metavar="VERB", required=True)
    add_looking(below, _own_stderr)
    add_handing_on(below)


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


def _add_export(verbs: Any) -> None:
    parser = verbs.add_parser(
        "export",
        help="write a model as one whole folder, as transformers and vLLM load it",
        epilog="Ten questions are asked before and after; a folder that would answer otherwise is not written, and the exit code is 2.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a training, or 'default'")
    parser.add_argument("out", metavar="OUT", help="the new folder")
    parser.add_argument(
        "--adapters", action="store_true", help="keep LoRAs as PEFT folders in OUT/adapters, for vLLM's --lora-modules"
    )
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=_export)


def _add_eval(verbs: Any) -> None:
    from .eval.command import add_verbs

    parser = verbs.add_parser(
        "eval", help="measure a model, ours or any other, by the protocols of the field", allow_abbrev=False
    )
    add_verbs(parser.add_subparsers(metavar="VERB", required=True), _own_stderr)


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


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of frames per second")
    return value


def _ask(args: argparse.Namespace) -> int:
    from .model.asked import asked_for

    asked_for(args.question, args.task, bool(args.neutral), not args.no_emotion, args.prior)
    with _own_stderr(args.verbose) as console:
        bad = 0
        for reply in _replies(args, console):
            bad += "error" in reply
            _show(reply, args.json, console)
    return 2 if bad else 0


def _replies(args: argparse.Namespace, console: TextIO) -> Iterator[dict]:
    """One object per path, in the order given. The model is loaded once an input is there that it can be asked about."""
    neutral = _picture(args.neutral) if args.neutral else None
    assistant = None
    for paths in _batches(args.paths):
        read = [_input(path, args, console) for path in paths]
        if isinstance(neutral, str):
            read = [
                found if isinstance(found, str) else _unanswered(path, f"--neutral: {neutral}")
                for path, found in zip(paths, read)
            ]
        good = [found for found in read if not isinstance(found, str)]
        if good and assistant is None:
            assistant = _loaded(args, console)
        answered = iter(_answered(assistant, good, neutral, args) if good else ())
        for path, found in zip(paths, read):
            yield {"input": path, "error": found} if isinstance(found, str) else next(answered)


def _batches(paths: Sequence[str]) -> Iterator[list[str]]:
    """A few pictures at a time; a clip by itself, because its answer need not wait for others."""
    from .model.perception.video import is_clip

    waiting: list[str] = []
    for path in paths:
        alone = is_clip(path)
        if waiting and (alone or len(waiting) == BATCH):
            yield waiting
            waiting = []
        waiting.append(path)
        if alone:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _input(path: str, args: argparse.Namespace, console: TextIO) -> Any:
    """The picture or the clip of a path, or in words why there is none."""
    from .model.asked import NO_MOVEMENT, asked_for
    from .model.perception.video import is_clip, open_clip

    try:
        if is_clip(path):
            clip = open_clip(path, args.fps)
            return _counted(clip, console) if console.isatty() else clip
        asked = asked_for(args.question, args.task, bool(args.neutral), not args.no_emotion, args.prior)
        return one_line(f"{path}: {NO_MOVEMENT}") if asked.task == "micro" else _picture(path)
    except FacewiseError as error:
        return str(error)


def _counted(clip: Any, console: TextIO) -> Any:
    from .model.see import counted

    return counted(clip, console)


def _picture(path: str) -> Any:
    """The picture of a file, or in words why there is none."""
    from .model.perception.picture import read_picture

    try:
        return read_picture(path)
    except FacewiseError as error:
        return str(error)


def _loaded(args: argparse.Namespace, console: TextIO) -> Any:
    if console.isatty():
        print("Loading the model; its first use prepares it, about 20 s ...", file=console)
    from .model.assistant import load

    return load(model=args.model, engine=args.engine)


def _answered(assistant: Any, pictures: list, neutral: Any, args: argparse.Namespace) -> list[dict]:
    """One object per picture, also where a neutral picture without a face keeps all of them from being answered."""
    asked = {
        "question": args.question,
        "task": args.task,
        "neutral": neutral,
        "emotion": not args.no_emotion,
        "prior": args.prior,
    }
    try:
        return [reply.to_dict() for reply in assistant.ask(pictures, **asked)]
    except FacewiseError as error:
        return [{"input": picture.name, "error": _unanswered(picture.name, str(error))} for picture in pictures]


def _unanswered(path: str, reason: str) -> str:
    return one_line(f"{path}: not answered; {reason}")


def _show(reply: dict, as_json: bool, console: TextIO) -> None:
    if as_json:
        _print(json.dumps(reply))
    if "error" in reply:
        print(f"facewise: {reply['error']}", file=console, flush=True)
    elif not as_json:
        _print(_readable(reply))


def _readable(reply: dict) -> str:
    lines = [one_line(reply["input"])]
    for face in reply["faces"]:
        box = ", ".join(f"{value:.0f}" for value in face["box"])
        reasons = f" ({', '.join(face['quality']['reasons'])})" if face["quality"]["reasons"] else ""
        lines.append(f"  face {face['id'] + 1} at [{box}]{reasons}: {face['answer']['text']}")
    if reply.get("faces_not_shown"):
        lines.append(f"  {reply['faces_not_shown']} more, smaller, not answered")
    if reply.get("note"):
        lines.append(f"  {reply['note']}")
    return "\n".join(lines)


def _see(args: argparse.Namespace) -> int:
    with _own_stderr(args.verbose) as console:
        from .model.see import Wanted, see
        from .model.sightings import readable

        wanted = Wanted(args.csv, args.csv_columns, args.draw, args.fps)
        bad = 0
        for report in see(args.paths, wanted, args.model, args.landmarker, console if console.isatty() else None):
            bad += "error" in report
            if args.json:
                _print(json.dumps(report))
            if "error" in report:
                print(f"facewise: {report['error']}", file=console, flush=True)
            elif not args.json:
                _print(readable(report))
    return 2 if bad else 0


def _chat(args: argparse.Namespace) -> int:
    from .serve.page.command import chat

    with _own_stderr(args.verbose) as console:
        return chat(args, console)


def _train(args: argparse.Namespace) -> int:
    if not Path(args.recipe).is_file():
        raise FacewiseError(f"{args.recipe}: no such recipe; the recipe comes first, then its fields")
    from .finetune.train import main as train

    train([args.recipe, *args.fields])
    return 0


def _export(args: argparse.Namespace) -> int:
    with _own_stderr(args.verbose) as console:
        from .model.export_run import export_run, told
        from .model.network import register

        register()
        if console.isatty():
            print("Asking, writing and asking again; about a minute for the embedded model ...", file=console)
        done = export_run(args.run, Path(args.out), args.adapters)
        lines = told(done)
    _print("\n".join(lines))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from .model.doctor import examine, readable

    with _own_stderr(args.verbose):
        report = examine()
    _print(json.dumps(report) if args.json else readable(report))
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
    console = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = open(os.devnull, "w")  # noqa: SIM115 -- never closed: loggers of libraries hold on to it, and write when the process ends
    os.dup2(nowhere.fileno(), 2)
    sys.stderr = nowhere
    try:
        yield console
    finally:
        sys.stderr = console


if __name__ == "__main__":
    sys.exit(main())
