"""Columns as `datasets` types them, so that a file says itself that its paths are pictures. The library is imported by whoever asks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Features


def prompt_completion() -> "Features":
    """Of the `trl` export."""
    from datasets import Features, Image, List, Value

    messages = List({"role": Value("string"), "content": List({"type": Value("string"), "text": Value("string")})})
    return Features({"id": Value("string"), "prompt": messages, "completion": messages, "images": List(Image())})
