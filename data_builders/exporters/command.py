"""`facewise data export` and `facewise data push`: what is asked for. --help needs no library."""

import argparse
from pathlib import Path
from typing import Any

from ..records import SPLITS
from .exporters import EXPORTERS


def add_verbs(verbs: Any) -> None:
    """Both verbs, to the parsers of `facewise data`."""
    _add_export(verbs)
    _add_push(verbs)


def _add_export(verbs: Any) -> None:
    parser = verbs.add_parser(
        "export",
        help="write a built set in the format of another trainer or evaluator",
        epilog="Formats: " + "; ".join(f"{exporter.name}: {exporter.title}" for exporter in EXPORTERS.values()) + ".",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="what `facewise build` wrote")
    parser.add_argument("--to", choices=tuple(EXPORTERS), required=True, metavar="NAME", help=", ".join(EXPORTERS))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--split", choices=SPLITS, nargs="+", metavar="SPLIT", help=f"only these of {', '.join(SPLITS)}")
    parser.set_defaults(verb=export)


def _add_push(verbs: Any) -> None:
    parser = verbs.add_parser(
        "push",
        help="upload a built set to the Hugging Face hub",
        epilog="Media stay here unless --embed is given; rows then name them below their dataset's folder. The token is that of `hf auth login`.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="what `facewise build` wrote")
    parser.add_argument("repo_id", metavar="REPO_ID", help="ORGANISATION/NAME of the data set")
    parser.add_argument("--private", action="store_true", help="make a new repository private")
    parser.add_argument("--embed", action="store_true", help="upload the pictures, too; needs --i-may-redistribute")
    parser.add_argument(
        "--i-may-redistribute",
        action="store_true",
        help="you have the right to pass on what the licences of the sources keep back",
    )
    parser.set_defaults(verb=push)


def export(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    from .export import export_rows, reasons

    report = export_rows(args.to, args.folder, args.out, args.split)
    parts = f" as {report.objects} examples" if report.objects != report.written else ""  # of conversations that a format splits
    print(f"{report.written} rows{parts} -> {args.out} ({', '.join(report.files)})")
    if report.left_out:
        print(f"{report.left_out.total()} left out: {reasons(report.left_out)}")
    shown = next((stem for stem in report.stems if "train" in stem), report.stems[0])
    print(f"To use them: {EXPORTERS[args.to].use.format(out=args.out.absolute(), stem=shown)}")
    return 0


def push(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    from .push import push_rows

    report = push_rows(args.folder, args.repo_id, args.private, args.embed, args.i_may_redistribute)
    counts = ", ".join(f"{count} {split}" for split, count in report.rows.items())
    media = "with their pictures" if args.embed else "without media"
    print(f"{counts} rows {media} -> {report.url}")
    return 0
