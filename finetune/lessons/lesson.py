"""A conversation as the language model learns it: token ids, how much each of them counts, and whose face tokens fill its places.

Rendered by the model's own chat template and encoded piece by piece as the processor encodes a prompt, so that what is learned is what is
asked. Exactly the assistant's tokens and their ends count.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ...model.errors import FacewiseError
from ...model.network.processing import PLACEHOLDER, FacewiseProcessor
from ...model.network.shown import Shown
from ...model.wording import CHOICES, VERDICT_SENTENCES
from .conversations import Conversation, Turn

VERDICTS = tuple(VERDICT_SENTENCES[choice.lower()] for choice in CHOICES)


class Source(Protocol):
    """Where the face tokens of a key come from."""

    def shown(self, key: str) -> Shown: ...


@dataclass(frozen=True, eq=False)
class Showing:
    """One medium of a lesson; without `has_tokens` its words alone are shown, in the places of its tokens nothing."""

    source: Source
    key: str
    has_tokens: bool = True

    def shown(self) -> Shown:
        return self.source.shown(self.key)


@dataclass(frozen=True, eq=False)
class Lesson:
    """`ids` int32 [T]; `counts` float32 [T]: the share of each token in the row's loss, 0 for what is not learned; they add up to 1.

    `task`, `label` and `subject` are what is drawn by, `weight` how often beside others; `dataset` tells adapters apart.
    `twin`: the prompt asked in other words (consistency.py).
    """

    id: str
    ids: Tensor
    counts: Tensor
    showings: tuple[Showing, ...] = ()
    task: str = "chat"
    label: str = ""
    subject: str = ""
    dataset: str = ""
    weight: float = 1.0
    twin: Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)


def tokenised(
    told: Conversation, words: Sequence[str], processor: FacewiseProcessor, verdict_weight: float
) -> tuple[Tensor, Tensor]:
    """(ids, counts) of a conversation; `words`: what stands for each of its media, with an image token in the place of each face token."""
    media = iter(words)
    ids: list[int] = []
    counts: list[float] = []
    for text, turn in pieces(told, processor):
        if turn is None:
            new = [token for piece in PLACEHOLDER.split(text) if piece for token in _encoded(piece, media, processor)]
            ids, counts = ids + new, counts + [0.0] * len(new)
            continue
        settled = _encode(turn.settled, processor)
        new = _encode(text.removeprefix(turn.settled), processor)
        ids += settled + new
        counts += [0.0] * len(settled) + turn_counts(turn, len(new), verdict_weight, len(told.turns))
    return torch.tensor(ids, dtype=torch.int32), torch.tensor(counts)


def turn_counts(turn: Turn, length: int, verdict_weight: float, turns: int) -> list[float]:
    """All turns of a row count alike, and the tokens of a turn too; in one that opens with a verdict the first token counts `verdict_weight`
    (I-FAS, arXiv 2501.01720), the rest what is left."""
    if not turn.settled and turn.answer.startswith(VERDICTS) and length > 1:
        shares = [verdict_weight] + [(1 - verdict_weight) / (length - 1)] * (length - 1)
    else:
        shares = [1 / length] * length
    return [share / turns for share in shares]


def pieces(told: Conversation, processor: FacewiseProcessor) -> Iterator[tuple[str, Turn | None]]:
    """The rendered conversation in pieces: what an assistant says, end token included, with its turn, and what stands between.

    Raises FacewiseError for a chat template that renders a turn otherwise when another follows it.
    """
    messages, done, turns = told.messages(), 0, iter(told.turns)
    render = lambda upto, asked: processor.apply_chat_template(messages[:upto], tokenize=False, add_generation_prompt=asked)  # noqa: E731
    whole = render(len(messages), False)
    for number, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt, answered = render(number, True), render(number + 1, False)
        said = answered[len(prompt) :].rstrip("\n")
        if not (whole.startswith(answered) and answered.startswith(prompt) and said):
            raise FacewiseError(
                "the chat template does not render a conversation turn by turn; give a language model with another"
            )
        yield whole[done : len(prompt)], None
        yield said, next(turns)
        done = len(prompt) + len(said)
    yield whole[done:], None


def prompt_ids(told: Conversation, words: Sequence[str], processor: FacewiseProcessor) -> Tensor:
    """Of what precedes the first answer."""
    media, prompt = iter(words), processor.render(told.messages()[: 1 if told.system is None else 2])
    ids = [token for piece in PLACEHOLDER.split(prompt) if piece for token in _encoded(piece, media, processor)]
    return torch.tensor(ids, dtype=torch.int32)


def _encoded(piece: str, media: Iterator[str], processor: FacewiseProcessor) -> list[int]:
    return _encode(next(media) if PLACEHOLDER.fullmatch(piece) else piece, processor)


def _encode(text: str, processor: FacewiseProcessor) -> list[int]:
    return processor.tokenizer.encode(text, add_special_tokens=False) if text else []


def within(lessons: Sequence[Lesson], max_length: int, drop_long: bool, tell: Callable[[str], None]) -> list[Lesson]:
    """Those of at most `max_length` tokens; none is ever cut, because a cut takes face tokens or the answer. Raises FacewiseError for a longer
    one unless they are to be left out, and when none is left."""
    long = [lesson for lesson in lessons if len(lesson) > max_length]
    if long and not drop_long:
        raise FacewiseError(
            f"row {long[0].id!r} has {len(long[0])} tokens and {len(long) - 1} more are over max_length {max_length}; raise it, "
            f"or give --drop_long true"
        )
    if long:
        tell(f"{len(long)} of {len(lessons)} rows are longer than {max_length} tokens and left out")
    if len(long) == len(lessons):
        raise FacewiseError(f"all {len(lessons)} rows are longer than max_length {max_length}; raise it")
    return [lesson for lesson in lessons if len(lesson) <= max_length]
