"""Answers by any image-text-to-text model that transformers loads from a folder: a peer on this machine, by its own chat template.

Greedy, one request after the other. Choices are scored by their first tokens right after the question, where these differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import FacewiseError
from .protocol import Completion, Request


class ImageTextEngine:
    """`folder`: config, weights, tokenizer and image processor. Raises FacewiseError for what transformers cannot load."""

    name = "transformers"

    def __init__(self, folder: Path):
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        from ..checkpoint import device, fast_dtype

        try:
            self.processor = AutoProcessor.from_pretrained(folder)
            model = AutoModelForImageTextToText.from_pretrained(folder, dtype=getattr(torch, fast_dtype()))
        except (OSError, ValueError, KeyError, ImportError) as error:
            told = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise FacewiseError(f"{folder}: transformers does not load it as an image-text-to-text model ({told})") from None
        self.model = model.to(device()).eval()

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        return [self._one(request) for request in requests]

    def stream(self, request: Request) -> Iterator[str]:
        yield self.complete([request])[0].text

    def _one(self, request: Request) -> Completion:
        import torch

        inputs = self._inputs(request)
        length = inputs["input_ids"].shape[1]
        with torch.inference_mode():
            done = self.model.generate(
                **inputs,
                max_new_tokens=max(1, request.max_tokens),
                do_sample=False,
                return_dict_in_generate=True,
                output_logits=True,
            )
        written = done.sequences[0, length:]
        text = self.processor.decode(written, skip_special_tokens=True) if request.max_tokens else ""
        scores = self._scores(done.logits[0][0].float(), request.choices) if request.choices else None
        return Completion(text, scores, len(written))

    def _inputs(self, request: Request) -> Any:
        """The picture stands before the words, as in OpenAI's shape."""
        from PIL import Image

        pictures = iter(Image.fromarray(picture.pixels) for picture in request.pictures)
        messages = [
            {**message, "content": [_with_picture(part, pictures) for part in message["content"]]} for message in request.messages
        ]
        told = self.processor.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        return told.to(self.model.device, dtype=self.model.dtype)

    def _scores(self, logits: Any, choices: Sequence[str]) -> dict[str, float] | None:
        """Log-probability of each among them alone; None where two begin alike."""
        tokenizer = getattr(self.processor, "tokenizer", self.processor)
        first = [tokenizer.encode(choice, add_special_tokens=False)[0] for choice in choices]
        if len(set(first)) < len(first):
            return None
        values = logits[first].log_softmax(-1).tolist()
        return dict(zip(choices, values, strict=True))


def _with_picture(part: dict[str, Any], pictures: Iterator[Any]) -> dict[str, Any]:
    return {"type": "image", "image": next(pictures)} if part["type"] == "image" else part
