"""What an engine writes into an answer: words that go on from a settled beginning and are held against an object.

A text that says what the object does not show is written once more from a longer beginning, then cut to the sentences that agree.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from .agreement import agreeing, agrees, banned_phrases, with_codes
from .answer import Answer
from .engines.protocol import MAX_TOKENS, Completion, Engine, Request
from .wording import joined, opening, sentences, settled, whole_sentences

_NEXT = re.compile(r"\s*\bMovement \d")  # where the words about one movement of a clip end


@dataclass(frozen=True, eq=False)
class Passage:
    """`request` without a beginning; `lead` is settled text that stands before and is nobody's to check; the words after it begin as `answer`
    opens and agree with it."""

    request: Request
    answer: Answer
    lead: str = ""

    def asking(self, beginning: str) -> Request:
        prefix = " ".join(part for part in (self.lead, beginning) if part)
        return replace(self.request, prefix=prefix, banned=banned_phrases(self.answer))


def written(passages: Sequence[Passage], engine: Engine) -> list[str]:
    """The words of each passage without its lead, in one batch."""
    return agreed(passages, _texts(passages, engine, [opening(passage.answer) for passage in passages]), engine)


def growing(passage: Passage, engine: Engine) -> Generator[str, None, str]:
    """The same of one, the whole each time it grows; returns what is agreed on. A stream that is closed early writes no further word."""
    beginning, said, pieces = opening(passage.answer), "", 0
    stream = iter(engine.stream(passage.asking(beginning)))
    while True:
        try:
            said += next(stream)
        except StopIteration as ended:  # an engine that counts returns the completion
            tokens = ended.value.tokens if ended.value else pieces
            break
        pieces += 1
        if _NEXT.search(said):
            if isinstance(stream, Generator):
                stream.close()
            tokens = 0
            break
        yield joined(beginning, said)
    return agreed([passage], [_whole(beginning, Completion(said, tokens=tokens))], engine)[0]


def agreed(passages: Sequence[Passage], texts: Sequence[str], engine: Engine) -> list[str]:
    """Texts of which none contradicts its object; codes stand behind the units that they name."""
    found = list(texts)
    again = [number for number, passage in enumerate(passages) if not agrees(found[number], passage.answer)]
    some = [passages[number] for number in again]
    longer = _texts(some, engine, [settled(passage.answer) for passage in some])
    for number, text in zip(again, longer, strict=True):
        found[number] = agreeing(sentences(text), passages[number].answer)
    # An engine may write nothing, or nothing that ends or agrees.
    return [with_codes(text or settled(passage.answer)) for passage, text in zip(passages, found, strict=True)]


def _texts(passages: Sequence[Passage], engine: Engine, beginnings: Sequence[str]) -> list[str]:
    requests = [passage.asking(beginning) for passage, beginning in zip(passages, beginnings, strict=True)]
    done = engine.complete(requests) if requests else []
    return [_whole(beginning, completion) for beginning, completion in zip(beginnings, done, strict=True)]


def _whole(beginning: str, completion: Completion) -> str:
    text = joined(beginning, completion.text)
    following = _NEXT.search(text)
    if following:
        return whole_sentences(text[: following.start()], ended=True)
    return whole_sentences(text, ended=completion.tokens < MAX_TOKENS)
