"""The folder of a training run belongs to one recipe: what is done there would pass for another's."""

import dataclasses
from pathlib import Path

import yaml

from ..model.errors import FacewiseError
from .recipe import FIELDS, Recipe, values_of

RECIPE_FILE = "recipe.yaml"


def claim(recipe: Recipe, folder: Path) -> None:
    """Makes the folder and writes the recipe into it. Raises FacewiseError when it holds other work."""
    path = folder / RECIPE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            _refuse_another(recipe, Recipe(**values_of(path)), folder)
        elif any(folder.iterdir()):
            raise FacewiseError(
                f"{folder}: holds files but no {RECIPE_FILE}, so no training of ours; give a new folder as --output_dir"
            )
        else:
            path.write_text(written(recipe))
    except OSError as error:
        raise FacewiseError(f"{folder}: cannot be written ({error.strerror}); give another --output_dir") from None


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
