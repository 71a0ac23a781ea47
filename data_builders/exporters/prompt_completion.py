"""Prompt and completion for TRL's SFTTrainer: Parquet that `datasets` loads with its pictures, one object an answer, so that answers alone carry loss.

`messages` would be scored as a whole unless the model's template marks what the assistant says. A later answer has the earlier ones in its
prompt. Boxes are thousandths in the text. TRL's vision collator fills in pictures only, so that clips are left out. Checked against TRL 1.16:
DataCollatorForVisionLanguageModeling and prepare_multimodal_messages.
"""

from functools import partial
from pathlib import Path
from typing import Any

from ..rows import Row
from .boxes import spelled_boxes, thousandths
from .exporter import Exporter, Item, NotHeldError
from .media import pictures
from .turns import turns

PLACE = "<image>"  # never in a text that `turns` lets through


def _items(folder: Path, row: Row) -> list[Item]:
    if row.videos:
        raise NotHeldError("a clip, where the format takes pictures only")
    told = turns(row, {"image": PLACE}, spelled_boxes(row, folder, thousandths))
    messages = [_message(role, text) for role, text in told]
    seen = pictures(row, folder)
    answers = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    return [(row.meta["split"], _item(row, messages, seen, i, len(answers) > 1)) for i in answers]


def _item(row: Row, messages: list[dict[str, Any]], seen: list[str], answer: int, one_of_several: bool) -> dict[str, Any]:
    prompt = messages[:answer]
    shown = sum(part["type"] == "image" for message in prompt for part in message["content"])
    return {
        "id": f"{row.id}#{answer}" if one_of_several else row.id,
        "prompt": prompt,
        "completion": [messages[answer]],
        "images": seen[:shown],
    }


def _message(role: str, text: str) -> dict[str, Any]:
    parts: list[dict[str, str]] = []
    for i, piece in enumerate(text.split(PLACE)):
        parts += [{"type": "image"}] if i else []
        parts += [{"type": "text", "text": piece}] if piece else []
    return {"role": role, "content": parts}


TRL = Exporter(
    "trl",
    "Parquet of prompts and completions, as TRL's SFTTrainer trains on",
    lambda folder: partial(_items, folder),
    "parquet",
    "trl sft --config FILE.yaml with dataset_name: {out} and max_length: null",
)
