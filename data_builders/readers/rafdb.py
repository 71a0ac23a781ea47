"""RAF-DB, basic emotions: basic/EmoLabel/list_patition_label.txt (sic) and basic/Image/aligned.

The list names pictures without the suffix `_aligned` that their files carry. Subjects are not told: a picture is its own subject, and nothing
more can be promised across splits than the official partition by prefix. Layout: the dataset's readme, and public readers.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .source import Source
from .text_file import text

CLASSES = {"1": "surprise", "2": "fear", "3": "disgust", "4": "happiness", "5": "sadness", "6": "anger", "7": "neutral"}
LIST = Path("basic/EmoLabel/list_patition_label.txt")
PICTURES = Path("basic/Image/aligned")


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    if not (root / LIST).is_file():
        raise FacewiseError(f"{root / LIST}: no such file; give the folder that holds basic/")
    for number, line in enumerate(text(root / LIST).splitlines(), start=1):
        if not line.strip():
            continue
        name, _, label = line.strip().partition(" ")
        where = f"{LIST}:{number}"
        if label not in CLASSES:
            faults.add("unknown class", where, repr(line))
            continue
        media = PICTURES / f"{Path(name).stem}_aligned.jpg"
        if not (root / media).is_file():
            faults.add("no media", where, str(media))
            continue
        part = "test" if name.startswith("test") else "train"
        yield Record(
            f"rafdb/{Path(name).stem}",
            str(media),
            dataset="RAF-DB",
            licence=RAFDB.terms,
            subject=f"rafdb/{Path(name).stem}",
            split=part,
            emotion=CLASSES[label],
            source={"emotion": label, "partition": part},
        )


RAFDB = Source("rafdb", "RAF-DB (basic)", "on request, non-commercial research", _read)
