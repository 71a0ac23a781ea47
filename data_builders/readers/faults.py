"""What a reader could not use: counted by kind, the first of each with its place. A fault costs an item and never the run."""

from collections import Counter
from dataclasses import dataclass, field

KINDS = ("no media", "no label", "unreadable label", "unknown class", "duplicate id", "unreadable media")
EXAMPLES = 5


@dataclass
class Faults:
    """`counts` by kind, `examples` {kind: the first lines}, and `left_out`: what the dataset's own rules take away, which is no fault."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, where: object, reason: str) -> None:
        """`kind` is one of KINDS; `where` a path, or a file and its line."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of fault; choose from {', '.join(KINDS)}")
        self.counts[kind] += 1
        if len(lines := self.examples.setdefault(kind, [])) < EXAMPLES:
            lines.append(f"{where}: {reason}")

    def leave_out(self, reason: str) -> None:
        """By the dataset's own rules, such as an expression that annotators did not agree on."""
        self.left_out[reason] += 1
