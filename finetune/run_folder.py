"""The folder of a training run belongs to one recipe: what is done there would pass for another's."""

import dataclasses
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from ..model.errors import FacewiseError
from .recipe import FIELDS, Recipe, values_of

RECIPE_FILE = "recipe.yaml"


def check_folder(recipe: Recipe, folder: Path) -> None:
    """Raises FacewiseError when the folder holds other work or cannot be written. Nothing is made."""
    path = folder / RECIPE_FILE
    try:
        if path.is_file():
            _refuse_another(recipe, Recipe(**values_of(path)), folder)
        elif folder.exists() and any(folder.iterdir()):
            raise FacewiseError(
                f"{folder}: holds files but no {RECIPE_FILE}, so no training of ours; give a new folder as --output_dir"
            )
    except OSError as error:
        raise _unwritable(folder, error) from None
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise FacewiseError(f"{folder}: cannot be written ({there} takes no files); give another --output_dir")


def claim(recipe: Recipe, folder: Path) -> None:
    """Makes the folder and writes the recipe into it. Raises FacewiseError as check_folder does."""
    check_folder(recipe, folder)
    path = folder / RECIPE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            path.write_text(written(recipe))
    except OSError as error:
        raise _unwritable(folder, error) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else trains in a claimed folder meanwhile; the lock dies with its process, however that ends. Raises FacewiseError where another does."""
    with (folder / RECIPE_FILE).open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FacewiseError(
                f"{folder}: another training is at work there; wait for its end, or give another --output_dir"
            ) from None
        yield


def _unwritable(folder: Path, error: OSError) -> FacewiseError:
    return FacewiseError(f"{folder}: cannot be written ({error.strerror}); give another --output_dir")


def written(recipe: Recipe) -> str:
    """The recipe as YAML."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(recipe).items()}
    return yaml.safe_dump(values, sort_keys=False)


def _refuse_another(recipe: Recipe, stored: Recipe, folder: Path) -> None:
    for name in FIELDS:
        before, now = getattr(stored, name), getattr(recipe, name)
        if before != now and name != "output_dir":  # a folder may be moved; every other field shapes what is in it
            raise FacewiseError(
                f"{folder}: was trained with {name} {before!r}, this recipe says {now!r}; "
                f"give another --output_dir, or delete the folder to train anew"
            )
