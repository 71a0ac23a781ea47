"""Five-fold protocols of clips, DFEW's and MAFW's: a training and a test list a fold.

The five test lists part the clips between them. What one fold trains on another one tests, so that a record tells the fold that
tests it beside its side in the fold that was asked for.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...model.errors import FacewiseError

FOLDS = ("1", "2", "3", "4", "5")


class Line(NamedTuple):
    """A line of a list: its place, the clip by one name in all lists, and the label in the source's own words."""

    where: str
    clip: str
    label: str


def placed(lines: Callable[[str, str], list[Line]], fold: str) -> Iterator[tuple[Line, str, str]]:
    """(line, "train" or "test", the fold that tests the clip) of all lines of `fold`; `lines` gives those of a part and a fold.

    FacewiseError where a clip is tested in two folds, in none, or in the fold that trains on it.
    """
    tests = {number: lines("test", number) for number in FOLDS}
    tested: dict[str, str] = {}
    for number, told in tests.items():
        for line in told:
            if (other := tested.setdefault(line.clip, number)) != number:
                raise FacewiseError(
                    f"{line.where}: {line.clip} is tested in fold {other} and again in {number}; lay the lists of one hand-out there"
                )
    for line in lines("train", fold):
        if tested.get(line.clip, fold) == fold:
            where = "by this fold" if line.clip in tested else "by no fold"
            raise FacewiseError(
                f"{line.where}: {line.clip} trains and is tested {where}; lay the five test lists and the training lists of one hand-out there"
            )
        yield line, "train", tested[line.clip]
    for line in tests[fold]:
        yield line, "test", fold
