"""Replay-Attack: {train,devel,test}/{real,attack/{fixed,hand}}/*.mov and lists of paths in protocols/.

Lists are real-PART.txt and attack-PROTOCOL-SUPPORT-PART.txt. The grandtest lists over all supports hold every attack; `protocols` tells
which others an item is in (a person is in all). Videos of enrolment take no part in anti-spoofing and are not read, nor are the face
positions by frame. No client crosses the three parts. Layout, names and lists: bob.db.replay.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import lines, needed, within
from .source import Source
from .told import Told

PARTS = {"train": "train", "devel": "val", "test": "test"}
LIST = re.compile(r"attack-(\w+)-(allsupports|fixed|hand)-(train|devel|test)\.txt")
REAL = re.compile(r"client(\d+)_session\d+_webcam_authenticate_(controlled|adverse)_\d")
ATTACK = re.compile(r"attack_(print|mobile|highdef)_client(\d+)_session\d+_(?:highdef|mobile)_(photo|video)_(controlled|adverse)")
ATTACKS = {"print": "print", "mobile": "replay", "highdef": "replay"}
HINT = "give the folder that holds protocols, train, devel and test"


def told(name: str) -> Told | None:
    """By the stem of a file; None for a name of another form."""
    if match := ATTACK.fullmatch(name):
        words = {"instrument": match[1], "sample": match[3], "light": match[4]}
        return Told(f"replay_attack/{int(match[2])}", False, ATTACKS[match[1]], words)
    if match := REAL.fullmatch(name):
        return Told(f"replay_attack/{int(match[1])}", True, None, {"light": match[2]})
    return None


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    folder = needed(root, "protocols", hint=HINT)
    protocols = _protocols(folder)
    for part in PARTS:
        for file in (f"real-{part}.txt", f"attack-grandtest-allsupports-{part}.txt"):
            for where, line in lines(needed(folder, file, hint=HINT)):
                stem = line.removesuffix(".mov")
                if not stem.startswith(f"{part}/"):
                    raise FacewiseError(f"{folder / where}: a path within {part}/ was looked for, not {line!r}")
                if (shown := told(Path(stem).name)) is None:
                    faults.add("unknown class", where, line)
                    continue
                if not (root / f"{stem}.mov").is_file():
                    faults.add("no media", where, f"{stem}.mov")
                    continue
                yield Record(
                    f"replay_attack/{stem}",
                    within(root / f"{stem}.mov", root),
                    dataset="Replay-Attack",
                    licence=REPLAY_ATTACK.terms,
                    subject=shown.subject,
                    split=PARTS[part],
                    live=shown.live,
                    attack=shown.attack,
                    digital=GENUINE,
                    protocols={name: PARTS[part] for name, held in protocols.items() if shown.live or stem in held},
                    source=shown.words | ({} if shown.live else {"support": Path(stem).parent.name}),
                )


def _protocols(folder: Path) -> dict[str, set[str]]:
    """{protocol: its attacks}; those of one support bear its name, too."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.iterdir()):
        if told := LIST.fullmatch(path.name):
            name = told[1] if told[2] == "allsupports" else f"{told[1]}-{told[2]}"
            found[name] |= {line.removesuffix(".mov") for _, line in lines(path)}
    return found


REPLAY_ATTACK = Source("replay_attack", "Replay-Attack", "end-user licence agreement, research", _read)
