"""What an engine is asked and what it gives back: one batch in, one batch out.

Pictures travel whole and `face` says which face of the last picture is meant, so that an engine can read a picture once and
answer for every face. The text of a completion never contains the prefix it continues.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..perception.moments import Moments
    from ..perception.picture import Picture
    from ..perception.video import Clip

MAX_TOKENS = 96


@dataclass(frozen=True)
class Request:
    """One question about one face.

    `messages` are OpenAI's content lists, pictures as {"type": "image"} in the order of `pictures`, clips as {"type": "video"} in that of
    `clips`; `face` counts from 0. The reply continues `prefix`. `choices` are scored by their first token right after the prefix, the full
    distribution left raw. `banned` phrases may not be written: in lower case or capitalised, with or without a space before them. What is
    written keeps the JSON `schema`, whole if `max_tokens` do. `max_tokens` 0 only scores the choices.
    """

    messages: list[dict[str, Any]]
    pictures: tuple[Picture, ...]
    face: int = 0
    prefix: str = ""
    choices: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    max_tokens: int = MAX_TOKENS
    clips: tuple[Clip | Moments, ...] = ()
    schema: dict[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """`text` without the prefix; natural-log probabilities of the choices, None where the engine has none; tokens written."""

    text: str
    choice_logprobs: dict[str, float] | None = None
    tokens: int = 0


class Engine(Protocol):
    """Runs a language model; `complete` keeps the order of its requests."""

    name: str

    def complete(self, requests: Sequence[Request]) -> list[Completion]: ...

    def stream(self, request: Request) -> Iterator[str]: ...
