"""`facewise eval run`: asks a model about every item of some benchmarks, once. What was answered is never asked again.

The journal is written as answers come, so that a run that was killed goes on where it stopped; scoring and reports read it and load
no model.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from ...model.errors import FacewiseError
from ...model.replies import REFUSED, UNPARSED
from ..answers.out import DEV, TEST, check_out, claim, save_run, write_items
from ..answers.predictions import Journal, Prediction
from ..benchmark import Benchmark
from ..models.choosing import Asked, check_model, model_of
from ..models.facewise import in_thousandths
from ..models.protocol import Model, Said, Shown
from .items import SYNTH, Item, Part, asked_of, part
from .leaks import shared, trained_on
from .leaks import told as leaks_told
from .pictures import Projector, opened
from .strategies import check_strategy, prompt_of

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """`roots`: the folder of each reader; `limit`: of items of each part."""

    benchmarks: Sequence[Benchmark]
    asked: Asked
    out: Path
    roots: Mapping[str, Path] = field(default_factory=dict)
    limit: int | None = None


def run(wanted: Wanted, tell: Tell) -> dict[str, Any]:
    """run.json as it is at the end. Raises FacewiseError with everything that was answered kept."""
    kind = check_model(wanted.asked)
    for benchmark in wanted.benchmarks:
        check_strategy(wanted.asked.strategy, benchmark)
    check_out(wanted.out, _settings(wanted))
    parts = {each.name: _parts(each, wanted.roots, wanted.limit) for each in wanted.benchmarks if not _is_drawn(each)}
    model = model_of(wanted.asked)
    told = claim(wanted.out, {"model": _named(model, wanted.asked.strategy), **_settings(wanted)})
    if drawn := [each for each in wanted.benchmarks if _is_drawn(each)]:
        from .synth_set import draw

        roots = {**wanted.roots, SYNTH: draw(wanted.out / SYNTH, tell)}
        parts |= {each.name: _parts(each, roots, wanted.limit) for each in drawn}
    trained = trained_on(wanted.asked.name) if kind == "facewise" else None
    for benchmark in wanted.benchmarks:
        test = parts[benchmark.name]["test"]
        leaks = shared(trained, (item.record.subject for item in test.items)) if trained else {}
        if leaks.get("trained on"):
            tell(f"{benchmark.name}: {leaks_told(leaks)}")
        about = _about(test, benchmark) | {"leaks": leaks}
        told["benchmarks"][benchmark.name] = about
        save_run(wanted.out, told)
        about["counts"] = _answer_parts(benchmark, parts[benchmark.name], model, wanted, tell)
        save_run(wanted.out, told)
    return told


def _settings(wanted: Wanted) -> dict[str, Any]:
    asked = wanted.asked
    return {
        "asked": asked.name if not Path(asked.name).exists() else str(Path(asked.name).resolve()),
        "engine": asked.engine if check_model(asked) == "facewise" else None,
        "strategy": asked.strategy,
        "limit": wanted.limit,
        "facewise": version("facewise"),
    }


def _named(model: Model, strategy: str) -> str:
    """Another strategy is another contestant."""
    return model.name if strategy == "direct" else f"{model.name} ({strategy})"


def _is_drawn(benchmark: Benchmark) -> bool:
    return SYNTH in benchmark.reader.split()


def _parts(benchmark: Benchmark, roots: Mapping[str, Path], limit: int | None) -> dict[str, Part]:
    here = {name: roots[name] for name in benchmark.reader.split()}
    found = {"test": part(benchmark, here, benchmark.chosen, limit)}
    if benchmark.dev is not None:
        found["dev"] = part(benchmark, here, benchmark.dev, limit)
    return found


def _about(test: Part, benchmark: Benchmark) -> dict[str, Any]:
    return {
        "version": benchmark.version,
        "protocol": benchmark.protocol,
        "items": len(test.items),
        "of": test.of,
        "faults": dict(test.faults.counts),
        "left out": dict(test.faults.left_out),
    }


def _answer_parts(benchmark: Benchmark, parts: Mapping[str, Part], model: Model, wanted: Wanted, tell: Tell) -> dict[str, int]:
    """Counts of the test part."""
    folder = wanted.out / benchmark.name
    prompt = prompt_of(benchmark, wanted.asked.strategy)
    write_items(folder, wanted.out, benchmark, prompt, {name: each.items for name, each in parts.items()})
    counts: Counter[str] = Counter()
    for name, file in (("dev", DEV), ("test", TEST)):
        if name in parts:
            with Journal(folder / file) as journal:
                asking = Asking(model, benchmark, wanted.asked.strategy, journal, tell)
                counts = asking.all(parts[name].items, f"{benchmark.name}{' (dev)' if name == 'dev' else ''}")
    return dict(counts)


@dataclass
class Asking:
    """One part of one benchmark on its way into its journal."""

    model: Model
    benchmark: Benchmark
    strategy: str
    journal: Journal
    tell: Tell
    unreadable: dict[str, str] = field(default_factory=dict)
    _truths: dict[str, Any] = field(default_factory=dict)
    _asked: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)

    def all(self, items: Sequence[Item], title: str) -> Counter[str]:
        """Counts of answered, unparsed, refused and unreadable items of this call and what was answered before."""
        counts = Counter(answered_before=0)
        before = len(self.journal)
        for item, said in self.model.answers(self._groups(items), self.benchmark):
            key = self._keys.pop(item.name)
            if key in self.journal:  # of a group that was cut in the middle
                continue
            self.journal.append(self._prediction(item, key, said))
            counts[str(said.label) if said.label in (UNPARSED, REFUSED) else "answered"] += 1
            if sum(counts.values()) % 100 == 0:
                self.tell(f"{title}: {len(self.journal):,} of {len(items):,}")
        counts["answered_before"] = before
        counts["unreadable"] = len(self.unreadable)
        for name, reason in islice(self.unreadable.items(), 3):
            self.tell(f"{title}: {name} is left out: {reason}")
        self.tell(f"{title}: {_counted(counts)}")
        return counts

    def _groups(self, items: Sequence[Item]) -> Iterator[list[Shown]]:
        """Of the items in their order, those groups that have one which was not answered."""
        projector = Projector()
        for start in range(0, len(items), self.model.together):
            group = items[start : start + self.model.together]
            keys = {}
            for item in group:
                with suppress(FacewiseError):
                    keys[item.name] = item.key(self.benchmark)
            if len(keys) == len(group) and all(key in self.journal for key in keys.values()):
                continue
            shown = [found for item in group if (found := self._shown(item, projector))]
            self._keys |= {each.item.name: keys[each.item.name] for each in shown}
            if shown:
                yield shown

    def _shown(self, item: Item, projector: Projector) -> Shown | None:
        """None for what cannot be read, which is told at the end."""
        try:
            item.key(self.benchmark)
            pictures = projector.shown(item, self.benchmark) if self._looks else ()
            fps = opened(item.record).fps if self.benchmark.whole_clip else 0.0
        except FacewiseError as error:
            self.unreadable[item.name] = str(error)
            return None
        if self.benchmark.task == "boxes":
            height, width = pictures[0].pixels.shape[:2]
            self._truths[item.name] = [in_thousandths(box, width, height) for box in item.truth]
        asked = asked_of(self.benchmark, item.record)
        prompt = prompt_of(asked, self.strategy)
        if asked is not self.benchmark:
            self._asked[item.name] = asked.question
        if self.strategy == "sovtp" and pictures:
            from .face_marks import marked

            picture, units = marked(pictures[0])
            pictures, prompt = (picture,), prompt_of(asked, self.strategy, units)
            self._asked[item.name] = units
        if self.benchmark.whole_clip and pictures:
            prompt += f" The clip has {projector.moments_told(item.record, self.benchmark)}."
        return Shown(item, pictures, prompt, fps)

    @property
    def _looks(self) -> bool:
        return self.model.looks or self.benchmark.task == "boxes"

    def _prediction(self, item: Item, key: str, said: Said) -> Prediction:
        return Prediction(
            key,
            item.name,
            said.text,
            said.label,
            self._truths.pop(item.name, item.truth),
            _named(self.model, self.strategy),
            self.benchmark.version,
            item.record.subject,
            item.clip,
            said.scores,
            said.log_probs,
            item.groups,
            said.duration_s,
            self._asked.pop(item.name, ""),
        )


def _counted(counts: Mapping[str, int]) -> str:
    told = {
        "answered": "answered",
        UNPARSED: "unparsed",
        REFUSED: "refused",
        "unreadable": "unreadable",
        "answered_before": "answered before",
    }
    return ", ".join(f"{counts[name]:,} {words}" for name, words in told.items() if counts.get(name) or name == "answered")
