"""`facewise eval run|judge|score|report|compare|export`: what is asked for, checked before anything starts. --help needs no library."""

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from ..model.checkpoint import ENGINES
from ..model.errors import FacewiseError

STRATEGIES = ("direct", "choice", "cot", "sovtp")
FORMATS = ("lmms-eval", "vlmevalkit")
EXAMPLES = """\
examples:
  facewise eval run synth --model default --out runs/default                  drawn faces: needs no data, all numbers are simulated
  facewise eval run synth-spoof --model http://localhost:8000/v1 --out runs/qwen
  facewise eval run oulu-1 rafdb --root OULU --root RAFDB --model default --out runs/default-real
  facewise eval run disfa-8 --root DISFA --model openface-tables --out runs/openface
  facewise eval report runs/default; facewise eval compare runs/default runs/qwen

benchmarks, of which "oulu" means all that begin with "oulu-":
"""

OwnStderr = Callable[[bool], AbstractContextManager[TextIO]]


def add_verbs(verbs: Any, own_stderr: OwnStderr) -> None:
    """To the parsers of `facewise eval`."""
    _add_run(verbs, own_stderr)
    _add_judge(verbs, own_stderr)
    _add_score(verbs)
    _add_report(verbs, own_stderr)
    _add_compare(verbs)
    _add_export(verbs, own_stderr)


def _add_run(verbs: Any, own_stderr: OwnStderr) -> None:
    parser = verbs.add_parser(
        "run",
        help="ask a model about every item of some benchmarks, once; the same command goes on after a stop",
        allow_abbrev=False,
        add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help, with all benchmarks")
    _add_benchmarks(parser)
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help="'default', a model folder (ours, or any image-text-to-text of transformers), the URL of an OpenAI-compatible server "
        "(key in FACEWISE_API_KEY), a predictions.jsonl, or a CSV or folder of OpenFace's or py-feat's tables",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="hf",
        metavar="E",
        help=f"what runs 'default' or a folder of ours: {', '.join(ENGINES)} (default: hf)",
    )
    parser.add_argument("--served-model", metavar="NAME", help="which model of the server (default: its first)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="one run's folder: one model, one strategy")
    parser.add_argument("--strategy", choices=STRATEGIES, default="direct", help="how the question is put (default: direct)")
    parser.add_argument("--at-once", type=int, default=64, metavar="N", help="requests that a server gets together (default: 64)")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=partial(run, own_stderr=own_stderr))


def _add_benchmarks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmarks", nargs="+", metavar="BENCH", help="names of benchmarks; --help of `run` lists them")
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="the folder of a data set as it was handed out; one for each that the benchmarks read, in their order",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="at most N items of each part, evenly over it; every table says so"
    )


def _add_judge(verbs: Any, own_stderr: OwnStderr) -> None:
    parser = verbs.add_parser(
        "judge",
        help="have a model mark the texts of a run, 1 to 10 on three criteria; score and report then show its marks",
        description="Face-LLaVA's criteria: consistency with the picture, consistency with the truth, completeness. The judge is shown the "
        "picture, the question, the labels and the answer, once for each answer; the same command goes on after a stop. Its marks stand in "
        "OUT/BENCHMARK/judged.jsonl, and no other number depends on them.",
        allow_abbrev=False,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="what `facewise eval run` wrote")
    parser.add_argument("benchmarks", nargs="*", metavar="BENCH", help="some of its benchmarks (default: all)")
    parser.add_argument(
        "--model",
        required=True,
        metavar="M",
        help="the judge: the URL of an OpenAI-compatible server (key in FACEWISE_API_KEY), or a folder of transformers; it has to see pictures",
    )
    parser.add_argument("--served-model", metavar="NAME", help="which model of the server (default: its first)")
    parser.add_argument("--at-once", type=int, default=64, metavar="N", help="requests that a server gets together (default: 64)")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="mark N answers of each benchmark, drawn by their keys (default: all)"
    )
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=partial(judge, own_stderr=own_stderr))


def _add_score(verbs: Any) -> None:
    parser = verbs.add_parser(
        "score", help="print the numbers of a run, each with its n, interval and chance", allow_abbrev=False
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="what `facewise eval run` wrote")
    parser.add_argument("benchmarks", nargs="*", metavar="BENCH", help="some of its benchmarks (default: all)")
    parser.add_argument("--json", action="store_true", help="print one list of JSON objects")
    parser.set_defaults(verb=score)


def _add_report(verbs: Any, own_stderr: OwnStderr) -> None:
    parser = verbs.add_parser(
        "report",
        help="write OUT/report.html, .md and .json: tables, curves, confusion, worst mistakes with their pictures",
        epilog="The HTML is one file that needs no network. Pictures are in it: pass it on only where their licences allow.",
        allow_abbrev=False,
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="what `facewise eval run` wrote")
    parser.add_argument("--no-pictures", action="store_true", help="leave the pictures of mistakes out")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=partial(report, own_stderr=own_stderr))


def _add_compare(verbs: Any) -> None:
    parser = verbs.add_parser(
        "compare",
        help="two runs on the same items: differences with intervals and p-values, subjects drawn for both at once",
        allow_abbrev=False,
    )
    parser.add_argument("first", type=Path, metavar="A", help="a run's folder")
    parser.add_argument("second", type=Path, metavar="B", help="another one")
    parser.add_argument("benchmarks", nargs="*", metavar="BENCH", help="some of their benchmarks (default: all that both have)")
    parser.add_argument("--json", action="store_true", help="print one list of JSON objects")
    parser.set_defaults(verb=compare)


def _add_export(verbs: Any, own_stderr: OwnStderr) -> None:
    parser = verbs.add_parser(
        "export", help="write benchmarks as tasks of lmms-eval, or as TSV of VLMEvalKit, to be run without us", allow_abbrev=False
    )
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=" or ".join(FORMATS))
    _add_benchmarks(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=partial(export, own_stderr=own_stderr))


class _Help(argparse.Action):
    """Reads the benchmarks only when somebody wants to see them."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from .benchmarks.benchmarks import told

        parser.epilog = EXAMPLES + told()
        parser.print_help(sys.stdout)
        parser.exit()


def run(args: argparse.Namespace, own_stderr: OwnStderr) -> int:
    """The verb: exit code 0, or FacewiseError."""
    _check_counts(args)
    from .models.choosing import Asked, check_model

    asked = Asked(args.model, args.strategy, args.served_model, args.at_once, args.engine)
    check_model(asked)
    benchmarks, roots = _asked_for(args)
    with own_stderr(args.verbose) as console:
        from .asking.run import Wanted
        from .asking.run import run as run_all

        wanted = Wanted(benchmarks, asked, args.out, roots, args.limit)
        run_all(wanted, lambda line: print(f"facewise: {line}", file=console, flush=True))
    print(f"-> {args.out}; `facewise eval report {args.out}` tells what it is worth", flush=True)
    return 0


def _asked_for(args: argparse.Namespace) -> tuple[list[Any], dict[str, Path]]:
    """(benchmarks, the folder of each reader). Raises FacewiseError for what cannot be."""
    _check_counts(args)
    from .asking.items import readers_of
    from .benchmarks.benchmarks import named

    benchmarks = named(args.benchmarks)
    readers = list(dict.fromkeys(reader for benchmark in benchmarks for reader in readers_of(benchmark)))
    if len(readers) != len(args.root):
        wanted = f"one for each of {', '.join(readers)}, in this order" if readers else "none: they are drawn"
        raise FacewiseError(f"{len(args.root)} --root for these benchmarks; they want {wanted}")
    for root in args.root:
        if not root.is_dir():
            raise FacewiseError(f"--root {root}: no such folder")
    return benchmarks, dict(zip(readers, args.root, strict=True))


def _check_counts(args: argparse.Namespace) -> None:
    for flag, value in (("--at-once", getattr(args, "at_once", None)), ("--limit", args.limit)):
        if value is not None and value < 1:
            raise FacewiseError(f"{flag} {value}: a number from 1 on is wanted")


def judge(args: argparse.Namespace, own_stderr: OwnStderr) -> int:
    """The verb: exit code 0, or FacewiseError."""
    _check_counts(args)
    from .models.choosing import Asked, check_model

    asked = Asked(args.model, served=args.served_model, at_once=args.at_once)
    check_model(asked)
    with own_stderr(args.verbose) as console:
        from .asking.judge import judge as judge_all

        judge_all(args.out, args.benchmarks, asked, args.limit, lambda line: print(f"facewise: {line}", file=console, flush=True))
    print(f"-> {args.out}; `facewise eval score {args.out}` prints the marks", flush=True)
    return 0


def score(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    from .answers.out import unanswered
    from .scoring.results import scored
    from .scoring.rows import as_json, as_text

    found = scored(args.out, args.benchmarks)
    if args.json:
        print(as_json([row for each in found for row in each.rows]), flush=True)
    else:
        print("\n\n".join(as_text(each.rows) for each in found), flush=True)
    if waiting := ", ".join(unanswered(args.out)):
        print(f"facewise: the run was stopped before it came to {waiting}", file=sys.stderr, flush=True)
    return 0


def report(args: argparse.Namespace, own_stderr: OwnStderr) -> int:
    """The verb: exit code 0, or FacewiseError."""
    with own_stderr(args.verbose):
        from .reporting.report import write_report

        paths = write_report(args.out, pictures=not args.no_pictures)
    print("\n".join(f"-> {path}" for path in paths), flush=True)
    return 0


def compare(args: argparse.Namespace) -> int:
    """The verb: exit code 0, 2 where some benchmark could not be compared, or FacewiseError."""
    from .scoring.results import compared
    from .scoring.rows import as_json, compared_text

    found, faults = compared(args.first, args.second, args.benchmarks)
    if args.json:
        print(as_json([row for rows in found for row in rows]), flush=True)
    elif found:
        print("\n\n".join(map(compared_text, found)), flush=True)
    for fault in faults:
        print(f"facewise: {fault}", file=sys.stderr, flush=True)
    return 2 if faults else 0


def export(args: argparse.Namespace, own_stderr: OwnStderr) -> int:
    """The verb: exit code 0, or FacewiseError."""
    benchmarks, roots = _asked_for(args)
    with own_stderr(args.verbose):
        from .exporting.export import export_tasks

        told = export_tasks(args.format, benchmarks, roots, args.out, args.limit)
    print(told, flush=True)
    return 0
