"""A folder of one's own, as `facewise build folder` reads it: metadata.csv or .jsonl, or a folder for each class. All items are asked about."""

from ...model.taxonomy import AU_CODES, EMOTIONS
from ..benchmark import Benchmark
from .questions import AGE, BOXES, DIGITAL, EMOTION, LIVE, REASONS, UNITS

_PROTOCOL = "a folder of one's own, all items"
_GROUPS = ("gender", "race", "age group")

OWN_FOLDER = (
    Benchmark(
        "folder-emotion",
        "1",
        "class",
        "folder",
        _PROTOCOL,
        EMOTIONS,
        EMOTION.format(labels=", ".join(EMOTIONS)),
        ("classes", "fairness"),
        truth="emotion",
        groups=_GROUPS,
    ),
    Benchmark(
        "folder-units",
        "1",
        "units",
        "folder",
        _PROTOCOL,
        AU_CODES,
        UNITS.format(labels=", ".join(AU_CODES)),
        ("unit f1", "unit auc", "unit levels"),
        truth="units",
    ),
    Benchmark(
        "folder-spoof",
        "1",
        "spoof",
        "folder",
        _PROTOCOL,
        (),
        LIVE,
        ("error rates", "curves", "calibration", "band", "accuracy"),
        truth="live",
        groups=_GROUPS,
    ),
    Benchmark(
        "folder-digital", "1", "spoof", "folder", _PROTOCOL, (), DIGITAL, ("accuracy", "curves", "error rates"), truth="genuine"
    ),
    Benchmark("folder-reasons", "1", "spoof", "folder", _PROTOCOL, (), REASONS, ("accuracy",), truth="live", groups=_GROUPS),
    Benchmark(
        "folder-boxes",
        "1",
        "boxes",
        "folder",
        "attacks of a folder of one's own, their column `box`",
        (),
        BOXES,
        ("boxes",),
        truth="boxes",
    ),
    Benchmark("folder-age", "1", "number", "folder", _PROTOCOL, (), AGE, ("age",), truth="age"),
)
