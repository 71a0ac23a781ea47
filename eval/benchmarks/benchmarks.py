"""All benchmarks by name. A new one is a value in the file of its family, which is a line here."""

from ...model.errors import FacewiseError
from ..benchmark import Benchmark
from .action_units import ACTION_UNITS
from .deepfake import DEEPFAKE
from .expression import EXPRESSION
from .faceshield import FACESHIELD
from .micro_expression import MICRO_EXPRESSION
from .own_folder import OWN_FOLDER
from .person import PERSON
from .spoofing import SPOOFING
from .synth import SYNTH

FAMILIES: dict[str, tuple[Benchmark, ...]] = {
    "synth": SYNTH,
    "expression": EXPRESSION,
    "action units": ACTION_UNITS,
    "presentation attacks": SPOOFING,
    "FaceShield's tasks": FACESHIELD,
    "altered faces": DEEPFAKE,
    "micro-expressions": MICRO_EXPRESSION,
    "person": PERSON,
    "your own": OWN_FOLDER,
}
BENCHMARKS: dict[str, Benchmark] = {benchmark.name: benchmark for family in FAMILIES.values() for benchmark in family}


def named(names: list[str]) -> list[Benchmark]:
    """Those of these names, each once; "oulu" stands for all whose names begin with "oulu-". FacewiseError for what is none."""
    found: dict[str, Benchmark] = {}
    for name in names:
        whole = (
            [BENCHMARKS[name]]
            if name in BENCHMARKS
            else [each for each in BENCHMARKS.values() if each.name.startswith(f"{name}-")]
        )
        if not whole:
            raise FacewiseError(f"no benchmark is called {name!r}; `facewise eval run --help` lists them")
        found |= {each.name: each for each in whole}
    return list(found.values())


def told() -> str:
    """A line for each family, for --help."""
    lines = []
    for family, benchmarks in FAMILIES.items():
        lines.append(f"  {family}: {', '.join(benchmark.name for benchmark in benchmarks)}")
    return "\n".join(lines)
