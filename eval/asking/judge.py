"""`facewise eval judge`: a model that sees pictures marks the texts of a run. Each mark is appended to OUT/BENCHMARK/judged.jsonl.

It is asked once about each answer, by the words of marks.py, and a stopped run goes on with the same command. With a limit the answers with
the first keys are marked, which are hashes: a sample, the same of every model, that a higher limit only adds to.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.replies import REFUSED, UNPARSED
from ..answers.out import JUDGED, TEST, Answered, answered, item_of, listed
from ..answers.predictions import Journal, Prediction, lines
from ..models.chat import ChatModel
from ..models.choosing import Asked, check_model, model_of
from ..models.protocol import Said, Shown
from ..scoring.marks import JUDGING, asked_of_judge, mark_key
from .pictures import Projector

Tell = Callable[[str], None]


def judge(out: Path, names: Sequence[str], asked: Asked, limit: int | None, tell: Tell) -> dict[str, dict[str, int]]:
    """Counts by benchmark. Raises FacewiseError for what cannot judge, and where no more can be had, with every mark kept."""
    if check_model(asked) not in ("server", "transformers"):
        raise FacewiseError(
            f"--model {asked.name} cannot judge; give http://host:8000/v1, or a transformers folder, that sees pictures"
        )
    benchmarks = answered(out, names)
    model = model_of(asked)
    if not isinstance(model, ChatModel):
        raise FacewiseError(
            f"--model {asked.name} is a Facewise model, which answers about faces and marks nothing; give another"
        )
    model.strategy = "cot"  # for its room: a judge may think before it marks
    return {each.benchmark.name: dict(Marking(each, model, limit).all(tell)) for each in benchmarks}


@dataclass
class Marking:
    """One benchmark of a run on its way into judged.jsonl."""

    answered: Answered
    judge: ChatModel
    limit: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    def all(self, tell: Tell) -> Counter[str]:
        name = self.answered.benchmark.name
        chosen = sorted(lines(self.answered.folder / TEST), key=lambda line: line["key"])[: self.limit]
        with Journal(self.answered.folder / JUDGED) as journal:
            answers = self.judge.answers(self._shown(chosen, journal), JUDGING)
            for number, (item, said) in enumerate(answers, start=1):
                journal.append(self._mark(self._asked.pop(item.name), said))
                self.counts[said.label if said.label in (UNPARSED, REFUSED) else "marked"] += 1
                if number % 100 == 0:
                    tell(f"{name}: {number:,} more of {len(chosen):,}")
        told = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        tell(f"{name}, judged by {self.judge.name}: {told or 'no answer to mark'}")
        return self.counts

    def _shown(self, chosen: list[dict[str, Any]], journal: Journal) -> Iterator[list[Shown]]:
        """In the order of the run, in which videos are decoded once."""
        items, projector = listed(self.answered.folder), Projector()
        places = {name: place for place, name in enumerate(items)}
        for line in sorted(chosen, key=lambda line: places.get(line["item"], len(places))):
            if not line["text"].strip():
                self.counts["without a text"] += 1
            elif mark_key(self.judge.name, line, self.answered.benchmark) in journal:
                self.counts["marked before"] += 1
            elif shown := self._one(line, items, projector):
                self._asked[shown.item.name] = line
                yield [shown]

    def _one(self, line: dict[str, Any], items: dict[str, dict[str, Any]], projector: Projector) -> Shown | None:
        try:
            item = item_of(items[line["item"]], self.answered.folder)
            pictures = projector.shown(item, self.answered.benchmark)
        except (FacewiseError, KeyError):
            self.counts["whose picture cannot be read"] += 1
            return None
        return Shown(item, pictures, asked_of_judge(line, self.answered.benchmark))

    def _mark(self, line: dict[str, Any], said: Said) -> Prediction:
        """`truth`: the key of the answer."""
        key = mark_key(self.judge.name, line, self.answered.benchmark)
        told = (said.text, said.label, line["key"], self.judge.name, JUDGING.version, line.get("subject", ""))
        return Prediction(key, line["item"], *told, duration_s=said.duration_s)
