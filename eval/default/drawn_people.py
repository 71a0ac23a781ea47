"""The people of examples/, whom nobody is: what can be judged in any checkout, without DATA. Simulated all of it, and too few to claim by.

The rows say "drawn people"; they stand in for none of the targets.
"""

import json
from functools import cache

import numpy as np

from ...data_builders.records import Record, read_records
from ...model.perception.clip import fetch, watch
from ...model.perception.picture import Picture, read_picture
from ...model.perception.video import open_clip
from ...model.taxonomy import AU_CODES
from ..metrics import units as presence
from ..metrics.intervals import bootstrap
from ..metrics.statistic import Subjects
from ..spotting import scored
from .material import EXAMPLES, Material
from .reader import Reader, active, both
from .row import SIMULATED, Row, row, share_row

TOLD = "drawn people of examples/, not the targets' protocol"
TINY = EXAMPLES / "tiny"


@cache
def tested_faces() -> tuple[tuple[Record | None, Picture], ...]:
    """The frames of the tiny set that are not its train part, and the two pictures, whose record is None."""
    records = [record for record in read_records(TINY / "records.jsonl") if record.split != "train"]
    frames = {}
    for media in {record.media for record in records}:
        wanted = {record.frames[0] for record in records if record.media == media and record.frames}
        for frame in fetch(open_clip(TINY / media), wanted):
            frames[media, frame.index] = Picture(frame.pixels, f"{media} {frame.index}")
    whole = [(None, read_picture(EXAMPLES / name)) for name in ("invented-face.jpg", "printed-face.jpg")]
    return (*whole, *((record, frames[record.media, record.frames[0]]) for record in records if record.frames))


def drawn_people(reader: Reader, material: Material) -> list[Row]:
    records, pictures = zip(*[(record, picture) for record, picture in tested_faces() if record is not None], strict=True)
    found, verdicts = both(records, reader.verdicts(pictures))
    live = [each.label for record, each in zip(found, verdicts, strict=True) if record.live]
    spoof = [each.label for record, each in zip(found, verdicts, strict=True) if record.live is False]
    rows = [
        share_row("drawn people whose face is found", len(found), len(records), TOLD, SIMULATED),
        share_row("drawn people called live", live.count("live"), len(live), TOLD, SIMULATED),
        share_row("drawn people called uncertain", live.count("uncertain"), len(live), TOLD, SIMULATED),
        share_row("drawn prints and screens called live", spoof.count("live"), len(spoof), TOLD, SIMULATED),
        share_row("drawn prints and screens called uncertain", spoof.count("uncertain"), len(spoof), TOLD, SIMULATED),
    ]
    told = [(record, each.look) for record, each in zip(found, verdicts, strict=True) if record.aus is not None]
    levels = [[max(record.aus.get(code, (np.nan,))) for code in AU_CODES] for record, _ in told]
    truth = np.where(np.isnan(levels), np.nan, np.greater_equal(levels, 1))
    said = np.array([active(look.numbers) for _, look in told])
    subjects = Subjects.named([record.subject for record, _ in told])
    return [
        *rows,
        row(
            "drawn people, mean F1 of all units", bootstrap([presence.tally(truth, said, AU_CODES, subjects)])[0], TOLD, SIMULATED
        ),
    ]


def drawn_clip(reader: Reader, material: Material) -> list[Row]:
    """Two movements and two blinks."""
    events = json.loads((EXAMPLES / "invented-clip.json").read_text())["events"]
    seen = watch(open_clip(EXAMPLES / "invented-clip.mp4"))
    spots = seen.faces[0].spotted.spots if seen.faces and seen.faces[0].spotted else ()
    counted = scored(spots, events)
    found = share_row("drawn clip, movements found", counted.hits, counted.hits + counted.missed, TOLD, SIMULATED)
    return [found, share_row("drawn clip, intervals that are none", counted.false, counted.hits + counted.false, TOLD, SIMULATED)]
