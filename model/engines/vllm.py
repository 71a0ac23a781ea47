"""Answers by vLLM in this process: offline batches with the prompts and settings that the server uses.

vLLM finds our model through its plugin entry point (serve/plugin.py). Log-probabilities are the raw ones after the prompt; phrases are banned
by a logits processor of ours (vllm_banning.py).
"""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import FacewiseError
from ..network.perceive import Perceiver
from ..network.processing import FacewiseProcessor
from .protocol import Completion, Request

PLUGINS = "facewise,facewise-faces"  # what VLLM_PLUGINS lets in: the model and the face endpoint, and nobody else's
MAX_MODEL_LEN = 4096
CPU_BLOCK_SIZE = 32  # vLLM's own 128 is longer than a question, and no prefix would ever be found again
CPU_KV_CACHE_GB = 2
MOST_MEDIA = {"image": 8, "video": 2}  # of a prompt


class VllmEngine:
    """`folder` is a whole model (export.py); `perceiver` is shared, so that a picture is encoded once for assistant and engine."""

    name = "vllm"

    def __init__(self, folder: Path, perceiver: Perceiver | None = None, **overrides: Any):
        prepare_environment()
        try:
            from vllm import LLM
        except ImportError:
            raise FacewiseError("the engine vllm needs vLLM: pip install 'facewise[serve]', or --engine hf") from None
        self.llm = LLM(str(folder), **(settings() | overrides))
        self.processor: FacewiseProcessor = self.llm.llm_engine.renderer.get_mm_processor().info.get_hf_processor()
        if perceiver is not None:
            self.processor.perceiver = perceiver

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        if not requests:
            return []
        prompts = [vllm_prompt(request, self.processor) for request in requests]
        outputs = self.llm.generate(prompts, [sampling(request, self.processor) for request in requests], use_tqdm=False)
        return [completion(output, request, self.processor) for output, request in zip(outputs, requests, strict=True)]

    def stream(self, request: Request) -> Iterator[str]:
        """vLLM's offline API has no stream: the text comes whole."""
        yield self.complete([request])[0].text


def prepare_environment() -> None:
    """What vLLM reads from the environment when it is imported; what the user has set stays."""
    os.environ.setdefault("VLLM_PLUGINS", PLUGINS)
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(CPU_KV_CACHE_GB))
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # standard output holds answers
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # no call to anybody


def settings() -> dict[str, Any]:
    """vLLM's arguments that make served answers equal to asked ones, offline and in the server."""
    import torch

    from ..checkpoint import fast_dtype

    chosen: dict[str, Any] = {
        "dtype": fast_dtype(),
        "max_model_len": MAX_MODEL_LEN,
        "limit_mm_per_prompt": dict(MOST_MEDIA),
        # As in hf: a small model that may write free blanks writes nothing else.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    chosen["logits_processors"] = ["facewise.model.engines.vllm_banning:BannedPhrases"]
    return chosen if torch.cuda.is_available() else chosen | {"block_size": CPU_BLOCK_SIZE, "enforce_eager": True}


def vllm_prompt(request: Request, processor: FacewiseProcessor) -> dict[str, Any]:
    """Token ids with one placeholder a picture or clip, and these."""
    text = processor.render(request.messages, request.prefix)
    ids = processor.tokenizer.encode(text, add_special_tokens=False)
    media = {"image": list(request.pictures), "video": list(request.clips)}
    held = {kind: items for kind, items in media.items() if items}
    return {"prompt_token_ids": ids, **({"multi_modal_data": held} if held else {})}


def sampling(request: Request, processor: FacewiseProcessor) -> Any:
    """vLLM's SamplingParams of a request: greedy; a request that only scores its choices writes one token that nobody reads."""
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    return SamplingParams(
        temperature=0,
        max_tokens=max(1, request.max_tokens),
        extra_args={"banned_phrases": list(request.banned)} if request.banned else None,
        logprob_token_ids=first_tokens(request.choices, processor) or None,
        structured_outputs=None if request.schema is None else StructuredOutputsParams(json=request.schema),
    )


def completion(output: Any, request: Request, processor: FacewiseProcessor) -> Completion:
    """The protocol's Completion of a vLLM RequestOutput; the end token is no written one."""
    written = output.outputs[0]
    scores = None
    if request.choices:
        first = written.logprobs[0]
        scores = normalised([first[token].logprob for token in first_tokens(request.choices, processor)])
    choices = dict(zip(request.choices, scores, strict=True)) if scores else None
    if request.max_tokens == 0:
        return Completion("", choices, 0)
    return Completion(written.text, choices, len(written.token_ids) - (written.finish_reason == "stop"))


def first_tokens(choices: Sequence[str], processor: FacewiseProcessor) -> list[int]:
    return [processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in choices]


def normalised(logprobs: Sequence[float]) -> list[float]:
    """Log-probabilities over the choices alone."""
    most = max(logprobs)
    total = most + math.log(sum(math.exp(value - most) for value in logprobs))
    return [value - total for value in logprobs]
