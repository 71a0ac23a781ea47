"""What the server lets a client do: keys, sizes, counts and times.

vLLM makes the gate without arguments, perhaps in several processes, so the limits travel in one environment variable, a JSON object.
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..model.errors import FacewiseError

VARIABLE = "FACEWISE_LIMITS"
_KEY = re.compile(r"[\x21-\x7e]+")  # what a header carries as it is
# Name -> the least that makes sense.
_COUNTS = {"max_concurrent": 1, "queue": 0, "max_new_tokens": 1, "max_text_chars": 1}


@dataclass(frozen=True)
class Limits:
    """Of each API process. Raises FacewiseError for a value that cannot be. MB are 10^6 bytes."""

    api_keys: tuple[str, ...] = field(default=(), repr=False)  # one of them opens every route; none: everyone may ask
    max_body_mb: float = 64
    max_held_mb: float = 1024  # all bodies together that a process holds, those under way included
    max_concurrent: int = 32  # POST requests that the app works on
    queue: int = 128  # POST requests that wait for it
    queue_timeout_s: float = 30
    body_timeout_s: float = 30  # until a body is there; as long may a client leave a piece of its answer unread
    max_new_tokens: int = 1024
    max_text_chars: int = 16384  # words of a conversation; looking for what is declined takes 40 us a character
    log_content: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            fault = _fault(name, value)
            if fault:
                raise FacewiseError(f"the server's limit {name} {fault}")
        if self.max_held_mb < self.max_body_mb:
            raise FacewiseError(
                f"the server's limit max_held_mb is {self.max_held_mb}, less than one body of max_body_mb={self.max_body_mb}; raise it"
            )

    @classmethod
    def from_env(cls) -> Limits:
        """The limits that FACEWISE_LIMITS holds; what it leaves out, and all if it is absent, has its default."""
        text = os.environ.get(VARIABLE)
        if text is None:
            return cls()
        known = [limit.name for limit in fields(cls)]
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):  # the text is not shown, it may hold keys
            raise FacewiseError(f"{VARIABLE} is no JSON object; it holds limits by their names: {', '.join(known)}")
        strange = sorted(given.keys() - known)
        if strange:
            raise FacewiseError(f"{VARIABLE} holds {strange[0]!r}, which is no limit; there are {', '.join(known)}")
        if isinstance(given.get("api_keys"), list):
            given["api_keys"] = tuple(given["api_keys"])
        return cls(**given)

    def to_env(self) -> None:
        """Sets FACEWISE_LIMITS for this process and those that it starts."""
        os.environ[VARIABLE] = json.dumps(asdict(self))


def _fault(name: str, value: Any) -> str | None:
    """What is wrong with a value and what it should be; a key is never shown."""
    if name == "api_keys":
        good = isinstance(value, tuple) and all(isinstance(key, str) and _KEY.fullmatch(key) for key in value)
        return None if good else "must be a list of keys, each of visible ASCII characters without a space"
    if name == "log_content":
        return None if isinstance(value, bool) else f"is {value!r}; it must be true or false"
    if name in _COUNTS:
        least = _COUNTS[name]
        return None if type(value) is int and value >= least else f"is {value!r}; it must be a whole number from {least} on"
    good = type(value) in (int, float) and math.isfinite(value) and value > 0
    return None if good else f"is {value!r}; it must be a number above 0"
