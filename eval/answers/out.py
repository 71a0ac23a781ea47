"""The folder of a run: run.json says who was asked and how; a folder for each benchmark holds its items and its predictions.

OUT/run.json                         the model, the strategy, the limit, and what became of each benchmark
OUT/BENCHMARK/benchmark.json         the benchmark as it was asked, word for word
OUT/BENCHMARK/items.jsonl            item, medium, frames and truth, a line each
OUT/BENCHMARK/predictions.jsonl      of the test part; dev.jsonl of the part that settles the threshold
OUT/BENCHMARK/judged.jsonl           marks of the answers, by `facewise eval judge`
OUT/report.html, .md, .json          by `facewise eval report`
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...data_builders.records import Record, write_whole
from ...model.errors import FacewiseError
from ..asking.items import Item
from ..benchmark import Benchmark
from ..benchmarks.benchmarks import BENCHMARKS
from .table import Table, read_table

RUN, BENCHMARK, ITEMS = "run.json", "benchmark.json", "items.jsonl"
TEST, DEV, JUDGED = "predictions.jsonl", "dev.jsonl", "judged.jsonl"
FIXED = ("model", "engine", "strategy", "limit")  # what one folder has one of


@dataclass(frozen=True)
class Answered:
    """A benchmark of a run with its predictions, ordered by key: a run that was stopped and went on has them in another order."""

    benchmark: Benchmark
    table: Table
    dev: Table | None
    about: Mapping[str, Any]
    folder: Path


def check_out(out: Path, told: Mapping[str, Any]) -> None:
    """Raises FacewiseError for the folder of another run, or of something else. Nothing is made."""
    if (out / RUN).is_file():
        before = read_run(out)
        for name in told.keys() & set(FIXED):
            if before.get(name, told.get(name)) != told.get(name):
                raise FacewiseError(
                    f"{out} holds a run with {name} {before.get(name)!r}, not {told.get(name)!r}; give another --out, or ask as before"
                )
    elif out.is_file() or (out.is_dir() and any(each.name != "synth" for each in out.iterdir())):
        raise FacewiseError(f"{out} is not empty and holds no run of `facewise eval`; give another --out")


def claim(out: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """Makes the folder this run's, or goes on with it: run.json as it is now. Raises FacewiseError as check_out does."""
    check_out(out, told)
    if (out / RUN).is_file():
        return read_run(out)
    run = {**told, "benchmarks": {}}
    save_run(out, run)
    return run


def save_run(out: Path, run: Mapping[str, Any]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / RUN, json.dumps(run, indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise FacewiseError(f"{out}: cannot be written ({error.strerror}); give another --out") from None


def read_run(out: Path) -> dict[str, Any]:
    path = out / RUN
    if not path.is_file():
        raise FacewiseError(f"{out}: no run is here; `facewise eval run BENCH --model M --out {out}` makes one")
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        dict(run["benchmarks"])
    except (ValueError, KeyError, TypeError):
        raise FacewiseError(f"{path}: damaged; give another --out, or delete it and run again") from None
    return run


def write_items(folder: Path, out: Path, benchmark: Benchmark, prompt: str, parts: Mapping[str, Iterable[Item]]) -> None:
    """Media inside of OUT are told from there, so that the folder may be moved."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {**asdict(benchmark), "asked": prompt}
    write_whole(folder / BENCHMARK, json.dumps(told, indent=1, ensure_ascii=False).encode())
    lines = []
    for name, items in parts.items():
        for item in items:
            media = Path(item.record.media)
            inside = media.is_relative_to(out.resolve())
            line: dict[str, Any] = {
                "item": item.name,
                "part": name,
                "media": str(media.relative_to(out.resolve()) if inside else media),
            }
            line |= {"frames": item.record.frames, "truth": item.truth}
            if benchmark.moments and (events := (item.record.clip or {}).get("events")):
                line["event"] = events[0]
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    write_whole(folder / ITEMS, "".join(lines).encode())


def listed(folder: Path) -> dict[str, dict[str, Any]]:
    """The lines of items.jsonl of the test part, by item."""
    with (folder / ITEMS).open(encoding="utf-8") as file:
        told = map(json.loads, file)
        return {line["item"]: line for line in told if line["part"] == "test"}


def item_of(line: Mapping[str, Any], folder: Path) -> Item:
    """A line of items.jsonl as an item whose pictures can be shown again."""
    media = folder.parent / line["media"]  # an absolute one stays what it is
    name, _, nth = line["item"].rpartition("#")
    clip = {"events": [line["event"]]} if line.get("event") else None
    record = Record(
        name or line["item"], str(media.resolve()), frames=tuple(line["frames"]) if line["frames"] else None, clip=clip
    )
    return Item(record, line["truth"], nth=int(nth) if name and nth.isdecimal() else None)


def answered(out: Path, names: Iterable[str] = ()) -> list[Answered]:
    """All benchmarks of a run that have an answer, or some. Raises FacewiseError where there is none, or one is no longer known here."""
    run, waiting = read_run(out), unanswered(out)
    wanted = list(names) or [name for name in run["benchmarks"] if name not in waiting]
    for name in wanted:
        if name not in run["benchmarks"] or name in waiting:
            there = ", ".join(each for each in run["benchmarks"] if each not in waiting)
            raise FacewiseError(f"{out}: {name} has no answers there; there is {there or 'nothing yet'}")
    if not wanted:
        raise FacewiseError(f"{out}: no benchmark was answered there yet; run the same `facewise eval run` again")
    return [_answered(out / name, name, run["benchmarks"][name]) for name in wanted]


def unanswered(out: Path) -> list[str]:
    """Benchmarks that a run was stopped before."""
    return [name for name in read_run(out)["benchmarks"] if not _size(out / name / TEST)]


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _answered(folder: Path, name: str, about: Mapping[str, Any]) -> Answered:
    if name not in BENCHMARKS:
        raise FacewiseError(f"{folder}: no benchmark is called {name!r} in this version of Facewise")
    benchmark = BENCHMARKS[name]
    dev = _by_key(read_table(folder / DEV, benchmark)) if (folder / DEV).is_file() else None
    table = _by_key(read_table(folder / TEST, benchmark))
    return Answered(told_whole(benchmark, about, len(table)), table, dev, about, folder)


def told_whole(benchmark: Benchmark, about: Mapping[str, Any], answers: int) -> Benchmark:
    """Its protocol says when it is a part of it that was asked, or answered."""
    notes = []
    if about["items"] < about["of"]:
        notes.append(f"{about['items']:,} of {about['of']:,} items (--limit)")
    missing = about["items"] - answers
    if missing:
        notes.append(f"{missing:,} without an answer: unreadable, or the run was stopped")
    return replace(benchmark, protocol="; ".join((benchmark.protocol, *notes)))


def _by_key(table: Table) -> Table:
    return table.take(np.argsort(table.keys, kind="stable"))
