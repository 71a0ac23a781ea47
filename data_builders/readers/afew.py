"""AFEW of the EmotiW challenges: Train_AFEW/Angry/000149120.avi and Val_AFEW/..., seven classes; the test part has no labels and is not read.

A name tells when in its movie the clip begins and not which movie: nobody is known, and a clip is its own subject. The authors
part the two sets by movie. clips=faces takes the aligned frames, AlignedFaces_LBPTOP_Points*/Faces/000149120/, which the folder
of the video labels. Layout: public readers.
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .faults import Faults
from .listing import child, media, unpacked, within
from .source import Source

CLASSES = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
PARTS = {"train": ("Train_AFEW", "Train"), "val": ("Val_AFEW", "Val")}
FACES = ("AlignedFaces_LBPTOP_Points", "AlignedFaces_LBPTOP_Points_Val")
HINT = "give the folder that holds Train_AFEW and Val_AFEW"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    for split, names in PARTS.items():
        part = unpacked(root, *names, hint=HINT)
        faces = _faces(part) if options["clips"] == "faces" else None
        folders = [path for path in sorted(part.iterdir()) if path.is_dir() and path.name not in FACES]
        if not any(folder.name.lower() in CLASSES for folder in folders):
            raise FacewiseError(f"{part}: no folder of a class in it; {', '.join(CLASSES)} were looked for")
        for video in (video for folder in folders for video in media(folder, {".avi"})):
            label, path = video.parent.name, faces / video.stem if faces else video
            if label.lower() not in CLASSES:
                faults.add("unknown class", within(video, root), label)
            elif not path.exists():
                faults.add("no media", within(video, root), within(path, root))
            else:
                yield Record(
                    f"afew/{split}/{video.stem}",
                    within(path, root),
                    dataset="AFEW",
                    licence=AFEW.terms,
                    subject=f"afew/{split}/{video.stem}",
                    split=split,
                    emotion=CLASSES[label.lower()],
                    source={"emotion": label},
                )


def _faces(part: Path) -> Path:
    folder = unpacked(part, *FACES, hint="lay the aligned faces there, or give clips=videos")
    return child(folder, "Faces") or folder


AFEW = Source(
    "afew",
    "AFEW (EmotiW)",
    "end-user licence agreement, research",
    _read,
    {"clips": ("videos", "faces")},
    unverified="the names of the folders are known from public readers, which differ in Train_AFEW and Train; persons and movies are not told",
)
