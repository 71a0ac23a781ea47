"""CAS(ME)^2, long videos at 30 fps with macro- and micro-expressions: CAS(ME)^2code_final*.xlsx, rawpic/s15/15_0101disgustingteeth/img001.jpg.

The first sheet has no column names: participant, video_expression, onset, apex, offset, units, estimated emotion, type, self-report. "naming rule1"
leads from a participant to the folder (s15: the cell that is one), "naming rule2" from a video's name (disgust1) to the code (0101) that its
folder's name begins with after "15_"; a code may have lost its zero. Offset 0: the apex is the last frame that is known; apex 0: not told. One record
a video, with positions of the numbered files in its folder. Layout: FG-MEGC2020 baseline and spotting readers (read).
"""

from collections.abc import Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record
from .action_codes import action_codes
from .expression_events import COARSE, in_order, placed, span, word
from .faults import Faults
from .frame_folder import inside, leaves, positions
from .sheet_file import found, rows
from .source import Source

KINDS = {"macro-expression": "macro", "micro-expression": "micro"}
PICTURES = "rawpic"


def _read(root: Path, options: dict[str, str], faults: Faults) -> Iterator[Record]:
    sheet, frames = found(root, "CAS(ME)^2code_final*.xlsx"), inside(root, PICTURES)
    if frames is None:
        raise FacewiseError(f"{root / PICTURES}: no such folder; unpack rawpic there")
    by_video = _labels(sheet, {path.name.lower() for path in leaves(frames, 1)}, faults)
    for folder in leaves(frames, 2):
        person, code = folder.parent.name.lower(), _code(folder.name)
        at, told = positions(folder), []
        for where, row in by_video.pop((person, code), []):
            feeling = word(row[6])
            event = placed(span(*row[2:5]), at, KINDS[row[7].lower()], feeling, action_codes(row[5]))
            if event is None:
                faults.add("unreadable label", where, f"{row[2]} to {row[4]} are no frames of {folder.name}")
                continue
            told.append((event, "; ".join((row[1], *row[5:9]))))
        if not told:
            faults.add("no label", folder.relative_to(root), "no expression in the sheet is this video's")
            continue
        events, source = in_order(told)
        yield Record(
            f"casme_squared/{person}/{code}",
            folder.relative_to(root).as_posix(),
            dataset="CAS(ME)^2",
            licence=CASME_SQUARED.terms,
            subject=f"casme_squared/{person}",
            clip={"fps": 30, "events": events},
            protocols={"LOSO": person},
            source=source,
        )
    for (person, code), left in by_video.items():
        for where, _ in left:
            faults.add("no media", where, f"{PICTURES}/{person}/*_{code}*")


def _labels(sheet: Path, folders: set[str], faults: Faults) -> dict[tuple[str, str], list[tuple[str, list[str]]]]:
    """(folder of the person, code of the video) -> its rows."""
    lines = [(f"{sheet.name}:{i}", line) for i, line in enumerate(rows(sheet), start=1) if any(line)]
    if not lines or len(lines[0][1]) < 8 or lines[0][1][7].lower() not in KINDS:
        raise FacewiseError(
            f"{sheet}: the eighth cell of the first row was to be macro- or micro-expression; the sheet has another layout"
        )
    named = [[cell.lower() for cell in line[:3]] for line in rows(sheet, "naming rule1") if len(line) > 2 and line[2]]
    people = {line[2]: next((cell for cell in line[:2] if cell in folders), line[1]) for line in named}
    codes = {line[1].lower(): line[0].zfill(4) for line in rows(sheet, "naming rule2") if len(line) > 1 and line[1]}
    by_video: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
    for where, line in lines:
        video = line[1].split("_")[0].lower()
        if line[0] not in people or video not in codes:
            faults.add("unreadable label", where, f"participant {line[0]!r} or video {video!r} is in none of the naming rules")
        elif line[7].lower() not in KINDS or word(line[6]) not in COARSE:
            faults.add("unknown class", where, f"{line[7]}, {line[6]}")
        else:
            by_video.setdefault((people[line[0]], codes[video]), []).append((where, line))
    return by_video


def _code(name: str) -> str:
    return name.partition("_")[2][:4]


CASME_SQUARED = Source(
    "casme_squared",
    "CAS(ME)^2",
    "signed agreement, research (IPCAS)",
    _read,
    unverified="The words of the estimated emotion are from memory; a word that is none of ours is a fault.",
)
