"""One number of the table with all that belongs beside it, or the reason why it is missing.

The target comes from targets.py by the row's words, so that a number and what is asked of it cannot drift apart.
"""

from dataclasses import asdict, dataclass
from typing import Any

from ..metrics.intervals import share
from ..metrics.statistic import Value
from .targets import BOUNDS

REAL, SIMULATED = "real", "simulated"  # whether a camera saw a living face in what is judged
NO_FACE = "no face"  # of texts and times


@dataclass(frozen=True)
class Row:
    """`value` None: missing, and `why` says for what reason. `low`, `high`: 95 %. `met`: None without a target or a value."""

    what: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    chance: float | None
    target: str | None
    protocol: str
    domain: str
    met: bool | None
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def row(what: str, value: Value, protocol: str, domain: str) -> Row:
    """`value` carries its interval, n and chance; its own name does not count."""
    target = BOUNDS.get(what)
    met = None if target is None or value.value is None else reaches(value.value, target)
    why = "" if value.value is not None else "nothing to measure"
    return Row(what, value.value, value.low, value.high, value.n, value.chance, target, protocol, domain, met, why)


def share_row(what: str, hits: int, n: int, protocol: str, domain: str) -> Row:
    """A share with Wilson's interval."""
    return row(what, share(what, int(hits), int(n)), protocol, domain)


def missing(what: str, why: str) -> Row:
    return Row(what, None, None, None, 0, None, BOUNDS.get(what), "", "", None, why)


def reaches(value: float, target: str) -> bool:
    """Whether a number keeps ">= 0.97" or "<= 0.01"."""
    sign, bound = target.split()
    return value >= float(bound) if sign == ">=" else value <= float(bound)
