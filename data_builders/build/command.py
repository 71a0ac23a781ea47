"""`facewise build`: what is asked for, checked before anything is read. --help needs no library; it lists the sources."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..teacher.settings import add_arguments as add_teacher_arguments
from ..teacher.settings import settings_of as teacher_settings
from .engines import BACKENDS
from .settings import MEDIA, WORDINGS, WORKSHOP, Origin, Settings

WORKERS, ADDRESS, MAX_BAD = 2, "auto", 0.01
EXAMPLES = """\
examples:
  facewise build casme2 --root CASME2 --out casme2-rows
  facewise build fer --root fer2013 --option labels=ferplus --out fer-rows
  facewise build disfa disfa_plus --root DISFA --root DISFAPlus --out units     people in two splits are found across sources
  facewise synth spoof --portraits photos --out fakes; facewise build fakes/records.jsonl --out fake-rows

sources:
"""


def build(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    settings = settings_of(args)
    _check_run(args)
    from .engines import opened
    from .pipeline import build_set
    from .report import readable

    with opened(args.backend, args.workers, args.address) as engine:
        report = build_set(args.out, settings, engine)
    print(readable(report))
    print(f"-> {args.out}", flush=True)
    if silent := [name for name in ("teacher", "judge") if report["checks"].get(name, {}).get("silent")]:
        told = report["checks"][silent[0]]
        raise FacewiseError(
            f"the {silent[0]} answered not one of the {told['failed']:,} rows that it was asked about, the first because "
            f"{told['errors'][0]}; the set is whole without them, and the same command asks again"
        )
    if report["loss"] > args.max_bad:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in report["faults"]["counts"].items())
        raise FacewiseError(
            f"{report['lost']:,} items could not be used ({kinds}), {100 * report['loss']:.2f} % of all and more than --max-bad {args.max_bad:g} "
            f"allows; {args.out / 'report.json'} tells examples; mend the source and delete "
            f"{args.out / WORKSHOP} to read it again, or allow more"
        )
    return 0


def settings_of(args: argparse.Namespace) -> Settings:
    """Raises FacewiseError for what cannot be."""
    if args.seed < 0:
        raise FacewiseError(f"--seed {args.seed}: a number from 0 on is wanted")
    if args.limit is not None and args.limit < 1:
        raise FacewiseError(f"--limit {args.limit}: a number from 1 on is wanted")
    if args.no_look and args.media != "reference":
        raise FacewiseError(f"--no-look goes with --media reference only: --media {args.media} has to open every medium")
    teacher = teacher_settings(args)
    return Settings(
        _origins(args.source, args.root, args.option),
        args.wording,
        args.media,
        not args.no_look,
        args.embed,
        args.limit,
        args.seed,
        teacher if teacher.teacher or teacher.judge_model else None,
    )


def _check_run(args: argparse.Namespace) -> None:
    most = max(2, os.cpu_count() or 1)
    if args.workers < 1 or (args.backend == "local" and args.workers > most):
        raise FacewiseError(f"--workers {args.workers}: from 1 to {most} processes are wanted on this machine")
    if args.address != ADDRESS and args.backend != "ray":
        raise FacewiseError(f"--address {args.address} is a Ray cluster's; give --backend ray with it")
    if not 0 <= args.max_bad <= 1:
        raise FacewiseError(f"--max-bad {args.max_bad}: a share from 0 to 1 is wanted, .01 for one of a hundred")


def _origins(names: Sequence[str], roots: Sequence[Path], options: Sequence[str]) -> tuple[Origin, ...]:
    """Files of records have no root; the roots are those of the other sources, in their order."""
    from ..readers.sources import SOURCES

    files = [name for name in names if name not in SOURCES]
    for name in files:
        if not Path(name).is_file():
            raise FacewiseError(
                f"{name}: neither a source ({', '.join(SOURCES)}) nor a file of records; `facewise build --help` tells what each source is"
            )
    if len(set(names)) < len(names):
        raise FacewiseError(f"{' '.join(names)}: a source is named twice; give each of them once")
    if len(roots) != len(names) - len(files):
        raise FacewiseError(
            f"{len(roots)} --root for {len(names) - len(files)} sources; give the folder of each, in the sources' order (a file of records has none)"
        )
    given, asked, left = _options(names, options), [], list(roots)
    for name in names:
        path = Path(name) if name in files else left.pop(0)
        settled = {} if name in files else SOURCES[name].settled(given[name])
        asked.append(Origin("" if name in files else name, path.absolute(), settled))
    return tuple(asked)


def _options(names: Sequence[str], options: Sequence[str]) -> dict[str, dict[str, str]]:
    """{source: {option: value}}; of several sources `SOURCE.option=value` says whose it is."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for option in options:
        key, equals, value = option.partition("=")
        source, dot, name = key.rpartition(".")
        if not equals or not name:
            raise FacewiseError(f"--option {option}: name=value is wanted, or SOURCE.name=value")
        if not dot and len(names) > 1:
            raise FacewiseError(f"--option {option}: of several sources say which one, {names[0]}.{option} for instance")
        if dot and source not in found:
            raise FacewiseError(f"--option {option}: {source} is not among the sources {', '.join(names)}")
        found[source if dot else names[0]][name] = value
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags. `parser` is made with add_help=False: the help lists the sources, which nobody else needs to read."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help with all sources, and leave")
    parser.add_argument(
        "source", nargs="+", metavar="SOURCE", help="a dataset by its name below, or a records.jsonl of `facewise synth`"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a folder of its own; a stopped build goes on there"
    )
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="the dataset's folder as it was handed out; once for each source",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a choice that the source has, listed below (SOURCE.NAME=VALUE)",
    )
    _add_set_arguments(parser)
    _add_run_arguments(parser)
    add_teacher_arguments(parser)


def _add_set_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is made")
    group.add_argument(
        "--wording",
        choices=WORDINGS,
        default=Settings.wording,
        help="plain words, FACS's names and codes, or the MEGC challenges' questions and answers (default: plain)",
    )
    group.add_argument(
        "--media",
        choices=MEDIA,
        default=Settings.media,
        help="leave media where they are, copy them into DIR, or copy their faces cropped, for models other than ours (default: reference)",
    )
    group.add_argument(
        "--no-look",
        action="store_true",
        help="do not open the media: faster, but unreadable ones and pictures in two splits stay unseen",
    )
    group.add_argument(
        "--embed",
        action="store_true",
        help="put the pictures into the Parquet files, once for every row, to move or push the set",
    )
    group.add_argument("--limit", type=int, metavar="N", help="the first N records of each source, for a try")
    group.add_argument(
        "--seed", type=int, default=Settings.seed, metavar="N", help="settles which questions are asked (default: 0)"
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is made; the set is the same")
    group.add_argument("--workers", type=int, default=WORKERS, metavar="N", help=f"processes (default: {WORKERS})")
    group.add_argument(
        "--backend",
        choices=BACKENDS,
        default=BACKENDS[0],
        help="this machine, or a Ray cluster that shares the folders (default: local)",
    )
    group.add_argument(
        "--address", default=ADDRESS, metavar="A", help="of the Ray cluster; local starts one here (default: auto)"
    )
    group.add_argument(
        "--max-bad",
        type=float,
        default=MAX_BAD,
        metavar="SHARE",
        help=f"exit code 2 where more of all items could not be used (default: {MAX_BAD})",
    )


class _Help(argparse.Action):
    """Reads the sources only when somebody wants to see them."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        parser.epilog = EXAMPLES + sources_told()
        parser.print_help(sys.stdout)
        parser.exit()


def sources_told() -> str:
    """A line for each source, and one for each of its options."""
    from ..readers.sources import SOURCES

    lines = []
    for name, source in SOURCES.items():
        lines.append(f"  {name:16} {source.title}")
        lines += [f"  {'':16}   --option {option}={'|'.join(choices)}" for option, choices in source.options.items()]
    return "\n".join(lines)
