"""CASIA-FASD: train_release/<1..20>/ and test_release/<1..30>/ with {1..8,HR_1..HR_4}.avi, the class in the file's name.

1, 2 and HR_1 are the person, 3, 4, HR_2 a warped print, 5, 6, HR_3 a print whose eyes are cut out for the attacker's own (a paper mask in
our words: cut paper that is worn), 7, 8, HR_4 a tablet. Odd numbers are of normal quality, even ones of low, HR of high. The people of the
two folders are others: those of test count on from 21. There is no development part. Layout and classes: bob.db.casia_fasd.
"""

from collections.abc import Iterator
from pathlib import Path

from ..records import GENUINE, Record
from .faults import Faults
from .listing import media, needed, within
from .source import Source
from .told import Told

CLASSES = {
    **dict.fromkeys(("1", "2", "HR_1"), ("real", None)),
    **dict.fromkeys(("3", "4", "HR_2"), ("warped", "print")),
    **dict.fromkeys(("5", "6", "HR_3"), ("cut", "paper mask")),
    **dict.fromkeys(("7", "8", "HR_4"), ("video", "replay")),
}
PARTS = {"train": 0, "test": 20}  # what is added to a folder's number


def told(part: str, number: str, name: str) -> Told | None:
    """By the folder (train or test, and its number) and the stem of the file; None for others."""
    if name not in CLASSES or part not in PARTS:
        return None
    kind, attack = CLASSES[name]
    quality = "high" if name.startswith("HR") else "normal" if int(name) % 2 else "low"
    return Told(f"casia_fasd/{int(number) + PARTS[part]}", attack is None, attack, {"class": kind, "quality": quality})


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    for part in PARTS:
        folder = needed(root, f"{part}_release", hint="give the folder that holds train_release and test_release")
        people = sorted((person for person in folder.iterdir() if person.name.isdigit()), key=lambda person: int(person.name))
        for person in people:
            for path in media(person, {".avi"}):
                if (shown := told(part, person.name, path.stem.upper())) is None:
                    faults.add("unknown class", within(path, root), repr(path.stem))
                    continue
                yield Record(
                    f"casia_fasd/{part}_{person.name}_{path.stem.upper()}",
                    within(path, root),
                    dataset="CASIA-FASD",
                    licence=CASIA_FASD.terms,
                    subject=shown.subject,
                    split=part,
                    live=shown.live,
                    attack=shown.attack,
                    digital=GENUINE,
                    source=shown.words,
                )


CASIA_FASD = Source("casia_fasd", "CASIA-FASD", "academic research", _read)
