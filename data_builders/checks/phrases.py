"""Hundreds of phrases looked for in one pass: patterns are unfolded until each begins with a letter, and sorted by it.

Python's engine tests a first letter at once, and enters a group only to leave it again: twenty times slower. For the same
reason texts are in lower case.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator


class Phrases:
    """`named` (name, pattern): the patterns are in lower case, with blanks for blanks and no groups that capture. The first
    that fits counts."""

    def __init__(self, named: Iterable[tuple[str, str]]):
        unfolded = [(name, each) for name, pattern in named for each in _unfolded(pattern)]
        self._names = [name for name, _ in unfolded]
        by_letter: defaultdict[str, list[str]] = defaultdict(list)
        for number, (_, pattern) in enumerate(unfolded):
            marked = f"{pattern}(?P<g{number}>)"
            letter = marked[0] if marked[0].isalpha() and marked[1] not in "?*+{" else ""
            by_letter[letter].append(marked.removeprefix(letter))
        groups = (f"{letter}(?:{'|'.join(rest)})" for letter, rest in sorted(by_letter.items()))
        self._pattern = re.compile(rf"\b(?:{'|'.join(groups)})(?!\w)")

    def find(self, text: str) -> Iterator[tuple[str, re.Match[str]]]:
        """Whole words of a text in lower case, that do not overlap, each with the name of what it says."""
        for match in self._pattern.finditer(text):
            yield self._names[int(match.lastgroup[1:])], match  # type: ignore[index]


def _unfolded(pattern: str) -> Iterator[str]:
    """ "a|(?:b|c)?d" as "a", "d", "bd", "cd"."""
    for each in _split(pattern):
        if not each.startswith("(?:"):
            yield each
            continue
        end = _closing(each)
        rest = each[end + 1 :]
        if rest.startswith("?"):
            rest = rest[1:]
            yield from _unfolded(rest)
        for first in _split(each[3:end]):
            yield from _unfolded(first + rest)


def _split(pattern: str) -> list[str]:
    """At the bars outside of brackets."""
    parts = [""]
    for depth, each in _depths(pattern):
        if each == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += each
    return parts


def _closing(pattern: str) -> int:
    """Where the bracket that the pattern begins with closes."""
    at = 0
    for depth, each in _depths(pattern):
        if each == ")" and depth == 0:
            return at
        at += len(each)
    raise ValueError(f"{pattern!r}: a bracket is not closed")


def _depths(pattern: str) -> Iterator[tuple[int, str]]:
    """(depth behind it, character, escaped ones and sets of characters whole)."""
    depth = 0
    for each in re.findall(r"\\.|\[[^\]]*\]|.", pattern):
        depth += (each == "(") - (each == ")")
        yield depth, each
