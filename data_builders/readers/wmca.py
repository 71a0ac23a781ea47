"""WMCA, the colour channel: a video or a folder of frames for each stem DATE_CLIENT_SESSION_PRESENTER_TYPE_PAI, and protocols/*.csv.

It is handed out as HDF5 with all channels; the colour has to be exported first, one video or folder by the stem, at any depth. Type and
instrument (PAI) are told by numbers; glasses and masks of one type are other instruments, as bob.pad.face tells them
(idiap_converter_v2.json). The client is whom the camera sees, a print's included, and the presenter who wears or holds it. In the CSV files
a row is read by what its cells hold, a stem and a part, whatever the columns are called; the split is that of grandtest. Stems:
bob.db.batl's guide.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import GENUINE, Record
from .faults import Faults
from .listing import PICTURES, VIDEOS, needed, within
from .source import Source
from .text_file import encoding
from .told import Told

STEM = re.compile(r"\d\d\.\d\d\.\d\d_(?P<client>\d{3})_(?P<session>\d\d)_(?P<presenter>\d{3})_(?P<type>[0-5])_(?P<pai>\d{2,3})")
PARTS = {"train": "train", "world": "train", "dev": "val", "validation": "val", "eval": "test", "test": "test"}
MASKS = {
    "paper mask": range(8, 12),
    "rigid mask": range(12, 18),
    "fake head": range(1, 8),
    "flexible mask": (18, *range(75, 100)),
}
HINT = (
    "give the folder that holds protocols/*.csv and the colour channel, exported as a video or a folder of frames for each stem"
)


def told(stem: str) -> Told | None:
    """None for another form of name. Instruments that the table does not know have no class of ours."""
    if not (match := STEM.fullmatch(stem)):
        return None
    kind, pai = int(match["type"]), int(match["pai"])
    words = {key: match[key] for key in ("session", "presenter", "type", "pai")}
    return Told(f"wmca/{int(match['client'])}", kind == 0, _attack(kind, pai), words)


def _attack(kind: int, pai: int) -> str | None:
    if kind == 1:  # 8 to 12 are wigs
        return "rigid mask" if pai in (2, 13, 14) else "glasses" if pai in (1, *range(3, 8), 15, 16) else None
    if kind == 2:
        return next((attack for attack, instruments in MASKS.items() if pai in instruments), None)
    if kind == 3:
        return "replay" if pai in (5, 10, 15) else "print"
    return {4: "replay", 5: "makeup"}.get(kind)


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    protocols = _protocols(root)
    found = _media(root)
    for stem in sorted(set(protocols) - set(found)):
        faults.add("no media", "protocols", stem)
    for stem, path in sorted(found.items()):
        shown = told(stem)
        if shown is None or "grandtest" not in protocols[stem]:
            faults.add("no label", within(path, root), "in no list of the grandtest protocol")
            continue
        yield Record(
            f"wmca/{stem}",
            within(path, root),
            dataset="WMCA",
            licence=WMCA.terms,
            subject=shown.subject,
            split=protocols[stem]["grandtest"],
            live=shown.live,
            attack=shown.attack,
            digital=GENUINE,
            protocols=dict(protocols[stem]),
            source=shown.words,
        )


def _media(root: Path) -> dict[str, Path]:
    found, others = {}, set()
    for path in root.rglob("*"):
        stem = path.name if path.is_dir() else path.name.removesuffix(path.suffix)
        if not STEM.fullmatch(stem):
            continue
        if path.suffix.lower() in VIDEOS or (path.is_dir() and any(frame.suffix.lower() in PICTURES for frame in path.iterdir())):
            found[stem] = path
        elif path.is_file():
            others.add(path.suffix)
    if not found:
        raise FacewiseError(
            f"{root}: no video and no folder of frames by a stem of WMCA{f', only {sorted(others)}' if others else ''}; {HINT}"
        )
    return found


def _protocols(root: Path) -> defaultdict[str, dict[str, str]]:
    """{stem: {protocol: part}}; a file is named by its protocol, with or without `PROTOCOL-` before and `-curated` behind."""
    folder = needed(root, "protocols", hint=HINT)
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in sorted(folder.glob("*.csv")):
        name = re.sub(r"^protocol-|-curated$", "", path.stem, flags=re.IGNORECASE)
        rows = 0
        with path.open(newline="", encoding=encoding(path), errors="replace") as file:
            for row in csv.reader(file):
                stems = [match[0] for cell in row if (match := STEM.search(cell))]
                parts = [PARTS[cell.strip().lower()] for cell in row if cell.strip().lower() in PARTS]
                if len(stems) == 1 and len(parts) == 1:
                    found[stems[0]][name] = parts[0]
                    rows += 1
        if not rows:
            raise FacewiseError(f"{path}: no row with one stem and one of {', '.join(PARTS)} in it")
    if not any("grandtest" in told_by for told_by in found.values()):
        raise FacewiseError(f"{folder}: no CSV file of the grandtest protocol; {HINT}")
    return found


WMCA = Source(
    "wmca",
    "WMCA (colour channel)",
    "end-user licence agreement, research",
    _read,
    unverified="how the protocol files are called and laid out (a row is taken by one stem and one part among its cells) and how the colour "
    "channel was exported",
)
