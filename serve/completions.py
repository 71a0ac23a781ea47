"""OpenAI's chat completions on an engine of ours: what a request means to it, and what it says in OpenAI's shapes.

The engine takes the likeliest token at each place and knows one answer; a setting that asks for anything else is refused with a sentence,
never overlooked. The gate has checked shapes, sizes and what goes together before.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.engines.protocol import Completion, Request
from ..model.engines.vllm import MOST_MEDIA
from ..model.errors import FacewiseError
from ..model.network.processing import FacewiseProcessor
from ..model.perception.moments import Moments
from ..model.perception.picture import Picture, read_picture
from .declining import Refused

_MOST_LIKELY = 20

# Settings and the values of theirs with which nothing changes.
_GREEDY: dict[str, tuple[Any, ...]] = {
    "temperature": (0,),
    "top_p": (1,),
    "top_k": (0, -1),
    "min_p": (0,),
    "n": (1,),
    **dict.fromkeys(("frequency_penalty", "presence_penalty"), (0,)),
    "repetition_penalty": (1,),
    "logit_bias": ({},),
    **dict.fromkeys(("bad_words", "stop", "stop_token_ids", "allowed_token_ids"), ([],)),
    "min_tokens": (0,),
    **dict.fromkeys(("ignore_eos", "include_stop_str_in_output", "return_token_ids"), (False,)),
    "skip_special_tokens": (True,),
}
_HEARD = {
    *("messages", "model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "response_format", "vllm_xargs"),
    *("logprobs", "top_logprobs", "logprob_token_ids", "return_tokens_as_token_ids"),
    *("continue_final_message", "add_generation_prompt"),
    *("user", "metadata", "store", "service_tier", "seed"),  # change nothing in an answer of ours
}
_INSTEAD = {"bad_words": 'vllm_xargs {"banned_phrases": [...]} bars phrases', "stop": "max_tokens ends an answer"}
_NAMES = {"image": ("picture", "data:image/png;base64,..."), "video": ("clip", "data:video/mp4;base64,...")}


@dataclass(frozen=True, eq=False)
class Scores:
    """Which log-probabilities are told of the first token: `likeliest` so many, or those of `ids`."""

    likeliest: int
    ids: tuple[int, ...]
    by_id: bool


@dataclass(frozen=True, eq=False)
class Chat:
    """A chat request as the engine is asked it; `max_tokens` None where the client did not say."""

    request: Request
    max_tokens: int | None
    is_stream: bool
    has_usage: bool
    scores: Scores | None


def read_body(body: Mapping[str, Any], processor: FacewiseProcessor, watch: Callable[[bytes], Moments]) -> Chat:
    """What a body asks for, its pictures decoded and its clips watched. Raises Refused (400) with a sentence."""
    _check_settings(body)
    is_stream = bool(body.get("stream"))
    messages, media = _messages(body["messages"], watch)
    prefix = ""
    if body.get("continue_final_message"):
        messages, prefix = _begun(messages, processor)
    request = Request(
        messages,
        tuple(media["image"]),
        prefix=prefix,
        banned=tuple((body.get("vllm_xargs") or {}).get("banned_phrases", ())),
        clips=tuple(media["video"]),
        schema=_schema(body.get("response_format") or {}),
    )
    options = body.get("stream_options") or {}
    return Chat(request, _max_tokens(body), is_stream, bool(options.get("include_usage")), _scores(body, request))


# What is asked


def _check_settings(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if value is None or name in _HEARD or (name in _GREEDY and value in _GREEDY[name]):
            continue
        instead = _INSTEAD.get(name, "it writes the likeliest token at each place, one answer")
        raise Refused(400, f"{name} {value!r:.40} is not done by the engine hf ({instead}); leave {name} out", name)
    strange = next((name for name, on in (body.get("stream_options") or {}).items() if on and name != "include_usage"), None)
    if strange:
        raise Refused(400, f"stream_options hold {strange!r:.40}; the engine hf knows include_usage", "stream_options")


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    given = [body[name] for name in ("max_completion_tokens", "max_tokens") if body.get(name) is not None]
    if given and given[0] < 1:
        raise Refused(400, f"max_tokens is {given[0]}; an answer has one token at least", "max_tokens")
    return given[0] if given else None


def _schema(form: Mapping[str, Any]) -> dict[str, Any] | None:
    if form.get("type") == "json_object":
        return {"type": "object"}
    return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None


def _scores(body: Mapping[str, Any], request: Request) -> Scores | None:
    ids = body.get("logprob_token_ids") or []
    if not body.get("logprobs"):
        if body.get("top_logprobs") or ids:
            raise Refused(400, "top_logprobs and logprob_token_ids want logprobs true", "logprobs")
        return None
    if _max_tokens(body) != 1 or body.get("stream") or request.banned or request.schema is not None:
        told = (
            "the engine hf tells log-probabilities of the first token of a free answer: ask with max_tokens 1 and without stream"
        )
        raise Refused(400, told, "logprobs")
    if not isinstance(ids, list) or not all(type(one) is int and one >= 0 for one in ids):
        raise Refused(400, "logprob_token_ids must be a list of token ids", "logprob_token_ids")
    return Scores(min(body.get("top_logprobs") or 0, _MOST_LIKELY), tuple(ids), bool(body.get("return_tokens_as_token_ids")))


def _messages(given: list[dict[str, Any]], watch: Callable[[bytes], Moments]) -> tuple[list[dict[str, Any]], dict[str, list]]:
    """Messages as the chat template knows them, and the pictures and clips that they hold, in order."""
    media: dict[str, list] = {"image": [], "video": []}
    messages = []
    for message in given:
        content = message["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        kinds = [part["type"].removesuffix("_url") for part in parts]
        for part, kind in zip(parts, kinds, strict=True):
            if kind in media:
                media[kind].append(part[f"{kind}_url"]["url"])
        said = [part if kind == "text" else {"type": kind} for part, kind in zip(parts, kinds, strict=True)]
        messages.append({"role": message["role"], "content": said})
    for kind, most in MOST_MEDIA.items():
        if len(media[kind]) > most:
            raise Refused(
                400, f"the messages hold {len(media[kind])} {_NAMES[kind][0]}s; at most {most} are looked at", "messages"
            )
    readers: dict[str, Callable[[bytes], Picture | Moments]] = {"image": read_picture, "video": watch}
    return messages, {kind: [_read(kind, readers[kind], url) for url in urls] for kind, urls in media.items()}


def _read(kind: str, reader: Callable[[bytes], Any], url: str) -> Any:
    what, example = _NAMES[kind]
    head, _, text = url.partition(",")
    if not head.lower().startswith("data:"):
        raise Refused(400, f"this server fetches nothing: send the {what} itself, as a data URI ({example})", "messages")
    try:
        if not head.lower().endswith(";base64"):
            raise ValueError
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(400, f"the data URI of a {what} holds no base64 ({example})", "messages") from None
    try:
        return reader(data)
    except FacewiseError as error:
        raise Refused(400, str(error), "messages") from None


def _begun(messages: list[dict[str, Any]], processor: FacewiseProcessor) -> tuple[list[dict[str, Any]], str]:
    """The conversation and how its answer begins, as the chat template writes it: a client's special tokens are none."""
    before = messages[:-1]
    try:
        whole = processor.apply_chat_template(messages, tokenize=False, continue_final_message=True)
    except ValueError:
        raise Refused(400, "the answer that was begun holds nothing, or special tokens; write words", "messages") from None
    return before, whole.removeprefix(processor.render(before))


# What is said


@dataclass(frozen=True, eq=False)
class Sayings:
    """The shapes of one answer, which share id, time and model."""

    model: str
    prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, tokens: int, finish: str, logprobs: dict[str, Any] | None = None) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage(tokens)}

    def event(self, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def usage_event(self, tokens: int) -> str:
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage(tokens)})

    def usage(self, tokens: int) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": self.prompt_tokens + tokens,
        }

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def event(data: dict[str, Any] | str) -> str:
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def finish_reason(completion: Completion, max_tokens: int) -> str:
    return "stop" if completion.tokens < max_tokens else "length"


def first_token(logprobs_V: Any, scores: Scores, processor: FacewiseProcessor) -> tuple[str, dict[str, Any]]:
    """The text of the likeliest token, and OpenAI's `logprobs` about it, from the log-probabilities of all tokens."""
    tokenizer = processor.tokenizer
    best = int(logprobs_V.argmax())
    told = scores.ids or logprobs_V.topk(scores.likeliest).indices.tolist()

    def entry(token: int) -> dict[str, Any]:
        text = f"token_id:{token}" if scores.by_id else tokenizer.decode([token])
        return {"token": text, "logprob": max(float(logprobs_V[token]), -9999.0), "bytes": list(text.encode())}

    content = {**entry(best), "top_logprobs": [entry(token) for token in told]}
    return tokenizer.decode([best], skip_special_tokens=True), {"content": [content], "refusal": None}
