"""A benchmark as a value: what is read, what is asked, in which classes, and what is measured. Literals only, so that it can
be read.

The label space is the benchmark's own and stands in the question. The list of all is benchmarks/benchmarks.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.errors import FacewiseError

Chosen = Mapping[str, tuple[str, ...]]

# What a label and a truth are in predictions.jsonl.
TASKS = {
    "class": "a name of the label space",
    "spoof": "live or spoof (truth); live, spoof or uncertain (label); the attack's species is the group `attack`, the score is `spoof`",
    "units": "truth {code: level 0 to 5, or null for not coded}; label [codes]; scores {code: level or probability}",
    "number": "a number, such as an age in years",
    "affect": "[valence, arousal], each -1 to 1",
    "boxes": "[[x1, y1, x2, y2], ...]; label may be [[x1, y1, x2, y2, score], ...]",
    "movements": "[{onset, offset, kind, score, emotion}, ...] of a clip, frames from 0, both ends included",
    "cues": "[names of what is visible]",
    "text": "a text",
    "marks": "{criterion: 1 to 10} that a judge gave an answer (marks.py); its truth is the key of the answer",
}


@dataclass(frozen=True)
class Benchmark:
    """`task` of TASKS; `labels`: classes, codes of units, or emotions of movements; `metrics`: names of scoring.METRICS.

    `options` are those of the reader. `positive_at`: the level from which on a unit is there (DISFA 2, BP4D 1). `threshold`:
    of the score, where no dev set gives one. `groups`: columns for fairness. `chance`: what a protocol names as chance, by
    metric, over what is computed. `per`: "item", or "clip" where scores of frames are averaged. `simulated`: no camera saw a
    face.

    `reader`: a source of data_builders/readers, or several with blanks between them, whose options are then "source.name";
    "synth" are the drawn pictures of synth_set.py. `truth`: what of a record is the truth (truths.TRUTHS). `chosen`: the records
    of the test part, as {field of the record: its values} ("protocols.1": ("test",)); `dev` the same of the set that settles the
    threshold. `frames`: pictures taken of a clip, evenly; with `moments` its onset, apex and offset. With `per` "clip" each of
    them is an item. `whole_clip`: the clip itself is shown, to find movements in it.
    """

    name: str
    version: str
    task: str
    reader: str
    protocol: str
    labels: tuple[str, ...]
    question: str
    metrics: tuple[str, ...]
    simulated: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    positive_at: float = 1.0
    threshold: float = 0.5
    per: str = "item"
    truth: str = ""
    chosen: Chosen = field(default_factory=dict)
    dev: Chosen | None = None
    frames: int = 1
    moments: bool = False
    whole_clip: bool = False

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise FacewiseError(f"benchmark {self.name}: task {self.task!r}; choose from {', '.join(TASKS)}")
        if self.per not in ("item", "clip"):
            raise FacewiseError(f"benchmark {self.name}: per {self.per!r}; choose item or clip")
        if self.task in ("class", "units") and not self.labels:
            raise FacewiseError(f"benchmark {self.name}: a task of {self.task} needs its labels")
