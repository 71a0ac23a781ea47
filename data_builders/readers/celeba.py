"""CelebA's aligned pictures with forty attributes: list_attr_celeba.txt, list_eval_partition.txt, identity_CelebA.txt, img_align_celeba/.

The attribute list begins with a count and a line of names; the boxes of list_bbox_celeba.txt belong to the uncropped pictures and are not read. People
of one identity lie in one part of the official partition. Layout: torchvision's reader.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .source import Source
from .text_file import text

PARTS = {"0": "train", "1": "val", "2": "test"}
PICTURES = Path("img_align_celeba")


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    parts, people = (_pairs(root / name) for name in ("list_eval_partition.txt", "identity_CelebA.txt"))
    lines = _lines(root / "list_attr_celeba.txt")
    names = lines[1].split() if len(lines) > 1 else []
    if len(names) != 40 or not lines[0].strip().isdigit():
        raise FacewiseError(f"{root / 'list_attr_celeba.txt'}: a count and forty names were looked for in the first two lines")
    for number, line in enumerate(lines[2:], start=3):
        picture, *values = line.split()
        where = f"list_attr_celeba.txt:{number}"
        if (
            len(values) != len(names)
            or not set(values) <= {"1", "-1"}
            or picture not in people
            or parts.get(picture) not in PARTS
        ):
            faults.add("unreadable label", where, line[:60])
        elif not (root / PICTURES / picture).is_file():
            faults.add("no media", where, picture)
        else:
            yield Record(
                f"celeba/{Path(picture).stem}",
                (PICTURES / picture).as_posix(),
                dataset="CelebA",
                licence=CELEBA.terms,
                subject=f"celeba/{people[picture]}",
                split=PARTS[parts[picture]],
                attributes={name: value == "1" for name, value in zip(names, values, strict=True)},
                source={"partition": parts[picture]},
            )


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file; the attributes, the partition and the identities are needed")
    return [line for line in text(path).splitlines() if line.strip()]


def _pairs(path: Path) -> dict[str, str]:
    return dict(line.split()[:2] for line in _lines(path) if len(line.split()) >= 2)


CELEBA = Source("celeba", "CelebA (aligned)", "non-commercial research", _read)
