"""Phrases that an engine may not write, as token sequences: the last token of one is barred once the tokens before it stand there.

transformers' and vLLM's own lists match one tokenisation of a phrase; in the middle of a sentence "cheeks raised" is other tokens than at its
start, in number too, so both forms are barred here.
"""

from collections.abc import Iterator, Sequence
from typing import Any


def forms(phrases: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Each phrase's token ids, as they stand at the start of a text and after a blank."""
    return [tokenizer.encode(form, add_special_tokens=False) for phrase in phrases for form in (phrase, f" {phrase}")]


def barred(sequences: Sequence[Sequence[int]], written: Sequence[int]) -> Iterator[int]:
    """The tokens that would complete a sequence after `written`."""
    for *start, last in sequences:
        if not start or list(written[-len(start) :]) == start:
            yield last
