"""CREMA-D: VideoFlash/1001_DFA_ANG_XX.flv (actor, sentence, emotion, level), VideoDemographics.csv, and the crowd's votes.

labels=intended is what the actor was asked for; perceived is FaceVote of processedResults/summaryTable.csv, what most of those
saw who were shown the face without its voice, and leaves ties out. `source` has both, and the votes of finishedResponses.csv
(queryType 2 is the face alone). Videos are Flash; of one that was converted, too, the later name is taken. A clone without Git
LFS has pointers in their place. There is no official split: it is a hash of the actor. Layout: the
dataset's readme and files.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from ..splits import split_of
from .faults import Faults
from .listing import VIDEOS, media, needed, within
from .source import Source
from .table import rows

NAME = re.compile(r"(\d{4})_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX)")
CLASSES = {"A": "anger", "D": "disgust", "F": "fear", "H": "happiness", "N": "neutral", "S": "sadness"}
SENTENCES = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
FACE_ALONE = "2"
POINTER = b"version https://git-lfs"
HINT = "give the folder of the dataset's repository, with VideoFlash and its tables"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    videos = {path.stem: path for path in media(needed(root, "VideoFlash", hint=HINT), VIDEOS)}
    if not videos:
        raise FacewiseError(f"{root / 'VideoFlash'}: no videos in it; {HINT}")
    actors, votes = _actors(root), _votes(root)
    for stem, path in videos.items():
        where, name = within(path, root), NAME.fullmatch(stem)
        if name is None or name[2] not in SENTENCES or name[1] not in actors:
            faults.add("unreadable label", where, "the name tells no known actor, sentence, emotion and level")
        elif _is_pointer(path):
            faults.add("unreadable media", where, "a pointer of Git LFS and no video; run `git lfs pull` in the folder")
        elif options["labels"] == "perceived" and stem not in votes:
            faults.add("no label", where, "not in summaryTable.csv")
        elif options["labels"] == "perceived" and ":" in votes[stem]["face_vote"]:
            faults.leave_out("a tie between those who saw the face alone")
        else:
            vote = votes.get(stem, {})
            yield Record(
                f"crema_d/{stem}",
                where,
                dataset="CREMA-D",
                licence=CREMA_D.terms,
                subject=f"crema_d/{name[1]}",
                split=split_of(f"crema_d/{name[1]}"),
                emotion=CLASSES[vote["face_vote"] if options["labels"] == "perceived" else name[3][0]],
                age=actors[name[1]][0],
                attributes=actors[name[1]][1],
                source={"emotion": name[3], "level": name[4], "sentence": SENTENCES[name[2]]} | vote,
            )


def _actors(root: Path) -> dict[str, tuple[float, dict[str, bool | str]]]:
    """{actor: (age, attributes)}"""
    found: dict[str, tuple[float, dict[str, bool | str]]] = {}
    path = needed(root, "VideoDemographics.csv", hint=HINT)
    for where, row in rows(path, ("ActorID", "Age", "Sex", "Race", "Ethnicity")):
        if not row["Age"].isdigit():
            raise FacewiseError(f"{path.parent / where}: Age {row['Age']!r} is no number of years")
        told = {"gender": row["Sex"].lower(), "race": row["Race"], "ethnicity": row["Ethnicity"]}
        found[row["ActorID"]] = float(row["Age"]), {name: value for name, value in told.items() if value != "Unknown"}
    return found


def _votes(root: Path) -> dict[str, dict[str, str]]:
    """{clip: what goes to its `source`}"""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, row in rows(needed(root, "finishedResponses.csv", hint=HINT), ("clipName", "queryType", "respEmo")):
        if row["queryType"] == FACE_ALONE and row["respEmo"] in CLASSES:
            counts[row["clipName"]][CLASSES[row["respEmo"]]] += 1
    summary = needed(needed(root, "processedResults", hint=HINT), "summaryTable.csv", hint=HINT)
    found = {}
    for where, row in rows(summary, ("FileName", "FaceVote", "FaceLevel", "MultiModalVote")):
        if not set(row["FaceVote"].split(":")) <= set(CLASSES):
            raise FacewiseError(
                f"{summary.parent / where}: FaceVote {row['FaceVote']!r}; {', '.join(CLASSES)} were looked for, or several joined by :"
            )
        votes = " ".join(f"{name}:{count}" for name, count in sorted(counts[row["FileName"]].items()))
        told = {"face_vote": row["FaceVote"], "face_level": row["FaceLevel"], "multimodal_vote": row["MultiModalVote"]}
        found[row["FileName"]] = told | ({"votes": votes} if votes else {})
    return found


def _is_pointer(path: Path) -> bool:
    return path.stat().st_size < 1000 and path.read_bytes().startswith(POINTER)


CREMA_D = Source(
    "crema_d",
    "CREMA-D",
    "Open Database License 1.0, contents under the Database Contents License 1.0",
    _read,
    {"labels": ("intended", "perceived")},
    unverified="finishedResponses.csv is known from the readme and a public reader",
)
