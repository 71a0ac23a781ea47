"""OULU-NPU: {Train,Dev,Test}_files/<phone>_<session>_<user>_<file>.avi, and the lists of four protocols in Protocols/Protocol_<n>/.

Protocols 1 and 2 have Train.txt, Dev.txt and Test.txt, 3 and 4 those with _1 to _6. File 1 is the person, 2 and 3 are prints, 4 and 5
displays. Lines are `label,name`: +1 for a person, -1 for an attack, and in test lists -2 for a display; the file number says the same and a
line that does not is a fault. `protocols` tells 1, 2, 3.1 to 3.6 and 4.1 to 4.6; the split is by folder, which no user crosses. The eye
positions beside the videos are not read. Layout: bob.db.oulunpu and public readers, which agree.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ..records import GENUINE, Record
from .faults import Faults
from .listing import lines, media, unpacked, within
from .source import Source
from .told import Told

FOLDERS = {"Train": "train", "Dev": "val", "Test": "test"}
FOLDS = {"1": ("",), "2": ("",), "3": ("1", "2", "3", "4", "5", "6"), "4": ("1", "2", "3", "4", "5", "6")}
NAME = re.compile(r"([1-6])_([1-3])_(\d\d)_([1-5])")
LABELS = {"1": {"+1"}, "2": {"-1"}, "3": {"-1"}, "4": {"-1", "-2"}, "5": {"-1", "-2"}}
ATTACKS = {"1": None, "2": "print", "3": "print", "4": "replay", "5": "replay"}
HINT = "give the folder that holds Train_files, Dev_files, Test_files and Protocols"


def told(name: str) -> Told | None:
    """None for a name that is not phone_session_user_file."""
    if not NAME.fullmatch(name):
        return None
    phone, session, user, file = name.split("_")
    attack = ATTACKS[file]
    return Told(f"oulu_npu/{user}", attack is None, attack, {"phone": phone, "session": session, "file": file})


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    videos = {
        path.stem: (path, part)
        for name, part in FOLDERS.items()
        for path in media(unpacked(root, f"{name}_files", hint=HINT), {".avi"})
    }
    protocols = _protocols(root, set(videos), faults)
    for name, (path, part) in videos.items():
        if (shown := told(name)) is None:
            faults.add("no label", within(path, root), "the name is not phone_session_user_file")
            continue
        yield Record(
            f"oulu_npu/{name}",
            within(path, root),
            dataset="OULU-NPU",
            licence=OULU_NPU.terms,
            subject=shown.subject,
            split=part,
            live=shown.live,
            attack=shown.attack,
            digital=GENUINE,
            protocols=protocols[name] or None,
            source=shown.words,
        )


def _protocols(root: Path, videos: set[str], faults: Faults) -> defaultdict[str, dict[str, str]]:
    """{video: {protocol: part}} of all lists; a video that is not there is told once."""
    folder = unpacked(root, "Protocols", hint=HINT)
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    missing = set()
    for protocol, folds in FOLDS.items():
        for fold in folds:
            for file, part in FOLDERS.items():
                path = folder / f"Protocol_{protocol}" / f"{file}_{fold}.txt".replace("_.", ".")
                for where, line in lines(path):
                    label, _, name = line.replace(" ", "").partition(",")
                    if not NAME.fullmatch(name) or label not in LABELS[name[-1]]:
                        faults.add("unreadable label", f"Protocol_{protocol}/{where}", repr(line))
                    elif name not in videos:
                        missing.add(name)
                    else:
                        found[name][f"{protocol}.{fold}".rstrip(".")] = part
    for name in sorted(missing):
        faults.add("no media", folder, f"{name}.avi")
    return found


OULU_NPU = Source("oulu_npu", "OULU-NPU", "end-user licence agreement, research", _read)
