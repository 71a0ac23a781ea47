"""`facewise synth spoof|faces|clips|sheet`: what is asked for, checked before anything is made. --help needs no library."""

import argparse
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.errors import FacewiseError

if TYPE_CHECKING:
    from ..portraits import Portrait

ABOUT = {
    "spoof": "live people, presentation attacks and digital manipulations of them, with masks, boxes and visible cues",
    "faces": "renders of the rig with action units at known levels; with --portraits every second job is a photo driven by a known "
    "change of them, two pictures: its null edit and the change",
    "clips": "videos of the rig with micro- and macro-expressions, blinks and distractors, labelled by frame",
    "sheet": "contact sheets of all of these with their labels, to look at first",
}
PHOTOS = ("portraits", "neutral", "generated")
# What a kind takes; what it cannot do without comes first.
TAKES = {
    "spoof": ("portraits", "neutral", "generated", "renders", "n"),
    "faces": ("rig", "portraits", "neutral", "generated", "teacher", "n"),
    "clips": ("rig", "n"),
    "sheet": ("rig", "portraits", "neutral", "generated"),
}
NEEDS = {"spoof": (), "faces": ("rig",), "clips": ("rig",), "sheet": ("rig", "portraits")}
DEFAULT_N = {"spoof": 1000, "faces": 1000, "clips": 20}
MOST = 1_000_000  # jobs of a set: their names have six digits


def synth(args: argparse.Namespace) -> int:
    """The verb: exit code 0, or FacewiseError."""
    _check(args)
    if args.kind == "sheet":
        from .sheet import write_sheets

        return write_sheets(args.out, _settings(args), args.rig, portraits_of(args), args.workers, args.seed)
    return _set(args)


def _check(args: argparse.Namespace) -> None:
    if args.seed < 0:
        raise FacewiseError(f"--seed {args.seed}: a number from 0 on is wanted")
    most = max(2, os.cpu_count() or 1)
    if not 1 <= args.workers <= most:
        raise FacewiseError(f"--workers {args.workers}: from 1 to {most} processes are wanted on this machine")
    if args.kind == "spoof" and not args.portraits and not args.renders:
        raise FacewiseError("nobody to photograph; give --portraits DIR, --renders FILE, or both")
    if args.kind != "sheet" and not 1 <= args.n <= MOST:
        raise FacewiseError(
            f"--n {args.n}: from 1 to {MOST} are wanted; larger sets are several, each with its own --seed and --out"
        )


def portraits_of(args: argparse.Namespace) -> "list[Portrait]":
    """All folders together."""
    from ..portraits import Folder, drawn_people, read_portraits

    folders = [
        Folder(folder, at_rest=name == "neutral", generated=name == "generated")
        for name in PHOTOS
        for folder in getattr(args, name)
    ]
    portraits = read_portraits(folders, getattr(args, "teacher", None)) if folders else []
    renders = getattr(args, "renders", None)
    return portraits + drawn_people(renders) if renders else portraits


def _set(args: argparse.Namespace) -> int:
    from .production import RECORDS, REJECTS, produce

    jobs, make = _planned(args)
    records = produce(args.out, _settings(args), jobs, make, args.workers, args.seed)
    left_out = len((args.out / REJECTS).read_text().splitlines())
    reasons = f", {left_out} of {len(jobs)} jobs left out ({args.out / REJECTS} says why)" if left_out else ""
    print(f"{len(records)} records -> {args.out / RECORDS}{reasons}")
    return 0


def _planned(args: argparse.Namespace) -> tuple[list, Any]:
    if args.kind == "spoof":
        from .spoofs import make_spoof, spoof_jobs

        return spoof_jobs(portraits_of(args), args.n, args.seed), make_spoof
    from ..rig.rig import load_rig

    load_rig(args.rig)  # a wrong file is told here and not by a worker
    if args.kind == "clips":
        from .films import clip_jobs, make_clip

        return clip_jobs(args.rig, args.n, args.seed), make_clip
    from .faces import face_jobs, make_face

    return face_jobs(args.rig, portraits_of(args), args.n, args.seed), make_face


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What a set is made of; its length may grow. A file that came, went or changed makes it another set."""
    given: dict[str, Any] = {"kind": args.kind}
    for name in TAKES[args.kind]:
        if name in PHOTOS:
            given[name] = {str(folder): _digest(folder) for folder in getattr(args, name)}
        elif name != "n" and (path := getattr(args, name)):
            given[name] = {str(path): _digest(path)}
    return given


def _digest(path: Path) -> str:
    """Of a file, or of the names and sizes of the pictures in a folder; of a clone's folders, too."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    files = list(path.rglob("*.obj")) or path.glob("*")
    found = sorted((os.fsencode(file.relative_to(path)), file.stat().st_size) for file in files if file.is_file())
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A verb for each kind, with the flags that it takes."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND", title="what to make")
    for kind, about in ABOUT.items():
        one = kinds.add_parser(kind, help=about, description=f"Makes {about}.", allow_abbrev=False)
        one.add_argument(
            "--out", type=Path, required=True, metavar="DIR", help="a folder of its own; a stopped run goes on there"
        )
        for name in TAKES[kind]:
            _add_flag(one, name, kind)
        one.add_argument("--seed", type=int, default=0, metavar="N", help="settles all chance (default: 0)")
        one.add_argument("--workers", type=int, default=2, metavar="N", help="processes; the result is the same (default: 2)")


def _add_flag(parser: argparse.ArgumentParser, name: str, kind: str) -> None:
    required = name in NEEDS[kind]
    if name in PHOTOS:
        what = {
            "portraits": "folders of photos of living people, one face each, from 28 px between the outer eye corners",
            "neutral": "the same, every face posed at rest",
            "generated": "pictures of faces that a network made: never live, never an attack",
        }[name]
        parser.add_argument(f"--{name}", type=Path, nargs="+", default=[], required=required, metavar="DIR", help=what)
    elif name == "rig":
        what = "ICT-FaceKit's light model as .npz, or a clone of its repository"
        parser.add_argument("--rig", type=Path, required=required, metavar="FILE", help=what)
    elif name == "teacher":
        what = "blendshapes of the portraits, from data_builders/blendshapes.py: labels of a few action units"
        parser.add_argument("--teacher", type=Path, metavar="CSV", help=what)
    elif name == "renders":
        what = "records.jsonl of `facewise synth faces`: one render of each person is photographed and attacked like a portrait"
        parser.add_argument("--renders", type=Path, metavar="FILE", help=what)
    else:
        unit = {"spoof": "pictures", "faces": "jobs; a driven photo is one of two pictures", "clips": "videos"}[kind]
        parser.add_argument("--n", type=int, default=DEFAULT_N[kind], metavar="N", help=f"{unit} (default: {DEFAULT_N[kind]})")
