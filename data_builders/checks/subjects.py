"""People who are in two splits: what a model learnt of a face in training would be taken for skill in the test."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from ..records import SPLITS
from .packed_names import PackedNames


@dataclass(frozen=True)
class SubjectLeak:
    """`counts` {split: records} of a subject who is in several splits; the split that matters most keeps it."""

    subject: str
    counts: dict[str, int]

    @property
    def kept(self) -> str:
        """test before val before train: the records of the others are to go."""
        return max(self.counts, key=SPLITS.index)


def subject_leaks(entries: Iterable[tuple[str, str]]) -> Iterator[SubjectLeak]:
    """Subjects of records (subject, split) that lie in more than one split, in the order of their first records; "" is nobody
    known.

    Some 60 bytes an entry are held. Two names of a million share 64 bits of a hash in one set of 37 million.
    """
    names, splits, marks = PackedNames(), array("b"), array("Q")
    for subject, split in entries:
        if subject:
            names.add(subject)
            splits.append(SPLITS.index(split))
            marks.append(int.from_bytes(blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=8).digest()))
    if len(names):
        yield from _leaks(names, np.frombuffer(splits, np.int8), np.frombuffer(marks, np.uint64))


def _leaks(names: PackedNames, splits: np.ndarray, marks: np.ndarray) -> Iterator[SubjectLeak]:
    _, first, person = np.unique(marks, return_index=True, return_inverse=True)
    counts = np.zeros((len(first), len(SPLITS)), np.int64)
    np.add.at(counts, (person, splits), 1)
    leaking = np.flatnonzero((counts > 0).sum(1) > 1)
    for one in leaking[np.argsort(first[leaking])].tolist():
        yield SubjectLeak(names[first[one]], {split: int(n) for split, n in zip(SPLITS, counts[one], strict=True) if n})
