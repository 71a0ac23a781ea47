"""JSONL of the MEGC challenges: {"dataset", "subject", "filename", "question", "answer"}, and the submission form of their test files.

A row of a set that was built from the challenge's own files keeps their other columns and the file's name: *_test_to_answer becomes
*_test_pred, the questions with their answers filled in. Rows follow the order of records.jsonl, where those columns are. No media are
named, so none need be there.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from ...model.errors import FacewiseError
from ..records import Record, record_of
from ..rows import Row
from .exporter import Convert, Exporter, Item, NotHeldError
from .turns import single


def _start(folder: Path) -> Convert:
    of_row = _walk(folder / "records.jsonl")

    def items(row: Row) -> list[Item]:
        if row.meta.get("wording") != "megc":
            raise NotHeldError("words that are not the challenge's (facewise build --wording megc)")
        if row.images or row.objects:
            raise NotHeldError("a picture or a box, where the format takes clips")
        question, answer = single(row)
        return [_item(of_row(row), row, {"question": question, "answer": answer})]

    return items


def _walk(path: Path) -> Callable[[Row], Record]:
    """The record of a row, for rows that come in the order of the records."""
    records = _records(path)
    last: Record | None = None

    def of_row(row: Row) -> Record:
        nonlocal last
        while last is None or last.id != row.meta["record"]:
            if (last := next(records, None)) is None:
                raise FacewiseError(f"{path}: no record {row.meta['record']} in the place of row {row.id}; build the set again")
        return last

    return of_row


def _records(path: Path) -> Iterator[Record]:
    if not path.is_file():
        raise FacewiseError(f"{path}: no such file of records; `facewise build` writes one")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield record_of(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise FacewiseError(f"{path}:{number}: not a record ({error})") from None


def _item(record: Record, row: Row, told: dict[str, str]) -> Item:
    if "question" in record.source:
        stem = record.id.split("/")[-2]
        return stem.replace("_test_to_answer", "_test_pred"), record.source | told
    dataset, _, person = record.subject.partition("/")
    if not person:
        raise NotHeldError("a subject that does not name its dataset")
    return row.meta["split"], {"dataset": dataset, "subject": f"{dataset}_{person}", "filename": record.id.split("/")[-1]} | told


MEGC = Exporter(
    "megc",
    "JSONL of questions about clips, as the MEGC ME-VQA challenge hands them out and takes them",
    _start,
    "jsonl",
    "*_pred.jsonl are handed in; the others are rows as the challenge hands them out, {out}/{stem}.jsonl",
)
