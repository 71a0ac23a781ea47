"""MORPH II: ages of mug shots, from a CSV with id_num, picture_num, age, gender, race and photo.

The hand-outs differ in the table's name and in upper case; the one table whose columns are right is taken. Subjects are `id_num`; `split` is a hash of
the subject, because the usual random 80/20 split of pictures puts one person on both sides.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from ..splits import split_of
from .faults import Faults
from .source import Source
from .table import rows
from .text_file import encoding

COLUMNS = ("id_num", "age", "gender", "race", "photo")


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    pictures = {path.name.lower(): path for path in sorted(root.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png")}
    for where, row in rows(_table(root), COLUMNS):
        path = pictures.get(Path(row["photo"].replace("\\", "/")).name.lower())
        if path is None:
            faults.add("no media", where, row["photo"])
        elif not row["age"].isdigit() or not row["id_num"]:
            faults.add("unreadable label", where, f"age {row['age']!r}, id_num {row['id_num']!r}")
        else:
            who = f"morph2/{row['id_num']}"
            yield Record(
                f"morph2/{path.stem}",
                path.relative_to(root).as_posix(),
                dataset="MORPH II",
                licence=MORPH2.terms,
                subject=who,
                split=split_of(who),
                age=float(row["age"]),
                attributes={"gender": row["gender"], "race": row["race"]},
                source={"photo": row["photo"]},
            )


def _table(root: Path) -> Path:
    found = []
    for path in sorted(root.rglob("*.csv")):
        with path.open(encoding=encoding(path), errors="replace") as file:
            names = {name.strip() for name in file.readline().split(",")}
        found += [path] if set(COLUMNS) <= names else []
    if len(found) != 1:
        raise FacewiseError(f"{root}: one CSV with the columns {', '.join(COLUMNS)} was looked for, {len(found)} are here")
    return found[0]


MORPH2 = Source("morph2", "MORPH II", "licensed by its authors", _read, unverified="the table's name and columns are from papers")
