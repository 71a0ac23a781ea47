"""What a set is made of. It is written to settings.json first, and a folder belongs to the settings that it was begun with.

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

SETTINGS = "settings.json"
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
        """A dataset's folder is taken to stay as it is; a file of records may grow."""
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


def claim(out: Path, settings: Settings) -> None:
    """Makes the folder the set's own. Raises FacewiseError if it holds another set, or what is no set of ours."""
    told, file = json.loads(json.dumps(settings.told())), out / SETTINGS
    if file.is_file():
        _compare(out, _read(file), told)
    elif out.is_dir() and any(not path.name.startswith(f".{SETTINGS}") for path in out.iterdir()):
        raise FacewiseError(f"{out} is not empty and holds no set of `facewise build`; give another --out")
    else:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(told, indent=1).encode())


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise FacewiseError(f"{file}: damaged ({error}); give another --out") from None


def _compare(out: Path, before: Any, told: dict[str, Any]) -> None:
    old, new = dict(_leaves(before)), dict(_leaves(told))
    for name in (*new, *old):
        if old.get(name) != new.get(name):
            raise FacewiseError(
                f"{out} holds a set made with {name} = {old.get(name)}, not {new.get(name)}; give another --out, or ask as before"
            )


def _leaves(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """("sources.0.root", value) of all that holds no more values."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield from _leaves(value, f"{name}.{key}" if name else str(key))
    if not isinstance(values, dict | list):
        yield name, values
