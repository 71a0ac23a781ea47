"""MSU-MFSD: scene01/{real,attack}/*.{mp4,mov}, all told in the names; train_sub_list.txt and test_sub_list.txt hold the clients.

    real_client002_android_SD_scene01.mp4, attack_client001_laptop_SD_{ipad_video,iphone_video,printed_photo}_scene01.mov

There is no development part. Layout, and the table of videos that were recorded upside down: bob.db.msu_mfsd_mod, which turns them by 180
degrees. Here that is told in `source`, and the file is as it was handed out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ..records import GENUINE, Record
from .faults import Faults
from .listing import VIDEOS, lines, media, needed, within
from .source import Source
from .told import Told

NAME = re.compile(
    r"(?:real_client(?P<person>\d+)|attack_client(?P<shown>\d+))_(?P<camera>android|laptop)_SD_"
    r"(?(shown)(?P<instrument>ipad_video|iphone_video|printed_photo)_)scene01"
)
ATTACKS = {"ipad_video": "replay", "iphone_video": "replay", "printed_photo": "print"}
# bob.db.msu_mfsd_mod, rotated_videos/rotated_videos.txt
UPSIDE_DOWN = {f"real_client{client:03d}_android_SD_scene01" for client in (3, 5, 6, 7, 8, 9)}
HINT = "give the folder that holds scene01, train_sub_list.txt and test_sub_list.txt"


def told(name: str) -> Told | None:
    """None for a name that does not tell client, camera and, of an attack, the instrument."""
    if not (match := NAME.fullmatch(name)):
        return None
    words = {key: match[key] for key in ("camera", "instrument") if match[key]}
    if name in UPSIDE_DOWN:
        words["upside_down"] = "180 degrees"
    attack = ATTACKS.get(match["instrument"] or "")
    return Told(f"msu_mfsd/{int(match['person'] or match['shown'])}", attack is None, attack, words)


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    parts = {}
    for part in ("train", "test"):
        for where, line in lines(needed(root, f"{part}_sub_list.txt", hint=HINT)):
            if line.isdigit():
                parts[f"msu_mfsd/{int(line)}"] = part
            else:
                faults.add("unreadable label", where, repr(line))
    for kind in ("real", "attack"):
        for path in media(needed(needed(root, "scene01", hint=HINT), kind, hint=HINT), VIDEOS):
            if (shown := told(path.stem)) is None:
                faults.add("unknown class", within(path, root), "the name tells no client and instrument")
            elif shown.subject not in parts:
                faults.add("no label", within(path, root), f"{shown.subject} is in neither list of clients")
            else:
                yield Record(
                    f"msu_mfsd/{path.stem}",
                    within(path, root),
                    dataset="MSU-MFSD",
                    licence=MSU_MFSD.terms,
                    subject=shown.subject,
                    split=parts[shown.subject],
                    live=shown.live,
                    attack=shown.attack,
                    digital=GENUINE,
                    source=shown.words,
                )


MSU_MFSD = Source("msu_mfsd", "MSU-MFSD", "on request, research", _read)
