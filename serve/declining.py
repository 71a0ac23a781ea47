"""Saying no to a request: an error in OpenAI's shape, or the sentence that declines a question no face answers, as an answer."""

from __future__ import annotations

import json
import time
from http import HTTPStatus

NOBODY_WAITS = "it is answered no more: the one who asked has left, or the server stops"


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request that is answered by an error. `param` names the field that is to blame."""

    def __init__(self, status: int, message: str, param: str | None = None, **headers: str):
        super().__init__(message)
        self.status = status
        self.param = param
        self.headers = headers

    def body(self) -> bytes:
        """OpenAI's shape, with vLLM's habit of a number for the code."""
        kind = HTTPStatus(self.status).phrase.replace(" ", "").removesuffix("Error") + "Error"
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.status}
        return json.dumps({"error": error}).encode()


def declining_answer(sentence: str, request_id: str, model: str, is_stream: bool, has_usage: bool) -> tuple[str, bytes]:
    """Content type and body of a chat completion that says `sentence`: one object, or events if a stream was asked for."""
    shared = {"id": f"chatcmpl-{request_id}", "created": int(time.time()), "model": model}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    # Whoever wants JSON finds the sentence where OpenAI's clients look first, all others where every answer is.
    said = {"content": sentence, "refusal": sentence}
    if not is_stream:
        choice = {"index": 0, "message": {"role": "assistant", **said}, "logprobs": None, "finish_reason": "stop"}
        whole = {**shared, "object": "chat.completion", "choices": [choice], "usage": usage}
        return "application/json", json.dumps(whole).encode()
    deltas: list[tuple[dict, str | None]] = [({"role": "assistant", "content": ""}, None), (said, None), ({}, "stop")]
    chunks: list[dict] = [
        {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]} for delta, finish in deltas
    ]
    if has_usage:
        chunks.append({"choices": [], "usage": usage})
    events = [json.dumps({**shared, "object": "chat.completion.chunk", **chunk}) for chunk in chunks]
    return "text/event-stream; charset=utf-8", "".join(f"data: {event}\n\n" for event in (*events, "[DONE]")).encode()
