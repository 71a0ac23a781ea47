"""One face on its way to an answer: what is known of it before an engine writes, which passages it writes, and how they make the answer.

A picture's face has one passage. A clip's has one for each movement that its prompt shows, or one about its strongest moment.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from .answer import Answer, Face, Interval
from .engines.protocol import Engine, Request
from .movements import expressions, fact, movement_answer, summary, whole
from .passages import Passage, growing
from .questions import asks_about_software
from .verdicts import Judged, Shot
from .wording import settled, software_sentence


@dataclass(frozen=True)
class Story:
    """What is settled of a clip in words: `lead` before the words about its strongest moment, which may name the regions that `moved` in any
    interval; of a question about movements the intervals that are `told` and what else was `explained`; `closing` behind everything.
    `is_read`: the prompt shows the face."""

    lead: str = ""
    moved: tuple[Interval, ...] | None = None
    told: tuple[Interval, ...] = ()
    explained: tuple[str, ...] = ()
    closing: str = ""
    is_read: bool = True


@dataclass(frozen=True, eq=False)
class Draft:
    """`face` with an answer whose text is still to come; `request` asks about it without a beginning; `shots` are what a verdict is taken of;
    `story` of a clip's face; `closing` stands behind everything."""

    face: Face
    request: Request
    shots: tuple[Shot, ...] = ()
    story: Story | None = None
    closing: str = ""

    @property
    def answer(self) -> Answer:
        return self.face.answer

    def with_verdict(self, verdict: Judged, question: str) -> Draft:
        """A question about software has its own answer behind the verdict, which is about attacks."""
        closing = software_sentence(verdict.answer.digital) if asks_about_software(question) else ""
        return replace(self, face=replace(self.face, answer=verdict.answer, frame=verdict.frame), closing=closing)


def passages(draft: Draft) -> list[Passage]:
    """None where all is settled: nothing moves, or the prompt does not show the face."""
    story = draft.story
    if story is None:
        return [Passage(draft.request, draft.answer)]
    if not story.is_read:
        return []
    if draft.answer.task != "micro":
        return [Passage(draft.request, _held_against(draft.answer, story.moved), story.lead)]
    parts = whole(draft.answer.intervals or (), story.told, story.explained)
    leads = [" ".join(parts[: 2 * number]) for number in range(1, len(story.told) + 1)]
    return [Passage(draft.request, movement_answer(interval), lead) for interval, lead in zip(story.told, leads, strict=True)]


def composed(draft: Draft, texts: Sequence[str]) -> Face:
    """The face with its whole answer, of which `texts` are the passages."""
    return replace(draft.face, answer=_finished(draft, texts))


def grown(draft: Draft, engine: Engine) -> Generator[str, None, Face]:
    """The whole text each time it grows; returns the face with its answer."""
    texts: list[str] = []
    for passage in passages(draft):
        before = "" if draft.story is None else " ".join(_parts(draft, texts))
        stream = growing(passage, engine)
        while True:
            try:
                written = next(stream)
            except StopIteration as ended:
                texts.append(ended.value)
                break
            yield f"{before} {written}".lstrip()
    return composed(draft, texts)


def _held_against(answer: Answer, moved: Sequence[Interval] | None) -> Answer:
    """Of a clip free words may name the muscles of any movement, others those of the strongest moment alone."""
    answer = replace(answer, intervals=None if moved is None else tuple(moved))
    if answer.task != "chat":
        return answer
    aus = dict(answer.aus or {})
    for interval in moved or ():
        for code, reading in (interval.aus or {}).items():
            if code not in aus or reading.intensity * reading.p > aus[code].intensity * aus[code].p:
                aus[code] = reading
    return replace(answer, aus=aus)


def _finished(draft: Draft, texts: Sequence[str]) -> Answer:
    answer, story = draft.answer, draft.story
    if story is None:
        return replace(answer, text=f"{texts[0]} {draft.closing}".rstrip())
    text = " ".join(part for part in (*_parts(draft, texts), story.closing, draft.closing) if part)
    if answer.task != "micro":
        return replace(answer, text=text)
    words = {id(interval): (number, said) for number, (interval, said) in enumerate(zip(story.told, texts), start=1)}
    intervals = tuple(replace(one, text=_alone(one, *words.get(id(one), (None, "")))) for one in answer.intervals or ())
    return replace(answer, text=text, intervals=intervals)


def _parts(draft: Draft, texts: Sequence[str]) -> list[str]:
    """What is settled and what is written, up to where the next passage begins, or all of it."""
    answer, story = draft.answer, draft.story or Story()
    if not story.is_read:
        return [story.lead or settled(answer)]
    if answer.task != "micro":
        return [part for part in (story.lead, *texts) if part]
    intervals = answer.intervals or ()
    found = expressions(intervals)
    parts = [summary(len(found), len(intervals) - len(found), len(story.told), story.explained)]
    for number, interval in enumerate(story.told[: len(texts) + 1], start=1):
        parts += [fact(interval, number, frames=True), *texts[number - 1 : number]]
    return parts


def _alone(interval: Interval, number: int | None, said: str) -> str:
    return f"{fact(interval, number, frames=True)} {said}".rstrip()
