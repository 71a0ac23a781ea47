"""`facewise data stats` and `facewise data show`: what is asked for. --help needs no library."""

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from ...model.errors import FacewiseError
from ...model.taxonomy import TASKS
from ..records import SPLITS

SHOWN = 20
FOLDER = "what `facewise build` wrote"


OwnStderr = Callable[[bool], AbstractContextManager[TextIO]]


def add_verbs(verbs: Any, own_stderr: OwnStderr) -> None:
    """Both verbs, to the parsers of `facewise data`. `own_stderr` (verbose) keeps what libraries write there away, and gives
    the user's own."""
    _add_stats(verbs, own_stderr)
    _add_show(verbs)


def _add_stats(verbs: Any, own_stderr: OwnStderr) -> None:
    parser = verbs.add_parser(
        "stats",
        help="count a built set: rows, classes, people, lengths; labels by group; likely mislabelled items",
        epilog="GROUP is dataset, split, subject, licence, gender, age group, or any attribute, protocol or word of the source "
        "that records carry.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help=FOLDER)
    parser.add_argument("--by", metavar="GROUP", help="labels by group, with Cramér's V: stereotypical bias")
    parser.add_argument(
        "--doubtful",
        type=int,
        metavar="N",
        help="the N labels that the embedded encoder contradicts most, whatever is done to the picture",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="--doubtful looks at the first N records only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--verbose", action="store_true", help="let libraries write to stderr")
    parser.set_defaults(verb=partial(stats, own_stderr=own_stderr))


def _add_show(verbs: Any) -> None:
    parser = verbs.add_parser(
        "show",
        help="look at rows with their pictures, in the terminal or as a page",
        epilog="The page is one file that needs no network: pictures are in it, with their boxes; clips show onset, apex and "
        "offset.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help=FOLDER)
    parser.add_argument("--n", type=int, default=SHOWN, metavar="N", help=f"rows, drawn evenly over the set (default: {SHOWN})")
    parser.add_argument("--task", choices=TASKS, metavar="T", help=f"only this task of {', '.join(TASKS)}")
    parser.add_argument("--dataset", metavar="D", help="only this dataset")
    parser.add_argument("--split", choices=SPLITS, metavar="S", help=f"only this split of {', '.join(SPLITS)}")
    parser.add_argument("--id", metavar="ID", help="the row or the record of this id, whole")
    parser.add_argument("--rejects", action="store_true", help="what was rejected, with the reasons")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page instead")
    parser.add_argument("--pictures", action="store_true", help="draw pictures in the terminal, in half blocks of colour")
    parser.set_defaults(verb=show)


def stats(args: argparse.Namespace, own_stderr: OwnStderr) -> int:
    """The verb: exit code 0, or FacewiseError."""
    for name in ("doubtful", "limit"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise FacewiseError(f"--{name} {getattr(args, name)}: a number from 1 on is wanted")
    if args.limit is not None and args.doubtful is None:
        raise FacewiseError("--limit goes with --doubtful: all else is counted whole")
    from . import stats as counting
    from .stats_text import readable

    found = counting.stats(args.folder, args.by)
    if args.doubtful is not None:
        with own_stderr(args.verbose) as console:
            found["doubtful"] = counting.doubtful(args.folder, args.doubtful, args.limit, console if console.isatty() else None)
    print(json.dumps(found, ensure_ascii=False) if args.json else readable(found), flush=True)
    return 0


def show(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    if args.n < 1:
        raise FacewiseError(f"--n {args.n}: a number from 1 on is wanted")
    if args.html and args.pictures:
        raise FacewiseError("--pictures draws in the terminal and --html has pictures anyway; give one of them")
    if args.html and not args.html.absolute().parent.is_dir():
        raise FacewiseError(f"--html: {args.html}: there is no folder {args.html.absolute().parent}")
    from .show import Wanted, print_rows, write_page

    wanted = Wanted(args.n, args.task, args.dataset, args.split, args.id, args.rejects)
    if args.html:
        print(f"{write_page(args.folder, wanted, args.html)} -> {args.html}", flush=True)
    else:
        print_rows(args.folder, wanted, args.pictures)
    return 0
