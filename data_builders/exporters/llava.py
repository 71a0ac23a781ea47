"""LLaVA's JSON: a list of {"id", "image" | "video", "conversations": [{"from": "human" | "gpt", "value"}]}, boxes of the padded square in the text.

A picture stands as `<image>`, a clip as `<video>`, as Video-LLaVA and Face-LLaVA read them; LLaVA-NeXT wants `<image>` for a clip, too. Several
pictures are a list, which LLaVA 1.5 does not take and its successors do. Checked against the loaders of haotian-liu/LLaVA,
LLaVA-VL/LLaVA-NeXT and ihp-lab/Face-LLaVA (train.py of each).
"""

from functools import partial
from pathlib import Path

from ..rows import Row
from .boxes import of_padded_square, spelled_boxes
from .exporter import Exporter, Item, NotHeldError
from .media import pictures, refuse_turned, video_files
from .turns import turns

NAMES = {"user": "human", "assistant": "gpt"}
MEDIA = {"image": "<image>\n", "video": "<video>\n"}


def _items(folder: Path, row: Row) -> list[Item]:
    told = turns(row, MEDIA, spelled_boxes(row, folder, of_padded_square))
    if told[0][0] == "system":
        raise NotHeldError("a system message")
    spoken = [{"from": NAMES[role], "value": text} for role, text in told]
    return [(row.meta["split"], {"id": row.id, **_media(row, folder), "conversations": spoken})]


def _media(row: Row, folder: Path) -> dict[str, str | list[str]]:
    refuse_turned(row, folder)
    seen, clips = pictures(row, folder), video_files(row, folder)
    if len(clips) > 1 or (clips and seen):
        raise NotHeldError("a clip beside other media")
    if clips:
        return {"video": clips[0]}
    return {"image": seen[0] if len(seen) == 1 else seen} if seen else {}


LLAVA = Exporter(
    "llava",
    "LLaVA JSON, as LLaVA, Video-LLaVA and Face-LLaVA train on",
    lambda folder: partial(_items, folder),
    "json",
    "--data_path {out}/{stem}.json --image_folder / --video_folder /",
)
