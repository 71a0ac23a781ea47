"""What a set is made of. It is written to settings.json first, and from when its records are listed a folder is that set's alone.

How fast and where it is made (workers, engine) is no part of it: the set is the same.
"""

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ..records import write_whole
from ..teacher.settings import TeacherSettings

SETTINGS, WORKSHOP = "settings.json", ".build"
# What decides what a teacher's rows are; prices, pace and budget only decide how many there are by now.
TEACHING = ("teacher", "teacher_model", "teacher_tasks", "judge", "judge_model", "min_mark", "clip_pictures")
WORDINGS = ("plain", "facs", "megc")
MEDIA = ("reference", "copy", "crop")
WRITTEN_BY = ("facewise", "numpy", "opencv-python-headless", "pillow", "av", "pyarrow")  # whose versions may change a byte


@dataclass(frozen=True)
class Origin:
    """Where records come from: the folder `path` of the dataset `name`, or, where `name` is "", a file of records."""

    name: str
    path: Path
    options: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Of a dataset's folder the ledger knows how its label files were."""
        if self.name:
            return {"source": self.name, "root": str(self.path), "options": self.options}
        with self.path.open("rb") as file:
            return {"source": str(self.path), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


@dataclass(frozen=True)
class Settings:
    """`wording` of WORDINGS, `media` of MEDIA; `look` False: media are not opened; `embed`: pictures lie in the Parquet files,
    too.

    `limit`: the first records of each origin; None: all. `teacher`: who rewrites and marks the rows, or None.
    """

    origins: tuple[Origin, ...]
    wording: str = "plain"
    media: str = "reference"
    look: bool = True
    embed: bool = False
    limit: int | None = None
    seed: int = 0
    teacher: TeacherSettings | None = None

    def told(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("wording", "media", "look", "embed", "limit", "seed")}
        teaching = {name: getattr(self.teacher, name) for name in TEACHING} if self.teacher else None
        versions = {"python": platform.python_version()} | {name: _version(name) for name in WRITTEN_BY}
        return {"sources": [origin.told() for origin in self.origins], **named, "teaching": teaching, "versions": versions}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # OpenCV has several
        return None


def check(out: Path, settings: Settings) -> None:
    """Before anything is written. Raises FacewiseError for a server's address that is none or holds a key, and for a set inside
    its own source, whose files would be read as the source's the next time."""
    for url in (settings.teacher.teacher, settings.teacher.judge) if settings.teacher else ():
        if url:
            from ...model.engines.http import address  # its client is needed by nobody else

            address(url)
    for origin in settings.origins:
        if origin.name and out.resolve().is_relative_to(origin.path.resolve()):
            raise FacewiseError(f"--out {out} lies inside --root {origin.path}, which is only read; give an --out elsewhere")


def make_folder(out: Path) -> None:
    """Raises FacewiseError if it is a file, or holds what is no set of ours."""
    if out.exists() and not out.is_dir():
        raise FacewiseError(f"--out {out} is a file, and a folder is wanted; give another --out")
    is_begun = (out / SETTINGS).is_file() or not out.is_dir()
    if not is_begun and any(path.name != WORKSHOP and not path.name.startswith(f".{SETTINGS}") for path in out.iterdir()):
        raise _no_set(out)
    out.mkdir(parents=True, exist_ok=True)


def claim(out: Path, told: dict[str, Any], is_listed: bool, is_made: bool) -> None:
    """Makes the folder the set's own; `told` by its settings. Raises FacewiseError if it holds another set, or another state of it.

    What was never listed to the end (a mistyped --root, a source that was refused) holds nothing yet and may become another set.
    `is_made`: a whole set lies there, whose workshop somebody deleted, so that it is listed anew.
    """
    told = json.loads(json.dumps(told))
    if is_listed or is_made:
        _compare(out, _read(out), told, is_listed)
    if not is_listed:
        write_whole(out / SETTINGS, json.dumps(told, indent=1).encode())


def changed(out: Path, source: str | Path) -> FacewiseError:
    return FacewiseError(
        f"{source} has changed since the set in {out} was listed; give another --out, or delete {out / WORKSHOP} and run again"
    )


def _no_set(out: Path) -> FacewiseError:
    return FacewiseError(f"{out} is not empty and holds no set of `facewise build`; give another --out")


def _read(out: Path) -> Any:
    file = out / SETTINGS
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        raise _no_set(out) from None
    except ValueError as error:
        raise FacewiseError(f"{file}: damaged ({error}); give another --out") from None


def _compare(out: Path, before: Any, told: dict[str, Any], is_listed: bool) -> None:
    """A file of records may be another by now where it is listed anew."""
    old, new = dict(_leaves(before)), dict(_leaves(told))
    for name in (*new, *old):
        if old.get(name) == new.get(name):
            continue
        if not name.endswith(".sha256"):
            raise FacewiseError(
                f"{out} holds a set made with {name} = {old.get(name)}, not {new.get(name)}; give another --out, or ask as before"
            )
        if is_listed:
            raise changed(out, new[name.replace(".sha256", ".source")])


def _leaves(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """("sources.0.root", value) of all that holds no more values."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield from _leaves(value, f"{name}.{key}" if name else str(key))
    if not isinstance(values, dict | list):
        yield name, values
