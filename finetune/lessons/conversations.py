"""A row as it is taught: its questions name the face as `ask` does, its answers are the row's own or what the evidence of that face says.

A picture without a face has one answer whatever is asked of the face. In `evidence` rows only those questions stay that the evidence's
sentences answer; the verdict comes from the label all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...data_builders.instructions.evidence_answers import answer_text
from ...data_builders.rows import texts, turn
from ...model.answer import Box
from ...model.network.evidence import Evidence
from ...model.taxonomy import NO_FACE, NO_FACE_IN_CLIP
from ...model.wording import VERDICT_SENTENCES
from .boxes import box_words, filled
from .built_rows import TaughtRow
from .seen import Seen, SeenFace

# The kinds of rows (data_builders/instructions/record_rows.py) that the sentences of evidence_answers.py answer.
BY_EVIDENCE = {
    "spoof": ("verdict", "type", "why"),
    "au": ("named", "strongest"),
    "emotion": ("named", "why"),
    "describe": ("whole",),
    "micro": ("spotted", "quick", "count", "when", "apex", "course", "duration", "units", "word", "whole"),
}
NO_FACE_LABEL = "no face"


class NotTaughtError(Exception):
    """A row that teaches nothing true; the message is a reason that many rows may share."""


@dataclass(frozen=True)
class Turn:
    """`settled`: the first words of the answer, which the assistant is given and never predicts."""

    question: str
    answer: str
    settled: str = ""


@dataclass(frozen=True)
class Conversation:
    """`media`: "image" or "video" each, before the first question."""

    turns: tuple[Turn, ...]
    media: tuple[str, ...] = ()
    system: str | None = None

    def messages(self) -> list[dict]:
        told = [] if self.system is None else [turn("system", self.system)]
        for number, spoken in enumerate(self.turns):
            media = self.media if number == 0 else ()
            told += [turn("user", spoken.question, media), turn("assistant", spoken.answer)]
        return told


def as_told(
    taught: TaughtRow, media: Sequence[str], seen: Sequence[Seen], face: int | None, is_named: bool = True
) -> Conversation:
    """With the row's own answers; `face` is the place of the face that they speak of, which the question names where several are seen, and alone
    where it `is_named`: `ask` names every face, who chats does not. Raises NotTaughtError for a box on no one crop."""
    row, system = taught.row, texts(taught.row, "system")
    turns = [Turn(*pair) for pair in zip(texts(row, "user"), texts(row), strict=True)]
    told = Conversation(tuple(turns), tuple(media), system[0] if system else None)
    if seen and not any(one.faces for one in seen) and (taught.task != "chat" or row.objects):
        said = NO_FACE_IN_CLIP if seen[0].is_clip else NO_FACE
        return replace(told, turns=(Turn(turns[0].question, said),))
    if row.objects:
        told = replace(told, turns=with_boxes(turns, row.objects["bbox"], seen, face))
    if face is None or taught.task == "chat" or len(seen) > 1 or not (is_named or len(seen[0].faces) > 1):
        return told
    return about_face(told, seen[0].faces[face])


def by_evidence(taught: TaughtRow, told: Conversation, face: SeenFace, evidence: Evidence, live: bool | None) -> Conversation:
    """The first question, answered by the evidence, which need not be the face's own, or by the face's movements. Raises NotTaughtError for one
    that they do not answer."""
    if taught.row.meta.get("kind") not in BY_EVIDENCE[taught.task]:
        raise NotTaughtError("questions that the evidence does not answer")
    if taught.task == "micro":
        if face.movements is None:
            raise NotTaughtError("questions about movements to what is no clip")
        begun, said = face.movements
        return replace(told, turns=(Turn(told.turns[0].question, said, begun),))
    return replace(told, turns=(evidence_turn(taught.task, told.turns[0].question, evidence, live),))


def evidence_turn(task: str, question: str, evidence: Evidence, live: bool | None) -> Turn:
    """`live` None of a verdict: "Uncertain.", a word that is settled and never predicted."""
    answer = answer_text(task, evidence, live)
    uncertain = VERDICT_SENTENCES["uncertain"]
    return Turn(question, answer, uncertain if answer.startswith(uncertain) else "")


def about_face(told: Conversation, face: SeenFace) -> Conversation:
    """The first question names the face (model/questions.py)."""
    first = replace(told.turns[0], question=f"Face {face.number}: {told.turns[0].question}")
    return replace(told, turns=(first, *told.turns[1:]))


def with_boxes(
    turns: Sequence[Turn], boxes: Sequence[Sequence[float]], seen: Sequence[Seen], face: int | None
) -> tuple[Turn, ...]:
    """`<bbox>` as thousandths of the wide crop of the face that is spoken of."""
    wide = _wide_box(seen, face)
    words = iter(box_words(box, wide) for box in boxes)
    return tuple(Turn(filled(spoken.question, words), filled(spoken.answer, words)) for spoken in turns)


def _wide_box(seen: Sequence[Seen], face: int | None) -> Box:
    wide = seen[0].faces[face].wide_box if len(seen) == 1 and face is not None else None
    if wide is None:
        raise NotTaughtError("boxes that lie on no one face of one picture")
    return wide
