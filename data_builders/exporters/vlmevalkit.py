"""VLMEvalKit's TSV: index, id, image_path, question, answer, category, split; one file a split, whose name is the benchmark's.

Paths and no base64: VLMEvalKit reads a TSV whole into memory. Several pictures are a Python list in their cell, as its `toliststr` reads it; they
stand before the question, and there is one question. Checked against dataset/image_base.py and dataset/__init__.py of ms-vlmeval 0.0.20.
"""

from itertools import count
from pathlib import Path

from ..rows import Row
from .boxes import spelled_boxes, thousandths
from .exporter import Convert, Exporter, Item, NotHeldError
from .media import pictures, refuse_turned
from .turns import single


def _start(folder: Path) -> Convert:
    numbers = count()

    def items(row: Row) -> list[Item]:
        if row.videos or not row.images:
            raise NotHeldError(
                "a clip, where the format takes pictures only" if row.videos else "no picture, which each row of the format has"
            )
        question, answer = single(row, spelled_boxes(row, folder, thousandths))
        refuse_turned(row, folder)
        seen = pictures(row, folder)
        cells = {
            "index": next(numbers),
            "id": row.id,
            "image_path": seen[0] if len(seen) == 1 else repr(seen),
            "question": question,
            "answer": answer,
            "category": row.meta["task"],
            "split": row.meta["split"],
        }
        return [(f"facewise_{row.meta['split']}", cells)]

    return items


VLMEVALKIT = Exporter(
    "vlmevalkit",
    "TSV of questions about pictures, as VLMEvalKit asks",
    _start,
    "tsv",
    "LMUData={out} python run.py --data {stem} --model MODEL",
)
