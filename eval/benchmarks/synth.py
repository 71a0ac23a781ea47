"""Benchmarks that need nothing outside: drawn faces, presentations and clips (synth_set.py). All simulated.

There is none for age and attributes: of a person whom nobody is, nothing of that kind is true.
"""

from ...model.taxonomy import AU_CODES, CUES, EMOTIONS
from ..benchmark import Benchmark
from .questions import BOXES, CUES_SHOWN, DIGITAL, EMOTION, LIVE, MICRO, SPOTTING, UNITS

VERSION = "1"
COARSE = ("positive", "negative", "surprise")
FACES = "36 renders of 18 invented people"
PRESENTED = "presentations of 18 invented people"

SYNTH = (
    Benchmark(
        "synth-emotion",
        VERSION,
        "class",
        "synth",
        f"{FACES}, those with a prototype",
        EMOTIONS,
        EMOTION.format(labels=", ".join(EMOTIONS)),
        ("classes",),
        simulated=True,
        truth="emotion",
    ),
    Benchmark(
        "synth-units",
        "2",  # since a mouth that another unit opens has no label of AU25
        "units",
        "synth",
        FACES,
        AU_CODES,
        UNITS.format(labels=", ".join(AU_CODES)),
        ("unit f1", "unit auc", "unit levels"),
        simulated=True,
        truth="units",
        chosen={"split": ("test",), "live": ("True",)},
    ),
    Benchmark(
        "synth-spoof",
        VERSION,
        "spoof",
        "synth",
        PRESENTED,
        (),
        LIVE,
        ("error rates", "curves", "calibration", "band", "accuracy"),
        simulated=True,
        truth="live",
        chosen={"source.made of": ("photo",)},
    ),
    Benchmark(
        "synth-cues",
        VERSION,
        "cues",
        "synth",
        f"attacks among {PRESENTED}, cues that are visible in the file",
        CUES,
        CUES_SHOWN.format(labels=", ".join(CUES)),
        ("cues",),
        simulated=True,
        truth="cues",
    ),
    Benchmark(
        "synth-boxes",
        VERSION,
        "boxes",
        "synth",
        f"attacks among {PRESENTED}, the instrument's box",
        (),
        BOXES,
        ("boxes",),
        simulated=True,
        truth="boxes",
    ),
    Benchmark(
        "synth-digital",
        VERSION,
        "spoof",
        "synth",
        f"{PRESENTED}, some altered by software",
        (),
        DIGITAL,
        ("accuracy", "curves"),
        simulated=True,
        truth="genuine",
        chosen={"source.made of": ("photo",)},
    ),
    Benchmark(
        "synth-spotting",
        VERSION,
        "movements",
        "synth",
        "8 cuts of one drawn clip of one invented person; IoU .5",
        COARSE,
        SPOTTING,
        ("spotting",),
        simulated=True,
        truth="movements",
        frames=16,
        whole_clip=True,
    ),
    Benchmark(
        "synth-micro",
        VERSION,
        "class",
        "synth",
        "the one expression in each of 2 cuts of one drawn clip of one invented person, as it is and mirrored: a smile of .23 s, raised brows "
        "of .63 s, nothing negative",
        COARSE,
        MICRO.format(labels=", ".join(COARSE)),
        ("uf1",),
        simulated=True,
        truth="micro class",
        frames=3,
        moments=True,
    ),
)
