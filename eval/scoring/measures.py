"""What each named metric of a benchmark is: from the columns of its predictions to statistics that can be resampled.

One function a family, and METRICS is the list of all. Nothing here loads a model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.errors import FacewiseError
from ..answers.table import ANSWERED, SPOOF_SCORE, Coded, Table
from ..benchmark import Benchmark
from ..metrics import age, boxes, calibration, classes, curve, fairness, levels, reasons, spoofing, spotting, units
from ..metrics.statistic import Statistic, Subjects

LIVE, SPOOF, UNCERTAIN = 0, 1, 2


@dataclass(frozen=True)
class Threshold:
    """Of the spoof score, and where it comes from: " at .5", " at dev EER"."""

    at: float
    origin: str


Measure = Callable[[Table, Benchmark, Threshold], Sequence[Statistic]]


# Classes


def class_shares(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [classes.tally(table.truth, table.label, benchmark.labels, table.subjects)]


def unweighted_f1(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [classes.tally(table.truth, table.label, benchmark.labels, table.subjects, f1="UF1")]


def group_gaps(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    """`uncertain` is no answer. A column that the data do not have has no gap."""
    names = benchmark.labels if benchmark.task == "class" else ("live", "spoof")
    said = np.where(table.label < len(names), table.label, -1)
    return [
        fairness.tally(table.truth, said, len(names), column.codes, column.names, table.subjects, name)
        for name, column in table.groups.items()
        if name in benchmark.groups and column.names
    ]


# Presentation attacks


@dataclass(frozen=True)
class Presentations:
    """One a clip or an item: `scores` NaN for no response, `species` -1 for live; `hard`: the scores are labels."""

    scores: np.ndarray
    species: np.ndarray
    names: tuple[str, ...]
    subjects: Subjects
    hard: bool

    @property
    def use(self) -> np.ndarray:
        """Those that have a score; a label is none."""
        return ~np.isnan(self.scores) & (not self.hard)


def presentations(table: Table, benchmark: Benchmark) -> Presentations:
    scores, hard = _spoof_scores(table)
    species, names, subjects = *_species(table), table.subjects
    if benchmark.per == "clip":
        alone = int((table.clip.codes < 0).sum())
        if alone:
            raise FacewiseError(f"benchmark {benchmark.name} averages clips, and {alone} predictions name none")
        first, scores = spoofing.clip_means(scores, table.clip.codes)
        species, subjects = species[first], subjects.of(first)
    return Presentations(scores, species, names, subjects, hard)


def _spoof_scores(table: Table) -> tuple[np.ndarray, bool]:
    """(the scores, or labels in their place where no item has one; whether they are labels). Refused and unparsed ones have
    none."""
    scores = table.scores[SPOOF_SCORE]
    if not np.isnan(scores).all():
        return np.where(table.state == ANSWERED, scores, np.nan), False
    return np.select([table.label == LIVE, table.label == SPOOF], [0.0, 1.0], np.nan), True


def _species(table: Table) -> tuple[np.ndarray, tuple[str, ...]]:
    """(the attack's species, -1 for live; their names). Attacks without a name are a species of their own."""
    attack: Coded = table.groups["attack"]
    species = np.where(table.truth == LIVE, -1, np.where(attack.codes < 0, len(attack.names), attack.codes))
    unnamed = (species == len(attack.names)).any()
    return species, (*attack.names, "unnamed") if unnamed else attack.names


def error_rates(table: Table, benchmark: Benchmark, threshold: Threshold) -> list[Statistic]:
    p = presentations(table, benchmark)
    at, origin = (0.5, " of labels") if p.hard else (threshold.at, threshold.origin)
    return [spoofing.tally(p.scores, p.species, p.names, at, p.subjects, origin)]


def score_curves(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    """Of those that have a score; without any all is None, because a label has no curve."""
    p = presentations(table, benchmark)
    return [curve.Ranking(p.scores[p.use], p.species[p.use] >= 0, p.subjects.of(p.use), p.species[p.use])]


def score_calibration(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    p = presentations(table, benchmark)
    return [calibration.tally(p.scores[p.use], p.species[p.use] >= 0, p.subjects.of(p.use))]


def verdict_shares(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    """Of items, by the labels alone: `uncertain` is no answer. WAR is what papers call ACC."""
    said = np.where(table.label < UNCERTAIN, table.label, -1)
    return [classes.tally(table.truth, said, ("live", "spoof"), table.subjects)]


def uncertain_band(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    """The model's own band: what it calls uncertain is open, the rest is held against its label."""
    use = table.label >= 0
    said = np.select([table.label == LIVE, table.label == SPOOF], [0.0, 1.0], 0.5)
    return [calibration.band(said[use], table.truth[use] == SPOOF, 0.5, 0.5, table.subjects.of(use))]


def eer_threshold(table: Table, benchmark: Benchmark) -> float:
    """Of a dev set. Raises FacewiseError where it has no scores, or one class only."""
    p = presentations(table, benchmark)
    use = ~np.isnan(p.scores)
    found = curve.Ranking(p.scores[use], p.species[use] >= 0, p.subjects.of(use)).threshold()
    if p.hard or np.isnan(found):
        raise FacewiseError(f"benchmark {benchmark.name}: a threshold needs live items and attacks with scores in the dev set")
    return found


# Action units, ages, valence and arousal


def unit_f1(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [units.tally(_there(table, benchmark), table.label, benchmark.labels, table.subjects)]


def unit_auc(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    scores = np.stack([table.scores[code] for code in benchmark.labels], axis=1)
    return list(units.rankings(_there(table, benchmark), scores, benchmark.labels, table.subjects))


def unit_levels(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    scores = np.stack([table.scores[code] for code in benchmark.labels], axis=1)
    truth = table.truth.reshape(scores.shape)
    return [levels.tally(truth, scores, benchmark.labels, table.subjects)]


def _there(table: Table, benchmark: Benchmark) -> np.ndarray:
    return np.where(np.isnan(table.truth), np.nan, table.truth >= benchmark.positive_at)


def attribute_accuracy(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [units.accuracy(_there(table, benchmark), table.label, benchmark.labels, table.subjects)]


def ages(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [age.tally(table.truth, table.label, table.subjects)]


def concordance(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [levels.tally(table.truth, table.label, ("valence", "arousal"), table.subjects, ("CCC", "PCC", "MAE"))]


# Boxes, movements, reasons


def found_boxes(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    said, truth = [each[:, :4] for each in table.label], [each[:, :4] for each in table.truth]
    scores = [each[:, 4] for each in table.label]
    precise = [boxes.Detections(said, scores, truth, table.subjects, least) for least in (0.4, 0.5)]
    return [boxes.tally(said, truth, table.subjects), *precise]


def movements(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [spotting.tally(table.label, table.truth, table.subjects)]


def spotted_emotions(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [spotting.strs(table.label, table.truth, benchmark.labels, table.subjects)]


def named_cues(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [reasons.cues(table.label, table.truth, table.subjects)]


def text_bleu(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [reasons.bleu(table.label, table.truth, table.subjects)]


def text_rouge(table: Table, _: Benchmark, __: Threshold) -> list[Statistic]:
    return [reasons.rouge_l(table.label, table.truth, table.subjects)]


def judge_marks(table: Table, benchmark: Benchmark, _: Threshold) -> list[Statistic]:
    return [reasons.marks(table.label, benchmark.labels, table.subjects)]


# name -> (tasks that it can be measured on, what measures it)
METRICS: dict[str, tuple[tuple[str, ...], Measure]] = {
    "classes": (("class",), class_shares),
    "uf1": (("class",), unweighted_f1),
    "fairness": (("class", "spoof"), group_gaps),
    "error rates": (("spoof",), error_rates),
    "curves": (("spoof",), score_curves),
    "calibration": (("spoof",), score_calibration),
    "band": (("spoof",), uncertain_band),
    "accuracy": (("spoof",), verdict_shares),
    "unit f1": (("units",), unit_f1),
    "unit auc": (("units",), unit_auc),
    "unit levels": (("units",), unit_levels),
    "attributes": (("units",), attribute_accuracy),
    "age": (("number",), ages),
    "ccc": (("affect",), concordance),
    "boxes": (("boxes",), found_boxes),
    "spotting": (("movements",), movements),
    "strs": (("movements",), spotted_emotions),
    "cues": (("cues",), named_cues),
    "bleu": (("text",), text_bleu),
    "rouge": (("text",), text_rouge),
    "marks": (("marks",), judge_marks),
}


def check_metrics(benchmark: Benchmark) -> None:
    """Raises FacewiseError for a metric that does not exist, or not for the task."""
    for name in benchmark.metrics:
        if name not in METRICS or benchmark.task not in METRICS[name][0]:
            fitting = ", ".join(each for each, (tasks, _) in METRICS.items() if benchmark.task in tasks)
            raise FacewiseError(f"benchmark {benchmark.name}: metric {name!r}; a task of {benchmark.task} has {fitting}")


def statistics(table: Table, benchmark: Benchmark, threshold: Threshold) -> list[Statistic]:
    """Of all metrics that the benchmark names, in its order."""
    check_metrics(benchmark)
    return [each for name in benchmark.metrics for each in METRICS[name][1](table, benchmark, threshold)]
