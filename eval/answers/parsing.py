"""A model's free text to the label of a benchmark, by the one parser of the house (model/replies.py): nothing is guessed."""

import re
from collections.abc import Callable
from typing import Any

from ...model import reply_values, reply_words
from ...model.replies import DENIED, REFUSED, UNPARSED, choice, no_answer, objects, plain, spaced, without_declining
from ...model.taxonomy import CUES
from ..benchmark import Benchmark

THOUSANDTHS = 1000
MICRO_S = 0.5  # science.md, 3
# Of questions about altered faces; `live` and `spoof` are what labels are called.
ALTERED = {
    "live": ("real", "genuine", "authentic", "unaltered", "not altered", "unmanipulated", "original", "bona fide", "real face"),
    "spoof": (
        "fake",
        "deepfake",
        "deep fake",
        "faked",
        "altered",
        "manipulated",
        "generated",
        "synthetic",
        "swapped",
        "face swap",
        "reenacted",
        "morphed",
        "morph",
        "fake face",
        "ai-generated",
    ),
}
_NONE = re.compile(
    r"^\W*(?:none|no|nothing|\[\])\W*$|\bnone of (?:the|these|them)\b|\bno (?:visible )?(?:signs?|attributes?|cues?)\b"
)
_PAIR = {
    name: re.compile(rf"\b{name}\b[^\w.-]{{0,4}}(?:is |of |about )*(-?\d?\.?\d+)", re.IGNORECASE)
    for name in ("valence", "arousal")
}


def label_of(text: str, benchmark: Benchmark, lettered: bool = False, fps: float = 0.0) -> Any:
    """As benchmark.TASKS says, or UNPARSED or REFUSED. `fps`: of the clip that was shown, which says what is micro."""
    if benchmark.task == "class":
        return choice(text, spaced(benchmark.labels, {**reply_words.EMOTIONS, **reply_words.ATTACKS, **_LIVE}), lettered)
    if benchmark.task == "spoof":
        return choice(text, reply_words.VERDICTS if benchmark.truth == "live" else _altered(benchmark), lettered)
    if benchmark.task == "units" and benchmark.truth == "units":
        found = reply_values.units(text, benchmark.labels)
        return list(found) if isinstance(found, tuple) else found
    if benchmark.task == "movements":
        return _movements(text, fps)
    return _PARSERS[benchmark.task](text, benchmark)


_LIVE = {"live": reply_words.VERDICTS["live"]}


def _altered(benchmark: Benchmark) -> dict[str, tuple[str, ...]]:
    if benchmark.truth == "genuine":
        return ALTERED
    return {side: (*dict.fromkeys((*ALTERED[side], *reply_words.VERDICTS[side])),) for side in ("live", "spoof")}


def _number(text: str, _: Benchmark) -> Any:
    return reply_values.number(text)


def _affect(text: str, _: Benchmark) -> Any:
    for value in objects(text):
        if isinstance(value, dict):
            told = {str(name).lower(): number for name, number in value.items()}
            pair = [told.get("valence"), told.get("arousal")]
            if all(_is_affect(number) for number in pair):
                return pair
    found = [pattern.findall(plain(text)) for pattern in _PAIR.values()]
    pair = [float(numbers[-1]) for numbers in found if numbers]
    return pair if len(pair) == 2 and all(map(_is_affect, pair)) else no_answer(text)


def _is_affect(value: Any) -> bool:
    return type(value) in (int, float) and -1 <= value <= 1


def _names(text: str, benchmark: Benchmark) -> Any:
    """Those of a list that are said and not denied."""
    names = benchmark.labels or CUES
    for value in objects(text):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            text = ", ".join(value) or "none"
    said = without_declining(text)
    closed = [found.span() for found in DENIED.finditer(said)]
    spelled = {name.replace("_", " ").lower(): name for name in sorted(names, key=len, reverse=True)}
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, spelled))})s?(?!\w)")
    named = {
        spelled[found[1]]
        for found in pattern.finditer(said.replace("_", " "))
        if not any(start <= found.start() < end and start != found.start() for start, end in closed)
    }
    if named or _NONE.search(said):
        return [name for name in names if name in named]
    return no_answer(text)


def _boxes(text: str, _: Benchmark) -> Any:
    """In thousandths of the picture: the truth is brought there, too."""
    for value in objects(text):
        told = next((each for each in value.values() if isinstance(each, list)), None) if isinstance(value, dict) else value
        found = [told] if _is_box(told) else told
        if isinstance(found, list) and all(map(_is_box, found)):
            return found
    return no_answer(text)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_place, value))


def _is_place(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= THOUSANDTHS


def _movements(text: str, fps: float) -> Any:
    found = reply_values.moments(text)
    if isinstance(found, str):
        return found
    kinds = ["micro" if fps and (each["offset"] - each["onset"] + 1) / fps <= MICRO_S else "macro" for each in found]
    return [{"onset": each["onset"], "offset": each["offset"], "kind": kind} for each, kind in zip(found, kinds, strict=True)]


def _text(text: str, _: Benchmark) -> str:
    if without_declining(text).strip(" .,;"):
        return text
    return REFUSED if text.strip() else UNPARSED


def _marks(text: str, benchmark: Benchmark) -> Any:
    """The one object that has a whole mark from 1 to 10 for each criterion; two that differ are none."""
    found = [value for value in objects(text) if isinstance(value, dict) and set(benchmark.labels) <= value.keys()]
    told = [{name: value[name] for name in benchmark.labels} for value in found]
    right = bool(told) and all(each == told[0] for each in told) and all(map(_is_mark, told[0].values()))
    return told[0] if right else no_answer(text)


def _is_mark(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 10


_PARSERS: dict[str, Callable[[str, Benchmark], Any]] = {
    "units": _names,
    "number": _number,
    "affect": _affect,
    "cues": _names,
    "boxes": _boxes,
    "text": _text,
    "marks": _marks,
}
