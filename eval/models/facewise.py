"""A Facewise model, on this machine or behind our own server: numbers and labels come from the object of its answer, not from its words.

Of several pictures of one item the numbers are averaged. What the object does not hold (an age, whether a face was altered) is read
from the words where the question was put in words, and is unparsed where the model does not answer it at all. While the engine works on one
group of items, pictures of the next are looked at (ahead.py); a server of ours works on several groups.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from ...model.answer import Answer, Reply
from ...model.clips import ToldMovement, as_filmed
from ...model.errors import FacewiseError
from ...model.perception.picture import Picture
from ...model.readings import is_active, verdict
from ...model.replies import UNPARSED
from ...model.taxonomy import COARSE, EMOTIONS, NO_PROTOTYPE
from ..answers.parsing import THOUSANDTHS, label_of
from ..asking.items import Item, moves
from ..asking.pictures import opened
from ..benchmark import Benchmark
from .ahead import Width, ahead, as_they_come
from .protocol import Said, Shown

TOGETHER = 8
OTHERS = "others"  # of the micro-expression sets
AHEAD = 2  # groups that are looked at before they are asked about
EYES = max(1, (os.cpu_count() or 1) // 2)  # threads that look; one looks at some 25 pictures a second
ASKED_AS = {"emotion": "emotion", "units": "au", "live": "spoof", "attack type": "spoof", "cues": "spoof", "boxes": "spoof"}
ASKED_AS |= {"genuine": "spoof", "attacked": "spoof"}
ASKED_AS |= {"micro class": "emotion", "coarse emotion": "emotion", "movements": "micro"}


@dataclass(frozen=True, eq=False)
class Looked:
    """An item whose pictures the perceiver remembers, or whose clip was watched: `sources` as the assistant takes them."""

    shown: Shown
    sources: tuple[Any, ...]


class FacewiseModel:
    """`assistant`: of model/assistant.py, its perceiver one for several threads (ahead.shared); `at_once`: groups that are asked about
    together, which only a server's engine may be."""

    together = TOGETHER
    looks = True

    def __init__(self, assistant: Any, at_once: int = 1):
        self.assistant, self.at_once = assistant, at_once
        self.name: str = assistant.name
        # For good, because the detector's models belong to the thread that made them.
        self._reader = ThreadPoolExecutor(1, "facewise-reader")
        self._eyes = ThreadPoolExecutor(EYES, "facewise-eyes")

    def answers(self, groups: Iterator[Sequence[Shown]], benchmark: Benchmark) -> Iterator[tuple[Item, Said]]:
        coming = ahead(self._reader, groups, partial(self._looked_at, benchmark=benchmark), AHEAD)
        ask = partial(self._asked, benchmark=benchmark)
        if self.at_once == 1:
            yield from chain.from_iterable(map(ask, coming))
            return
        width = Width(self.at_once)
        with ThreadPoolExecutor(self.at_once) as pool:
            yield from chain.from_iterable(as_they_come(pool, coming, width.timed(ask), width.room))

    def _looked_at(self, group: Sequence[Shown], benchmark: Benchmark) -> list[Looked]:
        sources = [_sources(shown, benchmark) for shown in group]
        seen = self._eyes.map(self._seen, chain.from_iterable(sources))
        return [Looked(shown, tuple(islice(seen, len(some)))) for shown, some in zip(group, sources, strict=True)]

    def _seen(self, source: Any) -> Any:
        """What cannot be looked at stays as it is: the answer says why."""
        with suppress(FacewiseError):
            if not isinstance(source, Picture):
                return as_filmed(source, self.assistant.perceiver)
            self.assistant.perceiver.perceive(source)
        return source

    def _asked(self, group: Sequence[Looked], benchmark: Benchmark) -> list[tuple[Item, Said]]:
        """All pictures of the group whose words are the same in one batch."""
        found: list[tuple[Item, Said]] = []
        for prompt in dict.fromkeys(looked.shown.prompt for looked in group):
            some = [looked for looked in group if looked.shown.prompt == prompt]
            sources = list(chain.from_iterable(looked.sources for looked in some))
            started = time.perf_counter()
            replies = iter(self.assistant.ask(sources, question=prompt, task=ASKED_AS.get(benchmark.truth, "chat")))
            each_s = round((time.perf_counter() - started) / len(some), 4)
            for looked in some:
                told = [next(replies) for _ in looked.sources]
                found.append((looked.shown.item, self._said(told, looked.shown, benchmark, each_s)))
        return found

    def _said(self, replies: Sequence[Reply], shown: Shown, benchmark: Benchmark, duration_s: float) -> Said:
        text = " ".join(dict.fromkeys(reply.text for reply in replies))
        answers = [reply.faces[0].answer for reply in replies if reply.faces]
        if not answers:
            return Said(text, UNPARSED, duration_s=duration_s)
        label, scores = self._read(answers, text, shown, benchmark)
        return Said(text, label, scores, duration_s=duration_s)

    def _read(
        self, answers: Sequence[Answer], text: str, shown: Shown, benchmark: Benchmark
    ) -> tuple[Any, Mapping[str, float | None]]:
        if benchmark.truth == "live":
            return self._verdict(answers)
        if benchmark.truth == "genuine":
            return _altered(answers)
        if benchmark.truth == "attacked":
            return _attacked(self._verdict(answers), _altered(answers))
        if benchmark.truth == "attack type":
            kind = next((answer.attack for answer in answers if answer.attack), None)
            label = kind if answers[0].label == "spoof" else answers[0].label
            return (label if label in benchmark.labels else UNPARSED), {}
        if benchmark.truth == "units":
            return _units(answers, benchmark)
        if benchmark.truth == "movements":
            return movements(answers[0]), {}
        if benchmark.truth == "cues":
            return sorted({cue.name for answer in answers for cue in answer.cues or ()}), {}
        if benchmark.truth == "boxes":
            height, width = shown.pictures[0].pixels.shape[:2]
            return [in_thousandths(box, width, height) for box in answers[0].boxes or ()], {}
        if benchmark.task == "class" and (space := _emotion_space(benchmark.labels)):
            return _leading(answers, space)
        if benchmark.truth == "age" and answers[0].age is not None:
            return answers[0].age, {}
        return label_of(text, benchmark), {}

    def _verdict(self, answers: Sequence[Answer]) -> tuple[str, Mapping[str, float | None]]:
        scores = [answer.score for answer in answers if answer.score is not None]
        if not scores:
            return answers[0].label or UNPARSED, {}
        score = sum(scores) / len(scores)
        label = verdict(score, self.assistant.calibration) if len(answers) > 1 else answers[0].label
        return label or UNPARSED, {"spoof": score}


def _sources(shown: Shown, benchmark: Benchmark) -> list[Any]:
    """The clip where movements are looked for in it, the clip with its movement where that is told, else the pictures."""
    record = shown.item.record
    if benchmark.whole_clip:
        return [opened(record)]
    if benchmark.moments and moves(record) and (events := (record.clip or {}).get("events")):
        return [ToldMovement(opened(record), events[0]["onset"], events[0]["offset"], events[0].get("apex"))]
    return list(shown.pictures)


def movements(answer: Answer) -> list[dict[str, Any]]:
    """Expressions among the intervals of a clip; a blink is none."""
    return [
        {
            "onset": each.onset,
            "offset": each.offset,
            "kind": each.kind,
            "score": each.score,
            "emotion": (each.emotion.coarse if each.emotion else None) or "",
        }
        for each in answer.intervals or ()
        if each.kind != "blink"
    ]


def in_thousandths(box: Sequence[float], width: int, height: int) -> list[float]:
    """Corners in px as shares of the picture, of a thousand."""
    return [round(THOUSANDTHS * value / side, 2) for value, side in zip(box, (width, height) * 2, strict=True)]


def _altered(answers: Sequence[Answer]) -> tuple[str, Mapping[str, float | None]]:
    """A verdict on presentation attacks is none on altered pictures."""
    told = [answer.digital.score for answer in answers if answer.digital]
    if not told:
        return UNPARSED, {}
    score = sum(told) / len(told)
    return "spoof" if score >= 0.5 else "live", {"spoof": score}


def _attacked(
    presented: tuple[str, Mapping[str, float | None]], altered: tuple[str, Mapping[str, float | None]]
) -> tuple[str, Mapping[str, float | None]]:
    """By either way: a spoof if one says so, live if both do; the score is the higher one. Where one of them is not told, nothing is."""
    if not (presented[1] and altered[1]):
        return UNPARSED, {}
    labels = (presented[0], altered[0])
    label = next((label for label in ("spoof", "uncertain") if label in labels), "live")
    return label, {"spoof": max(presented[1]["spoof"] or 0.0, altered[1]["spoof"] or 0.0)}


def _units(answers: Sequence[Answer], benchmark: Benchmark) -> tuple[list[str], Mapping[str, float | None]]:
    """Levels are means over the pictures. Active is what the answer's text would name; where a protocol counts from a level on,
    what reaches it."""
    levels: dict[str, float | None] = {}
    active = []
    for code in benchmark.labels:
        readings = [answer.aus[code] for answer in answers if answer.aus and code in answer.aus]
        if not readings:
            levels[code] = None
            continue
        level = sum(reading.intensity for reading in readings) / len(readings)
        levels[code] = round(level, 4)
        named = 2 * sum(map(is_active, readings)) >= len(readings)
        if level >= benchmark.positive_at if benchmark.positive_at > 1 else named:
            active.append(code)
    return active, levels


def _emotion_space(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """label -> our emotions that it holds, "others" those that no other label does; empty where the labels are no emotions."""
    held = {label: tuple(name for name in EMOTIONS if label in (name, COARSE[name])) for label in labels}
    space = {label: names for label, names in held.items() if names}
    if space and OTHERS in labels:
        space[OTHERS] = tuple({*EMOTIONS, NO_PROTOTYPE} - {name for names in space.values() for name in names})
    return space


def _leading(answers: Sequence[Answer], space: Mapping[str, tuple[str, ...]]) -> tuple[str, Mapping[str, float | None]]:
    """The likeliest label of the space; the first of equals."""
    scored = [answer.emotion.scores for answer in answers if answer.emotion]
    if not scored:
        return UNPARSED, {}
    means = {
        label: sum(scores.get(name, 0.0) for scores in scored for name in names) / len(scored) for label, names in space.items()
    }
    return max(means, key=means.__getitem__), {label: round(value, 4) for label, value in means.items()}
