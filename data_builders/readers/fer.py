"""FER2013 as fer2013.csv or icml_face_data.csv, with the votes of FERPlus (fer2013new.csv) where that file lies beside it.

Pictures are 48 x 48 grey pixels inside the table: a record's media is TABLE#ROW, rows counted from 0 below the header. The second table's columns
have spaces before their names. FERPlus is aligned by row; a picture without a name there has no face. Layout: torchvision's reader, FERPlus's readme.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .source import Source
from .table import rows

TABLES = ("fer2013.csv", "icml_face_data.csv")
VOTES = "fer2013new.csv"
CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
VOTED = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
SPLITS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    table = next((root / name for name in TABLES if (root / name).is_file()), None)
    if table is None:
        raise FacewiseError(f"{root}: neither {' nor '.join(TABLES)} is here")
    if options["labels"] == "ferplus":
        votes = [row for _, row in rows(root / VOTES, ("Usage", "Image name", *VOTED))]
    for number, (where, row) in enumerate(rows(table, ("emotion", "pixels", "Usage"))):
        if row.get("Usage") not in SPLITS or len(row.get("pixels", "").split()) != 48 * 48:
            faults.add("unreadable label", where, "no known Usage, or not 48 x 48 pixels")
            continue
        if options["labels"] == "ferplus":
            emotion, told = _voted(votes, number, where, faults)
        else:
            emotion, told = _labelled(row["emotion"], where, faults)
        if emotion:
            name = f"{row['Usage']}/{number}"
            yield Record(
                f"fer/{name}",
                f"{table.name}#{number}",
                dataset="FER2013",
                licence=FER.terms,
                subject=f"fer/{name}",
                split=SPLITS[row["Usage"]],
                emotion=emotion,
                source=told,
            )


def _labelled(label: str, where: str, faults: Faults) -> tuple[str | None, dict[str, str]]:
    if not label.isdecimal() or int(label) >= len(CLASSES):
        faults.add("unknown class", where, label)
        return None, {}
    return CLASSES[int(label)], {"emotion": label}


def _voted(votes: list[dict[str, str]], number: int, where: str, faults: Faults) -> tuple[str | None, dict[str, str]]:
    """The class that most of the ten chose; a tie is nobody's."""
    if number >= len(votes):
        faults.add("no label", where, f"{VOTES} ends before")
        return None, {}
    row = votes[number]
    if not all(row[name].isdecimal() for name in VOTED):
        faults.add("unreadable label", where, f"votes that are no numbers in {VOTES}")
        return None, {}
    counts = {name: int(row[name]) for name in VOTED}
    most = max(counts.values())
    winners = [name for name, count in counts.items() if count == most]
    if not row["Image name"] or winners in (["unknown"], ["NF"]) or len(winners) > 1:
        faults.leave_out("no face, unknown or a tie in FERPlus")
        return None, {}
    return winners[0], {"votes": " ".join(f"{name}:{count}" for name, count in counts.items() if count)}


FER = Source(
    "fer",
    "FER2013 / FERPlus",
    "FER2013: Kaggle's terms of the challenge; FERPlus's votes: MIT",
    _read,
    options={"labels": ("fer2013", "ferplus")},
    unverified="the order of FER2013's seven classes is from its challenge page, not from a file of the dataset",
)
