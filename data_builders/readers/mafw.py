"""MAFW: `Train & Test Set`/{single,compound}/no_caption/set_{1..5}/{train,test}.txt, data/clips/00001.mp4, Labels/descriptive_text.xlsx.

Lines are `00001.mp4 anger`, of labels=compound also `00001.mp4 anger_disgust`. Anxiety, helplessness, disappointment and the
compounds are none of our emotions: they stay in `source`. Captions, English or Chinese, are those of the sheet without a header:
clip, Chinese, English; neutral clips have none. (The lists under with_caption repeat them in an encoding that is no UTF-8, and
are not read.) Nobody is named: a clip is its own subject. clips=frames takes data/frames/00001/. Layout: public readers, and one
count of all its files.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...model.errors import FacewiseError
from ...model.taxonomy import EMOTIONS
from ..records import Record
from . import sheet_file
from .faults import Faults
from .five_folds import FOLDS, Line, placed
from .listing import child, lines, needed, unpacked, within
from .source import Source

OTHERS = ("anxiety", "helplessness", "disappointment")
CLIPS = {"videos": ("clips", ".mp4"), "frames": ("frames", "")}
LANGUAGES = ("english", "chinese", "none")
HINT = "give the folder that holds `Train & Test Set`, data and Labels"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    lists = needed(unpacked(root, "Train & Test Set", "split", "train_test_set", hint=HINT), options["labels"], hint=HINT)
    name, suffix = CLIPS[options["clips"]]
    clips = needed(child(root, "data") or root, name, hint=HINT)
    captions = {} if options["language"] == "none" else _captions(root, options["language"])
    for line, split, fold in placed(partial(_lines, needed(lists, "no_caption", hint=HINT)), options["fold"]):
        path = clips / f"{line.clip}{suffix}"
        if not set(line.label.split("_")) <= {*EMOTIONS, *OTHERS}:
            faults.add("unknown class", line.where, repr(line.label))
        elif not path.exists():
            faults.add("no media", line.where, within(path, root))
        else:
            yield Record(
                f"mafw/{line.clip}",
                within(path, root),
                dataset="MAFW",
                licence=MAFW.terms,
                subject=f"mafw/{line.clip}",
                split=split,
                emotion=line.label if line.label in EMOTIONS else None,
                protocols={f"{options['labels']} 5-fold": fold},
                source={"emotion": line.label} | ({"caption": captions[line.clip]} if line.clip in captions else {}),
            )


def _lines(lists: Path, part: str, fold: str) -> list[Line]:
    folder = f"set_{fold}"
    told = ((where, line.partition(" ")) for where, line in lines(lists / folder / f"{part}.txt"))
    return [Line(f"{folder}/{where}", Path(clip).stem, label.strip()) for where, (clip, _, label) in told]


def _captions(root: Path, language: str) -> dict[str, str]:
    path = needed(
        unpacked(root, "Labels", hint=f"{HINT}, or language=none"), "descriptive_text.xlsx", hint="or give language=none"
    )
    found = {}
    for number, (clip, *told) in enumerate(sheet_file.rows(path), start=1):
        if not re.fullmatch(r"\d+(\.mp4)?", clip):
            continue
        chinese, english = (*told, "", "")[:2]
        if re.search(r"[\u4e00-\u9fff]", english):
            raise FacewiseError(
                f"{path.name}:{number}: {english!r} is no English; clip, Chinese and English were looked for in its columns"
            )
        found[Path(clip).stem.zfill(5)] = english if language == "english" else chinese
    if not found:
        raise FacewiseError(f"{path}: no row that begins with a clip; clip, Chinese and English were looked for in its columns")
    return {clip: text for clip, text in found.items() if text}


MAFW = Source(
    "mafw",
    "MAFW",
    "on request, non-commercial research",
    _read,
    {"fold": FOLDS, "labels": ("single", "compound"), "language": LANGUAGES, "clips": tuple(CLIPS)},
    unverified="data/frames and how its frames are called; the rest is known from public readers; persons are not told",
)
