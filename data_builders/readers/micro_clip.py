"""A row of a sheet that labels one micro-expression in a folder of frames of its own, as in CASME II, SAMM, CAS(ME)^3, 4DME and MMEW.

CASME II, SAMM, CAS(ME)^3 and MMEW differ in their columns, names and errors, and are read alike: MicroSet makes the records of all four.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..records import Record
from .action_codes import ActionCodes
from .expression_events import COARSE, Span, emotion, placed
from .faults import Faults
from .frame_folder import positions

COARSE_ONES = ("3", "4")  # protocols of so many classes have the coarse ones, with `others` or without


@dataclass(frozen=True)
class MicroClip:
    """`folder` None: there is none called `name`. `told` by the row at `where`; `fix`: known errors of it (Span.corrected)."""

    where: str
    name: str
    folder: Path | None
    told: Span
    feeling: str
    codes: ActionCodes
    fix: Mapping[str, int] | None = None

    def labels(self, fps: int, faults: Faults, coarse: str | None = None) -> tuple[dict[str, Any], dict[str, str]] | None:
        """A record's `clip`, and what goes to its `source` where an error was put right; None after a fault."""
        if self.folder is None:
            faults.add("no media", self.where, self.name)
            return None
        at = positions(self.folder)
        right, told = self.told.corrected(self.fix, at), self.told
        if (event := placed(right, at, "micro", self.feeling, self.codes, coarse)) is None:
            faults.add("unreadable label", self.where, f"{told.onset} to {told.offset} are no frames of {self.name}")
            return None
        note = f"{told.onset}, {told.apex}, {told.offset} to {right.onset}, {right.apex}, {right.offset}"
        return {"fps": fps, "events": [event]}, {} if right == told else {"corrected": note}


@dataclass(frozen=True)
class MicroRow:
    """A clip with its record's id and subject, and the sheet's own words: "emotion" and further ones."""

    clip: MicroClip
    id: str
    subject: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class MicroSet:
    """`classes`: all that the sheet knows; `kept`: those of the protocol, which is called by their `number`."""

    dataset: str
    terms: str
    fps: int
    classes: tuple[str, ...]
    kept: tuple[str, ...]
    number: str

    def records(self, root: Path, rows: Iterable[MicroRow], folders: Iterable[Path], faults: Faults) -> Iterator[Record]:
        """`folders`: those of all clips, of which each ought to be in the sheet."""
        used = set()
        for row in rows:
            clip = row.clip
            used.add(clip.folder)
            if clip.feeling not in self.classes:
                faults.add("unknown class", clip.where, repr(row.words["emotion"]))
            elif clip.feeling not in self.kept:
                faults.leave_out(f"{clip.feeling} is none of the {self.number} classes")
            elif (labels := clip.labels(self.fps, faults)) and clip.folder:
                yield self._record(row, clip.folder.relative_to(root).as_posix(), *labels)
        for spare in folders:
            if spare not in used:
                faults.add("no label", spare.relative_to(root), "not in the sheet")

    def _record(self, row: MicroRow, media: str, labels: dict[str, Any], corrected: dict[str, str]) -> Record:
        feeling = row.clip.feeling
        return Record(
            row.id,
            media,
            dataset=self.dataset,
            licence=self.terms,
            subject=row.subject,
            emotion=emotion(feeling),
            clip=labels,
            protocols={"LOSO": row.subject.rpartition("/")[2]},
            source={**row.words, "class": COARSE[feeling] if self.number in COARSE_ONES else feeling, **corrected},
        )
