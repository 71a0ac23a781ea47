"""`facewise data stats`: what is in a built set, which labels lean to a group, and which of them a model doubts. Everything is
counted in one pass."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from .built import built_records, built_rejects, built_rows
from .groups import Groups
from .tallies import RecordTally, RowTally

SKILL = (
    "The embedded encoder is small and learned from simulated pictures: a doubt is a reason to look, no verdict. It reads"
    " verdicts, the action units of the taxonomy with their sides, and the eight emotions of single pictures; no attack types,"
    " ages, attributes or clips."
)


def stats(folder: Path, group: str | None = None) -> dict[str, Any]:
    """Counts of rows, records and rejects; with `group` the crosstabs by it. Raises FacewiseError for a folder without a set,
    or a group that is none."""
    rows, records, groups = RowTally(), RecordTally(), Groups(group) if group else None
    for row in built_rows(folder):
        rows.add(row)
    for record in built_records(folder):
        records.add(record)
        if groups:
            groups.add(record)
    rejects = Counter(_kind(reject["reason"]) for reject in built_rejects(folder))
    found = {"set": str(folder), **rows.told(), **records.told(), "rejected": dict(rejects.most_common())}
    return found | ({"by": groups.told()} if groups else {})


def _kind(reason: str) -> str:
    """What stands before the colon of the first: the rest tells names."""
    kind, colon, _ = reason.partition("; ")[0].partition(":")
    return kind if colon else "other reasons"


def doubtful(folder: Path, most: int, limit: int | None, console: TextIO | None) -> dict[str, Any]:
    """Labels that the embedded encoder contradicts, of the first `limit` records; progress goes to `console`."""
    from ...model.checkpoint import load_checkpoint
    from .doubts import told
    from .readings import opinions

    checkpoint, left_out, looked_at = load_checkpoint(), Counter[str](), Counter[str]()
    records = _counted(islice(built_records(folder), limit), looked_at, console)
    found = told(list(opinions(records, folder, checkpoint.perceiver, left_out)), most)
    return {"model": checkpoint.name, "looked_at": looked_at.total(), "left_out": dict(left_out), "skill": SKILL, **found}


def _counted(records: Iterable[Any], looked_at: Counter[str], console: TextIO | None) -> Iterator[Any]:
    from tqdm import tqdm

    for record in tqdm(records, file=console, disable=console is None, unit=" records", mininterval=1):
        looked_at["records"] += 1
        yield record
