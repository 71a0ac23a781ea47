"""What a recipe learns from, made where it is named by its records alone: `pack: records.jsonl` is packed, `rows: records.jsonl` is built.

Each is made once, by the commands' own code, and kept in the cache under the hash of the records; larger sets are better made by these commands,
which have more to choose (`python -m facewise.data_builders.pack --help`, `facewise build --help`).
"""

import hashlib
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from ..data_builders.records import read_records
from ..model.base_llm import cache_dir, scratch_folder
from ..model.errors import FacewiseError
from .encoder.packed import check_there

RECORDS = ".jsonl"
FORMAT = "2"  # raise when records are packed or built otherwise than before
WORKERS = 2
Tell = Callable[[str], None]


def check_packs(named: str) -> None:
    """Raises FacewiseError for a pack, or records to make one of, that are not there."""
    for path in map(Path, _names(named)):
        _check_records(path) if path.suffix == RECORDS else check_there(path)


def packed_records(named: str, tell: Tell) -> str:
    """The recipe's `pack` with a pack's path for each file of records."""
    return ",".join(_pack(Path(name), tell) if name.endswith(RECORDS) else name for name in _names(named))


def built_records(named: tuple[str, ...], tell: Tell) -> tuple[str, ...]:
    """The recipe's `rows` with a folder for each file of records; RECORDS:2 weighs twice, as a folder does."""
    found = []
    for told in named:
        name, colon, weight = told.rpartition(":")
        path, behind = (name, colon + weight) if colon and name.endswith(RECORDS) else (told, "")
        found.append(_rows(Path(path), tell) + behind if path.endswith(RECORDS) else told)
    return tuple(found)


def _names(named: str) -> list[str]:
    return [name.strip() for name in named.split(",") if name.strip()]


def _pack(records: Path, tell: Tell) -> str:
    from ..data_builders.pack import main

    def make(folder: Path) -> None:
        main([str(records), "--out", str(folder / "set.safetensors"), "--workers", str(WORKERS)])

    return str(_made("packs", records, make, lambda: tell(f"packing the pictures of {records}")) / "set.safetensors")


def _rows(records: Path, tell: Tell) -> str:
    from ..data_builders.build.engines import opened
    from ..data_builders.build.pipeline import build_set
    from ..data_builders.build.settings import Origin, Settings

    def make(folder: Path) -> None:
        with opened("local", WORKERS, "") as engine:
            build_set(folder, Settings((Origin("", records.absolute()),)), engine)

    return str(_made("rows", records, make, lambda: tell(f"building rows of {records}")))


def _made(kind: str, records: Path, make: Callable[[Path], None], announce: Callable[[], None]) -> Path:
    """The folder of these records in the cache, whole or not at all. Raises FacewiseError where nothing can be made of them."""
    _check_records(records)
    made_as = f"{FORMAT} {records.absolute()}\n"
    digest = hashlib.sha256(made_as.encode() + records.read_bytes()).hexdigest()[:16]
    target = cache_dir() / kind / digest
    if target.is_dir():
        return target
    read_records(records)  # a line that is no record is told before anything starts
    announce()
    scratch = scratch_folder(target)
    try:
        with redirect_stdout(sys.stderr):
            make(scratch)
        if not target.is_dir():
            scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _check_records(path: Path) -> None:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of records")
