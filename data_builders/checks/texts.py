"""Whether a row's answers say what its record's labels say, and nothing else: for templates a proof, for a teacher's free text
a sieve.

What a record does not tell is not known: it may be claimed neither way. A reason may name only cues that are visible in the
finished picture. A fault is "kind: what", so that a report can count kinds.
"""

import re
from collections.abc import Iterator

from ...model.taxonomy import EMOTIONS
from ...model.wording import sentences
from ..records import Record
from ..rows import BOX, Row
from .ages import age_faults
from .claims import Claim, claims
from .forbidden import declines, forbidden, ties
from .moments import moment_faults
from .places import place_faults
from .stated import Held, stated_faults

TEMPLATE = "template"  # the writer of rows that have no text of a model's
_YES_NO = re.compile(r"(yes|no)\b[,.;: ]")
_ANSWERABLE = ("au", "emotion", "attack", "digital", "altered", "cue", "kind")


def text_faults(row: Row, record: Record) -> list[str]:
    """Reasons why the texts of a row may not stay; [] where they may."""
    change = len(row.images) > 1 and record.change is not None
    held = Held(record, change, str(row.meta.get("task", "")), str(row.meta.get("wording", "")))
    free = row.meta.get("writer") != TEMPLATE
    found: list[str] = []
    said: list[Claim] = []
    for question, answer in _exchanges(row):
        if not answer:
            found.append("empty answer: nothing is said")
        for sentence in sentences(answer):
            told = _told(sentence)
            said += told
            found += [
                *forbidden(sentence, free),
                *ties(told),
                *stated_faults(told, held),
                *moment_faults(sentence, record, held.wording == "megc"),
                *age_faults(sentence, record, held.task == "age"),
            ]
        answered = _answered(question, answer)
        said += answered
        found += stated_faults(answered, held)
    found += [*_omissions(row, said, held), *place_faults(row, record)]
    return list(dict.fromkeys(found))


def _exchanges(row: Row) -> Iterator[tuple[str, str]]:
    """Each answer with the question before it, blanks made single."""
    question = ""
    for message in row.messages:
        text = " ".join("".join(part.get("text", "") for part in message["content"] if part["type"] == "text").split())
        if message["role"] == "user":
            question = text
        elif message["role"] == "assistant":
            yield question, text


def _told(sentence: str) -> tuple[Claim, ...]:
    """Nothing where the sentence declines to say."""
    lower = sentence.lower().replace(BOX, "")
    return () if declines(lower) else claims(lower)


def _answered(question: str, answer: str) -> list[Claim]:
    """What a bare "yes" or "no" says: what was asked about, affirmed or denied."""
    opening = _YES_NO.match(answer.lower() + " ")
    asked = sentences(question.lower())
    if not opening or not asked or " or " in asked[-1]:
        return []
    about = (claim for claim in claims(asked[-1]) if claim.topic in _ANSWERABLE)
    return [claim._replace(denied=claim.denied != (opening[1] == "no")) for claim in about]


def _omissions(row: Row, said: list[Claim], held: Held) -> Iterator[str]:
    """What an answer to such a question has to name."""
    record, named = held.record, {(claim.topic, name) for claim in said if not claim.denied for name in claim.names}
    if held.task == "spoof" and record.live is not None and not _of_software(row, said):
        label = "live" if record.live else "spoof"
        if ("verdict", label) not in named:
            yield f"does not name the label: {label}"
    if held.task == "emotion" and record.emotion in EMOTIONS and ("emotion", record.emotion) not in named:
        yield f"does not name the label: {record.emotion}"
    if held.task == "au":
        active = {code for code, codings in held.known.items() if any(shown.is_active for shown in codings)}
        if active and not any(("au", code) in named for code in active):
            yield f"does not name the label: {', '.join(sorted(active))}"


def _of_software(row: Row, said: list[Claim]) -> bool:
    """Asked what software did to a picture, an answer has no verdict."""
    return row.meta.get("kind") == "digital" or (
        row.meta.get("kind") == "conversation" and any(claim.topic in ("digital", "altered") for claim in said)
    )
