"""What teacher and judge are told: who they are and what holds (system), then pictures, facts, questions and the templates' answers (user).

The rules stand in the system message, the same for all rows of a task, so that servers remember them, and because a server of ours declines users'
messages that speak of health or religion, be it to forbid it. The template's answer goes along as the reference: it is right and plain, and a model
that rewrites what is right errs less than one that writes from labels alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ...model.wording import VERDICT_SENTENCES
from ..rows import BOX, Row, texts
from .settings import MARKS

ANSWER_CHARS = 1200  # 120 words are asked for, and have 800
REASON_CHARS = 300
NO_LABELS = ("those of the text below",)
CRITERIA = ("label", "media", "overall")

_ENDS = re.compile(r".*\w[^\w\s]*[.!?][\"'”’)]*")
_LAST = 12  # characters that show how a text ends
_WRITERS = {
    "spoof": (
        "an analyst of presentation attacks",
        "The first sentence is the reference's, letter by letter: the verdict comes first. Then give its grounds: for an attack its type, where it "
        "is, and how each labelled sign looks in this picture. Where no sign is labelled, give no grounds but the reference's.",
    ),
    "au": (
        "a certified FACS coder",
        "Begin with the reference's first three words. Say for each labelled action unit what its muscle does to this face, with its side and level as labelled, in the reference's words for "
        "the unit. Wrinkles, folds and bulges may be named only where they can be seen.",
    ),
    "emotion": (
        "a FACS coder who knows the prototypes of expressions",
        "Begin with the reference's first three words. Say which expression the configuration resembles, and by which labelled action units. Where none are labelled, describe no movement of "
        "muscles at all.",
    ),
    "micro": (
        "a coder of micro-expressions",
        "The pictures are frames of one clip, in order. Keep frame numbers, seconds and classes as in the reference. A micro-expression is called "
        "possible, never certain, and is no sign of what anybody hides.",
    ),
    "describe": (
        "a careful observer of faces",
        "Begin with the reference's first three words. Describe the face as a whole: labelled muscle action first, then the expression that it resembles, then what else is labelled.",
    ),
    "attributes": (
        "a careful observer of faces",
        "Name the attributes of the reference, all of them and no others, in natural sentences.",
    ),
    "age": (
        "a careful observer of faces",
        "Give the age of the reference, with what in the skin, hair or proportions fits it as far as it can be seen. It is an estimate of appearance.",
    ),
    "chat": (
        "a careful observer of faces",
        "Answer as the reference does. Where it declines, decline in one polite sentence.",
    ),
}

_RULES = f"""You are {{writer}}. You write answers that will teach an assistant which reasons about faces. You are given what it will see, the labels \
that experts gave, each question, and a reference answer that is right but plain. Write the answer that you would give, in your own words, so that it \
reads as a human expert's who looks at this very face.

Rules, each without exception:
1. The labels are facts. Contradict none of them, soften none of them, and never speak of labels, references or rules in the answer.
2. Claim nothing that the labels do not hold: no other action unit, expression, attack, sign of an attack, event, age or attribute, neither that it is \
there nor that it is not. What was not labelled is not known. What the pictures plainly show may illustrate what is labelled, and nothing more. Labels \
that the question does not ask about stay out of the answer.
3. Speak of appearance only: "the configuration resembles sadness", never "she is sad", feels, thinks, hides or intends. No judgement of honesty.
4. Never tell or hint who somebody is, or their health, religion, sexual orientation, gender identity, race, origin or attractiveness.
5. Left and right are the person's own, as in the labels.
6. Where the reference says {BOX}, write {BOX} for the same thing, as often and in the same order; never write coordinates.
7. At most 120 words an answer, in plain English sentences without headings, lists or markup.
{{task}}

Reply with one JSON object and nothing else: {{form}}"""

_JUDGE = """You mark answers that will teach an assistant which reasons about faces. You are given what it will see, the labels that experts gave, the \
questions and the answers. Be strict and use the whole scale: most answers have a fault, and 10 is for one in which you looked for a fault and found none. \
Give three marks, whole numbers from 1 (wrong) to 10 (faultless):
- label: agrees with the labels. It contradicts none, leaves none out that is asked for, and claims nothing that they do not hold.
- media: agrees with what can be seen in the pictures.
- overall: answers the question fully, clearly and with reasons, speaks of appearance and never of feelings, honesty, health, origin or identity.
What was not labelled is not known: an answer that claims it gets at most 4 for label. A wrong verdict, expression, side or level gets at most 3.
<bbox> stands for a place on the picture that a program marks; take it as right.

Reply with one JSON object and nothing else: {"reason": "the worst fault, in one sentence", "label": N, "media": N, "overall": N}"""


@dataclass(frozen=True, eq=False)
class Kind:
    """What all prompts about one kind of row share, by identity: `schema` is what the reply must be; `temperature` None leaves it to the server."""

    system: str
    schema: dict[str, Any]
    temperature: float | None = None


@dataclass(frozen=True, eq=False)
class Prompt:
    """`pictures` are parts of a message as pictures.py makes them."""

    kind: Kind
    text: str
    pictures: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def chars(self) -> int:
        return len(self.kind.system) + len(self.text)


def teaching(row: Row, labels: Sequence[str], names: Sequence[str], pictures: tuple[bytes, ...]) -> Prompt:
    """`labels` in lines (facts.py); `names` say what each picture is, where that is not plain."""
    references = texts(row)
    count = len(references)
    asks = "Write the answer." if count == 1 else f"Write the {count} answers; each may build on those before it."
    given = _given(labels, names, texts(row, "user"), "Reference", references)
    return Prompt(_writing(row.meta["task"], count), "\n\n".join([*given, asks]), pictures)


def judging(row: Row, labels: Sequence[str], names: Sequence[str], pictures: tuple[bytes, ...]) -> Prompt:
    given = _given(labels, names, texts(row, "user"), "Answer", texts(row))
    return Prompt(_marking(), "\n\n".join(given), pictures)


@cache
def _writing(task: str, count: int) -> Kind:
    writer, about = _WRITERS[task]
    form = (
        '{"answers": ["..."]}'
        if count == 1
        else f'{{"answers": [{", ".join(["..."] * count)}]}}, one text for each question in its order'
    )
    text = {"type": "string", "minLength": 1, "maxLength": ANSWER_CHARS}
    answers = {"type": "array", "items": text, "minItems": count, "maxItems": count}
    return Kind(_RULES.format(writer=writer, task=f"8. {about}", form=form), _object({"answers": answers}))


@cache
def _marking() -> Kind:
    marks = {name: {"type": "integer", "minimum": MARKS[0], "maximum": MARKS[1]} for name in CRITERIA}
    return Kind(_JUDGE, _object({"reason": {"type": "string", "maxLength": REASON_CHARS}, **marks}), temperature=0.0)


def _given(
    labels: Sequence[str], names: Sequence[str], questions: Sequence[str], called: str, answers: Sequence[str]
) -> list[str]:
    """Pictures, labels, and the conversation with its answers."""
    shown = [f"Pictures, in their order: {'; '.join(names)}."] if any(names) else []
    turns = [f"Question: {question}\n{called}: {answer}" for question, answer in zip(questions, answers, strict=True)]
    return [*shown, "\n- ".join(["Labels:", *(labels or NO_LABELS)]), *turns]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


# What comes back


def answers_of(values: Any, row: Row) -> list[str]:
    """The texts of a reply. ValueError, with the reason, where it is no reply to this row."""
    found = _of(values, "answers")
    references = texts(row)
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ValueError('no {"answers": [...]} in it')
    if len(found) != len(references):
        raise ValueError(f"{len(found)} answers to {len(references)} questions")
    found = [" ".join(text.split()) for text in found]
    for text, reference in zip(found, references, strict=True):
        if not text or len(text) > ANSWER_CHARS:
            raise ValueError(f"an answer of {len(text)} characters; 1 to {ANSWER_CHARS} are wanted")
        if not _ENDS.fullmatch(text[-_LAST:]):  # a grammar that bounds a text cuts it off there
            raise ValueError(f"an answer that ends in no sentence ({text[-30:]})")
        if not text.startswith(opening := _verdict(reference)):
            raise ValueError(f"an answer that does not open with {opening}")
        if text.count(BOX) != reference.count(BOX):
            raise ValueError(f"{text.count(BOX)} {BOX} in an answer; the reference has {reference.count(BOX)}")
    return found


def _verdict(reference: str) -> str:
    """The first sentence that an answer has to keep: where the reference gives a verdict, a server reads it off the first word."""
    return next((verdict for verdict in VERDICT_SENTENCES.values() if reference.startswith(verdict)), "")


def marks_of(values: Any) -> tuple[dict[str, int], str]:
    """The marks by criterion, and the reason. ValueError where it is no mark."""
    marks = {name: mark for name in CRITERIA if type(mark := _of(values, name)) is int and MARKS[0] <= mark <= MARKS[1]}
    if len(marks) < len(CRITERIA):
        raise ValueError(f"no whole marks from {MARKS[0]} to {MARKS[1]} for {', '.join(CRITERIA)}")
    return marks, " ".join(str(_of(values, "reason") or "").split())[:REASON_CHARS]


def _of(values: Any, name: str) -> Any:
    return values.get(name) if isinstance(values, dict) else None
