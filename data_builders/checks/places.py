"""Boxes of a row: as many as its texts point at, whole, and, of an attack, where the label says that it shows."""

import re

from ..records import Record
from ..rows import BOX, Row, texts

SAME_PLACE = 0.5  # intersection over union with the labelled box
_WHERE = re.compile(r"\bwhere\b|\bwhich (?:area|region|part)\b|\blocat\w+|\bbox(?:es)?\b", re.IGNORECASE)


def place_faults(row: Row, record: Record) -> list[str]:
    boxes = (row.objects or {}).get("bbox", [])
    pointed = sum(text.count(BOX) for role in ("system", "user", "assistant") for text in texts(row, role))
    faults = []
    if pointed != len(boxes) or len((row.objects or {}).get("ref", boxes)) != len(boxes):
        faults.append(f"boxes do not fit: {pointed} in the texts, {len(boxes)} in the objects")
    if not all(len(box) == 4 and box[0] < box[2] and box[1] < box[3] for box in boxes):
        faults.append(f"boxes do not fit: {boxes} has one without area")
    elif (
        row.meta.get("task") == "spoof"
        and boxes
        and record.box
        and not any(_overlap(box, record.box) >= SAME_PLACE for box in boxes)
    ):
        faults.append(f"contradicts the label: boxes {boxes}")
    return faults + _unanswered(row, record)


def _unanswered(row: Row, record: Record) -> list[str]:
    """Asked where, an answer about a labelled attack has to point."""
    asked = row.meta.get("task") == "spoof" and any(map(_WHERE.search, texts(row, "user")))
    if asked and record.live is False and record.box is not None and not any(BOX in text for text in texts(row)):
        return ["does not name the label: the area that is asked for"]
    return []


def _overlap(one: list[float], other: tuple[float, float, float, float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0
