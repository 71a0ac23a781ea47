"""A row of a sheet that labels one micro-expression in a folder of frames of its own, as in CASME II, SAMM, CAS(ME)^3, 4DME and MMEW."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .action_codes import ActionCodes
from .expression_events import Span, placed
from .faults import Faults
from .frame_folder import positions


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
