"""ShareGPT conversations for LLaMA-Factory, and the dataset_info.json that names their columns and tags; boxes are thousandths in the text.

Placeholders and media must match in number. A folder of frames is a list of files, in files of their own (media.stem). Checked against
LLaMA-Factory 0.9.5: data/converter.py and data/mm_plugin.py.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..rows import Row
from .boxes import spelled_boxes, thousandths
from .exporter import Exporter, Item
from .media import clips, pictures, refuse_turned, stem
from .turns import turns

NAMES = {"system": "system", "user": "human", "assistant": "gpt"}
MEDIA = {"image": "<image>", "video": "<video>"}
STANZA = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations", "images": "images", "videos": "videos"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": NAMES["user"],
        "assistant_tag": NAMES["assistant"],
        "system_tag": NAMES["system"],
    },
}


def _items(folder: Path, row: Row) -> list[Item]:
    told = turns(row, MEDIA, spelled_boxes(row, folder, thousandths))
    refuse_turned(row, folder)
    shown = clips(row, folder)
    spoken = [{"from": NAMES[role], "value": text} for role, text in told]
    # Both columns in every row: the loader looks up each that the stanza names.
    return [(stem(row, shown), {"id": row.id, "conversations": spoken, "images": pictures(row, folder), "videos": shown})]


def _dataset_info(stems: Sequence[str]) -> dict[str, str]:
    stanzas = {f"facewise_{name}": {"file_name": f"{name}.jsonl", **STANZA} for name in stems}
    return {"dataset_info.json": json.dumps(stanzas, indent=2) + "\n"}


SHAREGPT = Exporter(
    "sharegpt",
    "ShareGPT JSONL with dataset_info.json, as LLaMA-Factory trains on",
    lambda folder: partial(_items, folder),
    "jsonl",
    "dataset_dir: {out} and dataset: facewise_{stem} in LLaMA-Factory's YAML",
    _dataset_info,
)
