"""FaceShield's tasks (2505.09415) on its three sets: W is WMCA, S is SiW-Mv2, P is PADISI-Face.

Within a set: coarse (HTER, ACC), fine (ACC is WAR of its twelve classes) and reasoning (ACC of the verdict; `facewise eval judge` marks the
reasons). Across sets only the threshold of HTER differs for a model that was trained on none: it comes from the dev parts of the two others, of
which SiW-Mv2 has none. Not to be had: its list of 12,091 pictures, so that the official test parts stand in their place, and its 3,139 boxes, so
that localisation has no truth on these sets; AP@40 and AP@50 are measured by folder-boxes, on boxes of one's own, and by synth-boxes.
"""

from typing import Any

from ...model.taxonomy import ATTACKS
from ..benchmark import Benchmark, Chosen
from .questions import ATTACK_TYPE, LIVE, REASONS

SETS = {"w": "wmca", "s": "siw_mv2", "p": "padisi_face"}
DATASETS = {"wmca": "WMCA", "siw_mv2": "SiW-Mv2", "padisi_face": "PADISI-Face"}
PARTS = {"wmca": "grandtest, 4 frames a video", "siw_mv2": "protocol I, 4 frames a video", "padisi_face": "fold 0 of 3"}
CLASSES = ("live", *ATTACKS)
FRAMES = 4
TEST: Chosen = {"split": ("test",)}
DEV: Chosen = {"split": ("val",)}
METRICS = ("error rates", "curves", "calibration", "band", "accuracy")


def _within(letter: str, task: str) -> Benchmark:
    reader = SETS[letter]
    told = f"FaceShield, intra {letter.upper()}, {task}: {DATASETS[reader]}, {PARTS[reader]}, all of its test part"
    name = f"faceshield-{letter}-{task}"
    shared: dict[str, Any] = {"chosen": TEST, "frames": FRAMES}
    if task == "fine":
        question = ATTACK_TYPE.format(labels=", ".join(CLASSES))
        return Benchmark(name, "1", "class", reader, told, CLASSES, question, ("classes",), truth="attack type", **shared)
    if task == "reasoning":
        return Benchmark(name, "1", "spoof", reader, told, (), REASONS, ("accuracy",), truth="live", **shared)
    dev = None if reader == "siw_mv2" else DEV
    return Benchmark(name, "1", "spoof", reader, told, (), LIVE, METRICS, truth="live", dev=dev, per="clip", **shared)


def _across(target: str) -> Benchmark:
    """`target`: a letter of SETS."""
    sources = [letter for letter in SETS if letter != target]
    reader = SETS[target]
    held = [SETS[letter] for letter in sources if SETS[letter] != "siw_mv2"]
    told = (
        f"FaceShield, {'&'.join(sources).upper()} to {target.upper()}, coarse: {DATASETS[reader]}, {PARTS[reader]}; "
        f"dev: dev part of {' and '.join(DATASETS[each] for each in held)}"
    )
    return Benchmark(
        f"faceshield-{''.join(sources)}-{target}",
        "1",
        "spoof",
        " ".join((reader, *held)),
        told,
        (),
        LIVE,
        METRICS,
        truth="live",
        chosen={**TEST, "dataset": (DATASETS[reader],)},
        dev={**DEV, "dataset": tuple(DATASETS[each] for each in held)},
        per="clip",
        frames=FRAMES,
    )


FACESHIELD = (
    *(_within(letter, task) for letter in SETS for task in ("coarse", "fine", "reasoning")),
    *(_across(letter) for letter in SETS),
)
