"""AffectNet, both hand-outs: the CSV lists of the first, and the train_set/val_set folders of the re-release.

First: Manually_Annotated_file_lists/{training,validation}.csv beside Manually_Annotated_Images/. Re-release: {train_set,val_set}/images/ID.jpg with
annotations/ID_{exp,val,aro}.npy, one number each. "None", "uncertain" and "no face" are left out; -2 is an affect that was not told. Layout: the
dataset's readme, and public readers.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .source import Source
from .table import rows

CLASSES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
NOT_USED = {8: "none of the classes", 9: "uncertain", 10: "no face"}
LISTS = {"training.csv": "train", "validation.csv": "val"}
COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "expression", "valence", "arousal")
SETS = {"train_set": "train", "val_set": "val"}


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    if (root / "Manually_Annotated_file_lists").is_dir():
        for name, split in LISTS.items():
            yield from _listed(root, name, split, faults)
    elif any((root / name).is_dir() for name in SETS):
        for name, split in SETS.items():
            yield from _annotated(root, name, split, faults)
    else:
        raise FacewiseError(
            f"{root}: neither Manually_Annotated_file_lists nor train_set is here; give the folder that holds them"
        )


def _listed(root: Path, name: str, split: str, faults: Faults) -> Iterator[Record]:
    for where, row in rows(root / "Manually_Annotated_file_lists" / name, COLUMNS):
        media = Path("Manually_Annotated_Images") / row["subDirectory_filePath"]
        if not (root / media).is_file():
            faults.add("no media", where, str(media))
            continue
        try:
            label, valence, arousal = int(row["expression"]), float(row["valence"]), float(row["arousal"])
            x, y, width, height = (float(row[f"face_{side}"]) for side in ("x", "y", "width", "height"))
        except ValueError:
            faults.add("unreadable label", where, str(row))
            continue
        yield from _labelled(media, split, label, (valence, arousal), (x, y, x + width, y + height), where, faults)


def _annotated(root: Path, name: str, split: str, faults: Faults) -> Iterator[Record]:
    for path in sorted((root / name / "images").glob("*.jpg")):
        label, valence, arousal = (
            _number(root / name / "annotations" / f"{path.stem}_{what}.npy") for what in ("exp", "val", "aro")
        )
        where = str(path.relative_to(root))
        if label is None:
            faults.add("no label", where, f"{path.stem}_exp.npy is missing or no number")
            continue
        affect = (valence, arousal) if valence is not None and arousal is not None else (-2.0, -2.0)
        yield from _labelled(Path(where), split, int(label), affect, None, where, faults)


def _number(path: Path) -> float | None:
    """Some are saved as a number, others as a word of it."""
    import numpy as np  # which a list of the sources does not need

    try:
        return float(np.load(path, allow_pickle=False).item())
    except (OSError, ValueError):
        return None


def _labelled(
    media: Path,
    split: str,
    label: int,
    affect: tuple[float, float],
    face: tuple[float, float, float, float] | None,
    where: str,
    faults: Faults,
) -> Iterator[Record]:
    if label in NOT_USED:
        faults.leave_out(NOT_USED[label])
    elif not 0 <= label < len(CLASSES):
        faults.add("unknown class", where, str(label))
    else:
        yield Record(
            f"affectnet/{media.with_suffix('').as_posix()}",
            media.as_posix(),
            dataset="AffectNet",
            licence=AFFECTNET.terms,
            subject=f"affectnet/{media.stem}",
            split=split,
            emotion=CLASSES[label],
            affect=affect if min(affect) >= -1 else None,
            face=face,
            source={"expression": str(label)},
        )


AFFECTNET = Source(
    "affectnet",
    "AffectNet",
    "on request, academic research",
    _read,
    unverified="the .npy annotations of the re-release are known from public readers only; subjects are not told",
)
