"""What a server's answer means: the values in a chat completion, or whether asking again can help this row, no row, or all but this.

Nothing is trusted to have its shape. A text is taken if it is one JSON object, in a fence or not, and never searched for one: what stands around it
shows that the model did something else than was asked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .spending import Usage

REFUSED = (400, 413, 415, 422)
ENDS_ALL = (401, 402, 404, 405)
PASSING = (408, 409, 425, 429)  # and all from 500 on
MOST_WAIT_S = 600.0
MOST_TOKENS = 10**8  # that a server may claim
SHOWN = 300
REMEDIES = {
    401: "the key was refused; set FACEWISE_API_KEY to the key of this server",
    402: "the account is used up; pay in, or raise its limit",
    404: "no such model, or no OpenAI-compatible server there; check the address and --teacher-model",
    405: "no OpenAI-compatible server there; check the address",
}
_FENCE = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL)


class Passing(Exception):  # noqa: N818 - it may be none the next time
    """May be well when it is asked again, after `wait_s` where the server said so."""

    def __init__(self, reason: str, wait_s: float | None = None):
        super().__init__(reason)
        self.wait_s = wait_s


class Nonsense(Passing):
    """What came back is paid for, and is no answer."""

    def __init__(self, reason: str):
        super().__init__(f"nonsense came back: {reason}")


class Silent(Passing):
    """Nothing whole came back."""


class Lasting(Exception):  # noqa: N818 - of a row
    """Would come again for this row."""


class Refused(Lasting):
    """The server did not take the request as it was put."""


@dataclass(frozen=True)
class Fault:
    """A status that is no 200: `words` for the user; for all rows, or for one (`kind`)."""

    words: str
    kind: type[Passing] | type[Lasting] | None
    wait_s: float | None = None

    def of_a_row(self, words: str) -> Passing | Lasting:
        return Passing(words, self.wait_s) if self.kind is Passing else (self.kind or Lasting)(words)


def fault_of(status: int, headers: Mapping[str, str], data: bytes) -> Fault:
    told, code = _error(data)
    words = f"HTTP {status}: {told}" if told else f"HTTP {status}"
    if 300 <= status < 400:
        return Fault(f"the server sends elsewhere ({words}): {headers.get('Location', '')[:SHOWN]}; give that address", None)
    if status in ENDS_ALL:
        return Fault(f"{REMEDIES[status]} ({words})", None)
    if code == "insufficient_quota":
        return Fault(f"{REMEDIES[402]} ({words})", None)
    wait_s = _wait_s(headers.get("Retry-After", ""))
    if wait_s is not None and wait_s > MOST_WAIT_S:
        return Fault(f"the server wants to be asked again in {wait_s:.0f} s ({words}); come back then", None)
    if status in PASSING or status >= 500 or status < 300:
        return Fault(words, Passing, wait_s)
    return Fault(words, Refused if status in REFUSED else Lasting)


def _error(data: bytes) -> tuple[str, str]:
    """What an error's body says, on one line, and its code; nothing if it is a page."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return "", ""
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return " ".join(str(error).split())[:SHOWN], ""
    words = " ".join(str(error.get("message") or error.get("detail") or "").split())
    return words[:SHOWN], str(error.get("code") or error.get("type") or "")


def _wait_s(text: str) -> float | None:
    """Retry-After: seconds, or a date."""
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


# A chat completion


def reply_of(data: bytes) -> dict[str, Any]:
    """The object of a 200. Raises Nonsense for what is none."""
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError):
        raise Nonsense("no JSON") from None
    if not isinstance(reply, dict):
        raise Nonsense("no chat completion")
    return reply


def usage_of(reply: Mapping[str, Any]) -> Usage | None:
    """None where the server does not tell, or tells what cannot be."""
    usage = reply.get("usage")
    told = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else [None]
    return Usage(*told) if all(type(count) is int and 0 <= count < MOST_TOKENS for count in told) else None


def values_of(reply: Mapping[str, Any], most: int) -> Any:
    """What the message says as JSON. Raises Lasting for one that was cut off at `most` tokens or declined, Nonsense for the rest."""
    try:
        choice = reply["choices"][0]
        message, ending = choice["message"], choice.get("finish_reason")
        text, declined = message.get("content"), message.get("refusal")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Nonsense("no chat completion") from None
    if declined or ending == "content_filter":
        raise Lasting(f"the model declines: {' '.join(str(declined or text or ending).split())[:SHOWN]}")
    if ending == "length":
        raise Lasting(f"the answer was cut off at {most} tokens; raise --max-tokens")
    if not isinstance(text, str) or not text.strip():
        raise Nonsense("no text")
    fenced = _FENCE.fullmatch(text)
    try:
        return json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        raise Nonsense(f"no JSON in the text ({' '.join(text.split())[:60]})") from None
