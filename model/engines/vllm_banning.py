"""Banned phrases inside vLLM, by its logits processors: a request names them as `vllm_xargs`, {"banned_phrases": [...]}."""

from typing import Any

import torch
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

from .banning import are_phrases, barred, end_of, forms

BANNED = "banned_phrases"


class BannedPhrases(AdapterLogitsProcessor):
    """Holds for requests that name phrases, and costs the others nothing."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool):
        super().__init__(vllm_config, device, is_pin_memory)
        self.folder = vllm_config.model_config.tokenizer
        self._tokenizer: Any = None

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raises ValueError for what is no list of phrases."""
        if not are_phrases((sampling_params.extra_args or {}).get(BANNED, [])):
            raise ValueError(f"{BANNED} must be a list of phrases")

    def is_argmax_invariant(self) -> bool:
        return False

    def new_req_logits_processor(self, params: Any) -> Any:
        phrases = (params.extra_args or {}).get(BANNED)
        if not phrases:
            return None
        sequences = forms(phrases, self.tokenizer)

        def without(prompt: list[int], written: list[int], logits: torch.Tensor) -> torch.Tensor:
            logits[list(barred(sequences, end_of(prompt, written, sequences)))] = -torch.inf
            return logits

        return without

    @property
    def tokenizer(self) -> Any:
        if self._tokenizer is None:
            from transformers import AutoTokenizer

            self._tokenizer = AutoTokenizer.from_pretrained(self.folder)
        return self._tokenizer
