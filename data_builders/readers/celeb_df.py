"""Celeb-DF v2: Celeb-real/id0_0000.mp4, YouTube-real/00170.mp4, Celeb-synthesis/id0_id1_0000.mp4 and List_of_testing_videos.txt.

The list's lines are `1 YouTube-real/00170.mp4`: 1 is real and 0 fake, as the folder says, and a list of another polarity is refused. What
it does not name trains. The first id of a synthesised video is whose video it is, the second whose face was put in. The official parts may
share people: `subject` is the first id, which may lie in both, and with test_people=left out no training video shows an id of the test
list. `live` is told of real videos alone. Folders: the dataset's readme; ids and polarity: public readers, which agree.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import lines, media, needed, within
from .source import Source

FOLDERS = {"Celeb-real": "1", "YouTube-real": "1", "Celeb-synthesis": "0"}
NAMES = {"Celeb-real": r"(id\d+)_\d+", "YouTube-real": r"(\d+)", "Celeb-synthesis": r"(id\d+)_(id\d+)_\d+"}
LIST = "List_of_testing_videos.txt"
HINT = f"give the folder that holds {', '.join(FOLDERS)} and {LIST}"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    tested = _tested(needed(root, LIST, hint=HINT), faults)
    videos = {f"{name}/{path.name}": path for name in FOLDERS for path in media(needed(root, name, hint=HINT), {".mp4"})}
    people = {person for name in tested for person in _people(name)}
    for name in sorted(tested - set(videos)):
        faults.add("no media", LIST, name)
    for name, path in videos.items():
        folder = name.partition("/")[0]
        shown = _people(name)
        if not shown:
            faults.add("no label", name, "the name tells no one")
        elif name not in tested and options["test_people"] == "left out" and people & set(shown):
            faults.leave_out("a training video of a person who is tested")
        else:
            yield Record(
                f"celeb_df/{Path(name).with_suffix('').as_posix()}",
                within(path, root),
                dataset="Celeb-DF v2",
                licence=CELEB_DF.terms,
                subject=f"celeb_df/{shown[0]}",
                split="test" if name in tested else "train",
                live=True if FOLDERS[folder] == "1" else None,
                digital=GENUINE if FOLDERS[folder] == "1" else "face swap",
                source={"folder": folder} | ({"face_of": shown[1]} if len(shown) > 1 else {}),
            )


def _people(name: str) -> tuple[str, ...]:
    folder, _, file = name.partition("/")
    match = re.fullmatch(NAMES[folder], Path(file).stem)
    return tuple(match.groups()) if match else ()


def _tested(path: Path, faults: Faults) -> set[str]:
    found = set()
    for where, line in lines(path):
        label, _, name = line.partition(" ")
        folder = name.strip().partition("/")[0]
        if label not in ("0", "1") or folder not in FOLDERS:
            faults.add("unreadable label", where, repr(line))
        elif label != FOLDERS[folder]:
            raise FacewiseError(
                f"{path.parent / where}: {line!r} contradicts its folder; 1 of real videos and 0 of fakes were looked for"
            )
        else:
            found.add(name.strip())
    return found


CELEB_DF = Source("celeb_df", "Celeb-DF v2", "on request, research", _read, {"test_people": ("kept", "left out")})
