"""DFEW: EmoLabel_DataSplit/{train,test}(single-labeled)/set_{1..5}.csv, clips in Clip/ and, where it lies there, Annotation/annotation.xlsx.

Labels count from 1. clips=aligned takes the frames of the face at their own rate (clip_224x224, also handed on as jpg_256),
sampled the sixteen of clip_224x224_16f, original the videos; what was handed out in parts may lie in folders of them. The lists
hold the clips that seven of ten people agreed on and in which the authors found a face; the votes go to `source`. Nobody is
named: a clip is its own subject, and one actor may be on both sides of a fold. Layout: the dataset's readme, and public readers.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .five_folds import FOLDS, Line, placed
from .listing import VIDEOS, child, needed, unpacked, within
from .sheet_file import table
from .source import Source
from .table import rows

CLASSES = {"1": "happiness", "2": "sadness", "3": "neutral", "4": "anger", "5": "surprise", "6": "disgust", "7": "fear"}
VOTED = ("1happy", "2sad", "3neutral", "4angry", "5surprise", "6disgust", "7fear")
CLIPS = {"aligned": ("clip_224x224", "jpg_256"), "sampled": ("clip_224x224_16f",), "original": ("original",)}
HINT = "give the folder that holds EmoLabel_DataSplit and Clip"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    lists, clips = (needed(root, name, hint=HINT) for name in ("EmoLabel_DataSplit", "Clip"))
    media, votes = _media(clips, options["clips"]), _votes(root)
    for line, split, fold in placed(partial(_lines, lists), options["fold"]):
        if line.label not in CLASSES or not line.clip.isdigit():
            faults.add("unknown class", line.where, f"{line.clip!r} {line.label!r}: a clip's number and 1 to 7 were looked for")
        elif (path := media.get(int(line.clip))) is None:
            faults.add("no media", line.where, f"Clip/{CLIPS[options['clips']][0]}/{line.clip}")
        else:
            yield Record(
                f"dfew/{line.clip}",
                within(path, root),
                dataset="DFEW",
                licence=DFEW.terms,
                subject=f"dfew/{line.clip}",
                split=split,
                emotion=CLASSES[line.label],
                protocols={"5-fold": fold},
                source={"emotion": line.label} | _voted(votes, line),
            )


def _lines(lists: Path, part: str, fold: str) -> list[Line]:
    folder = unpacked(lists, f"{part}(single-labeled)", f"{part}(single_labeled)", hint=HINT)
    found = rows(folder / f"set_{fold}.csv", ("video_name", "label"))
    return [Line(f"{folder.name}/{where}", row["video_name"].zfill(5), row["label"]) for where, row in found]


def _media(clips: Path, kind: str) -> dict[int, Path]:
    """{number of the clip: its video or its folder of frames}"""
    if (folder := child(clips, *CLIPS[kind])) is None:
        here = [other for other, names in CLIPS.items() if child(clips, *names)]
        raise FacewiseError(
            f"{clips / CLIPS[kind][0]}: no such folder, which clips={kind} reads; here can be read: clips={', clips='.join(here) or 'nothing'}"
        )
    parts = [folder, *(path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.isdigit())]
    found: dict[int, Path] = {}
    for path in (path for part in parts for path in sorted(part.iterdir()) if path.stem.isdigit()):
        if not (path.suffix.lower() in VIDEOS if kind == "original" else path.is_dir()):
            continue
        if (other := found.setdefault(int(path.stem), path)) is not path:
            raise FacewiseError(f"{path}: {other} has the same number; one of the two has to go")
    return found


def _votes(root: Path) -> dict[int, dict[str, str]]:
    folder = unpacked(root, "Annotation", hint=HINT) if child(root, "Annotation") else None
    if not folder or (path := child(folder, "annotation.xlsx")) is None:
        return {}
    found = {}
    for _, where, row in table(path, (*VOTED, "order", "label")):
        if not row.get("order", "").isdigit():
            raise FacewiseError(f"{path.parent / where}: order {row.get('order')!r}; the number of a clip was looked for")
        found[int(row["order"])] = row
    return found


def _voted(votes: dict[int, dict[str, str]], line: Line) -> dict[str, str]:
    row = votes.get(int(line.clip))
    if row is None:
        return {}
    if row["label"] != line.label:
        raise FacewiseError(
            f"{line.where}: {line.clip} is {line.label} here and {row['label']} in annotation.xlsx, whose column `order` was taken for the clip's "
            "number; take Annotation away to read without votes"
        )
    return {
        "votes": " ".join(
            f"{name}:{row[column]}" for name, column in zip(CLASSES.values(), VOTED, strict=True) if row[column] != "0"
        )
    }


DFEW = Source(
    "dfew",
    "DFEW",
    "on request, non-commercial research",
    _read,
    {"fold": FOLDS, "clips": tuple(CLIPS)},
    unverified="the columns of annotation.xlsx and the names of the original videos are known from public readers only; persons are not told",
)
