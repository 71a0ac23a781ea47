"""`python -m facewise.finetune.ablations RECIPE.yaml --out DIR --seeds N`: what each part of the model brings, all from one budget.

Every variant is the recipe with one thing changed, trained with each seed into a folder of its own; what is done is not trained again. Variants of
words go on from the encoder of the whole model with their seed. Differences to the whole are paired by seed, with Student's interval over seeds, so
that luck of one training is no finding. What the landmarks tell without a network stands below (baselines.py).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..model.errors import FacewiseError, exit_code
from ..model.taxonomy import ATTACKS, EXPERIMENTAL_ATTACKS
from .baselines import points_alone
from .encoder.ablation import VIEWS
from .encoder.packed import Packed, read_pack
from .material import packed_records
from .processes import tell
from .recipe import Recipe, read_recipe
from .recipe_checks import WORDS
from .train import main as train
from .validation import TABLE

WHOLE = "whole"
CLAIMED = tuple(name for name in ATTACKS if name not in EXPERIMENTAL_ATTACKS)
TOLD = "ablations.json"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Variant:
    """`flags` of the recipe: what is changed. `of_words`: it leaves the encoder as it is. `anew`: it says something of an encoder alone that has not
    learned before."""

    name: str
    flags: tuple[str, ...]
    of_words: bool = False
    anew: bool = False


@dataclass(frozen=True)
class Metric:
    """The mean of the rows of a run's table that it picks."""

    name: str
    picks: Callable[[dict], bool]

    def of(self, rows: Sequence[dict]) -> float | None:
        found = [row["value"] for row in rows if self.picks(row)]
        return float(np.mean(found)) if found else None


def _is(row: dict, what: str, domain: str) -> bool:
    return row["what"] == what and domain in row["domain"]


WHOLE_MODEL = Variant(WHOLE, ())
WITHOUT = (
    Variant("without FRGCA", ("--encoder_drop", "frgca")),
    Variant("without the mask of FRGCA", ("--encoder_drop", "mask")),
    Variant("without places of the skin", ("--places", "false"), anew=True),
    Variant("landmarks of another face", ("--encoder_drop", "landmarks")),
    Variant("views alone, without landmarks", ("--encoder_drop", "points")),
    *(Variant(f"without the view {name}", ("--encoder_drop", name)) for name in VIEWS),
    *(Variant(f"no {name} to learn from", ("--left_out", name), anew=True) for name in CLAIMED),
    Variant("with PVTM", ("--pvtm_drop", "0.3"), of_words=True),
    Variant("every token of an answer weighs alike", ("--verdict_weight", "0.05"), of_words=True),
    Variant("visual tokens alone", ("--evidence_mix", "tokens=1"), of_words=True),
    Variant("evidence text alone", ("--evidence_mix", "words=1"), of_words=True),
)
METRICS = (
    Metric("spoof AUC, unseen simulators", lambda row: _is(row, "spoof head, AUC, simulators never trained on", "real live")),
    Metric(
        "spoof AUC, unseen simulators, drawn", lambda row: _is(row, "spoof head, AUC, simulators never trained on", "drawn live")
    ),
    *(Metric(f"spoof AUC, {name}", partial(_is, what=f"spoof head, AUC, {name}", domain="real live")) for name in CLAIMED),
    Metric("action units, mean F1", lambda row: row["what"].endswith(" F1 at level A")),
    Metric("smile AUC on photos", lambda row: row["what"] == "AU12 AUC, smile or none"),
    Metric("emotion, macro-F1", lambda row: _is(row, "emotion, macro-F1", "renders")),
    Metric("emotion on photos, macro-F1", lambda row: _is(row, "emotion, macro-F1", "photos")),
    Metric("verdict AUC, language model alone", lambda row: row["what"] == "language model alone, AUC"),
    Metric("verdict AUC, heads alone", lambda row: row["what"] == "head alone, AUC"),
    Metric("verdict AUC, both", lambda row: row["what"] == "score, AUC"),
    Metric("loss of answers", lambda row: row["what"].endswith(", loss of answers")),
)


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    if args.seeds < 1:
        raise FacewiseError(f"--seeds {args.seeds}: at least one is wanted, and two for an interval")
    recipe = read_recipe([str(args.recipe)])
    pack = read_pack(packed_records(recipe.pack, tell))
    variants = chosen(recipe, pack, args.only)
    found = {each.name: [trained(args, recipe, each, seed) for seed in range(args.seeds)] for each in (WHOLE_MODEL, *variants)}
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [told for name, runs in found.items() for told in compared(name, runs, found[WHOLE])]
    rows += [{"variant": "points and logistic regression", **told} for told in baseline(pack)]
    (args.out / TOLD).write_text(json.dumps(rows, indent=1))
    print(table(rows, args.seeds))
    return 0


def chosen(recipe: Recipe, pack: Packed, only: Sequence[str] = ()) -> list[Variant]:
    """The variants that the recipe and its pack have something to say about. Raises FacewiseError for a name of none."""
    possible = [each for each in WITHOUT if tells(each, recipe, pack)]
    names = [each.name for each in possible]
    if unknown := next((name for name in only if name not in names), None):
        raise FacewiseError(f"--only {unknown!r}: this recipe and its pack have the variants {'; '.join(names)}")
    return [each for each in possible if not only or each.name in only]


def tells(variant: Variant, recipe: Recipe, pack: Packed) -> bool:
    """Whether it is another training than that of the recipe, and can be done with the pack."""
    flag, value = variant.flags
    if variant.anew and recipe.encoder_from:
        return False
    if flag == "--places" and not recipe.places:
        return False
    if flag == "--left_out":
        return can_spare(pack, value, recipe.experimental)
    trains = any(stage in recipe.stages for stage in WORDS) if variant.of_words else "encoder" in recipe.stages
    return trains and (value not in VIEWS or value in pack.views)


def can_spare(pack: Packed, attack: str, experimental: Sequence[str]) -> bool:
    """Whether it teaches anything, and every part of the pack still has attacks without it."""
    if not (pack.split("train") & pack.shows([attack])).any():
        return False
    try:
        pack.leaving_out([attack]).refuse_gaps(experimental)
    except FacewiseError:
        return False
    return True


def trained(args: argparse.Namespace, recipe: Recipe, variant: Variant, seed: int) -> list[dict]:
    """The table of numbers of one run."""
    folder = run_folder(args.out, variant.name, seed)
    flags = ["--seed", str(seed), "--output_dir", str(folder), *variant.flags]
    if variant.of_words:
        stages = ",".join(stage for stage in recipe.stages if stage in WORDS)
        flags += ["--stages", stages, "--encoder_from", str(run_folder(args.out, WHOLE, seed))]
    tell(f"{variant.name}, seed {seed}")
    train([str(args.recipe), *flags])
    return json.loads((folder / TABLE).read_text())


def run_folder(out: Path, name: str, seed: int) -> Path:
    return out / f"{name.replace(' ', '-')}-{seed}"


def compared(name: str, runs: Sequence[list[dict]], whole: Sequence[list[dict]]) -> list[dict]:
    """{variant, metric, value, difference, low, high} for each metric that the runs tell; the whole model has no difference."""
    told = []
    for metric in METRICS:
        values = [value for rows in runs if (value := metric.of(rows)) is not None]
        if len(values) < len(runs):
            continue
        row = {"variant": name, "metric": metric.name, "value": float(np.mean(values))}
        if name != WHOLE:
            row |= difference(np.array(values), np.array([metric.of(rows) for rows in whole], float))
        told.append(row)
    return told


def difference(values: np.ndarray, whole: np.ndarray) -> dict[str, float | None]:
    """What is lost or won against the whole, seed by seed; with one seed there is no interval."""
    from scipy.stats import t

    apart = values - whole
    if len(apart) < 2:
        return {"difference": float(apart.mean()), "low": None, "high": None}
    half = t.ppf((1 + CONFIDENCE) / 2, len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart))
    return {"difference": float(apart.mean()), "low": float(apart.mean() - half), "high": float(apart.mean() + half)}


def baseline(pack: Packed) -> list[dict]:
    rows = points_alone(pack)
    values = {metric.name: metric.of(rows) for metric in METRICS}
    return [{"metric": name, "value": value} for name, value in values.items() if value is not None]


def table(rows: Sequence[dict], seeds: int) -> str:
    """Markdown: a line a variant, a column a metric, its value and what it is apart from the whole."""
    by_variant: dict[str, dict[str, dict]] = {}
    for row in rows:
        by_variant.setdefault(row["variant"], {})[row["metric"]] = row
    columns = [metric.name for metric in METRICS if any(metric.name in told for told in by_variant.values())]
    lines = [f"| {' | '.join(['variant', *columns])} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {' | '.join([name, *(_cell(told.get(column)) for column in columns)])} |" for name, told in by_variant.items()]
    by = f"the difference to the whole with its 95 % interval over {seeds} seeds" if seeds > 1 else "the difference to the whole"
    return "\n".join([*lines, "", f"Means of {seeds} trainings each, on the test split of the pack; in brackets {by}."])


def _cell(row: dict | None) -> str:
    if row is None:
        return ""
    if row.get("difference") is None:
        return f"{row['value']:.3f}"
    within = "" if row["low"] is None else f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    return f"{row['value']:.3f} ({row['difference']:+.3f}{within})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m facewise.finetune.ablations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=Path, help="of the whole model; its budget is that of every variant")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a folder for all runs; a stopped table goes on there"
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of each variant (default: 3)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="VARIANT", help="this one, beside the whole; may be repeated"
    )
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(main))
