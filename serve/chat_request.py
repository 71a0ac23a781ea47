"""What a client may put into a chat request, and what the gate must know of it.

Fields, roles and kinds of content are allow-lists, because vLLM adds some with every version and takes all that it knows. What any engine
would refuse or trip over is refused here, so that all say the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..model.engines.banning import are_phrases
from ..model.errors import FacewiseError
from ..model.refusals import refusal
from ..model.structured import check_schema
from .declining import Refused
from .limits import Limits

# What a client may set, and what kind of value it has, strictly: vLLM reads "9" and 9.0 as 9. Refused by not standing here:
# - mm_processor_kwargs, media_io_kwargs: change how a picture is read, and so what the caches keep of it for everyone;
# - chat_template is a program; it, chat_template_kwargs, documents, reasoning_effort and add_special_tokens change what stands around
#   the words, and a served prompt would no longer be the one that was trained, evaluated and screened;
# - cache_salt, session_id, request_id, kv_transfer_params, ec_transfer_params and the like in vllm_xargs: name what the server keeps or
#   runs for others; a guessed salt reads their cache, a new one each time crowds it out, a known id is their request's;
# - priority: overtakes whoever waits; use_beam_search, best_of (and n over 1): the work of several requests in one slot;
# - prompt_logprobs, echo: a vocabulary of numbers for each token of the prompt, past the prefix cache;
# - truncate_prompt_tokens, truncation_side: cut a picture's tokens, or the system's words, in the middle;
# - structured_outputs: expressions and grammars that take as long to compile as their writer likes; response_format says all we need;
# - tools, tool_choice, functions: no model of ours calls any, and a named one is a grammar again.
_FIELDS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    **dict.fromkeys(("user", "service_tier"), (str,)),  # OpenAI's clients send these, metadata and store; vLLM takes no notice
    **dict.fromkeys(("stream_options", "response_format", "metadata", "logit_bias", "vllm_xargs"), (dict,)),
    **dict.fromkeys(("messages", "bad_words", "allowed_token_ids", "stop_token_ids", "logprob_token_ids"), (list,)),
    "stop": (str, list),
    **dict.fromkeys(("temperature", "top_p", "min_p"), (int, float)),
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "repetition_penalty"), (int, float)),
    **dict.fromkeys(("n", "max_tokens", "max_completion_tokens", "min_tokens", "top_k", "seed", "top_logprobs"), (int,)),
    **dict.fromkeys(("stream", "store", "logprobs", "ignore_eos", "include_stop_str_in_output", "skip_special_tokens"), (bool,)),
    **dict.fromkeys(("return_token_ids", "return_tokens_as_token_ids"), (bool,)),
    **dict.fromkeys(("continue_final_message", "add_generation_prompt"), (bool,)),  # an answer that our own http engine has begun
}
_CALLED = {str: "a text", dict: "an object", list: "a list", int: "a whole number", float: "a number", bool: "true or false"}
# They bar what a grammar wants next, which ends in a fault, or write on behind its end.
_NOT_BESIDE_A_SCHEMA = ("bad_words", "allowed_token_ids", "stop_token_ids", "ignore_eos")
# Templates write a role into the prompt, between the marks of a message, and some write whatever it is.
_ROLES = ("system", "user", "assistant")
# Kinds of content, each held by a field of its own name. vLLM knows more: embeddings are tensors to be unpacked, and a sound is no face.
# A uuid is refused, because vLLM's caches know a picture by it: another client's picture would be the one that is answered about.
_KINDS = ("text", "image_url", "video_url")
_MOST_PARTS = 1024  # of content, in all messages together
_LONGEST_FIELD = 16384  # characters of every other field, as JSON
_MOST_PHRASES = 256  # three times as many as our own engines ban; each is looked for at each token
_LEAST_SEED, _MOST_SEED = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class ChatRequest:
    """What the gate must know of a chat request; `words` are the last user's, one text for each way to join their parts."""

    model: str
    words: tuple[str, ...]
    is_stream: bool
    has_usage: bool

    def declined(self) -> str | None:
        """The sentence that declines what is asked. Takes 40 us a character."""
        return next(filter(None, map(refusal, self.words)), None)


def read_chat(body: dict[str, Any], limits: Limits) -> ChatRequest:
    """The chat request that a body is. Raises Refused (400) for what is none, and for what a client must not set."""
    given = {name: value for name, value in body.items() if value is not None}
    for name, value in given.items():
        _check_field(name, value)
    _check_numbers(given, limits)
    _check_stream(given)
    _check_format(given.get("response_format"))
    _check_extra(given.get("vllm_xargs"))
    _check_beside_a_schema(given)
    spoken = _spoken(given.get("messages"))
    _check_begun(given, [role for role, _ in spoken])
    length = sum(len(text) for _, texts in spoken for text in texts)
    if length > limits.max_text_chars:
        raise Refused(400, f"the messages hold {length} characters; at most {limits.max_text_chars} are read", "messages")
    return ChatRequest(
        model=given.get("model") or "facewise",
        words=_last_words(spoken),
        is_stream=given.get("stream", False),
        has_usage=given.get("stream_options", {}).get("include_usage", False) is True,
    )


def _check_field(name: str, value: Any) -> None:
    if name not in _FIELDS:
        raise Refused(400, f"{name[:64]} cannot be set on this server; leave it out", name[:64])
    if type(value) not in _FIELDS[name]:
        raise Refused(400, f"{name} must be {' or '.join(_CALLED[kind] for kind in _FIELDS[name])}", name)
    if name != "messages" and (length := len(json.dumps(value))) > _LONGEST_FIELD:
        raise Refused(400, f"{name} is {length} characters long; at most {_LONGEST_FIELD} are read", name)


def _check_numbers(given: dict[str, Any], limits: Limits) -> None:
    tokens = dict.fromkeys(("max_tokens", "max_completion_tokens", "min_tokens"), (0, limits.max_new_tokens))
    for name, (least, most) in {"n": (0, 1), "top_logprobs": (0, 20), "seed": (_LEAST_SEED, _MOST_SEED), **tokens}.items():
        if not least <= given.get(name, 0) <= most:
            raise Refused(400, f"{name} must be a whole number from {least} to {most}", name)


def _check_stream(given: dict[str, Any]) -> None:
    options = given.get("stream_options", {})
    if options and not given.get("stream"):
        raise Refused(400, "stream_options go with stream true; leave them out", "stream_options")
    for name, value in options.items():
        if name not in ("include_usage", "continuous_usage_stats") or not isinstance(value, bool | None):
            raise Refused(
                400, "stream_options may hold include_usage and continuous_usage_stats, true or false", "stream_options"
            )


def _check_beside_a_schema(given: dict[str, Any]) -> None:
    form = given.get("response_format", {}).get("type", "text")
    names = [name for name in _NOT_BESIDE_A_SCHEMA if given.get(name)]
    if given.get("vllm_xargs", {}).get("banned_phrases"):
        names.append("banned_phrases")
    if form != "text" and names:
        raise Refused(400, f"{names[0]} does not go with response_format; leave one of both out", "response_format")


def _check_begun(given: dict[str, Any], roles: list[str]) -> None:
    goes_on = given.get("continue_final_message", False)
    if goes_on is given.get("add_generation_prompt", True):
        told = "continue_final_message true goes with add_generation_prompt false, and neither without the other"
        raise Refused(400, told, "continue_final_message")
    if goes_on and (len(roles) < 2 or roles[-1] != "assistant"):
        told = "continue_final_message wants an assistant's message in the end, and a question before it"
        raise Refused(400, told, "messages")


def _check_format(form: Any) -> None:
    """A schema becomes a grammar, and some take minutes to compile: those that every engine of ours keeps do not."""
    if form is None:
        return
    if form.get("type") not in ("text", "json_object", "json_schema"):
        raise Refused(400, "response_format must be of type text, json_object or json_schema", "response_format")
    if form["type"] == "json_schema":
        named = form.get("json_schema")
        if not isinstance(named, dict) or not isinstance(named.get("name"), str):
            told = 'it is {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}'
            raise Refused(400, f"response_format holds no schema with a name; {told}", "response_format")
        try:
            check_schema(named.get("schema"))
        except FacewiseError as error:
            raise Refused(400, f"response_format: {error}", "response_format") from None


def _check_extra(extra: Any) -> None:
    """vLLM's extra arguments may only be ours: phrases that the answer must not hold."""
    if extra is None:
        return
    phrases = extra.get("banned_phrases") if len(extra) == 1 else None
    if phrases is None or not are_phrases(phrases) or len(phrases) > _MOST_PHRASES:
        most = f'{{"banned_phrases": [...]}}, at most {_MOST_PHRASES} of them and none empty'
        raise Refused(400, f"vllm_xargs may hold nothing but {most}", "vllm_xargs")


def _spoken(messages: Any) -> list[tuple[str, list[str]]]:
    """Role and texts of each message."""
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise Refused(400, "messages must be a list of objects with role and content", "messages")
    spoken = [_message(message) for message in messages]
    if sum(max(1, len(texts)) for _, texts in spoken) > _MOST_PARTS:
        raise Refused(400, f"the messages hold more than {_MOST_PARTS} parts of content", "messages")
    return spoken


def _message(message: dict[str, Any]) -> tuple[str, list[str]]:
    """Pictures have empty texts."""
    _only(message, ("role", "content", "refusal"))
    role, content = message.get("role"), message.get("content")
    if not isinstance(message.get("refusal"), str | None):
        raise Refused(400, "the refusal in a message must be a text", "messages")
    if role not in _ROLES:
        raise Refused(400, f"the role of a message must be one of {', '.join(_ROLES)}", "messages")
    if isinstance(content, str):
        return role, [content]
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise Refused(400, "the content of a message must be a text or a list of objects", "messages")
    return role, [_text(part) for part in content]


def _text(part: dict[str, Any]) -> str:
    kind = part.get("type")
    if kind not in _KINDS:
        raise Refused(400, f"the type of a part of content is {kind!r:.64}; it must be one of {', '.join(_KINDS)}", "messages")
    _only(part, ("type", kind))
    held = part.get(kind)
    if kind == "text":
        if not isinstance(held, str):
            raise Refused(400, "a part of type text must hold its words as text", "messages")
        return held
    if not isinstance(held, dict) or not isinstance(held.get("url"), str):
        raise Refused(400, f'a part of type {kind} must hold {kind}: {{"url": ...}}', "messages")
    _only(held, ("url", "detail"))
    return ""


def _only(held: dict[str, Any], names: tuple[str, ...]) -> None:
    strange = next((name for name, value in held.items() if value is not None and name not in names), None)
    if strange is not None:
        raise Refused(
            400, f"{strange[:64]} cannot be set there; the messages may hold {', '.join(names)} in its place", "messages"
        )


def _last_words(spoken: list[tuple[str, list[str]]]) -> tuple[str, ...]:
    """What the user said last, in one message or several. Templates differ in what they put between two parts, so nothing and a
    space are both looked at."""
    last: list[str] = []
    for role, texts in reversed(spoken):
        if role == "assistant" and last:
            break
        if role == "user":
            last = [text for text in texts if text] + last
    return tuple(dict.fromkeys((" ".join(last), "".join(last))))
