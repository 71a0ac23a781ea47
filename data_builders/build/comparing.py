"""Third stage: what only the whole set shows. People and pictures that lie in two splits are lost to the split that matters less.

People first: a picture of one of them in two splits is no second fault.
"""

from typing import Any

from ..checks.near_duplicates import HASH_BITS, near_duplicates
from ..checks.subjects import subject_leaks
from .ledger import Ledger
from .settings import Settings

COMPARED = "compared"
EXAMPLES = 5


def compare(ledger: Ledger, settings: Settings) -> dict[str, Any]:
    """{"subjects": {...}, "near_duplicates": {...}}: how many were found, with examples; `looked` False: nobody looked at the
    media."""
    if told := ledger.told(COMPARED):
        return told
    found = {"subjects": _people(ledger), "near_duplicates": {"looked": settings.look, **_pictures(ledger)}}
    ledger.finish(COMPARED, found)
    return found


def _people(ledger: Ledger) -> dict[str, Any]:
    found: dict[str, Any] = {"leaks": 0, "rejected": 0, "examples": []}
    for leak in subject_leaks(ledger.split_people()):
        parts = ", ".join(f"{split} {count}" for split, count in leak.counts.items())
        reason = f"subject in two splits: {leak.subject} is in the {leak.kept} split, too ({parts})"
        found["leaks"] += 1
        found["rejected"] += ledger.lose_person(leak.subject, leak.kept, reason)
        if len(found["examples"]) < EXAMPLES:
            found["examples"].append(f"{leak.subject}: {parts}")
    return found


def _pictures(ledger: Ledger) -> dict[str, Any]:
    found: dict[str, Any] = {"rejected": 0, "examples": []}
    for pair in near_duplicates(ledger.marks()):
        name, other = ledger.name_at(int(pair.record)), ledger.name_at(int(pair.other))
        ledger.lose(
            int(pair.record),
            f"near duplicate: nearly the same picture as {other} of the {pair.other_split} split ({pair.distance} of {HASH_BITS} bits differ)",
        )
        found["rejected"] += 1
        if len(found["examples"]) < EXAMPLES:
            found["examples"].append(f"{name} ({pair.split}) and {other} ({pair.other_split})")
    return found
