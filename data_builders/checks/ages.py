"""Ages that a text states: a number, a range or a decade, against the labelled age."""

import re
from collections.abc import Iterator

from ..records import Record

EXACT, ABOUT = 2.5, 5.0  # years that "35 years old" and "about 35" may be off
DECADES = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
THIRDS = {"early": (0, 4), "mid": (3, 7), "middle": (3, 7), "late": (6, 10)}

_RANGE = r"\d{1,3} ?(?:to|and|-|–) ?\d{1,3}"
_STATED = re.compile(
    rf"(?P<range>\b(?:{_RANGE} ?[- ]?years?\b|(?:aged?|ages?)(?: of| is| lies)?(?: about| between| from)? {_RANGE}\b))"
    r"|(?P<number>\b\d{1,3}[- ]years?(?:[- ](?:old|of age)\b|\b(?! of 5))|\b(?:aged|age (?:is |of |at )?)(?:about |around "
    r"|roughly |approximately )?\d{1,3}\b)"
    rf"|(?P<decade>\b(?:(?:early|mid|middle|late)[- ])?(?:{'|'.join(DECADES)}|[2-9]0s)\b)"
)
_MAY_BE = re.compile(r"\d|ties\b")  # hardly a text states an age
_BARE = re.compile(
    rf"(?P<range>\b{_RANGE}\b)|(?P<decade>(?!))|(?<!take )(?<!± )(?<!±)\b\d{{1,3}}\b"
)  # where nothing but an age is asked for
_ABOUT = re.compile(r"\b(?:about|around|roughly|approximately|some|near|nearly|estimated)\b|~")


def ages(lower: str, asked: bool) -> Iterator[tuple[float, float, str]]:
    """(from, to, words) of each age in a text in lower case, tolerance included; `asked`: every number is one."""
    pattern = _BARE if asked and not _STATED.search(lower) else _STATED
    for found in pattern.finditer(lower) if _MAY_BE.search(lower) else ():
        numbers = [float(number) for number in re.findall(r"\d+", found[0])]
        if found["range"]:
            yield min(numbers), max(numbers) + 1, found[0]
        elif found["decade"]:
            yield *_decade(found[0]), found[0]
        else:
            off = ABOUT if _ABOUT.search(lower[max(0, found.start() - 20) : found.end()]) else EXACT
            yield numbers[0] - off, numbers[0] + off, found[0]


def _decade(words: str) -> tuple[float, float]:
    third, _, name = words.replace("-", " ").rpartition(" ")
    start = DECADES[name] if name in DECADES else int(name[:2])
    low, high = THIRDS.get(third, (0, 10))
    return start + low, start + high


def age_faults(sentence: str, record: Record, asked: bool = False) -> list[str]:
    """`asked`: the row's task is the age."""
    faults = []
    for low, high, words in ages(sentence.lower(), asked):
        if record.age is None:
            faults.append(f"is not in the labels: {words}")
        elif not low <= record.age <= high:
            faults.append(f"contradicts the label: {words}")
    return faults
