"""Short free answers: what is declined in the words of model/refusals.py, what a picture cannot tell, what Facewise does, what
the file tells.
"""

from functools import cache
from random import Random

from ...model.refusals import refusal
from ..rows import BOX
from .chat_questions import ABOUT, DECLINED_QUESTIONS, LENGTH, PLACE, UNTOLD
from .exchanges import PICTURE, Exchange, Write, asked
from .labels import Known, medium

FOUND = ("The face lies in {}.", "It is here: {}.", "The face takes up {}.")


def declined(known: Known, rng: Random) -> Exchange:
    """Every topic equally often."""
    topic = rng.choice(tuple(DECLINED_QUESTIONS))
    question = rng.choice(DECLINED_QUESTIONS[topic])
    return Exchange(question, _refusal(question), f"declined: {topic}")


def untold(known: Known, rng: Random) -> Exchange:
    return _of_pair(rng.choice(UNTOLD), known, "cannot be told")


def about(known: Known, rng: Random) -> Exchange:
    return _of_pair(rng.choice(ABOUT), known, "about")


def place(known: Known, rng: Random) -> Exchange | None:
    """Where a source tells where the face is."""
    if known.record.face is None or medium(known.record) != "image":
        return None
    answer = rng.choice(FOUND).format(BOX)
    return Exchange(asked(PLACE, known, rng), answer, "place", (("face", known.record.face),))


def length(known: Known, rng: Random) -> Exchange | None:
    clip = known.record.clip or {}
    fps, frames = clip.get("fps"), clip.get("frames")
    if not fps or not frames:
        return None
    answer = f"It has {frames} frames at {fps:g} a second, which is {frames / fps:.1f} seconds."
    return Exchange(asked(LENGTH, known, rng), answer, "length")


def _of_pair(pair: tuple[str, str], known: Known, label: str) -> Exchange:
    question, answer = (text.replace(PICTURE, known.noun) for text in pair)
    return Exchange(question, answer, label)


@cache
def _refusal(question: str) -> str:
    if (said := refusal(question)) is None:
        raise ValueError(f"{question!r} stands among the declined questions and is not declined")
    return said


CHAT_KINDS: dict[str, Write] = {"place": place, "length": length, "about": about, "untold": untold, "declined": declined}
