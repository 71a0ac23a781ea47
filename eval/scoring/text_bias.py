"""Whether a model's texts speak otherwise of one group than of another: emotion words against each group column, with Cramér's V.

Of the words alone, whatever is true of the pictures: what the data themselves hold stands beside it, by the same measure.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ...data_builders.checks.association import Association, Crosstab
from ...model.replies import lexicon, spelling
from ...model.reply_words import EMOTIONS as WORDS
from ...model.taxonomy import EMOTIONS
from ..answers.out import TEST, Answered
from ..answers.predictions import lines

SHOWN = 3


@dataclass(frozen=True)
class Tied:
    """`said` of the texts' words, `true` of the labels; None where there are not two of each. `skewed`: what is furthest from its
    share among the words."""

    column: str
    said: Association | None
    true: Association | None
    skewed: tuple[str, ...]

    def told(self) -> str:
        words = f"Words of the texts by {self.column}: {_number(self.said)}; the labels themselves: {_number(self.true)}"
        return words + (f"; most out of proportion: {', '.join(self.skewed)}" if self.skewed else "")

    def values(self) -> dict[str, Any]:
        return asdict(self)


def ties(answered: Answered) -> list[Tied]:
    """One for each group column that the data have, where texts name emotions."""
    said = {name: Crosstab() for name in answered.benchmark.groups if answered.table.groups[name].names}
    true = {name: Crosstab() for name in said}
    for line in _sorted(answered) if said else ():
        for name, group in line.get("groups", {}).items():
            if name in said:
                subject = line.get("subject") or line["key"]
                for emotion in named(line["text"]):
                    said[name].add(emotion, group, subject)
                if isinstance(line["truth"], str):
                    true[name].add(line["truth"], group, subject)
    return [
        Tied(name, said[name].association(), true[name].association(), tuple(_skewed(said[name])))
        for name in said
        if said[name].n
    ]


def _sorted(answered: Answered) -> list[dict[str, Any]]:
    """By key: the draws of an interval go by the order."""
    return sorted(lines(answered.folder / TEST), key=lambda line: line["key"])


def named(text: str) -> list[str]:
    """The emotions whose words stand in a text, each once."""
    pattern, labels = lexicon(tuple((label, WORDS[label]) for label in EMOTIONS))
    return sorted({labels[spelling(found[1])] for found in pattern.finditer(text.lower())})


def _skewed(table: Crosstab) -> Iterator[str]:
    for skew in table.skewed(SHOWN):
        yield f"{skew.label} of {skew.group} {skew.observed} times for {skew.expected:g}"


def _number(found: Association | None) -> str:
    if found is None:
        return "nothing to compare"
    thin = ", few of some" if found.is_thin else ""
    return f"V = {found.v:.2f} [{found.low:.2f}, {found.high:.2f}], p = {found.p:.3f}, n = {found.n:,}{thin}"
