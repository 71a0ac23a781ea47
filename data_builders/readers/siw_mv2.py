"""SiW-Mv2: Live/ and fourteen folders of videos in Spoof/; the lists of its repository (pro_3_text/) lie beside them.

Lists name videos by short words of their own (`Mask_Trans_5` of Spoof/Mask_TransparentMask, `Paper_4` of Spoof/Print) and repeat lines to
balance classes: a line counts once. Protocol I is the split; in II one attack is left out, so `protocols` tells its name, and train or test
of live people; III, with domains A to E, keeps their letters. No person is told: a video is its own subject. Where only a part of the face
is attacked, `source` tells the area in words. Folders, lists, short words: the dataset's repository.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import VIDEOS, child, lines, media, needed, within
from .source import Source


class Folder(NamedTuple):
    short: str
    attack: str | None
    area: str = ""


FOLDERS = {
    "Makeup_Cosmetic": Folder("Makeup_Co", "makeup"),
    "Makeup_Impersonation": Folder("Makeup_Im", "makeup"),
    "Makeup_Obfuscation": Folder("Makeup_Ob", "makeup"),
    "Mannequin": Folder("Mask_Mann", "fake head"),
    "Silicone": Folder("Mask_Silicone", "flexible mask"),
    "Print": Folder("Paper", "print"),
    "Replay": Folder("Replay", "replay"),
    "Partial_FunnyeyeGlasses": Folder("Partial_Funnyeye", "glasses", "eyes"),
    "Partial_PaperGlasses": Folder("Partial_Paperglass", "glasses", "eyes"),
    "Partial_Eye": Folder("Partial_Eye", "partial eye", "eyes"),
    "Partial_Mouth": Folder("Partial_Mouth", "partial mouth", "mouth"),
    "Mask_HalfMask": Folder("Mask_Half", "rigid mask", "half of the face"),
    "Mask_PaperMask": Folder("Mask_Paper", "paper mask"),
    "Mask_TransparentMask": Folder("Mask_Trans", "rigid mask"),
}
DOMAIN = re.compile(r"(train|test)_([A-E])_\w+\.txt")
HINT = "give the folder that holds Live and Spoof, and put the repository's pro_3_text beside them"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    lists = needed(root, "pro_3_text", hint=HINT)
    parts = {
        name: part
        for part in ("train", "test")
        for kind in ("all", "live")
        for _, name in lines(needed(lists, f"{part}list_{kind}.txt", hint=HINT))
    }
    domains = _domains(lists)
    seen = set()
    for name, path, kind in _videos(root, faults):
        seen.add(name)
        if name not in parts:
            faults.add("no label", within(path, root), f"{name} is in no list of protocol I")
            continue
        yield Record(
            f"siw_mv2/{name}",
            within(path, root),
            dataset="SiW-Mv2",
            licence=SIW_MV2.terms,
            subject=f"siw_mv2/{name}",
            split=parts[name],
            live=kind.attack is None,
            attack=kind.attack,
            digital=GENUINE,
            protocols={"I": parts[name], "II": kind.short if kind.attack else parts[name]} | domains[name],
            source={"folder": path.parent.name} | ({"area": kind.area} if kind.area else {}),
        )
    for name in sorted(set(parts) - seen):
        faults.add("no media", lists, name)


def _videos(root: Path, faults: Faults) -> Iterator[tuple[str, Path, Folder]]:
    """(the lists' name, video, kind). The number is the last one in the file's name."""
    spoofs = needed(root, "Spoof", hint=HINT)
    folders = [(child(spoofs, name, kind.short), kind) for name, kind in FOLDERS.items()]
    if not any(folder for folder, _ in folders):
        raise FacewiseError(f"{spoofs}: none of the fourteen folders of attacks, {', '.join(FOLDERS)}")
    for folder, kind in [(needed(root, "Live", hint=HINT), Folder("Live", None)), *folders]:
        for path in media(folder, VIDEOS) if folder else []:
            if numbers := re.findall(r"\d+", path.stem):
                yield f"{kind.short}_{int(numbers[-1])}", path, kind
            else:
                faults.add("no label", within(path, root), "no number in the name")


def _domains(lists: Path) -> defaultdict[str, dict[str, str]]:
    """{name: {"III A": part}} of protocol III."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(lists.iterdir()):
        if match := DOMAIN.fullmatch(path.name):
            for _, name in lines(path):
                found[name][f"III {match[2]}"] = match[1]
    return found


SIW_MV2 = Source(
    "siw_mv2",
    "SiW-Mv2",
    "release agreement of Michigan State University, research",
    _read,
    unverified="how the videos are named within their folders (the last number of a name is taken for that of the lists), and that half masks "
    "and transparent ones are rigid",
)
