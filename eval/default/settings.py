"""What a run of the table is given: the one place of its defaults, the flags made of it."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ...model.errors import ArgumentParser, FacewiseError

ABOUT = """The table of targets from the shipped weights, as Markdown on stdout; progress goes to stderr.

    python -m facewise.eval.default --data DATA [--teacher labels.csv] [--only units emotions] [--json table.json]

DATA is a folder with portraits/, neutral/ and ict_facekit.npz. Without it the rows that need none are measured, with those on the invented
faces of examples/, and the others say what they want. Finished parts are kept in --out: a killed run goes on there, under the same flags and
weights. After a change of the code give another --out.
"""


@dataclass(frozen=True)
class Settings:
    """`pack`: the set that the weights were trained on, which then tells who was seen; else the hash of a person's name does.

    Numbers say how much is drawn or asked: `attacks` of each species, `people` of the rig with four faces each, `photos` for the checks
    without labels, `driven` photos for the retargeting matrix, `language_n` answers that the language model writes.
    """

    data: Path | None = None
    model: str = "default"
    teacher: Path | None = None
    pack: Path | None = None
    out: Path = Path("build/evaluate-default")
    json: Path | None = None
    only: tuple[str, ...] = ()
    seed: int = 2026
    workers: int = 2
    attacks: int = 60
    people: int = 100
    photos: int = 40
    driven: int = 4
    language_n: int = 24


TOLD = {
    "data": "a folder with portraits/, neutral/ and ict_facekit.npz",
    "model": "`default` or a folder written by training",
    "teacher": "blendshapes of the portraits (data_builders/blendshapes.py): smiles and their strength",
    "pack": "SET.safetensors that the weights were trained on: its people are left out",
    "out": "where drawn pictures and finished parts are kept",
    "json": "the rows as JSON, too",
    "only": "groups or parts of them",
    "seed": "settles all chance",
    "workers": "processes that draw",
    "attacks": "pictures of each species of attack",
    "people": "people of the rig, four faces each",
    "photos": "real photos for the checks without labels",
    "driven": "photos for the retargeting matrix",
    "language_n": "answers that the language model writes",
}
_FLAGS: dict[Any, dict[str, Any]] = {int: {"type": int, "metavar": "N"}, str: {"metavar": "MODEL"}}


def settings_of(argv: Sequence[str] | None, choices: Sequence[str]) -> Settings:
    """Raises FacewiseError for a value that cannot be, before anything is loaded."""
    parser = ArgumentParser("python -m facewise.eval.default", description=ABOUT, formatter_class=_Help, allow_abbrev=False)
    for field in fields(Settings):
        flag = _FLAGS.get(field.type, {"type": Path, "metavar": "PATH"})
        if field.name == "only":
            flag = {"nargs": "+", "choices": choices, "metavar": "GROUP"}
        told = TOLD[field.name] + (f": {', '.join(choices)}" if field.name == "only" else "")
        default = "" if field.default in (None, ()) else f" (default: {field.default})"
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=field.default, help=told + default, **flag)
    values = vars(parser.parse_args(argv))
    return checked(Settings(**values | {"only": tuple(values["only"])}))


class _Help(argparse.RawDescriptionHelpFormatter):
    """The examples keep their lines."""


def checked(settings: Settings) -> Settings:
    for name in ("workers", "attacks", "people", "photos", "driven", "language_n"):
        if getattr(settings, name) < 1:
            raise FacewiseError(f"--{name.replace('_', '-')} {getattr(settings, name)}: a number from 1 on is wanted")
    if settings.seed < 0:
        raise FacewiseError(f"--seed {settings.seed}: a number from 0 on is wanted")
    if settings.data is not None and not settings.data.is_dir():
        raise FacewiseError(
            f"{settings.data}: no such folder; give one with portraits/, neutral/ and ict_facekit.npz, or leave it out"
        )
    for name in ("teacher", "pack"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise FacewiseError(f"--{name} {path}: no such file")
    if settings.json is not None and not settings.json.parent.is_dir():
        raise FacewiseError(f"--json {settings.json}: there is no folder {settings.json.parent}")
    return settings
