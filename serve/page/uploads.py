"""What a visitor may name as a file: an upload of this page, no other path of this machine and no address.

Gradio checks this in apps that it launched itself only: in a mounted one `has_launched` stays False (6.31), and any file is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder


class Blocks(gr.Blocks):
    """Blocks whose events take uploaded files alone."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False) -> Any:
        if not all(is_upload(path, get_upload_folder()) for path in paths(inputs)):
            raise gr.Error("This file was not uploaded here.", print_exception=False)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)


def paths(value: Any) -> Iterator[Any]:
    """Everything under a key `path`, however deep. No recursion: the depth is the visitor's choice."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if part.get("path") is not None:
                yield part["path"]
            left += part.values()
        elif isinstance(part, list):
            left += part


def is_upload(path: Any, folder: str) -> bool:
    try:
        return isinstance(path, str) and Path(folder).resolve() in Path(path).resolve().parents
    except (OSError, ValueError):  # too long, or with a null byte
        return False
