"""Whether answers speak of women, the old or peoples more under one label than under another: what a model would learn as a
stereotype.

Words are counted once an answer. A table for each kind of label and of words; a row whose one sentence holds both is a fault of
its own (forbidden.ties).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from ...model.taxonomy import EMOTIONS, NO_PROTOTYPE, VERDICTS
from ...model.wording import sentences
from ..rows import Row, texts
from .association import Crosstab
from .claims import claims
from .forbidden import declines, ties

TOPICS = {"gender": ("gender", "pronoun"), "age group": ("age group",), "ethnicity": ("ethnicity",)}
KINDS = {"emotion": {*EMOTIONS, NO_PROTOTYPE, "positive", "negative", "other"}, "verdict": set(VERDICTS)}
MOST = 5  # pairs that are named


def demographic_audit(rows: Iterable[Row]) -> dict[str, Any]:
    """{"rows", "ties", "answers": {topic: {group: n}}, "tables": [{"label", "words", "n", "counts", "cramers_v", "interval",
    "p", "skewed"}]}, ready for JSON.

    `answers` are the rows whose texts hold words of a group; a table is there for two labels and two groups at least.
    """
    audit = _Audit()
    for row in rows:
        audit.add(row)
    return audit.told()


class _Audit:
    def __init__(self) -> None:
        self.rows = self.ties = 0
        self.answers = {topic: Counter[str]() for topic in TOPICS}
        self.tables = {(kind, topic): Crosstab() for kind in KINDS for topic in TOPICS}

    def add(self, row: Row) -> None:
        said = [claims(sentence) for sentence in _said(row)]
        self.rows += 1
        self.ties += any(any(ties(each)) for each in said)
        found = {(claim.topic, claim.names[0]) for each in said for claim in each}
        for topic, sources in TOPICS.items():
            for group in {name for source, name in found if source in sources}:
                self.answers[topic][group] += 1
                self._count(row, topic, group)

    def _count(self, row: Row, topic: str, group: str) -> None:
        label = row.meta.get("label")
        for kind, labels in KINDS.items():
            if label in labels:
                self.tables[kind, topic].add(str(label), group, str(row.meta.get("subject") or row.id))

    def told(self) -> dict[str, Any]:
        tables = (_told_table(kind, topic, table) for (kind, topic), table in self.tables.items())
        return {
            "rows": self.rows,
            "ties": self.ties,
            "answers": {topic: dict(sorted(counts.items())) for topic, counts in self.answers.items()},
            "tables": [table for table in tables if table is not None],
        }


def _said(row: Row) -> Iterator[str]:
    """Sentences in lower case, without those that decline to say."""
    for text in texts(row):
        yield from (lower for sentence in sentences(text) if not declines(lower := " ".join(sentence.lower().split())))


def _told_table(kind: str, topic: str, table: Crosstab) -> dict[str, Any] | None:
    if (found := table.association()) is None:
        return None
    counts = table.counts().tolist()
    return {
        "label": kind,
        "words": topic,
        "n": found.n,
        "counts": {label: dict(zip(table.groups, row, strict=True)) for label, row in zip(table.labels, counts, strict=True)},
        "cramers_v": round(found.v, 3),
        "interval": [round(found.low, 3), round(found.high, 3)],
        "p": found.p,
        "skewed": [asdict(skew) for skew in table.skewed(MOST)],
    }
