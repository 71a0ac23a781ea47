"""Phrases that an engine may not write, as token sequences: the last token of one is barred once the tokens before it stand there.

transformers' and vLLM's own lists match one tokenisation of a phrase; in the middle of a sentence "cheeks raised" is other tokens than at its
start, in number too, so both forms are barred here.
"""

from collections.abc import Iterator, Sequence
from typing import Any


def are_phrases(value: Any) -> bool:
    """Whether a request may ban it: a list of texts with something in each."""
    return isinstance(value, list) and all(isinstance(phrase, str) and phrase.strip() for phrase in value)


def forms(phrases: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Each phrase's token ids, as they stand at the start of a text and after a blank."""
    return [tokenizer.encode(form, add_special_tokens=False) for phrase in phrases for form in (phrase, f" {phrase}")]


def end_of(prompt: Sequence[int], written: Sequence[int], sequences: Sequence[Sequence[int]]) -> list[int]:
    """The last tokens, as many as a sequence can have before its last one; so the prompt is not copied for each token."""
    most = max(map(len, sequences), default=1) - 1
    missing = max(0, most - len(written))
    return [*prompt[len(prompt) - min(missing, len(prompt)) :], *written[max(0, len(written) - most) :]]


def barred(sequences: Sequence[Sequence[int]], written: Sequence[int]) -> Iterator[int]:
    """The tokens that would complete a sequence after `written`."""
    for *start, last in sequences:
        if not start or list(written[-len(start) :]) == start:
            yield last
