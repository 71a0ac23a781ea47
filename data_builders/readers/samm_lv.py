"""SAMM Long Videos at 200 fps: SAMM_LongVideos_V*_Release.xlsx, SAMM_longvideos/006_1/006_1_0001.jpg; macro-, and "Micro - 1/2" micro-expressions.

The sheet has notes above and no column names that can be relied on: the rows are those whose second cell is a name like 006_1_2. Offset 0: the apex is
the last frame that is known. The estimated emotion of micro-expressions is that of SAMM's sheet of codes where it lies beside, by (name, type). One
record a video, with positions of the numbered files in its folder; its people are SAMM's, under SAMM's names. Layout: public spotting readers (read).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .expression_events import in_order, placed, span
from .faults import Faults
from .frame_folder import inside, leaves, positions
from .sheet_file import found, rows, table
from .source import Source

VIDEOS = "SAMM_longvideos"
_NAME = re.compile(r"\d{3}_\d+_\d+")
Row = tuple[str, list[str]]


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    videos, by_video, emotions = (
        inside(root, VIDEOS),
        _labels(found(root, "SAMM_LongVideos_V*_Release.xlsx"), faults),
        _emotions(root),
    )
    if videos is None:
        raise FacewiseError(f"{root / VIDEOS}: no such folder; unpack the videos there")
    for folder in leaves(videos, 1):
        at, told = positions(folder), []
        for where, row in by_video.pop(folder.name, []):
            name, kind, codes = row[1], _kind(row[7]), row[8]
            feeling = emotions.get((name, kind), "")
            event = placed(span(*row[3:6]), at, kind, feeling, action_codes(codes))
            if event is None:
                faults.add("unreadable label", where, f"{row[3]} to {row[5]} are no frames of {folder.name}")
                continue
            told.append((event, "; ".join((name, codes, feeling, row[7]))))
        if not told:
            faults.add("no label", folder.relative_to(root), "no expression in the sheet is this video's")
            continue
        person, (events, source) = folder.name.split("_")[0], in_order(told)
        yield Record(
            f"samm_lv/{folder.name}",
            folder.relative_to(root).as_posix(),
            dataset="SAMM Long Videos",
            licence=SAMM_LV.terms,
            subject=f"samm/{person}",
            clip={"fps": 200, "events": events},
            protocols={"LOSO": person},
            source=source,
        )
    for video, left in by_video.items():
        for where, _ in left:
            faults.add("no media", where, f"{VIDEOS}/{video}")


def clip_folder(root: Path, video: str) -> Path | None:
    """Of a video, in a folder of SAMM Long Videos."""
    return inside(root, VIDEOS, video)


def _labels(sheet: Path, faults: Faults) -> dict[str, list[Row]]:
    by_video: dict[str, list[Row]] = {}
    for number, line in enumerate(rows(sheet), start=1):
        if len(line) < 9 or not _NAME.fullmatch(line[1]):
            continue
        if not _kind(line[7]):
            faults.add("unknown class", f"{sheet.name}:{number}", repr(line[7]))
            continue
        by_video.setdefault("_".join(line[1].split("_")[:2]), []).append((f"{sheet.name}:{number}", line))
    if not by_video:
        raise FacewiseError(
            f"{sheet}: no row with a name like 006_1_2 in its second cell and a type in its eighth; it has another layout"
        )
    return by_video


def _emotions(root: Path) -> dict[tuple[str, str], str]:
    """(name, kind) -> estimated emotion; none where SAMM's own sheet is not beside."""
    if not any(path.name.lower().endswith(".xlsx") and "micro_facs_codes" in path.name.lower() for path in root.iterdir()):
        return {}
    codes = table(found(root, "SAMM_*Micro_FACS_Codes*.xlsx"), ("Filename", "Micro", "Estimated Emotion"))
    return {(row["Filename"], _kind(row["Micro"])): row["Estimated Emotion"] for _, _, row in codes}


def _kind(text: str) -> str:
    """micro of "Micro - 1/2", macro, or ""."""
    return next((kind for kind in ("micro", "macro") if text.lower().startswith(kind)), "")


SAMM_LV = Source(
    "samm_lv",
    "SAMM Long Videos",
    "on request, research (MMU)",
    _read,
    unverified="The names of the picture files are from memory; only their last integer is read.",
)
