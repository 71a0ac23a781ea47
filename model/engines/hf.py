"""Answers by transformers: one loaded model, batches of requests, greedy decoding.

Requests of one call share a batch, and each row of it ends at its own length; a picture is prefilled once (prefill.py). Log-probabilities
are read from the logits after the prompt, of choices over the choices' first tokens alone; a choice is never forced by a grammar.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Event
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

from ..network.modeling import FacewiseForConditionalGeneration
from ..network.processing import FacewiseProcessor
from ..structured import Grammars
from .banning import barred, forms
from .prefill import Prefill, next_positions
from .protocol import Completion, Request

HasLeft = Callable[[int], bool]


def nobody_left(number: int) -> bool:
    return False


class HfEngine:
    """`complete` answers batches of at most `batch_size`; `stream` yields one answer's text as it comes."""

    name = "hf"

    def __init__(self, model: FacewiseForConditionalGeneration, processor: FacewiseProcessor, batch_size: int = 16):
        self.model = model.eval()
        self.processor = processor
        self.batch_size = batch_size
        self.prefill = Prefill(self.model)
        self.processor.tokenizer.padding_side = "left"

    def complete(self, requests: Sequence[Request], has_left: HasLeft = nobody_left) -> list[Completion]:
        """`has_left`, asked before each token, says of a request by its number that nobody waits for it any more."""
        done: list[Completion] = []
        # What is remembered of a clip's prompt, up to 16 faces of 115 tokens, takes 40 to 90 MB a row.
        size = self.batch_size if not any(request.clips for request in requests) else max(1, self.batch_size // 4)
        for start in range(0, len(requests), size):
            done += self._batch(requests[start : start + size], lambda row, start=start: has_left(start + row))
        return done

    def stream(self, request: Request) -> Generator[str, None, Completion]:
        """Pieces of the text; in the end the whole is returned. A stream that is closed early writes no further token."""
        streamer = TextIteratorStreamer(self.processor.tokenizer, skip_prompt=True, skip_special_tokens=True)
        is_closed = Event()
        with ThreadPoolExecutor(1, "facewise-stream") as thread:
            writing = thread.submit(self._streamed, request, streamer, lambda row: is_closed.is_set())
            writing.add_done_callback(lambda _: streamer.text_queue.put(streamer.stop_signal))  # after a fault, too
            try:
                yield from streamer
            finally:
                is_closed.set()
        return writing.result()

    @torch.inference_mode()
    def first_logprobs(self, requests: Sequence[Request]) -> torch.Tensor:
        """Log-probabilities [B, V] of what comes first after each prompt, among all tokens that may be written."""
        logits = self._next_logits(self.prefill.begun(self._inputs(requests)))
        logits[:, [token for token in self.model.generation_config.suppress_tokens or () if token < logits.shape[1]]] = -torch.inf
        return torch.log_softmax(logits, 1).cpu()

    def prompt_tokens(self, request: Request) -> int:
        """How long a prompt is. May be called from any thread; perceives its pictures."""
        return self._inputs([request])["input_ids"].shape[1]

    @cached_property
    def grammars(self) -> Grammars:
        return Grammars(self.processor.tokenizer, self.model.get_output_embeddings().weight.shape[0], sorted(self._stops))

    @torch.inference_mode()
    def _batch(self, requests: Sequence[Request], has_left: HasLeft) -> list[Completion]:
        inputs = self._inputs(requests)
        scores: list[dict[str, float] | None] = [None] * len(requests)
        if any(request.choices for request in requests):
            logits = self._next_logits(self.prefill.begun(inputs))
            scores = [self._choice_scores(row, request.choices) for row, request in zip(logits, requests, strict=True)]
        if max(request.max_tokens for request in requests) == 0:
            return [Completion(text="", choice_logprobs=score, tokens=0) for score in scores]
        return self._written(requests, inputs, scores, has_left)

    @torch.inference_mode()
    def _streamed(self, request: Request, streamer: TextIteratorStreamer, has_left: HasLeft) -> Completion:
        return self._written([request], self._inputs([request]), [None], has_left, streamer=streamer)[0]

    def _written(
        self,
        requests: Sequence[Request],
        inputs: dict[str, torch.Tensor],
        scores: Sequence[dict[str, float] | None],
        has_left: HasLeft,
        **options: Any,
    ) -> list[Completion]:
        begun = self.prefill.begun(inputs)
        length = begun["input_ids"].shape[1]
        limits = [request.max_tokens for request in requests]
        ends = StoppingCriteriaList([RowEnds(length, limits, has_left)])
        produced = self.model.generate(**begun, **self._generation(requests), stopping_criteria=ends, **options)[:, length:]
        rows = [
            [token for token in row[:most] if token not in self._ends]
            for row, most in zip(produced.tolist(), limits, strict=True)
        ]
        texts = self.processor.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [
            Completion(text=text, choice_logprobs=score, tokens=len(row))
            for text, score, row in zip(texts, scores, rows, strict=True)
        ]

    @cached_property
    def _stops(self) -> set[int]:
        """Tokens that end a text: what fills the place after it does not, where that is another one."""
        stops = self.model.generation_config.eos_token_id
        return {*(stops if isinstance(stops, list) else [stops])} - {None}

    @cached_property
    def _ends(self) -> set[int]:
        """Tokens that end a text or fill what comes after it; they are no written ones."""
        return self._stops | {self.model.generation_config.pad_token_id} - {None}

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
        clips = [clip for request in requests for clip in request.clips]
        inputs = self.processor(images=pictures, text=texts, videos=clips, padding=True)
        return {name: value.to(self.model.device) for name, value in inputs.items() if name != "token_type_ids"}

    def _generation(self, requests: Sequence[Request]) -> dict:
        banned = [forms(request.banned, self.processor.tokenizer) for request in requests]
        processors: list[LogitsProcessor] = [BannedPhrases(banned)] if any(banned) else []
        if any(request.schema is not None for request in requests):
            processors.append(KeptSchemas([request.schema for request in requests], self.grammars))
        return {
            "max_new_tokens": max(request.max_tokens for request in requests),
            "do_sample": False,
            "logits_processor": LogitsProcessorList(processors),
        }

    def _choice_scores(self, logits: torch.Tensor, choices: Sequence[str]) -> dict[str, float] | None:
        if not choices:
            return None
        first = [self.processor.tokenizer.encode(choice, add_special_tokens=False)[0] for choice in choices]
        return dict(zip(choices, torch.log_softmax(logits[first], 0).tolist(), strict=True))


class RowEnds(StoppingCriteria):
    """Each row has its own most tokens after `start`, and ends at once where nobody waits for it."""

    def __init__(self, start: int, most: Sequence[int], has_left: HasLeft):
        self.start = start
        self.most = most
        self.has_left = has_left

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **_: Any) -> torch.BoolTensor:
        written = input_ids.shape[1] - self.start
        ended = [written >= most or self.has_left(row) for row, most in enumerate(self.most)]
        return torch.tensor(ended, device=input_ids.device)


class BannedPhrases(LogitsProcessor):
    """Each row's own phrases are never completed."""

    def __init__(self, banned: Sequence[Sequence[Sequence[int]]]):
        self.banned = banned

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        for row, sequences in enumerate(self.banned):
            scores[row, list(barred(sequences, input_ids[row].tolist()))] = -torch.inf
        return scores


class KeptSchemas(LogitsProcessor):
    """Each row with a schema may only write what its schema allows next."""

    def __init__(self, schemas: Sequence[dict[str, Any] | None], grammars: Grammars):
        self.matchers = [None if schema is None else grammars.matcher(schema) for schema in schemas]
        self.allowed = torch.empty(1, (grammars.vocabulary + 31) // 32, dtype=torch.int32)  # a bit a token
        self.unwritable = grammars.unwritable
        self.has_begun = False

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        from xgrammar import apply_token_bitmask_inplace

        for row, matcher in enumerate(self.matchers):
            if matcher is None:
                continue
            if self.has_begun and (not matcher.accept_token(int(input_ids[row, -1])) or matcher.is_terminated()):
                self.matchers[row] = None  # the row has ended
                continue
            matcher.fill_next_token_bitmask(self.allowed)
            apply_token_bitmask_inplace(scores[row : row + 1], self.allowed.to(scores.device))
            scores[row, self.unwritable] = -torch.inf
        self.has_begun = True
        return scores
