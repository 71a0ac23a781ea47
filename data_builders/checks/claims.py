"""What a sentence claims: names of our vocabularies, each affirmed or denied, an action unit with its side and level.

A denial reaches as far as a reader takes it: "no smile, frown or squint" denies all three, "no smile, and the brows are drawn
down" one. What "would" be there, or was "looked for", is no claim at all.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from .phrases import Phrases
from .unit_phrases import MOVES, UNITS
from .vocabulary import LEXICONS, PASSES

REMEMBERED = 20_000  # sentences; those of templates come again and again

_BETWEEN = (
    r"(?: (?:is|are|was|were|be|being|been|has|have|that|which|to|both|all|each|appears?|looks?|seems?|gets?|stays?|remains?"
    r"|\w+ly|very|quite|rather|somewhat"
    r"|a (?:bit|little)|wide|not|never|no longer|\(au\d+\)|on (?:the|both) (?:left|right|sides))){0,4} "
)
_BEFORE_PART = r"(?: (?:the|his|her|their|its|both|of|left|right|person's)){0,3} "
_DENIAL_ENDS = re.compile(r"[.;:!?](?!\d)|,|\b(?:and|but|yet|while|though|although|however|whereas|because|since|as)\b")
_OR_LIST = re.compile(r"[^.;:!?]*?,?\s\b(?:or|nor)\b")
_NEW_CLAUSE = re.compile(r"\b(?:and|but|yet|while|though|although|however|whereas)\b")
_SENTENCE_END = re.compile(r"[.;:!?](?!\d)")
_LIST_START = re.compile(r"[.;!?](?!\d)")
_CLAUSE_START = re.compile(r"[.;:!?](?!\d)|\bbut\b")
_ITEM_START = re.compile(r"[.;:,!?](?!\d)|\b(?:but|and)\b")
_STARTS = {"one before": _ITEM_START, "many before": _CLAUSE_START, "list before": _LIST_START}
_OPEN_ENDS = re.compile(r"[.;!?](?!\d)|\b(?:but|here|however|none)\b")
_CODES = re.compile(r"\baus? ?(\d{1,2})([a-e])?\b((?: ?(?:\+|,|and|&) ?(?:au ?)?\d{1,2}(?![\d.%]))*)")
_CODE_BEHIND = re.compile(r"\s*[(\[]\s*au ?(\d{1,2})(?: ?([a-e])\b)?")
_LEVEL = re.compile(
    r"\b(?:levels?|intensity|grade)(?: of)? ([1-5](?:\.\d+)?|[a-e]\b)|[,(]\s*([a-e])(?=\s*[,)])|\b([1-5]) (?:of|out of) 5\b"
    r"|\b([1-5])/5\b"
)
_SIDE = re.compile(r"\b(left|right)\b|\b(both sides|bilateral(?:ly)?|symmetrical(?:ly)?)\b")
_SIDE_BEFORE = re.compile(r"\b(left|right)(?: (?!and\b|or\b)\w+)? $")
_MORE = re.compile(r"\b(?:more|stronger|mostly|mainly|further|higher|especially|chiefly)\b")
_LESS = re.compile(r"\b(?:less|weaker|fad(?:es?|ed|ing)|relax\w*|no longer|decreas\w+)\b")
_ENDS = re.compile(r"[;:]|\.(?!\d)|,(?! (?:at|level|intensity|more|stronger|on|[a-e][,)]))|\b(?:and|but|with|while)\b")
_WEAK = re.compile(r"\b(?:slight(?:ly)?|faint(?:ly)?|trace|subtl[ey]|barely|mild(?:ly)?|minimal(?:ly)?)\b")
_STRONG = re.compile(
    r"\b(?:strong(?:ly)?|marked(?:ly)?|pronounced|intense(?:ly)?|severe(?:ly)?|maxim(?:al|um|ally)|extreme(?:ly)?)\b"
)

_ABSENT = (
    r"(?:absent|missing|lacking|not (?:visible|seen|present|found|there|shown|detected|active|evident)|invisible|inactive|silent)"
)
# What denies what follows, what denies what precedes it (of one thing, of several, of a whole list), and what leaves open.
_DENIALS = {
    "after": r"no(?! doubt| question| less| longer)|not(?! only| just| merely| necessarily)|nor|never|without(?! doubt"
    r"| question)|neither|none of"
    r"|nothing (?:of|like)|is(?:n't)|are(?:n't)|does(?:n't)|do(?:n't)|was(?:n't)|were(?:n't)|cannot|can't|lacks?|lacking"
    r"|lack of|absence of|free (?:of|from)|devoid of"
    r"|rather than|instead of|unlike|rules? out|ruled out|excludes?|excluded|no longer|less (?:like|of)",
    "one before": rf"(?:is|was|remains|seems|appears) {_ABSENT}|cannot be (?:seen|found|made out)|can not be (?:seen|found"
    rf"|made out)",
    "many before": rf"(?:are|were|remain|seem|appear) {_ABSENT}",
    "list before": r"(?:none|neither)(?: of (?:them|these|those|which))? (?:is|are|was|were|can|shows?)",
    "open": r"would|typically|usually|expect(?:ed)?|looked for|checked for|searched for|looking for|whether|tell-?tale of"
    r"|known (?:for|from)"
    r"|if (?:it|this|there) (?:was|were)",
}

GRADES = "abcde"


class Claim(NamedTuple):
    """`names` are alternatives of which one is claimed ("a frown": AU4 or AU15), or, if `denied`, all are; `words` as they stand.

    Of action units: `side`, `level` 1 to 5 (letters are numbers), `more` where the side is only the stronger one, `strength` -1
    slight, 1 strong, 0 not said; `direction` 1 more, -1 less; `code`: what stands behind in brackets, to be compared.
    """

    topic: str
    names: tuple[str, ...]
    words: str
    at: int
    denied: bool = False
    side: str | None = None
    level: float | None = None
    more: bool = False
    strength: int = 0
    direction: int = 0
    code: str | None = None


@lru_cache(maxsize=REMEMBERED)
def claims(text: str) -> tuple[Claim, ...]:
    """Of a sentence in lower case with single blanks, in its order. Topics are those of the vocabulary, and `au`."""
    found = [*_units(text), *_named(text)]
    if not found:
        return ()
    denied, left_open = _scopes(text)
    kept = (claim for claim in found if not _within(claim.at, left_open))
    return tuple(
        claim._replace(denied=claim.denied != _within(claim.at, denied)) for claim in sorted(kept, key=lambda one: one.at)
    )


def _within(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


# Where something is denied, or not claimed


def _scopes(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(denied, left open)"""
    denied, left_open = [], []
    for kind, found in _denials().find(text):
        if kind == "after":
            denied.append((found.end(), _denial_end(text, found.end())))
        elif kind == "open":
            end = _OPEN_ENDS.search(text, found.end())
            left_open.append((_start(_CLAUSE_START, text, found.start()), end.start() if end else len(text)))
        else:
            denied.append((_start(_STARTS[kind], text, found.start()), found.start()))
    return denied, left_open


def _start(boundary: re.Pattern[str], text: str, end: int) -> int:
    """Behind the last boundary before `end`."""
    return max((found.end() for found in boundary.finditer(text, 0, end)), default=0)


def _denial_end(text: str, start: int) -> int:
    """At the next comma or "and"; commas of an or-list belong to it."""
    stop = _SENTENCE_END.search(text, start)
    limit = stop.start() if stop else len(text)
    for found in _DENIAL_ENDS.finditer(text, start, limit):
        if found[0] != ",":
            return found.start()
        rest = _OR_LIST.match(text, found.end(), limit)
        if rest is None or _NEW_CLAUSE.search(rest[0]):
            return found.start()
    return limit


@cache
def _denials() -> Phrases:
    return Phrases(_DENIALS.items())


# Action units


def _units(text: str) -> Iterator[Claim]:
    found = list(_unit_phrases().find(text))
    starts = [match.start() for _, match in found]
    for names, match in found:
        yield from _told(text, match, names, starts)
    behind = {code.start(1) for _, match in found if (code := _CODE_BEHIND.match(text, match.end()))}
    for match in _CODES.finditer(text):
        if match.start(1) in behind:
            continue
        numbers = [match[1], *re.findall(r"\d+", match[3])]
        level = GRADES.index(match[2]) + 1 if match[2] else _level(_after(text, match.end(), starts))
        side = _side(_after(text, match.end(), starts))
        for number in numbers:
            yield Claim("au", (f"AU{int(number)}",), match[0], match.start(), side=side, level=level)


def _told(text: str, match: re.Match[str], names: str, starts: list[int]) -> Iterator[Claim]:
    code = _CODE_BEHIND.match(text, match.end())
    end = code.end() if code else match.end()
    after, lead = _after(text, end, starts), text[max(0, match.start() - 40) : match.start()]
    near = match[0] + after
    before = _SIDE_BEFORE.search(lead)
    level = float(GRADES.index(code[2]) + 1) if code and code[2] else _level(after)
    shared = {
        "words": match[0],
        "at": match.start(),
        "side": before[1] if before else _side(near),
        "level": level,
        "more": bool(_MORE.search(after)),
        "strength": _either(_last_words(lead) + near, _WEAK, _STRONG),
        "direction": _either(_last_words(lead) + near, _LESS, _MORE),
        "code": f"AU{int(code[1])}" if code else None,
    }
    flipped = bool(re.search(r"\b(?:not|never|no longer)\b", match[0]))
    for each in names.split("&"):
        alternatives = tuple(each.removeprefix("!").split("|"))
        yield Claim("au", alternatives, denied=each.startswith("!") != flipped, **shared)  # type: ignore[arg-type]


def _after(text: str, start: int, starts: list[int]) -> str:
    """What belongs to the words that end at `start`: up to the next action unit, comma or "and", brackets kept whole."""
    limit = min((at for at in starts if at >= start), default=len(text))
    for found in _ENDS.finditer(text, start, limit):
        inside = text.count("(", start, found.start()) > text.count(")", start, found.start())
        if not inside and not (text.rfind("(", 0, start) > text.rfind(")", 0, start) and ")" in text[found.start() :]):
            return text[start : found.start()]
    return text[start:limit]


def _last_words(lead: str) -> str:
    return " ".join(re.split(r"[,.;:]|\band\b", lead)[-1].split()[-3:]) + " "


def _level(text: str) -> float | None:
    if not (found := _LEVEL.search(text)):
        return None
    told = next(group for group in found.groups() if group)
    return float(GRADES.index(told) + 1) if told in GRADES else float(told)


def _side(text: str) -> str | None:
    if not (found := _SIDE.search(text)):
        return None
    return found[1] or "both"


def _either(text: str, low: re.Pattern[str], high: re.Pattern[str]) -> int:
    return -1 if low.search(text) else 1 if high.search(text) else 0


@cache
def _unit_phrases() -> Phrases:
    named = list(UNITS.items())
    for move in MOVES:
        if move.acts:
            named.append((move.codes, rf"(?:{move.acts}){_BEFORE_PART}(?:{move.part})"))
        named.append((move.codes, rf"(?:{move.part}){_BETWEEN}(?:{move.moved})"))
    return Phrases(named)


# Everything else that has a name


def _named(text: str) -> Iterator[Claim]:
    for phrases in _topics():
        for named, match in phrases.find(text):
            topic, _, name = named.partition(":")
            yield Claim(topic, (name.removeprefix("!"),), match[0], match.start(), denied=name.startswith("!"))


@cache
def _topics() -> list[Phrases]:
    """One pass for all topics that share no phrase."""
    return [
        Phrases((f"{topic}:{name}", pattern) for topic in together for name, pattern in LEXICONS[topic].items())
        for together in PASSES
    ]
