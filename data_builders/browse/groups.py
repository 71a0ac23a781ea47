"""Labels by group: whether women are happy and men angry in a data set more often than chance allows (stereotypical bias).

A group is any field of a record: its dataset, split, subject or licence, gender and age group as far as they are told, or an
attribute, a protocol or a word of the source under its own name. Records of one person count together, unless the groups are
people themselves.
"""

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ...model.errors import FacewiseError
from ..checks.association import Crosstab, holm
from ..checks.labels import gender
from ..records import Record
from .classes import classes, unit_levels

FIELDS = ("dataset", "split", "subject", "licence")
BANDS = ((13, "child"), (20, "teenager"), (40, "20 to 39"), (60, "40 to 59"), (200, "60 and over"))
MOST_GROUPS = 1000
MOST_SKEWED = 5
PERSON = "subject"


def group_values(record: Record) -> Iterator[tuple[str, str]]:
    """(name, value) of all that a record could be grouped by; of equal names the first counts."""
    for name in FIELDS:
        if value := getattr(record, name):
            yield name, value
    if told := gender(record):
        yield "gender", told
    if record.age is not None:
        yield "age group", next(band for below, band in BANDS if record.age < below)
    for told_of in (record.attributes, record.protocols, record.source):
        for name, value in (told_of or {}).items():
            yield name, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@lru_cache
def plain(name: str) -> str:
    """Names are compared without capitals, and with one sign between words."""
    return name.casefold().replace("_", " ").replace("-", " ").strip()


class Groups:
    """Crosstabs of every kind of label with one group; `names` are all that the records could be grouped by."""

    def __init__(self, group: str):
        self.group = plain(group)
        self.names: dict[str, None] = {}
        self.tables: dict[str, Crosstab] = {}
        self.sizes: dict[str, int] = {}

    def add(self, record: Record) -> None:
        """Raises FacewiseError where the group has too many values to be one."""
        value = None
        for name, told in group_values(record):
            self.names.setdefault(name)
            if value is None and plain(name) == self.group:
                value = told
        if value is None:
            return
        self.sizes[value] = self.sizes.get(value, 0) + 1
        if len(self.sizes) > MOST_GROUPS:
            raise FacewiseError(
                f"--by {self.group}: more than {MOST_GROUPS} different values, {value!r} the last of them; choose a field with "
                f"fewer"
            )
        subject = record.id if self.group == PERSON or not record.subject else record.subject
        for kind, label in self._labels(record):
            self.tables.setdefault(kind, Crosstab()).add(label, value, subject)

    def _labels(self, record: Record) -> Iterator[tuple[str, str]]:
        yield from ((kind, label) for kind, label in classes(record) if kind != self.group)
        for code, level in unit_levels(record):
            yield code, "silent" if level == "0" else "active"

    def told(self) -> dict[str, Any]:
        """Ready for JSON; `p_of_all` is adjusted for the number of tables. Raises FacewiseError, listing the choices, where no
        record tells the group."""
        if not self.sizes:
            choices = ", ".join(sorted(self.names, key=str.casefold)) or "none"
            raise FacewiseError(f"--by {self.group}: no record tells that; this set can be grouped by {choices}")
        tables = {kind: told for kind, table in self.tables.items() if (told := _told(table))}
        for told, p in zip(tables.values(), holm([told["p"] for told in tables.values()]), strict=True):
            told["p_of_all"] = p
        return {"group": self.group, "sizes": dict(sorted(self.sizes.items())), "tables": tables}


def _told(table: Crosstab) -> dict[str, Any] | None:
    if (found := table.association()) is None:
        return None
    counts = table.counts().tolist()
    return {
        "counts": {label: dict(zip(table.groups, row, strict=True)) for label, row in zip(table.labels, counts, strict=True)},
        "cramers_v": round(found.v, 3),
        "interval": [round(found.low, 3), round(found.high, 3)],
        "p": found.p,
        "n": found.n,
        "effective_n": round(found.effective, 1),
        "is_thin": found.is_thin,
        "skewed": [asdict(skew) for skew in table.skewed(MOST_SKEWED)],
    }
