"""`facewise synth spoof|faces|clips|sheet`: what is asked for, checked before anything is made. --help needs no library."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.errors import FacewiseError

if TYPE_CHECKING:
    from ..portraits import Portrait

KINDS = ("spoof", "faces", "clips", "sheet")
NEEDS = {"spoof": ("portraits",), "faces": ("rig",), "clips": ("rig",), "sheet": ("portraits", "rig")}
DEFAULT_N = {"spoof": 1000, "faces": 1000, "clips": 20}


def synth(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    for name in NEEDS[args.kind]:
        if not getattr(args, name):
            raise FacewiseError(f"synth {args.kind} needs --{name}; `facewise synth --help` tells what it is")
    for name in ("n", "workers"):
        if (given := getattr(args, name)) is not None and given < 1:
            raise FacewiseError(f"--{name} {given}: a number from 1 on is wanted")
    if args.kind == "sheet":
        from .sheet import write_sheets

        return write_sheets(args.out, args.rig, portraits_of(args), args.seed)
    return _set(args)


def portraits_of(args: argparse.Namespace) -> "list[Portrait]":
    """All folders together."""
    from ..portraits import read_portraits

    return [
        *(portrait for folder in args.portraits for portrait in read_portraits(folder, args.teacher)),
        *(portrait for folder in args.neutral for portrait in read_portraits(folder, args.teacher, at_rest=True)),
        *(portrait for folder in args.generated for portrait in read_portraits(folder, args.teacher, generated=True)),
    ]


def _set(args: argparse.Namespace) -> int:
    from .production import RECORDS, REJECTS, produce

    jobs, make = _planned(args)
    records = produce(args.out, _settings(args), jobs, make, args.workers, args.seed)
    left_out = len((args.out / REJECTS).read_text().splitlines())
    reasons = f", {left_out} left out ({args.out / REJECTS} says why)" if left_out else ""
    print(f"{len(records)} records -> {args.out / RECORDS}{reasons}")
    return 0


def _planned(args: argparse.Namespace) -> tuple[list, Any]:
    count = args.n or DEFAULT_N[args.kind]
    if args.kind == "spoof":
        from .spoofs import make_spoof, spoof_jobs

        return spoof_jobs(portraits_of(args), count, args.seed), make_spoof
    from ..rig.rig import load_rig

    load_rig(args.rig)  # a wrong file is told here and not by a worker
    if args.kind == "clips":
        from .films import clip_jobs, make_clip

        return clip_jobs(args.rig, count, args.seed), make_clip
    from .faces import face_jobs, make_face

    return face_jobs(args.rig, portraits_of(args), count, args.seed), make_face


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What a set is made of; its length may grow."""
    folders = {name: [str(folder) for folder in getattr(args, name)] for name in ("portraits", "neutral", "generated")}
    return {"kind": args.kind, "rig": args.rig and str(args.rig), **folders, "teacher": args.teacher and str(args.teacher)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=f"what to make: {', '.join(KINDS)}")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder of its own; a stopped run goes on there")
    parser.add_argument(
        "--portraits", type=Path, nargs="+", default=[], metavar="DIR", help="folders of photos of living people, one face each"
    )
    parser.add_argument("--neutral", type=Path, nargs="+", default=[], metavar="DIR", help="the same, every face posed at rest")
    parser.add_argument(
        "--generated", type=Path, nargs="+", default=[], metavar="DIR", help="pictures of faces that a network made"
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="CSV",
        help="blendshapes of the portraits, from data_builders/teacher.py: labels of a few action units",
    )
    parser.add_argument(
        "--rig", type=Path, metavar="FILE", help="ICT-FaceKit's light model as .npz, or a clone of its repository"
    )
    parser.add_argument(
        "--n", type=int, metavar="N", help=f"how many (default: {', '.join(f'{v} {k}' for k, v in DEFAULT_N.items())})"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="settles all chance (default: 0)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2)")
