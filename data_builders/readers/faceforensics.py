"""FaceForensics++: original_sequences/, manipulated_sequences/<method>/<compression>/videos/ and splits/{train,val,test}.json.

Originals lie in youtube/ and actors/. A split is pairs of videos, `["071", "054"]`; a manipulated one is <target>_<source>.mp4, in both
orders. Pairs never cross parts, so the pair is the subject of all four videos. `mask` is the video of changed pixels in
<method>/masks/videos, where there is one (of Deepfakes it is the rectangle of the Poisson edit). DeepFakeDetection (actors/,
<actor>_<actor>__scene__hash.mp4) has no partition: it trains. `live` is told of originals alone: what is altered is no presentation attack.
Older downloads call the compression c0, newer ones raw. Layout: the dataset's repository and download script.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import VIDEOS, child, media, needed, within
from .source import Source
from .text_file import text

ORIGINALS = {"youtube": "original_sequences/youtube", "actors": "original_sequences/actors"}
METHODS = {
    "Deepfakes": "face swap",
    "Face2Face": "reenactment",
    "FaceShifter": "face swap",
    "FaceSwap": "face swap",
    "NeuralTextures": "reenactment",
    "DeepFakeDetection": "face swap",
}
ACTOR = re.compile(r"(\d\d)(?:_(\d\d))?__\w+")
HINT = "give the folder that holds original_sequences, manipulated_sequences and splits"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    pairs = _pairs(root)
    for name, place in ORIGINALS.items():
        for path in _videos(root / place, options["compression"]):
            yield from _record(root, path, name, GENUINE, pairs, faults)
    methods = needed(root, "manipulated_sequences", hint=HINT)
    for folder in sorted(methods.iterdir()):
        if folder.is_dir() and folder.name not in METHODS:
            faults.add("unknown class", folder, "no method that is known")
            continue
        for path in _videos(folder, options["compression"]):
            yield from _record(root, path, folder.name, METHODS[folder.name], pairs, faults)


def _record(
    root: Path, path: Path, name: str, digital: str, pairs: dict[str, tuple[str, str]], faults: Faults
) -> Iterator[Record]:
    """Of a video; none of one that is in no pair."""
    subject, part = _actor(path.stem) if name in ("actors", "DeepFakeDetection") else pairs.get(path.stem, ("", ""))
    if not subject:
        faults.add("no label", within(path, root), "in no pair of the splits")
        return
    mask = path.parents[2] / "masks" / "videos" / path.name
    target, _, source = path.stem.partition("__")[0].partition("_")
    yield Record(
        f"faceforensics/{name}/{path.parents[1].name}/{path.stem}",
        within(path, root),
        dataset="FaceForensics++",
        licence=FACEFORENSICS.terms,
        subject=f"faceforensics/{subject}",
        split=part,
        live=True if digital == GENUINE else None,
        digital=digital,
        mask=within(mask, root) if digital != GENUINE and mask.is_file() else None,
        source={"method": name, "compression": path.parents[1].name, "target": target} | ({"source": source} if source else {}),
    )


def _actor(stem: str) -> tuple[str, str]:
    """All actors are swapped with one another: one group that no fold may divide."""
    return ("actors", "train") if ACTOR.fullmatch(stem) else ("", "")


def _videos(folder: Path, compression: str) -> list[Path]:
    """Nothing of a method that was not downloaded; another compression than the one asked for is told."""
    if not folder.is_dir():
        return []
    names = ("raw", "c0") if compression == "raw" else (compression,)
    found = child(folder, *names)
    if found is None or not (found / "videos").is_dir():
        have = sorted(path.name for path in folder.iterdir() if path.is_dir())
        raise FacewiseError(
            f"{folder / compression / 'videos'}: no such folder; there is {', '.join(have) or 'nothing'}; choose compression="
        )
    return media(found / "videos", VIDEOS)


def _pairs(root: Path) -> dict[str, tuple[str, str]]:
    """{video of either kind: (its pair, part)}"""
    folder = child(root, "splits") or needed(root, "dataset", hint=HINT) / "splits"
    found: dict[str, tuple[str, str]] = {}
    for part in ("train", "val", "test"):
        path = folder / f"{part}.json"
        if not path.is_file():
            raise FacewiseError(f"{path}: no such file; {HINT}")
        try:
            pairs = [(str(one), str(other)) for one, other in json.loads(text(path))]
        except (ValueError, TypeError):
            raise FacewiseError(f"{path}: a list of pairs was looked for") from None
        for one, other in pairs:
            told = ("-".join(sorted((one, other))), part)
            found |= dict.fromkeys((one, other, f"{one}_{other}", f"{other}_{one}"), told)
    return found


FACEFORENSICS = Source(
    "faceforensics",
    "FaceForensics++",
    "on request, non-commercial research",
    _read,
    {"compression": ("c23", "c40", "raw")},
)
