"""PADISI-Face of USC, the colour channel: the CSV files of its repository, and a picture for each ID_TRANSACTION_TRIAL_NAME at any depth.

It is handed out as one pickle of float arrays, or as .npz with all channels (blue, green and red first, 0 to 1), neither of which is opened here:
the colour has to be exported first, one PNG by the identifier. Of the codes m5CCSS only makeup is explained in public; the classes here are what
the repository's five descriptions of each sample say of it. The split is that of fold 0. Codes, columns, identifiers: the repository's README_FACE.md.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import PICTURES, needed, within
from .source import Source
from .table import rows

GROUND_TRUTH = "padisi_USC_FACE_ground_truth.csv"
DESCRIPTIONS = "padisi_USC_FACE_descriptions.csv"
FOLD = "padisi_USC_FACE_dataset_partition_3folds_part{fold}.csv"
PARTS = {"train": "train", "valid": "val", "test": "test"}
SAMPLE = ("transaction_id", "trial_id", "trial_name")
CODE = re.compile(r"m5(\d\d)(\d\d)")
ATTACKS = {
    "01": "glasses",  # with printed eyes
    "02": "print",
    "03": "fake head",
    "04": "rigid mask",
    "05": "rigid mask",  # of plastic, transparent ones among them
    "06": "makeup",
    "07": "flexible mask",  # of silicone
    "08": "glasses",  # of paper
    "09": "tattoo",
}
FABRIC = "m50507"
LIVE = "m00000"
HINT = f"give the folder that holds the repository's data/face_partitions (with {GROUND_TRUTH}) and the colour, exported as a PNG for each identifier"


def attack_of(code: str) -> str | None:
    """None for bona fide. ValueError for a code that is none."""
    if code == LIVE:
        return None
    match = CODE.fullmatch(code)
    if match is None or match[1] not in ATTACKS:
        raise ValueError(f"ground_truth {code!r}")
    return "flexible mask" if code == FABRIC else ATTACKS[match[1]]


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    tables = next((path.parent for path in sorted(root.rglob(GROUND_TRUTH))), root)
    pictures = {path.stem: path for path in sorted(root.rglob("ID_*")) if path.suffix.lower() in PICTURES}
    truths = needed(tables, GROUND_TRUTH, hint=HINT)
    if not pictures:
        others = sorted({path.suffix for path in root.rglob("*") if path.suffix in (".bz2", ".npz", ".zip")})
        raise FacewiseError(f"{root}: no picture by an identifier of PADISI-Face{f', only {others}' if others else ''}; {HINT}")
    folds, told = _folds(tables), _descriptions(tables)
    for where, row in rows(truths, (*SAMPLE, "ground_truth", "participant_id", "gender", "race", "age")):
        name = _identifier(row)
        if name not in pictures:
            faults.add("no media", where, name)
        elif name not in folds:
            faults.add("no label", where, f"{name} is in no fold")
        else:
            try:
                yield _record(root, pictures[name], row, folds[name], told.get(name, []))
            except ValueError as error:
                faults.add("unreadable label", where, f"{error}; {LIVE} or m5CCSS and an age in years were looked for")


def _record(root: Path, picture: Path, row: dict[str, str], folds: dict[str, str], told: list[str]) -> Record:
    told_of = {"gender": row["gender"].lower(), "race": row["race"], "ethnicity": row.get("ethnicity", "")}
    source = {"code": row["ground_truth"], "trial": row["trial_name"]}
    return Record(
        f"padisi_face/{_identifier(row)}",
        within(picture, root),
        dataset="PADISI-Face",
        licence=PADISI_FACE.terms,
        subject=f"padisi_face/{row['participant_id']}",
        split=folds["fold 0"],
        live=row["ground_truth"] == LIVE,
        attack=attack_of(row["ground_truth"]),
        digital=GENUINE,
        age=float(row["age"]) if row["age"] else None,
        attributes={name: value for name, value in told_of.items() if value},
        protocols=folds,
        source=source | ({"answer": told[0], "descriptions": "; ".join(told)} if told else {}),
    )


def _identifier(row: dict[str, str]) -> str:
    return "_".join(("ID", *(row[column] for column in SAMPLE)))


def _folds(tables: Path) -> dict[str, dict[str, str]]:
    """{identifier: {"fold 0": part}}; in fold 0 all samples stand."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for fold in range(3):
        path = needed(tables, FOLD.format(fold=fold), hint=HINT)
        for where, row in rows(path, (*SAMPLE, "partition_name")):
            if row["partition_name"] not in PARTS:
                raise FacewiseError(
                    f"{path.parent / where}: partition_name {row['partition_name']!r}; {', '.join(PARTS)} were looked for"
                )
            found[_identifier(row)][f"fold {fold}"] = PARTS[row["partition_name"]]
    return {name: parts for name, parts in found.items() if "fold 0" in parts}


def _descriptions(tables: Path) -> dict[str, list[str]]:
    """{identifier: the sentences of its annotators}; without the file nothing."""
    path = tables / DESCRIPTIONS
    columns = tuple(f"des{number}" for number in range(5))
    found = rows(path, (*SAMPLE, *columns)) if path.is_file() else ()
    return {_identifier(row): [row[column] for column in columns if row[column]] for _, row in found}


PADISI_FACE = Source(
    "padisi_face",
    "PADISI-Face (colour channel)",
    "data transfer and use agreement of USC, academic or non-commercial",
    _read,
    unverified="which class each code is beyond the species whose descriptions were read, and how the colour was exported",
)
