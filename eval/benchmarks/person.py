"""Ages and attributes. What is asked here is scored and never said by an assistant of ours (DESIGN.md, 9)."""

from ...data_builders.readers.celeba_spoof import NAMES
from ..benchmark import Benchmark
from .questions import AGE, ATTRIBUTES

_GROUPS = ("gender", "race", "age group")

PERSON = (
    Benchmark(
        "utkface",
        "1",
        "number",
        "utkface",
        "no official split: all pictures",
        (),
        AGE,
        ("age",),
        truth="age",
        groups=_GROUPS,
    ),
    Benchmark(
        "morph", "1", "number", "morph2", "no official split: all pictures", (), AGE, ("age",), truth="age", groups=_GROUPS
    ),
    Benchmark(
        "celeba",
        "1",
        "units",
        "celeba",
        "test part, 40 attributes",
        NAMES,
        ATTRIBUTES.format(labels=", ".join(name.replace("_", " ") for name in NAMES)),
        ("attributes",),
        truth="attributes",
        chosen={"split": ("test",)},
    ),
)
