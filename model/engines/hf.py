"""Answers by transformers: one loaded model, batches of requests, greedy decoding.

Requests of one call share a batch; a picture is prefilled once (prefill.py). Log-probabilities of choices are read from the logits after the prompt, over the choices'
first tokens alone; a choice is never forced by a grammar.
"""

from collections.abc import Iterator, Sequence
from threading import Thread

import torch
from transformers import LogitsProcessor, LogitsProcessorList, TextIteratorStreamer

from ..network.modeling import FacewiseForConditionalGeneration
from ..network.processing import FacewiseProcessor
from .prefill import Prefill, next_positions
from .protocol import Completion, Request


class HfEngine:
    """`complete` answers batches of at most `batch_size`; `stream` yields one answer's text as it comes."""

    name = "hf"

    def __init__(self, model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, batch_size: int = 16):
        self.model = model.eval()
        self.processor = processor
        self.batch_size = batch_size
        self.prefill = Prefill(self.model)
        self.processor.tokenizer.padding_side = "left"

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        done: list[Completion] = []
        for start in range(0, len(requests), self.batch_size):
            done += self._batch(requests[start : start + self.batch_size])
        return done

    def stream(self, request: Request) -> Iterator[str]:
        streamer = TextIteratorStreamer(self.processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
        with torch.inference_mode():
            begun = self.prefill.begun(self._inputs([request]))
        arguments = {**begun, **self._generation([request]), "streamer": streamer}
        thread = Thread(target=self.model.generate, kwargs=arguments, daemon=True)
        thread.start()
        yield from streamer
        thread.join()

    @torch.inference_mode()
    def _batch(self, requests: Sequence[Request]) -> list[Completion]:
        inputs = self._inputs(requests)
        scores: list[dict[str, float] | None] = [None] * len(requests)
        if any(request.choices for request in requests):
            logits = self._next_logits(self.prefill.begun(inputs))
            scores = [self._choice_scores(row, request.choices) for row, request in zip(logits, requests, strict=True)]
        if max(request.max_tokens for request in requests) == 0:
            return [Completion(text="", choice_logprobs=score, tokens=0) for score in scores]
        begun = self.prefill.begun(inputs)
        produced = self.model.generate(**begun, **self._generation(requests))[:, begun["input_ids"].shape[1] :]
        texts = self.processor.tokenizer.batch_decode(produced, skip_special_tokens=True)
        padding = self.model.generation_config.pad_token_id
        counts = (produced != padding).sum(1).tolist()
        return [
            Completion(text=text, choice_logprobs=score, tokens=count)
            for text, score, count in zip(texts, scores, counts, strict=True)
        ]

    def _next_logits(self, begun: dict) -> torch.Tensor:
        """The logits [B, V] after each prompt."""
        past = begun.get("past_key_values")
        known = past.get_seq_length() if past is not None else 0
        asked = {**begun, "input_ids": begun["input_ids"][:, known:]}
        positions = next_positions(begun["attention_mask"], asked["input_ids"].shape[1])
        return self.model(**asked, position_ids=positions, logits_to_keep=1).logits[:, -1].float()

    def _inputs(self, requests: Sequence[Request]) -> dict[str, torch.Tensor]:
        texts = [self.processor.render(request.messages, request.prefix) for request in requests]
        pictures = [picture for request in requests for picture in request.pictures]
        inputs = self.processor(images=pictures, text=texts, padding=True)
        return {name: value.to(self.model.device) for name, value in inputs.items() if name != "token_type_ids"}

    def _generation(self, requests: Sequence[Request]) -> dict:
        banned = [self._sequences(request.banned) for request in requests]
        return {
            "max_new_tokens": max(request.max_tokens for request in requests),
            "do_sample": False,
            "logits_processor": LogitsProcessorList([BannedPhrases(banned)] if any(banned) else []),
        }

    def _sequences(self, phrases: Sequence[str]) -> list[list[int]]:
        """Each phrase's token ids, as they stand at the start of a text and after a blank."""
        encode = self.processor.tokenizer.encode
        return [encode(form, add_special_tokens=False) for phrase in phrases for form in (phrase, f" {phrase}")]

    def _choice_scores(self, logits: torch.Tensor, choices: Sequence[str]) -> dict[str, float] | None:
        if not choices:
            return None
        first = [self.processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in choices]
        return dict(zip(choices, torch.log_softmax(logits[first], 0).tolist(), strict=True))


class BannedPhrases(LogitsProcessor):
    """Each row's own phrases are never completed: the last token of one is barred once the tokens before it stand there."""

    def __init__(self, banned: Sequence[Sequence[Sequence[int]]]):
        self.banned = banned

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        for row, sequences in enumerate(self.banned):
            tail = input_ids[row].tolist()
            for *start, last in sequences:
                if not start or tail[-len(start) :] == start:
                    scores[row, last] = -torch.inf
        return scores
