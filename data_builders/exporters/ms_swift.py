"""ms-swift's JSONL: messages, images, videos, and `objects` for the boxes, which it spells for the model that is trained.

`<bbox>` stays in the text, boxes stay pixels of the picture as it is stored (bbox_type "real"), and a folder of frames is a list of files, in files
of their own (media.stem). Checked against ms-swift 4.6.0: dataset/preprocessor/core.py and template/base.py.
"""

from functools import partial
from pathlib import Path
from typing import Any

from ..rows import Row
from .boxes import needs_one_picture
from .exporter import Exporter, Item
from .media import clips, pictures, refuse_turned, stem
from .turns import turns

MEDIA = {"image": "<image>", "video": "<video>"}


def _items(folder: Path, row: Row) -> list[Item]:
    told = turns(row, MEDIA)
    refuse_turned(row, folder)
    shown = clips(row, folder)
    item: dict[str, Any] = {"id": row.id, "messages": [{"role": role, "content": text} for role, text in told]}
    item |= {"images": pictures(row, folder), "videos": shown}
    if row.objects:
        needs_one_picture(row)
        item["objects"] = {"ref": row.objects.get("ref", []), "bbox": row.objects["bbox"], "bbox_type": "real"}
    return [(stem(row, shown), item)]


MS_SWIFT = Exporter(
    "ms-swift",
    "JSONL with boxes as objects, as ms-swift trains on",
    lambda folder: partial(_items, folder),
    "jsonl",
    "swift sft --dataset {out}/{stem}.jsonl",
)
