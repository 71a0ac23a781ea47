"""Answers by a server that speaks OpenAI's protocol, one client an engine, its connections kept, 16 requests at once unless told.

Ours tells its config: it scores the tokens of the verdict by their ids, continues a begun answer and bans phrases. A peer knows nothing
of these: how to begin is asked for in words and taken off its answer, and choices are looked for among its twenty likeliest tokens. The
network runs in an event loop of its own thread, so that a time-out, a fault beside it or Ctrl-C ends a request at once.
"""

import asyncio
import os
import re
import threading
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai

from ..errors import FacewiseError
from ..readings import spoof_score, verdict
from ..wording import CHOICES
from .chat_shapes import (
    MISSHAPED,
    among,
    beginning,
    clip_uri,
    continued,
    data_uri,
    is_number,
    piece_of,
    spoken,
    top_logprobs,
    with_words,
    written,
)
from .protocol import Completion, Request

AT_ONCE = 16
TIMEOUT_S = 120.0  # of one request, all its tries together
CONNECT_S = 5.0
RETRIES = 3
MAX_ANSWER_MB = 4  # thousands of words, or of models
TOP_LOGPROBS = 20  # more is refused by vLLM and by OpenAI
OWN_KEY, OPENAI_KEY, OPENAI = "FACEWISE_API_KEY", "OPENAI_API_KEY", "https://api.openai.com/"  # whose key goes nowhere else
NO_KEY = "none"  # the client wants one, a server without a key does not look
NUMBERED = "Faces are numbered by their size: Face 1 is the largest in the picture."

_ADDRESS = re.compile(
    r"https?://([\w-]{1,63}(\.[\w-]{1,63})*\.?|\[[0-9a-f:.]+\])(:\d*)?(/[\w.~%/+:@,;=&!$'()*-]{0,1000})?", re.A | re.I
)
_NO_SUCH_ROUTE = (400, 401, 403, 404, 405)  # a peer's /faces/config; whether the key is right, /models tells
_T = TypeVar("_T")


@dataclass(frozen=True)
class Server:
    """What a server says of itself: its first model and, if it is ours, what the verdict and the number of faces go by."""

    model: str
    ours: bool = False
    verdict_ids: tuple[int, int] | None = None
    calibration: Mapping[str, float] | None = None
    max_faces: int | None = None


class HttpEngine:
    """`server` says who answers at `url`; it is asked at once. `timeout_s` of each request, its retries included.

    Raises FacewiseError, here and in every answer, for an address that is none and for a server that cannot be reached, refuses the key or
    the request, does not answer in time, or answers nonsense.
    """

    name = "http"

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S, at_once: int = AT_ONCE):
        self.url = address(url)
        self.timeout_s = timeout_s
        self._key = key(self.url)
        self._loop = _loop()
        self._room = asyncio.Semaphore(at_once)
        self._client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self._key,
            max_retries=RETRIES,
            timeout=openai.Timeout(timeout_s, connect=CONNECT_S),
            default_headers={"Accept-Encoding": "identity"},
            # A picture is not sent on to a place that nobody named.
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"response": [_bound]}),
        )
        self.server = self._run(self._introduced())

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        return self._run(self._all(list(zip(requests, self._spoken(requests), strict=True))))

    def stream(self, request: Request) -> Iterator[str]:
        """Pieces of the text; a stream that is closed early ends its connection."""
        with closing(self._pieces(self._writing(request, self._spoken([request])[0]))) as pieces:
            yield from pieces if self.server.ours else continued(pieces, request.prefix)

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What `work` returns, done by the loop; given up where the waiting for it is interrupted."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()

    # Who answers

    async def _introduced(self) -> Server:
        async with self._patience():
            config = await self._config()
            models: Any = await self._client.get("/models", cast_to=object)
        try:
            model = models["data"][0]["id"]
        except MISSHAPED:
            model = None
        if not isinstance(model, str) or not model:
            raise FacewiseError(f"{self.url}: /models names no model; check the address, and that a model is served there")
        if not isinstance(config, dict) or "verdict_ids" not in config:
            return Server(model)
        return self._of_ours(model, config)

    async def _config(self) -> Any:
        try:
            return await self._client.get("/faces/config", cast_to=object)
        except openai.APIStatusError as error:
            if error.status_code in _NO_SUCH_ROUTE:
                return None
            raise

    def _of_ours(self, model: str, config: Mapping[str, Any]) -> Server:
        ids, calibration, max_faces = config["verdict_ids"], config.get("calibration"), config.get("max_faces")
        right = (not ids or _are_two_ids(ids)) and (calibration is None or _calibrates(calibration))
        if not right or not isinstance(max_faces, int) or max_faces < 1:
            raise FacewiseError(f"{self.url}: /faces/config cannot be read; server and client are different versions of Facewise")
        return Server(model, True, tuple(ids) if ids else None, calibration, max_faces)

    # What is asked

    def _spoken(self, requests: Sequence[Request]) -> list[list[dict[str, Any]]]:
        """The messages of each request with its pictures and clips in them; what many requests show is encoded once. A clip goes as its file,
        which a server of ours watches and another one refuses or samples."""
        pictures = {id(picture): picture for request in requests for picture in request.pictures}
        uris = {number: data_uri(picture, self.server.ours) for number, picture in pictures.items()}
        clips = {id(clip): clip for request in requests for clip in request.clips}
        uris |= {number: clip_uri(clip) for number, clip in clips.items()}
        return [
            spoken(request.messages, [uris[id(one)] for one in request.pictures], [uris[id(one)] for one in request.clips])
            for request in requests
        ]

    def _writing(self, request: Request, messages: list[dict[str, Any]]) -> dict[str, Any]:
        body = {"model": self.server.model, "messages": messages, "temperature": 0, "max_tokens": request.max_tokens}
        if not self.server.ours:
            begin = f'Begin your answer with the words "{request.prefix}" and go on from them.' if request.prefix else ""
            return body | {"messages": with_words(messages, NUMBERED, begin)}
        # Not as bad_words: vLLM bars those in one tokenisation, " happiness" inside a sentence is another.
        bans = {"vllm_xargs": {"banned_phrases": list(request.banned)}} if request.banned else {}
        return body | beginning(messages, request.prefix, bans)

    def _scoring(self, request: Request, messages: list[dict[str, Any]]) -> dict[str, Any]:
        body = {"model": self.server.model, "messages": messages, "temperature": 0, "max_tokens": 1, "logprobs": True}
        if not self.server.ours:
            words = f"Answer with one word: {' or '.join(request.choices)}."
            return body | {"top_logprobs": TOP_LOGPROBS, "messages": with_words(messages, NUMBERED, words)}
        # Ids in the answer too: the first token of "Spoof" is "Sp", a text that other words begin with.
        ids = {"logprob_token_ids": list(self.server.verdict_ids or ()), "return_tokens_as_token_ids": True}
        return body | beginning(messages, request.prefix, ids)

    async def _all(self, asked: Sequence[tuple[Request, list[dict[str, Any]]]]) -> list[Completion]:
        tasks = [asyncio.ensure_future(self._one(request, messages)) for request, messages in asked]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _one(self, request: Request, messages: list[dict[str, Any]]) -> Completion:
        async with self._room:
            scores = await self._scores(request, messages) if request.choices else None
            if not request.max_tokens:
                return Completion("", scores)
            async with self._patience():
                done = await self._client.chat.completions.create(**self._writing(request, messages))
        text = self._text(done)
        return Completion(
            text if self.server.ours else "".join(continued([text], request.prefix)), scores, written(done, request.max_tokens)
        )

    async def _scores(self, request: Request, messages: list[dict[str, Any]]) -> dict[str, float] | None:
        ours = self.server.ours
        # A peer continues nothing, so what it would say after the prefix is not to be had.
        if not (self.server.verdict_ids and request.choices == CHOICES if ours else not request.prefix):
            return None
        async with self._patience():
            try:
                done = await self._client.chat.completions.create(**self._scoring(request, messages))
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                if ours:
                    raise
                return None  # a peer without log-probabilities; if it is the picture that it refuses, it will say so again
        self._text(done)
        likeliest = top_logprobs(done)
        if ours:
            names = [[f"token_id:{number}"] for number in self.server.verdict_ids or ()]
        else:
            names = [[token for token in likeliest if token.strip() == choice] for choice in request.choices]
        return among(dict(zip(request.choices, names, strict=True)), likeliest)

    # What comes back

    def _text(self, done: Any) -> str:
        try:
            text = done.choices[0].message.content or ""
        except MISSHAPED:
            raise self._nonsense() from None
        if not isinstance(text, str):
            raise self._nonsense()
        return text

    def _pieces(self, body: dict[str, Any]) -> Generator[str, None, None]:
        told = self._run(self._opened(body))
        heard = False
        try:
            while (chunk := self._run(self._next(told))) is not None:
                heard = heard or isinstance(getattr(chunk, "choices", None), list)
                if piece := piece_of(chunk):
                    yield piece
        finally:
            self._run(told.close())
        if not heard:  # a page, or a whole answer: no events in it
            raise self._nonsense()

    async def _opened(self, body: dict[str, Any]) -> openai.AsyncStream[Any]:
        async with self._patience():
            return await self._client.chat.completions.create(**body, stream=True)

    async def _next(self, told: openai.AsyncStream[Any]) -> Any:
        async with self._patience():
            return await anext(told, None)

    # What goes wrong

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """What fails inside is told in one line, and so is what takes too long."""
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except TimeoutError:
            raise FacewiseError(
                f"{self.url}: no answer within {self.timeout_s:g} s; the server hangs or has too much to do, try again later"
            ) from None
        except openai.APIStatusError as error:
            raise FacewiseError(f"{self.url}: {self._refusal(error)}") from None
        except openai.APIConnectionError as error:
            cause = str(error.__cause__ or "") or type(error.__cause__ or error).__name__
            raise FacewiseError(
                f"{self.url}: no connection ({self._shown(cause)}); check the address and that the server runs"
            ) from None
        except openai.APIError as error:  # told inside a stream
            raise FacewiseError(f"{self.url}: the server failed ({self._shown(error.message)}); look at its log") from None
        except openai.OpenAIError as error:  # our own, of `_bound`
            raise FacewiseError(f"{self.url}: {error}; check that an OpenAI-compatible server answers there") from None
        except (ValueError, RecursionError):  # JSON that is none
            raise self._nonsense() from None

    def _nonsense(self) -> FacewiseError:
        return FacewiseError(f"{self.url}: no chat completion came back; check that an OpenAI-compatible server answers there")

    def _refusal(self, error: openai.APIStatusError) -> str:
        code, words = error.status_code, self._shown(_words(error.body))
        told = f"HTTP {code}: {words}" if words else f"HTTP {code}"
        if code < 400:
            return f"the server sends elsewhere ({told}): {_bare(error.response.headers.get('location', ''))}; give that address"
        if code in (401, 403):
            return f"the key was refused ({told}); set FACEWISE_API_KEY to the key of this server"
        if code == 404 and error.request.url.path.endswith("/models"):
            hint = "check the address" if self.url.endswith("/v1") else f"perhaps {self.url}/v1 is meant"
            return f"no OpenAI-compatible server answers there ({told}); {hint}"
        if code == 429:
            return f"the server is busy ({told}); try again later"
        if code >= 500:
            return f"the server failed ({told}); look at its log, or try again later"
        return f"the server refused the request ({told}); ask for something else, or ask who runs it"

    def _shown(self, words: str) -> str:
        """Without the key, which some servers repeat, and not longer than a line."""
        return words.replace(self._key, "...")[:300] if self._key != NO_KEY else words[:300]


async def _bound(response: Any) -> None:
    """Ends the reading of an answer, a stream among them, that goes beyond MAX_ANSWER_MB, or that is packed and may unpack to anything. As
    OpenAIError, which the client does not try again."""
    packed = response.headers.get("content-encoding", "").lower()
    if packed not in ("", "identity"):
        raise openai.OpenAIError(f"the answer is packed ({packed[:20]}), unasked")
    pieces = response.aiter_raw

    async def bounded(chunk_size: int | None = None) -> AsyncIterator[bytes]:
        length = 0
        async for piece in pieces(chunk_size):
            length += len(piece)
            if length > MAX_ANSWER_MB * 10**6:
                raise openai.OpenAIError(f"the answer is longer than {MAX_ANSWER_MB} MB")
            yield piece

    response.aiter_raw = bounded  # what every other way of reading goes through


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all engines of the process, in a thread that does not keep it from ending."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="facewise-http", daemon=True).start()
    return loop


def address(url: str) -> str:
    """The base URL of a server without a slash at its end. Raises FacewiseError for what is none."""
    if re.match(r"\w+://[^/]*@", url):
        raise FacewiseError("the address holds a name or a password; leave them out and put the key into FACEWISE_API_KEY")
    try:
        right = bool(_ADDRESS.fullmatch(url)) and bool(urlsplit(url).port or True)
    except ValueError:  # a port or an IPv6 address out of range
        right = False
    if not right:
        raise FacewiseError(f"{_bare(url)}: no address of a server; give one like http://host:8000/v1, without a query")
    return url.rstrip("/")


def key(url: str) -> str:
    """The environment's key for a server. Raises FacewiseError, without it, for what no header can hold."""
    names = (OWN_KEY, OPENAI_KEY) if f"{url}/".startswith(OPENAI) else (OWN_KEY,)
    name = next((name for name in names if os.environ.get(name, "").strip()), None)
    if name is None:
        return NO_KEY
    found = os.environ[name].strip()
    if not re.fullmatch(r"[!-~]+", found):
        raise FacewiseError(f"{name} holds no key: blanks or letters beyond ASCII are in it; copy the key again")
    return found


def _are_two_ids(ids: Any) -> bool:
    return isinstance(ids, list) and len(ids) == 2 and all(isinstance(one, int) and one >= 0 for one in ids) and ids[0] != ids[1]


def _calibrates(calibration: Any) -> bool:
    try:
        return all(map(is_number, calibration.values())) and bool(verdict(spoof_score(0.0, 0.0, calibration), calibration))
    except MISSHAPED:
        return False


def _words(body: Any) -> str:
    """What an error's body says, on one line; nothing if it is a page."""
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or ""
    words = " ".join(str(body or "").split())
    return "" if words.startswith("<") else words


def _bare(url: str) -> str:
    """Without its query, which may hold secrets."""
    return url.split("?")[0][:300]
